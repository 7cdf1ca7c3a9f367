public import Logging
public import ServiceLifecycle
import Synchronization

/// Tells the operator's receiver what happens: takes events without delay, keeps them in `webhooks.db` and delivers them
/// in the background, until the receiver has taken them or they are a day old.
///
/// - INVARIANT: nobody waits for the receiver, nor for the disk.
///
/// An event is delivered at least once, under the same `webhook-id`; kills come before denials, else there is no order.
/// What a crash may take is what hasn't been written: what came within the last `Pace.batch` or so, and denials that are
/// being folded. What is written survives.
public final class Webhooks: Service, Sendable {
  /// How things went, for metrics.
  public enum Report: Sendable, Equatable {
    case delivered(WebhookEvent.EventType)
    /// An attempt, which will be repeated.
    case failed(WebhookEvent.EventType)
    /// Nobody will be told.
    case gaveUp(WebhookEvent.EventType)
    /// There was no room: nobody will be told.
    case dropped(WebhookEvent.EventType, Int)
  }

  /// How long things take; other values than these are for tests.
  struct Pace: Sendable {
    /// From one writing of what came to the next.
    var batch: Duration = .milliseconds(50)
    /// Nanoseconds.
    var folding: Int64 = 10_000_000_000
    /// How often other processes' events are looked for, whose process may be gone.
    var poll: Duration = .seconds(5)
    /// From one look at what the gateway needs to the next.
    var health: Duration = .seconds(1)
    /// How long the process's end may take for what is still to be delivered.
    var farewell: Duration = .seconds(2)
    /// How long the store is left alone after it failed.
    var repair: Duration = .seconds(1)
    /// From one log entry about dropped events to the next.
    var complaints: Duration = .seconds(60)
    var retries = WebhookRetries()
  }

  /// What the gateway needs and how it fares, by name.
  public typealias HealthStates = @Sendable () async -> [String: HealthWatch.State]

  private struct Noted {
    var intake: WebhookIntake
    var approvals = RecentIDs()
    var dropped: [WebhookEvent.EventType: Int] = [:]
    var isOver = false
  }

  private struct Delivery {
    var running = 0
    var brake = WebhookBrake()
  }

  private let settings: WebhookSettings
  private let store: WebhookStore
  private let receiver: WebhookReceiver
  /// Seconds.
  private let rateWindow: Int
  private let health: HealthStates?
  private let ids: EventIDGenerator
  private let clock: WallClock
  private let monotonic: MonotonicClock
  private let random: @Sendable () -> Double
  private let logger: Logger
  private let report: @Sendable (Report) -> Void
  private let pace: Pace

  private let noted: Mutex<Noted>
  private let delivery = Mutex(Delivery())
  private let writing = Bell()
  private let delivering = Bell()

  /// - Parameters:
  ///   - store: closed when `run` ends
  ///   - rateWindowSeconds: that rate limits count in
  ///   - health: asked each second; absent, nothing is told of health
  ///   - report: told at once; mustn't block
  public convenience init(
    _ settings: WebhookSettings, store: WebhookStore, receiver: WebhookReceiver, rateWindowSeconds: Int,
    health: HealthStates?, ids: EventIDGenerator, clock: WallClock = .system, monotonic: MonotonicClock = .system,
    logger: Logger, report: @escaping @Sendable (Report) -> Void = { _ in }
  ) {
    self.init(
      settings, store: store, receiver: receiver, rateWindowSeconds: rateWindowSeconds, health: health, ids: ids,
      clock: clock, monotonic: monotonic, logger: logger, report: report, pace: Pace())
  }

  /// - Parameter random: gives numbers from 0 up to 1
  init(
    _ settings: WebhookSettings, store: WebhookStore, receiver: WebhookReceiver, rateWindowSeconds: Int,
    health: HealthStates?, ids: EventIDGenerator, clock: WallClock, monotonic: MonotonicClock, logger: Logger,
    report: @escaping @Sendable (Report) -> Void, pace: Pace,
    random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
  ) {
    self.settings = settings
    self.store = store
    self.receiver = receiver
    rateWindow = rateWindowSeconds
    self.health = health
    self.ids = ids
    self.clock = clock
    self.monotonic = monotonic
    self.random = random
    self.logger = logger
    self.report = report
    self.pace = pace
    noted = Mutex(Noted(intake: WebhookIntake(foldingTime: pace.folding)))
  }

  /// Events that wait to be delivered, those of other processes that share the state folder too.
  public var queueLength: Int { store.waiting }

  // MARK: Taking

  /// Takes a finished event of the traces, of any kind: what is nothing to a receiver is passed over. Returns at once.
  ///
  /// - Parameters:
  ///   - approval: what the call waits for
  ///   - rateLimit: of the call's tool; absent when it has none
  public func note(
    _ event: TraceEvent, approval: PendingApproval? = nil, rateLimit: RateLimiter.Status? = nil
  ) {
    guard let type = WebhookEvent.type(of: event, approval: approval, rateLimit: rateLimit),
      settings.events.contains(type)
    else { return }
    let now = monotonic.now()
    let window = rateWindow
    let isNews = noted.withLock { noted in
      guard !noted.isOver else { return false }
      var isNews = true
      switch type {
      case .policyDenied:
        isNews = noted.intake.add(.init(type, event), now: now, time: event.timestamp) {
          WebhookEvent(denial: event)
        }
      case .rateLimitExceeded:
        guard let rateLimit else { break }
        isNews = noted.intake.add(.init(type, event), now: now, time: event.timestamp) {
          WebhookEvent(rateLimit: rateLimit, window: window, of: event)
        }
      case .approvalRequested:
        if let approval, noted.approvals.insert(approval.id) {
          noted.intake.add(WebhookEvent(approval: approval, of: event))
        }
      case .killSwitchActivated: noted.intake.add(WebhookEvent(kill: event))
      case .healthDegraded, .healthRecovered: break
      }
      return isNews
    }
    if isNews { writing.ring() }
  }

  // MARK: Running

  /// Delivers until the task is cancelled or the service is shut down; then writes what was taken, tries for a moment to
  /// deliver it, and closes the store. What is left is delivered by another process, or after the next start.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.write() }
        group.addTask { await self.deliver() }
        group.addTask { await self.watchHealth() }
        await group.waitForAll()
      }
    }
    noted.withLock { $0.isOver = true }
    await writeTaken(isLast: true)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.deliverWhatIsDue() }
      group.addTask { try? await Task.sleep(for: self.pace.farewell) }
      await group.next()
      group.cancelAll()
    }
    await store.close()
  }

  private func write() async {
    let timer = Timer(writing)
    defer { timer.cancel() }
    var complained: ContinuousClock.Instant?
    for await _ in writing.rings {
      var isWritten = await writeTaken()
      if complained.map({ .now - $0 >= pace.complaints }) ?? true, complain() { complained = .now }
      // As long as something may be left, it is looked at again.
      let (end, isLeft) = noted.withLock { ($0.intake.nextEnd, !$0.dropped.isEmpty) }
      if Task.isCancelled { isWritten = true }
      try? await Task.sleep(for: isWritten ? pace.batch : pace.repair)
      if !isWritten {
        writing.ring()
      } else if let end {
        timer.ring(after: .nanoseconds(max(0, end - monotonic.now())))
      } else if isLeft {
        timer.ring(after: pace.complaints)
      }
    }
  }

  /// - Parameter isLast: what is being folded is written too
  /// - Returns: false when it couldn't be written, and is kept
  @discardableResult
  private func writeTaken(isLast: Bool = false) async -> Bool {
    let now = monotonic.now()
    let (events, dropped) = noted.withLock { noted in
      (noted.intake.take(now: now, endsFolds: isLast), noted.intake.takeDropped())
    }
    note(dropped: dropped)
    guard !events.isEmpty else { return true }
    do throws(WebhookStoreError) {
      note(dropped: try await store.append(events))
      delivering.ring()
      return true
    } catch {
      noted.withLock { $0.intake.putBack(events) }
      return false
    }
  }

  private func note(dropped: [WebhookEvent.EventType: Int]) {
    guard !dropped.isEmpty else { return }
    noted.withLock { $0.dropped.merge(dropped, uniquingKeysWith: +) }
    for (type, count) in dropped { report(.dropped(type, count)) }
  }

  /// - Returns: whether there was something to complain about
  private func complain() -> Bool {
    let dropped = noted.withLock { noted in
      defer { noted.dropped = [:] }
      return noted.dropped
    }
    guard !dropped.isEmpty else { return false }
    logger.error(
      "the queue of webhooks is full: nobody is told of these events",
      metadata: .init(uniqueKeysWithValues: dropped.map { ($0.key.rawValue, .stringConvertible($0.value)) }))
    return true
  }

  // MARK: Delivering

  private func deliver() async {
    let timer = Timer(delivering)
    defer { timer.cancel() }
    delivering.ring()
    await withDiscardingTaskGroup { group in
      for await _ in delivering.rings {
        let (slots, pause) = delivery.withLock { delivery in
          let now = monotonic.now()
          return (
            delivery.brake.slots(running: delivery.running, now: now),
            delivery.running == 0 ? max(0, delivery.brake.until.subtractingSaturating(now)) : 0
          )
        }
        // Whoever ends rings.
        guard slots > 0 else {
          if pause > 0 { timer.ring(after: .nanoseconds(pause)) }
          continue
        }
        do throws(WebhookStoreError) {
          let claim = try await store.claim(limit: slots)
          delivery.withLock { $0.running += claim.events.count }
          for event in claim.events {
            group.addTask {
              await self.attempt(event)
              self.delivery.withLock { $0.running -= 1 }
              self.delivering.ring()
            }
          }
          let wait = claim.nextDue.map { Duration.microseconds(max(1_000, $0 - clock.now())) } ?? pace.poll
          timer.ring(after: min(wait, pace.poll))
        } catch {
          timer.ring(after: pace.repair)
        }
      }
    }
  }

  /// One after the other, a few at once, until nothing is due.
  private func deliverWhatIsDue() async {
    while !Task.isCancelled {
      let slots = delivery.withLock { $0.brake.slots(running: 0, now: monotonic.now()) }
      guard slots > 0, let claim = try? await store.claim(limit: slots), !claim.events.isEmpty else { return }
      await withDiscardingTaskGroup { group in
        for event in claim.events { group.addTask { await self.attempt(event) } }
      }
    }
  }

  private func attempt(_ event: WebhookStore.Claimed) async {
    let answer = await receiver.send(id: event.id, body: event.body)
    let type = event.type
    // The end of the process isn't the receiver's fault.
    if Task.isCancelled, !answer.isTaken { return await settle(event, .release) }
    switch answer {
    case .taken:
      recover()
      report(.delivered(type))
      await settle(event, .done)
    case .gone:
      recover()
      await giveUp(event, answer)
    case .refused, .failed:
      let failures = event.failures + 1
      var askedFor: Int64?
      if case .refused(_, let wait) = answer { askedFor = wait }
      noteFailure(answer)
      report(.failed(type))
      let next = pace.retries.next(
        afterFailures: failures, created: event.created, now: clock.now(), askedFor: askedFor, random: random())
      guard let next else { return await giveUp(event, answer) }
      await settle(event, .retry(at: next, problem: answer.description))
    }
  }

  private func giveUp(_ event: WebhookStore.Claimed, _ answer: WebhookReceiver.Answer) async {
    logger.error(
      "a webhook event is given up: nobody is told",
      metadata: [
        "webhook_id": .string(event.id), "event_type": .string(event.type.rawValue),
        "attempts": .stringConvertible(event.failures + 1), "problem": .string(answer.description),
      ])
    report(.gaveUp(event.type))
    await settle(event, .done)
  }

  private func settle(_ event: WebhookStore.Claimed, _ settlement: WebhookStore.Settlement) async {
    // What can't be noted is delivered once more when the lease is over; the store's log has the cause.
    try? await store.settle(event, settlement)
  }

  private func recover() {
    let failures = delivery.withLock { delivery in
      defer { delivery.brake.succeeded() }
      return delivery.brake.failures
    }
    if failures > 0 { logger.notice("the webhook receiver takes events again", metadata: metadata) }
  }

  /// One entry for each outage, however many attempts it takes.
  private func noteFailure(_ answer: WebhookReceiver.Answer) {
    let (now, number) = (monotonic.now(), random())
    let isFirst = delivery.withLock { delivery in
      delivery.brake.failed(now: now, random: number)
      return delivery.brake.failures == 1
    }
    let problem: Logger.Metadata = ["problem": .string(answer.description)]
    logger.log(
      level: isFirst ? .warning : .debug, "the webhook receiver doesn't take events; they wait",
      metadata: metadata.merging(problem) { $1 })
  }

  private var metadata: Logger.Metadata { ["receiver": .string(settings.origin ?? "")] }

  // MARK: Health

  private func watchHealth() async {
    guard let health else { return }
    var watch = HealthWatch()
    while !Task.isCancelled {
      for change in watch.note(await health(), now: monotonic.now(), time: clock.now()) { note(change) }
      try? await Task.sleep(for: pace.health)
    }
  }

  private func note(_ change: HealthWatch.Change) {
    let event = WebhookEvent(health: change, id: ids.next(), time: clock.now())
    guard settings.events.contains(event.type) else { return }
    noted.withLock { $0.intake.add(event) }
    writing.ring()
  }
}

/// Wakes one task; several rings before it looks are one.
private struct Bell: Sendable {
  let rings: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (rings, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  func ring() { continuation.yield() }
}

/// Rings a bell once, later; what it was to do before is forgotten.
private final class Timer: Sendable {
  private let bell: Bell
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(_ bell: Bell) { self.bell = bell }

  func ring(after delay: Duration) {
    let next = Task { [bell] in
      guard (try? await Task.sleep(for: delay)) != nil else { return }
      bell.ring()
    }
    task.withLock { task in
      task?.cancel()
      task = next
    }
  }

  func cancel() { task.withLock { $0?.cancel() } }
}

/// The last ids that were seen, a bounded number of them.
private struct RecentIDs {
  private static let capacity = 4_096
  private var known: Set<ExactText> = []
  private var order: [ExactText] = []
  private var oldest = 0

  /// False when it is known.
  mutating func insert(_ id: String) -> Bool {
    let id = ExactText(id)
    guard known.insert(id).inserted else { return false }
    if order.count < Self.capacity {
      order.append(id)
    } else {
      known.remove(order[oldest])
      order[oldest] = id
      oldest = (oldest + 1) % Self.capacity
    }
    return true
  }
}

extension Int64 {
  fileprivate func subtractingSaturating(_ other: Int64) -> Int64 {
    let (difference, isOver) = subtractingReportingOverflow(other)
    return isOver ? .min : difference
  }
}
