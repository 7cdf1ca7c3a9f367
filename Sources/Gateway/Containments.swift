import Logging
public import StrictJSON
import Synchronization

/// What follows a kill's fence: gives up the calls that are under way, follows what becomes of them, and keeps receipts.
public final class Containments: Sendable {
  /// A kill that is being carried out.
  struct Ongoing: Sendable {
    let id: String
    let target: KillTarget
    let reason: String
    /// Microseconds since 1970, and nanoseconds of `MonotonicClock`.
    let started: Int64
    let origin: Int64
  }

  /// How long the answer to a kill waits for verdicts. Its fence stands by then.
  static let patience: Duration = .milliseconds(90)
  /// Receipts in memory.
  private static let kept = 1_000

  private let inFlight: CallsInFlight
  private let killSwitch: KillSwitch
  private let traces: any TraceStore
  private let ids: EventIDGenerator
  private let broker: CredentialBroker?
  private let key: EvidenceKey
  private let grace: Duration
  private let clock: WallClock
  private let monotonic: MonotonicClock
  private let logger: Logger
  private let receipts = Mutex((byID: [String: ContainmentReceipt](), order: [String]()))

  /// - Parameters:
  ///   - broker: takes back what the killed were lent
  ///   - key: signs receipts as it does evidence
  ///   - grace: the longest that a server has to acknowledge a cancellation
  init(
    inFlight: CallsInFlight, killSwitch: KillSwitch, traces: any TraceStore, ids: EventIDGenerator,
    broker: CredentialBroker? = nil, key: EvidenceKey, grace: Duration, clock: WallClock, monotonic: MonotonicClock,
    logger: Logger
  ) {
    self.inFlight = inFlight
    self.killSwitch = killSwitch
    self.traces = traces
    self.ids = ids
    self.broker = broker
    self.key = key
    self.grace = grace
    self.clock = clock
    self.monotonic = monotonic
    self.logger = logger
  }

  /// The kill begins: from here its times count.
  ///
  /// - Parameter id: of the kill's event
  func begin(_ target: KillTarget, id: String, reason: String) -> Ongoing {
    Ongoing(id: id, target: target, reason: reason, started: clock.now(), origin: monotonic.now())
  }

  /// Gives up what the kill switch no longer lets pass. Returns once every such call has its verdict, or after
  /// `patience`, with what is known then; the receipt goes on until it is settled.
  ///
  /// - Parameter settled: makes the event of a receipt that is settled only later
  func carryOut(
    _ ongoing: Ongoing, settled: @escaping @Sendable (ContainmentReceipt, JSONValue) -> TraceEvent
  ) async -> ContainmentReceipt {
    var receipt = ContainmentReceipt(
      id: ongoing.id, target: ongoing.target, reason: ongoing.reason, started: ongoing.started)
    receipt.steps.append(.init(name: "fenced", after: monotonic.now() - ongoing.origin))
    let entries = inFlight.takeStock { [killSwitch] entry in
      killSwitch.verdict(session: entry.session, tool: entry.tool, agent: entry.agent) != nil
    }
    let (news, announce) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    for entry in entries { entry.handle.watch { announce.yield() } }
    for entry in entries { entry.handle.giveUp(.containment("killed: \(ongoing.reason)")) }
    receipt.steps.append(.init(name: "calls_cancelled", after: monotonic.now() - ongoing.origin))
    let (revocation, began) = (revoke(), ContinuousClock.now)
    await waitForVerdicts(of: entries, news)
    update(&receipt, with: entries, since: ongoing.origin, isOver: false)
    await note(
      revocation, in: &receipt, since: ongoing.origin, within: max(.zero, Self.patience - (ContinuousClock.now - began))
    )
    if receipt.isSettled {
      keep(receipt)
      return receipt
    }
    receipt.finalEventID = ids.next()
    keep(receipt)
    let open = receipt
    Task {
      await self.follow(open, entries, revocation, ongoing.origin, settled)
      announce.finish()
    }
    return receipt
  }

  /// What is taken back from the killed, and when that was done: nanoseconds of `MonotonicClock`.
  private typealias Revocation = Task<(result: CredentialRevocation, at: Int64), Never>

  /// Takes back what those have been lent whom the kill switch no longer lets pass; absent without a broker.
  private func revoke() -> Revocation? {
    guard let broker else { return nil }
    return Task { [killSwitch, monotonic] in
      let result = await broker.revoke { session, agent in
        killSwitch.verdict(session: session, tool: nil, agent: agent) != nil
      }
      return (result, monotonic.now())
    }
  }

  /// - Parameter limit: how long it is waited for; absent, until it is over
  private func note(
    _ revocation: Revocation?, in receipt: inout ContainmentReceipt, since origin: Int64, within limit: Duration?
  ) async {
    guard let revocation, receipt.credentials == nil else { return }
    let done = FirstOf<(result: CredentialRevocation, at: Int64)?>()
    Task { done.set(await revocation.value) }
    if let limit {
      Task {
        try? await Task.sleep(for: limit)
        done.set(nil)
      }
    }
    guard let (result, time) = await done.value else {
      receipt.isSettled = false
      return
    }
    receipt.credentials = result
    if result.count > 0 { receipt.steps.append(.init(name: "credentials_revoked", after: time - origin)) }
  }

  /// As `ContainmentReceipt.json`; absent when there is none of this id.
  public func receipt(id: String) async throws(TraceStoreError) -> JSONValue? {
    if let receipt = receipts.withLock({ $0.byID[id] }) { return json(receipt) }
    guard let open = try await stored(id) else { return nil }
    guard open["state"]?.stringValue != "settled", let final = open["final_event_id"]?.stringValue else { return open }
    return try await stored(final) ?? open
  }

  func json(_ receipt: ContainmentReceipt) -> JSONValue { receipt.json(signedWith: key) }

  private func stored(_ eventID: String) async throws(TraceStoreError) -> JSONValue? {
    try await traces.events(matching: .event(eventID), after: nil, limit: 1).events.first?.event.details?.value[
      "containment"]
  }

  private func waitForVerdicts(of entries: [CallsInFlight.Entry], _ news: AsyncStream<Void>) async {
    func areDecided() -> Bool { entries.allSatisfy { $0.handle.facts.verdict(isOver: false) != nil } }
    guard !areDecided() else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for await _ in news where entries.allSatisfy({ $0.handle.facts.verdict(isOver: false) != nil }) { return }
      }
      group.addTask { try? await Task.sleep(for: Self.patience) }
      await group.next()
      group.cancelAll()
    }
  }

  /// Until every verdict is final, for at most the grace time and a little more, in which servers are ended.
  private func follow(
    _ open: ContainmentReceipt, _ entries: [CallsInFlight.Entry], _ revocation: Revocation?, _ origin: Int64,
    _ settled: @Sendable (ContainmentReceipt, JSONValue) -> TraceEvent
  ) async {
    // On a busy machine a process needs its time to be ended, and that is to be noted.
    let end = ContinuousClock.now + grace + .seconds(2)
    while ContinuousClock.now < end, !entries.allSatisfy(\.handle.facts.isSettled) {
      try? await Task.sleep(for: .milliseconds(20))
    }
    var receipt = open
    update(&receipt, with: entries, since: origin, isOver: true)
    await note(revocation, in: &receipt, since: origin, within: nil)
    receipt.steps.append(.init(name: "grace_over", after: monotonic.now() - origin))
    receipt.isSettled = true
    keep(receipt)
    let event = settled(receipt, json(receipt))
    do throws(TraceStoreError) {
      try await traces.append(event)
    } catch {
      logger.critical(
        "the trace store can't be written, a containment's receipt is in memory alone",
        metadata: [
          "problem": "\(error)", "containment_id": .string(receipt.id),
        ])
    }
  }

  private func update(
    _ receipt: inout ContainmentReceipt, with entries: [CallsInFlight.Entry], since origin: Int64, isOver: Bool
  ) {
    receipt.calls = entries.map { entry in
      let facts = entry.handle.facts
      return ContainmentReceipt.Call(
        traceID: entry.traceID, session: entry.session, tool: entry.tool, server: entry.server,
        verdict: facts.verdict(isOver: isOver),
        silentAfter: (facts.givenUp ?? facts.answered).map { max(0, $0 - origin) }, cancellation: facts.cancellation)
    }
    // A call that was given up before it reached any connection has nothing to note: it is silent at once.
    for index in receipt.calls.indices where receipt.calls[index].verdict == .neverSent {
      receipt.calls[index].silentAfter = receipt.calls[index].silentAfter ?? receipt.steps.last?.after
    }
    let silences = receipt.calls.map(\.silentAfter)
    if !receipt.steps.contains(where: { $0.name == "silent" }), silences.allSatisfy({ $0 != nil }) {
      receipt.steps.append(
        .init(name: "silent", after: silences.compactMap(\.self).max() ?? receipt.steps.last?.after ?? 0))
    }
    receipt.isSettled = entries.allSatisfy(\.handle.facts.isSettled)
  }

  private func keep(_ receipt: ContainmentReceipt) {
    receipts.withLock { receipts in
      if receipts.byID.updateValue(receipt, forKey: receipt.id) == nil { receipts.order.append(receipt.id) }
      if receipts.order.count > Self.kept {
        // Those that are settled are in the trace store.
        receipts.byID[receipts.order.removeFirst()] = nil
      }
    }
  }
}
