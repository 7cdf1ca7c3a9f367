import Testing

@testable import Gateway

@Suite struct CallsInFlightTests {
  private let calls = CallsInFlight(sessionLimit: 2)

  private func entry(_ id: String, session: String = "s1") throws -> CallsInFlight.Entry {
    CallsInFlight.Entry(
      traceID: id, session: try SessionID(session), tool: nil, agent: nil, server: nil, handle: CallHandle())
  }

  private func stock() -> [String] { calls.takeStock { $0.session.rawValue == "s1" }.map(\.traceID) }

  @Test func aSessionHasSoManyAtOnce() throws {
    #expect(calls.add(try entry("a")))
    #expect(calls.add(try entry("b")))
    #expect(!calls.add(try entry("c")))
    #expect(calls.add(try entry("d", session: "s2")))
    #expect(calls.count == 3)
    calls.remove("a", isMet: false)
    #expect(calls.add(try entry("c")))
  }

  @Test func whatAKillMetIsListedByThatKillAlone() throws {
    _ = calls.add(try entry("running"))
    _ = calls.add(try entry("ended"))
    calls.remove("ended", isMet: true)
    _ = calls.add(try entry("other", session: "s2"))
    #expect(stock() == ["ended", "running"])
    // It ends because of that kill, while the next one is on its way.
    calls.remove("running", isMet: true)
    #expect(stock() == [])
  }

  @Test func whatIsUnderWayStillIsListedAgain() throws {
    _ = calls.add(try entry("a"))
    #expect(stock() == ["a"])
    #expect(stock() == ["a"])
  }
}
