import RegoLite

/// JUnit's XML as CI systems read it: a suite for each package, times in seconds.
struct JUnitTestReport: TestReport {
  func text(_ outcomes: [PolicyTestRun.Outcome]) -> String {
    var packages: [String] = []
    var suites: [String: [PolicyTestRun.Outcome]] = [:]
    for outcome in outcomes {
      if suites[outcome.test.package] == nil { packages.append(outcome.test.package) }
      suites[outcome.test.package, default: []].append(outcome)
    }
    var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#, "<testsuites\(Self.counts(outcomes))>"]
    for package in packages {
      let own = suites[package] ?? []
      lines.append(#"  <testsuite\#(Self.attributes([("name", package)]))\#(Self.counts(own))>"#)
      lines += own.flatMap(Self.lines)
      lines.append("  </testsuite>")
    }
    return (lines + ["</testsuites>"]).joined(separator: "\n")
  }

  private static func lines(_ outcome: PolicyTestRun.Outcome) -> [String] {
    let test = outcome.test
    let start =
      "    <testcase"
      + attributes([
        ("classname", test.package), ("name", test.name), ("time", seconds(outcome.duration)),
        ("file", test.location.file), ("line", "\(test.location.row)"),
      ])
    var inner: [String] = []
    switch outcome.verdict {
    case .passed: break
    case .failed:
      let reasons = outcome.reasons(indent: "")
      let message = reasons.first ?? "the result is undefined"
      inner.append(
        "<failure\(attributes([("message", message)]))>\(escaped(reasons.joined(separator: "\n")))</failure>")
    case .error(let error):
      inner.append(
        "<error\(attributes([("message", error.message), ("type", error.code.rawValue)]))>\(escaped("\(error)"))</error>"
      )
    case .skipped: inner.append("<skipped/>")
    }
    if !outcome.output.isEmpty {
      inner.append("<system-out>\(escaped(outcome.output.joined(separator: "\n")))</system-out>")
    }
    if inner.isEmpty { return [start + "/>"] }
    return [start + ">"] + inner.map { "      \($0)" } + ["    </testcase>"]
  }

  private static func counts(_ outcomes: [PolicyTestRun.Outcome]) -> String {
    let counts = TestCounts(outcomes)
    return attributes([
      ("tests", "\(counts.total)"), ("failures", "\(counts.failed)"), ("errors", "\(counts.errors)"),
      ("skipped", "\(counts.skipped)"), ("time", seconds(outcomes.reduce(.zero) { $0 + $1.duration })),
    ])
  }

  private static func attributes(_ attributes: [(name: String, value: String)]) -> String {
    attributes.map { " \($0.name)=\"\(escaped($0.value, isAttribute: true))\"" }.joined()
  }

  /// With nine decimals.
  private static func seconds(_ duration: Duration) -> String {
    let (seconds, rest) = duration.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    return "\(seconds).\(String(1_000_000_000 + rest).dropFirst())"
  }

  /// What XML 1.0 has no way to write becomes U+FFFD.
  private static func escaped(_ text: String, isAttribute: Bool = false) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;".unicodeScalars
      case "<": result += "&lt;".unicodeScalars
      case ">": result += "&gt;".unicodeScalars
      case "\"" where isAttribute: result += "&quot;".unicodeScalars
      case "\t" where isAttribute, "\n" where isAttribute: result += "&#\(scalar.value);".unicodeScalars
      case "\r": result += "&#13;".unicodeScalars
      case "\t", "\n": result.append(scalar)
      case "\u{FFFE}", "\u{FFFF}": result.append("\u{FFFD}")
      default: result.append(scalar.value < 0x20 ? "\u{FFFD}" : scalar)
      }
    }
    return String(result)
  }
}
