import Testing

@testable import RegoLite

/// Rules, packages and data that can't stand together; the messages and rows are those of OPA 1.20.2.
@Suite struct ConflictErrorTests {
  @Test(
    arguments: [
      .init("p := 1\np.a := 2", "3:1 rego_type_error: rule data.t.p conflicts with:\n  rule data.t.p.a at p.rego:4"),
      .init(
        "p contains 1\np.a := 2", "3:1 rego_type_error: rule data.t.p conflicts with:\n  rule data.t.p.a at p.rego:4"),
      .init("p contains 1\np[x] := 2 if x := 1", "3:1 rego_type_error: conflicting rules data.t.p[x] found"),
      .init("p(x) := x\np := 2", "3:1 rego_type_error: conflicting rules data.t.p found"),
      .init("p(x) := x\np contains 2", "3:1 rego_type_error: conflicting rules data.t.p found"),
      .init("default p(_) := 1\np(x, y) := x + y", "3:1 rego_type_error: conflicting rules data.t.p found"),
      .init("default p := {1}\np contains 2", "3:1 rego_type_error: conflicting rules data.t.p found"),
      .init("default p := 1\np(x) := x", "3:1 rego_type_error: conflicting rules data.t.p found"),
      .init(
        "p.a := 1\np.a.b := 1\np.a.b.c := 1",
        """
        3:1 rego_type_error: rule data.t.p.a conflicts with:
          rule data.t.p.a.b at p.rego:4
          rule data.t.p.a.b.c at p.rego:5
        4:1 rego_type_error: rule data.t.p.a.b conflicts with:
          rule data.t.p.a.b.c at p.rego:5
        """),
      .init(
        "p := 1\np contains 1\nq(x) := x\nq := 1\nr.a := 1\nr := 3",
        """
        3:1 rego_type_error: conflicting rules data.t.p found
        5:1 rego_type_error: conflicting rules data.t.q found
        8:1 rego_type_error: rule data.t.r conflicts with:
          rule data.t.r.a at p.rego:7
        """),
      .init("p.a := 1\np.b := 2\np[x] := 3 if x := \"c\""), .init("default p.a := 1\np.b := 2"),
      .init("p contains 1\np contains 2"), .init("p := 1\np := 2"),
    ] as [CompileErrorCase])
  func rules(_ row: CompileErrorCase) { row.check() }

  /// The first module's rule against the second module's package.
  @Test(arguments: [
    (
      "package a\nb := 1", "package a.b", ["1:1 rego_type_error: package a.b conflicts with rule b defined at 0.rego:2"]
    ),
    (
      "package a\nb contains 1", "package a.b",
      ["1:1 rego_type_error: package a.b conflicts with rule b defined at 0.rego:2"]
    ),
    (
      "package a\nb(x) := x", "package a.b\nc := 1",
      [
        "1:1 rego_type_error: package a.b conflicts with rule b defined at 0.rego:2",
        "2:1 rego_type_error: rule data.a.b conflicts with:\n  rule data.a.b.c at 1.rego:2",
      ]
    ),
    (
      "package a\nb.c := 1", "package a.b.c",
      ["1:1 rego_type_error: package a.b.c conflicts with rule b.c defined at 0.rego:2"]
    ),
    ("package a\nb.c := 1", "package a.b\nd := 1", []), ("package a\nb[x] := 1 if x := 1", "package a.b", []),
    ("package a\nb := 1", "package a.b.c", []),
  ])
  func packages(_ rule: String, _ package: String, _ wanted: [String]) {
    #expect(
      CompileErrorCase.errors([.init(file: "0.rego", text: rule), .init(file: "1.rego", text: package)]) == wanted)
  }

  @Test(
    arguments: [
      ("p := 1", ["t": ["p": 2]], "t/p"), ("p := 1", ["t": 5], "t/p"), ("p := 1", ["t": [1]], "t/p"),
      ("p := 1", ["t": .null], "t/p"), ("p contains 1", ["t": ["p": .emptyObject]], "t/p"),
      ("p(x) := x", ["t": ["p": 1]], "t/p"), ("p.a.b := 1", ["t": ["p": ["a": ["b": 2]]]], "t/p/a/b"),
      ("p.a.b := 1", ["t": ["p": ["a": 2]]], "t/p/a/b"), ("p[x].b := 1 if x := 1", ["t": ["p": .emptyObject]], "t/p"),
      ("p := 1", ["t": ["q": 2]], nil), ("p.a.b := 1", ["t": ["p": ["a": ["c": 2]]]], nil),
      ("p[1] := 1", ["t": ["p": ["1": 2]]], nil), ("p := 1", ["u": 2], nil),
    ] as [(String, Value, String?)])
  func data(_ rule: String, _ data: Value, _ path: String?) {
    CompileErrorCase(
      rule, path.map { "3:1 rego_compile_error: conflicting rule for data path \($0) found" } ?? ""
    ).check(data: data)
  }

  @Test func dataMayBeAllowedToWin() throws {
    let modules = [PolicyEngine.ModuleSource(file: "p.rego", text: "package t\n\np := 1\n")]
    let engine = try PolicyEngine(
      modules: modules, data: ["t": ["p": 2]], options: .init(allowsDataConflicts: true))
    #expect(engine.hasDocument(at: ["t", "p"]))
  }
}
