import HTTPTypes
import StrictJSON
import Testing

@testable import Gateway

struct ControlRouteTests {
  static let endpoints: [(HTTPRequest.Method, String)] = [
    (.get, "/sessions"), (.post, "/sessions/s1/kill"), (.delete, "/sessions/s1/kill"), (.get, "/sessions/s1/evidence"),
    (.post, "/tools/t/kill"), (.delete, "/tools/t/kill"), (.post, "/system/pause"), (.post, "/system/resume"),
    (.post, "/admin/policies/reload"),
  ]

  @Test(arguments: endpoints) func needsTheKey(_ method: HTTPRequest.Method, _ path: String) async throws {
    try await GatewayFixture.run { gateway async throws in
      let missing = try await gateway.send(method, path)
      #expect(missing.status == 401)
      #expect(missing.text == #"{"detail":"X-API-Key header required"}"#)
      #expect(missing.headers[.wwwAuthenticate] != nil)
      for key in ["", "wrong", GatewayFixture.adminKey + "x", "schlüssel", "admin-secret-change-me"] {
        let wrong = try await gateway.send(method, path, key: key)
        #expect(wrong.status == 403, "\(key)")
        #expect(wrong.text == #"{"detail":"Invalid API key"}"#)
      }
      #expect(try await gateway.send(method, path, key: GatewayFixture.adminKey).status == 200)
      #expect(!gateway.log.text.contains(GatewayFixture.adminKey))
    }
  }

  @Test func agentsNeedNoKey() async throws {
    try await GatewayFixture.run { gateway async throws in
      #expect(try await gateway.send(.get, "/tools/list").status == 200)
      #expect(try await gateway.send(.get, "/health").status == 200)
    }
  }

  @Test func killsInOrderWithTheirReasons() async throws {
    try await GatewayFixture.run { gateway async throws in
      func error(_ tool: String = "db_query", _ session: String = "s1") async throws -> JSONValue? {
        try await gateway.call(tool, session: session).json["error"]
      }
      let killed = try await gateway.control(.post, "/sessions/s1/kill")
      #expect(killed.text.hasPrefix(#"{"status":"killed","session_id":"s1","containment_id":""#))
      #expect(try await error() == "Policy denied: Kill switch: Session terminated")
      #expect(try await error("db_query", "s2") == .null)
      let tool = try await gateway.control(.post, "/tools/db_query/kill", #"{"reason":"broken"}"#)
      #expect(tool.text.hasPrefix(#"{"status":"killed","tool_name":"db_query","containment_id":""#))
      #expect(try await error() == "Policy denied: Kill switch: broken")
      #expect(try await error("file_read", "s2") == .null)
      let paused = try await gateway.control(.post, "/system/pause", "{}")
      #expect(paused.text.hasPrefix(#"{"status":"paused","containment_id":""#))
      #expect(try await error() == "Policy denied: Kill switch: System paused")
      #expect(try await error("file_read", "s2") == "Policy denied: Kill switch: System paused")
      #expect(try await gateway.control(.post, "/system/resume").text == #"{"status":"resumed"}"#)
      #expect(try await gateway.control(.post, "/system/resume").status == 200, "also when not paused")
      #expect(try await error() == "Policy denied: Kill switch: broken", "resume clears the pause alone")
      #expect(
        try await gateway.control(.delete, "/tools/db_query/kill").text
          == #"{"status":"unkilled","tool_name":"db_query"}"#)
      #expect(try await error() == "Policy denied: Kill switch: Session terminated")
      #expect(
        try await gateway.control(.delete, "/sessions/s1/kill").text == #"{"status":"unkilled","session_id":"s1"}"#)
      #expect(try await gateway.control(.delete, "/sessions/s1/kill").status == 200, "idempotent")
      #expect(try await error() == .null)
      // Invalid names come before kills.
      _ = try await gateway.control(.post, "/system/pause")
      #expect(try await error("a b") == "Policy denied: Invalid tool name")
    }
  }

  @Test func actsAreEvents() async throws {
    try await GatewayFixture.run { gateway async throws in
      _ = try await gateway.control(.post, "/sessions/s1/kill", #"{"reason":"why"}"#)
      _ = try await gateway.control(.delete, "/sessions/s1/kill")
      #expect(try await gateway.events().map(\.kind) == [.kill, .unkill])
      #expect(try await gateway.events().first?.reason == "why")
      _ = try await gateway.control(.post, "/tools/t/kill")
      _ = try await gateway.control(.delete, "/tools/t/kill")
      _ = try await gateway.control(.post, "/system/pause")
      _ = try await gateway.control(.post, "/system/resume")
      _ = try await gateway.control(.post, "/admin/policies/reload")
      #expect(try await gateway.controlEvents().map(\.kind) == [.kill, .unkill, .pause, .resume, .reload])
      #expect(try await gateway.control(.get, "/sessions").text == #"{"sessions":[]}"#, "killed only")
    }
  }

  @Test(
    arguments: [
      (nil, "Session terminated"), ("", "Session terminated"), ("null", "Session terminated"),
      ("{}", "Session terminated"),
      (#"{"reason":null}"#, "Session terminated"), (#"{"reason":""}"#, "Session terminated"),
      (#"{"reason":"é\n","x":1}"#, "é\n"),
    ] as [(String?, String)])
  func reasons(_ body: String?, _ reason: String) async throws {
    try await GatewayFixture.run { gateway async throws in
      #expect(try await gateway.control(.post, "/sessions/s1/kill", body).status == 200)
      #expect(
        try await gateway.call("db_query").json["error"] == .string("Policy denied: Kill switch: \(reason)"))
    }
  }

  @Test(
    arguments: [
      (#"{"reason":7}"#, "string_type", ["body", "reason"]), ("[]", "model_attributes_type", ["body"]),
      ("{", "json_invalid", ["body", 1]),
      (#"{"reason":"\#(String(repeating: "é", count: 1_025))"}"#, "string_too_long", ["body", "reason"]),
    ] as [(String, String, JSONValue)])
  func badReasons(_ body: String, _ type: String, _ location: JSONValue) async throws {
    try await GatewayFixture.run { gateway async throws in
      for path in ["/sessions/s1/kill", "/tools/t/kill", "/system/pause"] {
        let reply = try await gateway.control(.post, path, body)
        #expect(reply.status == 422)
        #expect(reply.json["detail"]?[0]?["type"] == .string(type))
        #expect(reply.json["detail"]?[0]?["loc"] == location)
      }
      #expect(try await gateway.call("db_query").json["success"] == true)
    }
  }

  static let sessions = [
    "a/b", "/", "//", "a/kill", "kill", "a/evidence", "..", ".", "a b", " k1", "k1\0", "a?b", "a#b", "a%2Fb", "%", "é",
    "e\u{301}", "☃\u{1F600}", "a\r\nb", "\"", "a\"b", "\u{202E}x", String(repeating: "\u{1F600}", count: 256),
  ]

  @Test(arguments: sessions) func anySessionCanBeKilledAndExported(_ session: String) async throws {
    try await GatewayFixture.run { gateway async throws in
      let encoded = session.utf8.map { byte in
        "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }.joined()
      _ = try await gateway.call("db_query", session: session)
      let killed = try await gateway.control(.post, "/sessions/\(encoded)/kill")
      #expect(killed.json["status"] == "killed")
      #expect(killed.json["session_id"] == .string(session))
      #expect(killed.json["receipt"]?["target"] == ["kind": "session", "id": .string(session)])
      #expect(
        try await gateway.call("db_query", session: session).json["error"]
          == "Policy denied: Kill switch: Session terminated")
      let evidence = try await gateway.control(.get, "/sessions/\(encoded)/evidence")
      #expect(evidence.status == 200)
      #expect(evidence.json["metadata"]?["session_id"] == .string(session))
      #expect(evidence.json["summary"]?["total_tool_calls"] == 2)
      #expect(evidence.json["summary"]?["kill_switch_activations"] == 1)
      #expect(try await gateway.control(.delete, "/sessions/\(encoded)/kill").status == 200)
      #expect(try await gateway.call("db_query", session: session).json["success"] == true)
    }
  }

  @Test func slashesMayComeAsTheyAre() async throws {
    try await GatewayFixture.run { gateway async throws in
      #expect(
        try await gateway.control(.post, "/sessions/team/agent/7/kill").json["session_id"] == "team/agent/7")
    }
  }

  @Test(arguments: ["%FF", "%20", "%00%20", String(repeating: "a", count: 257)].map { "/sessions/\($0)/kill" })
  func idsThatNoCallMayCarry(_ path: String) async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.control(.post, path)
      // U+0000 is no white space, so that `%00%20` is an id like any other.
      #expect(reply.status == (path.contains("%00") ? 200 : 422))
      if reply.status == 422 { #expect(reply.json["detail"]?[0]?["loc"] == ["path", "session_id"]) }
    }
  }

  @Test func similarIDsAreDifferentSessions() async throws {
    try await GatewayFixture.run { gateway async throws in
      _ = try await gateway.control(.post, "/sessions/%C3%A9/kill")
      #expect(try await gateway.call("db_query", session: "\u{E9}").json["success"] == false)
      #expect(try await gateway.call("db_query", session: "e\u{301}").json["success"] == true)
    }
  }

  @Test func killHoldsWithoutItsEventAndSaysSo() async throws {
    try await GatewayFixture.run { gateway async throws in
      gateway.traces.fail(intents: false, events: true)
      let reply = try await gateway.control(.post, "/sessions/s1/kill")
      #expect(reply.status == 200)
      #expect(reply.json["status"] == "killed")
      #expect(reply.json["warning"] == "Trace store unavailable: not recorded")
      // What would let calls through again isn't done without a record.
      for (method, path) in [
        (HTTPRequest.Method.delete, "/sessions/s1/kill"), (.post, "/system/resume"), (.post, "/admin/policies/reload"),
      ] {
        let refused = try await gateway.control(method, path)
        #expect(refused.status == 503)
        #expect(refused.text == #"{"status":"error","message":"Trace store unavailable"}"#)
      }
      gateway.traces.fail(intents: false, events: false)
      #expect(
        try await gateway.call("db_query").json["error"] == "Policy denied: Kill switch: Session terminated")
    }
  }

  @Test func unreadableKillSwitchDeniesEverything() async throws {
    try await GatewayFixture.run { gateway async throws in
      try Files.write("{ nonsense", to: gateway.stateFolder + "/kill-switch.json")
      // What was read before stays in force until the watch, or a change, looks at the file again.
      #expect(try await gateway.control(.post, "/sessions/s1/kill").status == 503)
      #expect(
        try await gateway.call("db_query", session: "s2").json["error"]
          == "Policy denied: Kill switch: Kill switch unavailable")
      let health = try await gateway.send(.get, "/health").json
      #expect(health["status"] == "degraded")
      #expect(health["redis"] == false)
      #expect(try await gateway.send(.get, "/tools/list").json["tools"] == [])
    }
  }

  @Test func evidenceFormats() async throws {
    try await GatewayFixture.run { gateway async throws in
      for query in ["", "?format=json", "?format=JSON", "?format=xml", "?format="] {
        let reply = try await gateway.control(.get, "/sessions/s1/evidence\(query)")
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == "application/json")
        #expect(
          reply.json.objectValue?.keys == [
            "$schema", "metadata", "summary", "timeline", "policy_analysis", "write_action_log", "anomalies",
            "integrity",
          ])
      }
      // Each is an event, of no session: the pack of a session that did nothing stays empty.
      #expect(try await gateway.controlEvents().filter { $0.kind == .export }.count == 5)
      #expect(try await gateway.control(.get, "/sessions/s1/evidence").json["timeline"] == [])
    }
  }

  @Test(arguments: [
    ("s1", #"attachment; filename="evidence_s1.pdf""#),
    ("a%22b%0D%0Ac", #"attachment; filename="evidence_a_b__c.pdf"; filename*=UTF-8''evidence_a%22b%0D%0Ac.pdf"#),
    ("%E6%97%A5", #"attachment; filename="evidence____.pdf"; filename*=UTF-8''evidence_%E6%97%A5.pdf"#),
  ])
  func aPDFHasASafeName(session: String, disposition: String) async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.control(.get, "/sessions/\(session)/evidence?format=pdf")
      #expect(reply.status == 200)
      #expect(reply.headers[.contentType] == "application/pdf")
      #expect(reply.headers[.contentDisposition] == disposition)
      #expect(reply.text.hasPrefix("%PDF-"))
    }
  }
}
