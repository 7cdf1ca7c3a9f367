import RegoLite
import Testing

/// What an observation tells of an evaluation, and that observing changes no result.
@Suite struct ObservationTests {
  private static func engine(
    _ text: String, data: String = "{}", isObserved: Bool = true, version: RegoVersion = .v1
  ) throws -> PolicyEngine {
    var options = PolicyEngine.Options(version: version)
    options.keepsPrint = true
    options.isObserved = isObserved
    return try PolicyEngine(
      modules: [.init(file: "p.rego", text: text)], data: Value.parse(json: Array(data.utf8)), options: options)
  }

  private static func lines(
    _ text: String, _ detail: Explanation.Detail, query: String = "data.p.r", input: String = "{}",
    showsValues: Bool = false
  ) throws -> [String] {
    let engine = try engine(text)
    let observation = Observation(explaining: detail)
    _ = try engine.evaluate(
      engine.prepare(query: query), input: Value.parse(json: Array(input.utf8)), observation: observation)
    return try #require(observation.explanation).lines(showsValues: showsValues)
  }

  private static let policy = """
    package p

    r := x if {
      some x in input.xs
      not odd(x)
      trace(sprintf("found %d", [x]))
    }

    odd(n) if n % 2 == 1

    """

  @Test func everyEventInItsOrderAndDepth() throws {
    let lines = try Self.lines(Self.policy, .full, input: #"{"xs": [3, 4]}"#)
    #expect(
      lines == [
        "query:1  Enter data.p.r",
        "query:1  | Eval data.p.r",
        "p.rego:3 | Enter data.p.r",
        "p.rego:4 | | Eval some x in input.xs",
        "p.rego:5 | | Eval not odd(x)",
        "p.rego:9 | | Enter data.p.odd",
        "p.rego:9 | | | Eval n % 2 == 1",
        "p.rego:9 | | Exit data.p.odd",
        "p.rego:5 | | Fail not odd(x)",
        "p.rego:5 | | Eval not odd(x)",
        "p.rego:9 | | Enter data.p.odd",
        "p.rego:9 | | | Eval n % 2 == 1",
        "p.rego:9 | | | Fail n % 2 == 1",
        #"p.rego:6 | | Eval trace(sprintf("found %d", [x]))"#,
        #"p.rego:6 | | Note "found 4""#,
        "p.rego:3 | Exit data.p.r",
        "query:1  Exit data.p.r",
      ])
  }

  @Test func notesComeWithTheWayThere() throws {
    let lines = try Self.lines(Self.policy, .notes, input: #"{"xs": [3, 4]}"#)
    #expect(
      lines == ["query:1  Enter data.p.r", "p.rego:3 | Enter data.p.r", #"p.rego:6 | | Note "found 4""#])
  }

  @Test func failsShowTheValuesAtHand() throws {
    let lines = try Self.lines(Self.policy, .fails, input: #"{"xs": [3]}"#, showsValues: true)
    #expect(
      lines == [
        "query:1  Enter data.p.r",
        "p.rego:3 | Enter data.p.r",
        "p.rego:5 | | Fail not odd(x)",
        "         | |      x = 3",
        "         | |      odd(x) = true",
        "query:1  | Fail data.p.r",
      ])
  }

  /// The values shown beside a failed expression, as `name = value`.
  @Test(arguments: [
    ("r if { x := 1; y := x + 1; y == 3 }", ["x = 1", "y = 2"]),
    ("r if { input.a == 2 }", ["input.a = 1"]),
    ("r if { count(input.list) > 2 }", ["count(input.list) = 2", "input.list = [1, 2]"]),
    ("r if { [_, y] := input.list; y == 1 }", ["y = 2"]),
    ("r if { every x in input.list { x < 2 } }", ["x = 2"]),
    ("r if { f(input.a) }\n\nf(n) if { n > 1 }", ["n = 1"]),
    ("r if { not q with input as {} }\n\nq := 5", ["q = 5"]),
    // An operand with many values has none to show.
    ("r if { input.list[_] == 7 }", []),
  ])
  func values(_ rules: String, _ wanted: [String]) throws {
    let engine = try Self.engine("package p\n\n\(rules)\n")
    let observation = Observation(explaining: .fails)
    let input = try Value.parse(json: Array(#"{"a": 1, "list": [1, 2]}"#.utf8))
    _ = try engine.evaluate(engine.prepare(query: "data.p.r"), input: input, observation: observation)
    let fail = try #require(observation.explanation?.events.first { $0.operation == .fail })
    #expect(fail.valueLines.sorted() == wanted)
  }

  @Test func eventsAsJSON() throws {
    let engine = try Self.engine("package p\n\nr if {\n  x := 1\n  trace(\"hm\")\n  x == 2\n}\n")
    let observation = Observation(explaining: .notes)
    _ = try engine.evaluate(engine.prepare(query: "data.p.r"), input: nil, observation: observation)
    let note = try #require(observation.explanation?.value.asArray?.last)
    #expect(
      note.json()
        == #"{"depth":2,"locals":{"x":1},"location":{"col":3,"file":"p.rego","row":5},"message":"hm","node":"trace(\"hm\")","op":"note"}"#
    )
  }

  @Test func printedLinesAndBuiltinErrorsNeedNoObservedPlan() throws {
    let engine = try Self.engine(
      "package p\n\nr if {\n  print(\"x is\", input.x, data.none)\n  1 / input.zero\n}\n", isObserved: false)
    let observation = Observation()
    let input = try Value.parse(json: Array(#"{"x": [1], "zero": 0}"#.utf8))
    let result = try engine.evaluate(engine.prepare(query: "data.p.r"), input: input, observation: observation)
    #expect(result.isEmpty)
    #expect(observation.printed == ["x is [1] <undefined>"])
    #expect(observation.builtinErrors.map(\.description) == ["p.rego:5: eval_builtin_error: div: divide by zero"])
  }

  @Test func profileCountsEachLine() throws {
    let engine = try Self.engine(
      "package p\n\nr if {\n  some x in [1, 2, 3]\n  x > 1; x > 2\n}\n")
    let observation = Observation(profile: true)
    _ = try engine.evaluate(engine.prepare(query: "data.p.r"), input: nil, observation: observation)
    let profile = try #require(observation.profile)
    let lines = profile.lines(by: [.evaluations]).filter { $0.location.file == "p.rego" }
    #expect(lines.map { "\($0.location.row): \($0.evaluations) of \($0.expressions)" } == ["5: 5 of 2", "4: 1 of 1"])
    #expect(lines.allSatisfy { $0.time > .zero })
    #expect(profile.lines(by: [.line, .file]).map(\.location.row) == [5, 4, 1])
  }

  @Test func anExplanationHasAnEnd() throws {
    let engine = try Self.engine(
      "package p\n\nr := count([1 | some x in numbers.range(1, 60000); x > 0; x < 60001])\n")
    let observation = Observation(explaining: .full)
    _ = try engine.evaluate(engine.prepare(query: "data.p.r"), input: nil, observation: observation)
    let explanation = try #require(observation.explanation)
    #expect(explanation.isCut && explanation.events.count == Explanation.limit)
    #expect(explanation.lines(showsValues: false).last?.contains("100000 events") == true)
  }
}
