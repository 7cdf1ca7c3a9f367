import JOSE
import StrictJSON

/// Asks an issuer for a token (RFC 6749 section 4.4, RFC 8693) or to revoke one (RFC 7009), and reads what it answers.
struct TokenRequest: Sendable {
  /// What an issuer issued.
  struct Token: Sendable {
    var secret: LentSecret
    /// In seconds; absent when the issuer doesn't say.
    var life: Int?
    /// Absent when the issuer doesn't say: then it is what was asked for.
    var scope: CredentialScope?
  }

  /// In bytes. Longer ones don't fit into a header.
  static let maximumLength = 16_384

  let client: OAuthClient
  /// Absent: client credentials.
  let exchange: TokenExchange?
  let scope: CredentialScope?

  /// - Parameter subject: what is exchanged
  func request(clientSecret: LentSecret, subject: LentSecret?) -> OutboundRequest {
    var fields: [(String, String)] = []
    if let exchange, let subject {
      fields.append(("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"))
      fields.append(("subject_token", subject.reveal()))
      fields.append(("subject_token_type", exchange.subjectType))
      if let type = exchange.requestedType { fields.append(("requested_token_type", type)) }
    } else {
      fields.append(("grant_type", "client_credentials"))
    }
    if let scope { fields.append(("scope", scope.text)) }
    fields += client.audiences.map { ("audience", $0) }
    fields += client.resources.map { ("resource", $0) }
    return Self.request(client.tokenEndpoint, fields, client, clientSecret)
  }

  static func revocation(of token: LentSecret, endpoint: String, client: OAuthClient, clientSecret: LentSecret)
    -> OutboundRequest
  {
    request(endpoint, [("token", token.reveal()), ("token_type_hint", "access_token")], client, clientSecret)
  }

  private static func request(
    _ endpoint: String, _ fields: [(String, String)], _ client: OAuthClient, _ secret: LentSecret
  ) -> OutboundRequest {
    var fields = fields
    var headers: [OutboundRequest.Header] = [
      .init("Content-Type", "application/x-www-form-urlencoded"), .init("Accept", "application/json"),
    ]
    switch client.authentication {
    case .basic:
      // RFC 6749 section 2.3.1: each is encoded first, so that no colon in one is taken for the one between them.
      let pair = Form.encoded(client.id) + ":" + Form.encoded(secret.reveal())
      headers.append(.init("Authorization", "Basic " + Base64.standard.encode(Array(pair.utf8))))
    case .post:
      fields += [("client_id", client.id), ("client_secret", secret.reveal())]
    }
    return OutboundRequest(.post, endpoint, headers: headers, body: Array(Form.encoded(fields).utf8))
  }

  // MARK: Answers

  /// RFC 6749 sections 5.1 and 5.2, RFC 8693 section 2.2.
  func token(in response: OutboundResponse) throws(CredentialFailure) -> Token {
    guard response.status == 200 else { throw Self.refusal(in: response, of: client.tokenEndpoint) }
    let answer: JSONObject
    do throws(JSONError) {
      guard let object = try JSONValue(parsing: response.body).objectValue else { throw JSONError(message: "") }
      answer = object
    } catch {
      // The error's own text might quote the answer.
      throw unusable("answered no JSON object")
    }
    guard let text = answer["access_token"]?.stringValue, !text.isEmpty else {
      throw unusable("issued no access_token")
    }
    guard text.utf8.count <= Self.maximumLength else {
      throw unusable("issued a token of more than \(Self.maximumLength) bytes")
    }
    // RFC 6749 appendix A.12. A line end would begin another header.
    guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      throw unusable("issued a token with bytes in it that are none of a token")
    }
    try checkType(answer)
    return Token(secret: LentSecret(text), life: try life(answer), scope: try scope(answer))
  }

  private func checkType(_ answer: JSONObject) throws(CredentialFailure) {
    let type = answer["token_type"]?.stringValue ?? ""
    let requested = exchange?.requestedType.flatMap { $0.hasSameBytes(as: TokenExchange.accessToken) ? nil : $0 }
    // What isn't an access token has no type (RFC 8693 section 2.2.1).
    guard type.isSameIgnoringASCIICase(as: "bearer") || (requested != nil && type == "N_A") else {
      throw unusable("issued a token whose token_type isn't Bearer")
    }
    if let requested = exchange?.requestedType {
      guard answer["issued_token_type"]?.stringValue?.hasSameBytes(as: requested) == true else {
        throw unusable("issued a token of another type than requested")
      }
    }
  }

  private func life(_ answer: JSONObject) throws(CredentialFailure) -> Int? {
    guard let value = answer["expires_in"], !value.isNull else { return nil }
    // A number, though some issuers put it into a string.
    let seconds =
      value.doubleValue
      ?? value.stringValue.flatMap { text in
        (1...12).contains(text.utf8.count) && text.utf8.allSatisfy { $0 &- 48 <= 9 } ? Double(text) : nil
      }
    guard let seconds, seconds >= 1 else { throw unusable("issued a token whose expires_in is no time to come") }
    return Int(min(seconds, 31_536_000))
  }

  private func scope(_ answer: JSONObject) throws(CredentialFailure) -> CredentialScope? {
    guard let value = answer["scope"], !value.isNull else { return scope }
    guard let text = value.stringValue else { throw unusable("issued a token whose scope is no string") }
    let granted = CredentialScope(text)
    guard let scope else { return granted }
    guard let granted else { throw unusable("issued a token with none of the scope asked for") }
    // INVARIANT: nothing is lent that is good for more than the decision allows.
    guard granted.isWithin(scope) else { throw unusable("issued a token with more scope than asked for") }
    return granted
  }

  private func unusable(_ what: String) -> CredentialFailure {
    CredentialFailure(.unusable, "\(Self.name(client.tokenEndpoint)) \(what)")
  }

  /// What an answer other than 200 says.
  static func refusal(in response: OutboundResponse, of endpoint: String) -> CredentialFailure {
    let code = (try? JSONValue(parsing: response.body))?["error"]?.stringValue
    let known = errorCodes.first { code?.hasSameBytes(as: $0) == true }
    let text = "\(name(endpoint)) answered HTTP \(response.status)" + (known.map { " \($0)" } ?? "")
    switch response.status {
    case 400..<500 where response.status != 408 && response.status != 429:
      return CredentialFailure(.refused, text, code: known)
    case 408, 429, 500...: return CredentialFailure(.unreachable, text)
    default: return CredentialFailure(.unusable, text)
    }
  }

  /// Those of the registry of OAuth extension errors that a token or revocation endpoint may answer. An issuer that
  /// writes anything else might be quoting what it was sent.
  private static let errorCodes = [
    "access_denied", "insufficient_scope", "interaction_required", "invalid_client", "invalid_dpop_proof",
    "invalid_grant", "invalid_request", "invalid_scope", "invalid_target", "invalid_token", "server_error",
    "temporarily_unavailable", "unauthorized_client", "unmet_authentication_requirements", "unsupported_grant_type",
    "unsupported_token_type", "use_dpop_nonce",
  ]

  /// As logs name an endpoint: without a query, which may have a key in it.
  static func name(_ endpoint: String) -> String { String(endpoint.prefix { $0 != "?" }) }
}

/// `application/x-www-form-urlencoded`. A space is `%20`, which all servers read, `+` in a password isn't.
enum Form {
  static func encoded(_ fields: [(String, String)]) -> String {
    fields.map { encoded($0.0) + "=" + encoded($0.1) }.joined(separator: "&")
  }

  static func encoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default:
        bytes.append(UInt8(ascii: "%"))
        for digit in [byte >> 4, byte & 0xF] {
          bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
        }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
