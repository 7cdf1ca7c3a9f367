import Testing

@testable import RegoLite

@Suite struct UnsupportedBuiltinsTests {
  private static let mocked = """
    package t

    allow if http.send({"method": "get", "url": "http://localhost"}).status_code == 200

    unknown if http.send({"method": "get", "url": "http://localhost", "a": 1})

    mocked if allow with http.send as {"status_code": 200}
    """

  private func engine(_ text: String, _ options: PolicyEngine.Options = .init()) throws(PolicyErrors) -> PolicyEngine {
    try PolicyEngine(modules: [.init(file: "p.rego", text: text)], data: .emptyObject, options: options)
  }

  @Test(arguments: Builtins.Unsupported.rows.map(\.name.string))
  func callsAreRefused(_ name: String) throws {
    let arguments = Array(repeating: "input", count: Builtins.all[Text(name)]?.arguments.count ?? 0)
    let error = #expect(throws: PolicyErrors.self) {
      try engine("package t\n\np := \(name)(\(arguments.joined(separator: ", ")))")
    }
    #expect(error?.errors.map(\.message) == ["\(name) is not supported yet"])
  }

  @Test func replacedOnesCompile() throws {
    let engine = try engine(Self.mocked)
    #expect(try engine.decide(["t", "mocked"], input: nil) == true)
    // What the replacement doesn't reach ends the evaluation, whether builtins' errors are strict or not.
    let error = #expect(throws: EvaluationError.self) { try engine.decide(["t", "allow"], input: nil) }
    #expect(error?.description == "p.rego:3: eval_builtin_error: http.send: not supported yet")
    #expect(try engine.decide(["t", "unknown"], input: nil) == nil)
  }

  @Test func oneReplacedDoesNotExcuseAnother() {
    let text = Self.mocked + "\nother if rego.parse_module(\"a\", \"b\")"
    let error = #expect(throws: PolicyErrors.self) { try engine(text) }
    #expect(error?.errors.map(\.message) == ["rego.parse_module is not supported yet"])
  }

  @Test func queriesAreChecked() throws {
    let engine = try engine("package t\n\np := 1")
    #expect(throws: PolicyErrors.self) { try engine.prepare(query: "http.send({})") }
    let query = try engine.prepare(query: "x := http.send({}) with http.send as 1")
    #expect(try engine.evaluate(query, input: nil).map(\.bindings.first?.value) == [1])
  }

  /// What the request is checked for before it would be sent.
  @Test(arguments: [
    (["method": "get"] as Value, "operand 1 missing required request parameters(s): {\"url\"}"),
    (["b": 1, "a": 1] as Value, "operand 1 invalid request parameters(s): {\"a\", \"b\"}"),
    ("x" as Value, "operand 1 must be object but got string"),
    (["method": "get", "url": "x"] as Value, "not supported yet"),
  ])
  func requestsAreChecked(_ request: Value, _ message: String) {
    var context = BuiltinContext.forTests()
    let error = #expect(throws: BuiltinError.self) { try BuiltinCase.call("http.send", [request], &context) }
    #expect(error?.message == message)
  }
}
