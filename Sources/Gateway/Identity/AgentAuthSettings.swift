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
        if !KeySetURL.isAllowed(url) {
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

/// Hosts that nobody reaches from another machine.
enum LoopbackHost {
  /// `localhost`, 127.0.0.0/8 and ::1, the last with or without brackets. Whatever else an address may mean, it isn't.
  static func contains(_ host: String) -> Bool {
    if host.isSameIgnoringASCIICase(as: "localhost") || host == "::1" || host == "[::1]" { return true }
    let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let isAddress = parts.allSatisfy { part in
      (1...3).contains(part.count) && part.allSatisfy { $0 &- UInt8(ascii: "0") <= 9 }
        && (part.count == 1 || part.first != UInt8(ascii: "0")) && part.reduce(0) { $0 * 10 + Int($1) - 48 } < 256
    }
    return parts.count == 4 && isAddress && parts[0].elementsEqual("127".utf8)
  }
}

/// URLs that keys may be fetched from.
enum KeySetURL {
  static func isAllowed(_ url: String) -> Bool {
    guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else { return false }
    let parts = url.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].hasPrefix("//") else { return false }
    let authority = parts[1].dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // A user in it would be a secret in the settings and the logs.
    guard !authority.contains("@"), let host = host(authority), !host.isEmpty else { return false }
    return switch parts[0].lowercased() {
    case "https": true
    case "http": LoopbackHost.contains(host)
    default: false
    }
  }

  /// Without the port; absent when that is none.
  private static func host(_ authority: Substring) -> String? {
    let end =
      authority.hasPrefix("[")
      ? authority.firstIndex(of: "]").map(authority.index(after:)) : authority.firstIndex(of: ":") ?? authority.endIndex
    guard let end else { return nil }
    let port = authority[end...]
    if !port.isEmpty {
      guard port.first == ":", let number = UInt16(port.dropFirst()), number > 0 else { return nil }
    }
    return String(authority[..<end])
  }
}
