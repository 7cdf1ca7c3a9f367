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
  public let pins: ToolPins
  let approvals: Approvals
  private let upstreams: UpstreamServers?
  private let mcp: MCPServer
  private let legacySessions = LegacySessions()
  private let changes = ListChanges()
  private let deadman: Deadman
  private let broker: CredentialBroker
  private let outbound = OutboundHTTP()
  private let watching: Watching
  let responder: GatewayResponder
  public let authentication: AgentAuthentication
  private let logger: Logger

  /// Which doors the gateway has.
  public enum Door: Sendable {
    case http
    /// Kills come through other processes that share the state folder.
    case stdio
  }

  /// Makes the state folder (mode 0700) and what lies in it, compiles the policy, opens the stores. Nothing runs yet.
  ///
  /// - Parameters:
  ///   - tools: what runs the calls; absent, the configuration's MCP servers
  ///   - traces: where the events go; absent, the configuration's database
  public init(
    _ configuration: Configuration, door: Door = .http, tools: (any ToolRunner)? = nil, traces: (any TraceStore)? = nil,
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
      file: configuration.killSwitchPath, createIfMissing: StateFolder.isFirstStart(configuration),
      followsClosely: door == .stdio, clock: clock, logger: logger)
    let evidenceKey: EvidenceKey
    do throws(SecretFileError) {
      evidenceKey = try EvidenceKey(file: configuration.evidenceKeyPath, signingKey: configuration.signingKey)
    } catch {
      throw .store("evidence key: \(error)")
    }
    if let traces {
      self.traces = traces
    } else {
      do throws(TraceStoreError) {
        self.traces = try TraceStoreBackend.sqlite.open(
          path: configuration.traceDatabasePath, key: evidenceKey, clock: clock, logger: logger)
      } catch {
        throw .store("\(configuration.traceDatabasePath): \(error)")
      }
    }
    broker = CredentialBroker(
      clock: clock, monotonicClock: monotonic,
      isKilled: { [killSwitch] use in
        killSwitch.verdict(session: use.session, tool: use.tool, agent: use.agent) != nil
      }, logger: logger, send: { [outbound] request in try await outbound.send(request) })
    let servers = try tools == nil ? Self.upstreams(configuration) : MCPConfiguration([])
    for server in servers.servers {
      for settings in server.settings.allCredentials {
        guard let problem = broker.problem(with: settings) else { continue }
        logger.warning(
          "a credential can't be had at present: what needs it will be denied",
          metadata: ["server": .string(server.name), "kind": .string(settings.kind), "problem": .string(problem)])
      }
    }
    pins = ToolPins(
      file: configuration.toolPinsPath, serversOfFirstStart: servers.servers.map(\.name), clock: clock, logger: logger)
    let runner: any ToolRunner
    if let tools {
      upstreams = tools as? UpstreamServers
      runner = tools
    } else {
      var limits = UpstreamLimits()
      limits.grace = .seconds(configuration.killGraceSeconds)
      let servers = UpstreamServers(
        configuration: servers, pins: pins, limits: limits, clientVersion: Version.current, broker: broker,
        logger: logger)
      upstreams = servers
      runner = servers
    }

    do throws(ConfigurationError) {
      authentication = try AgentAuthentication(
        configuration.agentAuth, host: door == .stdio ? "localhost" : configuration.host, clock: clock,
        monotonicClock: monotonic, logger: logger, fetch: outbound.jwkFetch)
    } catch {
      throw .configuration("\(error)")
    }
    let approvers: AgentKeys?
    do throws(KeyFileError) {
      approvers = try configuration.approvers.map { path throws(KeyFileError) in
        try AgentKeys(file: path, holder: .approver, clock: clock, monotonicClock: monotonic, logger: logger)
      }
    } catch {
      throw .configuration("approvers: \(error)")
    }
    let ids = EventIDGenerator(clock: clock)
    do {
      approvals = Approvals(
        store: try ApprovalStore(path: configuration.approvalsPath, clock: clock, logger: logger),
        seal: try RequestStateSeal(keyFile: configuration.requestStateKeyPath), ids: ids,
        lifetime: configuration.approvalSeconds, clock: clock, logger: logger)
    } catch {
      throw .store("approvals: \(error)")
    }
    watching = try Watching(
      configuration,
      dependencies: Dependencies(
        policy: policy, killSwitch: killSwitch, traces: self.traces, authentication: authentication,
        upstreams: { [upstreams] in upstreams?.status ?? [:] }),
      ids: ids, outbound: outbound, tellsHealth: door == .http, clock: clock, monotonic: monotonic, logger: logger)
    gatekeeper = Gatekeeper(
      policy: policy, killSwitch: killSwitch,
      rateLimiter: RateLimiter(
        windowSeconds: configuration.rateWindowSeconds, clock: clock, monotonic: monotonic),
      traces: self.traces, tools: runner, approvals: approvals, broker: broker,
      approvalToken: configuration.approvalToken.flatMap(Secret.init),
      policyVersion: configuration.policyVersion, ids: ids, sessionCalls: configuration.sessionCalls,
      observers: watching.observers, clock: clock, monotonic: monotonic, logger: logger)
    controls = Controls(
      killSwitch: killSwitch, policy: policy, traces: self.traces,
      containments: Containments(
        inFlight: gatekeeper.inFlight, killSwitch: killSwitch, traces: self.traces, ids: ids,
        broker: broker, key: evidenceKey,
        grace: servers.servers.compactMap(\.settings.grace).reduce(.seconds(configuration.killGraceSeconds), max),
        clock: clock, monotonic: monotonic, logger: logger),
      changes: changes, policyVersion: configuration.policyVersion, ids: ids, observers: watching.observers,
      clock: clock,
      logger: logger)
    deadman = Deadman(seconds: configuration.deadmanSeconds) { [controls, killSwitch] reason in
      guard killSwitch.state.global == nil else { return }
      do throws(Controls.Failure) {
        _ = try await controls.pause(reason: reason)
      } catch {
        // In force all the same; the log has the cause.
      }
    }
    let catalogue = ToolCatalogue(policy: policy, killSwitch: killSwitch, tools: runner)
    mcp = MCPServer(
      gatekeeper: gatekeeper, catalogue: catalogue, offers: upstreams.map(UpstreamOffers.init),
      version: Version.current)
    responder = GatewayResponder(
      routes: RouteTable(
        documenting: ToolRoutes(
          gatekeeper: gatekeeper, catalogue: catalogue
        ).list
          + MCPRoutes(
            server: mcp, sessions: legacySessions, changes: changes,
            origins: AllowedOrigins(configuration.allowedOrigins)
          ).list
          + SessionRoutes(
            controls: controls, traces: self.traces,
            evidenceBuilder: EvidenceBuilder(
              store: self.traces, version: Version.current, key: evidenceKey, clock: clock)
          ).list
          + EvidenceRoutes(publicKey: evidenceKey.publicKey).list
          + ApprovalRoutes(
            store: approvals.store,
            record: { [controls] act in
              await controls.note(approves: act.approves, act.request, by: act.decider, note: act.note)
            }, token: approvals.token, arguments: approvals.arguments
          ).list
          + ToolPinRoutes(
            pins: pins, record: { [controls] entries in await controls.note(approvalOf: entries) },
            onChange: { [upstreams] in await upstreams?.pinsChanged() }
          ).list
          + ControlRoutes(controls: controls, deadman: deadman).list
          + AdminRoutes(controls: controls, policyPath: configuration.policyPath).list
          + WatchRoutes(
            feed: watching.feed, activity: watching.activity, killSwitch: killSwitch, inFlight: gatekeeper.inFlight,
            since: clock.now()
          ).list
          + DecideRoutes(policy: policy, killSwitch: killSwitch, catalogue: catalogue).list
          + MetricsRoutes(
            metrics: watching.metrics,
            snapshot: { [watching, gatekeeper, approvals] in
              await watching.snapshot(gatekeeper.inFlight, approvals.store, now: clock.now())
            }
          ).list
          + HealthRoutes(dependencies: watching.dependencies).list),
      adminKey: adminKey, authentication: authentication, approvers: approvers,
      metricsAccess: MetricsAccess(token: configuration.metricsToken, host: configuration.host),
      metrics: watching.metrics,
      clock: monotonic, logger: logger)
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
    var services = backgroundServices
    services.append(deadman)
    services.append(server)
    services.append(StreamsEnd(changes: changes, sessions: legacySessions, feed: watching.feed))
    var group = ServiceGroupConfiguration(
      services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = .seconds(30)
    group.maximumCancellationDuration = .seconds(10)
    try await run(group)
  }

  /// Serves MCP on standard input and output until the input ends or SIGTERM or SIGINT comes; then ends as `run` does.
  ///
  /// - Parameters:
  ///   - session: of every call
  ///   - identity: of the agent; absent where agents needn't authenticate
  public func runOverStandardIO(session: SessionID, identity: AgentIdentity?) async throws {
    signal(SIGPIPE, SIG_IGN)
    let door = StdioDoor(server: mcp, session: session, identity: identity, changes: changes, logger: logger)
    var services: [ServiceGroupConfiguration.ServiceConfiguration] = backgroundServices.map { .init(service: $0) }
    services.append(
      .init(
        service: StdioService(door: door) { [upstreams] in await upstreams?.settled(within: Self.upstreamPatience) },
        successTerminationBehavior: .gracefullyShutdownGroup))
    var group = ServiceGroupConfiguration(
      services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = .seconds(30)
    group.maximumCancellationDuration = .seconds(10)
    try await run(group)
  }

  /// What runs behind every door, to be shut down from the last to the first.
  private var backgroundServices: [any Service] {
    var services: [any Service] = [
      OutboundEnd(outbound: outbound), CredentialKeeping(broker: broker),
      KillSwitchWatch(killSwitch: killSwitch, controls: controls), PinsWatch(pins: pins, upstreams: upstreams),
    ]
    if let webhooks = watching.webhooks { services.append(webhooks) }
    if let upstreams {
      services.append(ChangesFollower(upstreams: upstreams, changes: changes, sessions: legacySessions))
      services.append(upstreams)
    }
    return services
  }

  private func run(_ group: ServiceGroupConfiguration) async throws {
    do {
      try await ServiceGroup(configuration: group).run()
    } catch {
      await traces.close()
      await approvals.store.close()
      throw error
    }
    await traces.close()
    await approvals.store.close()
  }
}

/// The stdio door as a service: it waits for the upstreams, so that the first list has their tools.
private struct StdioService: Service {
  let door: StdioDoor
  let awaiting: @Sendable () async -> Void

  func run() async throws {
    await awaiting()
    try await cancelWhenGracefulShutdown { try await door.run() }
  }
}

/// Keeps the pins in step with their file, which other processes may change.
private struct PinsWatch: Service {
  let pins: ToolPins
  let upstreams: UpstreamServers?

  func run() async throws {
    await cancelWhenGracefulShutdown { await pins.watch { await upstreams?.pinsChanged() } }
  }
}

/// Takes back what is over, and at the end all that was lent.
private struct CredentialKeeping: Service {
  let broker: CredentialBroker

  func run() async throws { await cancelWhenGracefulShutdown { await broker.run() } }
}

/// Ends the gateway's own requests when nobody makes any more.
private struct OutboundEnd: Service {
  let outbound: OutboundHTTP

  func run() async throws {
    try? await gracefulShutdown()
    await outbound.shutdown()
  }
}

/// Tells those who listen what has changed at the upstreams.
private struct ChangesFollower: Service {
  let upstreams: UpstreamServers
  let changes: ListChanges
  let sessions: LegacySessions

  func run() async throws {
    let stream = changes.stream()
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await changes.follow(upstreams) }
        group.addTask { for await method in stream { sessions.announce(method) } }
        await group.waitForAll()
      }
    }
  }
}

/// Ends the streams of those who listen when the shutdown begins: left open they would hold the server's up.
private struct StreamsEnd: Service {
  let changes: ListChanges
  let sessions: LegacySessions
  let feed: EventFeed

  func run() async throws {
    try? await gracefulShutdown()
    feed.finish()
    changes.finish()
    sessions.endStreams()
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
