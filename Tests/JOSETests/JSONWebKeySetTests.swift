import JOSE
import StrictJSON
import Testing

@Suite struct JSONWebKeySetTests {
  private func ignored(_ key: String, allowsSecrets: Bool = false) throws -> [String] {
    let set = try JSONWebKeySet(parsing: #"{"keys":[\#(key)]}"#.utf8, allowsSecrets: allowsSecrets)
    #expect(set.keys.count + set.ignored.count == 1)
    return set.ignored
  }

  private static func ed25519(_ more: String) -> String { RFCVectors.publicEd25519Key.dropLast() + ",\(more)}" }

  @Test(arguments: [
    ("{}", "$.keys[0] has no `kty` that is known"),
    (#"{"kty":"OCT"}"#, "$.keys[0] has no `kty` that is known"),
    (#"{"kty":"RSA","n":"AQAB"}"#, "$.keys[0] has no `e`"),
    (#"{"kty":"RSA","n":"","e":"AQAB"}"#, "$.keys[0] has an empty `n`"),
    (#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, "$.keys[0] is too small, or none for its algorithm"),
    (#"{"kty":"RSA","n":1,"e":"AQAB"}"#, "$.keys[0] has a `n` that is no base64url"),
    (#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, "$.keys[0] has a `crv` that is unknown"),
    (#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, "$.keys[0] has a `x` of the wrong length"),
    (
      #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","#
        + #""y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}"#, "$.keys[0] is no point of its curve"
    ),
    (
      #"{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
      "$.keys[0] is of no kind that signs here"
    ),
    (#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#, "$.keys[0] has an `x` of the wrong length"),
    (ed25519(#""alg":"RS256""#), "$.keys[0] is too small, or none for its algorithm"),
    (ed25519(#""alg":"none""#), "$.keys[0] is too small, or none for its algorithm"),
    (ed25519(#""alg":"rot13""#), "$.keys[0] has an `alg` that is unknown"),
    (ed25519(#""kid":1"#), "$.keys[0] has a `kid` that is no string"),
    (ed25519(#""use":"enc""#), "$.keys[0] is not for signatures"),
    (ed25519(#""use":null"#), "$.keys[0] is not for signatures"),
    (ed25519(#""key_ops":["sign"]"#), "$.keys[0] is not for checking signatures"),
    (ed25519(#""key_ops":"verify""#), "$.keys[0] is not for checking signatures"),
    (RFCVectors.privateEd25519Key, "$.keys[0] is private"),
    (RFCVectors.privateECKey, "$.keys[0] is private"),
    (RFCVectors.privateRSAKey, "$.keys[0] is private"),
    (RFCVectors.secretKey, "$.keys[0] is a secret"),
  ])
  func leavesOutWhatChecksNoTokens(key: String, reason: String) throws {
    #expect(try ignored(key) == [reason])
  }

  @Test func takesKeysForChecking() throws {
    #expect(try ignored(Self.ed25519(#""use":"sig","key_ops":["verify","sign"],"alg":"EdDSA""#)) == [])
    #expect(try ignored(RFCVectors.publicRSAKey) == [])
    #expect(try ignored(RFCVectors.secretKey, allowsSecrets: true) == [])
    #expect(
      try ignored(#"{"kty":"oct","k":"c2VjcmV0"}"#, allowsSecrets: true)
        == ["$.keys[0] is too small, or none for its algorithm"])
    #expect(try JSONWebKeySet(parsing: #"{"keys":[]}"#.utf8, allowsSecrets: false).keys.isEmpty)
  }

  @Test(arguments: [
    ("", "$"), ("[]", "$"), ("{}", "$.keys"), (#"{"keys":{}}"#, "$.keys"), (#"{"keys":null}"#, "$.keys"),
    (#"{"keys":[1]}"#, "$.keys[0]"), (#"{"keys":[],"keys":[]}"#, "$.keys"),
    (#"{"keys":[\#([String](repeating: "{}", count: 101).joined(separator: ","))]}"#, "$.keys"),
  ])
  func refusesWhatIsNoSet(text: String, path: String) {
    let error = #expect(throws: JSONError.self) {
      try JSONWebKeySet(parsing: text.utf8, allowsSecrets: true)
    }
    #expect(error?.path == path)
  }
}
