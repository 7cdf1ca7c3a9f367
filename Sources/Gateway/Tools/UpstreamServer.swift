import Logging
import StrictJSON
import Synchronization

/// One upstream MCP server: keeps it running, knows its tools, calls them.
final class UpstreamServer: Sendable {
  let name: String
  private let launch: StdioConnection.Launch
  private let limits: UpstreamLimits
  private let clientVersion: String
  private let logger: Logger
  private let onChange: @Sendable () -> Void
  private let current = Mutex(Current())

  private struct Current {
    var status = UpstreamStatus.starting
    /// Set while the server is ready.
    var client: MCPClient?
    /// As the server listed them last; kept while it is down, so that names and policies stay put.
    var tools: [JSONValue] = []
  }

  /// - Parameter onChange: called after the status or the list of tools has changed
  init(
    _ server: MCPConfiguration.Server, limits: UpstreamLimits, clientVersion: String, logger: Logger,
    onChange: @escaping @Sendable () -> Void
  ) {
    var logger = logger
    logger[metadataKey: "server"] = "\(server.name)"
    self.name = server.name
    self.launch = StdioConnection.Launch(
      command: server.command, arguments: server.arguments,
      environment: server.environment.merging(ChildEnvironment.inherited) { own, _ in own },
      workingDirectory: server.workingDirectory)
    self.limits = limits
    self.clientVersion = clientVersion
    self.logger = logger
    self.onChange = onChange
  }

  var status: UpstreamStatus { current.withLock { $0.status } }
  var tools: [JSONValue] { current.withLock { $0.tools } }

  func call(
    _ tool: String, arguments: CanonicalJSON, admit: @escaping @Sendable () -> Decision?
  ) async -> ToolOutcome {
    guard let client = current.withLock({ $0.client }) else {
      return .unavailable("MCP server `\(name)` is not available: it is \(status)")
    }
    return ToolOutcome(await client.callTool(tool, arguments: arguments, admit: admit), server: name)
  }

  /// Starts the server, and starts it again whenever it ends, until the task is cancelled; then shuts it down in order
  /// and returns.
  func supervise() async {
    var backoff = RestartBackoff(first: limits.firstRestart, longest: limits.longestRestart)
    let clock = ContinuousClock()
    while !Task.isCancelled {
      let start = clock.now
      set(.starting)
      let problem = await runOnce()
      if Task.isCancelled { break }
      if clock.now - start >= limits.stable { backoff.reset() }
      let pause = backoff.next()
      logger.warning(
        "upstream server is down, will be started again",
        metadata: ["problem": "\(problem)", "pause": "\(pause)"])
      set(.down(problem))
      try? await Task.sleep(for: pause)
    }
    set(.stopped)
  }

  /// Returns, with the reason, once the process has ended and is reaped.
  private func runOnce() async -> String {
    let (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let connection = StdioConnection(launch: launch, limits: limits, logger: logger) { method in
      if method == "notifications/tools/list_changed" { changed.yield() }
    }
    // A task of its own, so that cancellation doesn't reach the process but by `close`.
    let process = Task { await connection.run() }
    return await withTaskCancellationHandler {
      await withTaskGroup(of: String?.self) { group in
        group.addTask { await self.serve(connection, changes) }
        let ending = await process.value
        connection.close(because: "it ended")
        current.withLock { $0.client = nil }
        group.cancelAll()
        let failure = await group.next() ?? nil
        let tail = failure == nil ? "" : connection.errorTail
        return [failure, ending, tail.isEmpty ? nil : "it said: \(tail)"].compactMap(\.self).joined(separator: "; ")
      }
    } onCancel: {
      current.withLock { $0.client = nil }
      connection.close(because: "the gateway is shutting down")
    }
  }

  /// The protocol's side of one run. Returns what went wrong before the server was ready; absent when it was.
  private func serve(_ connection: StdioConnection, _ changes: AsyncStream<Void>) async -> String? {
    let client = MCPClient(connection: connection, limits: limits, clientVersion: clientVersion)
    do throws(MCPClient.Failure) {
      let tools = try await client.initialize() ? client.listTools() : []
      set(.ready(tools: tools.count), client: client, tools: tools)
      logger.info("upstream server is ready", metadata: ["tools": "\(tools.count)"])
    } catch {
      connection.close(because: error.message)
      return error.message
    }
    for await _ in changes {
      do throws(MCPClient.Failure) {
        let tools = try await client.listTools()
        set(.ready(tools: tools.count), client: client, tools: tools)
        logger.info("upstream server changed its tools", metadata: ["tools": "\(tools.count)"])
      } catch {
        logger.warning("upstream server's tools could not be listed again", metadata: ["problem": "\(error.message)"])
      }
      // However often it says so, its tools are listed at most once a second.
      try? await Task.sleep(for: .seconds(1))
    }
    return nil
  }

  private func set(_ status: UpstreamStatus) {
    current.withLock { current in
      current.status = status
      current.client = nil
    }
    onChange()
  }

  private func set(_ status: UpstreamStatus, client: MCPClient, tools: [JSONValue]) {
    current.withLock { current in
      current.status = status
      current.client = client
      current.tools = tools
    }
    onChange()
  }
}

/// How an upstream server fares, for `/health`.
public enum UpstreamStatus: Sendable, Equatable, CustomStringConvertible {
  /// Not ready for the first time since it was last started.
  case starting
  case ready(tools: Int)
  /// It ended or failed to start and will be started again. The text is for operators: it may quote the server.
  case down(String)
  /// The gateway is shutting down.
  case stopped

  public var isReady: Bool { if case .ready = self { true } else { false } }

  /// One word, which anyone may see.
  public var description: String {
    switch self {
    case .starting: "starting"
    case .ready: "ready"
    case .down: "down"
    case .stopped: "stopped"
    }
  }
}

/// Exponential pauses between restarts, each with jitter, so that servers that failed together don't start together.
struct RestartBackoff {
  let first: Duration
  let longest: Duration
  private var failures = 0

  init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = longest
  }

  /// Between half of and the whole of `first` doubled for each failure in a row, at most `longest`.
  mutating func next() -> Duration {
    var generator = SystemRandomNumberGenerator()
    return next(using: &generator)
  }

  mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
    let whole = min(first * (1 << min(failures, 20)), longest)
    failures += 1
    return whole * Double.random(in: 0.5...1, using: &generator)
  }

  mutating func reset() { failures = 0 }
}
