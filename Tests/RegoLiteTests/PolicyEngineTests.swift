import Testing

@testable import RegoLite

@Suite struct PolicyEngineTests {
  private func engine(_ text: String, data: Value = .emptyObject) throws -> PolicyEngine {
    try PolicyEngine(modules: [.init(file: "p.rego", text: "package t\n\n" + text + "\n")], data: data)
  }

  @Test func decidesADocument() throws {
    let engine = try engine("p := input.x + data.base\nq if input.x > 10", data: ["base": 1])
    let document = engine.prepare(document: ["t", "p"])
    #expect(try engine.decide(document, input: ["x": 1]) == 2)
    #expect(try engine.decide(document, input: ["x": 2]) == 3)
    #expect(try engine.decide(document, input: nil) == nil)
    #expect(try engine.decide(["t", "q"], input: ["x": 1]) == nil)
    #expect(try engine.decide(["t"], input: ["x": 11]) == ["p": 12, "q": true])
    #expect(try engine.decide(["base"], input: nil) == 1)
    #expect(engine.hasDocument(at: ["t", "p"]) && engine.hasDocument(at: ["base"]))
    #expect(!engine.hasDocument(at: ["t", "zz"]))
  }

  struct Match: Sendable {
    var rules: String
    var input: Value
    /// `row:column` of each.
    var places: [String]
  }

  @Test(arguments: [
    Match(rules: "p := 1 if input.a\np := 2 if input.b", input: ["b": true], places: ["4:1"]),
    Match(rules: "p := 1 if input.a\nelse := 2 if input.b\nelse := 3", input: ["a": true], places: ["3:1"]),
    Match(rules: "p := 1 if input.a\nelse := 2 if input.b\nelse := 3", input: ["b": true], places: ["4:1"]),
    Match(rules: "p := 1 if input.a\nelse := 2 if input.b\nelse := 3", input: [:], places: ["5:1"]),
    Match(rules: "default p := 0\n\np := 1 if input.a", input: [:], places: ["3:1"]),
    Match(rules: "default p := 0\n\np := 1 if input.a", input: ["a": 1], places: ["5:1"]),
    Match(rules: "p contains 1\np contains 2 if input.a\np contains 3", input: [:], places: ["3:1", "5:1"]),
    Match(rules: "p.a := 1\np[k] := 2 if k := input.k", input: ["k": "b"], places: ["3:1", "4:1"]),
    Match(rules: "p := 1 if input.a", input: [:], places: []),
  ])
  func namesTheDefinitionThatDecided(_ match: Match) throws {
    var rules: [RuleMatch] = []
    _ = try engine(match.rules).decide(["t", "p"], input: match.input, rules: &rules)
    #expect(rules.map { "\($0.row):\($0.column)" } == match.places)
    #expect(rules.allSatisfy { $0.file == "p.rego" && $0.path.hasPrefix("data.t.p") })
  }

  @Test func queryResultsAreOPAs() throws {
    let engine = try engine("p contains 1\np contains 2")
    let results = try engine.evaluate(engine.prepare(query: "x = data.t.p[_]; x > 1"), input: nil)
    #expect(results.count == 1)
    let expressions = try #require(results.first).expressions
    #expect(expressions.map(\.text) == ["x = data.t.p[_]", "x > 1"])
    #expect(expressions.map(\.value) == [true, true])
    #expect(expressions.map { "\($0.row):\($0.column)" } == ["1:1", "1:18"])
    #expect(results.first?.bindings.map(\.name) == ["x"])
    #expect(results.first?.bindings.map(\.value) == [2])
    let falsehood = try engine.evaluate(engine.prepare(query: "1 == 2"), input: nil)
    #expect(falsehood.map { $0.expressions.map(\.value) } == [[false]])
    #expect(falsehood.first?.bindings.isEmpty == true)
    #expect(try engine.evaluate(engine.prepare(query: "data.t.nothing"), input: nil).isEmpty)
  }

  @Test func queriesReportTheirErrors() throws {
    let engine = try engine("p := 1")
    for (query, code) in [
      ("x >", "rego_parse_error"), ("x > 1", "rego_unsafe_var_error"), ("nope(1)", "rego_type_error"),
      ("x := 1; x := 2", "rego_compile_error"), ("", "rego_parse_error"), ("# nothing", "rego_parse_error"),
    ] {
      let error = #expect(throws: PolicyErrors.self) { try engine.prepare(query: query) }
      #expect(error?.errors.first?.code == code)
    }
  }

  @Test(arguments: [
    (PolicyEngine.QueryContext(package: "t"), "p", 1), (.init(package: "t"), "f(3)", 4),
    (.init(imports: ["data.t"]), "t.p", 1), (.init(imports: ["data.t.f as g"]), "g(1)", 2),
    (.init(package: "t", imports: ["input.a as p2"]), "p + p2", 8),
  ])
  func queriesMayStandInAPackage(_ context: PolicyEngine.QueryContext, _ query: String, _ value: Int) throws {
    let engine = try engine("p := 1\nf(x) := x + 1")
    let results = try engine.evaluate(engine.prepare(query: query, in: context), input: ["a": 7])
    #expect(results.map { $0.expressions.map(\.value) } == [[.int(value)]])
    #expect(throws: PolicyErrors.self) { try engine.prepare(query: query) }
  }

  @Test func modulesMayHaveVersionsOfTheirOwn() throws {
    let old = PolicyEngine.ModuleSource(file: "old.rego", text: "package old\n\np[x] { x := 1 }\n", version: .v0)
    let new = PolicyEngine.ModuleSource(file: "new.rego", text: "package new\n\np if data.old.p[1]\n")
    let engine = try PolicyEngine(modules: [old, new], data: .emptyObject)
    #expect(try engine.decide(["new", "p"], input: nil) == true)
    #expect(throws: PolicyErrors.self) {
      try PolicyEngine(modules: [old, new].map { .init(file: $0.file, text: $0.text) }, data: .emptyObject)
    }
  }

  @Test func conflictsNameTheirLine() throws {
    let engine = try engine("p := 1\np := 2 if input.a")
    let error = #expect(throws: EvaluationError.self) { try engine.decide(["t", "p"], input: ["a": true]) }
    #expect(
      error?.description == "p.rego:4: eval_conflict_error: complete rules must not produce multiple outputs")
  }

  @Test func builtinErrorsAreUndefinedUnlessStrict() throws {
    let module = PolicyEngine.ModuleSource(file: "p.rego", text: "package t\n\np := 1 / input.n\n")
    let lenient = try PolicyEngine(modules: [module], data: .emptyObject)
    #expect(try lenient.decide(["t", "p"], input: ["n": 0]) == nil)
    let strict = try PolicyEngine(modules: [module], data: .emptyObject, options: .init(strictBuiltinErrors: true))
    let error = #expect(throws: EvaluationError.self) { try strict.decide(["t", "p"], input: ["n": 0]) }
    #expect(error?.description == "p.rego:3: eval_builtin_error: div: divide by zero")
    let observation = Observation()
    let query = try lenient.prepare(query: "x := [data.t.p, 1][_]; to_number(\"a\")")
    #expect(try lenient.evaluate(query, input: ["n": 0], observation: observation).isEmpty)
    #expect(observation.builtinErrors.map(\.message) == ["div: divide by zero"])
  }

  @Test func budgetsEndAnEvaluation() throws {
    let engine = try engine(
      "p if {\n\tsome a in numbers.range(1, 1000)\n\tsome b in numbers.range(1, 1000)\n\ta + b < 0\n}")
    for (budget, message) in [
      (EvaluationBudget(steps: 10_000, time: nil), "step budget exhausted"),
      (EvaluationBudget(steps: .max, time: .milliseconds(1)), "time budget exhausted"),
    ] {
      let error = #expect(throws: EvaluationError.self) { try engine.decide(["t", "p"], input: nil, budget: budget) }
      #expect(error?.code == .cancelled)
      #expect(error?.message == message)
    }
  }
}
