import Testing

@testable import RegoLite

/// Places and numbers of errors; what OPA says of each policy is in `conformance/rego/types.json`.
@Suite struct CheckTypesTests {
  struct Row: CustomTestStringConvertible, Sendable {
    var source: String
    /// `row:column` and the message's first line, of every error.
    var wanted: [String]
    var testDescription: String { source }
  }

  static let rows: [Row] = [
    Row(
      source: "p if {\n\tcount(1)\n\tx := upper(2)\n\t1 = \"a\"\n\tinput.y == [1][\"a\"]\n}",
      wanted: [
        "4:2 count: invalid argument(s)", "5:7 upper: invalid argument(s)", "6:2 match error",
        "7:2 undefined ref: [1].a",
      ]),
    // A definition with an error leaves its users without one.
    Row(source: "p := count(1)\nq if p.a.b == p + 1", wanted: ["3:6 count: invalid argument(s)"]),
    Row(source: "f(x) := count(1)\nq if f(1).a == upper(f(null))", wanted: ["3:9 count: invalid argument(s)"]),
    // A closure's error leaves what holds it without one.
    Row(source: "p if {\n\tx := [y | y := 1; y = null]\n\tx[0] == \"a\"\n}", wanted: ["4:20 match error"]),
    Row(
      source: "p if count(1) == 2 with input as upper(3)",
      wanted: [
        "3:6 count: invalid argument(s)", "3:34 upper: invalid argument(s)",
      ]),
    // Users come before what they use.
    Row(source: "p := q.b\nq := r.a\nr := {\"a\": {\"c\": 1}}", wanted: ["3:6 undefined ref: data.t.q.b"]),
    Row(source: "a := b[_] + 1\nb contains c\nc := \"x\"", wanted: ["3:6 plus: invalid argument(s)"]),
    // Nothing is known of these.
    Row(source: "p if { input.x == 1; input.x == \"a\"; data.other.y.z[3] == input.x.y }", wanted: []),
    Row(source: "f(x) := x\np if { f(1) == \"a\"; f(1).b }", wanted: []),
    Row(source: "p if every x in [1] { x == \"a\"; upper(x) }", wanted: []),
  ]

  @Test(arguments: rows)
  func places(_ row: Row) {
    #expect(errors(row.source) == row.wanted)
  }

  private func errors(_ source: String) -> [String] {
    do throws(PolicyErrors) {
      _ = try PolicyEngine(
        modules: [.init(file: "t.rego", text: "package t\n\n" + source)], data: .object(ObjectValue()))
      return []
    } catch {
      return error.errors.map { error in
        let line = error.message.split(separator: "\n", omittingEmptySubsequences: false)[0]
        return "\(error.location.map { "\($0.row):\($0.column)" } ?? "-") \(line)"
      }
    }
  }

  @Test func queries() throws {
    let engine = try PolicyEngine(
      modules: [.init(file: "t.rego", text: "package t\n\np := {\"a\": 1}\n\nf(x) := x + 1")],
      data: .object(ObjectValue()))
    #expect(throws: PolicyErrors.self) { try engine.prepare(query: "data.t.p.b") }
    #expect(throws: PolicyErrors.self) { try engine.prepare(query: "x := data.t.f(\"a\")") }
    #expect(throws: PolicyErrors.self) { try engine.prepare(query: "x := data.t.p.a; x = \"a\"") }
    #expect(throws: Never.self) { try engine.prepare(query: "x := data.t.p.a; x = data.t.f(1)") }
  }

  /// Types that double with every line.
  @Test(arguments: ["[%, %]", "{\"a\": %, \"b\": {\"c\": %}}", "{[%], {%}}", "[x | x := [%, %][_]]"])
  func growth(_ pattern: String) {
    func line(_ index: Int) -> String {
      "p\(index) := "
        + pattern.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "p\(index - 1)")
    }
    #expect(errors("p0 := 1\n" + (1...150).map(line).joined(separator: "\n")) == [])
  }

  @Test func manyTypes() {
    let definitions = (0..<1000).map { "p := {\"k\($0)\": \"\($0)\"} if input.x == \($0)" }.joined(separator: "\n")
    #expect(errors(definitions + "\nq if p.nosuch == 1") == [])
    let items = (0..<5000).map { "\"k\($0)\": [\($0), \"a\"]" }.joined(separator: ", ")
    #expect(errors("p := {\(items)}\nq if p.nosuch == 1\nr if p + 1") == ["5:6 plus: invalid argument(s)"])
  }
}
