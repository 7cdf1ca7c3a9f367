import FoundationEssentials
import Logging
import SQLite
import StrictJSON
import Testing

@testable import Gateway

@Suite struct SQLiteTraceStoreTests {
  private let folder: ScratchFolder
  private var path: String { folder.path("traces.db") }
  private let key = EvidenceKey()

  init() throws { folder = try ScratchFolder() }

  private func open(_ path: String? = nil) throws -> SQLiteTraceStore {
    try SQLiteTraceStore(path: path ?? self.path, key: key, logger: Logger(label: "test"))
  }

  /// The files as a crash at this moment would leave them, under another name.
  private func crashed() throws -> String {
    let copy = folder.path("crashed-\(UUID().uuidString).db")
    let logs = OutcomeLog.left(database: path).map { $0.dropFirst(path.count) }
    for suffix in ["", "-wal"] + logs {
      try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
    }
    return copy
  }

  @Test func anAppendedEventSurvivesACrash() async throws {
    let store = try open()
    for number in 0..<20 {
      try await store.append(.call("e\(number)", at: Int64(number)))
      let later = try open(try crashed())
      #expect(try await later.events(session: "s").count == number + 1)
    }
    await store.close()
    #expect(try await open().events(session: "s").count == 20)
  }

  /// Without a sync it is there for a copy of the files, which is what a crash of the process leaves.
  @Test func aFinishedReadSurvivesACrash() async throws {
    let store = try open()
    for number in 0..<20 {
      var event = TraceEvent.call("e\(number)", at: Int64(number))
      let note = store.begin(event)
      try await note.wait()
      do {
        let later = try open(try crashed())
        var interrupted = event
        interrupted.executed = true
        interrupted.error = "interrupted: outcome unknown"
        #expect(try await later.events(session: "s").last == interrupted)
        await later.close()
      }
      event.executed = true
      event.durationMilliseconds = number == 0 ? nil : 7
      event.error = number < 4 ? nil : "line\n\"\(number)\""
      event.details = number < 6 ? nil : try CanonicalJSON(["redactions": [1, 0]])
      if number.isMultiple(of: 2) { try await store.append(event) } else { #expect(store.finish(event)) }
      let later = try open(try crashed())
      #expect(try await later.events(session: "s").count == number + 1)
      #expect(try await later.events(session: "s").last == event)
      #expect(OutcomeLog.left(database: later.path).isEmpty)
      await later.close()
      #expect(try await store.events(session: "s").last == event)
    }
    await store.close()
    #expect(OutcomeLog.left(database: path).isEmpty)
    #expect(try await open().events(session: "s").count == 20)
    let file = try Connection(path: path, mode: .readOnly)
    #expect(try file.integer("SELECT count(*) FROM running") == 0)
  }

  /// And sorts nothing: what it reads is what it answers, whatever SQLite has learnt of the rows.
  @Test(arguments: TraceReader.Lookup.all, [false, true])
  func aLookupReadsNoMoreThanItsRows(statement: String, isAnalysed: Bool) async throws {
    let store = try open()
    for number in 0..<100 { try await store.append(.call("e\(number)", at: Int64(number))) }
    await store.close()
    let connection = try Connection(path: path, mode: .readWrite)
    if isAnalysed { try connection.execute("ANALYZE") }
    let plan = try connection.prepare("EXPLAIN QUERY PLAN " + statement)
    for index in 1...plan.parameterCount { try plan.bind(Int64(1), at: index) }
    var steps: [String] = []
    while try plan.step() { steps.append(plan.column(3).textValue ?? "") }
    #expect(steps.count == 1)
    #expect(steps.allSatisfy { $0.hasPrefix("SEARCH traces USING ") && $0.contains("INDEX idx_") })
  }

  /// From the first on every version's file is taken over with its rows, and what was running in it.
  @Test(arguments: 1...3) func anEarlierVersionIsTakenOver(version: Int) async throws {
    let earlier = """
      event_id TEXT NOT NULL UNIQUE, timestamp TEXT NOT NULL, session_id TEXT, user_id TEXT, agent_id TEXT,
      tool_name TEXT, arguments_hash TEXT, policy_version TEXT NOT NULL, policy_decision TEXT,
      policy_reason TEXT NOT NULL, matched_rule TEXT, executed INTEGER NOT NULL, duration_ms INTEGER, error TEXT,
      is_write_action INTEGER NOT NULL, approval_token_present INTEGER NOT NULL, created_at TEXT NOT NULL,
      kind TEXT NOT NULL, policy_revision TEXT NOT NULL\(version > 1 ? ", details TEXT" : "")
      """
    let columns = """
      event_id, timestamp, session_id, tool_name, policy_version, policy_decision, policy_reason, matched_rule,
      executed, is_write_action, approval_token_present, created_at, kind, policy_revision
      """
    func row(_ id: String, _ time: String) -> String {
      """
      '\(id)', '\(time)', 's', 'db_query', 'v0', 'ALLOW', 'Read-only tool', 'read_only_tools', 0, 0, 0,
      '1970-01-01T00:00:09+00:00', 'tool_call', 'r'
      """
    }
    do {
      let file = try Connection(path: path, mode: .readWriteCreate)
      try file.execute(
        """
        PRAGMA application_id = \(TraceSchema.applicationID); PRAGMA user_version = \(version);
        CREATE TABLE traces (seq INTEGER PRIMARY KEY, \(earlier)) STRICT;
        CREATE TABLE intents (seq INTEGER PRIMARY KEY, \(earlier)) STRICT;
        CREATE INDEX idx_session ON traces (session_id, timestamp, event_id);
        """)
      for table in ["traces", "intents"] {
        for act in ["update", "delete", "replace"] {
          let event = act == "replace" ? "INSERT" : act.uppercased()
          try file.execute(
            """
            CREATE TRIGGER \(table)_no_\(act) BEFORE \(event) ON \(table) WHEN 1 = 0
              BEGIN SELECT RAISE(ABORT, '\(table) is append-only'); END
            """)
        }
      }
      for (table, id, time) in [
        ("traces", "second", "1970-01-01T00:00:02+00:00"), ("traces", "first", "1970-01-01T00:00:01+00:00"),
        ("intents", "first", "1970-01-01T00:00:01+00:00"), ("intents", "third", "1970-01-01T00:00:03+00:00"),
      ] {
        try file.execute("INSERT INTO \(table) (\(columns)) VALUES (\(row(id, time)))")
      }
      if version == 3 {
        try file.execute(
          """
          CREATE TABLE running (\(earlier.replacing("NOT NULL UNIQUE", with: "PRIMARY KEY"))) STRICT, WITHOUT ROWID;
          INSERT INTO running (\(columns)) VALUES (\(row("fourth", "1970-01-01T00:00:04+00:00")))
          """)
      }
    }
    let store = try open()
    var expected = ["first", "second", "third"].enumerated().map {
      TraceEvent.call($1, at: Int64($0 + 1) * 1_000_000)
    }
    if version == 3 { expected.append(.call("fourth", at: 4_000_000)) }
    for index in 2..<expected.count {
      (expected[index].executed, expected[index].error) = (true, TraceEvent.interruptedError)
    }
    #expect(try await store.events(session: "s") == expected)
    // The chain is in the order in which they were written.
    let page = try await store.events(matching: .session("s"), after: nil, limit: 10)
    #expect(page.events.prefix(2).map(\.link.sequence) == [2, 1])
    #expect(page.events[0].link.recordedAt == 9_000_000)
    try await store.begin(.call("new", at: 5_000_000)).wait()
    #expect(store.finish(.call("new", at: 5_000_000)))
    #expect(try await store.events(session: "s").count == expected.count + 1)
    await store.close()
    #expect(try TraceStoreAudit(path: path).findings == [])
  }

  /// What is written without a sync never waits in the way of what is to be durable, and the log doesn't grow for ever.
  @Test func manyReadsAtOnceAreAllKept() async throws {
    let store = try open()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for number in 0..<300 {
            var event = TraceEvent.call("e\(task)-\(number)", at: Int64(number))
            let note = store.begin(event)
            event.executed = true
            try await note.wait()
            if number.isMultiple(of: 50) { try await store.append(event) } else { #expect(store.finish(event)) }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await store.events(session: "s").count == 2_400)
    let log = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int
    #expect((log ?? .max) < 32 << 20)
    await store.close()
    let file = try Connection(path: path, mode: .readOnly)
    #expect(try file.integer("SELECT count(*) FROM running") == 0)
  }

  /// A gateway that has written events, and then only notes, while another one has written events.
  @Test func aNoteLeavesTheChainThatOthersWentOnFrom() async throws {
    let (first, second) = (try open(), try open())
    try await first.append(.call("e0", at: 0))
    try await second.append(.call("e1", at: 1))
    try await first.begin(.call("e2", at: 2)).wait()
    for (number, store) in [first, second].enumerated() {
      try await store.append(.call("e\(number + 3)", at: Int64(number + 3)))
    }
    await first.close()
    await second.close()
    #expect(try await open().events(session: "s").map(\.eventID) == ["e0", "e1", "e2", "e3", "e4"])
  }

  @Test func anInterruptedCallBecomesAnEvent() async throws {
    let store = try open()
    var finished = TraceEvent.call("finished", at: 3)
    var running = TraceEvent.call("running", at: 2)
    (finished.isWriteAction, running.isWriteAction) = (true, true)
    try await store.recordIntent(running)
    try await store.recordIntent(finished)
    finished.executed = true
    try await store.append(finished)

    for _ in 0..<2 {
      let later = try open(try crashed())
      var interrupted = running
      interrupted.executed = true
      interrupted.error = "interrupted: outcome unknown"
      #expect(try await later.events(session: "s") == [interrupted, finished])
      // The call that was running has no more to say.
      await #expect(throws: TraceStoreError.self) { try await later.append(running) }
      await later.close()
    }
    // While its process lives, the intent is open.
    #expect(try await open().events(session: "s") == [finished])
    running.executed = true
    try await store.append(running)
    #expect(try await store.events(session: "s") == [running, finished])
  }

  @Test(arguments: [
    "UPDATE traces SET policy_decision = 'ALLOW'", "DELETE FROM traces", "REPLACE INTO traces SELECT * FROM traces",
    "UPDATE tree SET hash = x''", "DELETE FROM tree",
    """
    REPLACE INTO traces (seq, event_id, timestamp, policy_version, policy_reason, executed, is_write_action,
      approval_token_present, created_at, kind, policy_revision, previous_hash, hash)
    VALUES (1, 'forged', '', '', '', 0, 0, 0, '', 'tool_call', '', x'', x'')
    """,
  ])
  func rowsCanNotBeChanged(sql: String) async throws {
    let store = try open()
    for number in 0..<16 { try await store.append(.call("e\(number)", at: 1)) }
    let before = try await store.events(session: "s")
    let other = try Connection(path: path, mode: .readWrite)
    let error = #expect(throws: SQLiteError.self) { try other.execute(sql) }
    #expect(error?.message.contains("is append-only") == true)
    #expect(try await store.events(session: "s") == before)
  }

  @Test func columnsAreThoseOfTheOriginal() async throws {
    let clock = WallClock { 1_767_225_600_000_001 }
    let store = try SQLiteTraceStore(path: path, key: key, clock: clock, logger: Logger(label: "test"))
    var event = TraceEvent.call("e", at: 1_767_225_600_000_000)
    event.executed = true
    event.durationMilliseconds = 7
    try await store.append(event)
    let reader = try Connection(path: path, mode: .readOnly)
    let row = try reader.prepare(
      """
      SELECT event_id, timestamp, session_id, user_id, agent_id, tool_name, arguments_hash, policy_version,
        policy_decision, policy_reason, matched_rule, executed, duration_ms, error, is_write_action,
        approval_token_present, created_at, seq, kind, policy_revision FROM traces
      """)
    #expect(try row.step())
    let expected: [SQLiteValue] = [
      .text("e"), .text("2026-01-01T00:00:00+00:00"), .text("s"), .null, .null, .text("db_query"), .null, .text("v0"),
      .text("ALLOW"), .text("Read-only tool"), .text("read_only_tools"), .integer(1), .integer(7), .null, .integer(0),
      .integer(0), .text("2026-01-01T00:00:00.000001+00:00"), .integer(1), .text("tool_call"), .text("r"),
    ]
    #expect((0..<row.columnCount).map { row.column($0) } == expected)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func aLockedStoreRefusesAndRecovers() async throws {
    let store = try open()
    try await store.append(.call("before", at: 1))
    do {
      let other = try Connection(path: path, mode: .readWrite)
      try other.execute("BEGIN EXCLUSIVE")
      let reasons = await withTaskGroup(of: TraceStoreError.Reason?.self) { group in
        for number in 0..<600 {
          group.addTask {
            do throws(TraceStoreError) {
              try await store.append(.call("locked\(number)", at: 2))
              return nil
            } catch {
              return error.reason
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(reasons == Array(repeating: .locked, count: 600))
      #expect(await !store.isHealthy())
      // Reading goes on meanwhile.
      #expect(try await store.events(session: "s").map(\.eventID) == ["before"])
    }
    try await store.append(.call("after", at: 3))
    #expect(await store.isHealthy())
    #expect(try await store.events(session: "s").map(\.eventID) == ["before", "after"])
  }

  @Test(arguments: [["", "-wal", "-shm"], [""], ["-wal"]])
  func aStoreThatIsTakenAwayRefusesAndRecovers(suffixes: [String]) async throws {
    let store = try open()
    try await store.append(.call("before", at: 1))
    for suffix in suffixes { try FileManager.default.moveItem(atPath: path + suffix, toPath: path + ".moved" + suffix) }
    let error = await #expect(throws: TraceStoreError.self) { try await store.append(.call("e1", at: 2)) }
    #expect(error?.reason == .missing)
    if suffixes.contains("") {
      await #expect(throws: TraceStoreError.self) { try await store.append(.call("e2", at: 2)) }
      #expect(await !store.isHealthy())
      // No new store takes the old one's place.
      #expect(!FileManager.default.fileExists(atPath: path))
    }
    for suffix in suffixes {
      try? FileManager.default.removeItem(atPath: path + suffix)
      try FileManager.default.moveItem(atPath: path + ".moved" + suffix, toPath: path + suffix)
    }
    try await store.append(.call("after", at: 3))
    #expect(try await store.events(session: "s").map(\.eventID).contains("after"))
  }

  @Test(arguments: ["text", "sqlite", "newer", "folder"])
  func aForeignFileIsRefusedUntouched(kind: String) throws {
    switch kind {
    case "text": try folder.write(String(repeating: "no database\n", count: 100), to: "traces.db")
    case "folder": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case "newer":
      try Connection(path: path, mode: .readWriteCreate).execute(
        "PRAGMA application_id = \(TraceSchema.applicationID); PRAGMA user_version = 9; CREATE TABLE traces (x)")
    default: try Connection(path: path, mode: .readWriteCreate).execute("CREATE TABLE traces (event_id TEXT)")
    }
    let before = kind == "folder" ? [] : try folder.bytes("traces.db")
    let error = #expect(throws: TraceStoreError.self) { try open() }
    #expect(error?.reason == .foreign)
    if kind == "newer" { #expect(error?.message.contains("version 4") == true) }
    if kind != "folder" { #expect(try folder.bytes("traces.db") == before) }
  }

  @Test func aDamagedFileIsRefused() async throws {
    let store = try open()
    for number in 0..<2_000 { try await store.append(.call("e\(number)", at: Int64(number))) }
    await store.close()
    var bytes = try folder.bytes("traces.db")
    for index in 4_096..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
    try Data(bytes).write(to: URL(filePath: path))
    let error = await #expect(throws: TraceStoreError.self) {
      let damaged = try open()
      try await damaged.append(.call("e", at: 1))
    }
    #expect(error?.reason == .corrupt)
    #expect(try folder.bytes("traces.db") == bytes)
  }
}

extension String {
  fileprivate func replacing(_ part: String, with other: String) -> String {
    split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
  }
}
