import HTTPTypes
import Testing

@testable import Gateway

struct MetricsRouteTests {
  private static let token = "a-token-for-scrapers-0123"

  private static func status(
    _ gateway: GatewayFixture, key: String? = nil, bearer: String...
  ) async throws -> Int {
    var headers = HTTPFields()
    headers[values: .authorization] = bearer.map { "Bearer \($0)" }
    return try await gateway.send(.get, "/metrics", key: key, headers: headers).status
  }

  @Test func areOpenOnLoopback() async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.send(.get, "/metrics")
      #expect(reply.status == 200)
      #expect(reply.headers[.contentType] == MetricsText.contentType)
      #expect(
        reply.text.contains("\nagentgate_policy_info{revision=\"\(gateway.assembly.policy.active.revision)\"} 1\n"))
    }
  }

  /// With a token, and on more than loopback without one.
  @Test(arguments: ["127.0.0.1", "0.0.0.0"], [token, nil])
  func wantATokenOrTheKey(_ host: String, _ token: String?) async throws {
    try await GatewayFixture.run(configure: { configuration in
      configuration.host = host
      configuration.agentAuth.mode = .off
      configuration.metricsToken = token
    }) { gateway async throws in
      let isOpen = host == "127.0.0.1" && token == nil
      #expect(try await Self.status(gateway) == (isOpen ? 200 : 401))
      #expect(try await Self.status(gateway, bearer: "wrong") == (isOpen ? 200 : 401))
      #expect(try await Self.status(gateway, bearer: Self.token) == (isOpen || token != nil ? 200 : 401))
      // Of two nobody knows which one counts.
      #expect(try await Self.status(gateway, bearer: Self.token, Self.token) == (isOpen ? 200 : 401))
      #expect(try await Self.status(gateway, key: GatewayFixture.adminKey) == 200)
      #expect(try await Self.status(gateway, key: "wrong") == (isOpen ? 200 : 403))
    }
  }

  @Test func moveWithCalls() async throws {
    try await GatewayFixture.run { gateway async throws in
      _ = try await gateway.call("db_query")
      _ = try await gateway.call("made_up_\"name\"\n")
      gateway.traces.fail(intents: true, events: true)
      _ = try await gateway.call("db_query")
      let text = try await gateway.send(.get, "/metrics").text
      #expect(text.contains("\nagentgate_tool_calls_total{tool=\"db_query\",decision=\"ALLOW\"} 1\n"))
      // What can't be recorded is denied, and the tool is known all the same.
      #expect(text.contains("\nagentgate_tool_calls_total{tool=\"db_query\",decision=\"DENY\"} 1\n"))
      #expect(text.contains("\nagentgate_tool_calls_total{tool=\"unknown\",decision=\"DENY\"} 1\n"))
      #expect(text.contains("\nagentgate_denied_calls_total{rule=\"trace_store_unavailable\"} 1\n"))
      #expect(!text.contains("made_up"))
    }
  }
}
