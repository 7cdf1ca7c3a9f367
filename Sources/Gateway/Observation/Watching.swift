import Logging

/// What watches over the gateway, made with it: what is counted, shown and sent of what happens, and where a scrape reads
/// the rest.
struct Watching: Sendable {
  let metrics: Metrics
  let feed: EventFeed
  let activity: SessionActivity
  let webhooks: Webhooks?
  let dependencies: Dependencies

  var observers: EventObservers {
    EventObservers(metrics: metrics, webhooks: webhooks, feed: feed, activity: activity)
  }

  /// Opens the queue of webhooks where some are sent.
  ///
  /// - Parameter tellsHealth: webhooks tell how the gateway fares; else another process on the state folder does
  init(
    _ configuration: Configuration, dependencies: Dependencies, ids: EventIDGenerator, outbound: OutboundHTTP,
    tellsHealth: Bool, clock: WallClock, monotonic: MonotonicClock, logger: Logger
  ) throws(StartError) {
    let metrics = Metrics()
    self.metrics = metrics
    self.dependencies = dependencies
    feed = EventFeed()
    activity = SessionActivity()
    guard let url = configuration.webhooks.url else {
      webhooks = nil
      return
    }
    let states: Webhooks.HealthStates = { await dependencies.watchedStates() }
    do throws(WebhookStoreError) {
      webhooks = Webhooks(
        configuration.webhooks,
        store: try WebhookStore(path: configuration.webhooksPath, clock: clock, logger: logger),
        receiver: WebhookReceiver(
          url: url, key: configuration.webhooks.secret, clock: clock,
          fetch: { request in try await outbound.send(request) }),
        rateWindowSeconds: configuration.rateWindowSeconds,
        health: tellsHealth ? states : nil, ids: ids, clock: clock, monotonic: monotonic, logger: logger,
        report: { metrics.note($0) })
    } catch {
      throw .store("webhooks: \(error)")
    }
  }

  /// What a scrape reads from elsewhere, now.
  func snapshot(_ inFlight: CallsInFlight, _ approvals: ApprovalStore, now: Int64) async -> MetricsSnapshot {
    var snapshot = MetricsSnapshot(
      version: Version.current, policyRevision: dependencies.policy.active.revision)
    let states = await dependencies.states()
    // The original's two, as /health has them: the engine is part of this process.
    snapshot.dependencies = [
      .init("opa", isHealthy: true), .init("redis", isHealthy: dependencies.killSwitch.state.isAvailable),
    ]
    snapshot.dependencies += states.filter { $0.upstream == nil }.map { .init($0.name, isHealthy: $0.isHealthy) }
    snapshot.upstreams = states.compactMap(\.upstream).map { name, status in
      if case .ready(let tools) = status { return MetricsSnapshot.Upstream(name, isUp: true, tools: tools) }
      return MetricsSnapshot.Upstream(name, isUp: false, tools: 0)
    }
    snapshot.activeSessions = activity.activeCount(now: now)
    snapshot.callsInFlight = inFlight.count
    snapshot.approvalsPending = try? await approvals.pendingCount()
    snapshot.webhookQueueLength = webhooks?.queueLength ?? 0
    snapshot.process = ProcessStatistics.read()
    return snapshot
  }
}

extension Metrics {
  fileprivate func note(_ report: Webhooks.Report) {
    switch report {
    case .delivered(let type): webhookTried(type.rawValue, .delivered)
    case .failed(let type): webhookTried(type.rawValue, .retried)
    case .gaveUp(let type): webhookTried(type.rawValue, .abandoned)
    case .dropped(_, let count): webhooksDropped(count)
    }
  }
}
