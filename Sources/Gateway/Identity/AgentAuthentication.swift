import JOSE
public import Logging

/// Says who is calling, by the bearer token that came along (RFC 6750): an agent's key, or a JWT.
///
/// What it says is the only identity: a call's `context` may claim what it likes.
public struct AgentAuthentication: Sendable {
  /// Whether a call without an identity is refused.
  public let isRequired: Bool
  private let keys: AgentKeys?
  private let jwt: JWTCheck?

  /// Beyond this no token is looked at, in bytes.
  public static let maximumLength = 16_384

  /// Agents are who they say they are.
  static let off = AgentAuthentication()

  private init() { (isRequired, keys, jwt) = (false, nil, nil) }

  /// Reads the files, blocking. Fails when the settings lack something, or a file can't be taken.
  ///
  /// - Parameters:
  ///   - host: where the gateway listens, which decides whether agents must authenticate when the settings don't say
  ///   - fetch: gets a key set from a URL
  public init(
    _ settings: AgentAuthSettings, host: String, clock: WallClock = .system,
    monotonicClock: MonotonicClock = .system, logger: Logger, fetch: @escaping JWKFetch
  ) throws(ConfigurationError) {
    isRequired = settings.mode(onHost: host) == .required
    guard isRequired else {
      (keys, jwt) = (nil, nil)
      return
    }
    let problems = settings.problems(onHost: host)
    guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    do throws(KeyFileError) {
      keys = try settings.keyFile.map { path throws(KeyFileError) in
        try AgentKeys(file: path, clock: clock, monotonicClock: monotonicClock, logger: logger)
      }
      let source: (any JWKSource)? =
        switch settings.keySet {
        case .file(let path)?:
          try JWKFile(
            path, allowsSecrets: settings.algorithms.contains(where: \.isSymmetric), clock: clock,
            monotonicClock: monotonicClock, logger: logger)
        case .url(let url)?: JWKEndpoint(url, clock: monotonicClock, logger: logger, fetch: fetch)
        case nil: nil
        }
      jwt = source.map { source in
        JWTCheck(
          issuer: settings.issuer ?? "", audience: settings.audience ?? "", agentClaim: settings.agentClaim,
          userClaim: settings.userClaim, algorithms: settings.algorithms, keys: source, clock: clock)
      }
    } catch {
      throw ConfigurationError(problems: [error.description])
    }
  }

  /// Who shows the token. Absent when agents needn't authenticate: then no token is looked at.
  ///
  /// - Parameter bearer: the token as `token(inAuthorization:)` or the door found it; absent when there is none
  public func identity(bearer: String?) async throws(AuthenticationFailure) -> AgentIdentity? {
    guard isRequired else { return nil }
    guard let bearer else { throw .noToken }
    guard bearer.utf8.count <= Self.maximumLength, Self.isToken(bearer) else {
      throw .invalid("token is too long, or none of RFC 6750's grammar")
    }
    if let jwt, JWTCheck.looksLikeJWT(bearer) { return try await jwt.identity(of: bearer) }
    guard let keys else { throw .invalid("token is no JWT") }
    return try keys.identity(of: bearer)
  }

  /// Why keys may be out of date, for the health of the gateway: revocations may not be in force. Empty when all is
  /// well.
  public var problems: [String] { [keys?.problem, jwt?.problem].compactMap { $0 } }

  /// Whether what is in force may be older than what the operator or the issuer wrote.
  public var isStale: Bool { !problems.isEmpty }

  /// The credentials of an `Authorization` field (RFC 9110 section 11.6.2) whose scheme is `Bearer`, well formed or
  /// not; absent when there is no field or another scheme.
  public static func token(inAuthorization field: String?) -> String? {
    guard let field else { return nil }
    let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
    guard let scheme = parts.first, String(scheme).isSameIgnoringASCIICase(as: "bearer") else { return nil }
    let rest = parts.count > 1 ? parts[1].drop { $0 == " " } : ""
    return String(rest)
  }

  /// RFC 6750 section 2.1, `b64token`.
  private static func isToken(_ text: String) -> Bool {
    var bytes = Array(text.utf8)[...]
    while bytes.last == UInt8(ascii: "=") { bytes.removeLast() }
    return !bytes.isEmpty
      && bytes.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "a")...UInt8(ascii: "z"):
          true
        default: "-._~+/".utf8.contains(byte)
        }
      }
  }
}
