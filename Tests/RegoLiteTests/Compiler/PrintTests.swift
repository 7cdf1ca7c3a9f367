import Testing

@testable import RegoLite

/// What a `print` shows is checked like any other term, though nobody may read it.
@Suite struct PrintTests {
  @Test(
    arguments: [
      .init("p if print(x)", "3:12 rego_compile_error: var x is undeclared"),
      .init("p if print(1, [x])", "3:16 rego_compile_error: var x is undeclared"),
      .init("p if print(input[_])", "3:18 rego_compile_error: var _ is undeclared"),
      .init("p if {\n\tprint(x)\n\tx := 1\n}", "5:2 rego_compile_error: var x referenced above"),
      .init(
        "p if print([y | y := x])",
        "3:17 rego_unsafe_var_error: var x is unsafe\n3:17 rego_unsafe_var_error: var y is unsafe"),
      .init("p if print(nope(1))", "3:12 rego_type_error: undefined function nope"),
      .init(
        "f(x) := x\np if print(f(1, 2, 3))", "4:12 rego_type_error: function data.t.f has arity 1, got 3 arguments"),
      .init(
        "p if print(1 + \"a\")",
        "3:12 rego_type_error: plus: invalid argument(s)\n\thave: (number, string, ???)"
          + "\n\twant: (x: number, y: number, z: number)"),
      .init(
        "f(x) := x\np if print(f)",
        "4:12 rego_type_error: function data.t.f used as reference, not called\n\tdata.t.f\n\t^^^^^^^^"
          + "\n\thave: (any) => any"),
      .init("p if print(p)", "3:1 rego_recursion_error: rule data.t.p is recursive: data.t.p -> data.t.p"),
      .init("p := print(1)", "3:6 rego_type_error: print(1) used as value"),
      .init("p if x := [print(1)]", "3:12 rego_type_error: print(1) used as value"),
      .init("p if x := internal.print([{1}])", "3:11 rego_type_error: internal.print([{1}]) used as value"),
      .init("p if { input.y == x; print(x); x = 1 }", "3:28 rego_compile_error: var x is undeclared"),
      .init("f(x) if { y = x; print(y) }"), .init("p if { x = 1; every i in [x] { y = i; print(x, y) } }"),
      .init("p if { input.xs[i]; print(i) }"), .init("p if print()"), .init("p if print(1, \"a\", {input.x})"),
      .init("p if { x := 1; print(x) }"),
      .init("f(x) if print(x)"), .init("p if every x in [1] { print(x) }"), .init("p if print([x | x := 1])"),
      .init("print(x) := x\np := print(1)"),
    ] as [CompileErrorCase])
  func isChecked(_ row: CompileErrorCase) { row.check() }

  /// It neither runs nor decides anything.
  @Test(arguments: ["print(1 / 0)", "print(input.nope)", "print(false)", "not print(1)", "not print(input.nope)"])
  func isNotRun(_ statement: String) throws {
    let engine = try PolicyEngine(
      modules: [.init(file: "p.rego", text: "package t\n\np if {\n\t\(statement)\n}\n")], data: .emptyObject,
      options: .init(strictBuiltinErrors: true))
    #expect(try engine.decide(["t", "p"], input: .emptyObject) == true)
  }
}
