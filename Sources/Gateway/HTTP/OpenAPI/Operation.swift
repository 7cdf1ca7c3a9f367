import HTTPTypes
import StrictJSON

/// What the API documents say of a route, beside its path, method and access, which they have from the route itself.
struct Operation: Sendable {
  /// A heading of the documents.
  enum Tag: String, Sendable, CaseIterable {
    case calls = "Calls"
    case mcp = "MCP"
    case containment = "Kills and pauses"
    case approvals = "Approvals"
    case evidence = "Evidence"
    case policy = "Policy"
    case tools = "Tools' definitions"
    case observation = "Observation"
    case documents = "Documents"
  }

  /// A request's body.
  struct Content: Sendable {
    let type: String
    let shape: SchemaShape
    let isRequired: Bool
    /// By name.
    var examples: [(name: String, value: JSONValue)] = []
  }

  /// An answer.
  struct Reply: Sendable {
    /// What a body may be, by media type; empty for none.
    var content: [(type: String, shape: SchemaShape)]
    let description: String
    let status: HTTPResponse.Status
    var headers: [ReplyHeader] = []
    var links: [Link] = []
  }

  /// Another operation that takes something of this answer.
  struct Link: Sendable {
    let operation: Operation
    /// The answer's member that has what its path's `{…}` stands for.
    let member: String
  }

  struct ReplyHeader: Sendable {
    let name: HTTPField.Name
    let description: String
    var shape = SchemaShape.text
    /// Whether each such answer has it.
    var isRequired = true
  }

  /// Unique among all; in generated clients it becomes the function's name.
  let id: String
  let tag: Tag
  let summary: String
  /// CommonMark.
  var description: String
  /// What the path's `{…}` stands for; absent in a path without.
  var path: PathParameter?
  var query: [QueryParameter] = []
  var headers: [HeaderParameter] = []
  var body: Content?
  /// Those that the access and the body bring along aren't among them.
  var replies: [Reply]
}

extension Operation.Reply {
  /// An answer in JSON.
  static func json(
    _ shape: SchemaShape, _ description: String, status: HTTPResponse.Status = .ok,
    headers: [Operation.ReplyHeader] = [], links: [Operation.Link] = []
  ) -> Self {
    Self(
      content: [("application/json", shape)], description: description, status: status, headers: headers, links: links)
  }

  /// An answer without a body.
  static func empty(_ status: HTTPResponse.Status, _ description: String) -> Self {
    Self(content: [], description: description, status: status)
  }

  /// A refusal with a text for people.
  static func detail(_ status: HTTPResponse.Status, _ description: String) -> Self {
    json(.detail, description, status: status)
  }

  /// A part of the gateway that the answer needs can't be used.
  static func unavailable(_ description: String) -> Self {
    json(.failure, description, status: .serviceUnavailable)
  }

  static let invalid = json(
    .problems, "Something in the request isn't as it has to be; each entry says what and where.",
    status: .unprocessableContent)

  // MARK: What accesses and bodies bring along

  static let keyMissing = json(
    .detail, "There is no X-API-Key.", status: .unauthorized, headers: [.challenge])
  static let keyWrong = detail(.forbidden, "The key is not valid.")
  static let tokenMissing = json(
    .detail, "Agents have to authenticate here, and there is no valid token.", status: .unauthorized,
    headers: [.challenge])
  /// Of the transport: they come before anybody looks at the body, and the connection ends with them.
  static let bodies = [
    detail(.badRequest, "The body can't be read to its end."),
    detail(.requestTimeout, "The body took longer than 30 seconds."),
    json(
      .object([.required("error", .text)]), "The body is longer than 1,048,576 bytes.", status: .contentTooLarge),
  ]
}

extension Operation.ReplyHeader {
  static let correlationID = Self(
    name: .correlationID,
    description: "The request's own when it has one of 1 to 128 visible ASCII characters, else a fresh one.",
    shape: .text(pattern: "^[!-~]{1,128}$"))
  static let challenge = Self(name: .wwwAuthenticate, description: "How to authenticate.")
  static let allow = Self(name: .allow, description: "The methods that the path has.")
}

extension Operation.Content {
  static func json(
    _ shape: SchemaShape, isRequired: Bool = true, examples: [(name: String, value: JSONValue)] = []
  ) -> Self {
    Self(type: "application/json", shape: shape, isRequired: isRequired, examples: examples)
  }

  /// The texts of an operator's request: no body, null and `{}` are all the same.
  static func texts(_ fields: BodyText...) -> Self {
    json(.object(fields.map(\.member), others: .anything).orNull, isRequired: false)
  }
}
