import HTTPTypes
import Hummingbird
import StrictJSON

/// What would a call get? Nothing runs, nothing is counted and nothing is recorded.
struct DecideRoutes: Sendable {
  /// The session of a call that names none.
  static let unnamedSession = "console"

  let policy: PolicyGate
  let killSwitch: KillSwitch
  let catalogue: ToolCatalogue

  var list: [Route] {
    [Route(.post, "/admin/decide", .admin, .decide, decide)]
  }

  /// The body is a call's, in which `session_id` and `arguments` may be absent; with `has_approval_token`, as if a human
  /// had approved it.
  @Sendable func decide(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    guard let body = try await request.json() else { throw .unprocessable([.missing(["body"], input: .null)]) }
    guard var object = body.objectValue else { throw .unprocessable([.notAnObject(body)]) }
    if object["session_id"] == nil { object["session_id"] = .string(Self.unnamedSession) }
    if object["arguments"] == nil { object["arguments"] = [:] }
    let isApproved = object["has_approval_token"] ?? .boolean(false)
    guard case .boolean(let isApproved) = isApproved else {
      throw .unprocessable([.notABoolean(["body", "has_approval_token"], input: isApproved)])
    }
    let call = try ToolCallRequest.read(.object(object), request)
    let verdict = DryRun(policy: policy.active, killSwitch: killSwitch)
      .decide(call, to: catalogue.tool(call.toolName), hasApprovalToken: isApproved)
    return .json(verdict.json)
  }
}
