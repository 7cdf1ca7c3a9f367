import HTTPTypes
import Hummingbird
import StrictJSON

/// What operators use on the tools whose definitions are pinned.
struct ToolPinRoutes: Sendable {
  /// Of a server's name, in Unicode scalars.
  static let serverLimit = 1_024

  let pins: ToolPins
  /// Keeps an approval as evidence. False when it can't: then the answer says so.
  let record: @Sendable ([ToolPins.Entry]) async -> Bool
  /// Called after an approval, before it is answered.
  let onChange: @Sendable () async -> Void
  private let queue = BlockingQueue(label: "agentgate.tool-pins.approve")

  init(
    pins: ToolPins, record: @escaping @Sendable ([ToolPins.Entry]) async -> Bool = { _ in true },
    onChange: @escaping @Sendable () async -> Void
  ) {
    self.pins = pins
    self.record = record
    self.onChange = onChange
  }

  var list: [Route] {
    [
      Route(.get, "/admin/tools", .admin, .listPins, tools),
      Route(.post, "/admin/tools/{name}/approve", .admin, .approveTool, approve),
      Route(.post, "/admin/servers/{name}/approve", .admin, .approveServer, approveAll),
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
    let server = try body.text(.pinnedServer)
    let fingerprint = try body.text(.fingerprint)
    let (entries, isRecorded) = try await run { () throws(ToolPinError) in
      let server = if let server { server } else { try pins.server(withQuarantined: tool) }
      return [try pins.approve(server: server, tool: tool, fingerprint: fingerprint)]
    }
    return Self.answer(
      [
        "status": "approved", "server": .string(entries.first?.server ?? ""),
        "tool_name": .string(entries.first?.name ?? ""),
        "fingerprint": .string(entries.first?.pinned?.fingerprint ?? ""),
      ], isRecorded)
  }

  @Sendable func approveAll(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    guard let server = request.parameter else { throw .notFound }
    let (entries, isRecorded) = try await run { () throws(ToolPinError) in try pins.approveAll(server: server) }
    return Self.answer(
      ["status": "approved", "server": .string(server), "tools": .array(entries.map { .string($0.name) })], isRecorded)
  }

  private static func answer(_ members: JSONObject, _ isRecorded: Bool) -> Response {
    var members = members
    if !isRecorded { members["warning"] = "Trace store unavailable: not recorded" }
    return .json(.object(members))
  }

  private func run(
    _ act: @escaping @Sendable () throws(ToolPinError) -> [ToolPins.Entry]
  ) async throws(ErrorResponse) -> ([ToolPins.Entry], isRecorded: Bool) {
    do throws(ToolPinError) {
      let entries = try await queue.run(act)
      let isRecorded = await record(entries)
      await onChange()
      return (entries, isRecorded)
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
