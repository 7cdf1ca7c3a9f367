import Logging
import Testing

@testable import Gateway

/// What every trace store does, run over all of them.
@Suite struct TraceStoreContractTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func open(_ backend: TraceStoreBackend) throws -> any TraceStore {
    try backend.open(path: folder.path("traces.db"), key: EvidenceKey(), logger: Logger(label: "test"))
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func everyFieldComesBack(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    let full = TraceEvent(
      eventID: "e1", timestamp: 1_767_225_600_123_456, kind: .toolCall, sessionID: "s\u{0}\u{1F600}\u{202E}",
      userID: "",
      agentID: "Agent \u{FFFF}", toolName: "db_insert", argumentsHash: "abc", policyVersion: "v0",
      policyRevision: "r\n1", decision: .requireApproval, reason: "why \"not\"", matchedRule: "rule",
      executed: true, durationMilliseconds: Int.max, error: "\u{0}", isWriteAction: true, approvalTokenPresent: true)
    let empty = TraceEvent(
      eventID: "e0", timestamp: ISOTimestamp.range.lowerBound, kind: .kill, sessionID: full.sessionID,
      policyVersion: "", policyRevision: "", reason: "")
    try await store.append(full)
    try await store.append(empty)
    #expect(try await store.events(session: full.sessionID ?? "") == [empty, full])
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func eventsAscendByTimeThenID(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    for (id, time) in [("b", 2), ("d", 1_000_000), ("a", 2), ("c", 1)] as [(String, Int64)] {
      try await store.append(.call(id, at: time))
    }
    #expect(try await store.events(session: "s").map(\.eventID) == ["c", "a", "b", "d"])
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func pagesShowTheStoreAsItWas(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    for number in 10..<20 { try await store.append(.call("e\(number)", at: Int64(number / 3))) }
    var found: [String] = []
    var cursor: TraceCursor?
    repeat {
      let page = try await store.events(matching: .session("s"), after: cursor, limit: 3)
      found += page.events.map(\.eventID)
      cursor = page.next
      try await store.append(.call("later\(found.count)", at: 100))
    } while cursor != nil && found.count < 100
    #expect(found == (10..<20).map { "e\($0)" })
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func sessionsAreThoseWithCallsInByteOrder(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    // The first two are canonically equivalent: one letter, or a letter and an accent.
    let ids = ["\u{E9}", "e\u{301}", "Z", "a", "a\u{0}", "\u{1F600}", "\u{FFFD}"]
    for (number, id) in ids.enumerated() {
      try await store.append(.call("e\(number)", at: Int64(number), session: id))
    }
    try await store.append(.act("k", .kill, at: 1, session: "killed only"))
    let expected = ids.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { Array($0.utf8) }
    #expect(try await store.sessions().map { Array($0.utf8) } == expected)
    let second = try await store.sessions(after: expected.first.map { String(decoding: $0, as: UTF8.self) }, limit: 2)
    #expect(second.map { Array($0.utf8) } == Array(expected[1...2]))
    #expect(try await store.events(session: "\u{E9}").map(\.eventID) == ["e0"])
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func controlEventsAreThoseOfNoSession(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    for (id, kind, time) in [
      ("pause", .pause, 10), ("resume", .resume, 20), ("reload", .reload, 30), ("early", .pause, 9),
      ("late", .resume, 31),
    ] as [(String, TraceEvent.Kind, Int64)] {
      try await store.append(.act(id, kind, at: time))
    }
    try await store.append(.act("own", .kill, at: 15, session: "s"))
    try await store.append(.call("call", at: 15))
    let first = try await store.events(matching: .control(10...30), after: nil, limit: 2)
    let second = try await store.events(matching: .control(10...30), after: first.next, limit: 2)
    #expect((first.events + second.events).map(\.eventID) == ["pause", "resume", "reload"])
    #expect(second.next == nil)
    #expect(try await store.events(session: "s").map(\.eventID) == ["call", "own"])
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func anIDIsTakenOnce(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    try await store.append(.call("e", at: 1))
    try await store.append(.call("e", at: 1))
    let error = await #expect(throws: TraceStoreError.self) { try await store.append(.call("e", at: 2)) }
    #expect(error?.reason == .conflict)
    #expect(try await store.events(session: "s") == [.call("e", at: 1)])
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func anIntentIsNoEvent(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    var event = TraceEvent.call("e", at: 1)
    try await store.recordIntent(event)
    #expect(try await store.events(session: "s").isEmpty)
    let error = await #expect(throws: TraceStoreError.self) { try await store.recordIntent(event) }
    #expect(error?.reason == .conflict)
    event.executed = true
    try await store.append(event)
    #expect(try await store.events(session: "s") == [event])
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func manyAtOnceAreAllKept(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    try await store.append(.call("7", at: 700))
    // One of them is refused, which costs the others nothing.
    let refused = await withTaskGroup(of: Int.self) { group in
      for number in 0..<1_000 {
        group.addTask {
          do {
            try await store.append(.call("\(number)", at: Int64(number)))
            return 0
          } catch {
            return 1
          }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(refused == 1)
    #expect(try await store.events(session: "s").count == 1_000)
    #expect(await store.isHealthy())
  }

  @Test(arguments: TraceStoreBackend.allCases, [Int64.min, .max])
  func aTimeWithoutATextIsRefused(backend: TraceStoreBackend, time: Int64) async throws {
    let store = try open(backend)
    let error = await #expect(throws: TraceStoreError.self) { try await store.append(.call("e", at: time)) }
    #expect(error?.reason == .invalid)
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func killsOfSessionsAreTheLatestOfTheirTime(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    for (id, kind, time) in [
      ("late", .kill, 31), ("k3", .kill, 30), ("u1", .unkill, 20), ("k2", .kill, 20), ("k1", .kill, 10),
      ("early", .kill, 9), ("receipt", .containment, 15),
    ] as [(String, TraceEvent.Kind, Int64)] {
      try await store.append(.act(id, kind, at: time, session: "s"))
    }
    try await store.append(.act("tool", .kill, at: 15))
    func ids(_ times: ClosedRange<Int64>, upTo size: Int64 = 100, limit: Int = 10) async throws -> [String] {
      try await store.sessionKills(in: times, upTo: size, limit: limit).map(\.eventID)
    }
    #expect(try await ids(10...30) == ["k1", "k2", "u1", "k3"])
    #expect(try await ids(10...30, limit: 2) == ["u1", "k3"])
    #expect(try await ids(10...30, upTo: 3) == ["u1", "k3"])
    #expect(try await ids(10...30, limit: 0) == [])
    #expect(try await ids(11...19) == [])
    #expect(
      try await store.sessionKills(in: 20...20, upTo: 100, limit: 1) == [.act("u1", .unkill, at: 20, session: "s")])
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func sessionsOfANameAreThoseWhoseFirstEventHasIt(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    // The last but one is canonically equivalent to the first.
    for (number, (session, agent, user, time)) in [
      ("c", "\u{E9}", "u", 30), ("a", "\u{E9}", nil, 10), ("b", "\u{E9}", "u", 20), ("late", "\u{E9}", "u", 31),
      ("early", "\u{E9}", "u", 9), ("anonymous", nil, nil, 20), ("anonymous", "\u{E9}", "u", 21),
      ("killed", nil, "u", 22), ("accent", "e\u{301}", nil, 23), ("b", "\u{E9}", "u", 15),
    ].enumerated() as EnumeratedSequence<[(String, String?, String?, Int64)]> {
      var event = TraceEvent.call("e\(number)", at: time, session: session)
      (event.agentID, event.userID) = (agent, user)
      try await store.append(event)
    }
    func sessions(_ name: TraceName, upTo size: Int64 = 100, limit: Int = 10) async throws -> [String] {
      try await store.sessions(of: name, startedIn: 10...30, upTo: size, limit: limit)
    }
    #expect(try await sessions(.agent("\u{E9}")) == ["a", "b", "c"])
    #expect(try await sessions(.agent("\u{E9}"), limit: 2) == ["a", "b"])
    #expect(try await sessions(.agent("\u{E9}"), upTo: 2) == ["a", "c"])
    #expect(try await sessions(.agent("e\u{301}")) == ["accent"])
    #expect(try await sessions(.user("u")) == ["b", "killed", "c"])
    #expect(try await sessions(.user("a")) == [])
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func callsAreCountedToALimit(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    for number in 1...9 {
      var event = TraceEvent.call("e\(number)", at: 10 - Int64(number), session: "\(number)", tool: "t\(number % 3)")
      event.agentID = number == 9 ? "b" : "a"
      if number == 8 { event.kind = .request }
      try await store.append(event)
    }
    func count(_ agent: String, _ tool: String? = nil, upTo size: Int64 = 100, limit: Int = 10) async throws -> Int {
      try await store.callCount(agent: agent, tool: tool, upTo: size, limit: limit)
    }
    #expect(try await count("a") == 7)
    #expect(try await count("a", limit: 7) == 7)
    #expect(try await count("a", limit: 6) == 6)
    #expect(try await count("a", upTo: 4) == 4)
    #expect(try await count("a", upTo: 0) == 0)
    #expect(try await count("a", "t1") == 3)
    #expect(try await count("a", "t1", upTo: 6) == 2)
    #expect(try await count("a", "t2") == 2)
    #expect(try await count("a", "t0", limit: 1) == 1)
    #expect(try await count("b", "t1") == 0)
    #expect(try await count("c") == 0)
  }

  @Test(arguments: TraceStoreBackend.allCases)
  func aClosedStoreRefusesEverything(backend: TraceStoreBackend) async throws {
    let store = try open(backend)
    try await store.append(.call("e", at: 1))
    await store.close()
    await store.close()
    await #expect(throws: TraceStoreError.closed) { try await store.append(.call("f", at: 1)) }
    await #expect(throws: TraceStoreError.closed) { try await store.events(session: "s") }
    await #expect(throws: TraceStoreError.closed) { try await store.sessionKills(in: 0...1, upTo: 1, limit: 1) }
    await #expect(throws: TraceStoreError.closed) {
      try await store.sessions(of: .user("u"), startedIn: 0...1, upTo: 1, limit: 1)
    }
    await #expect(throws: TraceStoreError.closed) {
      try await store.callCount(agent: "a", tool: nil, upTo: 1, limit: 1)
    }
    #expect(await !store.isHealthy())
  }
}

extension TraceEvent {
  static func call(_ id: String, at time: Int64, session: String = "s", tool: String = "db_query") -> TraceEvent {
    TraceEvent(
      eventID: id, timestamp: time, kind: .toolCall, sessionID: session, toolName: tool, policyVersion: "v0",
      policyRevision: "r", decision: .allow, reason: "Read-only tool", matchedRule: "read_only_tools")
  }

  static func act(_ id: String, _ kind: Kind, at time: Int64, session: String? = nil) -> TraceEvent {
    TraceEvent(
      eventID: id, timestamp: time, kind: kind, sessionID: session, policyVersion: "v0", policyRevision: "r",
      reason: "operator")
  }
}
