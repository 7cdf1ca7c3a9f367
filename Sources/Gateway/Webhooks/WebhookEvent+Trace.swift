import StrictJSON

extension WebhookEvent {
  /// What an event of the traces is to a receiver; absent when it is nothing.
  ///
  /// - Parameters:
  ///   - approval: what the call waits for
  ///   - rateLimit: of the call's tool; a tool without one exceeds none
  static func type(
    of event: TraceEvent, approval: PendingApproval?, rateLimit: RateLimiter.Status?
  ) -> EventType? {
    switch event.kind {
    case .toolCall, .request:
      switch event.decision {
      case .deny: event.matchedRule == "rate_limit" && rateLimit != nil ? .rateLimitExceeded : .policyDenied
      case .requireApproval: approval == nil ? nil : .approvalRequested
      case .allow, nil: nil
      }
    case .kill, .pause: .killSwitchActivated
    case .unkill, .resume, .reload, .containment, .toolApproval, .approval, .export: nil
    }
  }

  /// A kill: `level`, `target`, `reason` as the original has them, then `event_id` and, where calls were met under way,
  /// `containment_id`.
  init(kill event: TraceEvent) {
    let (level, target) =
      if event.kind == .pause {
        ("global", "system")
      } else if let session = event.sessionID {
        ("session", session)
      } else if let tool = event.toolName {
        ("tool", tool)
      } else {
        ("agent", event.agentID ?? "")
      }
    var payload: JSONObject = [
      "level": .string(level), "target": Self.text(target), "reason": Self.text(event.reason),
      "event_id": .string(event.eventID),
    ]
    payload["containment_id"] = event.details?.value["containment"]?["id"]
    if let error = event.error { payload["error"] = Self.text(error) }
    self.init(id: event.eventID, type: .killSwitchActivated, time: event.timestamp, payload: payload)
  }

  /// A call that was denied; `count` says how many.
  init(denial event: TraceEvent) {
    self.init(id: event.eventID, type: .policyDenied, time: event.timestamp, payload: Self.call(event))
    payload["count"] = 1
  }

  /// - Parameter window: in seconds
  init(rateLimit: RateLimiter.Status, window: Int, of event: TraceEvent) {
    self.init(id: event.eventID, type: .rateLimitExceeded, time: event.timestamp, payload: Self.call(event))
    payload["limit"] = JSONValue(rateLimit.limit)
    payload["window"] = JSONValue(window)
    payload["count"] = 1
  }

  init(approval: PendingApproval, of event: TraceEvent) {
    // The approval's own id: a call that is repeated while it waits is no news.
    self.init(id: approval.id, type: .approvalRequested, time: event.timestamp, payload: Self.call(event))
    payload["approval_id"] = .string(approval.id)
    payload["expires_at"] = .string(ISOTimestamp.text(approval.expires))
  }

  init(health change: HealthWatch.Change, id: String, time: Int64) {
    self.init(
      id: id, type: change.isDegraded ? .healthDegraded : .healthRecovered, time: time,
      payload: [
        "dependency": Self.text(change.dependency), "problem": Self.text(change.problem),
        "since": .string(ISOTimestamp.text(change.since)),
      ])
  }

  private static func call(_ event: TraceEvent) -> JSONObject {
    [
      "event_id": .string(event.eventID), "session_id": text(event.sessionID), "agent_id": text(event.agentID),
      "tool_name": text(event.toolName), "reason": text(event.reason), "matched_rule": text(event.matchedRule),
      "policy_revision": .string(event.policyRevision),
    ]
  }
}
