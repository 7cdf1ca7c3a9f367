import StrictJSON
import Testing

@testable import Gateway

@Suite struct WebhookEventTests {
  private static let time = ManualClock.start + 123_456

  private func call(
    _ decision: Decision.Action, rule: String? = "deny_all", kind: TraceEvent.Kind = .toolCall
  ) -> TraceEvent {
    TraceEvent(
      eventID: "e1", timestamp: Self.time, kind: kind, sessionID: "s\"1", userID: "u", agentID: nil, toolName: "t",
      argumentsHash: "h", policyVersion: "v0", policyRevision: "r1", decision: decision, reason: "because",
      matchedRule: rule)
  }

  private func text(_ event: WebhookEvent) -> String { String(decoding: event.body, as: UTF8.self) }

  @Test func aDenial() {
    #expect(
      text(WebhookEvent(denial: call(.deny)))
        == #"{"event_type":"policy.denied","timestamp":"2026-01-01T00:00:00.123456+00:00","source":"agentgate","#
        + #""version":"1.0.0","id":"e1","payload":{"event_id":"e1","session_id":"s\"1","agent_id":null,"#
        + #""tool_name":"t","reason":"because","matched_rule":"deny_all","policy_revision":"r1","count":1}}"#)
  }

  @Test func aRateLimit() {
    let event = WebhookEvent(
      rateLimit: .init(limit: 10, remaining: 0, resetAt: 1), window: 60, of: call(.deny, rule: "rate_limit"))
    #expect(event.type == .rateLimitExceeded)
    #expect(event.payload["limit"] == 10 && event.payload["window"] == 60 && event.payload["count"] == 1)
  }

  @Test func anApproval() {
    let approval = PendingApproval(id: "a1", requestState: "sealed", expires: Self.time)
    let event = WebhookEvent(approval: approval, of: call(.requireApproval))
    #expect(event.id == "a1" && event.payload["approval_id"] == "a1" && event.payload["event_id"] == "e1")
    #expect(event.payload["expires_at"] == "2026-01-01T00:00:00.123456+00:00")
    #expect(!text(event).contains("sealed"))
  }

  @Test func aKill() throws {
    var kill = TraceEvent(
      eventID: "k1", timestamp: ManualClock.start, kind: .kill, sessionID: "s", policyVersion: "v0",
      policyRevision: "r1", reason: "rogue")
    #expect(
      text(WebhookEvent(kill: kill))
        == #"{"event_type":"kill_switch.activated","timestamp":"2026-01-01T00:00:00+00:00","source":"agentgate","#
        + #""version":"1.0.0","id":"k1","payload":{"level":"session","target":"s","reason":"rogue","event_id":"k1"}}"#)
    kill.details = try CanonicalJSON(["containment": ["id": "k1", "calls": []]])
    kill.error = "in force, but not saved"
    #expect(WebhookEvent(kill: kill).payload["containment_id"] == "k1")
    #expect(WebhookEvent(kill: kill).payload["error"] == "in force, but not saved")
    (kill.sessionID, kill.toolName) = (nil, "t")
    #expect(WebhookEvent(kill: kill).payload["level"] == "tool")
    (kill.toolName, kill.agentID) = (nil, "a")
    #expect(WebhookEvent(kill: kill).payload["level"] == "agent" && WebhookEvent(kill: kill).payload["target"] == "a")
    (kill.agentID, kill.kind) = (nil, .pause)
    #expect(
      WebhookEvent(kill: kill).payload["level"] == "global" && WebhookEvent(kill: kill).payload["target"] == "system")
  }

  @Test func health() {
    let change = HealthWatch.Change(
      dependency: "upstream:x", isDegraded: true, problem: "down", since: ManualClock.start)
    #expect(
      text(WebhookEvent(health: change, id: "h1", time: ManualClock.start))
        == #"{"event_type":"health.degraded","timestamp":"2026-01-01T00:00:00+00:00","source":"agentgate","#
        + #""version":"1.0.0","id":"h1","payload":{"dependency":"upstream:x","problem":"down","#
        + #""since":"2026-01-01T00:00:00+00:00"}}"#)
  }

  @Test func whatIsNewsToAReceiver() {
    let limit = RateLimiter.Status(limit: 1, remaining: 0, resetAt: 0)
    let approval = PendingApproval(id: "a", requestState: "", expires: 0)
    func type(
      _ event: TraceEvent, _ approval: PendingApproval? = nil, _ limit: RateLimiter.Status? = nil
    ) -> WebhookEvent.EventType? { WebhookEvent.type(of: event, approval: approval, rateLimit: limit) }
    #expect(type(call(.allow)) == nil)
    #expect(type(call(.deny)) == .policyDenied)
    #expect(type(call(.deny, kind: .request)) == .policyDenied)
    #expect(type(call(.deny, rule: nil), nil, limit) == .policyDenied)
    #expect(type(call(.deny, rule: "rate_limit"), nil, limit) == .rateLimitExceeded)
    #expect(type(call(.deny, rule: "rate_limit")) == .policyDenied, "a policy's own rule of that name")
    #expect(type(call(.requireApproval), approval) == .approvalRequested)
    #expect(type(call(.requireApproval)) == nil)
    for kind in TraceEvent.Kind.allCases where kind != .toolCall && kind != .request {
      var act = call(.deny, kind: kind)
      act.decision = nil
      #expect(type(act) == (kind == .kill || kind == .pause ? .killSwitchActivated : nil))
    }
  }

  @Test func strangersTextsAreCut() {
    var event = call(.deny)
    event.agentID = String(repeating: "é", count: 5_000)
    #expect(WebhookEvent(denial: event).payload["agent_id"]?.stringValue?.unicodeScalars.count == 1_024)
  }

  @Test(arguments: WebhookEvent.EventType.allCases) func samplesAreMarked(_ type: WebhookEvent.EventType) {
    let sample = WebhookEvent.sample(type, id: "x", time: ManualClock.start)
    #expect(sample.payload["test"] == true && sample.type == type)
  }
}
