import Logging
import StrictJSON
import Testing

@testable import Gateway

/// What packs say of denials, tools and kills. Times are in seconds.
@Suite struct EvidenceAnomalyTests {
  private static let start: Int64 = 1_767_225_600_000_000
  private let store = MemoryTraceStore()

  private func anomalies(
    _ kind: EvidencePack.Anomaly.Kind, session: String = "s", in other: (any TraceStore)? = nil
  ) async throws -> [EvidencePack.Anomaly] {
    let builder = EvidenceBuilder(store: other ?? store, version: "1", key: EvidenceKey())
    return try await builder.pack(session: session).anomalies.filter { $0.kind == kind }
  }

  private func add(
    _ id: String, at seconds: Double, session: String = "s", tool: String = "db_query", agent: String? = nil,
    user: String? = nil, isDenied: Bool = false, to other: (any TraceStore)? = nil
  ) async throws {
    var event = TraceEvent.call(id, at: time(seconds), session: session, tool: tool)
    (event.agentID, event.userID) = (agent, user)
    if isDenied { event.decision = .deny }
    try await (other ?? store).append(event)
  }

  private func kill(_ id: String, _ session: String, at seconds: Double, to other: (any TraceStore)? = nil) async throws
  {
    try await (other ?? store).append(.act(id, .kill, at: time(seconds), session: session))
  }

  private func unkill(_ id: String, _ session: String, at seconds: Double, error: String? = nil) async throws {
    var event = TraceEvent.act(id, .unkill, at: time(seconds), session: session)
    event.error = error
    try await store.append(event)
  }

  private func time(_ seconds: Double) -> Int64 { Self.start + Int64((seconds * 1_000_000).rounded()) }

  // MARK: denial_spike

  struct Denials: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Seconds, and `true` for a denied call.
    let calls: [(at: Double, isDenied: Bool)]
    /// Indexes of calls.
    let spikes: [[Int]]

    init(_ description: String, _ calls: [(Double, Bool)], _ spikes: [[Int]]) {
      (testDescription, self.calls, self.spikes) = (description, calls, spikes)
    }
  }

  private static func denied(_ times: some Sequence<Int>) -> [(Double, Bool)] { times.map { (Double($0), true) } }
  private static func allowed(_ times: some Sequence<Int>) -> [(Double, Bool)] { times.map { (Double($0), false) } }

  static let denials: [Denials] = [
    Denials("none", allowed(0..<30), []),
    Denials("nine", denied(0..<9), []),
    Denials("ten", denied(0..<10), [Array(0..<10)]),
    Denials("ten within 60 seconds", denied(Array(0..<9) + [60]), [Array(0..<10)]),
    Denials("ten within more", denied(0..<9) + [(60.000_001, true)], []),
    Denials("all at once", Array(repeating: (5, true), count: 10), [Array(0..<10)]),
    Denials("half", denied(0..<10) + allowed(10..<20), [Array(0..<10)]),
    Denials(
      "half, allowed ones between", (0..<20).map { (Double($0), $0 % 2 == 1) }, [Array(stride(from: 1, to: 20, by: 2))]),
    Denials(
      "less than half, all at once", Array(repeating: (5, true), count: 10) + Array(repeating: (5, false), count: 11),
      []),
    Denials(
      "less than half everywhere", (0..<62).map { (Double($0), $0 % 3 == 0) }, []),
    Denials(
      "allowed ones 60 seconds before, counted or not",
      allowed(0..<20) + denied(51..<61), [Array(20..<30)]),
    Denials(
      "too many within 60 seconds on either side of the last",
      [(0, false), (1, false)] + Array(repeating: (30, true), count: 10) + Array(repeating: (30, false), count: 9)
        + [(59, false), (60, false)], []),
    Denials(
      "a later window has fewer allowed ones",
      [(0, false), (1, false)] + Array(repeating: (30, true), count: 10) + Array(repeating: (30, false), count: 9)
        + [(89, false)], [Array(2..<12)]),
    Denials("one run", denied(0..<200), [Array(0..<200)]),
    Denials("windows that share denials", denied(stride(from: 0, to: 300, by: 6)), [Array(0..<50)]),
    Denials("too slow", denied(stride(from: 0, to: 300, by: 7)), []),
    Denials("two", denied(0..<10) + allowed([100]) + denied(200..<212), [Array(0..<10), Array(11..<23)]),
    Denials(
      "two close ones", denied(0..<10) + allowed(10..<40) + denied(68..<80),
      [Array(0..<10), Array(40..<52)]),
  ]

  @Test(arguments: denials) func denialSpikes(_ denials: Denials) async throws {
    for (index, call) in denials.calls.enumerated() {
      try await add(String(1_000 + index), at: call.at, isDenied: call.isDenied)
    }
    let found = try await anomalies(.denialSpike)
    #expect(found.map(\.eventIDs) == denials.spikes.map { $0.map { String(1_000 + $0) } })
    #expect(
      found.allSatisfy {
        $0.description == "At least 10 calls denied within 60 seconds, and at least half of all calls in that time"
      })
  }

  /// Against looking at every window there is.
  @Test func denialSpikesAreThoseOfAllWindows() throws {
    var generator = Seeded(state: 7)
    for _ in 0..<300 {
      let count = Int.random(in: 0..<80, using: &generator)
      let span = Int.random(in: 1..<240, using: &generator)
      let share = Int.random(in: 1...10, using: &generator)
      var calls = (0..<count).map { _ in
        (at: Int.random(in: 0..<span, using: &generator), isDenied: Int.random(in: 0..<10, using: &generator) < share)
      }
      calls.sort { $0.at < $1.at }
      var spikes = DenialSpikes()
      for (index, call) in calls.enumerated() {
        var event = TraceEvent.call("\(index)", at: time(Double(call.at)))
        if call.isDenied { event.decision = .deny }
        spikes.add(event)
      }
      var expected: Set<Int> = []
      for start in -61...240 {
        // Between two calls too.
        for shift in [0.0, 0.5] {
          let begin = Double(start) + shift
          let window = calls.indices.filter { (begin...begin + 60).contains(Double(calls[$0].at)) }
          let denied = window.filter { calls[$0].isDenied }
          if denied.count >= 10, 2 * denied.count >= window.count { expected.formUnion(denied) }
        }
      }
      let found = spikes.anomalies.flatMap(\.eventIDs)
      #expect(found == expected.sorted().map(String.init))
    }
  }

  private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      return z ^ z >> 31
    }
  }

  // MARK: unusual_tool

  /// The session's calls before it, the agent's calls before the session, the tool's among them.
  @Test(
    arguments: [
      (19, nil, 0, false), (20, nil, 0, true),
      (20, 0, 0, false), (20, 19, 0, false), (20, 20, 0, true), (19, 20, 0, false), (20, 20, 1, false),
      (20, 400, 0, true), (200, 20, 20, false),
    ] as [(Int, Int?, Int, Bool)])
  func unusualTool(earlier: Int, past: Int?, ofTool: Int, isUnusual: Bool) async throws {
    let agent = past == nil ? nil : "bot"
    for number in 0..<(past ?? 0) {
      try await add(
        "p\(number)", at: Double(number), session: "before", tool: number < ofTool ? "drop" : "db_query", agent: agent)
    }
    for number in 0..<earlier {
      try await add(
        "c\(number)", at: 1_000 + Double(number), tool: number % 2 == 0 ? "db_query" : "file_read", agent: agent)
    }
    try await add("x", at: 2_000, tool: "drop", agent: agent)
    try await add("y", at: 2_001, tool: "drop", agent: agent)
    try await add("later", at: 2_002, session: "after", tool: "drop", agent: agent)
    let found = try await anomalies(.unusualTool)
    #expect(found.map(\.eventIDs) == (isUnusual ? [["x"]] : []))
    if isUnusual {
      #expect(
        found[0].description == #"First call of tool "drop", after \#(earlier) calls of other tools"#
          + (past == nil ? "" : #"; agent "bot" had never called it before"#))
    }
  }

  @Test func everyUnusualToolIsOne() async throws {
    for number in 0..<20 { try await add("c\(number)", at: Double(number)) }
    for number in 0..<103 { try await add("x\(number)", at: 100 + Double(number), tool: "t\(number)") }
    let found = try await anomalies(.unusualTool)
    #expect(found.map(\.eventIDs) == (0..<100).map { ["x\($0)"] } + [["x100", "x101", "x102"]])
    #expect(found[99].description == #"First call of tool "t99", after 119 calls of other tools"#)
    #expect(found[100].description == "First calls of tools beyond the first 100, not looked for in the agent's past")
  }

  /// The agent's calls in another session meanwhile are past too, its own session's aren't, whatever was written first.
  @Test func thePastEndsWithTheCall() async throws {
    for number in 0..<20 { try await add("p\(number)", at: Double(number), session: "t", agent: "bot") }
    for number in 0..<20 { try await add("c\(number)", at: 100 + Double(number), agent: "bot") }
    try await add("meanwhile", at: 130, session: "t", tool: "known", agent: "bot")
    try await add("x", at: 140, tool: "known", agent: "bot")
    // It took longer than the one after it.
    try await add("second", at: 151, tool: "new", agent: "bot")
    try await add("first", at: 150, tool: "new", agent: "bot")
    #expect(try await anomalies(.unusualTool).map(\.eventIDs) == [["first"]])
  }

  @Test func namesAreCutAndVisible() async throws {
    for number in 0..<20 { try await add("c\(number)", at: Double(number)) }
    try await add("x", at: 30, tool: "\u{202E}\"\n" + String(repeating: "\u{1F600}", count: 254))
    try await add("fits", at: 31, tool: String(repeating: "a", count: 256))
    let found = try await anomalies(.unusualTool).map(\.description)
    let shown = #"\u{202E}\"\n"# + String(repeating: "\u{1F600}", count: 253)
    #expect(
      found == [
        "First call of tool \"\(shown)\"…, after 20 calls of other tools",
        "First call of tool \"\(String(repeating: "a", count: 256))\", after 21 calls of other tools",
      ])
  }

  // MARK: kill_evasion

  @Test(arguments: TraceStoreBackend.allCases) func bothPacksTellOfAnEvasion(backend: TraceStoreBackend) async throws {
    let folder = try ScratchFolder()
    let store = try backend.open(path: folder.path("traces.db"), key: EvidenceKey(), logger: Logger(label: "test"))
    try await add("a", at: 0, session: "killed", agent: "bot", user: "ann", to: store)
    try await kill("k", "killed", at: 10, to: store)
    try await add("b", at: 70, agent: "bot", user: "bob", to: store)
    try await add("c", at: 80, session: "other", agent: "crawler", user: "ann", to: store)
    try await add("d", at: 90, session: "unrelated", agent: "crawler", user: "eve", to: store)
    #expect(
      try await anomalies(.killEvasion, in: store) == [
        EvidencePack.Anomaly(
          kind: .killEvasion, eventIDs: ["b"],
          description: #"Began within 60 minutes after session "killed", of the same agent "bot", was killed at "#
            + "2026-01-01T00:00:10+00:00")
      ])
    #expect(
      try await anomalies(.killEvasion, session: "other", in: store) == [
        EvidencePack.Anomaly(
          kind: .killEvasion, eventIDs: ["c"],
          description: #"Began within 60 minutes after session "killed", of the same user "ann", was killed at "#
            + "2026-01-01T00:00:10+00:00")
      ])
    #expect(
      try await anomalies(.killEvasion, session: "killed", in: store) == [
        EvidencePack.Anomaly(
          kind: .killEvasion, eventIDs: ["k"],
          description: #"Killed, and the same agent "bot" went on within 60 minutes in session "s", which began at "#
            + "2026-01-01T00:01:10+00:00"),
        EvidencePack.Anomaly(
          kind: .killEvasion, eventIDs: ["k"],
          description: #"Killed, and the same user "ann" went on within 60 minutes in session "other", which began at "#
            + "2026-01-01T00:01:20+00:00"),
      ])
    #expect(try await anomalies(.killEvasion, session: "unrelated", in: store).isEmpty)
    await store.close()
  }

  /// When the other session begins, in seconds after the kill.
  @Test(
    arguments: [
      (-1, false), (0, false), (0.000_001, true), (3_600, true), (3_600.000_001, false), (86_400, false),
    ] as [(Double, Bool)])
  func anEvasionBeginsWithinAnHour(after seconds: Double, isEvasion: Bool) async throws {
    try await add("a", at: -10, session: "killed", agent: "bot")
    try await kill("k", "killed", at: 0)
    try await add("b", at: seconds, agent: "bot")
    #expect(try await anomalies(.killEvasion).map(\.eventIDs) == (isEvasion ? [["b"]] : []))
    #expect(
      try await anomalies(.killEvasion, session: "killed").map(\.eventIDs) == (isEvasion ? [["k"]] : []))
  }

  @Test func noEvasionWithoutASharedName() async throws {
    try await add("a", at: 0, session: "killed")
    try await kill("k", "killed", at: 1)
    try await add("b", at: 2)
    #expect(try await anomalies(.killEvasion).isEmpty)
    #expect(try await anomalies(.killEvasion, session: "killed").isEmpty)
    #expect(try await anomalies(.killEvasion, session: "never seen").isEmpty)
  }

  /// A lifted kill isn't evaded, and one is that was lifted without success.
  @Test func aKillThatWasLifted() async throws {
    try await add("a", at: 0, session: "killed", agent: "bot")
    try await kill("k1", "killed", at: 10)
    try await unkill("u1", "killed", at: 20)
    try await add("b", at: 30, session: "after the first", agent: "bot")
    try await kill("k2", "killed", at: 40)
    try await unkill("u2", "killed", at: 50)
    try await unkill("u3", "killed", at: 50, error: "nothing was lifted")
    try await add("c", at: 60, session: "after the second", agent: "bot")
    #expect(try await anomalies(.killEvasion, session: "after the first").isEmpty)
    #expect(
      try await anomalies(.killEvasion, session: "after the second").map(\.description) == [
        #"Began within 60 minutes after session "killed", of the same agent "bot", was killed at "#
          + "2026-01-01T00:00:40+00:00"
      ])
    #expect(
      try await anomalies(.killEvasion, session: "killed").map(\.description) == [
        #"Killed, and the same agent "bot" went on within 60 minutes in session "after the second", which began at "#
          + "2026-01-01T00:01:00+00:00"
      ])
  }

  @Test func everyOtherSessionIsOne() async throws {
    for number in 0..<70 {
      try await add("a\(number)", at: Double(number), session: "killed \(number)", agent: "bot")
      try await kill("k\(number)", "killed \(number)", at: 100 + Double(number))
    }
    for number in 0..<70 {
      try await add("b\(number)", at: 200 + Double(number), session: "later \(number)", agent: "bot")
    }
    let found = try await anomalies(.killEvasion, session: "later 0")
    #expect(found.count == 64)
    #expect(found.first?.description.contains(#""killed 69""#) == true)
    let after = try await anomalies(.killEvasion, session: "killed 3")
    #expect(after.count == 64)
    #expect(after.first?.description.contains(#""later 0""#) == true)
    // Hopping on: killed itself, and begun after others were.
    try await kill("k", "later 1", at: 300)
    try await add("c", at: 310, session: "last", agent: "bot")
    let both = try await anomalies(.killEvasion, session: "later 1")
    #expect(both.count == 65)
    #expect(both.last?.eventIDs == ["k"])
  }

  /// What begins before the kill and is written after it doesn't evade it.
  @Test func theFirstEventCountsNotTheOneWrittenFirst() async throws {
    try await add("a", at: 0, session: "killed", agent: "bot")
    try await kill("k", "killed", at: 10)
    try await add("quick", at: 11, agent: "bot")
    try await add("slow", at: 9, agent: "bot")
    #expect(try await anomalies(.killEvasion).isEmpty)
    #expect(try await anomalies(.killEvasion, session: "killed").isEmpty)
  }

  @Test func aPackWithAllOfThemIsAsItWasMade() async throws {
    for number in 0..<20 { try await add("p\(number)", at: Double(number), session: "killed", agent: "bot") }
    try await kill("k", "killed", at: 30)
    for number in 0..<30 { try await add("c\(number)", at: 40 + Double(number) / 100, agent: "bot", isDenied: true) }
    try await add("x", at: 41, tool: "drop", agent: "bot")
    let key = EvidenceKey()
    let pack = try await EvidenceBuilder(store: store, version: "1", key: key).pack(session: "s")
    #expect(pack.anomalies.map(\.kind) == [.rapidFire, .denialSpike, .unusualTool, .killEvasion])
    let json = EvidenceJSON(pack).bytes
    #expect(EvidencePackCheck(json, publicKey: key.publicKey).findings == [])
    var changed = try JSONValue(parsing: json)
    changed.set(["anomalies", 3, "description"], "nothing")
    #expect(!EvidencePackCheck(changed.serialized(), publicKey: key.publicKey).findings.isEmpty)
  }
}
