import JOSE
import StrictJSON

/// Whether a JSON Web Token (RFC 7519) says who an agent is: signed by a key of the source, for this gateway, now.
struct JWTCheck: Sendable {
  /// How far the issuer's clock may be off, in seconds.
  static let skew: Double = 60
  /// The latest time that a claim may name, in seconds since 1970: the end of the year 9999.
  private static let latest: Double = 253_402_300_799
  /// Of `typ`. Another kind of token (`logout+jwt`, `dpop+jwt`) may have the same issuer, audience and subject, and
  /// means something else (RFC 8725 section 3.11).
  private static let types: Set<String> = ["jwt", "at+jwt"]

  private let issuer: String
  private let audience: String
  private let agentClaim: String
  private let userClaim: String?
  private let algorithms: Set<JWSAlgorithm>
  private let keys: any JWKSource
  private let clock: WallClock

  /// - Parameters:
  ///   - issuer: `iss`, to the byte
  ///   - audience: `aud`, or one of it
  ///   - agentClaim: the claim that names the agent; a member's name, no path
  ///   - userClaim: the claim that names the user, as `agentClaim`; absent: none does
  init(
    issuer: String, audience: String, agentClaim: String, userClaim: String?, algorithms: Set<JWSAlgorithm>,
    keys: any JWKSource, clock: WallClock
  ) {
    self.issuer = issuer
    self.audience = audience
    self.agentClaim = agentClaim
    self.userClaim = userClaim
    self.algorithms = algorithms
    self.keys = keys
    self.clock = clock
  }

  /// Three sections between full stops, which no key of a key file has.
  static func looksLikeJWT(_ token: String) -> Bool { token.utf8.count { $0 == UInt8(ascii: ".") } == 2 }

  var problem: String? { keys.problem }

  func identity(of token: String) async throws(AuthenticationFailure) -> AgentIdentity {
    let jws = try believing { () throws(JWSError) in try CompactJWS(parsing: token) }
    if let type = jws.type, !Self.types.contains(type) { throw .invalid("JWT: typ is another kind of token's") }
    // Before keys are fetched for it.
    guard JWSAlgorithm(jws.algorithmName).map(algorithms.contains) == true else {
      throw .invalid("JWT: \(JWSError.algorithmNotAllowed)")
    }
    guard let keys = await keys.keys(for: jws.keyID) else { throw .unavailable("JWT: no keys to check it with") }
    let key = try believing { () throws(JWSError) in try jws.verify(by: keys, algorithms: algorithms) }
    // INVARIANT: nothing of the payload is read before its signature is known to be good.
    let claims = try believing { () throws(JWSError) in try jws.claims() }
    let expires = try checkTimes(claims)
    guard claims["iss"] == .string(issuer) else { throw .invalid("JWT: iss is another issuer's") }
    guard isForUs(claims["aud"]) else { throw .invalid("JWT: aud is for somebody else") }
    return AgentIdentity(
      agent: try agent(claims), user: try user(claims), method: .jwt, issuer: issuer, keyID: key.id, claims: claims,
      expires: Int64(expires * 1_000_000))
  }

  private func believing<Result>(_ read: () throws(JWSError) -> Result) throws(AuthenticationFailure) -> Result {
    do throws(JWSError) {
      return try read()
    } catch {
      throw .invalid("JWT: \(error)")
    }
  }

  /// Returns `exp`.
  private func checkTimes(_ claims: JSONObject) throws(AuthenticationFailure) -> Double {
    let now = Double(clock.now()) / 1_000_000
    guard let expires = try time("exp", claims) else { throw .invalid("JWT: exp is missing") }
    guard now < expires + Self.skew else { throw .invalid("JWT: has expired") }
    if let start = try time("nbf", claims), now + Self.skew < start { throw .invalid("JWT: is not valid yet") }
    if let issued = try time("iat", claims) {
      if now + Self.skew < issued { throw .invalid("JWT: iat is in the future") }
      if issued > expires { throw .invalid("JWT: iat is after exp") }
    }
    return expires
  }

  private func time(_ name: String, _ claims: JSONObject) throws(AuthenticationFailure) -> Double? {
    guard let value = claims[name] else { return nil }
    guard let seconds = value.doubleValue, seconds >= 0, seconds <= Self.latest else {
      throw .invalid("JWT: \(name) is no time")
    }
    return seconds
  }

  /// RFC 7519 section 4.1.3: a string, or an array of strings of which one will do.
  private func isForUs(_ audiences: JSONValue?) -> Bool {
    switch audiences {
    case .string?: audiences == .string(audience)
    case .array(let audiences)?:
      audiences.allSatisfy { $0.stringValue != nil } && audiences.contains(.string(audience))
    default: false
    }
  }

  private func agent(_ claims: JSONObject) throws(AuthenticationFailure) -> AgentID {
    guard let text = claims[agentClaim]?.stringValue, let agent = try? AgentID(text) else {
      throw .invalid("JWT: \(agentClaim) names no agent")
    }
    return agent
  }

  private func user(_ claims: JSONObject) throws(AuthenticationFailure) -> String? {
    guard let userClaim, let value = claims[userClaim] else { return nil }
    guard let text = value.stringValue, UserID.isValid(text) else {
      throw .invalid("JWT: \(userClaim) names no user")
    }
    return text
  }
}
