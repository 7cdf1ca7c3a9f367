import HTTPTypes
import StrictJSON
import Testing

@testable import Gateway

struct HealthRouteTests {
  @Test func originalsKeysComeFirst() async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.send(.get, "/health")
      #expect(reply.status == 200)
      #expect(reply.text.hasPrefix(#"{"status":"ok","version":"0.3.0","opa":true,"redis":true,"#))
      #expect(reply.json["policy"]?["revision"] == .string(gateway.assembly.policy.active.revision))
      #expect(try #require(reply.json["policy"]?["compiled_bytes"]?.intValue) > 1_000)
      #expect(reply.json["policy"]?["load_ms"]?.intValue != nil)
      #expect(!reply.text.contains(GatewayFixture.adminKey) && !reply.text.contains(gateway.stateFolder))
    }
  }

  @Test func traceStore() async throws {
    try await GatewayFixture.run { gateway async throws in
      gateway.traces.fail(intents: false, events: true)
      let reply = try await gateway.send(.get, "/health").json
      #expect(reply["status"] == "degraded")
      #expect(reply["trace_store"]?["status"] == "unavailable")
    }
  }
}
