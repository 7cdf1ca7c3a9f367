import Testing

@testable import Gateway

@Suite struct LatencyHistogramTests {
  @Test func aBucketHasThoseOfTheSmallerOnes() {
    let histogram = LatencyHistogram([.init(10, "a"), .init(20, "b"), .init(30, "c")])
    for duration: Int64 in [-5, 0, 10, 11, 20, 29, 31, 1_000] { histogram.observe(nanoseconds: duration) }
    let reading = histogram.reading
    #expect(reading.cumulated.map(\.count) == [3, 5, 6])
    #expect(reading.count == 8)
    #expect(reading.sumNanoseconds == 1_101)
  }

  @Test(arguments: [[LatencyHistogram.Bound].requests, .decisions])
  func boundsAscendAndSayWhatTheyAre(bounds: [LatencyHistogram.Bound]) {
    for (lower, upper) in zip(bounds, bounds.dropFirst()) { #expect(lower.nanoseconds < upper.nanoseconds) }
    for bound in bounds { #expect(Double(bound.text) == Double(bound.nanoseconds) / 1e9, "\(bound.text)") }
  }

  @Test func theOriginalsBoundsAreThere() {
    let original = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0"]
    #expect([LatencyHistogram.Bound].requests.map(\.text).suffix(11) == original[...])
  }

  @Test func infinityIsTheCountAndNoBucketIsAboveIt() {
    let histogram = LatencyHistogram(.requests)
    for power in 0..<12 {
      var duration: Int64 = 1
      for _ in 0..<power { duration *= 10 }
      histogram.observe(nanoseconds: duration)
    }
    var text = MetricsText()
    text.begin(.requestDuration)
    text.histogram("tools_call", reading: histogram.reading)
    let counts = String(decoding: text.bytes, as: UTF8.self).split(separator: "\n")
      .filter { $0.contains("_bucket{") }.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
    #expect(counts.count == 17)
    #expect(counts == counts.sorted())
    #expect(counts.last == 12)
    #expect(
      String(decoding: text.bytes, as: UTF8.self).hasSuffix(
        "agentgate_request_duration_seconds_bucket{endpoint=\"tools_call\",le=\"+Inf\"} 12\n"
          + "agentgate_request_duration_seconds_sum{endpoint=\"tools_call\"} 111.111111111\n"
          + "agentgate_request_duration_seconds_count{endpoint=\"tools_call\"} 12\n"))
  }
}
