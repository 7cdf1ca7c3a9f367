public import StrictJSON

/// One row of the evidence: a call and what became of it, or an act of an operator.
public struct TraceEvent: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    case toolCall = "tool_call"
    /// A resource, a prompt or a completion was asked for: `toolName` is MCP's method.
    case request = "mcp_request"
    case kill
    case unkill
    case pause
    case resume
    case reload
    /// What became of the calls that a kill or a pause met under way: its receipt is in `details`.
    case containment
    /// A tool's definition was approved.
    case toolApproval = "tool_approval"
    /// A human decided about a call.
    case approval
    /// A session's evidence was handed out: whose and as what is in `details`.
    case export = "evidence_export"
  }

  /// A UUIDv7 (RFC 9562), so that ids ascend with time. The caller knows it as `trace_id`.
  public var eventID: String
  /// Microseconds since 1970-01-01T00:00:00Z.
  public var timestamp: Int64
  public var kind: Kind
  /// Absent for what concerns no session: tool kills, pauses, reloads.
  public var sessionID: String?
  public var userID: String?
  public var agentID: String?
  /// Absent for what concerns no tool.
  public var toolName: String?
  /// SHA-256 in lower-case hex over the arguments' RFC 8785 canonical form; absent for an operator's acts.
  public var argumentsHash: String?
  /// The operator's label for the policy (`AGENTGATE_POLICY_VERSION`).
  public var policyVersion: String
  /// SHA-256 in lower-case hex over the policy's files and data: exactly one revision judged the call.
  public var policyRevision: String
  /// Absent for an operator's acts.
  public var decision: Decision.Action?
  public var reason: String
  public var matchedRule: String?
  /// The tool ran, or was asked to: also true when it failed.
  public var executed: Bool
  /// Milliseconds that the tool took; absent when it didn't run.
  public var durationMilliseconds: Int?
  /// The tool's or the gateway's error; absent when all went well.
  public var error: String?
  public var isWriteAction: Bool
  public var approvalTokenPresent: Bool
  /// What the kind of event has beside all that: an object; absent when it has nothing.
  public var details: CanonicalJSON?

  public init(
    eventID: String, timestamp: Int64, kind: Kind, sessionID: String? = nil, userID: String? = nil,
    agentID: String? = nil, toolName: String? = nil, argumentsHash: String? = nil, policyVersion: String,
    policyRevision: String, decision: Decision.Action? = nil, reason: String, matchedRule: String? = nil,
    executed: Bool = false, durationMilliseconds: Int? = nil, error: String? = nil, isWriteAction: Bool = false,
    approvalTokenPresent: Bool = false, details: CanonicalJSON? = nil
  ) {
    self.eventID = eventID
    self.timestamp = timestamp
    self.kind = kind
    self.sessionID = sessionID
    self.userID = userID
    self.agentID = agentID
    self.toolName = toolName
    self.argumentsHash = argumentsHash
    self.policyVersion = policyVersion
    self.policyRevision = policyRevision
    self.decision = decision
    self.reason = reason
    self.matchedRule = matchedRule
    self.executed = executed
    self.durationMilliseconds = durationMilliseconds
    self.error = error
    self.isWriteAction = isWriteAction
    self.approvalTokenPresent = approvalTokenPresent
    self.details = details
  }
}
