import Glibc
public import Logging
import ServiceLifecycle
import StrictJSON
import UnixSignals

/// Builds the gateway from its configuration, and runs it.
public struct Assembly: Sendable {
  public let configuration: Configuration
  public let policy: PolicyGate
  public let killSwitch: KillSwitch
  public let traces: any TraceStore
  public let gatekeeper: Gatekeeper
  public let controls: Controls
  private let upstreams: UpstreamServers?
  let responder: GatewayResponder
  private let logger: Logger

  /// Makes the state folder (mode 0700) and what lies in it, compiles the policy, opens the stores. Nothing runs yet.
  ///
  /// - Parameters:
  ///   - tools: what runs the calls; absent, the configuration's MCP servers
  ///   - traces: where the events go; absent, the configuration's database
  public init(
    _ configuration: Configuration, tools: (any ToolRunner)? = nil, traces: (any TraceStore)? = nil,
    clock: WallClock = .system, monotonic: MonotonicClock = .system, logger: Logger
  ) throws(StartError) {
    self.configuration = configuration
    self.logger = logger
    for warning in configuration.warnings { logger.warning("\(warning)") }
    try StateFolder.prepare(configuration.stateDirectory)
    let key: (key: String, path: String?, isNew: Bool)
    do throws(AdminKey.KeyError) {
      key = try AdminKey.obtain(configuration)
    } catch {
      throw .configuration("admin API key: \(error)")
    }
    if let path = key.path {
      logger.notice(
        key.isNew ? "generated the admin API key" : "read the admin API key", metadata: ["path": .string(path)])
    }
    guard let adminKey = Secret(key.key) else { throw .configuration("admin API key: is empty") }

    do throws(PolicyLoadError) {
      policy = try PolicyGate(directory: configuration.policyPath, clock: clock, logger: logger)
    } catch {
      throw .policy(configuration.policyPath, error)
    }
    logger.notice(
      "policy loaded",
      metadata: policy.active.metadata.merging(["path": .string(configuration.policyPath)]) { _, path in path })
    killSwitch = KillSwitch(
      file: configuration.killSwitchPath, createIfMissing: StateFolder.isFirstStart(configuration), clock: clock,
      logger: logger)
    if let traces {
      self.traces = traces
    } else {
      do throws(TraceStoreError) {
        self.traces = try TraceStoreBackend.sqlite.open(
          path: configuration.traceDatabasePath, clock: clock, logger: logger)
      } catch {
        throw .store("\(configuration.traceDatabasePath): \(error)")
      }
    }
    let runner: any ToolRunner
    if let tools {
      upstreams = tools as? UpstreamServers
      runner = tools
    } else {
      let servers = UpstreamServers(
        configuration: try Self.upstreams(configuration), clientVersion: Version.current, logger: logger)
      upstreams = servers
      runner = servers
    }

    let ids = EventIDGenerator(clock: clock)
    gatekeeper = Gatekeeper(
      policy: policy, killSwitch: killSwitch,
      rateLimiter: RateLimiter(
        windowSeconds: configuration.rateWindowSeconds, clock: clock, monotonic: monotonic),
      traces: self.traces, tools: runner, approvalToken: configuration.approvalToken.flatMap(Secret.init),
      policyVersion: configuration.policyVersion, ids: ids, clock: clock, monotonic: monotonic, logger: logger)
    controls = Controls(
      killSwitch: killSwitch, policy: policy, traces: self.traces, gatekeeper: gatekeeper,
      policyVersion: configuration.policyVersion, ids: ids, clock: clock, logger: logger)
    responder = GatewayResponder(
      routes: RouteTable(
        ToolRoutes(
          gatekeeper: gatekeeper,
          catalogue: ToolCatalogue(policy: policy, killSwitch: killSwitch, tools: runner)
        ).list
          + SessionRoutes(
            controls: controls, traces: self.traces,
            evidenceBuilder: EvidenceBuilder(
              store: self.traces, version: Version.current, signingKey: configuration.signingKey.map { Array($0.utf8) },
              clock: clock)
          ).list
          + ControlRoutes(controls: controls).list
          + AdminRoutes(controls: controls, policyPath: configuration.policyPath).list
          + HealthRoutes(
            policy: policy, killSwitch: killSwitch, traces: self.traces,
            upstreams: { [upstreams] in upstreams?.status ?? [:] }
          ).list),
      adminKey: adminKey, clock: monotonic, logger: logger)
  }

  private static func upstreams(_ configuration: Configuration) throws(StartError) -> MCPConfiguration {
    do throws(MCPConfigurationError) {
      switch configuration.upstreams {
      case .demoTools: return .demo(folder: configuration.stateDirectory + "/demo")
      case .file(let path): return try MCPConfiguration(contentsOf: path)
      case .inline(let servers, let file): return try MCPConfiguration(parsing: servers.serialized(), path: file)
      }
    } catch {
      throw .configuration("\(error)")
    }
  }

  /// How long the server waits with listening for its upstreams; calls of those that take longer are answered as
  /// failed until they are ready.
  static let upstreamPatience: Duration = .seconds(5)

  /// Serves until SIGTERM or SIGINT: then takes no new connections, answers the calls that run, shuts the upstreams
  /// down in order and closes the trace store.
  ///
  /// - Parameter onReady: told the port once the server listens
  public func run(onReady: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
    signal(SIGPIPE, SIG_IGN)
    let server = HTTPServer(
      responder: responder, host: configuration.host, port: configuration.port, logger: logger,
      awaiting: { [upstreams] in await upstreams?.settled(within: Self.upstreamPatience) }, onReady: onReady)
    // Shut down from the last to the first.
    var services: [any Service] = [KillSwitchWatch(killSwitch: killSwitch, controls: controls)]
    if let upstreams { services.append(upstreams) }
    services.append(server)
    var group = ServiceGroupConfiguration(
      services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = .seconds(30)
    group.maximumCancellationDuration = .seconds(10)
    do {
      try await ServiceGroup(configuration: group).run()
    } catch {
      await traces.close()
      throw error
    }
    await traces.close()
  }
}

extension UpstreamServers {
  /// As `settled`, but not for longer than this.
  fileprivate func settled(within patience: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.settled() }
      group.addTask { try? await Task.sleep(for: patience) }
      await group.next()
      group.cancelAll()
    }
  }
}

/// Why the gateway can't start.
public enum StartError: Error, Sendable, CustomStringConvertible {
  case configuration(String)
  case policy(String, PolicyLoadError)
  case store(String)

  public var description: String {
    switch self {
    case .configuration(let problem), .store(let problem): problem
    case .policy(let path, let error): "policy \(path) refused:\n\(error)"
    }
  }
}

/// Keeps the kill switch in step with its file.
private struct KillSwitchWatch: Service {
  let killSwitch: KillSwitch
  let controls: Controls

  func run() async throws {
    await cancelWhenGracefulShutdown { await killSwitch.watch { await controls.follow($0) } }
  }
}

/// The folder that holds what must survive a restart.
public enum StateFolder {
  /// Makes it, and the folders above it, when it is missing. A folder that is there keeps its mode, but mustn't be
  /// writable for others.
  static func prepare(_ path: String) throws(StartError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
      guard mkdir(made, 0o700) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES else {
        throw .configuration("state folder: \(SystemError("create", made))")
      }
    }
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .configuration("state folder: \(SystemError("open", path))")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw .configuration("state folder: \(path) is no folder") }
    guard status.st_mode & 0o022 == 0 else {
      throw .configuration("state folder: \(path) can be written by others; set its mode to 0700")
    }
  }

  /// Nothing has been recorded and nothing killed yet. Later a kill switch without its file denies everything:
  /// somebody took the file away.
  public static func isFirstStart(_ configuration: Configuration) -> Bool {
    access(configuration.traceDatabasePath, F_OK) != 0 && access(configuration.killSwitchPath, F_OK) != 0
  }
}
