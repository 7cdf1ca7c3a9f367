import Logging
import StrictJSON
import Synchronization
import Testing

@testable import Gateway

/// The whole of it, with a receiver that the test plays.
@Suite(.timeLimit(.minutes(2))) struct WebhooksTests {
  private final class Receiver: Sendable {
    private let state = Mutex((requests: [OutboundRequest](), status: 200, hangs: false))

    var requests: [OutboundRequest] { state.withLock { $0.requests } }
    func answers(_ status: Int) { state.withLock { $0.status = status } }
    func hangs(_ hangs: Bool) { state.withLock { $0.hangs = hangs } }

    func ids(of type: String? = nil) -> [String] {
      requests.compactMap { request in
        let body = try? JSONValue(parsing: request.body ?? [])
        return type == nil || body?["event_type"]?.stringValue == type ? body?["id"]?.stringValue : nil
      }
    }

    func fetch(_ request: OutboundRequest) async throws -> OutboundResponse {
      let (status, hangs) = state.withLock { state in
        state.requests.append(request)
        return (state.status, state.hangs)
      }
      if hangs { try await Task.sleep(for: .seconds(60)) }
      return OutboundResponse(status: status, body: [])
    }
  }

  private let folder: ScratchFolder
  private let receiver = Receiver()
  private let log = LogRecorder()
  private var path: String { folder.path("webhooks.db") }

  init() throws { folder = try ScratchFolder() }

  private final class Reports: Sendable {
    private let all = Mutex<[Webhooks.Report]>([])
    func add(_ report: Webhooks.Report) { all.withLock { $0.append(report) } }
    var list: [Webhooks.Report] { all.withLock { $0 } }
  }
  private let reports = Reports()

  private func make(
    events: Set<WebhookEvent.EventType>? = nil, health: Webhooks.HealthStates? = nil,
    pace change: (inout Webhooks.Pace) -> Void = { _ in }
  ) throws -> Webhooks {
    var settings = WebhookSettings()
    settings.url = "https://hooks.example.org/a"
    settings.secret = WebhookKey("0123456789abcdef")
    if let events { settings.events = events }
    var pace = Webhooks.Pace()
    pace.batch = .milliseconds(5)
    pace.folding = 200_000_000
    pace.health = .milliseconds(20)
    pace.farewell = .milliseconds(300)
    pace.retries.base = 20_000
    pace.retries.longest = 50_000
    change(&pace)
    let receiver = receiver
    let reports = reports
    return Webhooks(
      settings, store: try WebhookStore(path: path, logger: log.logger),
      receiver: WebhookReceiver(url: settings.url ?? "", key: settings.secret) { try await receiver.fetch($0) },
      rateWindowSeconds: 60, health: health, ids: EventIDGenerator(), clock: .system, monotonic: .system,
      logger: log.logger, report: { reports.add($0) }, pace: pace, random: { 0.5 })
  }

  private func denial(_ id: String, session: String = "s") -> TraceEvent {
    TraceEvent(
      eventID: id, timestamp: WallClock.system.now(), kind: .toolCall, sessionID: session, toolName: "t",
      policyVersion: "v0", policyRevision: "r1", decision: .deny, reason: "no", matchedRule: "r")
  }

  private func kill(_ id: String) -> TraceEvent {
    TraceEvent(
      eventID: id, timestamp: WallClock.system.now(), kind: .kill, sessionID: id, policyVersion: "v0",
      policyRevision: "r1", reason: "rogue")
  }

  /// Runs the webhooks as long as `body` does.
  private func running(_ webhooks: Webhooks, _ body: () async throws -> Void) async throws {
    let task = Task { try await webhooks.run() }
    defer { task.cancel() }
    try await body()
    task.cancel()
    try await task.value
  }

  private func until(_ condition: () -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while !condition(), .now < end { try await Task.sleep(for: .milliseconds(5)) }
    #expect(condition())
  }

  @Test func delivers() async throws {
    let webhooks = try make()
    try await running(webhooks) {
      webhooks.note(denial("d"))
      webhooks.note(kill("k"))
      var allowed = denial("a")
      allowed.decision = .allow
      webhooks.note(allowed)
      webhooks.note(denial("x"))
      // The second one comes when its time is over.
      try await until { Set(receiver.ids()) == ["d", "k", "x"] }
      try await until { webhooks.queueLength == 0 }
    }
    let request = try #require(receiver.requests.first)
    #expect(request.method == .post && request.url == "https://hooks.example.org/a" && !request.readsAnswer)
    let fields = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, $0.value) })
    let time = try #require(Int64(fields["webhook-timestamp"] ?? ""))
    let expected = WebhookSignature.headers(
      id: fields["webhook-id"] ?? "", timestamp: time, body: request.body ?? [], key: WebhookKey("0123456789abcdef"))
    #expect(request.headers.map(\.value) == expected.map(\.value))
    #expect(abs(time - WallClock.system.now() / 1_000_000) < 60)
    #expect(reports.list.filter { $0 == .delivered(.policyDenied) }.count == 2)
  }

  @Test func onlyWhatIsChosen() async throws {
    let webhooks = try make(events: [.killSwitchActivated])
    try await running(webhooks) {
      webhooks.note(denial("d"))
      webhooks.note(kill("k"))
      try await until { !receiver.ids().isEmpty }
    }
    #expect(receiver.ids() == ["k"])
  }

  @Test func triesAgainUntilItIsTaken() async throws {
    receiver.answers(503)
    let webhooks = try make()
    try await running(webhooks) {
      webhooks.note(kill("k"))
      try await until { receiver.requests.count >= 3 }
      receiver.answers(204)
      try await until { webhooks.queueLength == 0 }
    }
    #expect(Set(receiver.ids()) == ["k"])
    #expect(Set(receiver.requests.map { $0.body ?? [] }).count == 1, "the same bytes each time")
    #expect(log.lines.filter { $0.contains("doesn't take events") && $0.contains("warning") }.count == 1)
    #expect(log.text.contains("takes events again"))
    #expect(log.text.contains(#""receiver":"https://hooks.example.org""#), "without the path")
    #expect(reports.list.last == .delivered(.killSwitchActivated))
  }

  @Test func aRedirectIsAFailure() async throws {
    receiver.answers(302)
    let webhooks = try make()
    try await running(webhooks) {
      webhooks.note(kill("k"))
      try await until { reports.list.contains(.failed(.killSwitchActivated)) }
      try await until { log.text.contains("a redirect, which isn't followed") }
    }
    #expect(webhooks.queueLength == 1)
  }

  @Test func goneIsGivenUp() async throws {
    receiver.answers(410)
    let webhooks = try make()
    try await running(webhooks) {
      webhooks.note(kill("k"))
      try await until { webhooks.queueLength == 0 && !reports.list.isEmpty }
    }
    #expect(reports.list == [.gaveUp(.killSwitchActivated)] && receiver.requests.count == 1)
    #expect(log.text.contains("given up"))
  }

  @Test func whatIsTooOldIsGivenUp() async throws {
    receiver.answers(500)
    let webhooks = try make(pace: { $0.retries.lifetime = 500_000 })
    try await running(webhooks) {
      webhooks.note(kill("k"))
      try await until { reports.list.contains(.gaveUp(.killSwitchActivated)) }
      try await until { webhooks.queueLength == 0 }
    }
    #expect(receiver.requests.count > 1)
  }

  @Test func aRestartLosesNothing() async throws {
    receiver.answers(500)
    let first = try make(pace: { $0.farewell = .zero })
    try await running(first) {
      first.note(kill("k"))
      first.note(denial("d1"))
      first.note(denial("d2"))
      try await until { receiver.requests.count >= 1 }
    }
    receiver.answers(200)
    let second = try make()
    try await running(second) { try await until { second.queueLength == 0 } }
    // d2 was being folded when the process ended.
    #expect(Set(receiver.ids()) == ["k", "d1", "d2"])
    #expect(reports.list.filter { if case .delivered = $0 { true } else { false } }.count == 3)
  }

  /// A process of its own may live for a moment only.
  @Test func whatIsNotedRightBeforeTheEndIsKept() async throws {
    let webhooks = try make()
    try await running(webhooks) {
      try await Task.sleep(for: .milliseconds(30))
      for number in 0..<50 { webhooks.note(denial("\(number)", session: "\(number)")) }
    }
    let store = try WebhookStore(path: path, logger: log.logger)
    let kept = try await store.list(limit: 100).map(\.id)
    let delivered = reports.list.count { $0 == .delivered(.policyDenied) }
    #expect(Set(kept + receiver.ids()).count == 50 && kept.count + delivered >= 50)
    webhooks.note(kill("late"))
    #expect(try await store.list(limit: 100).contains { $0.id == "late" } == false, "it is over")
  }

  @Test func aHangingReceiverHoldsNobodyUp() async throws {
    receiver.hangs(true)
    let webhooks = try make()
    try await running(webhooks) {
      let began = ContinuousClock.now
      for number in 0..<2_000 { webhooks.note(denial("\(number)", session: "\(number)")) }
      webhooks.note(kill("k"))
      try await until { webhooks.queueLength == 2_001 }
      #expect(.now - began < .seconds(20), "the receiver hangs for a minute")
      try await until { receiver.requests.count == 4 }
    }
    let store = try WebhookStore(path: path, logger: log.logger)
    #expect(try await store.claim(limit: 9_999).events.count == 2_001, "the end gives leases back")
  }

  @Test func twoProcessesShareAQueue() async throws {
    let (a, b) = (try make(), try make())
    try await running(a) {
      try await running(b) {
        for number in 0..<100 { (number.isMultiple(of: 2) ? a : b).note(denial("\(number)", session: "\(number)")) }
        try await until { reports.list.count >= 100 }
      }
    }
    #expect(receiver.ids().count == 100 && Set(receiver.ids()).count == 100)
  }

  @Test func anApprovalIsToldOnce() async throws {
    let webhooks = try make()
    let approval = PendingApproval(id: "a1", requestState: "sealed", expires: 0)
    var event = denial("e")
    event.decision = .requireApproval
    try await running(webhooks) {
      for _ in 0..<5 { webhooks.note(event, approval: approval) }
      try await until { webhooks.queueLength == 0 && !receiver.requests.isEmpty }
      webhooks.note(event, approval: approval)
      webhooks.note(kill("k"))
      try await until { receiver.ids().contains("k") }
    }
    #expect(receiver.ids(of: "approval.requested") == ["a1"])
  }

  @Test func healthIsWatched() async throws {
    let bad = Flag()
    let webhooks = try make(health: { ["upstream:x": bad.value ? .bad("down") : .good] })
    try await running(webhooks) {
      try await until { receiver.ids(of: "health.degraded").count == 1 }
      bad.value = false
      try await until { receiver.ids(of: "health.recovered").count == 1 }
    }
  }

  private final class Flag: Sendable {
    private let flag = Mutex(true)
    var value: Bool {
      get { flag.withLock { $0 } }
      set { flag.withLock { $0 = newValue } }
    }
  }

  @Test func aFloodIsFoldedAndAFullQueueSaysSo() async throws {
    receiver.hangs(true)
    let webhooks = try make()
    try await running(webhooks) {
      for number in 0..<1_000 { webhooks.note(denial("\(number)")) }
      try await until { webhooks.queueLength == 2 }
      for number in 0..<9_000 { webhooks.note(denial("x\(number)", session: "\(number)")) }
      try await until { log.text.contains("the queue of webhooks is full") }
    }
    let dropped = reports.list.reduce(0) { sum, report in
      if case .dropped(.policyDenied, let count) = report { sum + count } else { sum }
    }
    #expect(dropped >= 1_000)
    let store = try WebhookStore(path: path, logger: log.logger)
    let folded = try await store.list(limit: 10_000).filter { $0.id == "1" }
    #expect(try JSONValue(parsing: folded.first?.body ?? [])["payload"]?["count"] == 999)
  }

  @Test func aBrokenQueueKeepsEventsInMemory() async throws {
    let webhooks = try make(pace: { $0.repair = .milliseconds(50) })
    // A folder stands where the file was.
    for suffix in ["", "-wal", "-shm"] { try? Files.remove(path + suffix) }
    try Files.write("", to: path + "/x")
    try await running(webhooks) {
      webhooks.note(kill("k"))
      try await until { log.text.contains("the queue of webhooks is unavailable") }
      webhooks.note(kill("k2"))
      try Files.remove(path)
      try await until { Set(receiver.ids()) == ["k", "k2"] }
    }
    #expect(log.text.contains("available again"))
  }
}
