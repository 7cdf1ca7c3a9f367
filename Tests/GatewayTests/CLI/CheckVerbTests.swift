import FoundationEssentials
import StrictJSON
import Testing

@Suite(.timeLimit(.minutes(3))) struct CheckVerbTests {
  @Test func checkIsSilentWhenAllIsWell() async throws {
    let result = try await AgentgateProcess.run(["check", "policies"])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect((result.output + result.errors).isEmpty)
  }

  @Test func checkShowsEveryMistakeWithItsLine() async throws {
    let folder = try TemporaryFolder()
    try Files.write("package a\n\np := y + 1\n", to: folder.path + "/a.rego")
    try Files.write("package a.b\n\nq if z == 1\n", to: folder.path + "/below/b.rego")
    let pretty = try await AgentgateProcess.run(["check", folder.path])
    #expect(pretty.exitCode == 2)
    #expect(pretty.errors.contains("/a.rego:3:6: rego_unsafe_var_error: var y is unsafe\n\tp := y + 1\n\t     ^"))
    #expect(pretty.errors.contains("/below/b.rego:3:6: rego_unsafe_var_error: var z is unsafe"))
    let json = try await AgentgateProcess.run(["check", folder.path, "--format", "json"])
    #expect(json.exitCode == 2)
    #expect(
      try JSONValue(parsing: json.errors)["errors"]?[0] == [
        "message": "var y is unsafe", "code": "rego_unsafe_var_error",
        "location": ["file": .string(folder.path + "/a.rego"), "row": 3, "col": 6],
      ])
  }

  @Test func checkSeesRulesThatDataTakesThePlaceOf() async throws {
    let folder = try TemporaryFolder()
    try Files.write("package a.b\n\np := 1\n", to: folder.path + "/x.rego")
    try Files.write(#"{"p": 2}"#, to: folder.path + "/a/b/values.json")
    let result = try await AgentgateProcess.run(["check", folder.path])
    #expect(result.exitCode == 2)
    #expect(result.errors.contains("conflicting rule for data path a/b/p found"), "\(result.errors)")
  }

  /// One in each stage, none of which hides another.
  private static let mistaken = """
    package a

    import data.x.y
    import data.z.y

    one if x > 1

    two if 1 + "a"

    three if nope(1)

    four if four

    five if {
    \ta := 1
    \ta := 2
    }
    """

  @Test func checkGoesOnAfterEveryMistake() async throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.mistaken, to: folder.path + "/a.rego")
    let result = try await AgentgateProcess.run(["check", folder.path])
    #expect(result.exitCode == 2)
    #expect(
      result.errors.replacing(folder.path, with: "F") == """
        6 errors occurred:
        F/a.rego:4:1: rego_compile_error: import must not shadow import data.x.y
        \timport data.z.y
        \t^
        F/a.rego:6:8: rego_unsafe_var_error: var x is unsafe
        \tone if x > 1
        \t       ^
        F/a.rego:8:8: rego_type_error: plus: invalid argument(s)
        \thave: (number, string)
        \twant: (x: number, y: number, z: number)
        \ttwo if 1 + "a"
        \t       ^
        F/a.rego:10:10: rego_type_error: undefined function nope
        \tthree if nope(1)
        \t         ^
        F/a.rego:12:1: rego_recursion_error: rule data.a.four is recursive: data.a.four -> data.a.four
        \tfour if four
        \t^
        F/a.rego:16:2: rego_compile_error: var a assigned above
        \t a := 2
        \t ^

        """)
  }

  @Test func checkShowsSyntaxErrorsOfAllRulesAndFiles() async throws {
    let folder = try TemporaryFolder()
    try Files.write("package a\n\np := := 1\n\nq if { 1 + }\n\nr := [1\n", to: folder.path + "/a.rego")
    try Files.write("package b\n\np if\n", to: folder.path + "/b.rego")
    let result = try await AgentgateProcess.run(["check", folder.path, "-f", "json"])
    let errors = try #require(try JSONValue(parsing: result.errors)["errors"]?.arrayValue)
    let places = errors.map { error in
      let location = error["location"]
      let file = location?["file"]?.stringValue?.split(separator: "/").last ?? ""
      return "\(file):\(location?["row"]?.intValue ?? 0)"
    }
    #expect(places == ["a.rego:3", "a.rego:5", "a.rego:8", "b.rego:4"])
    #expect(errors.allSatisfy { $0["code"] == "rego_parse_error" })
    #expect(errors.first?["details"] == ["line": "p := := 1", "idx": 5])
  }

  @Test(arguments: [([], 10), (["-m", "0"], 12), (["--max-errors", "3"], 3), (["--max-errors", "12"], 12)])
  func checkStopsAtTheLimit(_ options: [String], _ shown: Int) async throws {
    let folder = try TemporaryFolder()
    let rules = (1...12).map { "p\($0) if x\($0)\n" }.joined()
    try Files.write("package a\n\n" + rules, to: folder.path + "/a.rego")
    let result = try await AgentgateProcess.run(["check", folder.path] + options)
    #expect(result.exitCode == 2)
    #expect(result.errors.split(separator: "\n").filter { $0.contains("rego_unsafe_var_error") }.count == shown)
    #expect(result.errors.contains("rego_compile_error: error limit reached") == (shown < 12))
  }
}
