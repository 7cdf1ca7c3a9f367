import Testing

@testable import Gateway

struct RateLimiterTests {
  private let clock = ManualClock()
  private let tool = ToolName(literal: "t")

  private func limiter(capacity: Int = RateLimiter.standardCapacity) -> RateLimiter {
    RateLimiter(windowSeconds: 60, capacity: capacity, clock: clock.wall, monotonic: clock.monotonic)
  }

  private func admit(_ limiter: RateLimiter, _ session: String, limit: Int = 3) throws -> Bool {
    limiter.admit(.session(try SessionID(session)), tool: tool, limit: limit)
  }

  @Test func windowSlides() throws {
    let limiter = limiter()
    for second in [0.0, 20, 40] {
      #expect(try admit(limiter, "a"), "call at \(second)")
      clock.advance(seconds: 20)
    }
    // At 60 s the call of 0 s has just left.
    #expect(try admit(limiter, "a"))
    #expect(try !admit(limiter, "a"))
    clock.advance(seconds: 19.9)
    #expect(try !admit(limiter, "a"))
    clock.advance(seconds: 0.1)
    #expect(try admit(limiter, "a"))
  }

  @Test func refusedCallsAreNotCounted() throws {
    let limiter = limiter()
    for _ in 0..<3 { #expect(try admit(limiter, "a")) }
    clock.advance(seconds: 30)
    for _ in 0..<50 { #expect(try !admit(limiter, "a")) }
    clock.advance(seconds: 30)
    for _ in 0..<3 { #expect(try admit(limiter, "a")) }
  }

  @Test func sessionsAndToolsAreApart() throws {
    let limiter = limiter()
    for _ in 0..<3 { #expect(try admit(limiter, "a")) }
    #expect(try !admit(limiter, "a"))
    #expect(try admit(limiter, "b"))
    #expect(try limiter.admit(.session(SessionID("a")), tool: ToolName(literal: "other"), limit: 3))
    // Different bytes, the same to a reader: é as one scalar and as two.
    for _ in 0..<3 { #expect(try admit(limiter, "\u{E9}")) }
    #expect(try admit(limiter, "e\u{301}"))
    // No two pairs of names run together into the same subject.
    #expect(try limiter.admit(.session(SessionID("bc")), tool: ToolName(literal: "a"), limit: 1))
    #expect(try limiter.admit(.session(SessionID("c")), tool: ToolName(literal: "ab"), limit: 1))
  }

  @Test func statusIsThatBeforeTheCall() throws {
    let limiter = limiter()
    func status() throws -> RateLimiter.Status {
      limiter.status(of: .session(try SessionID("a")), tool: tool, limit: 3)
    }
    let start = ManualClock.start / 1_000_000
    #expect(try status() == .init(limit: 3, remaining: 3, resetAt: start + 60))
    clock.advance(seconds: 0.5)
    _ = try admit(limiter, "a")
    clock.advance(seconds: 10)
    _ = try admit(limiter, "a")
    #expect(try status() == .init(limit: 3, remaining: 1, resetAt: start + 61))
    clock.advance(seconds: 50)
    #expect(try status() == .init(limit: 3, remaining: 2, resetAt: start + 71))
  }

  @Test func loweredLimitCountsWhatWas() throws {
    let limiter = limiter()
    for _ in 0..<3 { #expect(try admit(limiter, "a")) }
    #expect(try !admit(limiter, "a", limit: 2))
    #expect(try limiter.status(of: .session(SessionID("a")), tool: tool, limit: 2).remaining == 0)
    #expect(try admit(limiter, "a", limit: 4))
  }

  @Test func memoryIsBoundedAndFullMeansRefused() throws {
    let limiter = limiter(capacity: 1_000)
    var admitted = 0
    for index in 0..<5_000 where try admit(limiter, "session \(index)") { admitted += 1 }
    #expect(admitted == 1_000)
    #expect(limiter.remembered == 1_000)
    // Filling the memory with other sessions gives nobody a fresh start.
    #expect(try !admit(limiter, "session 0", limit: 1))
    clock.advance(seconds: 60)
    #expect(limiter.remembered == 0)
    #expect(try admit(limiter, "session 0", limit: 1))
  }
}

extension ToolName {
  /// For names known to be good.
  init(literal: String) {
    do { try self.init(literal) } catch { preconditionFailure(error.message) }
  }
}
