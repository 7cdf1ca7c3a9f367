import StrictJSON
import Testing

@testable import RegoLite

/// What the machine decides, and that it is what the evaluator does.
struct DecisionsTests {
  private func engine(_ text: String, data: Value = [:], optimizes: Bool = true) throws -> PolicyEngine {
    var options = PolicyEngine.Options()
    options.optimizes = optimizes
    return try PolicyEngine(modules: [.init(file: "p.rego", text: "package p\n" + text)], data: data, options: options)
  }

  private func decide(
    _ engine: PolicyEngine, _ input: String, budget: EvaluationBudget = .standard
  ) throws -> String? {
    let document = engine.prepare(document: ["p", "d"], compiling: true)
    var output: [UInt8] = []
    let holds = try Array(input.utf8).withUnsafeBufferPointer {
      try engine.decide(document, json: $0, budget: budget, into: &output)
    }
    let value = try Array(input.utf8).withUnsafeBufferPointer { try engine.decide(document, json: $0, budget: budget) }
    #expect(value.map { $0.json() } == (holds ? String(decoding: output, as: UTF8.self) : nil))
    if let read = Array(input.utf8).withUnsafeBufferPointer({ engine.read($0, for: document) }) {
      #expect(try engine.decide(document, input: read, budget: budget) == value)
    }
    return holds ? String(decoding: output, as: UTF8.self) : nil
  }

  /// Policies and inputs; what they give is left to the evaluator to say.
  private static let policies: [(text: String, inputs: [String])] = [
    ("d := input.a", [#"{"a":1.0}"#, #"{"a":"\u00e9 <"}"#, #"{"a":[1,{"b":null}]}"#, "{}", "1"]),
    ("d if input.a == \"é\"", [#"{"a":"é"}"#, #"{"a":"\u00e9"}"#, #"{"a":"e\u0301"}"#]),
    (
      "d if input.a == 1", [#"{"a":1}"#, #"{"a":1.0}"#, #"{"a":10e-1}"#, #"{"a":"1"}"#, #"{"a":12345678901234567890}"#]
    ),
    ("d := x if { some x in input.a; x > 1 }", [#"{"a":[0,2,2]}"#, #"{"a":{"k":5}}"#, #"{"a":"b"}"#, #"{"a":[]}"#]),
    (
      "d if every k, x in input.a { x > k }",
      [#"{"a":[1,2]}"#, #"{"a":[]}"#, #"{"a":[1,1]}"#, #"{"a":3}"#, #"{"a":{}}"#]
    ),
    ("d contains x if { some x in input.a; not x in data.no }", [#"{"a":["a","b","c"]}"#, #"{"a":["b"]}"#]),
    ("d[k] := v if some k, v in input.a", [#"{"a":{"x":1,"y":[2]}}"#, #"{"a":["p"]}"#]),
    ("d := data.map[input.a]", [#"{"a":"x"}"#, #"{"a":"k17"}"#, #"{"a":3}"#, #"{"a":null}"#, #"{"a":{}}"#]),
    (
      "d := {\"n\": count(input.a), \"l\": lower(input.b), \"s\": input.c + 1}",
      [
        #"{"a":[1,[2]],"b":"AbÇ","c":9223372036854775807}"#, #"{"a":"äß","b":"abc","c":1.5}"#,
        #"{"a":1,"b":"x","c":1}"#,
      ]
    ),
    (
      "d := net.cidr_contains(input.a, input.b)",
      [
        #"{"a":"10.0.0.0/8","b":"10.1.2.3"}"#, #"{"a":"10.0.0.0/8","b":"11.1.2.3"}"#,
        #"{"a":"0.0.0.0/0","b":"11.1.2.3"}"#,
        #"{"a":"10.0.0.0/8","b":"10.1.0.0/16"}"#, #"{"a":"10.0.0.0/33","b":"10.1.2.3"}"#, #"{"a":"::/0","b":"::1"}"#,
        #"{"a":"10.0.0.0/8","b":"10.01.2.3"}"#,
      ]
    ),
    (
      "d := [startswith(input.a, input.b), endswith(input.a, input.b), contains(input.a, input.b)]",
      [
        #"{"a":"abcab","b":"ab"}"#, #"{"a":"ab","b":""}"#, #"{"a":"a","b":"abc"}"#, #"{"a":"\u0061b","b":"b"}"#,
        #"{"a":1,"b":"b"}"#,
      ]
    ),
    (
      "d := f(input.a)\nf(x) := \"one\" if x == 1\nf(x) := \"text\" if is_string(x)\nf([x]) := x",
      [#"{"a":1}"#, #"{"a":"1"}"#, #"{"a":[[7]]}"#]
    ),
    ("d := {x | some x in split(input.a, \",\")} - {\"b\"}", [#"{"a":"a,b,c"}"#, #"{"a":""}"#]),
    (
      "default d := 0\nd := 1 if input.a\nelse := 2 if input.b",
      [#"{"a":true}"#, #"{"b":1}"#, "{}", #"{"a":false,"b":false}"#]
    ),
    (
      "d if { input.a in {\"x\", 3, null}; input.b in [true, {\"y\": 1}] }",
      [#"{"a":"x","b":true}"#, #"{"a":3.0,"b":{"y":1}}"#, #"{"a":null,"b":1}"#, #"{"a":["x"],"b":true}"#]
    ),
    ("d if input.a.b.c", [#"{"a":{"b":{"c":0}}}"#, #"{"a":{"b":{"c":false}}}"#, #"{"a":{"b":{"c":1},"b":{}}}"#]),
    (
      "d := input.a[input.i]",
      [#"{"a":[5,6],"i":1}"#, #"{"a":[5,6],"i":-1}"#, #"{"a":{"k":1,"k":2},"i":"k"}"#, #"{"a":{"\u006b":1},"i":"k"}"#]
    ),
    ("d := r.b\nr[k] := v if some k, v in input", [#"{"b":2}"#, #"{"a":2}"#]),
    ("d := walk_count\nwalk_count := count([1 | walk(input, [_, 1])])", [#"{"a":[1,{"b":1}]}"#]),
  ]

  @Test(arguments: policies.indices) func decidesAsTheEvaluatorDoes(_ index: Int) throws {
    let data: Value = [
      "no": ["b"], "map": .object(ObjectValue((0..<40).map { (.string(Text("k\($0)")), .int($0)) } + [("x", "found")])),
    ]
    let (text, inputs) = Self.policies[index]
    let (compiled, plain) = (try engine(text, data: data), try engine(text, data: data, optimizes: false))
    #expect(compiled.prepare(document: ["p", "d"], compiling: true).isCompiled)
    #expect(!plain.prepare(document: ["p", "d"], compiling: true).isCompiled)
    for input in inputs { #expect(try decide(compiled, input) == decide(plain, input), "\(input)") }
  }

  @Test func findsTheOneAmongManyDefinitions() throws {
    let rules = (0..<300).map { "d if { input.a == \"k\($0)\"; input.b == \($0 % 7) }" } + ["d if input.c"]
    let engine = try engine(rules.joined(separator: "\n"))
    #expect(try decide(engine, #"{"a":"k250","b":5}"#) == "true")
    #expect(try decide(engine, #"{"a":"k250","b":4}"#) == nil)
    #expect(try decide(engine, #"{"a":"k250","b":4,"c":1}"#) == "true")
    #expect(try decide(engine, #"{"a":"\u006b250","b":5}"#) == "true")
    #expect(try decide(engine, #"{"a":"other","b":5}"#) == nil)
    #expect(try decide(engine, #"{"b":5,"c":true}"#) == "true")
  }

  @Test func definitionsThatDisagreeAreAConflict() throws {
    let rules = (0..<20).map { "d := \($0) if input.a == \"k\($0 / 2)\"" }
    let engine = try engine(rules.joined(separator: "\n"))
    let error = #expect(throws: PolicyEngine.DecisionFault.self) { try decide(engine, #"{"a":"k3"}"#) }
    guard case .evaluation(let fault)? = error else {
      Issue.record("no error of the evaluation")
      return
    }
    #expect(fault.code == .conflict)
    #expect(fault.location?.row == 9)
  }

  @Test func budgetsEndADecision() throws {
    let engine = try engine("d := count([1 | some x in input.a; some y in input.a; x == y])")
    let input = "{\"a\":[\((0..<200).map(String.init).joined(separator: ","))]}"
    #expect(try decide(engine, input) == "200")
    for budget in [
      EvaluationBudget(steps: 1_000, time: nil), .init(steps: .max, time: .zero),
      .init(steps: .max, time: nil, stackBytes: 1),
    ] {
      let error = #expect(throws: PolicyEngine.DecisionFault.self) { try decide(engine, input, budget: budget) }
      guard case .evaluation(let fault)? = error else {
        Issue.record("no error of the evaluation")
        return
      }
      #expect(fault.code == .cancelled)
    }
  }

  @Test func inputsThatAreNoJSONAreNamedByPlace() throws {
    let engine = try engine("d := input.a")
    let error = #expect(throws: PolicyEngine.DecisionFault.self) { try decide(engine, "{\"a\":\n  x}") }
    guard case .input(let fault)? = error else {
      Issue.record("no error of the input")
      return
    }
    #expect(fault.line == 2 && fault.column == 3)
  }

  @Test func threadsDecideAtOnce() async throws {
    let engine = try engine("d := {\"x\": lower(input.a), \"n\": [x | some x in input.b]}")
    let document = engine.prepare(document: ["p", "d"], compiling: true)
    await withTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          (0..<500).allSatisfy { round in
            let text = Array("{\"a\":\"T\(task)\",\"b\":[\(round)]}".utf8)
            let value = text.withUnsafeBufferPointer { try? engine.decide(document, json: $0) }
            return value == .some(["x": .string(Text("t\(task)")), "n": [.int(round)]])
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }
}
