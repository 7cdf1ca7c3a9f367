import Testing

@testable import Gateway

@Suite struct WebhookRetriesTests {
  private let retries = WebhookRetries()
  private let second: Int64 = 1_000_000

  @Test(arguments: [(1, 1), (2, 2), (3, 4), (8, 128), (9, 256), (10, 300), (64, 300), (1_000_000, 300)])
  func waitsDouble(_ failures: Int, _ seconds: Int64) {
    #expect(retries.delay(afterFailures: failures, askedFor: nil, random: 1) == seconds * second)
    #expect(retries.delay(afterFailures: failures, askedFor: nil, random: 0.5) == seconds * second / 2, "full jitter")
    #expect(retries.delay(afterFailures: failures, askedFor: nil, random: 0) == 0)
  }

  @Test func theReceiverMayAskForMore() {
    #expect(retries.delay(afterFailures: 1, askedFor: 20 * second, random: 1) == 20 * second)
    #expect(retries.delay(afterFailures: 9, askedFor: 20 * second, random: 1) == 256 * second)
    #expect(retries.delay(afterFailures: 1, askedFor: .max, random: 0) == 3_600 * second, "within bounds")
    #expect(retries.delay(afterFailures: 1, askedFor: -5, random: 0) == 0)
  }

  @Test func isGivenUpAfterADay() {
    let day = 86_400 * second
    func next(_ age: Int64) -> Int64? {
      retries.next(afterFailures: 20, created: 0, now: age, askedFor: nil, random: 0.5)
    }
    #expect(next(0) == 150 * second)
    #expect(next(day - 150 * second) == day)
    #expect(next(day - 150 * second + 1) == nil)
  }

  @Test func theBrakeSparesABrokenReceiver() {
    var brake = WebhookBrake()
    let second: Int64 = 1_000_000_000
    #expect(brake.slots(running: 0, now: 0) == 4 && brake.slots(running: 3, now: 0) == 1)
    for _ in 1...3 { brake.failed(now: 0, random: 1) }
    #expect(brake.slots(running: 0, now: 0) == 4)
    brake.failed(now: 0, random: 1)
    #expect(brake.slots(running: 0, now: second - 1) == 0)
    #expect(brake.slots(running: 0, now: second) == 1 && brake.slots(running: 1, now: second) == 0)
    for _ in 1...40 { brake.failed(now: 0, random: 1) }
    #expect(brake.slots(running: 0, now: 60 * second - 1) == 0 && brake.slots(running: 0, now: 60 * second) == 1)
    brake.succeeded()
    #expect(brake.slots(running: 0, now: 0) == 4)
  }

  @Test(arguments: [
    ("0", 0), ("120", 120), ("99999999999999999999", 1_000_000_000), ("Thu, 01 Jan 2026 00:01:00 GMT", 60),
    ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
  ])
  func retryAfter(_ text: String, _ seconds: Int64) {
    #expect(WebhookReceiver.wait(text, now: ManualClock.start) == seconds * 1_000_000)
  }

  @Test(arguments: ["", "-1", "1.5", "soon", "Thu, 32 Jan 2026 00:01:00 GMT", "Thu, 01 Foo 2026 00:01:00 GMT", "١"])
  func noRetryAfter(_ text: String) { #expect(WebhookReceiver.wait(text, now: 0) == nil) }
}
