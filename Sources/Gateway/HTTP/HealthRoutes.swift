import HTTPTypes
import Hummingbird
import StrictJSON

/// How the gateway and what it needs fare.
struct HealthRoutes: Sendable {
  let dependencies: Dependencies

  var list: [Route] {
    [Route(.get, "/health", .open, .health, health)]
  }

  /// The original's four keys first: `opa` is the policy engine, `redis` the kill switch's store. The status is `ok`
  /// when everything below is.
  @Sendable func health(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let states = await dependencies.states()
    let canRecord = states.contains { $0.name == Dependencies.traceStore && $0.isHealthy }
    let switches = dependencies.killSwitch.state
    let authentication = dependencies.authentication
    var killSwitch: JSONObject = [
      "status": switches.isAvailable ? "ok" : "unavailable", "paused": .boolean(switches.global != nil),
      "killed_sessions": .init(switches.sessions.count), "killed_tools": .init(switches.tools.count),
      "killed_agents": .init(switches.agents.count),
    ]
    killSwitch["problem"] = switches.problem.map { .string($0) }
    return .json([
      "status": states.allSatisfy(\.isHealthy) ? "ok" : "degraded", "version": .string(Version.current), "opa": true,
      "redis": .boolean(switches.isAvailable), "policy": Self.describe(dependencies.policy.status),
      "kill_switch": .object(killSwitch),
      "agent_auth": [
        "required": .boolean(authentication.isRequired), "status": authentication.isStale ? "stale" : "ok",
      ],
      "trace_store": ["status": canRecord ? "ok" : "unavailable"],
      "upstreams": .object(
        JSONObject(states.compactMap(\.upstream).map { (key: $0.name, value: Self.describe($0.status)) })),
    ])
  }

  private static func describe(_ status: PolicyGate.Status) -> JSONValue {
    var object: JSONObject = [
      "status": status.refused == nil ? "ok" : "reload_refused", "revision": .string(status.active.revision),
      "load_ms": .init(status.active.loadTime.milliseconds),
      "compiled_bytes": status.active.compiledBytes.map { .init($0) } ?? .null,
    ]
    if let refused = status.refused {
      object["refused"] = [
        "revision": refused.revision.map { .string($0) } ?? .null, "time": .string(ISOTimestamp.text(refused.time)),
        "errors": .array(refused.problems.map(\.json)),
      ]
    }
    return .object(object)
  }

  /// Without the reason, which may hold paths and a program's output; that is in the log.
  private static func describe(_ status: UpstreamStatus) -> JSONValue {
    var object: JSONObject = ["status": .string(status.word)]
    if case .ready(let tools) = status { object["tools"] = .init(tools) }
    return .object(object)
  }
}
