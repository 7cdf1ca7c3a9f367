import FoundationEssentials
import JOSE
import StrictJSON

@testable import Gateway

/// An issuer of tokens: RFC 8037's key under any name.
struct TestIssuer {
  static let publicMembers =
    #""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#
  static let name = "https://issuer.example"
  /// As long as the test's clock stands at its start.
  static let now = ManualClock.start / 1_000_000

  static func keySet(_ names: String...) -> [UInt8] {
    let keys = names.map { #"{\#(publicMembers),"kid":"\#($0)"}"# }
    return Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8)
  }

  let key: JSONWebKey

  init(_ name: String? = "a") throws {
    let text = #"{\#(Self.publicMembers),"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#
    key = try JSONWebKey(privateKey: text, id: name)
  }

  /// Good for an hour; members of `changes` come instead, null takes one away.
  static func claims(_ changes: JSONObject = [:]) -> JSONObject {
    var claims: JSONObject = [
      "iss": .string(name), "aud": "agentgate", "sub": "billing-bot", "iat": JSONValue(now),
      "exp": JSONValue(now + 3_600),
    ]
    for (key, value) in changes.members { claims[key] = value.isNull ? nil : value }
    return claims
  }

  func token(_ changes: JSONObject = [:], type: String? = "JWT") throws -> String {
    try CompactJWS.sign(claims: Self.claims(changes), by: key, type: type)
  }

  /// With this text for claims.
  func token(payload: String) throws -> String {
    let header = Base64URL.encode(Array(#"{"alg":"EdDSA","kid":"a"}"#.utf8))
    let text = header + "." + Base64URL.encode(Array(payload.utf8))
    let signature = try JWSAlgorithm(.eddsa, .sha512).signature(of: Array(text.utf8), by: key.key)
    return text + "." + Base64URL.encode(signature)
  }
}

/// Keys that never change.
struct FixedKeys: JWKSource {
  var set: JSONWebKeySet?
  var problem: String? { nil }

  func keys(for id: String?) async -> JSONWebKeySet? { set }
}
