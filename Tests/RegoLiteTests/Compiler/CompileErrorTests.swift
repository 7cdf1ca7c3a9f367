import Testing

@testable import RegoLite

/// What OPA says of the same text, without the package's first two lines; the columns are ours.
@Suite struct CompileErrorTests {
  struct Row: CustomTestStringConvertible, Sendable {
    var source: String
    /// `row:column code: message`, each error on a line of its own.
    var wanted: String
    var testDescription: String { source }
  }

  static let rows: [Row] = [
    // Safety.
    Row(source: "p if x > 1", wanted: "3:6 rego_unsafe_var_error: var x is unsafe"),
    Row(source: "p contains x if true", wanted: "3:1 rego_unsafe_var_error: var x is unsafe"),
    Row(source: "p := x", wanted: "3:6 rego_unsafe_var_error: var x is unsafe"),
    Row(source: "f(x) := y if x > 1", wanted: "3:9 rego_unsafe_var_error: var y is unsafe"),
    Row(source: "p := [x | true]", wanted: "3:6 rego_unsafe_var_error: var x is unsafe"),
    Row(source: "p if not input.xs[_] == 3", wanted: "3:6 rego_unsafe_var_error: var _ is unsafe"),
    Row(source: "p if every x in [1] { x < y }", wanted: "3:23 rego_unsafe_var_error: var y is unsafe"),
    Row(source: "p if input.a with input as x", wanted: "3:6 rego_unsafe_var_error: var x is unsafe"),
    Row(
      source: "p if {\n\ta = b\n\tc\n}\nq if d",
      wanted: """
        4:2 rego_unsafe_var_error: var a is unsafe
        4:2 rego_unsafe_var_error: var b is unsafe
        5:2 rego_unsafe_var_error: var c is unsafe
        7:6 rego_unsafe_var_error: var d is unsafe
        """),
    // Declarations.
    Row(source: "p if {\n\tx := 1\n\tx := 2\n}", wanted: "5:2 rego_compile_error: var x assigned above"),
    Row(source: "p if {\n\tx := 1\n\tsome x in [1]\n}", wanted: "5:7 rego_compile_error: var x assigned above"),
    Row(source: "p if {\n\tsome x\n\tx := 2\n}", wanted: "5:2 rego_compile_error: var x declared above"),
    Row(source: "p if {\n\tx == 1\n\tx := 1\n}", wanted: "5:2 rego_compile_error: var x referenced above"),
    Row(source: "p if x := x", wanted: "3:6 rego_compile_error: var x referenced above"),
    Row(source: "p if [x, x] := [1, 2]", wanted: "3:10 rego_compile_error: var x assigned above"),
    Row(source: "p if {\n\tsome x\n\ttrue\n}", wanted: "4:7 rego_compile_error: declared var x unused"),
    Row(source: "f(x) if x := 1", wanted: "3:9 rego_compile_error: arg x redeclared"),
    Row(source: "p if [a, 2] := [1, 2]", wanted: "3:10 rego_compile_error: cannot assign to number"),
    Row(source: "p if input.x := 1", wanted: "3:6 rego_compile_error: cannot assign to ref"),
    Row(
      source: "p if not x := 1", wanted: "3:10 rego_compile_error: cannot assign vars inside negated expression"),
    // Shadowing.
    Row(
      source: "p if input := 1",
      wanted: "3:6 rego_compile_error: variables must not shadow input (use a different variable name)"),
    Row(
      source: "f(data) := 1",
      wanted: "3:3 rego_compile_error: args must not shadow data (use a different variable name)"),
    Row(
      source: "input := 1",
      wanted: "3:1 rego_compile_error: rules must not shadow input (use a different rule name)"),
    Row(
      source: "import data.a.x\nimport data.b.x\np := x",
      wanted: "4:1 rego_compile_error: import must not shadow import data.a.x"),
    // Calls.
    Row(source: "p := nope(1)", wanted: "3:6 rego_type_error: undefined function nope"),
    Row(source: "p := http.send({})", wanted: "3:6 rego_type_error: http.send is not supported yet"),
    Row(source: "p := data.t.nope(1)", wanted: "3:6 rego_type_error: undefined function data.t.nope"),
    Row(source: "p if {\n\tg := 1\n\tg(1)\n}", wanted: "5:2 rego_type_error: undefined function g"),
    Row(
      source: "p if {\n\tg := 1\n\tx := g(1)\n\tx == 1\n}",
      wanted: "5:7 rego_compile_error: called function g shadowed"),
    Row(
      source: "f(x, y) := 1\np := f(1)",
      wanted: "4:6 rego_type_error: function data.t.f has arity 2, got 1 argument"),
    Row(
      source: "f(x) := 1\np if f(1, 2, 3)",
      wanted: "4:6 rego_type_error: function data.t.f has arity 1, got 3 arguments"),
    Row(source: "q := 1\np := q(1)", wanted: "4:6 rego_type_error: function data.t.q has arity 0, got 1 argument"),
    Row(
      source: "p := count()",
      wanted: "3:6 rego_type_error: count: arity mismatch\n\thave: (???)\n\twant: "
        + "(collection: any<string, array[any], object[any: any], set[any]>)"),
    Row(
      source: "f(x) := x\np := f",
      wanted: "4:6 rego_type_error: function data.t.f used as reference, not called\n\tdata.t.f\n\t^^^^^^^^"
        + "\n\thave: (any) => any"),
    // Conflicts.
    Row(source: "p := 1\np contains 2", wanted: "3:1 rego_type_error: conflicting rules data.t.p found"),
    Row(source: "f(x) := 1\nf(x, y) := 2", wanted: "3:1 rego_type_error: conflicting rules data.t.f found"),
    Row(
      source: "o.a := 1\no.a.b := 2",
      wanted: "3:1 rego_type_error: rule data.t.o.a conflicts with:\n  rule data.t.o.a.b at p.rego:4"),
    Row(
      source: "default p := 1\ndefault p := 2",
      wanted: "1:1 rego_type_error: multiple default rules data.t.p found at p.rego:3, p.rego:4"),
    // With.
    Row(
      source: "p if true with foo as 2",
      wanted: "3:16 rego_type_error: with keyword target must reference existing input, data, or a function"),
    Row(
      source: "q := {1: 2}\np if q with data.t.q.x as 2",
      wanted: "4:13 rego_compile_error: with keyword cannot partially replace virtual document(s)"),
    Row(
      source: "p if true with eq as 2",
      wanted: "3:16 rego_compile_error: with keyword replacing built-in function: replacement of \"eq\" invalid"),
    Row(
      source: "f(x) := x\ng(x, y) := x\np if f(1) with f as g",
      wanted: "5:6 rego_type_error: data.t.f: arity mismatch\n\thave: (any, any)\n\twant: (any)"),
    // Recursion.
    Row(
      source: "p if q\nq if not p",
      wanted: """
        3:1 rego_recursion_error: rule data.t.p is recursive: data.t.p -> data.t.q -> data.t.p
        4:1 rego_recursion_error: rule data.t.q is recursive: data.t.q -> data.t.p -> data.t.q
        """),
    Row(
      source: "p contains data.t[x]",
      wanted: "3:1 rego_recursion_error: rule data.t.p is recursive: data.t.p -> data.t.p"),
    // Stages: what an earlier one finds in a definition may be why a later one would complain of it.
    Row(
      source: "p if { x := 1; x := 2; y }\nq if y\nr if nope(1)\ns if s\nt := 1 + \"a\"",
      wanted: """
        3:16 rego_compile_error: var x assigned above
        4:6 rego_unsafe_var_error: var y is unsafe
        5:6 rego_type_error: undefined function nope
        6:1 rego_recursion_error: rule data.t.s is recursive: data.t.s -> data.t.s
        7:6 rego_type_error: plus: invalid argument(s)
        	have: (number, string, ???)
        	want: (x: number, y: number, z: number)
        """),
    Row(
      source: "p if { some x; nope(x) }\nq if { nope(1); y; 1 + \"a\" }",
      wanted: """
        3:16 rego_type_error: undefined function nope
        4:8 rego_type_error: undefined function nope
        4:17 rego_unsafe_var_error: var y is unsafe
        4:20 rego_type_error: plus: invalid argument(s)
        	have: (number, string)
        	want: (x: number, y: number, z: number)
        """),
    // A call of what isn't there may give anything, and bind what follows.
    Row(
      source: "p if {\n\tnope(1, x)\n\tx > 1\n\t1 + nope(x) > 2\n\tnope(1)[_].y == count(x)\n}",
      wanted: """
        4:2 rego_type_error: undefined function nope
        6:6 rego_type_error: undefined function nope
        7:2 rego_type_error: undefined function nope
        """),
    // What is wrong can be anything for what uses it.
    Row(
      source: "p := \"a\" if x\nq := 1 + p\nf(x) := nope(x)\nr := 1 + f(1)\ns := 1 + s\nt := count(s)",
      wanted: """
        3:13 rego_unsafe_var_error: var x is unsafe
        5:9 rego_type_error: undefined function nope
        7:1 rego_recursion_error: rule data.t.s is recursive: data.t.s -> data.t.s
        """),
    // One definition's mistake hides no other definition's of the same name.
    Row(
      source: "p if x\np if 1 + \"a\"",
      wanted: """
        3:6 rego_unsafe_var_error: var x is unsafe
        4:6 rego_type_error: plus: invalid argument(s)
        	have: (number, string)
        	want: (x: number, y: number, z: number)
        """),
    Row(
      source: "f(x) := 1\nf(x, y) := 1 + \"a\"",
      wanted: "3:1 rego_type_error: conflicting rules data.t.f found"),
  ]

  @Test(arguments: rows)
  func reports(_ row: Row) {
    do {
      _ = try PolicyEngine(
        modules: [.init(file: "p.rego", text: "package t\n\n" + row.source + "\n")], data: .emptyObject)
      Issue.record("it compiles")
    } catch {
      let got = error.errors.map { "\($0.location?.row ?? 0):\($0.location?.column ?? 0) \($0.code): \($0.message)" }
      #expect(got.joined(separator: "\n") == row.wanted)
    }
  }

  @Test func dataWhereARuleIs() throws {
    let modules = [PolicyEngine.ModuleSource(file: "p.rego", text: "package a.b\n\nc := 1\n")]
    let error = #expect(throws: PolicyErrors.self) {
      try PolicyEngine(modules: modules, data: ["a": ["b": ["c": 2]]])
    }
    #expect(error?.errors.map(\.message) == ["conflicting rule for data path a/b/c found"])
    let engine = try PolicyEngine(
      modules: modules, data: ["a": ["b": ["c": 2]]], options: .init(allowsDataConflicts: true))
    #expect(engine.hasDocument(at: ["a", "b", "c"]))
  }
}
