import Testing

@testable import RegoLite

/// What `--strict` refuses, as OPA's documentation and its errors have it; without it all of this compiles.
@Suite struct StrictTests {
  static let rows: [CompileErrorCase] = [
    // Locals.
    .init("p if {\n\tx := 1\n}", "4:2 rego_compile_error: assigned var x unused"),
    .init("p if {\n\tx := 1\n\ty := x\n}", "5:2 rego_compile_error: assigned var y unused"),
    .init(
      "p if [x, y] := input",
      "3:7 rego_compile_error: assigned var x unused\n3:10 rego_compile_error: assigned var y unused"),
    .init("p if { {\"a\": x} := input }", "3:14 rego_compile_error: assigned var x unused"),
    .init("p := [1 | x := input]", "3:11 rego_compile_error: assigned var x unused"),
    .init("p if every v in input { x := v }", "3:25 rego_compile_error: assigned var x unused"),
    .init("p := 1 if false\nelse := 2 if { x := 1 }", "4:16 rego_compile_error: assigned var x unused"),
    .init("f(x) if { y := x }", "3:11 rego_compile_error: assigned var y unused"),
    // What is read in the head, in a nested body or by another modifier is used.
    .init("p := x if x := 1"), .init("p[x] := y if { x := 1; y := 2 }"), .init("p[x].q contains 1 if x := 1"),
    .init("p if { x := 1; [1 | x == 1] == [1] }"), .init("p if { x := 1; input == 2 with input as x }"),
    .init("p if { x := 1; not x == 2 }"), .init("p if _ := input"), .init("p if { x := 1; print(x) }"),
    .init("p if some x in input"), .init("p if { x = 1 }"),
    // Arguments: one use in any branch will do.
    .init(
      "f(x) := 1", "3:1 rego_compile_error: unused argument x. (hint: use _ (wildcard variable) instead)"),
    .init(
      "f(x, y) := x", "3:1 rego_compile_error: unused argument y. (hint: use _ (wildcard variable) instead)"),
    .init(
      "f([x, {\"k\": y}]) if x",
      "3:1 rego_compile_error: unused argument y. (hint: use _ (wildcard variable) instead)"),
    .init("f(x) := 1 if x\nelse := 2"), .init("f(x) := 1 if input\nelse := x"), .init("f(_) := 1"),
    .init("f(x, x) := 1"), .init("f(x) := [x | true]"),
    .init(
      "default f(x) := 1\nf(x) := x",
      "3:9 rego_compile_error: unused argument x. (hint: use _ (wildcard variable) instead)"),
    // Imports.
    .init("import data.a.b\np := 1", "3:1 rego_compile_error: import data.a.b unused"),
    .init("import input.a as c\np := 1", "3:1 rego_compile_error: import input.a as c unused"),
    .init("import data.a[\"b c\"] as d\np := 1", "3:1 rego_compile_error: import data.a[\"b c\"] as d unused"),
    .init("import data.a\np := [a | a := 1]", "3:1 rego_compile_error: import data.a unused"),
    .init("import data.a\np := a.b"), .init("import data.a\np if input.x with a.y as 1"),
    .init("import future.keywords.in\nimport rego.v1\np := 1"),
  ]

  @Test(arguments: rows)
  func refuses(_ row: CompileErrorCase) {
    row.check(strict: true)
    var lenient = row
    lenient.wanted = ""
    lenient.check()
  }

  @Test func usedFunctionsOfImports() {
    let modules = [
      PolicyEngine.ModuleSource(file: "p.rego", text: "package t\n\nimport data.lib\n\np := lib.f(1)\n"),
      .init(file: "lib.rego", text: "package lib\n\nf(x) := x\n"),
    ]
    #expect(CompileErrorCase.errors(modules, .emptyObject, .init(strict: true)) == [])
  }

  @Test func aQuerysOwnVariablesAreItsResult() throws {
    let engine = try PolicyEngine(
      modules: [.init(file: "p.rego", text: "package t\n\np := 1\n")], data: .emptyObject, options: .init(strict: true))
    _ = try engine.prepare(query: "x := data.t.p")
    let unused = #expect(throws: PolicyErrors.self) { try engine.prepare(query: "x := [1 | y := data.t.p]") }
    #expect(unused?.errors.map(\.message) == ["assigned var y unused"])
    let deprecated = #expect(throws: PolicyErrors.self) { try engine.prepare(query: "x := any([true])") }
    #expect(deprecated?.errors.map(\.message) == ["deprecated built-in function calls in expression: any"])
  }
}
