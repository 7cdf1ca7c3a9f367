import Testing

@testable import Gateway

@Suite struct HealthWatchTests {
  private let clock = ManualClock()

  private func note(_ state: HealthWatch.State, in watch: inout HealthWatch) -> [String] {
    let changes = watch.note(["x": state], now: clock.monotonic.now(), time: clock.wall.now())
    return changes.map { "\($0.isDegraded ? "degraded" : "recovered") \($0.problem)" }
  }

  @Test func onlyWhatLastsIsTold() {
    var watch = HealthWatch()
    #expect(note(.good, in: &watch).isEmpty)
    for _ in 0..<100 {
      // It flaps.
      clock.advance(seconds: 1)
      #expect(note(.bad("a"), in: &watch).isEmpty)
      clock.advance(seconds: 2)
      #expect(note(.bad("a"), in: &watch).isEmpty)
      #expect(note(.good, in: &watch).isEmpty)
    }
    #expect(note(.bad("a"), in: &watch).isEmpty)
    clock.advance(seconds: 3)
    #expect(note(.bad("b"), in: &watch) == ["degraded b"])
    clock.advance(seconds: 100)
    #expect(note(.bad("c"), in: &watch).isEmpty, "once")
    #expect(note(.good, in: &watch).isEmpty)
    clock.advance(seconds: 2)
    #expect(note(.bad("c"), in: &watch).isEmpty)
    clock.advance(seconds: 2)
    #expect(note(.good, in: &watch).isEmpty)
    clock.advance(seconds: 3)
    #expect(note(.good, in: &watch) == ["recovered c"])
    clock.advance(seconds: 3)
    #expect(note(.good, in: &watch).isEmpty)
  }

  @Test func sinceWhenItIsSo() throws {
    var watch = HealthWatch(patience: 3)
    clock.advance(seconds: 1)
    _ = note(.bad("a"), in: &watch)
    clock.advance(seconds: 9)
    let changes = watch.note(["x": .bad("a")], now: clock.monotonic.now(), time: clock.wall.now())
    #expect(changes == [.init(dependency: "x", isDegraded: true, problem: "a", since: ManualClock.start + 1_000_000)])
  }

  /// A server that crashes, starts and crashes again is down; one that starts for the first time isn't.
  @Test func startingSaysNothingNew() {
    var watch = HealthWatch()
    #expect(note(.unknown, in: &watch).isEmpty)
    clock.advance(seconds: 60)
    #expect(note(.unknown, in: &watch).isEmpty)
    #expect(note(.bad("down"), in: &watch).isEmpty)
    clock.advance(seconds: 2)
    #expect(note(.unknown, in: &watch).isEmpty)
    clock.advance(seconds: 1)
    #expect(note(.unknown, in: &watch) == ["degraded down"])
    #expect(note(.good, in: &watch).isEmpty)
    clock.advance(seconds: 2)
    #expect(note(.unknown, in: &watch).isEmpty)
    clock.advance(seconds: 2)
    #expect(note(.good, in: &watch).isEmpty, "counted anew")
  }

  @Test func eachForItself() {
    var watch = HealthWatch()
    let states: [String: HealthWatch.State] = ["b": .bad("1"), "a": .bad("2"), "c": .good]
    _ = watch.note(states, now: 0, time: 0)
    let changes = watch.note(states, now: 3_000_000_000, time: 0)
    #expect(changes.map(\.dependency) == ["a", "b"])
  }
}
