/// Counts durations by size, without a lock.
final class LatencyHistogram: Sendable {
  /// The upper bound of a bucket, which belongs to it.
  struct Bound: Sendable {
    let nanoseconds: UInt64
    /// In seconds, as the label `le` has it.
    let text: String

    init(_ nanoseconds: UInt64, _ text: String) {
      self.nanoseconds = nanoseconds
      self.text = text
    }
  }

  /// What a scrape sees of it.
  struct Reading: Sendable {
    /// For each bound, how many were not above it: each bucket has those of the smaller ones too.
    var cumulated: [(le: String, count: UInt64)]
    var count: UInt64
    var sumNanoseconds: UInt64
  }

  /// Ascending.
  private let bounds: [Bound]
  /// One for each bound, and a last one for what is above all. Not cumulated.
  private let buckets: [MetricCounter]
  private let sum = MetricCounter()

  init(_ bounds: [Bound]) {
    self.bounds = bounds
    buckets = (0...bounds.count).map { _ in MetricCounter() }
  }

  /// What is below 0 counts as 0.
  func observe(nanoseconds: Int64) {
    let duration = UInt64(max(0, nanoseconds))
    var index = 0
    while index < bounds.count, bounds[index].nanoseconds < duration { index += 1 }
    buckets[index].add()
    sum.add(duration)
  }

  /// The count is that of the buckets read, so that it is always the last bucket's; the sum may be some observations
  /// ahead of it or behind.
  var reading: Reading {
    var reading = Reading(cumulated: [], count: 0, sumNanoseconds: sum.value)
    for (bound, bucket) in zip(bounds, buckets) {
      reading.count += bucket.value
      reading.cumulated.append((bound.text, reading.count))
    }
    reading.count += buckets[bounds.count].value
    return reading
  }
}

extension [LatencyHistogram.Bound] {
  /// Of a whole request. From 5 ms on AgentGate 0.2's, written as it wrote them.
  static var requests: Self {
    [
      .init(100_000, "0.0001"), .init(250_000, "0.00025"), .init(500_000, "0.0005"), .init(1_000_000, "0.001"),
      .init(2_500_000, "0.0025"), .init(5_000_000, "0.005"), .init(10_000_000, "0.01"), .init(25_000_000, "0.025"),
      .init(50_000_000, "0.05"), .init(100_000_000, "0.1"), .init(250_000_000, "0.25"), .init(500_000_000, "0.5"),
      .init(1_000_000_000, "1.0"), .init(2_500_000_000, "2.5"), .init(5_000_000_000, "5.0"),
      .init(10_000_000_000, "10.0"),
    ]
  }

  /// Of a policy's decision. The texts are those that Prometheus itself makes of these numbers.
  static var decisions: Self {
    [
      .init(1_000, "1e-06"), .init(2_500, "2.5e-06"), .init(5_000, "5e-06"), .init(10_000, "1e-05"),
      .init(25_000, "2.5e-05"), .init(50_000, "5e-05"), .init(100_000, "0.0001"), .init(250_000, "0.00025"),
      .init(500_000, "0.0005"), .init(1_000_000, "0.001"), .init(2_500_000, "0.0025"), .init(5_000_000, "0.005"),
      .init(10_000_000, "0.01"), .init(25_000_000, "0.025"), .init(50_000_000, "0.05"), .init(100_000_000, "0.1"),
    ]
  }
}
