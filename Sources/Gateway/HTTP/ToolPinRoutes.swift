import HTTPTypes
import Hummingbird
import StrictJSON

/// What operators use on the tools whose definitions are pinned.
struct ToolPinRoutes: Sendable {
  /// Of a server's name, in Unicode scalars.
  static let serverLimit = 1_024

  let pins: ToolPins
  /// Called after an approval, before it is answered.
  let onChange: @Sendable () -> Void
  private let queue = BlockingQueue(label: "agentgate.tool-pins.approve")

  init(pins: ToolPins, onChange: @escaping @Sendable () -> Void) {
    self.pins = pins
    self.onChange = onChange
  }

  var list: [Route] {
    [
      Route(.get, "/admin/tools", .admin, tools),
      Route(.post, "/admin/tools/{name}/approve", .admin, approve),
      Route(.post, "/admin/servers/{name}/approve", .admin, approveAll),
    ]
  }

  @Sendable func tools(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    guard pins.problem == nil else { throw .toolPinsUnavailable }
    // Differences of many large definitions take a while.
    let entries = await queue.run { pins.entries.map(\.json) }
    return .json(["tools": .array(entries)])
  }

  /// `{name}` is the server's own for the tool. The body's `server` may be absent while one server alone has a
  /// quarantined tool of this name; with `fingerprint`, nothing but that definition is approved.
  @Sendable func approve(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let tool = try request.toolName().rawValue
    let body = try await BodyFields(of: request)
    let server = try body.text("server", limit: Self.serverLimit)
    let fingerprint = try body.text("fingerprint", limit: Self.serverLimit)
    let entry = try await run { () throws(ToolPinError) in
      let server = if let server { server } else { try pins.server(withQuarantined: tool) }
      return try pins.approve(server: server, tool: tool, fingerprint: fingerprint)
    }
    return .json([
      "status": "approved", "server": .string(entry.server), "tool_name": .string(entry.name),
      "fingerprint": .string(entry.pinned?.fingerprint ?? ""),
    ])
  }

  @Sendable func approveAll(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    guard let server = request.parameter else { throw .notFound }
    let entries = try await run { () throws(ToolPinError) in try pins.approveAll(server: server) }
    return .json([
      "status": "approved", "server": .string(server), "tools": .array(entries.map { .string($0.name) }),
    ])
  }

  private func run<Success: Sendable>(
    _ act: @escaping @Sendable () throws(ToolPinError) -> Success
  ) async throws(ErrorResponse) -> Success {
    do throws(ToolPinError) {
      let success = try await queue.run(act)
      onChange()
      return success
    } catch {
      switch error.reason {
      case .unknown: throw ErrorResponse(status: .notFound, body: ["detail": .string(error.message)])
      case .notQuarantined, .ambiguous, .otherDefinition, .unusable:
        throw ErrorResponse(status: .conflict, body: ["detail": .string(error.message)])
      case .unavailable: throw .toolPinsUnavailable
      }
    }
  }
}

extension ErrorResponse {
  fileprivate static let toolPinsUnavailable = ErrorResponse(
    status: .serviceUnavailable, body: ["status": "error", "message": "Tool pins unavailable"])
}
