public import JOSE

/// How agents say who they are. Each check names the setting as `Configuration` does.
public struct AgentAuthSettings: Sendable {
  public enum Mode: String, Sendable, CaseIterable {
    /// Agents are who they say they are.
    case off
    case required
  }

  /// `agent_auth`; absent: required unless the gateway is bound to loopback.
  public var mode: Mode?
  /// `agent_keys`: an `AgentKeyFile`.
  public var keyFile: String?
  /// `agent_jwks`: a file or a URL with a JSON Web Key Set.
  public var keySet: KeySet?
  /// `agent_jwt_issuer`: what `iss` has to be.
  public var issuer: String?
  /// `agent_jwt_audience`: what `aud` has to be or to have.
  public var audience: String?
  /// `agent_jwt_agent_claim`
  public var agentClaim = "sub"
  /// `agent_jwt_user_claim`; absent: no claim names a user.
  public var userClaim: String?
  /// `agent_jwt_algorithms`. HS* only when it is named, and with a file: what a URL gives away is no secret.
  public var algorithms = AgentAuthSettings.usualAlgorithms

  public enum KeySet: Sendable, Equatable {
    case file(String)
    case url(String)

    /// A URL when it begins with a scheme of one.
    public init(_ text: String) {
      let scheme = text.prefix(8).lowercased()
      self = scheme.hasPrefix("https://") || scheme.hasPrefix("http://") ? .url(text) : .file(text)
    }
  }

  /// All that are asymmetric.
  public static let usualAlgorithms = Set(
    ["EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
      .compactMap(JWSAlgorithm.init))

  public init() {}

  /// What holds for a gateway that listens on `host`.
  public func mode(onHost host: String) -> Mode { mode ?? (LoopbackHost.contains(host) ? .off : .required) }

  /// What is wrong or missing, for a gateway that listens on `host`.
  public func problems(onHost host: String) -> [String] {
    var problems: [String] = []
    if mode(onHost: host) == .required, keyFile == nil, keySet == nil {
      problems.append(
        mode == nil
          ? "agents must authenticate, since the gateway listens on \(host), which isn't loopback: set agent_keys or "
            + "agent_jwks, or say agent_auth=off"
          : "agent_auth is required, but neither agent_keys nor agent_jwks is set")
    }
    if let keySet {
      // Without them a token that the issuer made for anybody else would open this door.
      if issuer?.isEmpty != false { problems.append("agent_jwt_issuer must be set with agent_jwks") }
      if audience?.isEmpty != false { problems.append("agent_jwt_audience must be set with agent_jwks") }
      if algorithms.isEmpty { problems.append("agent_jwt_algorithms must name an algorithm") }
      if agentClaim.isEmpty { problems.append("agent_jwt_agent_claim must not be empty") }
      if userClaim?.isEmpty == true { problems.append("agent_jwt_user_claim must not be empty") }
      if case .url(let url) = keySet {
        if !OutboundURL.isAllowed(url) {
          problems.append("agent_jwks must be an https:// URL without a user; http:// is for loopback alone")
        }
        if algorithms.contains(where: \.isSymmetric) {
          problems.append("agent_jwt_algorithms can't have HS* with keys from a URL: they would be no secret")
        }
      }
    } else if issuer != nil || audience != nil {
      problems.append("agent_jwt_issuer and agent_jwt_audience have no effect without agent_jwks")
    }
    return problems
  }
}
