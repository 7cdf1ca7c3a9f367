import Testing

@testable import RegoLite

/// Declarations, calls and modifiers; the messages and rows are those of OPA 1.20.2.
@Suite struct DeclarationErrorTests {
  @Test(
    arguments: [
      // Declared and never read.
      .init("p if { some x, y; x = 1 }", "3:16 rego_compile_error: declared var y unused"),
      .init("p if every i in [1] { true }", "3:12 rego_compile_error: declared var i unused"),
      .init("p if every k, v in [1] { v == 1 }", "3:12 rego_compile_error: declared var k unused"),
      .init("p if every i in [1] { every j in [i] { true } }", "3:29 rego_compile_error: declared var j unused"),
      .init("p if every _ in [1] { true }"), .init("p if every i in [1] { [x | x := i] == [1] }"),
      .init("p if some i in [1]"),
      // Declared twice, or after its use.
      .init("p if { some x, x; x = 1 }", "3:16 rego_compile_error: var x declared above"),
      .init("p if every x, x in [1] { x == 1 }", "3:15 rego_compile_error: var x declared above"),
      .init("p if { x = 1; some x; x = 1 }", "3:20 rego_compile_error: var x referenced above"),
      .init("p if { x := 1; some x in [1]; x == 1 }", "3:21 rego_compile_error: var x assigned above"),
      .init("f(x) if { some x; x == 1 }", "3:16 rego_compile_error: arg x redeclared"),
      .init("f(x) if { some x in [1]; x == 1 }", "3:16 rego_compile_error: arg x redeclared"),
      .init("f(x) := [x | x := 2]"), .init("f(x) if { every x in [1] { x == 1 } }"),
      // The roots.
      .init(
        "p if data := 1", "3:6 rego_compile_error: variables must not shadow data (use a different variable name)"),
      .init(
        "p := [data | data := 1]",
        "3:14 rego_compile_error: variables must not shadow data (use a different variable name)"),
      .init(
        "f([input]) := 1", "3:4 rego_compile_error: args must not shadow input (use a different variable name)"),
      .init("p if { some input; input == 1 }", "3:13 rego_unsafe_var_error: var input is unsafe"),
      .init("p := [x | some input, x in [1, 2]]"), .init("p := [1 | some [input] in [[1], [2]]]"),
      // What can't be assigned to.
      .init("p if null := 1", "3:6 rego_compile_error: cannot assign to null"),
      .init("p if true := 1", "3:6 rego_compile_error: cannot assign to boolean"),
      .init("p if \"a\" := 1", "3:6 rego_compile_error: cannot assign to string"),
      .init("p if $\"a\" := 1", "3:6 rego_compile_error: cannot assign to templatestring"),
      .init("f(x) := x\np if f(1) := 2", "4:6 rego_compile_error: cannot assign to call"),
      .init("p if {1} := 1", "3:6 rego_compile_error: cannot assign to set"),
      .init("p if [x | x := 1] := 1", "3:6 rego_compile_error: cannot assign to arraycomprehension"),
      .init("p if {x | x := 1} := 1", "3:6 rego_compile_error: cannot assign to setcomprehension"),
      .init("p if {x: 1 | x := 1} := 1", "3:6 rego_compile_error: cannot assign to objectcomprehension"),
      .init("p if [_, {\"k\": 3}] := input", "3:16 rego_compile_error: cannot assign to number"),
      .init("p if { y := eq(1, 1); y }", "3:13 rego_unsafe_var_error: expression is unsafe"),
      .init("p if { y := [assign(_, 1)]; y }", "3:14 rego_unsafe_var_error: expression is unsafe"),
      .init("p if { assign(x, 1); eq(x, y); equal(y, 1) }"),
      // Imports.
      .init(
        "import data.a.x\nimport data.b.x\nimport data.c.x\np := 1",
        """
        4:1 rego_compile_error: import must not shadow import data.a.x
        5:1 rego_compile_error: import must not shadow import data.a.x
        """),
      .init(
        "import data.a as b\nimport input.b\np := 1",
        "4:1 rego_compile_error: import must not shadow import data.a as b"),
      .init("import rego.v1\nimport rego.v1\np := 1", "4:1 rego_compile_error: import must not shadow import rego.v1"),
      .init(
        "import future.keywords.in\nimport future.keywords.in\np := 1",
        "4:1 rego_compile_error: import must not shadow import future.keywords[\"in\"]"),
      .init("import future.keywords\nimport future.keywords.in\np := 1"), .init("import data.p\np := 1"),
      // Calls of names that are variables.
      .init("p if {\n\tcount := 1\n\tcount([1])\n}", "5:2 rego_type_error: undefined function count"),
      .init("p if {\n\tcount := 1\n\tcount([1]) == 1\n}", "5:2 rego_compile_error: called function count shadowed"),
      .init(
        "p if {\n\tjson := 1\n\tjson.marshal(2) == \"2\"\n}",
        "5:2 rego_compile_error: called function json.marshal shadowed"),
      .init("f(g) := g(1)", "3:9 rego_type_error: undefined function g"),
      .init("f(g) := x if x := g(1)", "3:19 rego_compile_error: called function g shadowed"),
      .init("count(_) := 77\np := count([1])"),
      // Deprecated builtins.
      .init("p := any([1])", "3:6 rego_type_error: deprecated built-in function calls in expression: any"),
      .init(
        "p if all([any([1])])",
        """
        3:6 rego_type_error: deprecated built-in function calls in expression: all
        3:11 rego_type_error: deprecated built-in function calls in expression: any
        """),
      .init(
        "p if input.x with input as any([1])",
        "3:28 rego_type_error: deprecated built-in function calls in expression: any"),
      .init(
        "p := 1 if re_match(\"a\", \"a\") with re_match as true",
        "3:11 rego_type_error: deprecated built-in function calls in expression: re_match"),
      .init("any(_) := 77\np := any([1])"),
      // Modifiers.
      .init(
        "p if walk([1], _) with walk as 1",
        "3:24 rego_compile_error: with keyword replacing built-in function: target must not be a relation"),
      .init(
        "p if 1 in [1] with internal.member_2 as true",
        "3:20 rego_compile_error: with keyword replacing built-in function: replacement of internal function"
          + " \"internal.member_2\" invalid"),
      .init(
        "p if rego.metadata.rule() with rego.metadata.rule as {}",
        "3:32 rego_compile_error: with keyword replacing built-in function: replacement of"
          + " \"rego.metadata.rule\" invalid"
      ),
      .init(
        "p if { y := 1; y with y as 2 }",
        "3:23 rego_type_error: with keyword target must reference existing input, data, or a function"),
      .init(
        "p if abs(-1) with abs as plus",
        "3:6 rego_type_error: abs: arity mismatch\n\thave: (number, number)\n\twant: (x: number)"),
      .init(
        "p if abs(-1) with abs as upper",
        "3:6 rego_type_error: abs: arity mismatch\n\thave: (string)\n\twant: (x: number)"),
      .init("p if abs(-1) with abs as nope", "3:6 rego_unsafe_var_error: var nope is unsafe"),
      .init("f(x) := x\nr := 1\np if not r with r as f"),
      .init("p if { y := \"k\"; input with input[y] as y }", "3:35 rego_unsafe_var_error: var y is unsafe"),
      .init("p if input with input[0] as 5"),
      // Annotations.
      .init(
        "# METADATA\n# scope: document\np := 1 if false\n\n# METADATA\n# scope: document\np := 2",
        "7:1 rego_type_error: document annotation redeclared: p.rego:3"),
    ] as [CompileErrorCase])
  func reports(_ row: CompileErrorCase) { row.check() }

  @Test(arguments: ["package", "subpackages"])
  func packagesAnnotatedTwice(_ scope: String) {
    let modules = (0...1).map { index in
      PolicyEngine.ModuleSource(
        file: "\(index).rego", text: "# METADATA\n# scope: \(scope)\npackage t\n\np\(index) := 1\n")
    }
    #expect(
      CompileErrorCase.errors(modules) == ["1:1 rego_type_error: \(scope) annotation redeclared: 0.rego:1"])
  }
}
