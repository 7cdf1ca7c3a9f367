/// When a delivery that failed is tried again, and when no more. Pure; times in microseconds.
struct WebhookRetries: Sendable {
  static let second: Int64 = 1_000_000

  /// The longest wait after the first failure; it doubles with each further one.
  var base = 1 * second
  var longest = 300 * second
  /// The longest wait that a receiver may ask for with `Retry-After`.
  var longestAskedFor = 3_600 * second
  /// An event that couldn't be delivered within this time is given up.
  var lifetime = 86_400 * second

  /// Exponential, with full jitter: of many that failed together each comes at another moment. What the receiver asked
  /// for is the least.
  ///
  /// - Parameters:
  ///   - failures: at least 1
  ///   - random: from 0 up to 1
  func delay(afterFailures failures: Int, askedFor: Int64?, random: Double) -> Int64 {
    let ceiling = min(longest, base << Int64(min(max(failures, 1) - 1, 30)))
    return max(Int64(Double(ceiling) * random), min(max(askedFor ?? 0, 0), longestAskedFor))
  }

  /// The moment of the next attempt; absent when there is none.
  ///
  /// - Parameter created: when the event was noted
  func next(
    afterFailures failures: Int, created: Int64, now: Int64, askedFor: Int64?, random: Double
  ) -> Int64? {
    let next = now + delay(afterFailures: failures, askedFor: askedFor, random: random)
    return next - created > lifetime ? nil : next
  }
}

/// Spares a receiver that is out of order: after some failures in a row one event at a time is tried, and less and less
/// often; the first success lifts that. Pure; times in nanoseconds of `MonotonicClock`.
struct WebhookBrake: Sendable {
  /// Deliveries under way at once: one that the receiver is slow to take holds up no other.
  static let together = 4
  private static let patience = 4
  private static let second: Int64 = 1_000_000_000
  private static let longest = 60 * second

  private(set) var failures = 0
  private(set) var until: Int64 = .min

  /// How many more deliveries may begin.
  func slots(running: Int, now: Int64) -> Int {
    guard failures >= Self.patience else { return max(0, Self.together - running) }
    return running == 0 && now >= until ? 1 : 0
  }

  mutating func succeeded() { self = WebhookBrake() }

  /// - Parameter random: from 0 up to 1
  mutating func failed(now: Int64, random: Double) {
    failures += 1
    guard failures >= Self.patience else { return }
    let ceiling = min(Self.longest, Self.second << Int64(min(failures - Self.patience, 30)))
    // At least half of it: here the pause is the purpose.
    until = now + Int64(Double(ceiling) * (0.5 + random / 2))
  }
}
