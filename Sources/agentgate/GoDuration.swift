import ArgumentParser

/// A flag's duration as Go writes it: `500ms`, `1.5s`, `1m30s`; ns, us, µs, ms, s, m and h. 0 is no limit.
struct GoDuration: ExpressibleByArgument {
  /// Absent for no limit.
  let duration: Duration?

  init?(argument: String) {
    let units: [Substring: Double] = [
      "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]
    var rest = argument[...]
    var nanoseconds = 0.0
    if rest == "0" { rest = "0s" }
    repeat {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      let unit = rest.dropFirst(number.count).prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
      guard let amount = Double(number), let factor = units[unit] else { return nil }
      nanoseconds += amount * factor
      rest = rest.dropFirst(number.count + unit.count)
    } while !rest.isEmpty
    guard nanoseconds < 9e18 else { return nil }
    duration = nanoseconds > 0 ? .nanoseconds(Int64(nanoseconds)) : nil
  }
}

extension Duration {
  /// At most `Int.max`.
  var nanoseconds: Int {
    let (seconds, attoseconds) = components
    let (product, overflows) = Int(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflows ? .max : product.addingReportingOverflow(Int(attoseconds / 1_000_000_000)).partialValue
  }

  /// As Go prints durations below a minute: `417ns`, `1.417µs`, `12.5ms`, `3s`.
  var goText: String {
    let nanoseconds = nanoseconds
    let (unit, name) =
      switch nanoseconds {
      case ..<1_000: (1, "ns")
      case ..<1_000_000: (1_000, "µs")
      case ..<1_000_000_000: (1_000_000, "ms")
      default: (1_000_000_000, "s")
      }
    let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: unit)
    guard rest > 0 else { return "\(whole)\(name)" }
    var fraction = String(unit + rest).dropFirst()
    while fraction.last == "0" { fraction = fraction.dropLast() }
    return "\(whole).\(fraction)\(name)"
  }
}
