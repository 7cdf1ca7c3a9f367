import FoundationEssentials
import Glibc
import Logging
import SQLite
import StrictJSON
import Testing

@testable import Gateway

/// What somebody may do to a pack or to a trace store, and what is found of it.
@Suite struct EvidenceTamperingTests {
  private static let signingKey = "the signing key of a test"
  private let folder: ScratchFolder
  private let key = EvidenceKey(signingKey: signingKey)
  private var path: String { folder.path("traces.db") }

  init() throws { folder = try ScratchFolder() }

  /// Two sessions of calls with one of everything, and what operators did meanwhile; more events than one tile has.
  private func makeStore() async throws {
    let store = try SQLiteTraceStore(path: path, key: key, logger: Logger(label: "test"))
    for number in 0..<40 {
      var event = TraceEvent.call(
        "e\(number)", at: 1_767_225_600_000_000 + Int64(number) * 1_000_000, session: number % 3 == 2 ? "t" : "s")
      (event.userID, event.agentID, event.argumentsHash) = (
        "Zażółć", "日本語 ✓", EventHash(of: [UInt8(number)]).hexadecimal
      )
      if number % 4 == 0 {
        (event.executed, event.isWriteAction, event.durationMilliseconds) = (true, true, number)
        (event.approvalTokenPresent, event.toolName, event.error) = (
          true, "db_insert", number == 8 ? "no such table" : nil
        )
      }
      if number % 5 == 3 {
        (event.decision, event.reason, event.matchedRule) = (.deny, "Tool not in allowlist", "unknown_tool")
      }
      if number == 12 { event.details = try CanonicalJSON(["approval_id": "a", "redactions": [1, 0]]) }
      try await store.append(event)
      if number % 10 == 5 { try await store.append(.act("p\(number)", .pause, at: event.timestamp + 1)) }
    }
    try await store.append(.act("k", .kill, at: 1_767_225_600_000_000 + 30_500_000, session: "s"))
    await store.close()
  }

  private func pack(_ session: String = "s", key other: EvidenceKey? = nil) async throws -> JSONValue {
    let store = try SQLiteTraceStore(path: path, key: key, logger: Logger(label: "test"))
    let builder = EvidenceBuilder(store: store, version: "1", key: other ?? key)
    let pack = try JSONValue(parsing: EvidenceJSON(try await builder.pack(session: session)).bytes)
    await store.close()
    return pack
  }

  private func findings(_ pack: JSONValue, withStore: Bool = false) throws -> [EvidenceFinding] {
    let check = EvidencePackCheck(pack.serialized(), publicKey: key.publicKey, signingKey: Self.signingKey)
    guard withStore else { return check.findings }
    let audit = try TraceStoreAudit(
      path: path, publicKey: key.publicKey, signingKey: Self.signingKey, pack: check.claim)
    return check.findings + audit.findings + audit.differences(from: check)
  }

  // MARK: Packs

  struct Tampering: Sendable, CustomTestStringConvertible {
    let name: String
    /// Part of a finding.
    let finding: String
    let change: @Sendable (inout JSONValue) -> Void
    var testDescription: String { name }

    init(_ name: String, _ finding: String, _ change: @escaping @Sendable (inout JSONValue) -> Void) {
      (self.name, self.finding, self.change) = (name, finding, change)
    }
  }

  /// A value that each field of an event isn't.
  private static let otherValues: [String: JSONValue] = [
    "event_id": "x", "timestamp": "2026-01-01T00:00:03.5+00:00", "tool_name": "file_read",
    "decision": "REQUIRE_APPROVAL",
    "reason": "because", "matched_rule": .null, "duration_ms": 77, "error": "an error", "kind": "reload",
    "session_id": "t", "user_id": "mallory", "agent_id": .null, "arguments_hash": .null, "policy_version": "v9",
    "policy_revision": "r9", "executed": "yes", "is_write_action": .null, "approval_token_present": .null,
    "details": ["a": 1], "recorded_at": "2026-01-01T00:00:00+00:00", "sequence": 3, "session_sequence": 7,
    "previous_hash": .string(EventHash.zero.hexadecimal), "hash": .string(EventHash.zero.hexadecimal),
    "inclusion": [0],
  ]

  static let tamperings: [Tampering] =
    (EventContent.keys + ["hash"]).map { field in
      Tampering("event's \(field) changed", "$.timeline[2]: event") { pack in
        pack.set(["timeline", 2, .key(field)], otherValues[field])
      }
    }
    + EventContent.keys.filter { $0 != "sequence" }.map { field in
      Tampering("event's \(field) removed", "$.timeline[2]: event") { pack in
        pack.set(["timeline", 2, .key(field)], nil)
      }
    }
    + [
      Tampering("member added to an event", "$.timeline[2]: event") { $0.set(["timeline", 2, "note"], "x") },
      Tampering("event changed and hashed anew", "$.timeline[2]: event e3 (number 4) isn't in the tree") { pack in
        pack.set(["timeline", 2, "decision"], "ALLOW")
        pack.rehash(["timeline", 2])
      },
      Tampering("proof changed", "$.timeline[2]: event e3 (number 4) isn't in the tree") {
        $0.set(["timeline", 2, "inclusion"], [0])
      },
      Tampering("proof removed", "$.timeline[2].inclusion: must be an array") {
        $0.set(["timeline", 2, "inclusion"], nil)
      },
      Tampering("node changed", "isn't in the tree") {
        $0.set(["integrity", "inclusion_nodes", 0], .string(EventHash.zero.hexadecimal))
      },
      Tampering("node removed", "isn't in the tree") { $0.set(["integrity", "inclusion_nodes", 0], nil) },
      Tampering("node added", "belongs to no event") { pack in
        pack.edit(["integrity", "inclusion_nodes"]) { $0 + [.string(EventHash.zero.hexadecimal)] }
      },
      Tampering("two events swapped", "is out of order") { pack in
        pack.edit(["timeline"]) { events in
          var events = events
          events.swapAt(3, 4)
          return events
        }
      },
      Tampering("all events reversed", "is out of order") { $0.edit(["timeline"]) { $0.reversed() } },
      Tampering("first event removed", "the session's event 1 of at least") {
        $0.edit(["timeline"]) { Array($0.dropFirst()) }
      },
      Tampering("event removed", "the session's event 3 of at least") { $0.set(["timeline", 2], nil) },
      Tampering("last event removed", "$.integrity.event_count: says 28, the timeline has 27") {
        $0.edit(["timeline"]) { Array($0.dropLast()) }
      },
      Tampering("last event removed and the count changed", "$.integrity.hash: isn't the hash of the pack") {
        $0.edit(["timeline"]) { Array($0.dropLast()) }
        $0.set(["integrity", "event_count"], 27)
      },
      Tampering("all events removed", "$.integrity.event_count") { $0.set(["timeline"], []) },
      Tampering("control event removed", "$.integrity.hash") { $0.set(["policy_analysis", "control_events", 0], nil) },
      Tampering("control event changed", "$.policy_analysis.control_events[0]: event p5") {
        $0.set(["policy_analysis", "control_events", 0, "reason"], "nothing")
      },
      Tampering("event put in twice", "has the number of $.timeline[2]: it was added") { pack in
        pack.edit(["timeline"]) { Array($0[...2] + $0[2...]) }
      },
      Tampering("event made up", "isn't in the tree") { pack in
        pack.edit(["timeline"]) { Array($0[...2] + $0[2...]) }
        pack.set(["timeline", 3, "event_id"], "e3b")
        pack.set(["timeline", 3, "sequence"], 5)
        pack.rehash(["timeline", 3])
      },
      Tampering("session renamed", "is of session s, the pack of session u") {
        $0.set(["metadata", "session_id"], "u")
      },
      Tampering("time of the pack changed", "$.integrity.hash") { $0.set(["metadata", "generated_at"], "x") },
      Tampering("user changed", "$.integrity.hash") { $0.set(["metadata", "user_id"], "bob") },
      Tampering("denials understated", "$.summary.by_decision.DENY: doesn't follow from the timeline") {
        $0.set(["summary", "by_decision", "DENY"], 0)
      },
      Tampering("calls overstated", "$.summary.total_tool_calls") { $0.set(["summary", "total_tool_calls"], 1_000) },
      Tampering("a tool's use changed", "$.integrity.hash") {
        $0.set(["summary", "by_tool", "db_query", "denied"], 0)
      },
      Tampering("rule hidden", "$.integrity.hash") {
        $0.set(["policy_analysis", "rules_triggered", "unknown_tool"], nil)
      },
      Tampering("write removed from the log", "$.write_action_log: doesn't follow") {
        $0.set(["write_action_log", 0], nil)
      },
      Tampering("write changed in the log", "$.write_action_log[0].tool_name: isn't what event") {
        $0.set(["write_action_log", 0, "tool_name"], "file_read")
      },
      Tampering("anomaly added", "$.integrity.hash") { pack in
        pack.edit(["anomalies"]) { $0 + [["type": "rapid_fire", "description": "", "event_ids": []]] }
      },
      Tampering("schema changed", "$.integrity.hash") { $0.set(["$schema"], "https://example.com") },
      Tampering("section removed", "$.anomalies: is missing") { $0.set(["anomalies"], nil) },
      Tampering("section added", "$.notes: is no part") { $0.set(["notes"], "x") },
      Tampering("pack's signature changed", "$.integrity.ed25519.signature: the signature isn't the key's") {
        $0.flipHex(["integrity", "ed25519", "signature"])
      },
      Tampering("pack's signature removed", "$.integrity.ed25519.signature") {
        $0.set(["integrity", "ed25519", "signature"], nil)
      },
      Tampering("pack's HMAC changed", "$.integrity.signature: the signature isn't the signing key's") {
        $0.flipHex(["integrity", "signature"])
      },
      Tampering("pack's HMAC removed", "$.integrity.signature: is missing") {
        $0.set(["integrity", "signature"], nil)
      },
      Tampering("pack's hash changed", "$.integrity.hash") { $0.flipHex(["integrity", "hash"]) },
      Tampering("public key replaced", "is not the key that was given") {
        $0.set(["integrity", "ed25519", "public_key"], EvidenceKey().publicKey.jwk)
      },
      Tampering("head's size changed", "$.integrity.tree_head.ed25519") {
        $0.set(["integrity", "tree_head", "tree_size"], 99)
      },
      Tampering("head's root changed", "$.integrity.tree_head.ed25519") {
        $0.flipHex(["integrity", "tree_head", "root_hash"])
      },
      Tampering("head's time changed", "$.integrity.tree_head.ed25519") {
        $0.set(["integrity", "tree_head", "signed_at"], "2026-01-01T00:00:00+00:00")
      },
      Tampering("head's signature changed", "$.integrity.tree_head.ed25519") {
        $0.flipHex(["integrity", "tree_head", "ed25519"])
      },
      Tampering("head's HMAC changed", "$.integrity.tree_head.hmac_sha256") {
        $0.flipHex(["integrity", "tree_head", "hmac_sha256"])
      },
      Tampering("head removed", "$.integrity.tree_head: is no tree head") { $0.set(["integrity", "tree_head"], nil) },
    ]

  @Test func thereAreManyTamperings() { #expect(Self.tamperings.count >= 40) }

  @Test func anUntouchedPackHasNoFinding() async throws {
    try await makeStore()
    for session in ["s", "t", "nobody"] {
      let pack = try await pack(session)
      #expect(try findings(pack, withStore: true) == [])
      // Who writes the same values another way changes nothing.
      let check = EvidencePackCheck(Array(pack.pretty().utf8), publicKey: key.publicKey)
      #expect(check.findings == [])
    }
  }

  @Test func everyTamperingIsNamed() async throws {
    try await makeStore()
    let pack = try await pack()
    for tampering in Self.tamperings {
      var tampered = pack
      tampering.change(&tampered)
      #expect(tampered != pack, "\(tampering.name) changes nothing")
      let findings = try findings(tampered).map(\.description)
      #expect(
        findings.contains { $0.contains(tampering.finding) }, "\(tampering.name): \(findings.prefix(5))")
    }
  }

  /// Another session's event, with its own proof.
  @Test func anEventOfAnotherSessionIsFound() async throws {
    try await makeStore()
    var pack = try await pack()
    let other = try await self.pack("t")
    pack.edit(["timeline"]) { $0 + [other["timeline"]?[0] ?? .null] }
    #expect(
      try findings(pack).contains { $0.problem.hasPrefix("event e2 (number 3) is of session t, the pack of session s") }
    )
  }

  /// Made as a whole with another key: the given key tells.
  @Test func aForgedPackIsFoundByItsKey() async throws {
    try await makeStore()
    let forged = try await pack(key: EvidenceKey())
    #expect(EvidencePackCheck(forged.serialized()).findings == [])
    let findings = try findings(forged).map(\.place)
    #expect(findings.contains("$.integrity.ed25519.public_key"))
    #expect(findings.contains("$.integrity.ed25519.signature"))
    #expect(findings.contains("$.integrity.tree_head.ed25519"))
  }

  @Test func noByteOfAPackCanBeFlipped() async throws {
    let store = try SQLiteTraceStore(path: path, key: key, logger: Logger(label: "test"))
    for number in 0..<3 { try await store.append(.call("e\(number)", at: Int64(number))) }
    await store.close()
    let bytes = try await pack().serialized()
    let untouched = try JSONValue(parsing: bytes)
    for index in bytes.indices {
      var flipped = bytes
      flipped[index] ^= 1 << UInt8(index % 8)
      let findings = EvidencePackCheck(flipped, publicKey: key.publicKey, signingKey: Self.signingKey).findings
      if findings.isEmpty {
        // `E` for `e`: the same value.
        #expect(try JSONValue(parsing: flipped) == untouched, "byte \(index)")
      }
    }
  }

  @Test(arguments: ["", "{", "[]", "null", "{}", #"{"timeline":1}"#, "\u{FEFF}{}"])
  func whatIsNoPackIsAFinding(text: String) {
    #expect(!EvidencePackCheck(Array(text.utf8)).findings.isEmpty)
  }

  // MARK: Stores

  private static let storeTamperings: [(sql: String, finding: String)] =
    [
      ("event_id", "'x'"), ("timestamp", "'2026-01-01T00:00:00+00:00'"), ("session_id", "'u'"), ("user_id", "'m'"),
      ("agent_id", "NULL"), ("tool_name", "'db_query'"), ("arguments_hash", "NULL"), ("policy_version", "'v1'"),
      ("policy_decision", "'REQUIRE_APPROVAL'"), ("policy_reason", "'x'"), ("matched_rule", "NULL"), ("executed", "0"),
      ("duration_ms", "1"), ("error", "'x'"), ("is_write_action", "0"), ("approval_token_present", "0"),
      ("created_at", "'2026-01-01T00:00:00+00:00'"), ("kind", "'mcp_request'"), ("policy_revision", "'x'"),
      ("details", "'{}'"), ("hash", "zeroblob(32)"), ("previous_hash", "zeroblob(32)"), ("session_seq", "99"),
    ].map { ("UPDATE traces SET \($0) = \($1) WHERE seq = 10", "traces.seq 10: event") }
    + [
      ("UPDATE traces SET seq = 99 WHERE seq = 10", "numbers 10 to 10 are missing"),
      ("DELETE FROM traces WHERE seq = 10", "numbers 10 to 10 are missing"),
      ("DELETE FROM traces WHERE seq = 1", "numbers 1 to 1 are missing"),
      ("DELETE FROM traces WHERE seq > 40", "the last ones were removed"),
      ("DELETE FROM traces", "the last ones were removed"),
      (
        """
        UPDATE traces SET seq = -1 WHERE seq = 10; UPDATE traces SET seq = 10 WHERE seq = 11;
        UPDATE traces SET seq = 11 WHERE seq = -1
        """, "traces.seq 10: event"
      ),
      (
        """
        CREATE TEMP TABLE copy AS SELECT * FROM traces WHERE seq = 10;
        UPDATE copy SET seq = (SELECT max(seq) FROM traces) + 1, event_id = 'forged', session_seq = 500;
        INSERT INTO traces SELECT * FROM copy
        """, "the last ones were added"
      ),
      ("UPDATE traces SET kind = 'nothing' WHERE seq = 10", "traces.seq 10: can't be read"),
      ("UPDATE traces SET hash = x'00' WHERE seq = 10", "traces.seq 10: can't be read"),
      ("UPDATE tree SET hash = zeroblob(32) WHERE level = 4 AND position = 1", "tree 4.1: isn't the hash"),
      ("DELETE FROM tree", "tree: has 0 nodes"),
      ("INSERT INTO tree VALUES (8, 5, zeroblob(32))", "tree: has"),
      ("UPDATE head SET tree_size = tree_size - 1", "head.tree_size"),
      ("UPDATE head SET root_hash = zeroblob(32)", "head.root_hash"),
      ("UPDATE head SET signed_at = '2026-01-01T00:00:00+00:00'", "head.ed25519"),
      ("UPDATE head SET ed25519 = zeroblob(64)", "head.ed25519"),
      ("UPDATE head SET hmac = NULL", "head.hmac: is missing"),
      ("UPDATE head SET hmac = zeroblob(32)", "head.hmac: the signature"),
      ("UPDATE head SET public_key = zeroblob(32)", "head.public_key"),
      ("DELETE FROM head", "head: is missing"),
      ("SELECT 1", "schema: trigger traces_no_update is missing"),
      ("DROP INDEX idx_session", "schema: index idx_session is missing"),
      ("CREATE TABLE more (x)", "schema: table more was added"),
    ]

  @Test func everyTamperingWithAStoreIsNamed() async throws {
    try await makeStore()
    let original = try folder.bytes("traces.db")
    #expect(try TraceStoreAudit(path: path, publicKey: key.publicKey, signingKey: Self.signingKey).findings == [])
    unlink(StoreFileSeal.path(of: path))
    for (sql, finding) in Self.storeTamperings {
      try Data(original).write(to: URL(filePath: path))
      do {
        let file = try Connection(path: path, mode: .readWrite)
        for trigger in [
          "traces_no_update", "traces_no_delete", "traces_no_replace", "tree_no_update", "tree_no_delete",
        ] {
          try file.execute("DROP TRIGGER \(trigger)")
        }
        try file.execute(sql)
      }
      let findings = try TraceStoreAudit(path: path, publicKey: key.publicKey, signingKey: Self.signingKey).findings
      #expect(findings.contains { $0.description.contains(finding) }, "\(sql): \(findings.prefix(5))")
    }
    // In the mode of the last connection to close there is no log left.
    for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
  }

  @Test func aChainThatWasCutIsNotContinued() async throws {
    try await makeStore()
    for sql in [
      "DELETE FROM traces WHERE seq > 20", "UPDATE traces SET policy_reason = 'x', hash = zeroblob(32) WHERE seq = 43",
      "DELETE FROM head",
    ] {
      let copy = folder.path("copy.db")
      unlink(copy)
      try FileManager.default.copyItem(atPath: path, toPath: copy)
      let store = try SQLiteTraceStore(path: copy, key: key, logger: Logger(label: "test"))
      try await store.append(.call("before", at: 1))
      do {
        let file = try Connection(path: copy, mode: .readWrite)
        for trigger in ["traces_no_update", "traces_no_delete"] { try file.execute("DROP TRIGGER \(trigger)") }
        try file.execute(sql)
      }
      // The rest is in memory as it was signed.
      let isUntouched = !sql.contains("seq > 20")
      do {
        try await store.append(.call("after", at: 2))
        #expect(isUntouched)
      } catch {
        #expect((error as? TraceStoreError)?.reason == .corrupt)
      }
      await store.close()
    }
  }

  @Test func aChainGoesOnOnlyWithItsKey() async throws {
    try await makeStore()
    let error = #expect(throws: TraceStoreError.self) {
      try SQLiteTraceStore(path: path, key: EvidenceKey(), logger: Logger(label: "test"))
    }
    #expect(error?.reason == .corrupt)
    #expect(error?.message.contains("was signed with another key") == true)
  }

  /// With the seal of a store that was closed every flip is found; without it those of bytes that anybody reads.
  @Test(arguments: [true, false]) func noByteOfAStoreCanBeFlipped(isSealed: Bool) async throws {
    try await makeStore()
    let original = try folder.bytes("traces.db")
    let dump = try Self.dump(path)
    if !isSealed { unlink(StoreFileSeal.path(of: path)) }
    for index in stride(from: 0, to: original.count, by: isSealed ? 1_013 : 487) {
      var flipped = original
      flipped[index] ^= 1 << UInt8(index % 8)
      try Data(flipped).write(to: URL(filePath: path))
      // Not even a database any more: nothing to look at, which is an error.
      guard
        let findings = try? TraceStoreAudit(
          path: path, publicKey: key.publicKey, signingKey: Self.signingKey
        ).findings
      else { continue }
      if findings.isEmpty {
        #expect(!isSealed, "byte \(index)")
        #expect(try Self.dump(path) == dump, "byte \(index)")
      }
    }
  }

  @Test func theSealIsSignedItself() async throws {
    try await makeStore()
    let seal = try folder.bytes("traces.db-seal")
    for index in stride(from: 0, to: seal.count, by: 7) {
      var flipped = seal
      flipped[index] ^= 1
      try Data(flipped).write(to: URL(filePath: StoreFileSeal.path(of: path)))
      #expect(
        try TraceStoreAudit(path: path, publicKey: key.publicKey).findings.first?.place == "seal", "byte \(index)")
    }
    // While a gateway has the store open there is none.
    let store = try SQLiteTraceStore(path: path, key: key, logger: Logger(label: "test"))
    #expect(!FileManager.default.fileExists(atPath: StoreFileSeal.path(of: path)))
    await store.close()
    #expect(FileManager.default.fileExists(atPath: StoreFileSeal.path(of: path)))
  }

  @Test func whatWasChangedMeanwhileIsLoggedAtTheStart() async throws {
    try await makeStore()
    let older = try folder.bytes("traces.db")
    func open() throws -> (store: SQLiteTraceStore, log: LogRecorder) {
      let log = LogRecorder()
      return (try SQLiteTraceStore(path: path, key: key, logger: log.logger), log)
    }
    let first = try open()
    try await first.store.append(.call("later", at: 1_000))
    await first.store.close()
    #expect(!first.log.text.contains("changed while no gateway had it open"))
    // Rolled back: the chain is as sound as it was.
    try Data(older).write(to: URL(filePath: path))
    let second = try open()
    await second.store.close()
    #expect(second.log.text.contains("changed while no gateway had it open"))
  }

  private static func dump(_ path: String) throws -> [[SQLiteValue]] {
    let file = try Connection(path: path, mode: .readOnly)
    var rows: [[SQLiteValue]] = []
    for table in ["traces", "tree", "head", "running"] {
      let statement = try file.prepare("SELECT * FROM \(table)")
      while try statement.step() { rows.append((0..<statement.columnCount).map { statement.column($0) }) }
    }
    return rows
  }

  // MARK: A pack and its store

  @Test func aPackIsHeldAgainstItsStore() async throws {
    try await makeStore()
    let pack = try await pack()
    #expect(try findings(pack, withStore: true) == [])
    // More events since then change nothing.
    let store = try SQLiteTraceStore(path: path, key: key, logger: Logger(label: "test"))
    for number in 0..<20 { try await store.append(.call("later\(number)", at: Int64(number))) }
    await store.close()
    #expect(try findings(pack, withStore: true) == [])

    // A pack without its last event, signed anew by somebody who has the keys.
    let other = try SQLiteTraceStore(path: folder.path("other.db"), key: key, logger: Logger(label: "test"))
    try await other.append(.call("e0", at: 1_767_225_600_000_000))
    await other.close()
    let audit = try TraceStoreAudit(path: folder.path("other.db"), pack: EvidencePackCheck(pack.serialized()).claim)
    let differences = audit.differences(from: EvidencePackCheck(pack.serialized())).map(\.description)
    #expect(differences.contains { $0.hasPrefix("$.integrity.tree_head.tree_size: is 45, and the store has 1 events") })
    #expect(differences.contains { $0.hasPrefix("$.timeline[0]: event e0 isn't what the store has") })
    #expect(differences.contains { $0.hasPrefix("$.timeline[1]: event e1 isn't in the store") })

    var shorter = pack
    shorter.set(["timeline", 4], nil)
    #expect(
      try findings(shorter, withStore: true).contains {
        $0.problem.hasSuffix("is in the store and not in the pack: it was removed")
      })
  }
}

// MARK: - Editing JSON

enum JSONStep: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, Sendable {
  case key(String)
  case index(Int)
  init(stringLiteral value: String) { self = .key(value) }
  init(integerLiteral value: Int) { self = .index(value) }
}

extension JSONValue {
  /// Puts the value at the path, or removes what is there.
  mutating func set(_ path: [JSONStep], _ value: JSONValue?) { self = setting(path[...], value) ?? .null }

  mutating func edit(_ path: [JSONStep], _ change: ([JSONValue]) -> [JSONValue]) {
    set(path, .array(change(at(path)?.arrayValue ?? [])))
  }

  /// Gives the event at the path the hash of its content.
  mutating func rehash(_ path: [JSONStep]) {
    guard let event = at(path)?.objectValue else { return }
    let content = JSONObject(event.members.filter { $0.key != "hash" && $0.key != "inclusion" })
    guard let canonical = try? CanonicalJSON(.object(content)) else { return }
    set(path + ["hash"], .string(EventHash(of: canonical.bytes).hexadecimal))
  }

  mutating func flipHex(_ path: [JSONStep]) {
    let text = at(path)?.stringValue ?? ""
    set(path, .string((text.hasPrefix("0") ? "1" : "0") + text.dropFirst()))
  }

  private func at(_ path: [JSONStep]) -> JSONValue? {
    path.reduce(self as JSONValue?) { value, step in
      switch step {
      case .key(let key): value?[key]
      case .index(let index): value?[index]
      }
    }
  }

  private func setting(_ path: ArraySlice<JSONStep>, _ value: JSONValue?) -> JSONValue? {
    guard let step = path.first else { return value }
    switch step {
    case .key(let key):
      var object = objectValue ?? JSONObject()
      object[key] = (object[key] ?? .null).setting(path.dropFirst(), value)
      return .object(object)
    case .index(let index):
      var elements = arrayValue ?? []
      if let new = elements[index].setting(path.dropFirst(), value) {
        elements[index] = new
      } else {
        elements.remove(at: index)
      }
      return .array(elements)
    }
  }
}
