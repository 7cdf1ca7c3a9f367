public import StrictJSON

/// Something that the operator's receiver is told of.
public struct WebhookEvent: Sendable {
  public enum EventType: String, Sendable, CaseIterable {
    /// A session, a tool, an agent or everything was stopped.
    case killSwitchActivated = "kill_switch.activated"
    /// A call was denied, by the policy or by a check before it.
    case policyDenied = "policy.denied"
    case rateLimitExceeded = "rate_limit.exceeded"
    /// Something that the gateway needs has been out of order for a while.
    case healthDegraded = "health.degraded"
    case healthRecovered = "health.recovered"
    /// A call waits for a human.
    case approvalRequested = "approval.requested"
  }

  /// Events share a room of the queue with those that are as urgent: a flood fills its own room alone. In the order in
  /// which they are delivered.
  enum Room: Int, Sendable, CaseIterable {
    case control
    case approval
    case denial
  }

  /// Of each text in a payload, in Unicode scalars. What is longer is cut.
  static let maximumTextLength = 1_024

  /// The same in every attempt, and after a restart: what a receiver tells repetitions by. The event's id in the
  /// traces; an approval's id for one that is asked for; else a UUIDv7 of its own.
  public var id: String
  public var type: EventType
  /// Microseconds since 1970-01-01T00:00:00Z.
  public var time: Int64
  /// Never a call's arguments, and no secrets.
  public var payload: JSONObject

  public init(id: String, type: EventType, time: Int64, payload: JSONObject) {
    self.id = id
    self.type = type
    self.time = time
    self.payload = payload
  }

  /// The bytes that are sent and signed: compact JSON, `{"event_type","timestamp","source","version","id","payload"}`.
  public var body: [UInt8] {
    JSONValue.object([
      "event_type": .string(type.rawValue), "timestamp": .string(ISOTimestamp.text(time)), "source": "agentgate",
      "version": "1.0.0", "id": .string(id), "payload": .object(payload),
    ]).serialized()
  }

  /// Texts of strangers, cut to their limit; null when absent.
  static func text(_ text: String?) -> JSONValue {
    guard let text else { return .null }
    // Every scalar has at least one byte.
    guard text.utf8.count > maximumTextLength else { return .string(text) }
    return .string(String(String.UnicodeScalarView(text.unicodeScalars.prefix(maximumTextLength))))
  }
}

extension WebhookEvent.EventType {
  var room: WebhookEvent.Room {
    switch self {
    case .killSwitchActivated, .healthDegraded, .healthRecovered: .control
    case .approvalRequested: .approval
    case .policyDenied, .rateLimitExceeded: .denial
    }
  }
}

extension WebhookEvent {
  /// What the receiver's checks are tried with: as a real one, about nothing that exists.
  public static func sample(_ type: EventType, id: String, time: Int64) -> WebhookEvent {
    var payload: JSONObject =
      switch type {
      case .killSwitchActivated:
        ["level": "session", "target": "webhook-test", "reason": "A test of the webhook", "event_id": .string(id)]
      case .policyDenied, .rateLimitExceeded, .approvalRequested:
        [
          "event_id": .string(id), "session_id": "webhook-test", "agent_id": .null, "tool_name": "webhook_test",
          "reason": "A test of the webhook", "matched_rule": .null, "policy_revision": "",
        ]
      case .healthDegraded, .healthRecovered:
        ["dependency": "webhook_test", "problem": "A test of the webhook", "since": .string(ISOTimestamp.text(time))]
      }
    switch type {
    case .rateLimitExceeded:
      payload["limit"] = 10
      payload["window"] = 60
      payload["count"] = 1
    case .policyDenied: payload["count"] = 1
    case .approvalRequested:
      payload["approval_id"] = .string(id)
      payload["expires_at"] = .string(ISOTimestamp.text(time))
    case .killSwitchActivated, .healthDegraded, .healthRecovered: break
    }
    payload["test"] = true
    return WebhookEvent(id: id, type: type, time: time, payload: payload)
  }
}
