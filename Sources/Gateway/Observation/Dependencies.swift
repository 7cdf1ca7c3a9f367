/// What the gateway needs to decide, run and record calls, and how each part fares.
struct Dependencies: Sendable {
  let policy: PolicyGate
  let killSwitch: KillSwitch
  let traces: any TraceStore
  let authentication: AgentAuthentication
  /// By name; empty when the tools aren't upstream servers.
  let upstreams: @Sendable () -> [String: UpstreamStatus]

  static let traceStore = "trace_store"

  /// One of them.
  struct State: Sendable {
    /// `policy`, `kill_switch`, `trace_store`, `agent_auth`, or `upstream:` and its name.
    var name: String
    /// Absent for what is no MCP server.
    var upstream: (name: String, status: UpstreamStatus)?
    /// Absent when all is well. Without causes, which may hold paths and a program's output: those are in the log.
    var problem: String?

    var isHealthy: Bool { problem == nil }
  }

  /// Of all, the MCP servers last, by their names. Tries the trace store.
  func states() async -> [State] {
    var states = [
      State(name: "policy", problem: policy.status.refused == nil ? nil : "the last reload was refused"),
      State(name: "kill_switch", problem: killSwitch.state.isAvailable ? nil : "unavailable, everything is denied"),
      State(name: Self.traceStore, problem: await traces.isHealthy() ? nil : "unavailable, calls are denied"),
      State(name: "agent_auth", problem: authentication.isStale ? "keys can't be read anew" : nil),
    ]
    for (name, status) in upstreams().sorted(by: { $0.key < $1.key }) {
      states.append(
        State(name: "upstream:\(name)", upstream: (name, status), problem: status.isReady ? nil : status.word))
    }
    return states
  }
}

extension Dependencies {
  /// As `HealthWatch` takes them: a server that starts, or was stopped, is neither well nor broken.
  func watchedStates() async -> [String: HealthWatch.State] {
    await states().reduce(into: [:]) { watched, state in
      switch state.upstream?.status {
      case .starting, .stopped: watched[state.name] = .unknown
      case .ready, .down, nil: watched[state.name] = state.problem.map { .bad($0) } ?? .good
      }
    }
  }
}

extension UpstreamStatus {
  /// As health tells it.
  var word: String {
    switch self {
    case .starting: "starting"
    case .ready: "ready"
    case .down: "down"
    case .stopped: "stopped"
    }
  }
}
