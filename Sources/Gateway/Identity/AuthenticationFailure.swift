/// Why nobody is known to be calling. A door answers 401 with `challenge`; the reason is for the log.
public struct AuthenticationFailure: Error, Equatable, Sendable {
  public enum Kind: String, Sendable {
    case noToken = "no_token"
    case invalidToken = "invalid_token"
    /// Keys that could tell are missing at present: the token may be good. It is refused all the same.
    case unavailable
  }

  public let kind: Kind
  /// Never has a part of the token in it, but perhaps a key's id.
  public let reason: String

  public var hasToken: Bool { kind != .noToken }

  /// The value of `WWW-Authenticate` (RFC 6750 section 3). The same for every bad token: which keys there are, and how
  /// near a guess came, is nobody's business.
  public var challenge: String {
    switch kind {
    case .noToken: #"Bearer realm="agentgate""#
    case .invalidToken, .unavailable:
      #"Bearer realm="agentgate", error="invalid_token", error_description="the access token is not valid""#
    }
  }

  static let noToken = AuthenticationFailure(kind: .noToken, reason: "no token")
  static func invalid(_ reason: String) -> AuthenticationFailure {
    AuthenticationFailure(kind: .invalidToken, reason: reason)
  }
  static func unavailable(_ reason: String) -> AuthenticationFailure {
    AuthenticationFailure(kind: .unavailable, reason: reason)
  }
}
