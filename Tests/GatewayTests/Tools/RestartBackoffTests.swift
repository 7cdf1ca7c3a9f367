import Testing

@testable import Gateway

@Suite struct RestartBackoffTests {
  @Test func pausesDoubleUpToTheLongest() {
    var backoff = RestartBackoff(first: .milliseconds(200), longest: .seconds(30))
    for whole in [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30] as [Double] {
      let pause = backoff.next()
      #expect(pause >= .seconds(whole / 2) && pause <= .seconds(whole))
    }
    for _ in 0..<100 { #expect(backoff.next() <= .seconds(30)) }
    backoff.reset()
    #expect(backoff.next() <= .milliseconds(200))
  }
}
