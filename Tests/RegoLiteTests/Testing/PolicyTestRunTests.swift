import RegoLite
import Testing

@Suite struct PolicyTestRunTests {
  private static func outcome(_ text: String, version: RegoVersion = .v1) throws -> PolicyTestRun.Outcome {
    let tests = try PolicyTestRun(
      modules: [.init(file: "t.rego", text: text)], data: .object(ObjectValue()), options: .init(version: version))
    return tests.run(try #require(tests.tests.first), time: nil)
  }

  /// Where a failed test stopped and the values there, a definition each.
  @Test(arguments: [
    ("test_x if {\n  a := 1\n  b := a + 1\n  b == 3\n  a == 1\n}", ["6: b == 3; a = 1; b = 2"]),
    (
      "test_x if { input.a == 1 with input as {\"a\": 2} }",
      ["3: input.a == 1 with input as {\"a\": 2}; input.a = 2"]
    ),
    // Of a loop's ways, the one that came furthest.
    ("test_x if {\n  some x in [1, 5, 3]\n  x > 2\n  x == 4\n}", ["6: x == 4; x = 5"]),
    ("test_x if {\n  every x in [1, 2, 3] {\n    y := x * x\n    y < 4\n  }\n}", ["6: y < 4; x = 2; y = 4"]),
    ("test_x if { not helper }\n\nhelper if true", ["3: not helper; helper = true"]),
    ("test_x if { 1 == 2 }\n\ntest_x if { 2 == 3 }", ["3: 1 == 2", "5: 2 == 3"]),
    // The value isn't true: it stopped nowhere.
    ("test_x := 7", []),
  ])
  func failedTestsSayWhere(_ rules: String, _ wanted: [String]) throws {
    let outcome = try Self.outcome("package t\n\n\(rules)\n")
    guard case .failed = outcome.verdict else {
      Issue.record("\(outcome.verdict)")
      return
    }
    #expect(
      outcome.stops.map { (["\($0.location.row): \($0.text)"] + $0.valueLines).joined(separator: "; ") } == wanted)
  }

  @Test func aFailedCaseHasItsOwnValues() throws {
    let outcome = try Self.outcome(
      """
      package t

      test_sum[note] if {
        some note, tc in {"one": [1, 1, 2], "two": [2, 2, 5], "three": [0, 0, 1]}
        sum := tc[0] + tc[1]
        sum == tc[2]
      }
      """)
    #expect(outcome.cases.map { "\($0.name) \($0.passed)" } == ["one true", "three false", "two false"])
    #expect(
      outcome.cases.map { $0.stops.flatMap(\.valueLines) } == [
        [], [#"note = "three""#, "tc = [0, 0, 1]", "sum = 0", "tc[2] = 1"],
        [#"note = "two""#, "tc = [2, 2, 5]", "sum = 4", "tc[2] = 5"],
      ])
  }

  @Test func v0TestsRun() throws {
    let text = "package t\n\ntest_x {\n  x := {1, 2}[_]\n  x == 2\n  print(\"saw\", x)\n}\n"
    let outcome = try Self.outcome(text, version: .v0)
    guard case .passed = outcome.verdict else {
      Issue.record("\(outcome.verdict)")
      return
    }
    #expect(outcome.output == ["saw 2"])
    #expect(throws: PolicyErrors.self) { try Self.outcome(text) }
  }
}
