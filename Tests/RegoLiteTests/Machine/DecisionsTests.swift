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
      let outcome = try engine.outcome(of: document, input: read, budget: budget)
      switch outcome {
      case .undefined: #expect(value == nil)
      case .constant(let number): #expect(engine.constant(number, of: document) == value)
      case .value(let other): #expect(other == value)
      }
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
    (
      "d := \"none\" if { not input.a; not input.b }\nelse := \"both\" if { not not_both }\nelse := \"one\"\nnot_both if not input.a\nnot_both if not input.b",
      ["{}", #"{"a":1}"#, #"{"b":[]}"#, #"{"a":1,"b":false}"#, #"{"a":1,"b":2}"#]
    ),
    (
      "d := x if { some x in input.a; x > 2 } else := y if { some y in input.b; y != 1 } else := -1",
      [#"{"a":[1,3]}"#, #"{"a":[1],"b":[1,2]}"#, #"{"a":[],"b":[1]}"#, #"{"b":{"x":5}}"#, #"{"a":[3,3]}"#]
    ),
    (
      "d := \"read\" if { some f in {\"/a/\", \"/b/\"}; startswith(input.p, f); ok } else := \"other\" if ok\nok if { some x in input.x; x == 1 }\nok if input.y",
      [#"{"p":"/a/b","x":[2,1]}"#, #"{"p":"/b/","y":1}"#, #"{"p":"/c/","y":1}"#, #"{"p":7,"x":[1]}"#, #"{"p":"/a/"}"#]
    ),
    (
      #"d if { regex.match(`^[a-z]+\.example$`, input.a); not regex.match(input.b, "x"); regex.match("\\Bb", input.c) }"#,
      [
        #"{"a":"abc.example","b":"y","c":"ab"}"#, #"{"a":"abc.example","b":"(","c":"ab"}"#,
        #"{"a":"\u0061.example","b":"y","c":"ab"}"#, #"{"a":1,"b":"y","c":"ab"}"#,
        #"{"a":"é.example","b":"y","c":"b"}"#,
      ]
    ),
    (
      #"d if { glob.match("*.example.com", ["."], input.a); glob.match("{a,b}*", [], input.b); glob.match(input.c, null, "x/y") }"#,
      [
        #"{"a":"w.example.com","b":"bee","c":"x*"}"#, #"{"a":"w.w.example.com","b":"bee","c":"x*"}"#,
        #"{"a":"w.example.com","b":"","c":"x*"}"#, #"{"a":"\u0077.example.com","b":"a","c":"x/?"}"#,
        #"{"a":null,"b":"a","c":"x/?"}"#,
      ]
    ),
    (
      "d := {\"v\": v} if { v := f(input.a, input.b) }\nf(x, y) := x + y if { x > 0; y > 0 }\nf(x, y) := z if { some z in [x, y]; z < 0 }\ndefault f(_, _) := 0",
      [#"{"a":1,"b":2}"#, #"{"a":-1,"b":2}"#, #"{"a":0,"b":0}"#, #"{"a":"x","b":2}"#, #"{"a":1}"#]
    ),
    (
      "d if { input.a in names; not input.b in {lower(x) | some x in [\"A\", \"B\"]}; every n in names { n != \"\" } }\nnames contains n if { some k, _ in data.map; n := upper(k) }",
      [#"{"a":"K3","b":"c"}"#, #"{"a":"K3","b":"a"}"#, #"{"a":"k3","b":"c"}"#, #"{"a":"X"}"#]
    ),
    ("d := f(3) + input.a\nf(x) := 1 / (x - 3)", [#"{"a":1}"#]),
    ("d := f(3) + input.a\nf(x) := x * count(data.map)", [#"{"a":1}"#, #"{"a":"1"}"#, "{}"]),
    ("d := [input.a, time.now_ns() > 0, r]\nr := concat(\"\", [\"a\", \"b\"])", [#"{"a":1}"#]),
    ("d := data.map", ["{}"]),
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

  /// Definitions that a table finds, by what they ask for.
  private static let asked: [String] = [
    #"input.a == "k$"; input.b == "l%""#, #"input.a in {"k$", "l$", $}"#, #"startswith(input.a, "/p$/")"#,
    #"startswith(input.a, "/%/"); startswith(input.a, "/%/$")"#, #"glob.match("/p$/*", ["/"], input.a)"#,
    #"input.n > $; input.a == "k%"; input.b in ["l$", "k$"]"#, "input.c.d[$]",
  ]

  @Test(arguments: asked.indices) func tablesLeaveTheRightDefinitions(_ index: Int) throws {
    let own = Self.asked[index]
    func rules(_ head: String) -> String {
      (0..<120).map { number in
        // Some ask for something else.
        let text = number % 11 == 0 ? Self.asked[(index + 1) % Self.asked.count] : own
        let body = text.replacing("$", with: "\(number)").replacing("%", with: "\(number % 5)")
        return "\(head.replacing("$", with: "\(number)")) if { \(body) }"
      }.joined(separator: "\n")
    }
    let text =
      "d := {\"allow\": allow, \"names\": names}\ndefault allow := false\n" + rules("allow") + "\n"
      + rules("names contains \"n$\"")
    let (compiled, plain) = (try engine(text), try engine(text, optimizes: false))
    for number in [0, 3, 11, 44, 77, 119, 500] {
      for input in [
        #"{"a":"k$","b":"l%","n":$}"#, #"{"a":"k%","b":"k$","n":1000}"#, #"{"a":"/p$/x","b":"l$"}"#, #"{"a":"/%/$/x"}"#,
        #"{"a":$,"b":1.0,"n":4}"#, #"{"a":"\u006b$","b":"l%"}"#, #"{"a":[],"b":"l%","n":$}"#,
        #"{"a":"","c":{"d":[1,1,1,1]}}"#,
        "{}",
      ] {
        let text = input.replacing("$", with: "\(number)").replacing("%", with: "\(number % 5)")
        #expect(try decide(compiled, text) == decide(plain, text), "\(text)")
      }
    }
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

  /// Written out, they would have more parts than any memory.
  @Test func valuesOfSharedPartsAreNotWrittenOut() throws {
    let rules = (1...30).map { "v\($0) := [v\($0 - 1), v\($0 - 1), {v\($0 - 1)}]" }.joined(separator: "\n")
    let body = (1...30).map { "w\($0) := [w\($0 - 1), {\"k\": w\($0 - 1)}]" }.joined(separator: "\n")
    let engine = try engine(
      "d := [input.a, count(v30), n]\nv0 := 1\n\(rules)\nn := x if {\nw0 := 1\n\(body)\nx := count(w30)\n}")
    let found = try decide(engine, #"{"a":1}"#)
    #expect(found == "[1,3,2]", "\(found ?? "undefined")")
  }

  /// Each of them in the place of its name would be 5^12 of the last.
  @Test func rulesThatNameOthersOftenAreRunOnce() throws {
    let rules = (0..<12).map { number in
      "r\(number) if {\n" + String(repeating: "r\(number + 1)\n", count: 5) + "}"
    }
    let engine = try engine("d if r0\nr12 if input.a\n" + rules.joined(separator: "\n"))
    #expect(try decide(engine, #"{"a":1}"#) == "true")
    #expect(try decide(engine, "{}") == nil)
    let document = engine.prepare(document: ["p", "d"], compiling: true)
    #expect(try #require(document.compiledBytes) < 100_000)
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
