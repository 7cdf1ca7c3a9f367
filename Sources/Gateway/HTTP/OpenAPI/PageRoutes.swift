import HTTPTypes
import Hummingbird
import NIOCore
import StrictJSON

/// The API's documents, and the operator's console. They hold no data, so anybody may have them.
struct PageRoutes: Sendable {
  private let document: Page

  /// - Parameter routes: all others; the documents are about them and about these
  init(documenting routes: [Route]) {
    let undocumented = PageRoutes(document: Page(name: "openapi.json", []))
    document = Page(name: "openapi.json", OpenAPIDocument(routes + undocumented.list).json.serialized())
  }

  private init(document: Page) { self.document = document }

  var list: [Route] {
    [
      Route(.get, "/openapi.json", .open, .openAPI) { request throws(ErrorResponse) in
        Self.answer(request, document)
      },
      Self.page("/docs", .docs, "docs.html") { _ in Page.policy(scripts: "'self'") },
      Self.file("/docs/{file}", .docsFile, Page.docsFiles),
      // Its search runs in a worker whose script it makes itself.
      Self.page("/redoc", .redoc, "redoc.html") { _ in Page.policy(scripts: "'self'", workers: "blob:") },
      Self.file("/redoc/{file}", .redocFile, Page.redocFiles),
      Self.page("/console", .console, "console.html") { $0.policyOfPartsInside },
    ]
  }

  private static func page(
    _ path: String, _ operation: Operation, _ name: String, policy: (Page) -> String
  ) -> Route {
    let page = Page(named: name)
    let policy = policy(page)
    return Route(.get, path, .open, operation) { request throws(ErrorResponse) in
      var response = answer(request, page)
      response.headers[.contentSecurityPolicy] = policy
      response.headers[.referrerPolicy] = "no-referrer"
      return response
    }
  }

  private static func file(_ path: String, _ operation: Operation, _ files: [Page]) -> Route {
    Route(.get, path, .open, operation) { request throws(ErrorResponse) in
      guard let file = files.first(where: { $0.name == request.parameter }) else { throw .notFound }
      return answer(request, file)
    }
  }

  private static func answer(_ request: GatewayRequest, _ page: Page) -> Response {
    let form = page.form(acceptsGzip: request.accepts(coding: "gzip"))
    var headers: HTTPFields = [.eTag: form.tag, .cacheControl: "no-cache", .vary: "Accept-Encoding"]
    if request.has(tag: form.tag) { return Response(status: .notModified, headers: headers) }
    headers[.contentType] = page.contentType
    headers[.xContentTypeOptions] = "nosniff"
    if form.isCompressed { headers[.contentEncoding] = "gzip" }
    return Response(
      status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: form.bytes())))
  }
}

extension RouteTable {
  /// These endpoints, and those that describe them.
  init(documenting routes: [Route]) { self.init(routes + PageRoutes(documenting: routes).list) }
}

extension GatewayRequest {
  /// Whether the client takes a body of this coding (RFC 9110 section 12.5.3); `*` doesn't count.
  fileprivate func accepts(coding: String) -> Bool {
    header(.acceptEncoding)?.split(separator: ",").contains { element in
      let parts = element.split(separator: ";").map { $0.trimmingBlanks.lowercased() }
      return parts.first == coding
        && !parts.dropFirst().contains { $0.hasPrefix("q=") && $0.dropFirst(2).allSatisfy { "0.".contains($0) } }
    } ?? false
  }

  /// Whether the client has what this tag stands for (RFC 9110 section 13.1.2).
  fileprivate func has(tag: String) -> Bool {
    header(.ifNoneMatch)?.split(separator: ",").map(\.trimmingBlanks).contains {
      $0 == "*" || $0 == tag || $0 == "W/" + tag
    } ?? false
  }
}

extension HTTPField.Name {
  static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}

extension Substring {
  fileprivate var trimmingBlanks: Substring {
    var rest = drop { $0 == " " || $0 == "\t" }
    while let last = rest.last, last == " " || last == "\t" { rest = rest.dropLast() }
    return rest
  }
}
