import Glibc
public import Logging
public import ServiceLifecycle
import StrictJSON
import Synchronization

/// Every upstream MCP server of the configuration, each supervised by itself: one that is down hides none of the others.
public final class UpstreamServers: ToolRunner, Service {
  private let servers: [UpstreamServer]
  private let pins: ToolPins
  private let logger: Logger
  private let routes = Mutex(Routes())
  private let rebuilding = BlockingQueue(label: "agentgate.tools")
  /// What has been told of the tools.
  private let reported = Mutex<Set<String>>([])
  private let changes: Changes

  private struct Routes {
    var targets: [ToolName: Target] = [:]
    var definitions: [ToolDefinition] = []
  }

  private struct Target {
    let server: UpstreamServer
    let definition: ToolDefinition
  }

  /// - Parameters:
  ///   - pins: what tools were when they were first seen or approved
  ///   - clientVersion: what servers are told that the gateway's version is
  ///   - broker: lends processes what they get in their environment
  public init(
    configuration: MCPConfiguration, pins: ToolPins, limits: UpstreamLimits = UpstreamLimits(),
    clientVersion: String = "1.0.0", broker: CredentialBroker? = nil, logger: Logger
  ) {
    // A server that ends while it is written to must end that write, not the gateway.
    signal(SIGPIPE, SIG_IGN)
    let changes = Changes()
    self.servers = configuration.servers.map { server in
      UpstreamServer(
        server, limits: limits, clientVersion: clientVersion,
        lend: { settings throws(CredentialFailure) in try broker?.environment(for: settings) }, logger: logger
      ) {
        await changes.announce($0)
      }
    }
    self.pins = pins
    self.changes = changes
    self.logger = logger
    changes.onChange { [weak self] change in
      guard let self, change.contains(.tools) else { return }
      await rebuilding.run { self.rebuild(observing: true) }
    }
  }

  /// Runs the servers until the task is cancelled or the service is shut down; returns once every process is gone.
  public func run() async throws {
    guard !servers.isEmpty else {
      // A service that returns ends the others.
      try? await gracefulShutdown()
      return
    }
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        for server in self.servers { group.addTask { await server.supervise() } }
      }
    }
  }

  public func run(_ call: UpstreamCall, admit: @escaping @Sendable () -> Decision?) async -> ToolOutcome {
    guard let target = routes.withLock({ $0.targets[call.tool] }) else {
      // What tools a server has is known once it has started.
      let starting = servers.filter { $0.status == .starting }.map(\.name).joined(separator: ", ")
      return .unavailable("Tool not implemented" + (starting.isEmpty ? "" : "; still starting: \(starting)"))
    }
    return await target.server.call(target.definition, call, admit: admit)
  }

  public func tools() async -> [ToolDefinition] { routes.withLock { $0.definitions } }

  public func tool(_ name: ToolName) -> ToolDefinition? { routes.withLock { $0.targets[name]?.definition } }

  /// Takes up what the pins say by now of the tools that are known: for when one of them was approved.
  public func pinsChanged() async {
    await rebuilding.run { self.rebuild(observing: false) }
    await changes.announce(.pins)
  }

  /// By the servers' names in `mcp.json`.
  public var status: [String: UpstreamStatus] {
    Dictionary(servers.map { ($0.name, $0.status) }) { first, _ in first }
  }

  /// Returns once every server is ready or has failed to start; at once when that is so already. It needs `run()` to be
  /// running, and ends early when the task is cancelled.
  public func settled() async {
    for await _ in changes.stream() where !servers.contains(where: { $0.status == .starting }) { return }
  }

  /// Yields what has changed at the upstreams, beginning with nothing.
  func news() -> AsyncStream<UpstreamServer.Change> { changes.stream() }

  var all: [UpstreamServer] { servers }

  /// Blocks: pins are written to disk. On `rebuilding`, so that the newest state wins when two servers change at once, and
  /// no call waits for the disk.
  ///
  /// - Parameter observing: tools may be new or changed, and are pinned or quarantined
  private func rebuild(observing: Bool) {
    // Names depend on all servers' tools.
    let news = reported.withLock { reported -> [String] in
      let before = self.routes.withLock { $0 }
      var routes = Routes()
      let listed = servers.map { server in
        (server, server.tools.compactMap { raw in raw["name"]?.stringValue.map { (name: $0, raw: raw) } })
      }
      let names = ToolNames(listed.flatMap { server, tools in tools.map { .init(server: server.name, name: $0.name) } })
      var sources: [ToolNames.Tool: (UpstreamServer, JSONValue, ToolPins.Standing)] = [:]
      for (server, tools) in listed where !tools.isEmpty {
        let raws = tools.map(\.raw)
        let standings =
          observing
          ? pins.observe(server: server.name, tools: raws, trusted: server.isBuiltIn)
          : pins.standings(server: server.name, tools: raws)
        for (tool, standing) in zip(tools, standings) {
          let key = ToolNames.Tool(server: server.name, name: tool.name)
          if sources[key] == nil { sources[key] = (server, tool.raw, standing) }
        }
      }
      var known = Dictionary(
        before.definitions.map { (ToolNames.Tool(server: $0.server, name: $0.serverName), $0) }
      ) { first, _ in first }
      var news = names.leftOut.map {
        "\($0.tool.name.prefix(200)) of server \($0.tool.server) is left out: \($0.reason)"
      }
      for (name, tool) in names.names {
        guard let (server, raw, standing) = sources[tool], let key = try? ToolName(name) else { continue }
        // Scanning and compiling what hasn't changed would be done for nothing.
        var definition = known.removeValue(forKey: tool)
        if definition?.name != name || definition?.standing != standing || definition?.source != raw {
          definition = ToolDefinition(
            name: name, server: server.name, raw: raw, standing: standing, findings: ToolScan.findings(in: raw),
            credentials: server.credentials(of: tool.name))
        }
        guard let definition else { continue }
        routes.targets[key] = Target(server: server, definition: definition)
        routes.definitions.append(definition)
        news += definition.warnings
      }
      routes.definitions.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      self.routes.withLock { $0 = routes }
      defer { reported = Set(news) }
      return news.filter { !reported.contains($0) }
    }
    for text in news { logger.warning("tool: \(text)") }
  }
}

extension ToolDefinition {
  /// For the operator's log; each once.
  fileprivate var warnings: [String] {
    var warnings: [String] = []
    switch standing {
    case .pinned: break
    case .changed:
      warnings.append(
        "\(name) of server \(server) has changed and is quarantined: agentgate tools diff \(serverName) --server \(server)"
      )
    case .newServer:
      warnings.append(
        "\(name) of the new server \(server) is quarantined: agentgate tools approve \(serverName) --server \(server)")
    case .unavailable(let problem): warnings.append("\(name) of server \(server) is quarantined: \(problem)")
    }
    if let schemaProblem {
      warnings.append("\(name) of server \(server) can't be called: its inputSchema: \(schemaProblem)")
    }
    for finding in findings {
      warnings.append(
        "\(name) of server \(server): \(finding.severity.rawValue) \(finding.rule) at \(finding.path): \(finding.excerpt)"
      )
    }
    return warnings
  }
}

/// Tells one owner, then any number of waiters, that something changed.
private final class Changes: Sendable {
  typealias Change = UpstreamServer.Change

  private struct State {
    var owner: (@Sendable (Change) async -> Void)?
    var waiters: [Int: AsyncStream<Change>.Continuation] = [:]
    var next = 0
  }
  private let state = Mutex(State())

  func onChange(_ owner: @escaping @Sendable (Change) async -> Void) { state.withLock { $0.owner = owner } }

  func announce(_ change: Change) async {
    await state.withLock({ $0.owner })?(change)
    for waiter in state.withLock({ Array($0.waiters.values) }) { waiter.yield(change) }
  }

  /// Yields nothing in particular at first, then each change.
  func stream() -> AsyncStream<Change> {
    let (stream, continuation) = AsyncStream.makeStream(of: Change.self, bufferingPolicy: .bufferingNewest(64))
    let key = state.withLock { state in
      defer { state.next += 1 }
      state.waiters[state.next] = continuation
      return state.next
    }
    continuation.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.waiters.removeValue(forKey: key) } }
    continuation.yield([])
    return stream
  }
}
