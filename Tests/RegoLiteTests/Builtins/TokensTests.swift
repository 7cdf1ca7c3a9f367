import JOSE
import Testing

@testable import RegoLite

@Suite struct TokensTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      io.jwt.decode("a.b.c") -> eval_builtin_error: JWT header had invalid encoding: illegal base64url string: a
      io.jwt.decode("") -> eval_builtin_error: encoded JWT had no period separators
      io.jwt.decode("a.b.c.d") -> eval_builtin_error: encoded JWT must have 3 sections, found 4
      io.jwt.decode("a.b.c.d.e") -> eval_builtin_error: encoded JWT must have 3 sections, found 5
      io.jwt.decode("e30.e30.") -> [{}, {}, ""]
      io.jwt.decode("e30=.e30.") -> [{}, {}, ""]
      io.jwt.decode("e30.e30=.YQ==") -> [{}, {}, "61"]
      io.jwt.decode("W10.e30.YQ") -> eval_builtin_error: bad JWT header: decoded JSON type was not an Object
      io.jwt.decode("e30.W10.YQ") -> eval_builtin_error: decoded JSON type was not an Object
      io.jwt.decode("e30.bnVsbA.YQ") -> eval_builtin_error: decoded JSON type was not an Object
      io.jwt.decode("bnVsbA.e30.YQ") -> eval_builtin_error: bad JWT header: decoded JSON type was not an Object
      io.jwt.decode("e30.e30.AB") -> [{}, {}, "00"]
      io.jwt.verify_hs256("a", "secret") -> eval_builtin_error: encoded JWT had no period separators
      io.jwt.verify_hs256("e30.e30.", "secret") -> false
      io.jwt.verify_hs256("YQ.e30.A$", "secret") -> eval_builtin_error: illegal base64 data at input byte 1
      io.jwt.verify_hs256("e30.e30.AA", "") -> false
      io.jwt.verify_rs256("e30.e30.AA", "{\"keys\":[]}") -> false
      io.jwt.verify_rs256("e30.e30.AA", "{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQ\"}") -> false
      io.jwt.verify_rs256("e30.e30.A$", "{\"keys\":[]}") -> eval_builtin_error: illegal base64 data at input byte 1
      io.jwt.verify_rs256("e30.e30.AA", "{\"kty\":\"oct\",\"k\":\"AQ\",\"use\":\"foo\"}") -> false
      io.jwt.verify_rs256("e30.e30.AA", "{\"kty\":\"oct\",\"k\":\"AQ\",\"key_ops\":[\"foo\"]}") -> false
      io.jwt.decode_verify("e30.e30.AA", {}) -> eval_builtin_error: no key constraint
      io.jwt.decode_verify("e30.e30.AA", {"secret": ""}) -> eval_builtin_error: no key constraint
      io.jwt.decode_verify("e30.e30.AA", {"secret": 1}) -> eval_builtin_error: secret constraint: must be a string
      io.jwt.decode_verify("e30.e30.AA", {"cert": 1}) -> eval_builtin_error: cert constraint: must be a string
      io.jwt.decode_verify("e30.e30.AA", {"cert": "{\"keys\":[]}"}) -> [false, {}, {}]
      io.jwt.decode_verify("e30.e30.AA", {"foo": 1}) -> eval_builtin_error: unknown token validation constraint: foo
      io.jwt.decode_verify("e30.e30.AA", {"secret": "a"}) -> [false, {}, {}]
      io.jwt.decode_verify("e30.e30.A$", {"secret": "a"}) -> [false, {}, {}]
      """#))
  func answers(_ example: BuiltinCase) { example.check() }

  static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIC+TCCAeGgAwIBAgIUVSzJOzqdM4KDQBNenUOpRpRV6wYwDQYJKoZIhvcNAQEL
    BQAwDDEKMAgGA1UEAwwBYTAeFw0yNjExMjIxNzA3NTdaFw0zNjExMTkxNzA3NTda
    MAwxCjAIBgNVBAMMAWEwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCy
    /IBN4CHPXQQxd0RJWcEJEuI3OU61PnnHIv412p7KM+FagCaBmRNY+WHn9akPX8g4
    o6pnTwatINbiQGEyaCzZKTM/24KnHRYaTAqUPNDqLDsWxC2gFWafkgcco88whaI+
    cyOlrK+Otn+gBpO/QjayL4GHfcpLVAoKU0BbSfuooxzbBt6V3LB+oGqQHNXR/e2r
    nf4ZubEVg8UewRQXOIvL2f8D84FlMulatbzKSRMuLbRRvnv0EixyKjVNSs6iA2wX
    WhRGDDHLkBb+/vgwumNnDXfOc5buX57yjy9Qwmx7safJxidMeBCpbaLHC+kg4/bS
    lq1okBZK4vY4nsNFSiqBAgMBAAGjUzBRMB0GA1UdDgQWBBR1KmmQyMWNW4BiAlul
    LB3z1CPJyzAfBgNVHSMEGDAWgBR1KmmQyMWNW4BiAlulLB3z1CPJyzAPBgNVHRMB
    Af8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4IBAQCHfwHuDrgmH2d3Vkw6Zr2oaPGk
    xwtIrDh1xCkaOPMYUvzh9cREoijt1rCTSezrnLfLKICVmGM+1Jw1pZKJ/2cteRo/
    Iym8J7CI8b1wqjiQ2M9pJYmBeZAqXlVbYXLePEJLHDzfayJZXQ+J1mKLQ6hzm2yp
    Y+pljH8c38cAZxdsRIEjy7ceZ5ni3g86TjPY+YKP9gvTOIJznEYlxtaLXTANs5aL
    oSORId2jCEk5nTlitRCEt38ER1EwBYIOS3zJZv2Oy3sUXF1ldIlm9AEtKTQ+illQ
    HFJKlplAEh7hnPvG4Mf6GvX5hR1qcRBMEPikuXsRCf8k6NTk97uHwJfPP1l+
    -----END CERTIFICATE-----
    """

  /// Signed by the certificate's key with OpenSSL; the payload is `{"a":1}`.
  @Test(arguments: [
    (
      "RS256",
      "HXODwOJBT617cV8AtMXw3wtlp1Pf0OJ15sGnKYFajYJ-fNPfY7143ylGOD93P5At_pNN_IgjQXte3OeKg4M587yqRxk-ZnVjqB9o"
        + "QljtwEUpeTEeTh7eHv0EzvuQSTUsnbOl0_4qyBL8VCUjeXjnnGQJYzkcnsCrdvUuw4_u0tNnS6MmuahAe1dd-ItFj183Xp2NRquB"
        + "rwx2CHjJAkCyAoOZmvdBPrbuslKbOmFQIyGs80hxnvpyxCMyw7GbHhDPp_yMAHhnxnknj2C81_X9FBwiZ2EiEuJ7XPf19VL0-WI6"
        + "Ce-rt3pApa8M58ylXTheXyrc_dpphvgCLgtcBJPdlQ"
    ),
    (
      "RS384",
      "YMzWKmQI95bsFLiILzOG9LnDT99ccPBomku9NpvoBK68im7dS6_Eg_s30CCJGWT-jM86ejy791kIUFL-UzXr9jF6tGDUJpuE1yGJ"
        + "2-Z6Hh68zI78htfd2rdI8pSU6hbgLblcQvJ1WZimYUaPMVPpgY6K6m7fK0u1ceMQADYhfOGlZTjgtTsC59bFbmtlKrLKOZiL2FMI"
        + "1TL2Yl0dEE4lbziPSIZo2inatGWTk5TlKXHly9FQbCgZ7GJzZ3r4666Ses4QjVnQ8rNnrC44fomHM-0RTMWHO-pzhkJehKKCRSiG"
        + "LBbcRO6t-mwcN86o_6vI2dOhW_DHlA-lCtg4Dauy2A"
    ),
    (
      "PS256",
      "e-qa9Ipc5D4-arRlzMW2EcuXQau3C64TRRSQR_MlSbO2hWoXfs7rlfLwFzNNDZ9blBMDFLHXD0vAj8lKT33iO1jOQ_7SSvx3g8u3"
        + "fpsrEN22m6lAuGEiNG2WVV8PtRfpzkwakS6Jr-NQcRqzzbfslX0cpIO9vQfal7BLavGu6znwoxNaHZd_fZaXC8Va-lHUP2GiXxKo"
        + "ysijCk_TbaJBmeivkog8dNq6i3W0Y0yJ0kT8BKiivzffqlf0kf8mwJfcKqdCoWW3eu9po0emNScz--HMXfs0EGJwLqCVZLt0-ObW"
        + "kpYiMQo4NzvCtxDopycF3M7QR4BcTeTvwIwMIhhFdA"
    ),
    (
      "PS512",
      "lEL3S7zEe23PM7_vJqm8lUt3EgCOJyqIysTcBjH1lFOetsI5X6Z5Egka9Tp_0BtpuSsHZP5jExNOxrQP7Z1aAPTsGZ7a55wDNy4f"
        + "bxJc8fwvbD88qMAKftl-7MbF6ScptcOViWBBtfe77sSwoRTF28IzkQEJoGfajJXSmkuCxvRlvG0vrAo6tTVzWGFCZMs4upXDiAbX"
        + "1qmH0Z1KnsuO7t4bi-Pu-PZl4p9mjFCBklmDLPAtH3cehBTU6teVjWMimmb80w0uUZGlsKaZqBxoRltuyF6YLh1zkPAULyv6olYI"
        + "fZDd65LzLJxKnjWMTbTWR5aDWn-9WGs2IWyI6wHhgQ"
    ),
  ])
  func verifiesWhatOpenSSLSigned(algorithm: String, signature: String) throws {
    let header = Base64URL.encode(Array(#"{"alg": "\#(algorithm)"}"#.utf8))
    let token = Value.string(Text("\(header).eyJhIjoxfQ.\(signature)"))
    let certificate = Value.string(Text(Self.certificate))
    var context = BuiltinContext.forTests()
    let name = "io.jwt.verify_\(algorithm.lowercased())"
    #expect(try BuiltinCase.call(name, [token, certificate], &context) == true)
    let constraints: Value = ["cert": certificate, "alg": .string(Text(algorithm))]
    let verified: Value = [true, ["alg": .string(Text(algorithm))], ["a": 1]]
    #expect(try BuiltinCase.call("io.jwt.decode_verify", [token, constraints], &context) == verified)
    // Another algorithm, another payload.
    let other = algorithm == "RS256" ? "io.jwt.verify_ps256" : "io.jwt.verify_rs256"
    #expect(try BuiltinCase.call(other, [token, certificate], &context) == false)
    let forged = Value.string(Text("\(header).eyJhIjoyfQ.\(signature)"))
    #expect(try BuiltinCase.call(name, [forged, certificate], &context) == false)
    // The public key is no secret, whatever the header says.
    let confused: Value = ["secret": certificate]
    #expect(try BuiltinCase.call("io.jwt.decode_verify", [token, confused], &context) == [false, [:], [:]])
  }

  @Test(arguments: [
    (
      "ES256",
      #"{"kty":"EC","crv":"P-256","x":"kuoFEU2TEEw2Zu5VtyOM9dY3qGq3joN52rQZRboT0Es","y":"Dxm530gBc-nb1VxuMKFvejexUfNSbjVpfIy0HSkSJg4","d":"OoQu5c34Csv6iDjBLQrZkaVH8b1PJge0KZVK_0Z-vwE"}"#
    ),
    (
      "EdDSA",
      #"{"kty":"OKP","crv":"Ed25519","x":"wEZFfoAj1rFKTLOOmjJjVZlCHwksuvMb2I5y_hg70E8","d":"9XI34uQzYUJfWhDZf_0nYsLMBRVu8a6dFsy60P8uugk"}"#
    ),
    ("HS512", #"{"kty":"oct","k":"c2VjcmV0"}"#),
  ])
  func verifiesWhatItSigned(algorithm: String, jwk: String) throws {
    var context = BuiltinContext.forTests()
    let header = Value.string(Text(#"{"alg":"\#(algorithm)"}"#))
    let token = try #require(
      try BuiltinCase.call("io.jwt.encode_sign_raw", [header, #"{"exp":1700000001}"#, .string(Text(jwk))], &context))
    let key = try Value.parse(json: jwk).asObject?.removing("d")
    let constraints: Value = ["cert": .string(Text(Value.object(key ?? [:]).json()))]
    let verified: Value = [true, ["alg": .string(Text(algorithm))], ["exp": 1_700_000_001]]
    #expect(try BuiltinCase.call("io.jwt.decode_verify", [token, constraints], &context) == verified)
    // The clock stands on the first nanosecond after the token's last.
    context.nowNanoseconds = 1_700_000_001_000_000_000
    #expect(try BuiltinCase.call("io.jwt.decode_verify", [token, constraints], &context) == [false, [:], [:]])
  }

  @Test func pemLinesMayEndAsOnWindows() throws {
    let text = Self.certificate.split(separator: "\n").joined(separator: "\r\n")
    #expect(PEMBlock(in: text)?.bytes == PEMBlock(in: Self.certificate)?.bytes)
    #expect(PEMBlock(in: text)?.bytes.isEmpty == false)
    #expect(PEMBlock(in: text + "\n")?.hasMore == false)
    #expect(PEMBlock(in: text + "\n\n")?.hasMore == true)
  }

  @Test func aVerificationCostsSteps() {
    var context = BuiltinContext.forTests(steps: 100)
    #expect(throws: BuiltinError(code: .halt, message: "step budget exhausted")) {
      try BuiltinCase.call(
        "io.jwt.verify_rs256", ["eyJhbGciOiAiUlMyNTYifQ.eyJhIjoxfQ.AA", .string(Text(Self.certificate))], &context)
    }
  }
}
