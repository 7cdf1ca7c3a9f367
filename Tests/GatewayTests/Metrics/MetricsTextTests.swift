import Testing

@testable import Gateway

@Suite struct MetricsTextTests {
  private func text(_ family: MetricFamily, _ write: (inout MetricsText) -> Void = { _ in }) -> String {
    var text = MetricsText()
    text.begin(family)
    write(&text)
    return String(decoding: text.bytes, as: UTF8.self)
  }

  @Test(arguments: [
    ("plain", "plain"), (#"a"b"#, #"a\"b"#), (#"a\b"#, #"a\\b"#), ("a\nb", #"a\nb"#), (#"a\nb"#, #"a\\nb"#),
    (#"\""#, #"\\\""#), ("", ""), ("a\rb\tc", "a\rb\tc"), ("\r\n", "\r\\n"), ("名前 🚪", "名前 🚪"), ("} 1", "} 1"),
  ])
  func labelsAreEscaped(value: String, written: String) {
    let family = MetricFamily("m", .gauge, labels: ["l"], "Help.")
    let text = text(family) { $0.sample(value, value: .whole(1)) }
    #expect(text.utf8.elementsEqual("# HELP m Help.\n# TYPE m gauge\nm{l=\"\(written)\"} 1\n".utf8))
  }

  @Test func helpIsEscapedButForQuotes() {
    #expect(text(MetricFamily("m", .counter, "a\\b\n\"c\".")) == "# HELP m a\\\\b\\n\"c\".\n# TYPE m counter\n")
  }

  @Test(arguments: [
    (0, "0"), (1, "0.000000001"), (1_000, "0.000001"), (10_000_000, "0.01"), (1_000_000_000, "1"),
    (1_000_000_001, "1.000000001"), (1_500_000_000, "1.5"), (UInt64.max, "18446744073.709551615"),
  ])
  func secondsAreExact(nanoseconds: UInt64, written: String) {
    let text = text(MetricFamily("m", .gauge, "Help.")) { $0.sample(value: .nanoseconds(nanoseconds)) }
    #expect(text.hasSuffix("\nm \(written)\n"))
  }

  @Test func noCountIsNegative() {
    #expect(text(MetricFamily("m", .gauge, "Help.")) { $0.sample(value: .count(-1)) }.hasSuffix("\nm 0\n"))
  }
}
