import TestSupport
import Testing

@testable import RegoLite

/// Policies that are long in every direction: each gives its result or a clear error, also where there is little stack.
@Suite struct DepthTests {
  struct Policy: CustomTestStringConvertible, Sendable {
    var name: String
    var text: String
    /// On a thread with 64 MB of stack, where a debug build has room too.
    var wanted: Value
    var testDescription: String { name }
  }

  static let policies: [Policy] = [
    Policy(
      name: "a chain of 2,000 rules",
      text: lines(2000) { "r\($0) := x if x := r\($0 + 1)" } + "r2000 := 1\np := r0\n", wanted: 1),
    Policy(
      name: "a chain of 2,000 functions",
      text: lines(2000) { "f\($0)(x) := f\($0 + 1)(x)" } + "f2000(x) := x\np := f0(1)\n", wanted: 1),
    Policy(
      name: "2,000 else branches",
      text: "p := 0 if input.x == 0\n" + lines(2000) { "else := \($0) if input.x == \($0)" }, wanted: 1999),
    Policy(
      name: "a body of 2,000 expressions in reverse order",
      text: "p if {\n" + lines(2000) { "\tx\($0) = x\($0 + 1) + 1" } + "\tx2000 = 1\n}\n", wanted: true),
    Policy(
      name: "2,000 loops inside each other", text: "p if {\n" + lines(2000) { "\tsome x\($0) in [1]" } + "}\n",
      wanted: true),
    Policy(
      name: "2,000 rules of one name", text: lines(2000) { "p := \($0) if input.x == \($0)" }, wanted: 1999),
    Policy(
      name: "500 modified expressions",
      text: "q := 1\np if {\n" + lines(500) { "\tq == 1 with input.a as \($0)" } + "}\n", wanted: true),
  ]

  private static func lines(_ count: Int, _ line: (Int) -> String) -> String {
    (0..<count).map { line($0) + "\n" }.joined()
  }

  @Test(arguments: policies)
  func worksWithEnoughStack(_ policy: Policy) {
    #expect(Self.decide(policy, stack: 64 << 20) == "\(policy.wanted)")
  }

  @Test(arguments: policies)
  func endsClearlyWithLittle(_ policy: Policy) {
    let result = Self.decide(policy, stack: 512 << 10)
    #expect(result == "\(policy.wanted)" || result == "eval_cancel_error: depth budget exhausted")
  }

  @Test func aCircleOfRulesIsReported() {
    let policy = Policy(name: "", text: Self.lines(2000) { "r\($0) := r\(($0 + 1) % 2000)" }, wanted: .null)
    #expect(Self.decide(policy, stack: 512 << 10).contains("rego_recursion_error: rule data.t.r0 is recursive"))
  }

  /// The value of `data.t.p`, or the error, on a thread of its own, which also releases the engine.
  private static func decide(_ policy: Policy, stack: Int) -> String {
    let text = "package t\n\n" + policy.text
    let result = onSmallStack(bytes: stack) { () -> String in
      do {
        let engine = try PolicyEngine(modules: [.init(file: "p.rego", text: text)], data: .emptyObject)
        let value = try engine.decide(["t", "p"], input: ["x": 1999], budget: .interactive)
        return value.map { "\($0)" } ?? "undefined"
      } catch {
        return "\(error)"
      }
    }
    return result ?? "no thread"
  }
}
