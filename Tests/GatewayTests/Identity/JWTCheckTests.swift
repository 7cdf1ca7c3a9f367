import JOSE
import StrictJSON
import Testing

@testable import Gateway

@Suite struct JWTCheckTests {
  private let clock = ManualClock()
  private static let now = TestIssuer.now

  private func check(
    agentClaim: String = "sub", userClaim: String? = nil,
    algorithms: Set<JWSAlgorithm> = AgentAuthSettings.usualAlgorithms, keys: [UInt8] = TestIssuer.keySet("a")
  ) throws -> JWTCheck {
    JWTCheck(
      issuer: TestIssuer.name, audience: "agentgate", agentClaim: agentClaim, userClaim: userClaim,
      algorithms: algorithms, keys: FixedKeys(set: try JSONWebKeySet(parsing: keys, allowsSecrets: true)),
      clock: clock.wall)
  }

  @Test func believesWhatIsSigned() async throws {
    let token = try TestIssuer().token(["email": "a@example.org", "n": 9_007_199_254_740_993])
    let identity = try await check(userClaim: "email").identity(of: token)
    #expect(identity.agent.rawValue == "billing-bot")
    #expect(identity.user == "a@example.org")
    #expect(identity.method == .jwt)
    #expect(identity.issuer == TestIssuer.name)
    #expect(identity.keyID == "a")
    #expect(identity.expires == (Self.now + 3_600) * 1_000_000)
    // Numbers as the token writes them.
    #expect(
      String(decoding: identity.policyBytes, as: UTF8.self)
        == #"{"agent_id":"billing-bot","user_id":"a@example.org","method":"jwt","issuer":"https://issuer.example","#
        + #""key_id":"a","claims":{"iss":"https://issuer.example","aud":"agentgate","sub":"billing-bot","#
        + #""iat":1767225600,"exp":1767229200,"email":"a@example.org","n":9007199254740993}}"#)
    #expect(identity.json["claims"]?["n"] == 9_007_199_254_740_993)
    #expect("\(identity)" == #""billing-bot" by jwt "a""#)
  }

  @Test(
    arguments: [
      ["aud": ["other", "agentgate"]], ["aud": ["agentgate"]], ["nbf": JSONValue(now)], ["nbf": JSONValue(now + 60)],
      ["iat": JSONValue(now + 60)], ["iat": .null], ["exp": JSONValue(now - 59)], ["iat": JSONValue(now - 1_000_000)],
      ["exp": 1_767_229_200.5], ["exp": 253_402_300_799], ["nbf": 0], ["exp": .number(JSONNumber(literal: "1.8e9")!)],
      ["sub": "\u{E9}"], ["extra": [[["deep"]]]],
    ] as [JSONObject])
  func takes(changes: JSONObject) async throws {
    let token = try TestIssuer().token(changes.with(iat: changes["exp"]))
    _ = try await check().identity(of: token)
  }

  @Test(
    arguments: [
      // Issuer: to the byte.
      (["iss": .null], "iss"), (["iss": "https://issuer.example/"], "iss"), (["iss": "https://Issuer.example"], "iss"),
      (["iss": ["https://issuer.example"]], "iss"), (["iss": 1], "iss"),
      (["aud": .null], "aud"), (["aud": "other"], "aud"), (["aud": ["other"]], "aud"), (["aud": []], "aud"),
      (["aud": "agentgate "], "aud"), (["aud": ["agentgate", 1]], "aud"), (["aud": ["a": "agentgate"]], "aud"),
      (["exp": .null], "exp is missing"), (["exp": JSONValue(now - 60), "iat": .null], "has expired"),
      (["exp": 0, "iat": .null], "has expired"),
      (["exp": "1767229200"], "exp is no time"), (["exp": true], "exp is no time"), (["exp": [1]], "exp is no time"),
      (["exp": -1], "exp is no time"), (["exp": 253_402_300_800], "exp is no time"),
      (["exp": 9_223_372_036_854_775_807], "exp is no time"),
      (["exp": .number(JSONNumber(literal: "1e300")!)], "exp is no"),
      (["nbf": JSONValue(now + 61)], "not valid yet"), (["nbf": "0"], "nbf is no time"),
      (["nbf": -1], "nbf is no time"),
      (["iat": JSONValue(now + 61)], "iat is in the future"), (["iat": "0"], "iat is no time"),
      (["exp": JSONValue(now - 10)], "iat is after exp"),
      (["sub": .null], "sub names no agent"), (["sub": ""], "sub names no agent"),
      (["sub": " \t"], "sub names no agent"),
      (["sub": 1], "sub names no agent"), (["sub": ["a"]], "sub names no agent"),
      (["sub": .string(String(repeating: "a", count: 257))], "sub names no agent"),
      (["user": 1], "user names no user"), (["user": ""], "user names no user"),
    ] as [(JSONObject, String)])
  func refusesClaims(changes: JSONObject, reason: String) async throws {
    let token = try TestIssuer().token(changes)
    let failure = await #expect(throws: AuthenticationFailure.self) {
      try await check(userClaim: "user").identity(of: token)
    }
    #expect(failure?.kind == .invalidToken)
    #expect(failure?.reason.contains(reason) == true, "\(failure?.reason ?? "")")
  }

  @Test(arguments: [
    #"{"iss":"https://issuer.example","aud":"agentgate","sub":"a","exp":1767229200,"sub":"admin"}"#,
    #"{"iss":"https://issuer.example","aud":"agentgate","sub":"a","exp":1767229200,"\u0073ub":"admin"}"#,
    #"{"iss":"https://issuer.example","aud":"agentgate","sub":"a","exp":1e400}"#,
    #"{"iss":"https://issuer.example","aud":"agentgate","sub":"a","exp":NaN}"#,
    #"{"iss":"https://issuer.example","aud":"agentgate","sub":"a\ud800","exp":1767229200}"#,
    // A token inside a token.
    #""eyJhbGciOiJFZERTQSJ9.e30.QQ""#, "eyJhbGciOiJFZERTQSJ9.e30.QQ", "", "null", "[]",
    #"{"iss":"https://issuer.example","aud":"agentgate","sub":"a","exp":1767229200,"x":"#
      + String(repeating: "[", count: 64) + String(repeating: "]", count: 64) + "}",
  ])
  func refusesPayloads(payload: String) async throws {
    let token = try TestIssuer().token(payload: payload)
    let failure = await #expect(throws: AuthenticationFailure.self) { try await check().identity(of: token) }
    #expect(failure == .invalid("JWT: \(JWSError.malformedClaims)"))
  }

  /// Signed all the same, by the right key: a logout token says whom to log out, and lets nobody in.
  @Test func refusesOtherKindsOfTokens() async throws {
    for type in [nil, "JWT", "jwt", "at+jwt", "application/at+JWT", "application/jwt"] {
      _ = try await check().identity(of: try TestIssuer().token(type: type))
    }
    for type in ["logout+jwt", "dpop+jwt", "secevent+jwt", "JOSE", "", "jwt ", "application/application/jwt"] {
      let token = try TestIssuer().token(type: type)
      await #expect(throws: AuthenticationFailure.self) { try await check().identity(of: token) }
    }
  }

  @Test func refusesKeysAndAlgorithms() async throws {
    let token = try TestIssuer("b").token()
    await #expect(throws: AuthenticationFailure.invalid("JWT: \(JWSError.unknownKey)")) {
      try await check().identity(of: token)
    }
    let other = try TestIssuer().token()
    await #expect(throws: AuthenticationFailure.invalid("JWT: \(JWSError.algorithmNotAllowed)")) {
      try await check(algorithms: [JWSAlgorithm(.rsaPKCS1, .sha256)]).identity(of: other)
    }
    // A secret in the set is of no use while HS256 isn't allowed, and of use when it is.
    let secret =
      #"{"kty":"oct","kid":"s","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcg"}"#
    let symmetric = try CompactJWS.sign(claims: TestIssuer.claims(), by: try JSONWebKey(privateKey: secret))
    let keys = Array(#"{"keys":[\#(secret)]}"#.utf8)
    await #expect(throws: AuthenticationFailure.invalid("JWT: \(JWSError.algorithmNotAllowed)")) {
      try await check(keys: keys).identity(of: symmetric)
    }
    _ = try await check(algorithms: [JWSAlgorithm(.hmac, .sha256)], keys: keys).identity(of: symmetric)
  }

  @Test func withoutKeysNobodyIsBelieved() async throws {
    let check = JWTCheck(
      issuer: TestIssuer.name, audience: "agentgate", agentClaim: "sub", userClaim: nil,
      algorithms: AgentAuthSettings.usualAlgorithms, keys: FixedKeys(set: nil), clock: clock.wall)
    let token = try TestIssuer().token()
    let failure = await #expect(throws: AuthenticationFailure.self) { try await check.identity(of: token) }
    #expect(failure?.kind == .unavailable)
  }

  @Test func otherClaimsMayNameTheAgent() async throws {
    let check = try check(agentClaim: "https://example.com/agent", userClaim: "sub")
    let identity = try await check.identity(of: try TestIssuer().token(["https://example.com/agent": "crawler"]))
    #expect(identity.agent.rawValue == "crawler")
    #expect(identity.user == "billing-bot")
    let token = try TestIssuer().token()
    await #expect(throws: AuthenticationFailure.self) { try await check.identity(of: token) }
  }

  /// Made by PyJWT 2.15.1: `jwt.encode(claims, key, algorithm="ES256", headers={"kid": "es256"})` with a fresh key, and
  /// `ECAlgorithm.to_jwk` of its public half.
  @Test func believesPyJWT() async throws {
    let keys = """
      {"keys": [{"kty": "EC", "crv": "P-256", "kid": "es256", "use": "sig", \
      "x": "wUO5ygJhRf_N8QilWbfWDa7iff-fjjU1bg0xTPRTEr0", \
      "y": "K4Er62my8Zza_BHEvb-iSCNnM8NP-SNJfdZkKwI_nwU"}]}
      """
    let token =
      "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVzMjU2IiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwi"
      + "YXVkIjpbImFnZW50Z2F0ZSIsIm90aGVyIl0sInN1YiI6ImJpbGxpbmctYm90IiwiYWN0X2ZvciI6ImFubiIsImlhdCI6MTc2NzIy"
      + "NTYwMCwibmJmIjoxNzY3MjI1NjAwLCJleHAiOjE3NjcyMjkyMDAsInNjb3BlIjoicmVhZCJ9.H2g6bMrfU-UO6V9r5EAx-qfq4dT"
      + "ENniQ5jzFRtfnv9cbnoYv7k5zX175tGThgSVsFCQ2ynfAa_-HeDmBw4j6wg"
    let identity = try await check(userClaim: "act_for", keys: Array(keys.utf8)).identity(of: token)
    #expect(identity.agent.rawValue == "billing-bot")
    #expect(identity.user == "ann")
    clock.advance(seconds: 3_661)
    await #expect(throws: AuthenticationFailure.invalid("JWT: has expired")) {
      try await check(keys: Array(keys.utf8)).identity(of: token)
    }
  }
}

extension JSONObject {
  /// An `iat` before the expiry.
  fileprivate func with(iat expiry: JSONValue?) -> JSONObject {
    guard self["iat"] == nil, expiry != nil else { return self }
    var copy = self
    copy["iat"] = .null
    return copy
  }
}
