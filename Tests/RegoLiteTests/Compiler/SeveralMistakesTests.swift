import Testing

@testable import RegoLite

/// One run shows all of a policy's mistakes, each at its place.
@Suite struct SeveralMistakesTests {
  struct Policy: CustomTestStringConvertible, Sendable {
    var name: String
    var text: String
    /// `row:column code`
    var wanted: [String]
    var testDescription: String { name }
  }

  static let policies: [Policy] = [
    Policy(
      name: "three that don't parse", text: "a := := 1\n\nb if {\n\tinput.x ==\n}\n\nc := )\n\nd := 4",
      wanted: ["3:6 rego_parse_error", "7:1 rego_parse_error", "9:6 rego_parse_error"]),
    Policy(
      name: "unfinished statements, one after the other", text: "a := \"abc\n\nb := 1 +\n\nc := {\"a\": }\n\nd := 1",
      wanted: ["3:6 rego_parse_error", "7:3 rego_parse_error", "7:12 rego_parse_error"]),
    Policy(
      name: "an unsafe variable, a wrong type, an unknown function",
      text: "a if {\n\tinput.x == y\n}\n\nb := 1 + \"x\"\n\nc if {\n\tnosuch(input.x)\n}",
      wanted: ["4:2 rego_unsafe_var_error", "7:6 rego_type_error", "10:2 rego_type_error"]),
    Policy(
      name: "a conflict, a recursion, an unsafe variable",
      text: "a := 1\n\na contains 2\n\nb := b\n\nd if {\n\tinput.x > z\n}",
      wanted: ["3:1 rego_type_error", "7:1 rego_recursion_error", "10:2 rego_unsafe_var_error"]),
  ]

  @Test(arguments: policies)
  func allAreReported(_ policy: Policy) {
    var places: [String] = []
    do throws(PolicyErrors) {
      let text = "package t\n\n" + policy.text + "\n"
      _ = try PolicyEngine(modules: [.init(file: "p.rego", text: text)], data: .emptyObject)
    } catch {
      for error in error.errors {
        places.append("\(error.location?.row ?? 0):\(error.location?.column ?? 0) \(error.code)")
        #expect(error.rendered().hasSuffix("^"))
      }
    }
    #expect(places == policy.wanted)
  }
}
