public import StrictJSON

/// A call that the policy wants a human to approve. Approved, the very same call passes once.
public struct ApprovalRequest: Sendable, Equatable {
  public enum Status: String, Sendable, CaseIterable {
    /// Nobody has decided.
    case pending
    /// The call may pass.
    case approved
    case denied
    /// The call has passed.
    case used
    /// Nobody decided in time, or the approved call didn't come in time.
    case expired
  }

  /// Of `note`, in Unicode scalars.
  public static let maximumNoteLength = 1_024
  /// Of `decidedBy`, in Unicode scalars.
  public static let maximumNameLength = 256

  /// A UUIDv7, as `EventIDGenerator` makes it.
  public var id: String
  public var sessionID: String
  public var toolName: String
  /// SHA-256 of the canonical arguments, as in the traces.
  public var argumentsHash: String
  /// Absent when the agent doesn't say who it is. What is approved for one agent isn't for another, nor for none.
  public var agentID: String?
  public var userID: String?
  /// Why the policy wants an approval.
  public var reason: String
  /// Of the policy that wants it.
  public var policyRevision: String
  /// What the human is shown of the arguments; absent unless the gateway is set up to keep it.
  public var argumentsPreview: String?
  /// Microseconds since 1970-01-01T00:00:00Z.
  public var created: Int64
  /// From this moment on it is worth nothing, approved or not. Microseconds since 1970-01-01T00:00:00Z.
  public var expires: Int64
  public var status: Status
  /// Microseconds since 1970-01-01T00:00:00Z; absent while nobody has decided, as is `decidedBy`.
  public var decidedAt: Int64?
  /// As the decider states it: whoever has the admin key may decide.
  public var decidedBy: String?
  /// What the decider wrote; absent when it is nothing.
  public var note: String?

  /// An undecided one.
  public init(
    id: String, sessionID: String, toolName: String, argumentsHash: String, agentID: String? = nil,
    userID: String? = nil, reason: String, policyRevision: String, argumentsPreview: String? = nil, created: Int64,
    expires: Int64
  ) {
    self.id = id
    self.sessionID = sessionID
    self.toolName = toolName
    self.argumentsHash = argumentsHash
    self.agentID = agentID
    self.userID = userID
    self.reason = reason
    self.policyRevision = policyRevision
    self.argumentsPreview = argumentsPreview
    self.created = created
    self.expires = expires
    status = .pending
  }

  public static func == (a: ApprovalRequest, b: ApprovalRequest) -> Bool {
    a.texts == b.texts && a.created == b.created && a.expires == b.expires && a.status == b.status
      && a.decidedAt == b.decidedAt
  }

  /// Compared by their bytes.
  private var texts: [ExactText?] {
    [
      id, sessionID, toolName, argumentsHash, agentID, userID, reason, policyRevision, argumentsPreview, decidedBy,
      note,
    ].map { $0.map(ExactText.init) }
  }
}

extension ApprovalRequest {
  /// `{"id","status","session_id","tool_name","arguments_hash","agent_id","user_id","reason","policy_revision",
  /// "created","expires","decided_at","decided_by","note"}`, null where absent, times as `ISOTimestamp` writes them;
  /// and `arguments_preview` when there is one.
  public var json: JSONValue {
    func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
    func time(_ time: Int64?) -> JSONValue { text(time.map(ISOTimestamp.text)) }
    var members: JSONObject = [
      "id": .string(id), "status": .string(status.rawValue), "session_id": .string(sessionID),
      "tool_name": .string(toolName), "arguments_hash": .string(argumentsHash),
    ]
    members["arguments_preview"] = argumentsPreview.map { .string($0) }
    members["agent_id"] = text(agentID)
    members["user_id"] = text(userID)
    members["reason"] = .string(reason)
    members["policy_revision"] = .string(policyRevision)
    members["created"] = time(created)
    members["expires"] = time(expires)
    members["decided_at"] = time(decidedAt)
    members["decided_by"] = text(decidedBy)
    members["note"] = text(note)
    return .object(members)
  }
}
