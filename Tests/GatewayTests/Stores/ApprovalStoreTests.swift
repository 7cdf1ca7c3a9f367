import FoundationEssentials
import Logging
import SQLite
import StrictJSON
import Testing

@testable import Gateway

@Suite struct ApprovalStoreTests {
  private let folder: ScratchFolder
  private var path: String { folder.path("approvals.db") }
  private let clock = ManualClock()

  init() throws { folder = try ScratchFolder() }

  private func open(_ path: String? = nil) throws -> ApprovalStore {
    try ApprovalStore(path: path ?? self.path, clock: clock.wall, logger: Logger(label: "test"))
  }

  /// Expires an hour after it is made.
  private func request(
    _ id: String, session: String = "s", tool: String = "t", hash: String = "h", agent: String? = nil
  ) -> ApprovalRequest {
    let now = clock.wall.now()
    return ApprovalRequest(
      id: id, sessionID: session, toolName: tool, argumentsHash: hash, agentID: agent, userID: "u", reason: "why",
      policyRevision: "r", created: now, expires: now + 3_600_000_000)
  }

  private func consume(
    _ store: ApprovalStore, _ id: String, session: String = "s", tool: String = "t", hash: String = "h",
    agent: String? = nil
  ) async throws -> ApprovalStore.Consumption {
    try await store.consume(id, sessionID: session, toolName: tool, argumentsHash: hash, agentID: agent)
  }

  private func reason(_ act: () async throws -> Void) async -> ApprovalStoreError.Reason? {
    let error = await #expect(throws: ApprovalStoreError.self) { try await act() }
    return error?.reason
  }

  @Test func anApprovedCallPassesOnce() async throws {
    let store = try open()
    let opened = try await store.open(request("1"))
    #expect(opened == request("1"))
    #expect(try await consume(store, "1") == .pending)
    clock.advance(seconds: 5)
    let approved = try await store.decide("1", approve: true, by: "ann", note: "fine")
    #expect(approved.status == .approved)
    #expect(approved.decidedAt == ManualClock.start + 5_000_000)
    #expect(approved.decidedBy == "ann" && approved.note == "fine")
    #expect(try await consume(store, "1") == .granted)
    #expect(try await consume(store, "1") == .used)
    #expect(try await store.request("1")?.status == .used)
    #expect(try await open().request("1")?.decidedBy == "ann")
  }

  @Test func aDeniedCallNeverPasses() async throws {
    let store = try open()
    _ = try await store.open(request("1"))
    #expect(try await store.decide("1", approve: false, by: "ann", note: "").status == .denied)
    #expect(try await store.request("1")?.note == nil)
    #expect(try await consume(store, "1") == .denied)
    #expect(try await store.open(request("2")).id == "2", "asked anew")
  }

  @Test func anApprovalIsForOneCallAlone() async throws {
    let store = try open()
    _ = try await store.open(request("1", agent: "a"))
    _ = try await store.decide("1", approve: true, by: "ann")
    #expect(try await consume(store, "1", session: "S", agent: "a") == .mismatch)
    #expect(try await consume(store, "1", tool: "t ", agent: "a") == .mismatch)
    #expect(try await consume(store, "1", hash: "H", agent: "a") == .mismatch)
    #expect(try await consume(store, "1", hash: "h\0", agent: "a") == .mismatch)
    #expect(try await consume(store, "1", agent: "b") == .mismatch)
    #expect(try await consume(store, "1") == .mismatch)
    #expect(try await consume(store, "2", agent: "a") == .unknown)
    #expect(try await consume(store, "1", agent: "a") == .granted)

    _ = try await store.open(request("3", session: "\u{E9}"))
    _ = try await store.decide("3", approve: true, by: "ann")
    #expect(try await consume(store, "3", session: "e\u{301}") == .mismatch, "by their bytes")
    #expect(try await consume(store, "3", session: "\u{E9}", agent: "") == .mismatch, "no agent is not the empty one")
    // A stranger isn't told what became of a request.
    _ = try await store.open(request("4"))
    _ = try await store.decide("4", approve: false, by: "ann")
    #expect(try await consume(store, "4", session: "x") == .mismatch)
  }

  @Test func anOpenRequestStandsForTheNextOnes() async throws {
    let store = try open()
    _ = try await store.open(request("1"))
    #expect(try await store.open(request("2")).id == "1", "undecided")
    #expect(try await store.open(request("2", session: "S")).id == "2")
    #expect(try await store.open(request("3", tool: "T")).id == "3")
    #expect(try await store.open(request("4", hash: "H")).id == "4")
    #expect(try await store.open(request("5", agent: "a")).id == "5")
    #expect(try await store.open(request("6", agent: "b")).id == "6")
    #expect(try await store.open(request("7", agent: "a")).id == "5")
    _ = try await store.decide("1", approve: true, by: "ann")
    let again = try await store.open(request("8"))
    #expect(again.id == "1" && again.status == .approved, "approved and unused")
    #expect(try await consume(store, "1") == .granted)
    #expect(try await store.open(request("9")).id == "9", "used")
    clock.advance(seconds: 3_600)
    #expect(try await store.open(request("10")).id == "10", "expired")
    #expect(await reason { _ = try await store.open(request("10", hash: "x")) } == .conflict)
    #expect(try await store.pending().map(\.id) == ["10"])
  }

  @Test func whatIsUsableIsFoundWithoutItsID() async throws {
    let store = try open()
    func usable(_ hash: String = "h", agent: String? = "a") async throws -> String? {
      try await store.usable(sessionID: "s", toolName: "t", argumentsHash: hash, agentID: agent)?.id
    }
    _ = try await store.open(request("1", agent: "a"))
    #expect(try await usable() == nil, "undecided")
    _ = try await store.decide("1", approve: true, by: "ann")
    #expect(try await usable() == "1")
    #expect(try await usable("x") == nil)
    #expect(try await usable(agent: nil) == nil)
    #expect(try await consume(store, "1", agent: "a") == .granted)
    #expect(try await usable() == nil, "used")
    _ = try await store.open(request("2", agent: "a"))
    _ = try await store.decide("2", approve: true, by: "ann")
    clock.advance(seconds: 3_600)
    #expect(try await usable() == nil, "expired")
  }

  @Test func nothingLastsBeyondItsExpiry() async throws {
    let store = try open()
    _ = try await store.open(request("1"))
    _ = try await store.open(request("2", session: "S"))
    _ = try await store.decide("2", approve: true, by: "ann")
    clock.advance(seconds: 3_599.999_999)
    #expect(try await store.request("1")?.status == .pending)
    clock.advance(seconds: 0.000_001)
    #expect(try await store.request("1")?.status == .expired)
    #expect(try await store.request("2")?.status == .expired)
    #expect(try await consume(store, "1") == .expired)
    #expect(try await consume(store, "2", session: "S") == .expired)
    let error = await #expect(throws: ApprovalStoreError.self) {
      try await store.decide("1", approve: true, by: "ann")
    }
    #expect(error == ApprovalStoreError(.settled(.expired), "approval request 1 has expired"))
  }

  @Test func aRequestIsDecidedOnce() async throws {
    let store = try open()
    for (id, approve) in [("1", true), ("2", false)] {
      _ = try await store.open(request(id, session: id))
      _ = try await store.decide(id, approve: approve, by: "ann")
      for approve in [true, false] {
        let error = await #expect(throws: ApprovalStoreError.self) {
          try await store.decide(id, approve: approve, by: "bob")
        }
        #expect(error?.message == "approval request \(id) is already \(id == "1" ? "approved" : "denied")")
      }
      #expect(try await store.request(id)?.decidedBy == "ann")
    }
    #expect(await reason { _ = try await store.decide("3", approve: true, by: "ann") } == .unknown)
    #expect(try await store.request("3") == nil)
    _ = try await consume(store, "1", session: "1")
    #expect(await reason { _ = try await store.decide("1", approve: false, by: "x") } == .settled(.used))
  }

  @Test func lists() async throws {
    let store = try open()
    for number in 1...6 {
      _ = try await store.open(request("\(number)", session: "\(number)"))
      clock.advance(seconds: 1)
    }
    _ = try await store.decide("2", approve: true, by: "ann")
    _ = try await store.decide("3", approve: false, by: "ann")
    _ = try await store.decide("4", approve: true, by: "ann")
    _ = try await consume(store, "4", session: "4")
    func ids(_ status: ApprovalRequest.Status?, limit: Int = 100) async throws -> [String] {
      try await store.list(status: status, limit: limit).map(\.id)
    }
    #expect(try await store.pending().map(\.id) == ["1", "5", "6"])
    #expect(try await store.pending(limit: 2).map(\.id) == ["1", "5"])
    #expect(try await ids(.pending) == ["6", "5", "1"])
    #expect(try await ids(.approved) == ["2"])
    #expect(try await ids(.denied) == ["3"])
    #expect(try await ids(.used) == ["4"])
    #expect(try await ids(.expired) == [])
    #expect(try await ids(nil, limit: 4) == ["6", "5", "4", "3"])
    #expect(try await ids(nil, limit: 0) == [])
    #expect(try await ids(nil, limit: -1) == [])
    clock.advance(seconds: 4_000)
    #expect(try await ids(.expired) == ["6", "5", "2", "1"])
    #expect(try await ids(.pending) == [])
    #expect(try await ids(.denied) == ["3"])
  }

  @Test func aSessionDoesNotFillTheStore() async throws {
    let store = try open()
    _ = try await store.open(request("first"))
    await store.close()
    do {
      let other = try Connection(path: path, mode: .readWrite)
      try other.execute(
        """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
        INSERT INTO approvals
          (id, session_id, tool_name, arguments_hash, reason, policy_revision, created, expires, status)
        SELECT 'n' || i, session_id, tool_name, 'h' || i, reason, policy_revision, created, expires, status
        FROM approvals, n
        """)
    }
    let full = try open()
    #expect(await reason { _ = try await full.open(request("x", hash: "x")) } == .tooMany)
    #expect(try await full.open(request("x")).id == "first", "what is open already is found")
    #expect(try await full.open(request("x", session: "other")).id == "x")
    _ = try await full.decide("first", approve: false, by: "ann")
    #expect(try await full.open(request("y", hash: "y")).id == "y")
    #expect(await reason { _ = try await full.open(request("z", hash: "z")) } == .tooMany)
    clock.advance(seconds: 3_601)
    #expect(try await full.open(request("z", hash: "z")).id == "z", "what has expired doesn't count")
  }

  @Test func oldOnesAreDeleted() async throws {
    var store = try open()
    for id in ["used", "denied", "expired"] { _ = try await store.open(request(id, session: id)) }
    var lasting = request("lasting", session: "lasting")
    lasting.expires += 30 * 86_400_000_000
    _ = try await store.open(lasting)
    for id in ["used", "lasting"] { _ = try await store.decide(id, approve: true, by: "ann") }
    _ = try await store.decide("denied", approve: false, by: "ann")
    _ = try await consume(store, "used", session: "used")
    clock.advance(seconds: 7 * 86_400)
    await store.close()
    store = try open()
    #expect(try await store.list().count == 4, "seven days, and not more")
    clock.advance(seconds: 1)
    await store.close()
    store = try open()
    #expect(try await store.list().map(\.id).sorted() == ["expired", "lasting"])
    #expect(try await consume(store, "used", session: "used") == .unknown)
    // A store that stays open deletes with the next request.
    clock.advance(seconds: 3_600)
    _ = try await store.open(request("new"))
    #expect(try await store.list().map(\.id).sorted() == ["lasting", "new"])
    #expect(try await consume(store, "lasting", session: "lasting") == .granted)
  }

  /// Two stores on one file, as two processes have it, and many calls at once: one passes.
  @Test func oneOfManyWins() async throws {
    let stores = [try open(), try open()]
    for round in 0..<20 {
      let id = "\(round)"
      _ = try await stores[0].open(request(id, hash: id))
      _ = try await stores[1].decide(id, approve: true, by: "ann")
      let outcomes = try await withThrowingTaskGroup(of: ApprovalStore.Consumption.self) { group in
        for number in 0..<8 {
          group.addTask { try await consume(stores[number % 2], id, hash: id) }
        }
        return try await group.reduce(into: [ApprovalStore.Consumption]()) { $0.append($1) }
      }
      #expect(outcomes.filter { $0 == .granted }.count == 1)
      #expect(outcomes.filter { $0 == .used }.count == 7)
    }
  }

  /// Of two who decide at once one is told that it is decided; of two who ask, both get the same request.
  @Test func decisionsAndRequestsAtOnce() async throws {
    let stores = [try open(), try open()]
    for round in 0..<10 {
      let ids = try await withThrowingTaskGroup(of: String.self) { group in
        for number in 0..<4 {
          group.addTask { try await stores[number % 2].open(request("\(round)-\(number)", hash: "\(round)")).id }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(ids.count == 1)
      let id = try #require(ids.first)
      let decided = await withTaskGroup(of: Bool.self) { group in
        for number in 0..<4 {
          group.addTask {
            (try? await stores[number % 2].decide(id, approve: number < 2, by: "\(number)")) != nil
          }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(decided == 1)
    }
  }

  @Test func aUsedApprovalSurvivesACrash() async throws {
    let store = try open()
    _ = try await store.open(request("1"))
    _ = try await store.decide("1", approve: true, by: "ann")
    #expect(try await consume(store, "1") == .granted)
    let copy = folder.path("crashed.db")
    for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix) }
    #expect(try await consume(try open(copy), "1") == .used)
  }

  @Test(arguments: [
    "UPDATE approvals SET status = 'approved' WHERE id = 'used'", "UPDATE approvals SET status = 'pending'",
    "UPDATE approvals SET status = 'approved' WHERE id = 'denied'", "UPDATE approvals SET status = 'used'",
    "UPDATE approvals SET expires = expires + 1", "UPDATE approvals SET status = 'approved', arguments_hash = 'x'",
    "UPDATE approvals SET status = 'approved', agent_id = 'x' WHERE id = 'pending'",
    "UPDATE approvals SET status = 'expired' WHERE id = 'pending'",
  ])
  func rowsGoOneWay(sql: String) async throws {
    let store = try open()
    for id in ["used", "denied", "pending"] { _ = try await store.open(request(id, session: id)) }
    _ = try await store.decide("used", approve: true, by: "ann")
    _ = try await store.decide("denied", approve: false, by: "ann")
    _ = try await consume(store, "used", session: "used")
    let other = try Connection(path: path, mode: .readWrite)
    let error = #expect(throws: SQLiteError.self) { try other.execute(sql) }
    #expect(error?.kind == .constraint)
  }

  @Test func aFileThatIsNotOursStaysAsItIs() async throws {
    try folder.write(
      "something else, and longer than a header of a hundred bytes " + String(repeating: "x", count: 99),
      to: "approvals.db")
    let before = try folder.bytes("approvals.db")
    let error = #expect(throws: ApprovalStoreError.self) { try open() }
    #expect(error?.message == "\(path) is not an AgentGate approval store")
    #expect(try folder.bytes("approvals.db") == before)

    let foreign = folder.path("foreign.db")
    do {
      let other = try Connection(path: foreign, mode: .readWriteCreate)
      try other.execute("CREATE TABLE t (a)")
    }
    #expect(throws: ApprovalStoreError.self) { try open(foreign) }
    #expect(throws: ApprovalStoreError.self) { try open(folder.path) }
    #expect(throws: ApprovalStoreError.self) { try open(folder.path("a/b.db")) }
    let newer = folder.path("newer.db")
    await (try open(newer)).close()
    do {
      let other = try Connection(path: newer, mode: .readWrite)
      try other.execute("PRAGMA user_version = 2")
    }
    let version = #expect(throws: ApprovalStoreError.self) { try open(newer) }
    #expect(version?.message.contains("has schema version 2") == true)
  }

  @Test func aStoreThatIsTakenAwayGrantsNothing() async throws {
    let store = try open()
    _ = try await store.open(request("1"))
    _ = try await store.decide("1", approve: true, by: "ann")
    for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    #expect(await reason { _ = try await consume(store, "1") } == .unavailable)
    #expect(await reason { _ = try await store.list() } == .unavailable)
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func aLockedStoreGrantsNothing() async throws {
    let store = try open()
    _ = try await store.open(request("1"))
    _ = try await store.decide("1", approve: true, by: "ann")
    let other = try Connection(path: path, mode: .readWrite)
    try other.execute("BEGIN IMMEDIATE")
    let error = await #expect(throws: ApprovalStoreError.self) { try await consume(store, "1") }
    #expect(error?.message.contains("is locked by another process") == true)
    #expect(try await store.request("1")?.status == .approved, "reading goes on")
    try other.execute("ROLLBACK")
    #expect(try await consume(store, "1") == .granted)
  }

  @Test func aClosedStoreRefuses() async throws {
    let store = try open()
    await store.close()
    #expect(await reason { _ = try await store.open(request("1")) } == .unavailable)
    #expect(await reason { _ = try await store.pending() } == .unavailable)
  }

  @Test func theFileIsForItsOwnerAlone() async throws {
    let store = try open()
    _ = try await store.open(request("1"))
    for suffix in ["", "-wal", "-shm", ".lock"] {
      #expect(try FileManager.default.attributesOfItem(atPath: path + suffix)[.posixPermissions] as? Int == 0o600)
    }
    await store.close()
  }

  @Test func keepsEveryField() async throws {
    let store = try open()
    var full = request("\u{1F600}", session: "a\0b", tool: "e\u{301}", hash: "", agent: "")
    full.argumentsPreview = "{\"a\":1}"
    full.created = .min
    full.expires = .max
    #expect(try await store.open(full) == full)
    #expect(try await open().request(full.id) == full)
  }

  @Test func json() async throws {
    var request = request("1", agent: "a")
    #expect(
      request.json.serializedString() == """
        {"id":"1","status":"pending","session_id":"s","tool_name":"t","arguments_hash":"h","agent_id":"a",\
        "user_id":"u","reason":"why","policy_revision":"r","created":"2026-01-01T00:00:00+00:00",\
        "expires":"2026-01-01T01:00:00+00:00","decided_at":null,"decided_by":null,"note":null}
        """)
    request.argumentsPreview = "{}"
    request.decidedAt = request.created
    request.decidedBy = "ann"
    request.note = "n"
    request.status = .approved
    #expect(request.json["arguments_preview"] == "{}")
    #expect(request.json["decided_at"] == "2026-01-01T00:00:00+00:00")
    #expect(request.json["status"] == "approved")
  }
}

extension ApprovalStore {
  /// The oldest first.
  fileprivate func pending(limit: Int = 1_000) async throws(ApprovalStoreError) -> [ApprovalRequest] {
    Array(try await list(status: .pending, limit: 1_000).reversed().prefix(limit))
  }

  fileprivate func usable(
    sessionID: String, toolName: String, argumentsHash: String, agentID: String?
  ) async throws(ApprovalStoreError) -> ApprovalRequest? {
    try await list(status: .approved, limit: 1_000).first {
      $0.sessionID == sessionID && $0.toolName == toolName && $0.argumentsHash == argumentsHash && $0.agentID == agentID
    }
  }
}
