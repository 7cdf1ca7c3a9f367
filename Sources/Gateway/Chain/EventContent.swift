import StrictJSON

/// What is hashed of an event, and how packs show it: AgentGate 0.2's eight fields first, then what it left out.
///
/// The bytes are written as they are: an event is hashed with each call, and a pack has a hundred thousand of them.
enum EventContent {
  /// SHA-256 over the canonical form.
  static func hash(_ event: ChainedEvent) -> EventHash { EventHash(of: canonical(event)) }

  /// Compact JSON, and `hash` at its end; an object whose last brace is left out, so that more can follow.
  static func appendOpen(_ event: ChainedEvent, to bytes: inout [UInt8]) {
    append(Field.allCases, of: event, to: &bytes)
    bytes += #","hash":"#.utf8
    event.link.hash.appendQuoted(to: &bytes)
  }

  /// RFC 8785. Strings, integers, booleans and null are canonical as they are, and so are details: the order of the keys is
  /// all there is to do.
  static func canonical(_ event: ChainedEvent) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(1_024)
    append(canonicalOrder, of: event, to: &bytes)
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  /// The keys, in the order of packs.
  static let keys = Field.allCases.map(\.rawValue)

  /// Ascending by key; all keys are ASCII.
  private static let canonicalOrder = Field.allCases.sorted { $0.rawValue < $1.rawValue }

  private enum Field: String, CaseIterable {
    case eventID = "event_id"
    case timestamp
    case toolName = "tool_name"
    case decision
    case reason
    case matchedRule = "matched_rule"
    case duration = "duration_ms"
    case error
    case kind
    case sessionID = "session_id"
    case userID = "user_id"
    case agentID = "agent_id"
    case argumentsHash = "arguments_hash"
    case policyVersion = "policy_version"
    case policyRevision = "policy_revision"
    case executed
    case isWriteAction = "is_write_action"
    case approvalTokenPresent = "approval_token_present"
    case details
    case recordedAt = "recorded_at"
    case sequence
    case sessionSequence = "session_sequence"
    case previousHash = "previous_hash"
  }

  private static func append(_ fields: [Field], of event: ChainedEvent, to bytes: inout [UInt8]) {
    var separator = UInt8(ascii: "{")
    for field in fields {
      bytes.append(separator)
      separator = UInt8(ascii: ",")
      bytes.append(UInt8(ascii: "\""))
      bytes += field.rawValue.utf8
      bytes.append(UInt8(ascii: "\""))
      bytes.append(UInt8(ascii: ":"))
      append(field, of: event.event, event.link, to: &bytes)
    }
  }

  private static func append(_ field: Field, of event: TraceEvent, _ link: ChainLink, to bytes: inout [UInt8]) {
    func append(_ text: String?) {
      if let text { JSONValue.appendQuoted(text, to: &bytes) } else { bytes += "null".utf8 }
    }
    func append(_ number: Int64?) { bytes += (number.map { String($0) } ?? "null").utf8 }
    func append(_ flag: Bool) { bytes += (flag ? "true" : "false").utf8 }
    switch field {
    case .eventID: append(event.eventID)
    case .timestamp: append(ISOTimestamp.text(event.timestamp))
    case .toolName: append(event.toolName)
    case .decision: append(event.decision?.rawValue)
    case .reason: append(event.reason)
    case .matchedRule: append(event.matchedRule)
    case .duration: append(event.durationMilliseconds.map(Int64.init))
    case .error: append(event.error)
    case .kind: append(event.kind.rawValue)
    case .sessionID: append(event.sessionID)
    case .userID: append(event.userID)
    case .agentID: append(event.agentID)
    case .argumentsHash: append(event.argumentsHash)
    case .policyVersion: append(event.policyVersion)
    case .policyRevision: append(event.policyRevision)
    case .executed: append(event.executed)
    case .isWriteAction: append(event.isWriteAction)
    case .approvalTokenPresent: append(event.approvalTokenPresent)
    case .details: if let details = event.details { bytes += details.bytes } else { bytes += "null".utf8 }
    case .recordedAt: append(ISOTimestamp.text(link.recordedAt))
    case .sequence: append(link.sequence)
    case .sessionSequence: append(link.sessionSequence)
    case .previousHash: link.previousHash.appendQuoted(to: &bytes)
    }
  }
}
