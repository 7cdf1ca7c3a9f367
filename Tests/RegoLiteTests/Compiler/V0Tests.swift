import Testing

@testable import RegoLite

/// What `--v0-compatible` changes, each difference in both languages: OPA's documentation of v1.0 lists them.
@Suite struct V0Tests {
  struct Row: CustomTestStringConvertible, Sendable {
    /// After `package t` and an empty line.
    var source: String
    /// The value of `data.t.p`; absent when v0 refuses the text.
    var value: Value?
    /// In v0 when there is no value, in v1 otherwise; absent when v1 takes the text, too.
    var error: String?
    var testDescription: String { source }

    init(_ source: String, _ value: Value?, _ error: String? = nil) {
      self.source = source
      self.value = value
      self.error = error
    }
  }

  static let rows: [Row] = [
    // Rules without `if` and `contains`.
    Row("p { true }", true, "3:1 rego_parse_error: `if` keyword is required before rule body"),
    Row("p = x { x := 1 }", 1, "3:1 rego_parse_error: `if` keyword is required before rule body"),
    Row("p := 1 { true }", 1, "3:1 rego_parse_error: `if` keyword is required before rule body"),
    Row(
      "f(x) = y { y := x + 1 }\np = f(1)", 2, "3:1 rego_parse_error: `if` keyword is required before function body"),
    Row("p { false } { true }", true, "3:1 rego_parse_error: `if` keyword is required before rule body"),
    Row(
      "p = 1 { false } else = 2 { true }", 2,
      "3:1 rego_parse_error: `if` keyword is required before rule body\n"
        + "3:17 rego_parse_error: `if` keyword is required before rule body"),
    Row(
      "p = 1 { false } else = 2", 2, "3:1 rego_parse_error: `if` keyword is required before rule body"),
    Row(
      "p[x] { x := [1, 2][_] }", .set([1, 2]),
      "3:1 rego_parse_error: `contains` keyword is required for partial set rules\n"
        + "3:1 rego_parse_error: `if` keyword is required before rule body"),
    Row("p[1]", .set([1]), "3:1 rego_parse_error: `contains` keyword is required for partial set rules"),
    Row(
      "p[x] = y { y := {\"a\": 1}[x] }", ["a": 1], "3:1 rego_parse_error: `if` keyword is required before rule body"),
    Row("p.a.b { true }", ["a": ["b": true]], "3:1 rego_parse_error: `if` keyword is required before rule body"),
    Row("default p = 1", 1),
    Row("default p := 1\np = 2 { false }", 1, "4:1 rego_parse_error: `if` keyword is required before rule body"),
    Row("p = 1", 1), Row("p := {x | x := [1, 1][_]}", .set([1])),
    // Words that are no keywords yet.
    Row(
      "if := 1\np := if", 1,
      "3:1 rego_parse_error: unexpected if keyword\n"
        + "4:6 rego_parse_error: unexpected if keyword"),
    Row(
      "contains(x) = x { true }\np := contains(1)",
      1,
      "3:1 rego_parse_error: contains keyword cannot be used for rule name\n"
        + "3:17 rego_parse_error: set cannot be used for rule name"),
    Row(
      "p { in := 1; in == 1 }", true,
      "3:1 rego_parse_error: `if` keyword is required before rule body\n"
        + "3:5 rego_parse_error: unexpected in keyword"),
    Row(
      "p { every := 1; every == 1 }", true,
      "3:1 rego_parse_error: `if` keyword is required before rule body\n"
        + "3:11 rego_parse_error: unexpected assign token"),
    Row(
      "p := 1 if true", nil,
      "3:8 rego_parse_error: var cannot be used for rule name\n"
        + "3:11 rego_parse_error: boolean cannot be used for rule name"),
    Row(
      "p contains 1", nil,
      "3:1 rego_parse_error: var cannot be used for rule name\n"
        + "3:3 rego_parse_error: var cannot be used for rule name\n"
        + "3:12 rego_parse_error: number cannot be used for rule name"),
    Row("p { 1 in [1] }", nil, "3:7 rego_parse_error: unexpected identifier token: expected \\n or ; or }"),
    // Keywords that are imported.
    Row("import future.keywords.if\np if true", true), Row("import future.keywords.if\np := 1 if { true }", 1),
    Row("import future.keywords.contains\np contains 1", .set([1])),
    Row(
      "import future.keywords.in\np { 1 in [1] }",
      true, "4:1 rego_parse_error: `if` keyword is required before rule body"),
    Row(
      "import future.keywords.in\np { some x in [1]; x == 1 }",
      true, "4:1 rego_parse_error: `if` keyword is required before rule body"),
    Row(
      "import future.keywords.every\np { every x in [1] { x == 1 } }",
      true, "4:1 rego_parse_error: `if` keyword is required before rule body"),
    Row("import future.keywords\np contains x if some x in [1]", .set([1])),
    Row(
      "import future.keywords\np { every x in [1] { x == 1 } }",
      true, "4:1 rego_parse_error: `if` keyword is required before rule body"),
    Row("import future.keywords.if\nimport future.keywords.contains\np contains 1 if true", .set([1])),
    Row(
      "import future.keywords.if\np contains 1", nil,
      "4:1 rego_parse_error: var cannot be used for rule name\n"
        + "4:3 rego_parse_error: var cannot be used for rule name\n"
        + "4:12 rego_parse_error: number cannot be used for rule name"),
    // `import rego.v1` makes the module v1.
    Row("import rego.v1\np contains 1 if true", .set([1])), Row("import rego.v1\np if every x in [1] { x == 1 }", true),
    Row("import rego.v1\np { true }", nil, "4:1 rego_parse_error: `if` keyword is required before rule body"),
    Row("import rego.v1\np[1]", nil, "4:1 rego_parse_error: `contains` keyword is required for partial set rules"),
    Row(
      "import rego.v1\np := any([true])", nil,
      "4:6 rego_type_error: deprecated built-in function calls in expression: any"),
    Row(
      "import rego.v1\np if input := 1", nil,
      "4:6 rego_compile_error: variables must not shadow input (use a different variable name)"),
    Row(
      "import rego.v1\nimport data.a\nimport data.a\np := 1", nil,
      "5:1 rego_compile_error: import must not shadow import data.a"),
    Row("import rego.v1 as x\np := 1", nil, "3:8 rego_parse_error: `rego` imports cannot be aliased"),
    Row(
      "import rego.v1\nimport future.keywords.in\np := 1", nil,
      "4:8 rego_parse_error: the `rego.v1` import implies `future.keywords`, these are therefore mutually exclusive"),
    Row(
      "import rego.v1\nimport future.keywords\np := 1", nil,
      "4:8 rego_parse_error: the `rego.v1` import implies `future.keywords`, these are therefore mutually exclusive"),
    Row(
      "import future.keywords.if\nimport rego.v1\np := 1", nil,
      "4:8 rego_parse_error: the `rego.v1` import implies `future.keywords`, these are therefore mutually exclusive"),
    Row("import rego.v1\nimport future.keywords.not\np if not { false }", true),
    // Deprecated builtins.
    Row("p := any([true])", true, "3:6 rego_type_error: deprecated built-in function calls in expression: any"),
    Row("p := all([true])", true, "3:6 rego_type_error: deprecated built-in function calls in expression: all"),
    Row(
      "p := re_match(\"a\", \"a\")", true,
      "3:6 rego_type_error: deprecated built-in function calls in expression: re_match"),
    Row(
      "p := set_diff({1, 2}, {1})", .set([2]),
      "3:6 rego_type_error: deprecated built-in function calls in expression: set_diff"),
    Row(
      "p := cast_array({1})", [1], "3:6 rego_type_error: deprecated built-in function calls in expression: cast_array"),
    Row(
      "p := cast_set([1])", .set([1]), "3:6 rego_type_error: deprecated built-in function calls in expression: cast_set"
    ),
    Row(
      "p := cast_string(\"a\")", "a",
      "3:6 rego_type_error: deprecated built-in function calls in expression: cast_string"),
    Row(
      "p := cast_boolean(true)", true,
      "3:6 rego_type_error: deprecated built-in function calls in expression: cast_boolean"),
    Row(
      "p := cast_null(null)", .null,
      "3:6 rego_type_error: deprecated built-in function calls in expression: cast_null"),
    Row(
      "p := cast_object({})", .emptyObject,
      "3:6 rego_type_error: deprecated built-in function calls in expression: cast_object"),
    Row(
      "p := net.cidr_overlap(\"10.0.0.0/8\", \"10.0.0.1\")", true,
      "3:6 rego_type_error: deprecated built-in function calls in expression: net.cidr_overlap"),
    // Imports of one name: the last one counts.
    Row(
      "import data.a.x\nimport data.b.x\np := x", 2, "4:1 rego_compile_error: import must not shadow import data.a.x"),
    // Variables that hide `input` and `data`.
    Row(
      "p := x { input := 1; x := input }", 1,
      "3:1 rego_parse_error: `if` keyword is required before rule body"),
    Row(
      "p := [data | data := 1]", [1],
      "3:14 rego_compile_error: variables must not shadow data (use a different variable name)"),
    Row(
      "f(input) = input { true }\np := f(1)", 1, "3:1 rego_parse_error: `if` keyword is required before function body"),
    Row("input := 1\np := 1", nil, "3:1 rego_compile_error: rules must not shadow input (use a different rule name)"),
  ]

  private static let data: Value = ["a": ["x": 1], "b": ["x": 2]]

  @Test(arguments: rows)
  func means(_ row: Row) throws {
    let modules = [PolicyEngine.ModuleSource(file: "p.rego", text: "package t\n\n" + row.source + "\n")]
    guard let value = row.value else {
      let errors = CompileErrorCase.errors(modules, Self.data, .init(version: .v0))
      #expect(errors.joined(separator: "\n") == row.error)
      return
    }
    let engine = try PolicyEngine(modules: modules, data: Self.data, options: .init(version: .v0))
    #expect(try engine.decide(["t", "p"], input: nil) == value)
    let errors = CompileErrorCase.errors(modules, Self.data)
    #expect(errors.joined(separator: "\n") == row.error ?? "")
  }

  /// `--strict` asks of v0 what v1 does.
  @Test(
    arguments: [
      .init("p := any([true])", "3:6 rego_type_error: deprecated built-in function calls in expression: any"),
      .init(
        "import data.a.x\nimport data.b.x\np := x", "4:1 rego_compile_error: import must not shadow import data.a.x"),
      .init(
        "p { input := 1; input == 1 }",
        "3:5 rego_compile_error: variables must not shadow input (use a different variable name)"),
      .init(
        "f(data) = data { true }", "3:3 rego_compile_error: args must not shadow data (use a different variable name)"),
      .init("p[x] { x := 1 }"),
    ] as [CompileErrorCase])
  func isStrict(_ row: CompileErrorCase) { row.check(version: .v0, strict: true) }

  /// A v1 module beside v0 ones: each is read as what it says it is.
  @Test func modulesOfBothLanguages() throws {
    let engine = try PolicyEngine(
      modules: [
        .init(file: "old.rego", text: "package t\n\np[x] { x := q[_] }\n"),
        .init(file: "new.rego", text: "package t\n\nimport rego.v1\n\nq contains 1 if true\n"),
      ], data: .emptyObject, options: .init(version: .v0))
    #expect(try engine.decide(["t", "p"], input: nil) == .set([1]))
  }
}
