import StrictJSON
import Testing

@testable import Gateway

@Suite struct WebhookIntakeTests {
  private static let second: Int64 = 1_000_000_000

  private func denial(_ id: String, session: String = "s", rule: String? = "r") -> TraceEvent {
    TraceEvent(
      eventID: id, timestamp: ManualClock.start, kind: .toolCall, sessionID: session, toolName: "t",
      policyVersion: "v0", policyRevision: "r1", decision: .deny, reason: "no", matchedRule: rule)
  }

  private func add(_ event: TraceEvent, at seconds: Int64, to intake: inout WebhookIntake) {
    intake.add(
      .init(.policyDenied, event), now: seconds * Self.second, time: ManualClock.start + seconds * 1_000_000
    ) { WebhookEvent(denial: event) }
  }

  private func take(_ intake: inout WebhookIntake, at seconds: Int64, last: Bool = false) -> [String] {
    intake.take(now: seconds * Self.second, endsFolds: last).map { "\($0.id) \($0.payload["count"]?.intValue ?? 0)" }
  }

  @Test func aFloodIsFolded() {
    var intake = WebhookIntake()
    add(denial("1"), at: 0, to: &intake)
    #expect(take(&intake, at: 0) == ["1 1"], "the first at once")
    for number in 2...1_000 { add(denial("\(number)"), at: 5, to: &intake) }
    #expect(take(&intake, at: 9).isEmpty)
    #expect(intake.nextEnd == 10 * Self.second)
    let folded = intake.take(now: 10 * Self.second)
    #expect(folded.map(\.id) == ["2"])
    #expect(folded.first?.payload["count"] == 999)
    #expect(folded.first?.payload["until"] == "2026-01-01T00:00:05+00:00")
    // The flood goes on: one event for each ten seconds.
    for number in 2_000...2_009 { add(denial("\(number)"), at: 12, to: &intake) }
    #expect(take(&intake, at: 13).isEmpty)
    #expect(take(&intake, at: 20) == ["2000 10"])
    #expect(take(&intake, at: 30).isEmpty)
    #expect(intake.nextEnd == nil, "over")
    add(denial("3000"), at: 31, to: &intake)
    #expect(take(&intake, at: 31) == ["3000 1"])
  }

  /// Nobody has taken what was folded when the next comes.
  @Test func aFoldEndsByTheNextDenial() {
    var intake = WebhookIntake()
    add(denial("1"), at: 0, to: &intake)
    add(denial("2"), at: 1, to: &intake)
    add(denial("3"), at: 11, to: &intake)
    #expect(take(&intake, at: 11) == ["1 1", "2 1"])
    #expect(take(&intake, at: 21) == ["3 1"])
  }

  @Test func othersAreNotFolded() {
    var intake = WebhookIntake()
    add(denial("1"), at: 0, to: &intake)
    add(denial("2", session: "S"), at: 0, to: &intake)
    add(denial("3", rule: nil), at: 0, to: &intake)
    add(denial("4", session: "e\u{301}"), at: 0, to: &intake)
    add(denial("5", session: "\u{E9}"), at: 0, to: &intake)
    #expect(take(&intake, at: 0).count == 5)
  }

  @Test func whatIsFoldedIsNotLostAtTheEnd() {
    var intake = WebhookIntake()
    add(denial("1"), at: 0, to: &intake)
    add(denial("2"), at: 1, to: &intake)
    #expect(take(&intake, at: 2, last: true) == ["1 1", "2 1"])
    #expect(intake.nextEnd == nil)
  }

  @Test func aFloodLeavesRoomForKills() {
    var intake = WebhookIntake()
    for number in 0..<10_000 { add(denial("\(number)", session: "s\(number)"), at: 0, to: &intake) }
    for number in 0..<10 {
      intake.add(WebhookEvent(id: "k\(number)", type: .killSwitchActivated, time: 0, payload: [:]))
    }
    #expect(intake.takeDropped() == [.policyDenied: 10_000 - 4_096])
    #expect(intake.takeDropped().isEmpty)
    let taken = intake.take(now: 0)
    #expect(taken.count == 4_096 + 10)
    #expect(taken.suffix(10).allSatisfy { $0.type == .killSwitchActivated })
  }

  @Test func whatCantBeWrittenComesFirst() {
    var intake = WebhookIntake()
    for id in ["1", "2"] { intake.add(WebhookEvent(id: id, type: .killSwitchActivated, time: 0, payload: [:])) }
    let taken = intake.take(now: 0)
    intake.add(WebhookEvent(id: "3", type: .killSwitchActivated, time: 0, payload: [:]))
    intake.putBack(taken)
    #expect(intake.take(now: 0).map(\.id) == ["1", "2", "3"])
  }
}
