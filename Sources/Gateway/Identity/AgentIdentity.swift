public import StrictJSON

/// Who an agent is, as its key or its token proves it. It counts instead of whatever the call's `context` claims.
public struct AgentIdentity: Sendable {
  public enum Method: String, Sendable {
    /// A token from the file of keys.
    case key
    case jwt
  }

  public let agent: AgentID
  /// For whom the agent works; absent when the proof doesn't say.
  public let user: String?
  public let method: Method
  /// `iss` of a JWT.
  public let issuer: String?
  /// The key's id in the file, or the `kid` of the key that signed.
  public let keyID: String?
  /// Those of a JWT, all of them.
  public let claims: JSONObject?
  /// From this moment on the proof is void; microseconds since 1970-01-01T00:00:00Z. Absent when it has no end.
  public let expires: Int64?
  /// The text of `json`, made once: the policy reads it at each call.
  public let policyBytes: [UInt8]

  init(
    agent: AgentID, user: String?, method: Method, issuer: String? = nil, keyID: String?, claims: JSONObject? = nil,
    expires: Int64?
  ) {
    self.agent = agent
    self.user = user
    self.method = method
    self.issuer = issuer
    self.keyID = keyID
    self.claims = claims
    self.expires = expires
    var members: JSONObject = ["agent_id": .string(agent.rawValue)]
    members["user_id"] = user.map { .string($0) }
    members["method"] = .string(method.rawValue)
    members["issuer"] = issuer.map { .string($0) }
    members["key_id"] = keyID.map { .string($0) }
    members["claims"] = claims.map { .object($0) }
    policyBytes = JSONValue.object(members).serialized()
  }

  /// What a call says of itself, with what is proven in the place of what it claims: `user_id` and `agent_id` are the
  /// identity's, and absent where it has none.
  func overriding(_ context: JSONValue) -> JSONValue {
    var members = context.objectValue ?? JSONObject()
    members["agent_id"] = .string(agent.rawValue)
    members["user_id"] = user.map { .string($0) }
    return .object(members)
  }

  /// `input.identity`: `agent_id` and `method`, and `user_id`, `issuer`, `key_id` and `claims` as far as there are
  /// some.
  public var json: JSONValue { (try? JSONValue(parsing: policyBytes, options: .lenient)) ?? .null }
}

extension AgentIdentity: Equatable {
  /// By what the policy sees, and the expiry.
  public static func == (a: AgentIdentity, b: AgentIdentity) -> Bool {
    a.expires == b.expires && a.policyBytes == b.policyBytes
  }
}

extension AgentIdentity: CustomStringConvertible {
  /// For logs: without the claims, which are the agent's own affair.
  public var description: String {
    VisibleText.quoted(agent.rawValue) + " by \(method.rawValue)" + (keyID.map { " " + VisibleText.quoted($0) } ?? "")
  }
}
