import StrictJSON

/// Tells those who watch what was recorded: the metrics, the webhooks, the live stream, the sessions' activity. None of
/// them holds a call up.
struct EventObservers: Sendable {
  let metrics: Metrics
  /// Absent when none are sent.
  let webhooks: Webhooks?
  let feed: EventFeed
  let activity: SessionActivity

  /// The policy has decided.
  func decided(_ decision: Decision, nanoseconds: Int64) {
    metrics.policyDecided(decision.action, rule: decision.matchedRule, nanoseconds: nanoseconds)
  }

  /// A call, or what else was asked of an upstream, has come to its end.
  ///
  /// - Parameters:
  ///   - isKnownTool: an upstream has the tool, or the policy's data names it
  ///   - isRecorded: its event is in the trace store
  func called(_ event: TraceEvent, _ answer: CallAnswer, isKnownTool: Bool, isRecorded: Bool) {
    if isRecorded { metrics.eventRecorded() }
    if event.kind == .toolCall, let tool = event.toolName {
      metrics.callAnswered(
        tool: tool, isKnown: isKnownTool, action: answer.decision.action, rule: answer.decision.matchedRule)
      // The policy may have a rule of this name too; only a tool with a limit can be over it.
      if answer.decision.matchedRule == RateCheck.rule, answer.rateLimit != nil {
        metrics.rateLimitHit(tool: tool, isKnown: isKnownTool)
      }
    }
    if let session = event.sessionID { activity.note(event, of: SessionID(checked: session)) }
    webhooks?.note(event, approval: answer.approval, rateLimit: answer.rateLimit)
    feed.publish(event)
  }

  /// An operator, or the deadman, has done something.
  ///
  /// - Parameter isRecorded: its event is in the trace store
  func acted(_ event: TraceEvent, isRecorded: Bool) {
    if isRecorded { metrics.eventRecorded() }
    switch event.kind {
    case .kill, .pause: metrics.killed(event.killTarget)
    case .reload: metrics.policyReloaded(event.error != nil ? .refused : isRecorded ? .activated : .failed)
    case .export:
      let format = event.details?.value["format"]?.stringValue.flatMap(EvidenceFormat.init)
      if isRecorded, let format { metrics.evidenceExported(format) }
    case .toolCall, .request, .unkill, .resume, .containment, .toolApproval, .approval: break
    }
    webhooks?.note(event)
    feed.publish(event)
  }
}

extension TraceEvent {
  /// What a kill or a pause stops.
  fileprivate var killTarget: KillTarget {
    if let sessionID { return .session(SessionID(checked: sessionID)) }
    if let toolName { return .tool(ToolName(checked: toolName)) }
    if let agentID { return .agent(AgentID(checked: agentID)) }
    return .global
  }
}
