import JSONSchema
import StrictJSON
import Testing

@testable import Gateway

@Suite struct EvidenceSchemaTests {
  private let schema: JSONSchema
  private let document: JSONValue
  private let store = MemoryTraceStore()

  init() throws {
    document = try JSONValue(parsing: EvidenceSchema.bytes)
    schema = try JSONSchema(document)
  }

  /// Sessions with one of everything.
  private func fill() async throws {
    let start: Int64 = 1_767_225_600_000_000
    for number in 0..<60 {
      var event = TraceEvent.call("e\(number)", at: start + Int64(number) * 10_000, session: "s")
      (event.userID, event.agentID) = ("Zażółć", number % 7 == 0 ? nil : "日本語 \u{202E}")
      event.argumentsHash = EventHash(of: [UInt8(number)]).hexadecimal
      if number % 4 == 0 {
        (event.executed, event.isWriteAction, event.durationMilliseconds) = (true, true, number)
        (event.approvalTokenPresent, event.toolName, event.error) = (true, "db_insert", number == 8 ? "no table" : nil)
      }
      if number % 5 < 3 { (event.decision, event.matchedRule) = (.deny, number == 10 ? nil : "unknown_tool") }
      if number % 5 == 3 { event.decision = .requireApproval }
      if number == 12 { event.details = try CanonicalJSON(["approval_id": "a", "redactions": [1, 0]]) }
      if number == 49 { event.toolName = "drop\u{0}" }
      try await store.append(event)
    }
    for (number, kind) in TraceEvent.Kind.allCases.enumerated() where kind != .toolCall {
      try await store.append(.act("o\(number)", kind, at: start + 100 + Int64(number)))
      try await store.append(.act("s\(number)", kind, at: start + 200_000 + Int64(number), session: "s"))
    }
    try await store.append(.act("again", .kill, at: start + 900_000, session: "s"))
    var later = TraceEvent.call("later", at: start + 1_000_000, session: "t")
    later.agentID = "日本語 \u{202E}"
    try await store.append(later)
  }

  private func pack(_ session: String, signingKey: String? = nil) async throws -> JSONValue {
    let builder = EvidenceBuilder(store: store, version: "1.2.3", key: EvidenceKey(signingKey: signingKey))
    return try JSONValue(parsing: EvidenceJSON(try await builder.pack(session: session)).bytes)
  }

  @Test(arguments: ["s", "t", "never seen"], [nil, "a signing key"])
  func packsAreValid(session: String, signingKey: String?) async throws {
    #expect(schema.problems(in: try await pack(session, signingKey: signingKey)) == [])
    try await fill()
    let pack = try await pack(session, signingKey: signingKey)
    #expect(schema.problems(in: pack) == [])
    if session == "s" {
      let kinds = Set(pack["anomalies"]?.arrayValue?.compactMap { $0["type"]?.stringValue } ?? [])
      #expect(kinds == Set(EvidencePack.Anomaly.Kind.allCases.map(\.rawValue)))
    }
  }

  /// Whatever is taken away or has another type, the schema says where.
  @Test func everyMemberCounts() async throws {
    try await fill()
    let pack = try await pack("s", signingKey: "a signing key")
    var paths: [[JSONStep]] = []
    func collect(_ value: JSONValue, _ path: [JSONStep]) {
      if let object = value.objectValue {
        for (key, member) in object.members {
          paths.append(path + [.key(key)])
          // What is in it is anybody's, or named by agents.
          if !["details", "by_tool", "rules_triggered"].contains(key) { collect(member, path + [.key(key)]) }
        }
      } else if let first = value.arrayValue?.first {
        collect(first, path + [0])
      }
    }
    collect(pack, [])
    #expect(paths.count > 100)
    for path in paths {
      for change: JSONValue? in [nil, 1.5, ["\u{0}": [[]]]] {
        // Details are any object.
        if case .key("details")? = path.last, change?.objectValue != nil { continue }
        var changed = pack
        changed.set(path, change)
        #expect(schema.problems(in: changed, limit: 1).count == 1, "\(path) \(String(describing: change))")
      }
    }
  }

  struct Change: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let path: [JSONStep]
    let value: JSONValue?

    init(_ path: [JSONStep], _ value: JSONValue?) {
      (self.path, self.value) = (path, value)
      testDescription = "\(path) \(value?.serializedString() ?? "removed")"
    }
  }

  static let changes = [
    Change(["note"], "added"), Change(["metadata", "note"], "added"), Change(["timeline", 0, "note"], "added"),
    Change(["integrity", "note"], "added"), Change(["integrity", "ed25519", "note"], "added"),
    Change(["summary", "by_tool", "x"], ["allowed": 1]), Change(["summary", "total_tool_calls"], -1),
    Change(["metadata", "version"], "1.0.1"), Change(["metadata", "generated_at"], "2026-01-01T00:00:00Z"),
    Change(["metadata", "generated_at"], "2026-01-01T00:00:00.5+00:00"),
    Change(["metadata", "time_range", "start"], .null), Change(["metadata", "time_range", "end"], .null),
    Change(["timeline", 0, "hash"], .string(String(repeating: "A", count: 64))),
    Change(["timeline", 0, "hash"], .string(String(repeating: "a", count: 63))),
    Change(["timeline", 0, "hash"], .string(String(repeating: "a", count: 64) + "\n")),
    Change(["timeline", 0, "sequence"], 0), Change(["timeline", 0, "session_sequence"], .null),
    Change(["timeline", 0, "session_id"], .null), Change(["timeline", 0, "decision"], "allow"),
    Change(["timeline", 0, "kind"], "call"), Change(["timeline", 0, "inclusion", 0], -1),
    Change(["policy_analysis", "control_events", 0, "session_id"], "s"),
    Change(["policy_analysis", "control_events", 0, "kind"], "tool_call"),
    Change(["policy_analysis", "rules_triggered", "x"], ["count": 1, "decisions": ["ALLOW", "ALLOW"]]),
    Change(["anomalies", 0, "type"], "rapid"), Change(["anomalies", 0, "event_ids"], []),
    Change(["write_action_log", 0, "approved_by"], "ann"), Change(["write_action_log", 0, "pre_state_ref"], "x"),
    Change(["integrity", "signature"], nil), Change(["integrity", "signature_algorithm"], nil),
    Change(["integrity", "signed_at"], nil), Change(["integrity", "covers"], "everything"),
    Change(["integrity", "hash_algorithm"], "md5"), Change(["integrity", "tree_head", "hmac_sha256"], .null),
    Change(["integrity", "ed25519", "public_key", "crv"], "Ed448"),
    Change(["integrity", "ed25519", "public_key", "d"], "AAAA"),
    Change(["integrity", "inclusion_nodes", 0], "ab"),
  ]

  @Test(arguments: changes) func aChangedPackIsInvalid(_ change: Change) async throws {
    try await fill()
    var pack = try await pack("s", signingKey: "a signing key")
    pack.set(change.path, change.value)
    #expect(!schema.problems(in: pack).isEmpty)
  }

  @Test func aPackWithoutASigningKeyHasNoHMAC() async throws {
    var pack = try await pack("s")
    pack.set(["integrity", "tree_head", "hmac_sha256"], .string(String(repeating: "0", count: 64)))
    #expect(!schema.problems(in: pack).isEmpty)
  }

  /// What the schema lists is what there is.
  @Test func listsAreWhole() throws {
    #expect(document["$id"] == .string(EvidenceSchema.identifier))
    #expect(schema.unsupported == [])
    let definitions = document["$defs"]
    let event = definitions?["event"]
    #expect(event?["properties"]?.objectValue?.keys == EventContent.keys + ["hash", "inclusion"])
    #expect(event?["required"]?.arrayValue?.map(\.stringValue) == EventContent.keys + ["hash", "inclusion"])
    #expect(
      event?["properties"]?["kind"]?["enum"]?.arrayValue?.map(\.stringValue)
        == TraceEvent.Kind.allCases.map(\.rawValue))
    #expect(
      definitions?["decision"]?["enum"]?.arrayValue?.map(\.stringValue) == Decision.Action.allCases.map(\.rawValue))
    #expect(
      definitions?["anomaly"]?["properties"]?["type"]?["oneOf"]?.arrayValue?.map { $0["const"]?.stringValue }
        == EvidencePack.Anomaly.Kind.allCases.map(\.rawValue))
    #expect(definitions?["integrity"]?["properties"]?["covers"]?["const"] == .string(EvidenceSeal.covers))
  }
}
