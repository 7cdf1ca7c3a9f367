import HTTPTypes
import StrictJSON
import Testing

@testable import Gateway

struct AdminRouteTests {
  @Test func reloadTakesNewDataAndKeepsCounters() async throws {
    try await GatewayFixture.run { gateway async throws in
      let before = gateway.assembly.policy.active.revision
      for _ in 0..<10 { _ = try await gateway.call("rate_limited_tool") }
      try Files.write(
        """
        {"read_only_tools": ["new_tool", "rate_limited_tool"], "write_tools": [],
         "all_known_tools": ["new_tool", "rate_limited_tool"], "rate_limits": {"rate_limited_tool": 10}}
        """, to: gateway.policyFolder + "/data.json")
      #expect(try await gateway.call("new_tool").json["success"] == false, "not before the reload")
      let reply = try await gateway.control(.post, "/admin/policies/reload")
      let after = gateway.assembly.policy.active.revision
      #expect(
        reply.json == [
          "status": "reloaded", "policy_path": .string(gateway.policyFolder), "tools_count": 2,
          "policy_revision": .string(after),
        ])
      #expect(after != before)
      #expect(try await gateway.call("new_tool").json["success"] == true)
      #expect(try await gateway.call("rate_limited_tool").json["error"] == "Policy denied: Rate limit exceeded")
      let events = try await gateway.events()
      #expect(events.first?.policyRevision == before)
      #expect(events.last?.policyRevision == after)
      #expect(try await gateway.controlEvents().last?.policyRevision == after)
      #expect(try await gateway.send(.get, "/tools/list").json["tools"] == ["new_tool", "rate_limited_tool"])
    }
  }

  @Test func brokenPolicyIsRefusedAndTheOldOneDecides() async throws {
    try await GatewayFixture.run { gateway async throws in
      let active = gateway.assembly.policy.active.revision
      let good = try #require(Files.text(gateway.policyFolder + "/default.rego"))
      try Files.write("package agentgate\n\ndecision := {\"action\": \n", to: gateway.policyFolder + "/default.rego")
      let reply = try await gateway.control(.post, "/admin/policies/reload")
      #expect(reply.status == 409)
      let error = try #require(reply.json["errors"]?[0])
      #expect(error["file"] == "default.rego")
      #expect(error["row"]?.intValue ?? 0 >= 3)
      #expect(error["col"]?.intValue ?? 0 >= 1)
      #expect(error["code"] == "rego_parse_error")
      #expect(reply.json["detail"]?.stringValue?.hasPrefix("default.rego:") == true)

      #expect(try await gateway.call("db_query").json["success"] == true)
      #expect(try await gateway.events().last?.policyRevision == active)
      #expect(try await gateway.controlEvents().last?.error?.contains("default.rego:") == true)
      let policy = try await gateway.send(.get, "/health").json["policy"]
      #expect(policy?["status"] == "reload_refused")
      #expect(policy?["revision"] == .string(active))
      let refused = try #require(policy?["refused"]?["revision"]?.stringValue)
      #expect(refused != active && refused.utf8.count == 64)
      #expect(policy?["refused"]?["errors"]?[0]?["file"] == "default.rego")

      try Files.write(good, to: gateway.policyFolder + "/default.rego")
      #expect(try await gateway.control(.post, "/admin/policies/reload").status == 200)
      let health = try await gateway.send(.get, "/health").json
      #expect(health["status"] == "ok")
      #expect(health["policy"]?["refused"] == nil)
    }
  }

  @Test(arguments: [nil, "{", "[]", #"{"rate_limits": {"rate_limited_tool": "10"}}"#])
  func brokenDataIsRefused(_ data: String?) async throws {
    try await GatewayFixture.run { gateway async throws in
      if let data {
        try Files.write(data, to: gateway.policyFolder + "/data.json")
      } else {
        try Files.remove(gateway.policyFolder + "/data.json")
      }
      let reply = try await gateway.control(.post, "/admin/policies/reload")
      #expect(reply.status == 409)
      #expect(reply.json["errors"]?[0]?["file"] == "data.json")
      #expect(try await gateway.call("rate_limited_tool").json["success"] == true)
    }
  }
}
