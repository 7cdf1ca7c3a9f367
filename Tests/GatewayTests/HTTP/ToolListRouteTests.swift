import HTTPTypes
import StrictJSON
import Testing

@testable import Gateway

struct ToolListRouteTests {
  private static let reads: JSONValue = ["db_query", "file_read", "api_get", "rate_limited_tool"]

  @Test func listsWhatTheSessionMayCallNow() async throws {
    try await GatewayFixture.run { gateway async throws in
      func tools(_ session: String? = nil) async throws -> JSONValue? {
        try await gateway.send(.get, "/tools/list" + (session.map { "?session_id=\($0)" } ?? "")).json["tools"]
      }
      #expect(try await tools() == Self.reads)
      #expect(try await tools("s1") == Self.reads)
      _ = try await gateway.control(.post, "/sessions/s%2F1/kill")
      #expect(try await tools("s%2F1") == [])
      #expect(try await tools("s/1") == [])
      #expect(try await tools("s2") == Self.reads)
      #expect(try await tools() == Self.reads)
      _ = try await gateway.control(.post, "/tools/file_read/kill")
      #expect(try await tools("s2") == ["db_query", "api_get", "rate_limited_tool"])
      #expect(try await tools() == ["db_query", "api_get", "rate_limited_tool"])
      _ = try await gateway.control(.post, "/system/pause")
      #expect(try await tools("s2") == [])
      #expect(try await tools() == [])
    }
  }

  @Test func asksThePolicyNotTheData() async throws {
    let policy = """
      package agentgate

      default decision := {"action": "DENY", "reason": "no", "matched_rule": null}

      decision := {"action": "ALLOW", "reason": "yes", "matched_rule": "vip", "is_write_action": false} if {
        input.session_id == "vip"
        input.tool_name == "db_insert"
      }
      """
    let data = #"{"all_known_tools": ["db_query", "db_insert"], "read_only_tools": ["db_query"]}"#
    try await GatewayFixture.run(policy: ["p.rego": policy, "data.json": data]) { gateway async throws in
      #expect(try await gateway.send(.get, "/tools/list?session_id=vip").json["tools"] == ["db_insert"])
      #expect(try await gateway.send(.get, "/tools/list?session_id=other").json["tools"] == [])
    }
  }

  @Test func definitions() async throws {
    let definitions = [
      ToolDefinition(
        name: "db_query", server: "demo",
        raw: ["title": "Query", "description": "Reads.", "inputSchema": ["type": "object"]]),
      ToolDefinition(name: "db_insert", server: "demo", raw: [:]),
      ToolDefinition(name: "unknown_tool", server: "demo", raw: [:]),
    ]
    try await GatewayFixture.run(tools: ScriptedTools(definitions: definitions)) { gateway async throws in
      let reply = try await gateway.send(.get, "/tools/list").json
      #expect(reply["tools"] == Self.reads)
      #expect(
        reply["definitions"] == [
          [
            "name": "db_query", "title": "Query", "description": "Reads.", "inputSchema": ["type": "object"],
            "decision": "ALLOW", "reason": "Read-only tool",
          ],
          [
            "name": "db_insert", "inputSchema": ["type": "object"], "decision": "REQUIRE_APPROVAL",
            "reason": "Write action requires human approval",
          ],
        ])
    }
  }

  @Test func badSession() async throws {
    try await GatewayFixture.run { gateway async throws in
      let long = String(repeating: "a", count: 257)
      let reply = try await gateway.send(.get, "/tools/list?session_id=\(long)")
      #expect(reply.status == 422)
      #expect(reply.json["detail"]?[0]?["loc"] == ["query", "session_id"])
      #expect(try await gateway.send(.get, "/tools/list?session_id=").status == 200)
    }
  }
}
