import HTTPTypes
import HummingbirdTesting
import StrictJSON
import Testing

@testable import Gateway

struct ToolCallRouteTests {
  @Test func answerHasTheContractsKeysInOrder() async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.call("db_query", arguments: ["query": "é"])
      let event = try #require(try await gateway.events().first)
      #expect(reply.status == 200)
      #expect(reply.headers[.contentType] == "application/json")
      #expect(
        reply.text
          == #"{"success":true,"result":{"tool":"db_query","arguments":{"query":"é"}},"error":null,"trace_id":""#
          + event.eventID + #""}"#)
      let denied = try await gateway.call("hack_the_planet")
      #expect(
        denied.text.hasPrefix(
          #"{"success":false,"result":null,"error":"Policy denied: Tool not in allowlist","trace_id":""#))
    }
  }

  @Test func eventSaysWhatHappened() async throws {
    try await GatewayFixture.run { gateway async throws in
      _ = try await gateway.call(
        "db_insert", arguments: ["b": 1, "a": [2.50, "x"]], context: ["user_id": "u", "agent_id": 7],
        token: GatewayFixture.token)
      let event = try #require(try await gateway.events().first)
      #expect(event.kind == .toolCall)
      #expect(event.userID == "u")
      #expect(event.agentID == nil, "not a string")
      #expect(event.decision == .allow)
      #expect(event.reason == "Write action approved")
      #expect(event.matchedRule == "write_with_approval")
      #expect(event.executed && event.isWriteAction && event.approvalTokenPresent)
      #expect(event.durationMilliseconds == 0)
      #expect(event.error == nil)
      #expect(event.policyVersion == "v0")
      #expect(event.policyRevision == gateway.assembly.policy.active.revision)
      // SHA-256 over {"a":[2.5,"x"],"b":1}
      #expect(event.argumentsHash == "497e110c8391d40dff89ea869c12117408f5eea2ec05d80fecb377b05908b18f")
      #expect(gateway.tools.sent.map(\.arguments) == [#"{"a":[2.5,"x"],"b":1}"#], "what was judged is sent")
    }
  }

  struct BadField: Sendable, CustomTestStringConvertible {
    let body: String
    let problems: JSONValue
    var testDescription: String { body }
    init(_ body: String, _ problems: JSONValue) {
      self.body = body
      self.problems = problems
    }
  }

  private static func problem(
    _ type: String, _ location: JSONValue, _ message: String, _ input: JSONValue, _ context: JSONValue? = nil
  ) -> JSONValue {
    var object: JSONObject = ["type": .string(type), "loc": location, "msg": .string(message), "input": input]
    object["ctx"] = context
    return .object(object)
  }

  private static let long = String(repeating: "é", count: 257)

  static let badFields: [BadField] = [
    BadField(
      #"{"session_id":"s","tool_name":"t"}"#,
      [problem("missing", ["body", "arguments"], "Field required", ["session_id": "s", "tool_name": "t"])]),
    BadField(
      "{}",
      [
        problem("missing", ["body", "session_id"], "Field required", [:]),
        problem("missing", ["body", "tool_name"], "Field required", [:]),
        problem("missing", ["body", "arguments"], "Field required", [:]),
      ]),
    BadField(
      #"{"session_id":1,"tool_name":null,"arguments":[],"context":null,"approval_token":[1]}"#,
      [
        problem("string_type", ["body", "session_id"], "Input should be a valid string", 1),
        problem("string_type", ["body", "tool_name"], "Input should be a valid string", .null),
        problem("dict_type", ["body", "arguments"], "Input should be a valid dictionary", []),
        problem("dict_type", ["body", "context"], "Input should be a valid dictionary", .null),
        problem("string_type", ["body", "approval_token"], "Input should be a valid string", [1]),
      ]),
    BadField(
      #"{"session_id":"","tool_name":" \t ","arguments":{}}"#,
      [
        problem(
          "value_error", ["body", "session_id"], "Value error, session_id must be non-empty", "", ["error": [:]]),
        problem(
          "value_error", ["body", "tool_name"], "Value error, tool_name must be non-empty", " \t ", ["error": [:]]),
      ]),
    BadField(
      #"{"session_id":"\#(long)","tool_name":"\#(long.prefix(129))","arguments":{}}"#,
      [
        problem(
          "value_error", ["body", "session_id"], "Value error, session_id too long (max 256 characters)",
          .string(long), ["error": [:]]),
        problem(
          "value_error", ["body", "tool_name"], "Value error, tool_name too long (max 128 characters)",
          .string(String(long.prefix(129))), ["error": [:]]),
      ]),
    BadField(
      "[1]",
      [
        problem(
          "model_attributes_type", ["body"],
          "Input should be a valid dictionary or object to extract fields from", [1])
      ]),
    BadField(
      "null",
      [
        problem(
          "model_attributes_type", ["body"],
          "Input should be a valid dictionary or object to extract fields from", .null)
      ]),
    BadField("", [problem("missing", ["body"], "Field required", .null)]),
  ]

  @Test(arguments: badFields) func refusesFields(_ bad: BadField) async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.send(.post, "/tools/call", bad.body)
      #expect(reply.status == 422)
      #expect(reply.text == JSONValue.object(["detail": bad.problems]).serializedString())
      #expect(gateway.traces.steps.isEmpty)
    }
  }

  @Test func longestIdentifiersPass() async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.call(
        String(repeating: "x", count: 128), session: String(repeating: "é", count: 256))
      #expect(reply.status == 200)
    }
  }

  struct BadText: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let location: JSONValue
    let error: String
    var testDescription: String { String(decoding: bytes.prefix(60), as: UTF8.self) }
    init(_ text: String, _ location: JSONValue, _ error: String) {
      self.init(Array(text.utf8), location, error)
    }
    init(_ bytes: [UInt8], _ location: JSONValue, _ error: String) {
      self.bytes = bytes
      self.location = location
      self.error = error
    }
  }

  private static let start = #"{"session_id":"s","tool_name":"db_query","arguments":"#

  private static func invalid(_ bytes: [UInt8]) -> [UInt8] {
    Array(start.utf8) + Array(#"{"a":""#.utf8) + bytes + Array(#""}}"#.utf8)
  }

  private static func nested(_ opening: String, _ closing: String) -> String { start + #"{"a":"# + opening + closing }
  private static let deepPlace: JSONValue = .array(["arguments", "a"].reduce(into: ["body"]) { $0.append($1) } + zeros)
  private static let zeros = [JSONValue](repeating: 0, count: 126)

  static let badTexts: [BadText] = [
    BadText("{", ["body", 1], "unexpected end"),
    BadText(#"{"a":1,}"#, ["body", 7], "key"),
    BadText(start + #"{"a":{"b":1,"b":2}}}"#, ["body", "arguments", "a", "b"], "duplicate key"),
    BadText(start + #"{"\u0062":1,"b":2}}"#, ["body", "arguments", "b"], "duplicate key"),
    BadText(start + #"{"a":[0,{"x y":"\ud800"}]}}"#, ["body", "arguments", "a", 1, "x y"], "lone surrogate"),
    BadText(invalid([0xC3, 0x28]), ["body", "arguments", "a"], "invalid UTF-8"),
    BadText(invalid([0xC0, 0xAF]), ["body", "arguments", "a"], "invalid UTF-8"),
    BadText(start + #"{"a":1e999}}"#, ["body", "arguments", "a"], "too large"),
    BadText(start + #"{"a":[9007199254740993]}}"#, ["body", "arguments", "a", 0], "$.arguments.a[0]"),
    BadText(start + #"{"a":NaN}}"#, ["body", 58], "expected a value"),
    BadText(
      nested(String(repeating: "[", count: 127), String(repeating: "]", count: 127) + "}}"), deepPlace,
      "nested deeper than 128"),
    BadText(nested(String(repeating: "[", count: 400_000), ""), deepPlace, "nested deeper than 128"),
    BadText(#"{"session_id":"\ud83d","tool_name":"t","arguments":{}}"#, ["body", "session_id"], "lone surrogate"),
  ]

  @Test(arguments: badTexts) func refusesTexts(_ bad: BadText) async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.send(.post, "/tools/call", bytes: bad.bytes)
      #expect(reply.status == 422)
      let detail = try #require(reply.json["detail"]?[0])
      #expect(detail["type"] == "json_invalid")
      #expect(detail["loc"] == bad.location)
      #expect(detail["msg"] == "JSON decode error")
      #expect(detail["input"] == [:])
      #expect(detail["ctx"]?["error"]?.stringValue?.contains(bad.error) == true, "\(detail)")
      #expect(gateway.traces.steps.isEmpty)
    }
  }

  @Test(arguments: [
    ("application/json", true), ("application/json; charset=utf-8", true), ("APPLICATION/JSON", true),
    ("application/vnd.api+json", true), ("application/vnd.api+json;a=b", true), ("text/plain", false),
    ("application/x-www-form-urlencoded", false), ("text/json", false), ("application/jsonp", false), ("", false),
  ])
  func contentTypes(_ type: String, _ isTaken: Bool) async throws {
    try await GatewayFixture.run { gateway async throws in
      let body = #"{"session_id":"s","tool_name":"db_query","arguments":{}}"#
      let reply = try await gateway.send(.post, "/tools/call", body, contentType: type.isEmpty ? nil : type)
      #expect(reply.status == (isTaken ? 200 : 422))
      if !isTaken {
        #expect(reply.json["detail"]?[0]?["type"] == "model_attributes_type")
        #expect(reply.json["detail"]?[0]?["input"] == .string(body))
      }
    }
  }

  @Test func byteOrderMarkIsTaken() async throws {
    try await GatewayFixture.run { gateway async throws in
      let body = "\u{FEFF}" + #"{"session_id":"s","tool_name":"db_query","arguments":{}}"#
      #expect(try await gateway.send(.post, "/tools/call", body).status == 200)
    }
  }

  @Test func bodiesUpToOneMebibyte() async throws {
    try await GatewayFixture.run(setup: .live) { gateway async throws in
      let start = #"{"session_id":"s","tool_name":"db_query","arguments":{"a":""#
      let end = #""}}"#
      func body(_ size: Int) -> String {
        start + String(repeating: "x", count: size - start.utf8.count - end.utf8.count) + end
      }
      #expect(try await gateway.send(.post, "/tools/call", body(1_048_576)).status == 200)
      let tooLarge = try await gateway.send(.post, "/tools/call", body(1_048_577))
      #expect(tooLarge.status == 413)
      #expect(tooLarge.text == #"{"error":"Request body too large"}"#)
      #expect(tooLarge.headers[.correlationID] != nil)
    }
  }

  @Test func rateLimitHeaders() async throws {
    try await GatewayFixture.run { gateway async throws in
      let start = ManualClock.start / 1_000_000
      for used in 0..<10 {
        let reply = try await gateway.call("rate_limited_tool")
        #expect(reply.headers[.rateLimitLimit] == "10")
        #expect(reply.headers[.rateLimitRemaining] == String(10 - used))
        #expect(reply.headers[.rateLimitReset] == String(start + 60))
        #expect(reply.json["success"] == true)
      }
      let refused = try await gateway.call("rate_limited_tool")
      #expect(refused.json["error"] == "Policy denied: Rate limit exceeded")
      #expect(refused.headers[.rateLimitRemaining] == "0")
      #expect(try await gateway.events().last?.matchedRule == "rate_limit")
      // Neither changing what the call says of its user nor taking another's name changes the subject.
      for user in ["u1", "u2", ""] {
        #expect(
          try await gateway.call("rate_limited_tool", context: ["user_id": .string(user)]).json["success"] == false)
      }
      for _ in 0..<3 {
        _ = try await gateway.call("rate_limited_tool", session: "attacker", context: ["user_id": "victim"])
      }
      let victim = try await gateway.call("rate_limited_tool", session: "victim", context: ["user_id": "victim"])
      #expect(victim.headers[.rateLimitRemaining] == "10")
      #expect(try await gateway.call("db_query").headers[.rateLimitLimit] == nil)
      gateway.clock.advance(seconds: 60)
      #expect(try await gateway.call("rate_limited_tool").json["success"] == true)
    }
  }

  @Test func killedCallsDoNotCount() async throws {
    try await GatewayFixture.run { gateway async throws in
      _ = try await gateway.control(.post, "/tools/rate_limited_tool/kill")
      for _ in 0..<12 { _ = try await gateway.call("rate_limited_tool") }
      _ = try await gateway.control(.delete, "/tools/rate_limited_tool/kill")
      let reply = try await gateway.call("rate_limited_tool")
      #expect(reply.json["success"] == true)
      #expect(reply.headers[.rateLimitRemaining] == "10")
    }
  }

  @Test func tokenIsComparedByItsBytesAndNeverShown() async throws {
    let token = "gehe\u{EF}m-0123456789"
    try await GatewayFixture.run(configure: { $0.approvalToken = token }) { gateway async throws in
      for (given, isValid) in [
        (token, true), ("gehei\u{308}m-0123456789", false), (token + " ", false), ("", false), ("é☃", false),
      ] {
        let reply = try await gateway.call("db_insert", token: given)
        #expect(reply.json["success"] == .boolean(isValid), "\(given)")
      }
      #expect(!gateway.log.text.contains(token))
      #expect(!"\(try await gateway.events())".contains(token))
    }
  }

  @Test func withoutAConfiguredTokenNoneIsValid() async throws {
    try await GatewayFixture.run(configure: { $0.approvalToken = nil }) { gateway async throws in
      for token in ["approved", "", GatewayFixture.token] {
        #expect(
          try await gateway.call("db_insert", token: token).json["error"]
            == "Approval required: Write action requires human approval")
      }
    }
  }

  struct Outcome: Sendable, CustomTestStringConvertible {
    let outcome: ToolOutcome
    let result: JSONValue
    let error: JSONValue
    let executed: Bool
    var testDescription: String { "\(outcome)" }
  }

  static let outcomes: [Outcome] = [
    .init(outcome: .succeeded(["rows": []]), result: ["rows": []], error: .null, executed: true),
    .init(
      outcome: .failed("no such table"), result: .null, error: "Tool execution failed: no such table", executed: true),
    .init(outcome: .lost("timed out"), result: .null, error: "Tool execution failed: timed out", executed: true),
    .init(
      outcome: .unavailable("Tool not implemented"), result: .null,
      error: "Tool execution failed: Tool not implemented",
      executed: false),
  ]

  @Test(arguments: outcomes) func decisionStaysAllowWhateverTheToolDoes(_ expected: Outcome) async throws {
    try await GatewayFixture.run(tools: ScriptedTools { _, _ in expected.outcome }) { gateway async throws in
      let reply = try await gateway.call("db_query")
      #expect(reply.json["result"] == expected.result)
      #expect(reply.json["error"] == expected.error)
      #expect(reply.json["success"] == .boolean(expected.error == .null))
      let event = try #require(try await gateway.events().first)
      #expect(event.decision == .allow)
      #expect(event.executed == expected.executed)
      #expect((event.durationMilliseconds != nil) == expected.executed)
      #expect((event.error == nil) == (expected.error == .null))
    }
  }
}
