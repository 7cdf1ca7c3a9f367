/// What an auditor gets about a session: its events, what follows from them, and what it takes to check them without
/// asking the gateway.
public struct EvidencePack: Sendable {
  public var metadata: Metadata
  public var summary: Summary
  /// The session's events: its calls, its kills and un-kills. Ascending by time and event id.
  public var timeline: [ChainedEvent]
  public var policyAnalysis: PolicyAnalysis
  /// Writes that ran, or were asked to, in the timeline's order.
  public var writeActions: [WriteAction]
  public var anomalies: [Anomaly]
  public var integrity: Integrity

  public struct Metadata: Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public var generatedAt: Int64
    public var generator: String
    public var sessionID: String
    /// The one that the calls named, `multiple`, or absent.
    public var userID: String?
    public var agentID: String?
    /// From the first event to the last; absent when there is none.
    public var timeRange: ClosedRange<Int64>?
  }

  public struct Summary: Sendable {
    public var calls = 0
    public var byDecision: [Decision.Action: Int] = [:]
    /// Ascending by the name's bytes.
    public var byTool: [(tool: String, use: ToolUse)] = []
    /// Calls that the policy says change something, whatever became of them.
    public var writesRequested = 0
    /// Those of them that ran, by whether their effect can be undone.
    public var reversibleWrites = 0
    public var irreversibleWrites = 0
    /// In the order of first use.
    public var policyVersions: [String] = []
    public var policyRevisions: [String] = []
    /// Calls that a kill or a pause stopped.
    public var callsKilled = 0
  }

  public struct ToolUse: Sendable, Equatable {
    public var allowed = 0
    public var denied = 0
    public var requireApproval = 0
  }

  public struct PolicyAnalysis: Sendable {
    /// Ascending by the rule's bytes; `unknown` stands for no rule.
    public var triggered: [(rule: String, use: RuleUse)] = []
    public var untriggered: [String] = []
    /// Calls that were denied because no rule spoke for them.
    public var defaultDenials = 0
    /// What operators did between the session's first event and its last that concerns no session: pauses, resumes, tool
    /// kills and un-kills, reloads.
    public var controlEvents: [ChainedEvent] = []
  }

  public struct RuleUse: Sendable, Equatable {
    public var count = 0
    public var decisions: Set<Decision.Action> = []
  }

  public struct WriteAction: Sendable {
    public var eventID: String
    public var timestamp: Int64
    public var toolName: String
    public var isReversible: Bool
    public var hasToken: Bool
    public var error: String?
  }

  public struct Anomaly: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
      case rapidFire = "rapid_fire"
      case deniedAfterApproval = "denied_after_approval"
      case denialSpike = "denial_spike"
      case unusualTool = "unusual_tool"
      case killEvasion = "kill_evasion"
    }
    public var kind: Kind
    /// Events of the timeline.
    public var eventIDs: [String]
    public var description: String

    /// What agents and callers chose in `description` has to be `quoted`.
    init(kind: Kind, eventIDs: [String], description: String) {
      self.kind = kind
      self.eventIDs = eventIDs
      self.description = description
    }

    /// A name that anybody may have chosen: what can't be seen in it written out, and `…` after the quotes when it has
    /// more than 256 Unicode scalars.
    static func quoted(_ name: String) -> String {
      let start = name.unicodeScalars.prefix(256)
      let text = VisibleText.quoted(String(String.UnicodeScalarView(start)))
      return start.endIndex < name.unicodeScalars.endIndex ? text + "…" : text
    }
  }

  /// What makes the pack checkable: see `EvidenceSeal`.
  public struct Integrity: Sendable {
    /// Of the timeline.
    public var eventCount: Int
    /// Of the store when the pack was made, over all its events.
    public var treeHead: TreeHead
    /// Where the pack's events are in that tree.
    public var proofs: InclusionProofs
    /// SHA-256 of the sealed text.
    public var hash: EventHash
    public var signature: EvidenceSignature
    /// Microseconds since 1970-01-01T00:00:00Z.
    public var signedAt: Int64
  }
}
