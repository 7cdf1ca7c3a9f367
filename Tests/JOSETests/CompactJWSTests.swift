import JOSE
import StrictJSON
import Testing

@Suite struct CompactJWSTests {
  static let all = Set(
    ["EdDSA"].compactMap(JWSAlgorithm.init)
      + ["HS", "RS", "PS", "ES"].flatMap { family in ["256", "384", "512"].compactMap { JWSAlgorithm(family + $0) } })

  static func set(_ keys: String..., allowsSecrets: Bool = true) throws -> JSONWebKeySet {
    try JSONWebKeySet(
      parsing: #"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8, allowsSecrets: allowsSecrets)
  }

  /// With a signature by the key, whatever the header says.
  static func forge(_ header: String, _ payload: String, by key: SigningKey, _ algorithm: JWSAlgorithm) throws -> String
  {
    let text = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
    return text + "." + Base64URL.encode(try algorithm.signature(of: Array(text.utf8), by: key))
  }

  private func verify(
    _ token: String, _ keys: JSONWebKeySet, _ algorithms: Set<JWSAlgorithm> = all
  ) throws(JWSError) -> CompactJWS {
    let jws = try CompactJWS(parsing: token)
    try jws.verify(by: keys, algorithms: algorithms)
    return jws
  }

  // MARK: Others' tokens

  @Test(arguments: RFCVectors.tokens)
  func verifiesTheExamplesOfTheRFCs(algorithm: String, token: String, key: String) throws {
    let keys = try Self.set(key)
    #expect(keys.ignored == [])
    let jws = try verify(token, keys, Set([JWSAlgorithm(algorithm)].compactMap { $0 }))
    if algorithm != "EdDSA" { #expect(try jws.claims()["iss"] == "joe") }
    // Each other key, and each other algorithm of the same token's key.
    for other in RFCVectors.tokens where other.algorithm != algorithm {
      let strange = try Self.set(other.key)
      #expect(throws: JWSError.keyDoesNotFit) { try verify(token, strange) }
    }
    let others = Self.all.filter { $0.name != algorithm }
    #expect(throws: JWSError.algorithmNotAllowed) { try verify(token, keys, others) }
  }

  @Test(arguments: PyJWTVectors.tokens)
  func verifiesWhatPyJWTSigned(algorithm: String, token: String) throws {
    let keys = try JSONWebKeySet(parsing: PyJWTVectors.keySet.utf8, allowsSecrets: false)
    #expect(keys.ignored == [])
    #expect(keys.keys.count == 5)
    let jws = try verify(token, keys)
    #expect(jws.type == "jwt")
    #expect(jws.algorithmName == algorithm)
    #expect(try jws.claims()["aud"] == ["agentgate", "other"])
    // One bit of each section.
    let sections = token.split(separator: ".").map { Array($0.utf8) }
    for index in 0..<3 {
      var changed = sections.map { Base64URL.decode($0) ?? [] }
      changed[index][changed[index].count / 2] ^= 1
      let text = changed.map { Base64URL.encode($0) }.joined(separator: ".")
      #expect(throws: JWSError.self) { try verify(text, keys) }
    }
  }

  // MARK: Hostile tokens

  /// What is no compact JWS, and why.
  @Test(
    arguments: [
      ("", .notCompact), (".", .notCompact), ("a.b", .notCompact), ("a.b.c.d", .notCompact), ("a.b.c.d.e", .notCompact),
      // An empty section is no header.
      ("..", .malformedHeader), ("e30..", .malformedHeader),
      // Padding, the other alphabet, bits left over, white space.
      ("eyJhbGciOiJFZERTQSJ9.e30.QQ==", .malformedBase64), ("eyJhbGciOiJFZERTQSJ9.e30=.QQ", .malformedBase64),
      ("eyJhbGciOiJFZERTQSJ9.e30.QR", .malformedBase64), ("eyJhbGciOiJFZERTQSJ9.e30.+A", .malformedBase64),
      ("eyJhbGciOiJFZERTQSJ9.e30.Q", .malformedBase64), ("eyJhbGciOiJFZERTQSJ9.e30\n.QQ", .malformedBase64),
      (" eyJhbGciOiJFZERTQSJ9.e30.QQ", .malformedBase64), ("eyJhbGciOiJFZERTQSJ9.e30.QQ ", .malformedBase64),
    ] as [(String, JWSError)])
  func refusesWhatIsNoCompactJWS(token: String, error: JWSError) {
    #expect(throws: error) { try CompactJWS(parsing: token) }
  }

  @Test(arguments: [
    "", "{", "[]", "null", #""x""#, "1", "{}", #"{"alg":1}"#, #"{"alg":null}"#, #"{"alg":["EdDSA"]}"#,
    // Said twice, also in another spelling.
    #"{"alg":"EdDSA","alg":"none"}"#, #"{"alg":"none","\u0061lg":"EdDSA"}"#, #"{"alg":"EdDSA","x":{"a":1,"a":2}}"#,
    #"{"alg":"EdDSA","kid":1}"#, #"{"alg":"EdDSA","kid":null}"#, #"{"alg":"EdDSA","typ":{}}"#,
    #"{"alg":"EdDSA"} {}"#, #"{"alg":"EdDSA",}"#, #"{"alg":"EdDSA","x":1e400}"#, #"{"alg":"EdDSA","x":"\ud800"}"#,
    "\u{FEFF}{\"alg\":\"EdDSA\"}",
    #"{"alg":"EdDSA","x":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}",
  ])
  func refusesHeaders(header: String) throws {
    let key = try JSONWebKey(privateKey: RFCVectors.privateEd25519Key)
    let algorithm = try #require(JWSAlgorithm("EdDSA"))
    let token = try Self.forge(header, "{}", by: key.key, algorithm)
    #expect(throws: JWSError.malformedHeader) { try CompactJWS(parsing: token) }
  }

  @Test(arguments: [
    #"["exp"]"#, #"["b64"]"#, #"["alg"]"#, "[[]]", "{}", "null", "1", #""""#, #""exp""#,
  ])
  func refusesCriticalHeaders(crit: String) throws {
    let key = try JSONWebKey(privateKey: RFCVectors.privateEd25519Key)
    let algorithm = try #require(JWSAlgorithm("EdDSA"))
    let token = try Self.forge(#"{"alg":"EdDSA","crit":\#(crit),"b64":true}"#, "{}", by: key.key, algorithm)
    #expect(throws: JWSError.criticalHeader) { try CompactJWS(parsing: token) }
    let empty = try Self.forge(#"{"alg":"EdDSA","crit":[]}"#, "{}", by: key.key, algorithm)
    _ = try verify(empty, try Self.set(RFCVectors.publicEd25519Key))
  }

  @Test(arguments: [
    "none", "None", "NONE", "nOnE", "", "HS256 ", "hs256", "eddsa", "Ed25519", "ES256K", "ES255", "RSA1_5", "dir", "\0",
    "HS\u{FF12}56",
  ])
  func knowsNoOtherAlgorithms(name: String) throws {
    let header = Base64URL.encode(JSONValue.object(["alg": .string(name)]).serialized())
    for signature in ["", "QQ"] {
      let token = header + ".e30." + signature
      #expect(throws: JWSError.algorithmNotAllowed) {
        try verify(token, try Self.set(RFCVectors.publicEd25519Key, RFCVectors.secretKey))
      }
    }
  }

  /// The public key's bytes, however they may be had, as a secret.
  @Test func aPublicKeyIsNoSecret() throws {
    let algorithm = try #require(JWSAlgorithm("HS256"))
    let keys = try JSONWebKeySet(parsing: PyJWTVectors.keySet.utf8, allowsSecrets: true)
    let point = try #require(Base64URL.decode("H9SBf5-igmMmVVUEvoOs9LZO13XUhzzxPrB1ourLfmg".utf8))
    for secret in [PyJWTVectors.keySet.utf8.map { $0 }, point] {
      for kid in ["rs256", "es256", "eddsa", "rsa"] {
        let token = try Self.forge(#"{"alg":"HS256","kid":"\#(kid)"}"#, "{}", by: .secret(secret), algorithm)
        #expect(throws: JWSError.keyDoesNotFit) { try verify(token, keys) }
      }
    }
  }

  @Test func theHeaderBringsNoKeyAlong() throws {
    let algorithm = try #require(JWSAlgorithm("EdDSA"))
    let key = try JSONWebKey(privateKey: RFCVectors.privateEd25519Key)
    let keys = try JSONWebKeySet(parsing: PyJWTVectors.keySet.utf8, allowsSecrets: false)
    for extra in [#""jwk":\#(RFCVectors.publicEd25519Key)"#, #""jku":"https://evil.example/""#, #""x5c":["QQ=="]"#] {
      let named = try Self.forge(#"{"alg":"EdDSA","kid":"eddsa",\#(extra)}"#, "{}", by: key.key, algorithm)
      #expect(throws: JWSError.wrongSignature) { try verify(named, keys) }
      let unnamed = try Self.forge(#"{"alg":"EdDSA",\#(extra)}"#, "{}", by: key.key, algorithm)
      #expect(throws: JWSError.wrongSignature) { try verify(unnamed, keys) }
    }
  }

  @Test func aKeyIDIsComparedByItsBytes() throws {
    let key = try JSONWebKey(privateKey: RFCVectors.privateEd25519Key)
    let algorithm = try #require(JWSAlgorithm("EdDSA"))
    let keys = try Self.set(RFCVectors.publicEd25519Key.dropLast() + ",\"kid\":\"\u{E9}\"}")
    _ = try verify(try Self.forge("{\"alg\":\"EdDSA\",\"kid\":\"\u{E9}\"}", "{}", by: key.key, algorithm), keys)
    _ = try verify(try Self.forge(#"{"alg":"EdDSA"}"#, "{}", by: key.key, algorithm), keys)
    for kid in ["e\u{301}", "", "\u{E9} ", "E"] {
      let token = try Self.forge("{\"alg\":\"EdDSA\",\"kid\":\"\(kid)\"}", "{}", by: key.key, algorithm)
      #expect(throws: JWSError.unknownKey) { try verify(token, keys) }
    }
    // A key without a name isn't meant by one.
    let nameless = try Self.set(RFCVectors.publicEd25519Key)
    let token = try Self.forge(#"{"alg":"EdDSA","kid":"a"}"#, "{}", by: key.key, algorithm)
    #expect(throws: JWSError.unknownKey) { try verify(token, nameless) }
  }

  @Test func twoKeysMayHaveOneName() throws {
    let keys = try Self.set(
      String(RFCVectors.publicRSAKey.dropLast()) + #","kid":"a"}"#,
      String(RFCVectors.publicEd25519Key.dropLast()) + #","kid":"a"}"#)
    let algorithm = try #require(JWSAlgorithm("EdDSA"))
    let key = try JSONWebKey(privateKey: RFCVectors.privateEd25519Key)
    _ = try verify(try Self.forge(#"{"alg":"EdDSA","kid":"a"}"#, "{}", by: key.key, algorithm), keys)
  }

  /// RegoLite's checks are as lenient as OPA's here.
  @Test func signaturesHaveOneLength() throws {
    let (_, token, key) = RFCVectors.tokens[2]
    let keys = try Self.set(key)
    let end = try #require(token.lastIndex(of: "."))
    let signature = try #require(Base64URL.decode(token[token.index(after: end)...].utf8))
    let longer = [0] + signature[..<32] + [0] + signature[32...]
    #expect(throws: JWSError.wrongSignature) { try verify(token[...end] + Base64URL.encode(longer), keys) }
    for size in [0, 1, 32, 63] {
      let text = token[...end] + Base64URL.encode(Array(signature.prefix(size)))
      #expect(throws: JWSError.wrongSignature) { try verify(String(text), keys) }
    }
    let zeros = token[...end] + Base64URL.encode([UInt8](repeating: 0, count: 64))
    #expect(throws: JWSError.wrongSignature) { try verify(String(zeros), keys) }
  }

  @Test func aCurveHasItsHash() throws {
    let algorithm = try #require(JWSAlgorithm("ES384"))
    let key = try JSONWebKey(privateKey: RFCVectors.privateECKey)
    let token = try Self.forge(#"{"alg":"ES384"}"#, "{}", by: key.key, algorithm)
    #expect(throws: JWSError.keyDoesNotFit) { try verify(token, try Self.set(RFCVectors.publicECKey)) }
  }

  @Test func aKeyForOneAlgorithmIsForNoOther() throws {
    let keys = try Self.set(String(RFCVectors.publicRSAKey.dropLast()) + #","alg":"PS256"}"#)
    #expect(throws: JWSError.keyDoesNotFit) { try verify(RFCVectors.tokens[1].token, keys) }
  }

  @Test func longTokensAreRefusedUnread() {
    let text = String(repeating: "A", count: CompactJWS.maximumLength + 1)
    #expect(throws: JWSError.tooLong) { try CompactJWS(parsing: text) }
  }

  @Test(arguments: ["", "{", "[]", #"{"a":1,"a":1}"#, "null", #"{"sub":"\ud800"}"#])
  func refusesClaims(payload: String) throws {
    let key = try JSONWebKey(privateKey: RFCVectors.privateEd25519Key)
    let algorithm = try #require(JWSAlgorithm("EdDSA"))
    let jws = try verify(
      try Self.forge(#"{"alg":"EdDSA"}"#, payload, by: key.key, algorithm), try Self.set(RFCVectors.publicEd25519Key))
    #expect(throws: JWSError.malformedClaims) { try jws.claims() }
  }

  // MARK: Signing

  @Test(arguments: [
    ("EdDSA", RFCVectors.privateEd25519Key, RFCVectors.publicEd25519Key),
    ("ES256", RFCVectors.privateECKey, RFCVectors.publicECKey),
    ("RS256", RFCVectors.privateRSAKey, RFCVectors.publicRSAKey),
    ("HS256", RFCVectors.secretKey, RFCVectors.secretKey),
  ])
  func signsWithJWKs(algorithm: String, privateKey: String, publicKey: String) throws {
    let key = try JSONWebKey(privateKey: privateKey, id: "k\"1")
    let token = try CompactJWS.sign(claims: ["sub": "a", "exp": 1], by: key)
    let named = publicKey.dropLast() + #","kid":"k\"1"}"#
    let jws = try verify(token, try Self.set(String(named)))
    #expect(jws.header == ["alg": .string(algorithm), "typ": "JWT", "kid": "k\"1"])
    #expect(jws.payload == Array(#"{"sub":"a","exp":1}"#.utf8))
  }

  /// PKCS1-v1_5, HMAC and EdDSA make one signature only: that of the RFCs.
  @Test func signsAsTheRFCsDo() throws {
    for index in [0, 1, 3] {
      let (name, token, _) = RFCVectors.tokens[index]
      let text = [RFCVectors.secretKey, RFCVectors.privateRSAKey, "", RFCVectors.privateEd25519Key][index]
      let key = try JSONWebKey(privateKey: text)
      let algorithm = try #require(JWSAlgorithm(name))
      let end = try #require(token.lastIndex(of: "."))
      let signature = try algorithm.signature(of: Array(token[..<end].utf8), by: key.key)
      #expect(Base64URL.encode(signature) == token[token.index(after: end)...])
    }
  }

  @Test(arguments: PyJWTVectors.privateKeys)
  func signsWithPEMs(algorithm: String, pem: String) throws {
    let keys = try JSONWebKeySet(parsing: PyJWTVectors.keySet.utf8, allowsSecrets: false)
    let key = try JSONWebKey(privateKey: pem, id: algorithm.lowercased())
    _ = try verify(try CompactJWS.sign(claims: ["a": 1], by: key, type: nil), keys)
    // Lines may end as on Windows.
    let other = try JSONWebKey(privateKey: pem.split(separator: "\n").joined(separator: "\r\n"), id: key.id)
    _ = try verify(try CompactJWS.sign(claims: ["a": 1], by: other), keys)
  }

  @Test func signsWithNoOtherAlgorithm() throws {
    let key = try JSONWebKey(privateKey: RFCVectors.privateECKey)
    for name in ["HS256", "RS256", "EdDSA", "ES384"] {
      #expect(throws: JWSError.keyDoesNotFit) {
        try CompactJWS.sign(claims: [:], by: key, algorithm: JWSAlgorithm(name))
      }
    }
    let short = try JSONWebKey(privateKey: #"{"kty":"oct","k":"c2VjcmV0"}"#)
    #expect(throws: JWSError.keyDoesNotFit) { try CompactJWS.sign(claims: [:], by: short) }
    let publicKey = JSONWebKey(key: try #require(try Self.set(RFCVectors.publicEd25519Key).keys.first).key)
    #expect(throws: JWSError.cannotSign) { try CompactJWS.sign(claims: [:], by: publicKey) }
  }

  @Test(
    arguments: [
      ("", .neither), ("x", .neither), ("[]", .neither), (RFCVectors.publicECKey, .notPrivate),
      (RFCVectors.publicEd25519Key, .notPrivate), (#"{"kty":"OKP","crv":"X25519","x":"AA"}"#, .malformed),
      ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", .notPKCS8),
      ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----", .notPKCS8),
      ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", .malformed),
      ("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAKA\n-----END PRIVATE KEY-----", .malformed),
    ] as [(String, PrivateKeyError)])
  func refusesPrivateKeys(text: String, error: PrivateKeyError) {
    #expect(throws: error) { try JSONWebKey(privateKey: text) }
  }
}
