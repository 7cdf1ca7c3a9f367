import StrictJSON

extension TraceEvent {
  /// Whether somebody asked for something, and it was decided.
  var isCall: Bool { kind == .toolCall || kind == .request }

  /// As the live stream shows it: what is null there is absent here.
  var feedJSON: JSONValue {
    func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
    var object: JSONObject = [
      "event_id": .string(eventID), "timestamp": .string(ISOTimestamp.text(timestamp)), "kind": .string(kind.rawValue),
      "session_id": text(sessionID), "agent_id": text(agentID),
    ]
    if isCall { object["user_id"] = text(userID) }
    object["tool_name"] = text(toolName)
    if isCall { object["decision"] = text(decision?.rawValue) }
    object["reason"] = .string(reason)
    if isCall {
      object["matched_rule"] = text(matchedRule)
      object["executed"] = .boolean(executed)
      object["duration_ms"] = durationMilliseconds.map { JSONValue($0) } ?? .null
    }
    object["error"] = text(error)
    if isCall {
      object["is_write_action"] = .boolean(isWriteAction)
      object["approval_id"] = details?.value["approval_id"] ?? .null
      object["policy_revision"] = .string(policyRevision)
    }
    return .object(object)
  }
}
