import StrictJSON

/// An event as the timeline shows it: AgentGate 0.2's eight fields first, then what it left out.
enum EvidenceEntry {
  /// Compact JSON.
  static func text(_ event: TraceEvent) -> [UInt8] {
    JSONValue.object(JSONObject(distinct: members(event))).serialized()
  }

  /// RFC 8785. Strings, integers, booleans and null are canonical as they are, and so are details: the order of the keys is
  /// all there is to do.
  static func canonical(_ event: TraceEvent) -> [UInt8] {
    let members = members(event)
    return JSONValue.object(JSONObject(distinct: canonicalOrder.map { members[$0] })).serialized()
  }

  private static func members(_ event: TraceEvent) -> [JSONObject.Member] {
    func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
    return [
      ("event_id", .string(event.eventID)),
      ("timestamp", .string(ISOTimestamp.text(event.timestamp))),
      ("tool_name", optional(event.toolName)),
      ("decision", optional(event.decision?.rawValue)),
      ("reason", .string(event.reason)),
      ("matched_rule", optional(event.matchedRule)),
      ("duration_ms", event.durationMilliseconds.map { JSONValue($0) } ?? .null),
      ("error", optional(event.error)),
      ("kind", .string(event.kind.rawValue)),
      ("user_id", optional(event.userID)),
      ("agent_id", optional(event.agentID)),
      ("arguments_hash", optional(event.argumentsHash)),
      ("policy_version", .string(event.policyVersion)),
      ("policy_revision", .string(event.policyRevision)),
      ("executed", .boolean(event.executed)),
      ("is_write_action", .boolean(event.isWriteAction)),
      ("approval_token_present", .boolean(event.approvalTokenPresent)),
      ("details", event.details?.value ?? .null),
    ]
  }

  /// The members' places, ascending by key; all keys are ASCII.
  private static let canonicalOrder: [Int] = {
    let keys = members(
      TraceEvent(eventID: "", timestamp: 0, kind: .toolCall, policyVersion: "", policyRevision: "", reason: "")
    ).map(\.key)
    return keys.indices.sorted { keys[$0] < keys[$1] }
  }()
}
