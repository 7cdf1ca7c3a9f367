import Testing

@testable import Gateway

struct SessionActivityTests {
  private func note(_ activity: SessionActivity, _ session: String, at time: Int64, tool: String = "t") {
    activity.note(.call("e", at: time, session: session, tool: tool), of: SessionID(checked: session))
  }

  @Test func countsByDecisionAndTool() throws {
    let activity = SessionActivity()
    note(activity, "s", at: 1, tool: "a")
    note(activity, "s", at: 3, tool: "a")
    var denied = TraceEvent.call("e", at: 2, session: "s", tool: "b")
    denied.decision = .deny
    denied.agentID = "robot"
    activity.note(denied, of: SessionID(checked: "s"))
    let session = try #require(activity.latest(1).first)
    #expect(session.allowed == 2 && session.denied == 1 && session.approvalsRequired == 0)
    #expect(session.firstCall == 1 && session.lastCall == 3 && session.agentID == "robot")
    #expect(session.tools == [ExactText("a"): 2, ExactText("b"): 1])
  }

  @Test func theLatestComeFirstAndTheSilentAreForgotten() {
    let activity = SessionActivity()
    for number in 0...SessionActivity.capacity { note(activity, "s\(number)", at: Int64(number)) }
    let latest = activity.latest(SessionActivity.capacity * 2)
    #expect(latest.first?.id.rawValue == "s\(SessionActivity.capacity)")
    #expect(latest.count <= SessionActivity.capacity && !latest.contains { $0.id.rawValue == "s0" })
  }

  @Test func namesOfToolsAreBounded() {
    let activity = SessionActivity()
    for number in 0..<1_000 { note(activity, "s", at: 1, tool: "t\(number)") }
    #expect(activity.latest(1).first?.tools.count == SessionActivity.toolLimit)
    #expect(activity.latest(1).first?.allowed == 1_000)
  }

  @Test func isActiveForAWhile() {
    let activity = SessionActivity()
    note(activity, "a", at: 0)
    note(activity, "b", at: SessionActivity.activeTime)
    #expect(activity.activeCount(now: SessionActivity.activeTime - 1) == 2)
    #expect(activity.activeCount(now: SessionActivity.activeTime) == 1)
  }
}
