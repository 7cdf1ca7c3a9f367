import HTTPTypes
import Hummingbird
import StrictJSON

/// What those who watch over the gateway look at: what happens now, who is at work, what is killed.
struct WatchRoutes: Sendable {
  let feed: EventFeed
  let activity: SessionActivity
  let killSwitch: KillSwitch
  let inFlight: CallsInFlight
  /// When this process began to watch: microseconds since 1970-01-01T00:00:00Z.
  let since: Int64

  var list: [Route] {
    [
      Route(.get, "/admin/events", .admin, .listEvents, events),
      Route(.get, "/admin/sessions", .admin, .listActivity, sessions),
      Route(.get, "/admin/kills", .admin, .listKills, kills),
    ]
  }

  /// Every event as it is recorded, as server-sent events: `decision` for calls, `control` for the rest. The latest come
  /// first, then `live`.
  @Sendable func events(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let recent = try request.number(.recentEvents)
    guard let (latest, stream) = feed.watch(recent: recent) else { throw .shuttingDown }
    return EventStream.response { events in
      for event in latest { try await events.send(event.feedEvent) }
      try await events.send(ServerSentEvent(event: "live", data: Array("{}".utf8)))
      try await events.forward(stream) { $0.feedEvent }
    }
  }

  @Sendable func sessions(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let limit = try request.number(.sessionLimit)
    let kills = killSwitch.state.sessions
    let sessions = activity.latest(limit).map { session -> JSONValue in
      [
        "session_id": .string(session.id.rawValue), "agent_id": session.agentID.map { .string($0) } ?? .null,
        "first_call": .string(ISOTimestamp.text(session.firstCall)),
        "last_call": .string(ISOTimestamp.text(session.lastCall)),
        "calls": [
          "ALLOW": .init(session.allowed), "DENY": .init(session.denied),
          "REQUIRE_APPROVAL": .init(session.approvalsRequired),
        ],
        "in_flight": .init(inFlight.count(of: session.id)),
        "tools": .array(
          session.tools.sorted { $0.key < $1.key }.map { ["name": .string($0.key.text), "calls": .init($0.value)] }),
        "killed": kills[session.id].map { .string($0.reason) } ?? .null,
      ]
    }
    return .json(["since": .string(ISOTimestamp.text(since)), "sessions": .array(sessions)])
  }

  @Sendable func kills(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let state = killSwitch.state
    func list(_ kills: [(id: String, kill: Kill)]) -> JSONValue {
      .array(
        kills.sorted { ExactText($0.id) < ExactText($1.id) }.map { kill in
          Self.describe(kill.kill, id: kill.id)
        })
    }
    return .json([
      "available": .boolean(state.isAvailable), "paused": state.global.map { Self.describe($0) } ?? .null,
      "sessions": list(state.sessions.map { ($0.key.rawValue, $0.value) }),
      "agents": list(state.agents.map { ($0.key.rawValue, $0.value) }),
      "tools": list(state.tools.map { ($0.key.rawValue, $0.value) }),
    ])
  }

  private static func describe(_ kill: Kill, id: String? = nil) -> JSONValue {
    var object = JSONObject()
    object["id"] = id.map { .string($0) }
    object["reason"] = .string(kill.reason)
    object["time"] = kill.since.map { .string($0) } ?? .null
    return .object(object)
  }
}

extension TraceEvent {
  fileprivate var feedEvent: ServerSentEvent {
    ServerSentEvent(event: isCall ? "decision" : "control", data: feedJSON.serialized(), id: eventID)
  }
}

extension ErrorResponse {
  fileprivate static let shuttingDown = ErrorResponse(
    status: .serviceUnavailable,
    body: ["status": "error", "message": "The gateway is shutting down"])
}
