import Crypto
import FoundationEssentials
import StrictJSON

/// The headers of a delivery.
///
/// With a secret there are two signatures, both HMAC-SHA256 with it. A receiver checks one of them, over the body's bytes
/// as they came in, before it reads them as JSON, and compares in constant time:
///
/// - `webhook-signature: v1,<base64>`, as Standard Webhooks has it, over `<webhook-id>.<webhook-timestamp>.<body>`. Then
///   it refuses a `webhook-timestamp` (seconds since 1970-01-01T00:00:00Z) that is more than five minutes off, and an
///   event whose `webhook-id` it has taken before: nobody can replay what he overheard. A field may hold several
///   signatures, separated by spaces; one that is right is enough.
/// - `X-AgentGate-Signature: sha256=<hex>`, over the body alone, for receivers of the original. It keeps out forgeries, but
///   no replays other than by the body's own `id` and `timestamp`.
///
/// The key is the secret's UTF-8 bytes; after `whsec_` it is what base64 says. Several attempts of one event have the same
/// `webhook-id` and the same body, and each a timestamp of its own.
struct WebhookSignature {
  /// - Parameters:
  ///   - key: absent, nothing is signed
  ///   - timestamp: of the attempt, in seconds since 1970-01-01T00:00:00Z
  static func headers(
    id: String, timestamp: Int64, body: [UInt8], key: WebhookKey?
  ) -> [OutboundRequest.Header] {
    var headers: [OutboundRequest.Header] = [
      .init("Content-Type", "application/json"), .init("User-Agent", "AgentGate/\(Version.current)"),
      .init("webhook-id", id), .init("webhook-timestamp", String(timestamp)),
      .init("X-AgentGate-Timestamp", String(timestamp)),
    ]
    guard let key else { return headers }
    let standard = hmac(Array("\(id).\(timestamp).".utf8) + body, key)
    headers.append(.init("webhook-signature", "v1," + Data(standard).base64EncodedString()))
    headers.append(.init("X-AgentGate-Signature", "sha256=" + hmac(body, key).hexadecimalText))
    return headers
  }

  private static func hmac(_ bytes: [UInt8], _ key: WebhookKey) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key.bytes)))
  }
}
