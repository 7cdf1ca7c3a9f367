import HTTPTypes
import Hummingbird
import NIOCore
import StrictJSON

/// What callers are told when something is wrong; internal causes go to the log.
struct ErrorResponse: Error, Sendable {
  var status: HTTPResponse.Status
  var body: JSONValue
  var headers = HTTPFields()
  /// The rest of the request isn't read: the connection ends after the answer.
  var closesConnection = false

  static let notFound = ErrorResponse(status: .notFound, body: ["detail": "Not Found"])
  static let bodyTooLarge = ErrorResponse(
    status: .contentTooLarge, body: ["error": "Request body too large"], closesConnection: true)
  static let bodyTooSlow = ErrorResponse(
    status: .requestTimeout, body: ["detail": "Request body took too long"], closesConnection: true)
  static let bodyUnreadable = ErrorResponse(
    status: .badRequest, body: ["detail": "There was an error parsing the body"], closesConnection: true)
  static let keyMissing = ErrorResponse(
    status: .unauthorized, body: ["detail": "X-API-Key header required"],
    headers: [.wwwAuthenticate: "ApiKey realm=\"agentgate\", header=\"X-API-Key\""])
  static let keyWrong = ErrorResponse(status: .forbidden, body: ["detail": "Invalid API key"])
  static func unauthenticated(_ failure: AuthenticationFailure) -> ErrorResponse {
    ErrorResponse(
      status: .unauthorized,
      body: ["detail": failure.hasToken ? "The agent's token is not valid" : "The agent must authenticate"],
      headers: [.wwwAuthenticate: failure.challenge])
  }
  static let killSwitchUnavailable = ErrorResponse(
    status: .serviceUnavailable, body: ["status": "error", "message": "Kill switch unavailable"])
  static let traceStoreUnavailable = ErrorResponse(
    status: .serviceUnavailable, body: ["status": "error", "message": "Trace store unavailable"])

  static func methodNotAllowed(_ allowed: [HTTPRequest.Method]) -> ErrorResponse {
    ErrorResponse(
      status: .methodNotAllowed, body: ["detail": "Method Not Allowed"],
      headers: [.allow: allowed.map(\.rawValue).joined(separator: ", ")])
  }

  static func unprocessable(_ problems: [FieldProblem]) -> ErrorResponse {
    ErrorResponse(status: .unprocessableContent, body: ["detail": .array(problems.map(\.json))])
  }

  /// The policy folder was refused; the active policy keeps deciding.
  static func policyRefused(_ error: PolicyLoadError) -> ErrorResponse {
    ErrorResponse(
      status: .conflict,
      body: ["detail": .string(error.description), "errors": .array(error.problems.map(\.json))])
  }

  init(
    status: HTTPResponse.Status, body: JSONValue, headers: HTTPFields = HTTPFields(), closesConnection: Bool = false
  ) {
    self.status = status
    self.body = body
    self.headers = headers
    self.closesConnection = closesConnection
  }

  init(_ failure: Controls.Failure) {
    switch failure {
    case .killSwitch: self = .killSwitchUnavailable
    case .traceStore: self = .traceStoreUnavailable
    case .policy(let error): self = .policyRefused(error)
    }
  }
}

extension Response {
  /// Compact JSON, the members in the order given.
  static func json(
    _ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = HTTPFields()
  ) -> Response {
    var headers = headers
    headers[.contentType] = "application/json"
    return Response(
      status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.serialized())))
  }
}
