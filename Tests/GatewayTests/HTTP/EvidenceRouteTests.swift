import HTTPTypes
import StrictJSON
import Testing

@testable import Gateway

struct EvidenceRouteTests {
  @Test func theSchemaIsForAnybody() async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.send(.get, "/schemas/evidence-pack-v1.json")
      #expect(reply.status == 200)
      #expect(reply.headers[.contentType] == "application/schema+json")
      #expect(Array(reply.text.utf8) == EvidenceSchema.bytes)
      #expect(reply.json["$id"] == .string(EvidenceSchema.identifier))
    }
  }
}
