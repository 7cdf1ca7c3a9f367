import RegoLite

/// How `agentgate test` tells what became of the tests.
protocol TestReport {
  /// What to print, without the last line break; empty for nothing.
  func text(_ outcomes: [PolicyTestRun.Outcome]) -> String
}

/// How many outcomes of each kind there are.
struct TestCounts {
  private(set) var passed = 0
  private(set) var failed = 0
  private(set) var errors = 0
  private(set) var skipped = 0
  var total: Int { passed + failed + errors + skipped }

  init(_ outcomes: some Sequence<PolicyTestRun.Outcome>) {
    for outcome in outcomes {
      switch outcome.verdict {
      case .passed: passed += 1
      case .failed: failed += 1
      case .error: errors += 1
      case .skipped: skipped += 1
      }
    }
  }
}

extension PolicyTestRun.Outcome {
  /// Why a test failed, for people, at a depth of the text: where it stopped and the values there; what it gave instead
  /// of true; each failed case.
  func reasons(indent: String) -> [String] {
    guard case .failed(let value) = verdict else { return [] }
    if !cases.isEmpty { return cases.flatMap { $0.lines(indent: indent, includesPassed: false) } }
    if let value {
      let place = "\(test.location.file):\(test.location.row)"
      return ["\(indent)\(place): the result is \(value.regoDescription.prefix(200)), not true"]
    }
    return stops.flatMap { $0.lines(indent: indent) }
  }
}

extension PolicyTestRun.Case {
  /// The case, where it stopped, and the cases below it.
  func lines(indent: String, includesPassed: Bool) -> [String] {
    guard includesPassed || !passed else { return [] }
    return ["\(indent)\(name): \(passed ? "PASS" : "FAIL")"]
      + stops.flatMap { $0.lines(indent: indent + "  ") }
      + cases.flatMap { $0.lines(indent: indent + "  ", includesPassed: includesPassed) }
  }
}

extension TraceEvent {
  /// `policy.rego:3: x > 2`, and a line for each value.
  fileprivate func lines(indent: String) -> [String] {
    ["\(indent)\(location.file):\(location.row): \(text)"] + valueLines.map { "\(indent)  \($0)" }
  }
}
