import FoundationEssentials
import Logging
import SQLite
import StrictJSON
import Testing

@testable import Gateway

@Suite struct WebhookStoreTests {
  private let folder: ScratchFolder
  private var path: String { folder.path("webhooks.db") }
  private let clock = ManualClock()
  private let lease: Int64 = 30_000_000

  init() throws { folder = try ScratchFolder() }

  private func open() throws -> WebhookStore {
    try WebhookStore(path: path, clock: clock.wall, lease: lease, logger: Logger(label: "test"))
  }

  private func event(_ id: String, _ type: WebhookEvent.EventType = .policyDenied) -> WebhookEvent {
    WebhookEvent(id: id, type: type, time: clock.wall.now(), payload: ["x": "é"])
  }

  private func kill(_ id: String, _ reason: String = "r") -> WebhookEvent {
    WebhookEvent(
      id: id, type: .killSwitchActivated, time: clock.wall.now(),
      payload: ["level": "session", "target": "s", "reason": .string(reason)])
  }

  private func ids(_ claim: WebhookStore.Claim) -> [String] { claim.events.map(\.id) }

  @Test func theMostUrgentFirst() async throws {
    let store = try open()
    #expect(try await store.claim(limit: 4).nextDue == nil)
    #expect(
      try await store.append([
        event("d1"), event("a1", .approvalRequested), event("d2"), event("h1", .healthDegraded), kill("k1"),
      ]).isEmpty)
    #expect(store.waiting == 5)
    let claim = try await store.claim(limit: 4)
    #expect(ids(claim) == ["h1", "k1", "a1", "d1"])
    #expect(claim.events[3].body == event("d1").body, "the very bytes")
    #expect(ids(try await store.claim(limit: 4)) == ["d2"])
    #expect(try await store.claim(limit: 4).nextDue == clock.wall.now() + lease)
    for event in claim.events { try await store.settle(event, .done) }
    #expect(store.waiting == 1)
  }

  @Test func survivesARestart() async throws {
    let store = try open()
    let body = event("1").body
    _ = try await store.append([event("1"), event("2")])
    let first = try #require(try await store.claim(limit: 1).events.first)
    try await store.settle(first, .retry(at: clock.wall.now() + 5_000_000, problem: "HTTP 500"))
    await store.close()
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    let again = try open()
    #expect(again.waiting == 2)
    #expect(ids(try await again.claim(limit: 9)) == ["2"])
    clock.advance(seconds: 5)
    let retried = try #require(try await again.claim(limit: 9).events.first)
    #expect(retried.id == "1" && retried.failures == 1 && retried.body == body)
    #expect(retried.created == ManualClock.start)
    let listed = try await again.list(limit: 10)
    #expect(listed.map(\.id) == ["1", "2"] && listed[0].problem == "HTTP 500" && listed[0].failures == 1)
  }

  @Test func oneDelivererAtATime() async throws {
    let (a, b) = (try open(), try open())
    _ = try await a.append([event("1"), event("2")])
    let one = try #require(try await a.claim(limit: 1).events.first)
    #expect(ids(try await b.claim(limit: 9)) == ["2"])
    #expect(ids(try await a.claim(limit: 9)).isEmpty)
    // `a` doesn't come back.
    clock.advance(seconds: 30)
    let taken = try await b.claim(limit: 1)
    #expect(ids(taken) == ["1"])
    try await a.settle(one, .done)
    #expect(a.waiting == 2, "it isn't its own any more")
    try await b.settle(taken.events[0], .done)
    #expect(ids(try await a.claim(limit: 9)) == ["2"])
    #expect(b.waiting == 1)
  }

  @Test func whatIsReleasedIsDueAtOnce() async throws {
    let (a, b) = (try open(), try open())
    _ = try await a.append([event("1")])
    try await a.settle(try #require(try await a.claim(limit: 1).events.first), .release)
    let claim = try await b.claim(limit: 1)
    #expect(ids(claim) == ["1"] && claim.events.first?.failures == 0)
  }

  @Test func manyAtOnceGetEachEventOnce() async throws {
    let stores = [try open(), try open(), try open()]
    _ = try await stores[0].append((0..<300).map { event("\($0)") })
    let claimed = await withTaskGroup(of: [String].self) { group in
      for store in stores {
        group.addTask {
          var own: [String] = []
          while let claim = try? await store.claim(limit: 4), !claim.events.isEmpty {
            own += claim.events.map(\.id)
            for event in claim.events { try? await store.settle(event, .done) }
          }
          return own
        }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(claimed.count == 300 && Set(claimed).count == 300)
    #expect(try await stores[0].list(limit: 1).isEmpty)
  }

  @Test func isBounded() async throws {
    let store = try open()
    #expect(try await store.append((0..<8_100).map { event("d\($0)") }) == [.policyDenied: 100])
    #expect(try await store.append([event("r", .rateLimitExceeded), kill("k")]) == [.rateLimitExceeded: 1])
    #expect(try await store.append((0..<1_100).map { event("h\($0)", .healthDegraded) }) == [.healthDegraded: 101])
    #expect(store.waiting == 9_000)
    #expect(ids(try await store.claim(limit: 1)) == ["k"])
  }

  @Test func anEventIsKeptOnce() async throws {
    let store = try open()
    _ = try await store.append([event("a", .approvalRequested), event("a", .approvalRequested)])
    #expect(store.waiting == 1)
  }

  /// A kill that a process orders is seen by all that share the folder.
  @Test func aKillIsToldByOneProcess() async throws {
    let (a, b) = (try open(), try open())
    _ = try await a.append([kill("1")])
    clock.advance(seconds: 2)
    _ = try await b.append([kill("2"), kill("3", "another")])
    #expect(try await a.list(limit: 9).map(\.id) == ["1", "3"])
    _ = try await a.append([kill("4")])
    #expect(a.waiting == 3, "the same process: killed, lifted and killed again")
    clock.advance(seconds: 6)
    _ = try await b.append([kill("5")])
    #expect(b.waiting == 4, "later")
  }

  @Test func aClockThatWasWrongHoldsNothingUp() async throws {
    clock.advance(seconds: 1_000_000)
    let store = try open()
    _ = try await store.append([event("1"), event("2")])
    let claim = try await store.claim(limit: 2)
    try await store.settle(claim.events[0], .retry(at: clock.wall.now() + 300_000_000, problem: ""))
    clock.advance(seconds: -1_000_000)
    #expect(ids(try await store.claim(limit: 9)) == ["1", "2"])
  }

  /// What a later version may write is left alone.
  @Test func anUnknownTypeIsNobodys() async throws {
    let store = try open()
    _ = try await store.append([event("1")])
    let connection = try Connection(path: path, mode: .readWrite)
    try connection.execute("UPDATE events SET type = 'new.type'")
    let claim = try await store.claim(limit: 9)
    #expect(claim.events.isEmpty && claim.nextDue == nil)
    #expect(try await store.list(limit: 9).map(\.type) == ["new.type"])
  }

  @Test func refusesWhatIsNoQueue() throws {
    try folder.write("no database", to: "webhooks.db")
    let error = #expect(throws: WebhookStoreError.self) { try open() }
    #expect(error?.description == "\(path) is not an AgentGate webhook queue")
    #expect(try folder.bytes("webhooks.db") == Array("no database".utf8))
  }

  @Test func aRemovedFileIsMadeAnew() async throws {
    let store = try open()
    _ = try await store.append([event("1")])
    for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    _ = try await store.append([event("2")])
    #expect(try await store.list(limit: 9).map(\.id) == ["2"])
  }
}
