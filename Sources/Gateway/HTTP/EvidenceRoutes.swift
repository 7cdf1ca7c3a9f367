import HTTPTypes
import Hummingbird
import NIOCore

/// What an auditor needs to check evidence: for anybody.
struct EvidenceRoutes: Sendable {
  let publicKey: EvidencePublicKey

  var list: [Route] {
    [
      Route(.get, "/.well-known/agentgate-evidence-key", .open, .evidenceKey, key),
      Route(.get, "/schemas/evidence-pack-v1.json", .open, .evidenceSchema, schema),
    ]
  }

  /// The public key that packs, tree heads and receipts are signed with: a JSON Web Key (RFC 8037).
  @Sendable func key(_ request: GatewayRequest) async throws(ErrorResponse) -> Response { .json(publicKey.jwk) }

  /// The JSON Schema of packs, which their `$schema` names.
  @Sendable func schema(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/schema+json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: EvidenceSchema.bytes)))
  }
}
