import HTTPTypes
import StrictJSON

extension Operation {
  static let openAPI = document(
    "openAPI", "This description of the API", "OpenAPI 3.1, made from the endpoints themselves.", "application/json",
    .map(of: .anything))
  static let docs = page("docs", "The API, to try out", "Swagger UI.")
  static let redoc = page("redoc", "The API, to read", "Redoc.")
  static let console = page("console", "The operator's console", "One page; what it shows needs the admin key.")
  static let docsFile = file("docsFile", "A part of `/docs`", Page.docsFiles)
  static let redocFile = file("redocFile", "A part of `/redoc`", Page.redocFiles)

  private static func page(_ id: String, _ summary: String, _ description: String) -> Operation {
    document(
      id, summary, description + " It needs nothing from elsewhere and holds no data.", "text/html", .text,
      headers: [
        .init(name: .contentSecurityPolicy, description: "What the page may do: nothing remote."),
        .init(name: .referrerPolicy, description: "`no-referrer`", shape: .exactly("no-referrer")),
      ])
  }

  private static func file(_ id: String, _ summary: String, _ files: [Page]) -> Operation {
    var operation = document(id, summary, "Scripts and styles.", "", .text)
    operation.path = PathParameter(description: "The file.", shape: .oneOf(files.map(\.name)))
    operation.replies[0].content = Set(files.map(\.mediaType)).sorted().map { ($0, .text) }
    operation.replies.append(.detail(.notFound, "There is no such file."))
    return operation
  }

  private static func document(
    _ id: String, _ summary: String, _ description: String, _ type: String, _ shape: SchemaShape,
    headers: [ReplyHeader] = []
  ) -> Operation {
    let caching: [ReplyHeader] = [
      .init(name: .eTag, description: "Of these bytes: with `If-None-Match` they come only when they have changed."),
      .init(
        name: .cacheControl, description: "`no-cache`: to be asked for again each time.", shape: .exactly("no-cache")),
      .init(name: .vary, description: "It comes compressed to who accepts gzip.", shape: .exactly("Accept-Encoding")),
    ]
    return Operation(
      id: id, tag: .documents, summary: summary, description: description,
      headers: [
        HeaderParameter(
          name: .ifNoneMatch, description: "The `ETag` of what one has.", shape: .text.example("*"))
      ],
      replies: [
        Reply(
          content: [(type, shape)], description: "It.", status: .ok,
          headers: caching + headers + [
            .init(name: .xContentTypeOptions, description: "`nosniff`", shape: .exactly("nosniff"))
          ]),
        Reply(content: [], description: "It is what one has.", status: .notModified, headers: caching),
      ])
  }
}
