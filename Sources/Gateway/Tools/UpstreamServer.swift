import HTTPExchange
import JSONRPC
import Logging
import NIOCore
import StrictJSON
import Synchronization

/// One upstream MCP server: keeps it running or in reach, knows what it offers, asks it.
final class UpstreamServer: Sendable {
  let name: String
  let isBuiltIn: Bool
  private let configuration: MCPConfiguration.Server
  private let limits: UpstreamLimits
  private let lend: Lending
  private let clientVersion: String
  private let logger: Logger
  private let onChange: @Sendable (Change) async -> Void
  private let current = Mutex(Current())
  /// By their runs' numbers.
  private let processes = Mutex<[Int: StdioConnection]>([:])

  /// What is no longer as it was.
  struct Change: OptionSet, Sendable {
    let rawValue: Int
    static let status = Change(rawValue: 1)
    static let tools = Change(rawValue: 2)
    static let resources = Change(rawValue: 4)
    static let prompts = Change(rawValue: 8)
    /// What is pinned: the tools are the same, but others of them may be called.
    static let pins = Change(rawValue: 16)
  }

  private struct Current {
    var status = UpstreamStatus.starting
    /// Set while the server is ready.
    var client: MCPClient?
    /// Which run `client` is of: runs are numbered from 1.
    var clientRun = 0
    var latestRun = 0
    /// As the server listed them last; kept while it is down, so that names and policies stay put.
    var tools: [JSONValue] = []
    var offer = Offer()
    /// How the runs are to be replaced that are retired.
    var retire: [Int: @Sendable () -> Void] = [:]
  }

  /// What a server has besides tools, as it said last.
  struct Offer: Sendable, Equatable {
    var resources = false
    var prompts = false
    var completions = false
    var instructions: String?
  }

  /// What a process gets in its environment; absent when that is nothing. Blocks.
  typealias Lending =
    @Sendable (CredentialSettings) throws(CredentialFailure) -> (name: String, value: LentSecret)?

  /// - Parameter onChange: called after the status or what the server offers has changed
  init(
    _ server: MCPConfiguration.Server, limits: UpstreamLimits, clientVersion: String, lend: @escaping Lending,
    logger: Logger, onChange: @escaping @Sendable (Change) async -> Void
  ) {
    var logger = logger
    logger[metadataKey: "server"] = "\(server.name)"
    self.name = server.name
    self.isBuiltIn = server.isBuiltIn
    self.configuration = server
    self.limits = server.settings.applied(to: limits)
    self.clientVersion = clientVersion
    self.logger = logger
    self.lend = lend
    self.onChange = onChange
  }

  var status: UpstreamStatus { current.withLock { $0.status } }
  var tools: [JSONValue] { current.withLock { $0.tools } }
  var offer: Offer { current.withLock { $0.offer } }

  func call(
    _ tool: ToolDefinition, _ call: UpstreamCall, admit: @escaping @Sendable () -> Decision?
  ) async -> ToolOutcome {
    guard let client = current.withLock({ $0.client }) else { return unavailable }
    return ToolOutcome(
      await client.callTool(tool.serverName, call, headers: tool.parameterHeaders, admit: admit), server: name)
  }

  /// Asks for a resource, a prompt or a completion: see `MCPClient.pass`.
  func pass(
    _ method: String, _ members: [UInt8], name: String?, extras: RequestExtras, handle: CallHandle,
    admit: @escaping @Sendable () -> Decision?
  ) async -> ToolOutcome {
    guard let client = current.withLock({ $0.client }) else { return unavailable }
    return ToolOutcome(
      await client.pass(method, members, name: name, extras: extras, handle: handle, admit: admit), server: self.name)
  }

  /// All of a list that isn't kept: resources, templates or prompts. Empty when the server is down or has none.
  func list(_ method: String, _ member: String) async -> [JSONValue] {
    guard let client = current.withLock({ $0.client }) else { return [] }
    do throws(MCPClient.Failure) {
      return try await client.list(method, member)
    } catch {
      logger.warning("upstream server's \(member) could not be listed", metadata: ["problem": "\(error.message)"])
      return []
    }
  }

  private var unavailable: ToolOutcome { .unavailable("MCP server `\(name)` is not available: it is \(status)") }
}

// MARK: - Supervision

extension UpstreamServer {
  /// Starts the server, and starts it again whenever it ends, until the task is cancelled; then shuts it down in order
  /// and returns. A run that is retired is replaced at once, and goes on until it is ended.
  func supervise() async {
    var backoff = RestartBackoff(first: limits.firstRestart, longest: limits.longestRestart)
    let clock = ContinuousClock()
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        let start = clock.now
        let number = await begin()
        let (news, announce) = AsyncStream.makeStream(of: RunNews.self)
        current.withLock { $0.retire[number] = { announce.yield(.retired) } }
        group.addTask {
          let ending = await self.run(number)
          self.finished(number)
          announce.yield(.ended(ending))
        }
        var ending: String?
        for await news in news {
          if case .ended(let text) = news { ending = text }
          break
        }
        if Task.isCancelled { break }
        // A retired run is replaced without a pause: it was no failure of the server's.
        guard let ending else { continue }
        if clock.now - start >= limits.stable { backoff.reset() }
        let pause = backoff.next()
        logger.warning(
          "upstream server is down, will be tried again", metadata: ["problem": "\(ending)", "pause": "\(pause)"])
        await set(.down(ending), ifLatest: number)
        try? await Task.sleep(for: pause)
      }
    }
    await set(.stopped, ifLatest: nil)
  }

  private enum RunNews: Sendable {
    case retired
    case ended(String)
  }

  private func begin() async -> Int {
    let (number, isChange) = current.withLock { current in
      current.latestRun += 1
      // While an older run still serves, the server is ready.
      if current.client != nil { return (current.latestRun, false) }
      current.status = .starting
      return (current.latestRun, true)
    }
    if isChange { await onChange(.status) }
    return number
  }

  private func run(_ number: Int) async -> String {
    configuration.endpoint == nil ? await runProcess(number) : await runHTTP(number)
  }

  /// What a call of the tool has to be lent; absent when that is nothing.
  ///
  /// - Parameter tool: the server's own name for it
  func credentials(of tool: String) -> CredentialSettings? { configuration.settings.credentials(of: tool) }

  /// Returns, with the reason, once the process has ended and is reaped.
  private func runProcess(_ number: Int) async -> String {
    var secret: LentSecret?
    var environment = configuration.environment.merging(ChildEnvironment.inherited) { own, _ in own }
    do throws(CredentialFailure) {
      if let settings = configuration.settings.credentials, let lent = try lend(settings) {
        environment[lent.name] = lent.value.reveal()
        secret = lent.value
      }
    } catch {
      return "it gets no credential: \(error.reason)"
    }
    let (changes, changed) = AsyncStream.makeStream(of: Change.self, bufferingPolicy: .bufferingNewest(16))
    let connection = StdioConnection(
      launch: StdioConnection.Launch(
        command: configuration.command, arguments: configuration.arguments,
        environment: environment,
        workingDirectory: configuration.workingDirectory),
      limits: limits, logger: logger,
      onNotification: { if let change = Change($0) { changed.yield(change) } },
      onSilence: { [weak self] in self?.doubt(number, $0) })
    processes.withLock { $0[number] = connection }
    defer { processes.withLock { _ = $0.removeValue(forKey: number) } }
    // A task of its own, so that cancellation doesn't reach the process but by `close`.
    let process = Task { await connection.run() }
    return await withTaskCancellationHandler {
      await withTaskGroup(of: String?.self) { group in
        group.addTask { await self.serve(connection, number, changes) }
        let ending = await process.value
        connection.close(because: "it ended")
        withdraw(number)
        group.cancelAll()
        let failure = await group.next() ?? nil
        let tail = failure == nil ? "" : secret?.removed(from: connection.errorTail) ?? connection.errorTail
        return [failure, ending, tail.isEmpty ? nil : "it said: \(tail)"].compactMap(\.self).joined(separator: "; ")
      }
    } onCancel: {
      withdraw(number)
      connection.close(because: "the gateway is shutting down")
    }
  }

  /// Returns, with the reason, once the server can't be reached any more.
  private func runHTTP(_ number: Int) async -> String {
    let (changes, changed) = AsyncStream.makeStream(of: Change.self, bufferingPolicy: .bufferingNewest(16))
    let (breaks, broken) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(1))
    guard let endpoint = configuration.endpoint,
      let origin = try? HTTPOrigin(endpoint.target, connectTimeout: TimeAmount(limits.connect))
    else { return "TLS can't be set up" }
    let connection = HTTPConnection(
      to: origin, headers: endpoint.headers.map { ($0.name, $0.value) }, limits: limits,
      logger: logger, onNotification: { if let change = Change($0) { changed.yield(change) } },
      onBroken: { broken.yield($0) })
    let reason = await withTaskGroup(of: String?.self) { group in
      group.addTask { await self.serve(connection, number, changes) ?? "" }
      group.addTask {
        for await reason in breaks { return reason }
        return nil
      }
      // Where the server says what changes, in the legacy era.
      group.addTask {
        while !Task.isCancelled {
          if self.current.withLock({ $0.clientRun == number && $0.client != nil }) { await connection.listen() }
          try? await Task.sleep(for: .seconds(1))
        }
        return nil
      }
      var reason: String?
      while let next = await group.next() {
        if let next {
          reason = next
          break
        }
      }
      group.cancelAll()
      return reason ?? ""
    }
    withdraw(number)
    connection.close(because: reason.isEmpty ? "the gateway is shutting down" : reason)
    // In a task of its own: when the gateway shuts down, this one is cancelled.
    await Task {
      await connection.endSession()
      await origin.shutdown()
    }.value
    return reason
  }

  /// The protocol's side of one run. Returns what went wrong before the server was ready; absent when it was.
  private func serve(_ connection: any UpstreamConnection, _ number: Int, _ changes: AsyncStream<Change>) async
    -> String?
  {
    let client: MCPClient
    do throws(MCPClient.Failure) {
      client = try await MCPClient.connect(connection, limits: limits, clientVersion: clientVersion)
      let tools = try await client.offersTools ? client.listTools() : []
      await ready(client, number, tools)
      logger.info(
        "upstream server is ready",
        metadata: ["tools": "\(tools.count)", "protocol_version": "\(client.era.version.rawValue)"])
    } catch {
      connection.close(because: error.message)
      return error.message
    }
    return await withTaskGroup(of: Void.self) { group in
      group.addTask { await client.listen() }
      for await change in changes {
        if change.contains(.tools) {
          do throws(MCPClient.Failure) {
            let tools = try await client.listTools()
            await ready(client, number, tools)
            logger.info("upstream server changed its tools", metadata: ["tools": "\(tools.count)"])
          } catch {
            logger.warning(
              "upstream server's tools could not be listed again", metadata: ["problem": "\(error.message)"])
          }
        } else {
          await onChange(change)
        }
        // However often it says so, its tools are listed at most once a second.
        try? await Task.sleep(for: .seconds(1))
      }
      group.cancelAll()
      return nil
    }
  }

  /// A call that a kill gave up isn't acknowledged: soon a new run takes the calls, in the end the old one is ended.
  private func doubt(_ number: Int, _ silence: StdioConnection.Silence) {
    switch silence {
    case .suspicious: current.withLock { $0.retire.removeValue(forKey: number) }?()
    case .overdue(let isRead):
      logger.warning("upstream server did not acknowledge that a killed call was cancelled: it is ended")
      current.withLock { $0.retire.removeValue(forKey: number) }?()
      let process = processes.withLock { $0[number] }
      let reason = "a killed call was not acknowledged as cancelled"
      if isRead {
        // It may well have obeyed: the calls of others on it get some time to end.
        process?.end(because: reason, whenIdleWithin: limits.grace * 4)
      } else {
        process?.end(because: reason)
      }
    }
  }

  private func finished(_ number: Int) {
    withdraw(number)
    current.withLock { _ = $0.retire.removeValue(forKey: number) }
  }

  /// Nothing is asked of this run any more.
  private func withdraw(_ number: Int) {
    current.withLock { current in
      if current.clientRun == number { current.client = nil }
    }
  }

  private func set(_ status: UpstreamStatus, ifLatest number: Int?) async {
    current.withLock { current in
      guard number == nil || (number == current.latestRun && current.client == nil) else { return }
      current.status = status
      current.client = nil
    }
    await onChange(.status)
  }

  private func ready(_ client: MCPClient, _ number: Int, _ tools: [JSONValue]) async {
    let isNews = current.withLock { current in
      // An older run says nothing any more once a newer one is ready.
      guard number >= current.clientRun || current.client == nil else { return false }
      current.client = client
      current.clientRun = number
      current.tools = tools
      current.offer = Offer(
        resources: client.offersResources, prompts: client.offersPrompts,
        completions: client.capabilities["completions"] != nil, instructions: client.instructions)
      return true
    }
    guard isNews else { return }
    // What a newer run has replaced ends once its calls are answered.
    for (older, connection) in processes.withLock({ $0 }) where older < number { connection.closeWhenIdle() }
    // Who waits for the server to be ready finds its tools.
    await onChange(.tools)
    current.withLock { current in
      if current.clientRun == number, current.client != nil { current.status = .ready(tools: tools.count) }
    }
    await onChange(.status)
  }
}

extension UpstreamServer.Change {
  /// Absent for what changes nothing that the gateway knows.
  init?(_ notification: UpstreamNotification) {
    switch notification.method {
    case "notifications/tools/list_changed": self = .tools
    case "notifications/resources/list_changed": self = .resources
    case "notifications/prompts/list_changed": self = .prompts
    default: return nil
    }
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
