/// Writes Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
struct MetricsText {
  enum Number {
    case whole(UInt64)
    /// Written in seconds.
    case nanoseconds(UInt64)

    static func flag(_ isTrue: Bool) -> Number { .whole(isTrue ? 1 : 0) }
    static func count(_ count: Int) -> Number { .whole(UInt64(max(0, count))) }
  }

  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var bytes: [UInt8] = []
  private var family: MetricFamily?

  /// The samples that follow are the family's.
  mutating func begin(_ family: MetricFamily) {
    self.family = family
    write("# HELP ")
    write(family.name)
    write(" ")
    write(escaped: family.help, quotes: false)
    write("\n# TYPE ")
    write(family.name)
    write(" ")
    write(family.kind.rawValue)
    write("\n")
  }

  /// - Parameter labels: the values of the family's labels, in its order
  mutating func sample(_ labels: String..., value: Number) {
    sample(suffix: "", labels, le: nil, value)
  }

  mutating func histogram(_ labels: String..., reading: LatencyHistogram.Reading) {
    for bucket in reading.cumulated { sample(suffix: "_bucket", labels, le: bucket.le, .whole(bucket.count)) }
    sample(suffix: "_bucket", labels, le: "+Inf", .whole(reading.count))
    sample(suffix: "_sum", labels, le: nil, .nanoseconds(reading.sumNanoseconds))
    sample(suffix: "_count", labels, le: nil, .whole(reading.count))
  }

  private mutating func sample(suffix: String, _ values: [String], le: String?, _ number: Number) {
    guard let family else { return }
    write(family.name)
    write(suffix)
    var pairs = Array(zip(family.labels, values))
    if let le { pairs.append(("le", le)) }
    for (index, (name, value)) in pairs.enumerated() {
      write(index == 0 ? "{" : ",")
      write(name)
      write("=\"")
      write(escaped: value, quotes: true)
      write("\"")
    }
    write(pairs.isEmpty ? " " : "} ")
    switch number {
    case .whole(let number): write(String(number))
    case .nanoseconds(let number): write(nanoseconds: number)
    }
    write("\n")
  }

  /// Exactly: `1.000000002`, `3`.
  private mutating func write(nanoseconds: UInt64) {
    write(String(nanoseconds / 1_000_000_000))
    let fraction = nanoseconds % 1_000_000_000
    guard fraction > 0 else { return }
    let digits = String(fraction)
    write(".")
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 9 - digits.utf8.count))
    bytes.append(contentsOf: digits.utf8)
    while bytes.last == UInt8(ascii: "0") { bytes.removeLast() }
  }

  private mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func write(escaped text: String, quotes: Bool) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): write(#"\\"#)
      case UInt8(ascii: "\n"): write(#"\n"#)
      case UInt8(ascii: "\"") where quotes: write(#"\""#)
      default: bytes.append(byte)
      }
    }
  }
}
