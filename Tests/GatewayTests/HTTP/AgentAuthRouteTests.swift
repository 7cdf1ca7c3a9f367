import FoundationEssentials
import HTTPTypes
import StrictJSON
import Testing

@testable import Gateway

/// Agents that have to prove who they are, at both doors over HTTP.
@Suite struct AgentAuthRouteTests {
  private static let policy = [
    "p.rego": """
    package agentgate

    decision := {"action": "ALLOW", "reason": "fine", "matched_rule": "all", "is_write_action": false} if {
    	input.identity.agent_id == "billing"
    	input.context.agent_id == "billing"
    	not input.context.user_id
    } else := {"action": "ALLOW", "reason": "ann's", "matched_rule": "ann", "is_write_action": false} if {
    	input.identity.user_id == "ann"
    	input.context.user_id == "ann"
    }
    """, "data.json": #"{"rate_limits": {"db_query": 3}}"#,
  ]

  private func run(
    _ body:
      @Sendable @escaping (GatewayFixture, _ billing: String, _ crawler: String, _ keys: String) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/agents.json"
    let (_, billing) = try AgentKeyFile.add(agent: try AgentID("billing"), to: file)
    let (_, crawler) = try AgentKeyFile.add(agent: try AgentID("crawler"), user: "ann", to: file)
    try await GatewayFixture.run(policy: Self.policy) {
      $0.agentAuth.mode = .required
      $0.agentAuth.keyFile = file
    } _: { gateway async throws in
      try await body(gateway, billing, crawler, file)
    }
  }

  private static func bearer(_ token: String) -> HTTPFields { [.authorization: "Bearer \(token)"] }

  @Test func anAgentWithoutItsKeyIsChallenged() async throws {
    try await run { gateway, billing, _, _ in
      let paths: [(HTTPRequest.Method, String)] = [
        (.post, "/tools/call"), (.get, "/tools/list"), (.post, "/mcp"), (.get, "/mcp"), (.delete, "/mcp"),
      ]
      for (method, path) in paths {
        let none = try await gateway.send(method, path, method == .post ? "{}" : nil)
        #expect(none.status == 401)
        #expect(none.headers[.wwwAuthenticate] == #"Bearer realm="agentgate""#)
        #expect(none.json["detail"] == "The agent must authenticate")
        for token in ["", "ag_wrong-wrong-wrong-wrong-wrong", billing + "x", "a b", GatewayFixture.adminKey] {
          let wrong = try await gateway.send(
            method, path, method == .post ? "{}" : nil, headers: Self.bearer(token))
          #expect(wrong.status == 401)
          #expect(wrong.headers[.wwwAuthenticate]?.contains(#"error="invalid_token""#) == true)
          #expect(!wrong.text.contains("wrong-wrong"))
        }
      }
      // What is nobody's call needs none.
      #expect(try await gateway.send(.get, "/health").status == 200)
      #expect(try await gateway.send(.get, "/.well-known/agentgate-evidence-key").json["crv"] == "Ed25519")
      #expect(try await gateway.events().isEmpty)
      #expect(gateway.tools.sent.isEmpty)
      #expect(!gateway.log.text.contains(billing) && !gateway.log.text.contains("wrong-wrong"))
    }
  }

  @Test func whatACallClaimsChangesNothing() async throws {
    try await run { gateway, billing, crawler, _ in
      for context: JSONValue in [
        [:], ["agent_id": "crawler", "user_id": "root"], ["user_id": 7, "agent_id": ["x"]],
      ] {
        let reply = try await gateway.call("db_query", context: context, headers: Self.bearer(billing))
        #expect(reply.json["success"] == true, "\(reply.text)")
        let event = try #require(try await gateway.events().last)
        #expect(event.agentID == "billing" && event.userID == nil && event.matchedRule == "all")
      }
      let other = try await gateway.call(
        "file_read", session: "s2", context: ["user_id": "root"], headers: Self.bearer(crawler))
      #expect(other.json["success"] == true)
      let event = try #require(try await gateway.events("s2").last)
      #expect(event.agentID == "crawler" && event.userID == "ann" && event.matchedRule == "ann")
    }
  }

  @Test func limitsCountTheAgentWhateverItsSession() async throws {
    try await run { gateway, billing, crawler, _ in
      for number in 0..<3 {
        let reply = try await gateway.call("db_query", session: "s\(number)", headers: Self.bearer(billing))
        #expect(reply.json["success"] == true)
      }
      let refused = try await gateway.call("db_query", session: "another", headers: Self.bearer(billing))
      #expect(refused.json["error"] == "Policy denied: Rate limit exceeded")
      #expect(refused.headers[.rateLimitRemaining] == "0")
      // Nor does it use up anybody else's.
      #expect(try await gateway.call("db_query", session: "s0", headers: Self.bearer(crawler)).json["success"] == true)
    }
  }

  @Test func aKilledAgentDoesNotComeBackUnderAnotherSession() async throws {
    try await run { gateway, billing, crawler, _ in
      #expect(try await gateway.control(.post, "/agents/billing/kill").status == 200)
      for (session, context) in [("s1", [:]), ("new", ["agent_id": "crawler"]), ("newer", ["agent_id": "x"])]
        as [(String, JSONValue)]
      {
        let reply = try await gateway.call(
          "file_read", session: session, context: context, headers: Self.bearer(billing))
        #expect(reply.json["error"] == "Policy denied: Kill switch: Agent terminated")
      }
      #expect(
        try await gateway.send(.get, "/tools/list?session_id=new", headers: Self.bearer(billing)).json["definitions"]
          == [])
      #expect(try await gateway.call("file_read", headers: Self.bearer(crawler)).json["success"] == true)
    }
  }

  @Test func aRevokedKeyOpensNothing() async throws {
    try await run { gateway, billing, _, keys in
      #expect(try await gateway.call("file_read", headers: Self.bearer(billing)).json["success"] == true)
      try AgentKeyFile.revoke(key: "k1", in: keys)
      gateway.clock.advance(seconds: 2)
      #expect(try await gateway.call("file_read", headers: Self.bearer(billing)).status == 401)
    }
  }

  /// A session of the legacy era is its agent's.
  @Test func anotherAgentsSessionIsNotThere() async throws {
    try await run { gateway, billing, crawler, _ in
      func post(_ request: MCPRequest, _ token: String) async throws -> GatewayFixture.Reply {
        try await gateway.mcp(request.header(.authorization, "Bearer \(token)"))
      }
      let session = try #require(try await post(.initialize(), billing).headers[.mcpSessionID])
      let list = MCPRequest.legacy("tools/list", token: session)
      #expect(try await post(list, billing).status == 200)
      #expect(try await post(list, crawler).status == 404)
      var headers = Self.bearer(crawler)
      headers[.mcpSessionID] = session
      #expect(try await gateway.send(.delete, "/mcp", headers: headers).status == 404)
      #expect(try await post(list, billing).status == 200)
    }
  }

  @Test func aGatewayThatOthersReachNeedsKeys() throws {
    for (host, isAllowed) in [
      ("127.0.0.1", true), ("localhost", true), ("::1", true), ("0.0.0.0", false), ("10.0.0.1", false),
    ] {
      var settings = AgentAuthSettings()
      #expect(settings.problems(onHost: host).isEmpty == isAllowed)
      settings.mode = .off
      #expect(settings.problems(onHost: host).isEmpty)
    }
  }
}
