import FoundationEssentials
import StrictJSON
import Testing

@Suite(.timeLimit(.minutes(3))) struct EvalVerbTests {
  private static func run(_ arguments: [String], input: String = "") async throws -> AgentgateProcess.Result {
    try await AgentgateProcess.run(["eval"] + arguments, input: input)
  }

  @Test func evalAsksTheShippedPolicy() async throws {
    let result = try await Self.run(
      ["-d", "policies", "-i", "-", "-f", "raw", "data.agentgate.decision.action"],
      input: #"{"tool_name": "db_query"}"#)
    #expect(result.output == "ALLOW\n")
  }

  // MARK: What OPA prints

  /// A module, JSON at the path of its folder, and YAML.
  private static func shop() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try Files.write(
      """
      package shop

      import data.a.b.prices

      total := sum([prices[i] | some i in input.items])

      cheap contains name if {
        some name, price in prices
        price < 5
      }

      f(x) := x * 2
      """, to: folder.path + "/shop.rego")
    try Files.write(#"{"prices": {"pen": 2, "book": 12.50, "<&>": 1e2}}"#, to: folder.path + "/a/b/data.json")
    try Files.write("stock: {pen: 3, \"on\": yes}\nnames: [a, ~, 0x10]\n", to: folder.path + "/extra.yaml")
    return folder
  }

  /// A query, and the results that OPA 1.20.2 gave.
  private static let answers: [(query: String, results: String)] = [
    (
      "data.shop.total",
      #"[{"expressions":[{"value":14.5,"text":"data.shop.total","location":{"row":1,"col":1}}]}]"#
    ),
    (
      "data.shop.cheap[x]; y := data.shop.f(3)",
      #"[{"expressions":[{"value":"pen","text":"data.shop.cheap[x]","location":{"row":1,"col":1}},"#
        + #"{"value":true,"text":"y := data.shop.f(3)","location":{"row":1,"col":21}}],"bindings":{"x":"pen","y":6}}]"#
    ),
    (
      "data.a.b.prices",
      #"[{"expressions":[{"value":{"<&>":100,"book":12.5,"pen":2},"text":"data.a.b.prices","#
        + #""location":{"row":1,"col":1}}]}]"#
    ),
    (
      "data.stock; data.names",
      #"[{"expressions":[{"value":{"on":true,"pen":3},"text":"data.stock","location":{"row":1,"col":1}},"#
        + #"{"value":["a",null,16],"text":"data.names","location":{"row":1,"col":13}}]}]"#
    ),
    (
      "some k, v in data.stock",
      #"[{"expressions":[{"value":true,"text":"some k, v in data.stock","location":{"row":1,"col":1}}],"#
        + #""bindings":{"k":"on","v":true}},"#
        + #"{"expressions":[{"value":true,"text":"some k, v in data.stock","location":{"row":1,"col":1}}],"#
        + #""bindings":{"k":"pen","v":3}}]"#
    ),
    (
      #"input.items[i] == "book""#,
      #"[{"expressions":[{"value":true,"text":"input.items[i] == \"book\"","location":{"row":1,"col":1}}],"#
        + #""bindings":{"i":1}}]"#
    ),
    (
      "data.shop.f(2) == 5",
      #"[{"expressions":[{"value":false,"text":"data.shop.f(2) == 5","location":{"row":1,"col":1}}]}]"#
    ),
  ]

  @Test func evalGivesOPAsResults() async throws {
    let folder = try Self.shop()
    for (query, results) in Self.answers {
      let result = try await Self.run(["-d", folder.path, "-I", query], input: "items: [pen, book]")
      #expect(result.exitCode == 0, "\(result.output)")
      #expect(try JSONValue(parsing: result.output) == ["result": JSONValue(parsing: results)], "\(query)")
    }
    let undefined = try await Self.run(["-d", folder.path, "data.shop.nothing"])
    #expect(undefined.output == "{}\n")
    #expect(undefined.exitCode == 0)
  }

  @Test func membersComeInOPAsOrder() async throws {
    let result = try await Self.run([#"x := "<a>""#])
    #expect(
      result.output == #"""
        {
          "result": [
            {
              "expressions": [
                {
                  "value": true,
                  "text": "x := \"\u003ca\u003e\"",
                  "location": {
                    "row": 1,
                    "col": 1
                  }
                }
              ],
              "bindings": {
                "x": "\u003ca\u003e"
              }
            }
          ]
        }

        """#)
    let error = try await Self.run(["x := 1 +"])
    #expect(error.exitCode == 2)
    #expect(
      error.output == """
        {
          "errors": [
            {
              "message": "unexpected eof token",
              "code": "rego_parse_error",
              "location": {
                "file": "",
                "row": 1,
                "col": 8
              },
              "details": {
                "line": "x := 1 +",
                "idx": 7
              }
            }
          ]
        }

        """)
  }

  @Test(arguments: [
    ("raw", #""a b"; 1; {"x": {2, 1}}"#, #"a b 1 {"x":[1,2]}"# + "\n"),
    ("raw", #"[x | some x in ["<"]][_]"#, "<\n"),
    ("raw", "input.x", ""),
    ("values", "x := [1, 2][_]; [x]", "[\n  true,\n  [\n    1\n  ]\n]\n[\n  true,\n  [\n    2\n  ]\n]\n"),
    ("values", "input.x", ""),
    ("bindings", "x := [1, 2][y]; x > 1", "{\n  \"x\": 2,\n  \"y\": 1\n}\n"),
    ("pretty", "input.x", "undefined\n"),
    ("pretty", #"{"a": "<"}"#, "{\n  \"a\": \"\\u003c\"\n}\n"),
    ("pretty", "1 == 1; 2 == 2", "true\n"),
    ("pretty", "[x, 2] = [1, y]", "┌───┬───┐\n│ x │ y │\n├───┼───┤\n│ 1 │ 2 │\n└───┴───┘\n"),
    (
      "pretty", "x := [1, 2][_]; {\"n\": x}",
      """
      ┌───┬──────────┐
      │ x │ {"n": x} │
      ├───┼──────────┤
      │ 1 │ {"n":1}  │
      │ 2 │ {"n":2}  │
      └───┴──────────┘

      """
    ),
    (
      "pretty", "a := concat(\"\", [\"b\" | some _ in numbers.range(1, 100)]); [a]",
      "┌\(line(87))┬\(line(87))┐\n│\(centred("a"))│\(centred("[a]"))│\n├\(line(87))┼\(line(87))┤\n"
        + "│ \"\(bs(79))... │ [\"\(bs(78))... │\n└\(line(87))┴\(line(87))┘\n"
    ),
    ("discard", "1", "{\n  \"result\": \"discarded\"\n}\n"),
    ("discard", "input.x", "{}\n"),
  ])
  func formats(_ format: String, _ query: String, _ output: String) async throws {
    let result = try await Self.run(["--format", format, query])
    #expect(result.output == output)
    #expect(result.exitCode == 0)
  }

  private static func line(_ count: Int) -> String { String(repeating: "─", count: count - 2) }
  private static func bs(_ count: Int) -> String { String(repeating: "b", count: count) }
  private static func centred(_ text: String) -> String {
    let spaces = 85 - text.count
    return String(repeating: " ", count: spaces / 2) + text + String(repeating: " ", count: spaces - spaces / 2)
  }

  @Test func errorsStayOutOfOtherFormats() async throws {
    for format in ["raw", "pretty", "values", "bindings"] {
      let result = try await Self.run(["-f", format, "x"])
      #expect(result.exitCode == 2)
      #expect(result.output.isEmpty)
      #expect(result.errors == "1 error occurred:\n1:1: rego_unsafe_var_error: var x is unsafe\n\tx\n\t^\n")
    }
  }

  // MARK: Exit codes

  @Test(arguments: [
    (["1"], 0), (["false"], 0), (["input.x"], 0), (["--fail", "input.x"], 1), (["--fail", "false"], 0),
    (["--fail-defined", "false"], 1), (["--fail-defined", "input.x"], 0), (["--fail", "x"], 2), (["1 / 0"], 0),
    (["--strict-builtin-errors", "1 / 0"], 2), (["--show-builtin-errors", "1 / 0"], 2), ([""], 2),
    (["-d", "/nowhere", "1"], 2), (["-b", "/nowhere", "1"], 2), (["-i", "/nowhere", "1"], 2),
    (["-d", "Makefile", "1"], 2), (["--package", "a b", "1"], 2), (["--import", "a b", "1"], 2),
    (["--fail", "--fail-defined", "1"], 64), ([], 64), (["--stdin", "1"], 64), (["-I", "-i", "x", "1"], 64),
    (["--format", "xml", "1"], 64),
  ])
  func exitCodes(_ arguments: [String], _ code: Int) async throws {
    let result = try await Self.run(arguments)
    #expect(result.exitCode == code, "\(result.output)\(result.errors)")
  }

  @Test func evalShowsErrorsOfBuiltins() async throws {
    let result = try await Self.run(["--show-builtin-errors", "[x | some y in [0, 1]; x := 1 / y]"])
    let json = try JSONValue(parsing: result.output)
    #expect(json.objectValue?.keys == ["errors", "result"])
    #expect(
      json["errors"] == [
        [
          "message": "div: divide by zero", "code": "eval_builtin_error",
          "location": ["file": "", "row": 1, "col": 29],
        ]
      ])
    #expect(json["result"]?[0]?["expressions"]?[0]?["value"] == [1])
  }

  // MARK: Queries and input

  @Test func evalReadsItsQueryFromStandardInput() async throws {
    #expect(try await Self.run(["--stdin", "-f", "raw"], input: "x := 1\nx + 1\n").output == "true 2\n")
  }

  @Test func evalLooksUpNamesInPackagesAndImports() async throws {
    let folder = try Self.shop()
    let options = ["-d", folder.path, "-f", "raw"]
    #expect(try await Self.run(options + ["--package", "shop", "f(2); cheap"]).output == "4 [\"pen\"]\n")
    let imports = ["--import", "data.a.b.prices", "--import", "input.more as n"]
    #expect(try await Self.run(options + imports + ["-I", "prices.pen + n"], input: "more: 5").output == "7\n")
    let unknown = try await Self.run(options + ["--package", "other", "f(2)"])
    #expect(unknown.errors.contains("undefined function f"))
  }

  @Test(arguments: [
    (#"{"a": 1}"#, "1\n"), ("a: 1", "1\n"), ("{a: 1}", "1\n"), ("# a comment\na: 1\n---\na: 2\n", "1\n"),
    ("\u{FEFF}{\"a\": 1}", "1\n"), ("a: {b: [0x10, yes, ~]}", #"{"b":[16,true,null]}"# + "\n"),
  ])
  func inputIsJSONOrYAML(_ text: String, _ output: String) async throws {
    let result = try await Self.run(["-i", "-", "-f", "raw", "input.a"], input: text)
    #expect(result.output == output, "\(result.errors)")
  }

  @Test(arguments: [
    ("x.json", "{\"a\": 1,\n \"b\": {\"c\": 1, \"c\": 2}}", "x.json:2:16: duplicate key at $.b.c"),
    ("x.json", "a: 1", "x.json:1:1: "),
    ("x.json", "", "x.json:1:1: "),
    ("x.yaml", "a: 1\nb: [\n", "x.yaml:3:1: did not find expected node content"),
    ("x.yml", "ä: {k: 1, k: 2}", "x.yml:1:11: duplicate key \"k\""),
    ("x.yaml", "a: 1\nb: \u{01}", "x.yaml:2:4: control characters are not allowed"),
    ("x.yaml", "a: *b", "x.yaml:1:4: unknown anchor 'b' referenced"),
  ])
  func badInputIsNamedByItsPlace(_ name: String, _ text: String, _ problem: String) async throws {
    let folder = try TemporaryFolder()
    try Files.write(text, to: folder.path + "/" + name)
    let result = try await Self.run(["-i", folder.path + "/" + name, "-f", "raw", "input"])
    #expect(result.exitCode == 2)
    #expect(result.errors.hasPrefix(folder.path + "/" + problem), "\(result.errors)")
  }
}
