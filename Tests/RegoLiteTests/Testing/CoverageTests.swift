import RegoLite
import Testing

@Suite struct CoverageTests {
  /// Line by line: `+` is covered, `-` is not, a space doesn't count.
  private static let policy: [(mark: String, line: String)] = [
    (" ", "package p"),
    (" ", ""),
    ("-", "default allow := false"),
    (" ", ""),
    ("-", "allow if {"),
    // OPA's rule index passes the definition over without asking.
    ("-", "  input.none"),
    ("-", "  ys := [y |"),
    ("-", "    some y in input.xs"),
    (" ", "  ]"),
    ("-", "  count(ys) > 0"),
    (" ", "}"),
    (" ", ""),
    ("+", "allow if {"),
    (" ", "  some x"),
    ("+", "  input.xs[x] > 1"),
    ("+", "  f(x)"),
    (" ", "}"),
    (" ", ""),
    ("+", "f(n) if {"),
    ("+", "  n < 100"),
    ("+", "  every z in input.xs {"),
    ("+", "    z > 0"),
    (" ", "  }"),
    (" ", "}"),
    (" ", ""),
    ("-", "g := 1 if {"),
    ("-", "  input.a"),
    ("-", "} else := 2 if {"),
    ("-", "  input.b"),
    (" ", "}"),
  ]

  @Test func linesByHeadsAndExpressions() throws {
    var options = PolicyEngine.Options()
    options.isObserved = true
    let text = Self.policy.map { $0.line + "\n" }.joined()
    let engine = try PolicyEngine(
      modules: [.init(file: "p.rego", text: text)], data: .object(ObjectValue()), options: options)
    let observation = Observation(coverage: true)
    let input = try Value.parse(json: Array(#"{"xs": [1, 2]}"#.utf8))
    #expect(
      try engine.decide(engine.prepare(document: ["p", "allow"]), input: input, observation: observation)?.asBool
        == true)
    let report = engine.report(on: observation.coverage)
    let file = try #require(report.files.first)
    var marks = Array(repeating: " ", count: Self.policy.count)
    for row in file.covered.joined() { marks[row - 1] = "+" }
    for row in file.notCovered.joined() { marks[row - 1] = "-" }
    #expect(zip(marks, Self.policy).map { "\($0)\($1.line)" } == Self.policy.map { "\($0.mark)\($0.line)" })
    #expect(report.percentage == "41.17")
    let json = report.value.json()
    #expect(json.contains(#""covered_lines":7"#) && json.contains(#""not_covered_lines":10"#), "\(json)")
    #expect(json.contains(#""coverage":41.17"#), "\(json)")
    #expect(json.contains(#"{"end":{"row":16},"start":{"row":15}}"#), "\(json)")
  }
}
