import StrictJSON
import Testing

@testable import Gateway

@Suite struct TokenRequestTests {
  private static func token(
    _ body: String, status: Int = 200, scope: String? = nil, exchange: String? = nil
  ) throws -> Result<TokenRequest.Token, CredentialFailure> {
    let client = try #require(try CredentialFixture.clientCredentials().client)
    let request = TokenRequest(
      client: client,
      exchange: exchange.map { type in
        TokenExchange(
          subject: .agent, subjectType: TokenExchange.accessToken, requestedType: type.isEmpty ? nil : type)
      },
      scope: scope.flatMap { CredentialScope($0) })
    do throws(CredentialFailure) {
      return .success(try request.token(in: OutboundResponse(status: status, body: Array(body.utf8))))
    } catch {
      return .failure(error)
    }
  }

  @Test(
    arguments: [
      (#"{"access_token": "t", "token_type": "Bearer", "expires_in": 60}"#, 60),
      (
        #"{"access_token": "t", "token_type": "bearer", "expires_in": "60"}"#, 60
      ), (#"{"access_token": "t", "token_type": "BEARER", "expires_in": 60.9}"#, 60),
      (#"{"access_token": "t", "token_type": "Bearer"}"#, nil),
      (#"{"access_token": "t", "token_type": "Bearer", "expires_in": null, "scope": null}"#, nil),
      (#"{"access_token": "t", "token_type": "Bearer", "expires_in": 1e300, "refresh_token": 7}"#, 31_536_000),
    ] as [(String, Int?)])
  func takesTokens(body: String, life: Int?) throws {
    let token = try Self.token(body).get()
    #expect(token.secret.reveal() == "t")
    #expect(token.life == life)
  }

  private static func bearer(_ more: String) -> String { #"{"access_token": "t", "token_type": "Bearer", \#(more)}"# }

  @Test(arguments: [
    ("", "answered no JSON object"), ("[]", "answered no JSON object"), ("<html>", "answered no JSON object"),
    (#"{"access_token": "t", "access_token": "u", "token_type": "Bearer"}"#, "answered no JSON object"),
    ("{}", "issued no access_token"), (#"{"access_token": ""}"#, "issued no access_token"),
    (#"{"access_token": 7, "token_type": "Bearer"}"#, "issued no access_token"),
    (#"{"access_token": "t"}"#, "whose token_type isn't Bearer"),
    (#"{"access_token": "t", "token_type": "mac"}"#, "whose token_type isn't Bearer"),
    (#"{"access_token": "t", "token_type": "N_A"}"#, "whose token_type isn't Bearer"),
    (#"{"access_token": "hush\r\nX: y", "token_type": "Bearer"}"#, "bytes in it that are none of a token"),
    (#"{"access_token": "hush\u0000", "token_type": "Bearer"}"#, "bytes in it that are none of a token"),
    (#"{"access_token": "hush\u00e9", "token_type": "Bearer"}"#, "bytes in it that are none of a token"),
    (bearer(#""expires_in": 0"#), "expires_in is no time to come"),
    (bearer(#""expires_in": -5"#), "expires_in is no time to come"),
    (bearer(#""expires_in": "soon""#), "expires_in is no time to come"),
    (bearer(#""expires_in": []"#), "expires_in is no time to come"),
    (bearer(#""scope": 7"#), "scope is no string"),
  ])
  func refusesOtherAnswers(body: String, reason: String) throws {
    guard case .failure(let failure) = try Self.token(body) else { throw Unexpected(body) }
    #expect(failure.kind == .unusable)
    #expect(failure.reason.contains(reason))
    #expect(!failure.reason.contains("hush") && !failure.reason.contains("in-query"))
    #expect(failure.publicText == "No credential for this call: what its issuer answers can't be used")
  }

  @Test func refusesOversizedTokens() throws {
    func answer(_ count: Int) -> String {
      #"{"access_token": "\#(String(repeating: "t", count: count))", "token_type": "Bearer"}"#
    }
    #expect(try Self.token(answer(16_384)).get().secret.length == 16_384)
    #expect(throws: CredentialFailure.self) { try Self.token(answer(16_385)).get() }
  }

  @Test(
    arguments: [
      ("a b", nil, "a b"), ("a b", "a", "a"), ("a b", "b a", "b a"), ("a", "a admin", "-"), ("a", "", "-"),
      ("a", "b", "-"), (nil, "x", "x"), (nil, nil, nil), (nil, "", nil),
    ] as [(String?, String?, String?)])
  func nothingIsLentBeyondWhatWasAsked(asked: String?, granted: String?, expected: String?) throws {
    let body = granted.map { Self.bearer(#""scope": "\#($0)""#) } ?? Self.bearer(#""a": 1"#)
    switch try Self.token(body, scope: asked) {
    case .success(let token): #expect(token.scope?.text == expected)
    case .failure(let failure): #expect(expected == "-" && failure.kind == .unusable)
    }
  }

  @Test(
    arguments: [
      // What was requested, what was issued, of which type.
      ("", "Bearer", nil, true), ("", "Bearer", "urn:x", true), ("urn:x", "Bearer", "urn:x", true),
      ("urn:x", "N_A", "urn:x", true), ("urn:x", "N_A", "urn:y", false), ("urn:x", "Bearer", nil, false),
      ("", "N_A", "urn:x", false), (TokenExchange.accessToken, "N_A", TokenExchange.accessToken, false),
      (TokenExchange.accessToken, "Bearer", TokenExchange.accessToken, true),
    ] as [(String, String, String?, Bool)])
  func exchangesForWhatWasRequested(requested: String, type: String, issued: String?, isTaken: Bool) throws {
    let more = issued.map { #", "issued_token_type": "\#($0)""# } ?? ""
    let result = try Self.token(#"{"access_token": "t", "token_type": "\#(type)"\#(more)}"#, exchange: requested)
    #expect(((try? result.get()) != nil) == isTaken)
  }

  @Test(
    arguments: [
      (400, #"{"error": "invalid_scope"}"#, .refused, "invalid_scope"),
      (401, #"{"error": "invalid_client", "error_description": "hush-hush is wrong"}"#, .refused, "invalid_client"),
      (400, #"{"error": "hush-hush"}"#, .refused, nil), (400, "hush-hush", .refused, nil), (404, "", .refused, nil),
      (400, #"{"error": ["invalid_scope"]}"#, .refused, nil),
      (503, #"{"error": "temporarily_unavailable"}"#, .unreachable, "temporarily_unavailable"),
      (500, "hush-hush", .unreachable, nil), (429, "", .unreachable, nil), (408, "", .unreachable, nil),
      (302, "", .unusable, nil), (204, "", .unusable, nil), (201, bearer(#""a": 1"#), .unusable, nil),
    ] as [(Int, String, CredentialFailure.Kind, String?)])
  func refusalsNameTheCodeAlone(status: Int, body: String, kind: CredentialFailure.Kind, code: String?) throws {
    guard case .failure(let failure) = try Self.token(body, status: status) else { throw Unexpected(body) }
    #expect(failure.kind == kind)
    #expect(
      failure.reason == "https://issuer.example/token answered HTTP \(status)" + (code.map { " \($0)" } ?? ""))
    #expect(failure.publicText.contains("(\(code ?? ""))") == (kind == .refused && code != nil))
  }

  @Test func formsAreEncoded() {
    #expect(
      Form.encoded([("a b", "1&2=3"), ("\u{E9}", "~-._*+/"), ("", "")])
        == "a%20b=1%262%3D3&%C3%A9=~-._%2A%2B%2F&=")
  }
}
