import HTTPTypes
import Hummingbird
import StrictJSON

/// What agents use: calls and the list of tools.
struct ToolRoutes: Sendable {
  let gatekeeper: Gatekeeper
  let catalogue: ToolCatalogue

  var list: [Route] {
    [
      Route(.post, "/tools/call", .agent, .callTool, isCall: true, call),
      Route(.get, "/tools/list", .agent, .listTools, tools),
    ]
  }

  @Sendable func call(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let call = try ToolCallRequest.read(try await request.json(), request)
    let answer = await gatekeeper.call(call)
    var (result, problem) = (JSONValue.null, answer.error.map { answer.failed($0) })
    if let raw = answer.result {
      switch PlainResult(callToolResult: raw) {
      case .succeeded(let value): result = value
      case .failed(let text): problem = "Tool execution failed: \(text)"
      }
    }
    var headers = HTTPFields()
    if let rate = answer.rateLimit {
      headers[.rateLimitLimit] = String(rate.limit)
      headers[.rateLimitRemaining] = String(rate.remaining)
      headers[.rateLimitReset] = String(rate.resetAt)
    }
    var body: JSONObject = [
      "success": .boolean(problem == nil), "result": result, "error": problem.map { .string($0) } ?? .null,
      "trace_id": .string(answer.traceID),
    ]
    if let approval = answer.approval {
      body["approval_id"] = .string(approval.id)
      body["expires_at"] = .string(ISOTimestamp.text(approval.expires))
    }
    return .json(.object(body), headers: headers)
  }

  @Sendable func tools(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    var session: SessionID?
    if let text = request.query(.listSession), !text.isEmpty {
      do throws(InvalidIdentifier) {
        session = try SessionID(text)
      } catch {
        throw .unprocessable([.invalid(error, ["query", "session_id"], input: text)])
      }
    }
    let entries = await catalogue.entries(for: session, identity: request.identity)
    return .json([
      "tools": .array(entries.filter { $0.decision.action == .allow }.map { .string($0.name) }),
      "definitions": .array(entries.compactMap(\.json)),
    ])
  }
}

extension CallAnswer {
  /// An allowed call that came to nothing is told apart from a refused one.
  fileprivate func failed(_ text: String) -> String {
    decision.action == .allow ? "Tool execution failed: \(text)" : text
  }
}

extension ToolCatalogue.Entry {
  /// Absent for a tool that no upstream has.
  fileprivate var json: JSONValue? {
    guard let definition else { return nil }
    var object: JSONObject = ["name": .string(name)]
    object["title"] = definition.title.map { .string($0) }
    object["description"] = definition.description.map { .string($0) }
    object["inputSchema"] = definition.inputSchema
    object["decision"] = .string(decision.action.rawValue)
    object["reason"] = .string(decision.reason)
    return .object(object)
  }
}

extension HTTPField.Name {
  static let rateLimitLimit = HTTPField.Name("X-RateLimit-Limit")!
  static let rateLimitRemaining = HTTPField.Name("X-RateLimit-Remaining")!
  static let rateLimitReset = HTTPField.Name("X-RateLimit-Reset")!
}
