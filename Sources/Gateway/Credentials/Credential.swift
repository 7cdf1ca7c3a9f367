public import StrictJSON

/// What a credential is wanted for: one call of a tool.
public struct CredentialUse: Sendable {
  public var settings: CredentialSettings
  /// Its name in `mcp.json`. No credential is lent to two servers.
  public var server: String
  public var tool: ToolName
  /// No credential is lent to two sessions, so that it can be revoked with one.
  public var session: SessionID
  /// Who calls, as kills know it: proven, or else as it states itself.
  public var agent: AgentID?
  /// Absent when nothing proves who calls.
  public var identity: AgentIdentity?
  /// The token that proves it; absent without one. Only a JWT is ever shown to an issuer, a key of the gateway's own
  /// never.
  public var agentToken: LentSecret?
  /// `allowed_scope` of the decision; absent when it says nothing.
  public var allowedScope: [String]?
  /// `credential_ttl` of the decision, in seconds, from 1 to 86,400; absent when it says nothing.
  public var timeToLive: Int?

  public init(
    settings: CredentialSettings, server: String, tool: ToolName, session: SessionID, agent: AgentID? = nil,
    identity: AgentIdentity? = nil, agentToken: LentSecret? = nil, allowedScope: [String]? = nil,
    timeToLive: Int? = nil
  ) {
    self.settings = settings
    self.server = server
    self.tool = tool
    self.session = session
    self.agent = identity?.agent ?? agent
    self.identity = identity
    self.agentToken = agentToken
    self.allowedScope = allowedScope
    self.timeToLive = timeToLive
  }
}

/// A secret, and how the upstream server gets it.
public struct Credential: Sendable {
  public let injection: CredentialInjection
  public let secret: LentSecret
  /// Absent when it isn't known.
  public let scope: CredentialScope?
  /// When it is no longer to be used, microseconds since 1970-01-01T00:00:00Z; absent for what doesn't end. It is good
  /// for long enough to begin a call with.
  public let expires: Int64?

  /// Replaces any other of the name; absent unless it is a header.
  public var header: (name: String, value: String)? {
    guard case .header(let name, let prefix) = injection else { return nil }
    return (name, prefix + secret.reveal())
  }

  /// Absent unless it is a member of `_meta`.
  public var meta: (key: String, value: JSONValue)? {
    guard case .meta(let key) = injection else { return nil }
    return (key, .string(secret.reveal()))
  }

  /// The members of `_meta` with the credential's, which replaces what the agent may have put there.
  public func added(to meta: JSONObject) -> JSONObject {
    guard let own = self.meta else { return meta }
    var meta = meta
    meta[own.key] = own.value
    return meta
  }
}

extension Credential: CustomStringConvertible, CustomReflectable {
  /// Without the secret.
  public var description: String { "credential in \(injection)" + (scope.map { " for \($0.text)" } ?? "") }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// What became of the credentials that a kill took back.
public struct CredentialRevocation: Sendable, Equatable {
  /// The issuer has revoked them.
  public var revoked = 0
  /// The issuer refused or couldn't be asked: they are good until they expire.
  public var failed = 0
  /// Nobody can revoke them: no endpoint is set, or they are JWTs. They are good until they expire.
  public var notPossible = 0
  /// The issuer was still being asked when the time was over. It goes on being asked.
  public var unconfirmed = 0

  public init() {}

  /// All that were taken back; none of them is lent again.
  public var count: Int { revoked + failed + notPossible + unconfirmed }

  /// As receipts have it: `{"revoked", "failed", "not_possible", "unconfirmed"}`.
  public var json: JSONValue {
    [
      "revoked": .init(revoked), "failed": .init(failed), "not_possible": .init(notPossible),
      "unconfirmed": .init(unconfirmed),
    ]
  }
}
