import TestSupport
import Testing

@testable import RegoLite

/// No policy makes a value so deep that walking or releasing it takes more stack than a small thread has.
@Suite struct CheckNestingTests {
  struct Policy: CustomTestStringConvertible, Sendable {
    var name: String
    var text: String
    var testDescription: String { name }
  }

  private static func lines(_ count: Int, _ line: (Int) -> String) -> String {
    (0..<count).map { line($0) + "\n" }.joined()
  }

  static let tooDeep: [Policy] = [
    Policy(
      name: "arrays in a body", text: "p := x2000 if {\n\tx0 := 1\n" + lines(2000) { "\tx\($0 + 1) := [x\($0)]" } + "}"),
    Policy(
      name: "sets in a body", text: "p := x2000 if {\n\tx0 := 1\n" + lines(2000) { "\tx\($0 + 1) := {x\($0)}" } + "}"),
    Policy(
      name: "comprehensions",
      text: "p := x2000 if {\n\tx0 := 1\n" + lines(2000) { "\tx\($0 + 1) := [y | y := x\($0)]" } + "}"),
    Policy(name: "rules", text: "x0 := 1\n" + lines(2000) { "x\($0 + 1) := {\"a\": x\($0)}" } + "p := x2000"),
    Policy(
      name: "sets of rules", text: "x0 contains 1\n" + lines(2000) { "x\($0 + 1) contains x\($0)" } + "p := x2000"),
    Policy(
      name: "functions", text: "f0(x) := [x]\n" + lines(18) { "f\($0 + 1)(x) := f\($0)(f\($0)(x))" } + "p := f18(1)"),
    Policy(
      name: "modified input",
      text: "x0 := input\n" + lines(2000) { "x\($0 + 1) := y if y := x\($0) with input as [input]" } + "p := x2000"),
  ]

  @Test(arguments: tooDeep)
  func isRefused(_ policy: Policy) {
    let result = Self.decide(policy.text)
    #expect(result.contains("rego_compile_error: values may nest more than 356 levels deep"), "\(result.prefix(200))")
  }

  static let fine: [Policy] = [
    Policy(
      name: "300 levels over a scalar",
      text: "p := x300 if {\n\tx0 := 1\n" + lines(300) { "\tx\($0 + 1) := [x\($0)]" } + "}"),
    Policy(
      name: "a state that is taken apart and put together",
      text: "p := x2000 if {\n\tx0 := [1, input]\n" + lines(2000) { "\tx\($0 + 1) := [x\($0)[1], x\($0)[0]]" } + "}"),
    Policy(
      name: "patterns", text: "x0 := [1]\n" + lines(2000) { "x\($0 + 1) := [y] if [y] = x\($0)" } + "p := x2000"),
    Policy(
      name: "collections that grow",
      text: "p := x2000 if {\n\tx0 := [input]\n" + lines(2000) { "\tx\($0 + 1) := array.concat(x\($0), [\($0)])" } + "}"
    ),
  ]

  @Test(arguments: fine)
  func isAccepted(_ policy: Policy) {
    let result = Self.decide(policy.text)
    #expect(result == "a value" || result == "eval_cancel_error: depth budget exhausted", "\(result.prefix(200))")
  }

  @Test func patchesDoNotNestWithoutEnd() {
    let text = #"""
      p := json.patch({}, [{"op": "copy", "from": "", "path": "/a"} | some i in numbers.range(1, 4000)])
      """#
    #expect(Self.decide(text) == "p.rego:3: eval_cancel_error: document nests too deeply")
  }

  /// Also prints, compares and hashes the value, on a thread with 512 kB of stack.
  private static func decide(_ policy: String) -> String {
    let result = onSmallStack { () -> String in
      do {
        let engine = try PolicyEngine(
          modules: [.init(file: "p.rego", text: "package t\n\n" + policy)], data: .emptyObject)
        let value = try engine.decide(["t", "p"], input: ["a": 1], budget: .interactive)
        let again = try engine.decide(["t", "p"], input: ["a": 1], budget: .interactive)
        guard let value, let again else { return "undefined" }
        return value == again && value.hashValue == again.hashValue && "\(value)" == "\(again)" ? "a value" : "differs"
      } catch {
        return "\(error)"
      }
    }
    return result ?? "no thread"
  }
}
