/// Why there is no credential, and so no call. Neither text has anything of a secret, of a URL's query, or of what an
/// issuer wrote but for an error code that is registered.
public struct CredentialFailure: Error, Equatable, Sendable {
  public enum Kind: String, Sendable {
    /// The decision leaves no scope, or one that can't be had.
    case scope
    /// It is for an agent or a user, and nothing proves who that is.
    case identity
    /// The gateway lacks what it needs: a variable, a file, a key.
    case secret
    /// The issuer can't be reached, took too long, or is in trouble.
    case unreachable
    /// The issuer said no.
    case refused
    /// The issuer's answer, or what it issued, can't be used.
    case unusable
    /// A kill came in between.
    case withdrawn
    /// Nobody waits for it any more.
    case cancelled
    /// Too many are being fetched.
    case busy
  }

  public let kind: Kind
  /// For the caller.
  public let publicText: String
  /// For the log.
  public let reason: String

  init(_ kind: Kind, _ reason: String, code: String? = nil) {
    self.kind = kind
    self.reason = reason
    let text =
      switch kind {
      case .scope: "the decision allows no scope that it can have"
      case .identity: "nothing proves for whom it would be"
      case .secret: "it is not set up"
      case .unreachable: "its issuer does not answer"
      case .refused: "its issuer refuses it" + (code.map { " (\($0))" } ?? "")
      case .unusable: "what its issuer answers can't be used"
      case .withdrawn: "it has been withdrawn"
      case .cancelled: "the call was given up"
      case .busy: "too many are being fetched"
      }
    publicText = "No credential for this call: \(text)"
  }
}

extension CredentialFailure: CustomStringConvertible {
  /// As the log has it.
  public var description: String { reason }
}
