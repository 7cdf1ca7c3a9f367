import Crypto
import StrictJSON
import Testing

@testable import Gateway

@Suite struct EvidencePackTests {
  private static let start: Int64 = 1_767_225_600_000_000
  private let store = MemoryTraceStore(clock: WallClock { start + 30_000_000 })

  private func pack(_ session: String = "s", key: EvidenceKey = EvidenceKey()) async throws -> JSONValue {
    let builder = EvidenceBuilder(
      store: store, version: "1.2.3", key: key, clock: WallClock { Self.start + 60_000_000 })
    return try JSONValue(parsing: EvidenceJSON(try await builder.pack(session: session)).bytes)
  }

  private func add(_ id: String, after milliseconds: Int64, _ change: (inout TraceEvent) -> Void = { _ in })
    async throws
  {
    var event = TraceEvent.call(id, at: Self.start + milliseconds * 1_000)
    change(&event)
    try await store.append(event)
  }

  /// A session with one of everything.
  private func fill() async throws {
    try await add("read", after: 0) {
      ($0.userID, $0.agentID, $0.executed, $0.durationMilliseconds) = ("u", "a1", true, 3)
    }
    try await add("asked", after: 2_000) {
      ($0.toolName, $0.decision, $0.isWriteAction) = ("db_insert", .requireApproval, true)
      ($0.reason, $0.matchedRule) = ("Write action requires human approval", "write_requires_approval")
    }
    try await add("written", after: 4_000) {
      ($0.toolName, $0.isWriteAction, $0.approvalTokenPresent, $0.agentID) = ("db_insert", true, true, "a2")
      ($0.executed, $0.error, $0.matchedRule) = (true, "no such table", "write_with_approval")
    }
    try await add("posted", after: 6_000) {
      ($0.toolName, $0.isWriteAction, $0.approvalTokenPresent, $0.executed) = ("api_post", true, true, true)
      ($0.matchedRule, $0.policyVersion, $0.policyRevision) = ("write_with_approval", "v1", "r2")
    }
    try await store.append(.act("killed", .kill, at: Self.start + 7_000_000, session: "s"))
    try await add("refused", after: 8_000) {
      ($0.toolName, $0.isWriteAction, $0.approvalTokenPresent, $0.decision) = ("db_update", true, true, .deny)
      ($0.reason, $0.matchedRule) = ("Kill switch: Session terminated", "kill_switch")
    }
    try await add("unruled", after: 9_000) { ($0.toolName, $0.decision, $0.matchedRule) = ("\"\u{E9}\n", .deny, nil) }
    try await store.append(.act("paused", .pause, at: Self.start + 8_500_000))
    try await store.append(.act("too late", .resume, at: Self.start + 9_000_001))
    try await add("another's", after: 5_000) { $0.sessionID = "t" }
  }

  @Test func sectionsAreThoseOfTheOriginal() async throws {
    try await fill()
    let pack = try await pack()
    #expect(
      pack.objectValue?.keys == [
        "$schema", "metadata", "summary", "timeline", "policy_analysis", "write_action_log", "anomalies", "integrity",
      ])
    #expect(
      pack["metadata"] == [
        "version": "1.0.0", "generated_at": "2026-01-01T00:01:00+00:00", "generator": "AgentGate v1.2.3",
        "session_id": "s", "user_id": "u", "agent_id": "multiple",
        "time_range": ["start": "2026-01-01T00:00:00+00:00", "end": "2026-01-01T00:00:09+00:00"],
      ])
    #expect(
      pack["summary"] == [
        "total_tool_calls": 6, "by_decision": ["ALLOW": 3, "DENY": 2, "REQUIRE_APPROVAL": 1],
        "by_tool": [
          "\"\u{E9}\n": ["allowed": 0, "denied": 1, "require_approval": 0],
          "api_post": ["allowed": 1, "denied": 0, "require_approval": 0],
          "db_insert": ["allowed": 1, "denied": 0, "require_approval": 1],
          "db_query": ["allowed": 1, "denied": 0, "require_approval": 0],
          "db_update": ["allowed": 0, "denied": 1, "require_approval": 0],
        ],
        "write_actions": ["total": 2, "reversible": 1, "irreversible": 1, "requested": 4],
        "policy_versions_used": ["v0", "v1"], "policy_revisions_used": ["r", "r2"], "kill_switch_activations": 1,
      ])
    #expect(
      pack["timeline"]?.arrayValue?.map { $0["event_id"]?.stringValue } == [
        "read", "asked", "written", "posted", "killed", "refused", "unruled",
      ])
    let written = try #require(pack["timeline"]?[2]?.objectValue)
    #expect(written.keys == EventContent.keys + ["hash", "inclusion"])
    #expect(
      JSONValue.object(JSONObject(written.members.dropLast(2))) == [
        "event_id": "written", "timestamp": "2026-01-01T00:00:04+00:00", "tool_name": "db_insert", "decision": "ALLOW",
        "reason": "Read-only tool", "matched_rule": "write_with_approval", "duration_ms": .null,
        "error": "no such table", "kind": "tool_call", "session_id": "s", "user_id": .null, "agent_id": "a2",
        "arguments_hash": .null, "policy_version": "v0", "policy_revision": "r", "executed": true,
        "is_write_action": true, "approval_token_present": true, "details": .null,
        "recorded_at": "2026-01-01T00:00:30+00:00", "sequence": 3, "session_sequence": 3,
        "previous_hash": pack["timeline"]?[1]?["hash"] ?? .null,
      ])
    let analysis = pack["policy_analysis"]
    #expect(
      analysis?["rules_triggered"] == [
        "kill_switch": ["count": 1, "decisions": ["DENY"]], "read_only_tools": ["count": 1, "decisions": ["ALLOW"]],
        "unknown": ["count": 1, "decisions": ["DENY"]],
        "write_requires_approval": ["count": 1, "decisions": ["REQUIRE_APPROVAL"]],
        "write_with_approval": ["count": 2, "decisions": ["ALLOW"]],
      ])
    #expect(
      analysis?["untriggered_rules"] == [
        "default_deny", "invalid_tool_name", "opa_unavailable", "rate_limit", "unknown_tool",
      ])
    #expect(analysis?["default_denials"] == 1)
    #expect(analysis?["control_events"]?.arrayValue?.map { $0["event_id"]?.stringValue } == ["paused"])
    #expect(
      pack["write_action_log"] == [
        [
          "event_id": "written", "timestamp": "2026-01-01T00:00:04+00:00", "tool_name": "db_insert", "reversible": true,
          "pre_state_ref": .null, "approved_by": "token", "error": "no such table",
        ],
        [
          "event_id": "posted", "timestamp": "2026-01-01T00:00:06+00:00", "tool_name": "api_post", "reversible": false,
          "pre_state_ref": .null, "approved_by": "token", "error": .null,
        ],
      ])
    #expect(
      pack["anomalies"] == [
        [
          "type": "denied_after_approval", "description": "Write action denied after approval token presented",
          "event_ids": ["refused"],
        ]
      ])
  }

  @Test func anUnseenSessionHasAnEmptyPack() async throws {
    try await fill()
    let pack = try await pack("nobody")
    #expect(pack["metadata"]?["time_range"] == ["start": .null, "end": .null])
    #expect(pack["metadata"]?["user_id"] == .null)
    #expect(pack["summary"]?["policy_versions_used"] == ["unknown"])
    #expect(pack["timeline"] == [])
    #expect(pack["policy_analysis"]?["control_events"] == [])
    #expect(pack["integrity"]?["event_count"] == 0)
  }

  /// By hand, with nothing but hashes.
  @Test func anyoneCanCheckTheSeal() async throws {
    try await fill()
    let key = EvidenceKey(signingKey: "signing key")
    let pack = try await pack(key: key)
    var sealed = try #require(pack.objectValue)
    let timeline = pack["timeline"]?.arrayValue ?? []
    sealed["timeline"] = .array(timeline.compactMap { $0["hash"] })
    var analysis = try #require(pack["policy_analysis"]?.objectValue)
    analysis["control_events"] = .array((analysis["control_events"]?.arrayValue ?? []).compactMap { $0["hash"] })
    sealed["policy_analysis"] = .object(analysis)
    let integrity = try #require(pack["integrity"]?.objectValue)
    sealed["integrity"] = [
      "event_count": 7, "hash_algorithm": "sha256", "covers": .string(EvidenceSeal.covers),
      "tree_head": integrity["tree_head"] ?? .null, "inclusion_nodes": integrity["inclusion_nodes"] ?? .null,
      "signature_algorithm": "hmac-sha256", "signed_at": "2026-01-01T00:01:00+00:00",
    ]
    func hex(_ bytes: some Sequence<UInt8>) -> String {
      bytes.map { (0x100 + Int($0)) }.map { String(String($0, radix: 16).dropFirst()) }.joined()
    }
    let hash = hex(SHA256.hash(data: try CanonicalJSON(.object(sealed)).bytes))
    #expect(integrity["hash"] == .string(hash))
    let message = Array("agentgate evidence pack v1\n\(hash)\n".utf8)
    let code = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: Array("signing key".utf8)))
    #expect(integrity["signature"] == .string(hex(code)))
    #expect(integrity["signature_algorithm"] == "hmac-sha256")
    #expect(integrity["signed_at"] == "2026-01-01T00:01:00+00:00")
    let publicKey = try Curve25519.Signing.PublicKey(rawRepresentation: key.publicKey.bytes)
    let signature = integrity["ed25519"]?["signature"]?.stringValue ?? ""
    let bytes = stride(from: 0, to: 128, by: 2).compactMap {
      UInt8(signature.dropFirst($0).prefix(2), radix: 16)
    }
    #expect(publicKey.isValidSignature(bytes, for: message))
    #expect(integrity["ed25519"]?["public_key"] == key.publicKey.jwk)
    for event in timeline {
      let content = JSONObject((event.objectValue?.members ?? []).filter { !["hash", "inclusion"].contains($0.key) })
      #expect(event["hash"] == .string(hex(SHA256.hash(data: try CanonicalJSON(.object(content)).bytes))))
    }
    #expect(EvidencePackCheck(pack.serialized(), publicKey: key.publicKey, signingKey: "signing key").findings == [])

    let unsigned = try await self.pack()["integrity"]
    #expect(unsigned?["signature"] == nil && unsigned?["signature_algorithm"] == nil && unsigned?["signed_at"] == nil)
  }

  /// Calls at these milliseconds, and the bursts among them by first and last call.
  @Test(
    arguments: [
      (Array(0..<10), []),
      (Array(0..<11), [0...10]),
      (Array(0..<10) + [1_000], [0...10]),
      (Array(0..<10) + [1_001], []),
      (Array(stride(from: 0, to: 5_000, by: 100)), [0...49]),
      (Array(stride(from: 0, to: 5_000, by: 101)), []),
      ([0] + Array(5_000..<5_011) + [9_000] + Array(9_500..<9_511) + [20_000], [1...11, 12...23]),
      (Array(0..<11) + Array(1_100..<1_110), [0...10]),
      (Array(0..<11) + Array(1_100..<1_111), [0...10, 11...21]),
      (Array(0..<11) + Array(900..<905), [0...15]),
    ] as [([Int64], [ClosedRange<Int>])])
  func aBurstIsOneAnomaly(times: [Int64], bursts: [ClosedRange<Int>]) async throws {
    for (index, time) in times.enumerated() { try await add(String(1_000 + index), after: time) }
    let found = try await pack()["anomalies"]?.arrayValue?.map { $0["event_ids"]?.arrayValue?.map(\.stringValue) }
    #expect(found == bursts.map { $0.map { String(1_000 + $0) } })
  }

  @Test func aLargeSessionComesInPieces() async throws {
    for number in 0..<2_000 { try await add("e\(number)", after: Int64(number) * 500) }
    let builder = EvidenceBuilder(store: store, version: "1", key: EvidenceKey())
    let json = EvidenceJSON(try await builder.pack(session: "s"))
    #expect(json.allSatisfy { $0.count < 128_000 })
    let timeline = try JSONValue(parsing: json.bytes)["timeline"]?.arrayValue
    #expect(timeline?.map { $0["event_id"]?.stringValue } == (0..<2_000).map { "e\($0)" })
  }
}
