import Glibc
public import Logging
public import ServiceLifecycle
public import StrictJSON
import Synchronization

/// Every upstream MCP server of the configuration, each supervised by itself: one that is down hides none of the others.
public final class UpstreamServers: ToolRunner, Service {
  private let servers: [UpstreamServer]
  private let logger: Logger
  private let routes: Mutex<Routes>
  private let changes: Changes

  private struct Routes {
    /// Of the newest `rebuild` that has come through.
    var revision = 0
    var targets: [ToolName: Target] = [:]
    var definitions: [ToolDefinition] = []
    var reported: Set<String> = []
  }

  private struct Target {
    let server: UpstreamServer
    /// The server's own name for the tool.
    let name: String
  }

  /// - Parameter clientVersion: what servers are told that the gateway's version is
  public init(
    configuration: MCPConfiguration, limits: UpstreamLimits = UpstreamLimits(), clientVersion: String = "1.0.0",
    logger: Logger
  ) {
    // A server that ends while it is written to must end that write, not the gateway.
    signal(SIGPIPE, SIG_IGN)
    let changes = Changes()
    self.servers = configuration.servers.map { server in
      UpstreamServer(server, limits: limits, clientVersion: clientVersion, logger: logger) { changes.announce() }
    }
    self.changes = changes
    self.logger = logger
    self.routes = Mutex(Routes())
    changes.onChange { [weak self] in self?.rebuild() }
  }

  /// Runs the servers until the task is cancelled or the service is shut down; returns once every process is gone.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        for server in self.servers { group.addTask { await server.supervise() } }
      }
    }
  }

  public func run(
    _ tool: ToolName, arguments: CanonicalJSON, admit: @escaping @Sendable () -> Decision?
  ) async -> ToolOutcome {
    guard let target = routes.withLock({ $0.targets[tool] }) else { return .unavailable("Tool not implemented") }
    return await target.server.call(target.name, arguments: arguments, admit: admit)
  }

  public func tools() async -> [ToolDefinition] { routes.withLock { $0.definitions } }

  /// By the servers' names in `mcp.json`.
  public var status: [String: UpstreamStatus] {
    Dictionary(servers.map { ($0.name, $0.status) }) { first, _ in first }
  }

  /// Returns once every server is ready or has failed to start; at once when that is so already. It needs `run()` to be
  /// running, and ends early when the task is cancelled.
  public func settled() async {
    for await _ in changes.stream() where !servers.contains(where: { $0.status == .starting }) { return }
  }

  private func rebuild() {
    // Names depend on all servers' tools; the lock makes the newest state win when two servers change at once.
    let news = routes.withLock { routes -> [String] in
      let listed = servers.map { server in
        (server, server.tools.compactMap { raw in raw["name"]?.stringValue.map { (name: $0, raw: raw) } })
      }
      let names = ToolNames(listed.flatMap { server, tools in tools.map { .init(server: server.name, name: $0.name) } })
      var sources: [ToolNames.Tool: (UpstreamServer, JSONValue)] = [:]
      for (server, tools) in listed {
        for tool in tools {
          let key = ToolNames.Tool(server: server.name, name: tool.name)
          if sources[key] == nil { sources[key] = (server, tool.raw) }
        }
      }
      routes.targets = [:]
      routes.definitions = []
      for (name, tool) in names.names {
        guard let (server, raw) = sources[tool], let key = try? ToolName(name) else { continue }
        routes.targets[key] = Target(server: server, name: tool.name)
        routes.definitions.append(ToolDefinition(name: name, server: server.name, raw: raw))
      }
      routes.definitions.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      let left = names.leftOut.map { "\($0.tool.name.prefix(200)) of server \($0.tool.server): \($0.reason)" }
      defer { routes.reported = Set(left) }
      return left.filter { !routes.reported.contains($0) }
    }
    for tool in news { logger.warning("tool is left out", metadata: ["tool": "\(tool)"]) }
  }
}

extension ToolDefinition {
  /// A server's own definition, under the name that it has here.
  init(name: String, server: String, raw: JSONValue) {
    let schema = raw["inputSchema"]
    var renamed = raw
    renamed["name"] = .string(name)
    self.init(
      name: name, title: raw["title"]?.stringValue ?? raw["annotations"]?["title"]?.stringValue,
      description: raw["description"]?.stringValue,
      inputSchema: schema?.objectValue == nil ? ["type": "object"] : schema ?? ["type": "object"],
      server: server, raw: renamed)
  }
}

/// Tells one owner, then any number of waiters, that something changed.
private final class Changes: Sendable {
  private struct State {
    var owner: (@Sendable () -> Void)?
    var waiters: [Int: AsyncStream<Void>.Continuation] = [:]
    var next = 0
  }
  private let state = Mutex(State())

  func onChange(_ owner: @escaping @Sendable () -> Void) { state.withLock { $0.owner = owner } }

  func announce() {
    let (owner, waiters) = state.withLock { ($0.owner, Array($0.waiters.values)) }
    owner?()
    for waiter in waiters { waiter.yield() }
  }

  /// Yields once at first, then after each change.
  func stream() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let key = state.withLock { state in
      defer { state.next += 1 }
      state.waiters[state.next] = continuation
      return state.next
    }
    continuation.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.waiters.removeValue(forKey: key) } }
    continuation.yield()
    return stream
  }
}
