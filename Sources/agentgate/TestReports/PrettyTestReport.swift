import RegoLite

/// Lines for people, as `opa test` prints them, with the place where each failed test stopped.
struct PrettyTestReport: TestReport {
  /// Also shows tests that pass, and how failed ones came to fail.
  let isVerbose: Bool
  /// An explanation was asked for: it is shown for every test that is.
  let explains: Bool
  /// Explanations show the values of failed expressions.
  let showsValues: Bool

  private static let rule = String(repeating: "-", count: 80)

  func text(_ outcomes: [PolicyTestRun.Outcome]) -> String {
    guard !outcomes.isEmpty else { return "" }
    var lines = failures(outcomes)
    if !lines.isEmpty { lines += ["SUMMARY", Self.rule] }
    let tests = outcomes.flatMap(self.lines)
    if !tests.isEmpty { lines += tests + [Self.rule] }
    let counts = TestCounts(outcomes)
    for (name, count) in [
      ("PASS", counts.passed), ("FAIL", counts.failed), ("ERROR", counts.errors), ("SKIPPED", counts.skipped),
    ] where count > 0 {
      lines.append("\(name): \(count)/\(counts.total)")
    }
    return lines.joined(separator: "\n")
  }

  private func failures(_ outcomes: [PolicyTestRun.Outcome]) -> [String] {
    guard isVerbose || explains else { return [] }
    var lines: [String] = []
    for outcome in outcomes {
      guard case .failed = outcome.verdict, let explanation = outcome.explanation, !explanation.events.isEmpty else {
        continue
      }
      lines += [Self.line(outcome), ""]
      lines += explanation.lines(showsValues: showsValues).map { "  \($0)" } + [""]
    }
    return lines.isEmpty ? [] : ["FAILURES", Self.rule] + lines
  }

  private func lines(_ outcome: PolicyTestRun.Outcome) -> [String] {
    var lines = [Self.line(outcome)]
    switch outcome.verdict {
    case .passed:
      guard isVerbose else { return [] }
      lines += outcome.cases.flatMap { $0.lines(indent: "  ", includesPassed: true) }
      if explains, let explanation = outcome.explanation {
        lines += [""] + explanation.lines(showsValues: showsValues).map { "  \($0)" } + [""]
      }
    case .failed:
      lines +=
        outcome.cases.isEmpty || !isVerbose
        ? outcome.reasons(indent: "  ") : outcome.cases.flatMap { $0.lines(indent: "  ", includesPassed: true) }
    case .error(let error): lines.append("  \(error)")
    case .skipped: break
    }
    if !outcome.output.isEmpty { lines += [""] + outcome.output.map { "  \($0)" } + [""] }
    return lines
  }

  static func line(_ outcome: PolicyTestRun.Outcome) -> String {
    let name = outcome.test.fullName
    let time = outcome.duration.goText
    return switch outcome.verdict {
    case .passed: "\(name): PASS (\(time))"
    case .failed: "\(name): FAIL (\(time))"
    case .error: "\(name): ERROR (\(time))"
    case .skipped: "\(name): SKIPPED"
    }
  }
}
