import FoundationEssentials
import StrictJSON
import Testing

/// `check`, `conformance` and `test`.
@Suite(.timeLimit(.minutes(3))) struct PolicyVerbTests {
  @Test(arguments: [
    (["check"], 64), (["check", "/nowhere"], 2), (["check", "policies", "--format", "xml"], 64),
    (["conformance"], 64), (["conformance", "/nowhere"], 2),
    (["conformance", "policies"], 2), (["conformance", "conformance/rego", "--expected-failures", "/nowhere"], 2),
  ])
  func exitCodes(_ arguments: [String], _ code: Int) async throws {
    let result = try await AgentgateProcess.run(arguments)
    #expect(result.exitCode == code, "\(result.output)\(result.errors)")
    #expect(!result.errors.isEmpty)
  }

  // MARK: check

  @Test func checkIsSilentWhenAllIsWell() async throws {
    let result = try await AgentgateProcess.run(["check", "policies"])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect((result.output + result.errors).isEmpty)
  }

  @Test func checkShowsEveryMistakeWithItsLine() async throws {
    let folder = try TemporaryFolder()
    try Files.write("package a\n\np := y + 1\n", to: folder.path + "/a.rego")
    try Files.write("package a_test\n\ntest_x if z == 1\n", to: folder.path + "/below/a_test.rego")
    let pretty = try await AgentgateProcess.run(["check", folder.path])
    #expect(pretty.exitCode == 2)
    #expect(pretty.errors.contains("/a.rego:3:6: rego_unsafe_var_error: var y is unsafe\n\tp := y + 1\n\t     ^"))
    #expect(pretty.errors.contains("/below/a_test.rego:3:11: rego_unsafe_var_error: var z is unsafe"))
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

  // MARK: conformance

  private static let cases = """
    {"cases": [
      {"note": "good", "query": "x = 1 + 1", "want_result": [{"x": 2}]},
      {"note": "bad", "query": "x = 1 + 1", "want_result": [{"x": 3}]}
    ]}
    """

  @Test(arguments: [
    ("bad\n", 0, ""), ("", 1, "bad: wanted"), ("bad\ngood\n", 1, "good: passes"), ("bad\nother\n", 1, "other: is"),
  ])
  func expectedFailures(_ notes: String, _ code: Int, _ complaint: String) async throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.cases, to: folder.path + "/cases/sums.json")
    try Files.write(notes, to: folder.path + "/expected")
    let result = try await AgentgateProcess.run(
      ["conformance", folder.path + "/cases", "--expected-failures", folder.path + "/expected"])
    #expect(result.exitCode == code)
    #expect(result.output == "sums   1/2\ntotal  1/2\n")
    #expect(complaint.isEmpty ? result.errors.isEmpty : result.errors.contains(complaint), "\(result.errors)")
  }

  @Test func conformancePrintsAnObjectACase() async throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.cases, to: folder.path + "/sums.json")
    let result = try await AgentgateProcess.run(["conformance", folder.path + "/sums.json", "--format", "json"])
    #expect(result.exitCode == 1)
    let lines = try result.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    #expect(
      lines == [
        ["note": "good", "passed": true, "want": #"[{"x":2}]"#, "got": #"[{"x":2}]"#],
        ["note": "bad", "passed": false, "want": #"[{"x":3}]"#, "got": #"[{"x":2}]"#],
      ])
  }

  @Test(arguments: [
    (#"{"cases": [{"note": "a"}]}"#, "$.cases[0]"), (#"{"cases": 1}"#, "$.cases"),
    (#"{"cases": [{"note": "a", "query": "x", "modules": [1]}]}"#, "$.cases[0].modules"),
    (#"{"cases": [{"note": "a", "query": "x", "want_result": {}}]}"#, "$.cases[0].want_result"),
    (#"{"cases": ["#, "$.cases"),
  ])
  func unreadableCasesAreNamedByTheirPath(_ text: String, _ path: String) async throws {
    let folder = try TemporaryFolder()
    try Files.write(text, to: folder.path + "/cases.json")
    let result = try await AgentgateProcess.run(["conformance", folder.path])
    #expect(result.exitCode == 2)
    #expect(result.errors.contains(folder.path + "/cases.json: ") && result.errors.contains(path), "\(result.errors)")
  }

  // MARK: test

  @Test func theShippedPolicysTestsPass() async throws {
    let result = try await AgentgateProcess.run(["test", "policies"])
    #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
    #expect(try /PASS: (\d+)\/\1\n/.wholeMatch(in: result.output) != nil, "\(result.output)")
  }

  private static let tests = """
    package a_test

    test_ok if 1 == 1

    test_undefined if 1 == 2

    test_false := false

    test_text := "x"

    test_set contains "x"

    test_error if 1 / 0

    todo_test_later if data.nothing

    test_sum[note] if {
      some note, tc in {"one": [1, 1, 2], "two": [2, 2, 5]}
      tc[0] + tc[1] == tc[2]
    }

    test_twice[a][b] if {
      some a, some_b in {"x": ["y"]}
      some b in some_b
    }

    test_of(x) if x

    helper if false
    """

  @Test func testSaysWhatBecameOfEachTest() async throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.tests, to: folder.path + "/a_test.rego")
    let result = try await AgentgateProcess.run(["test", folder.path, "--verbose"])
    #expect(result.exitCode == 2, "\(result.errors)")
    let times = /\([0-9.]+(ns|µs|ms|s)\)/
    let lines = result.output.replacing(times, with: "(t)").replacing(folder.path, with: "F")
    #expect(
      lines == """
        data.a_test.test_ok: PASS (t)
        data.a_test.test_undefined: FAIL (t)
        data.a_test.test_false: FAIL (t)
        data.a_test.test_text: FAIL (t)
        data.a_test.test_set: FAIL (t)
        data.a_test.test_error: ERROR (t)
          F/a_test.rego:13: eval_builtin_error: div: divide by zero
        data.a_test.todo_test_later: SKIPPED
        data.a_test.test_sum: FAIL (t)
          one: PASS
          two: FAIL
        data.a_test.test_twice: PASS (t)
          x: PASS
            y: PASS
        --------------------------------------------------------------------------------
        PASS: 2/9
        FAIL: 5/9
        ERROR: 1/9
        SKIPPED: 1/9

        """)
  }

  @Test func testListsResultsAsJSON() async throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.tests, to: folder.path + "/a_test.rego")
    let result = try await AgentgateProcess.run(
      ["test", folder.path, "--format", "json", "--run", "test_(undefined|later|sum)$", "--count", "2"])
    #expect(result.exitCode == 2)
    let list = try #require(try JSONValue(parsing: result.output).arrayValue)
    let names = list.compactMap { $0["name"]?.stringValue }
    let wanted = ["test_undefined", "todo_test_later", "test_sum"]
    #expect(names == wanted + wanted)
    #expect(list[0]["fail"] == true && list[0]["package"] == "data.a_test")
    #expect(list[0]["location"] == ["file": .string(folder.path + "/a_test.rego"), "row": 5, "col": 1])
    #expect(try #require(list[0]["duration"]?.numberValue?.intValue) > 0)
    #expect(list[1]["skip"] == true && list[1]["fail"] == nil)
    #expect(list[2]["sub_results"]?["two"] == ["name": "two", "fail": true])
    #expect(list[2]["sub_results"]?["one"] == ["name": "one"])
  }

  @Test(arguments: [
    (["--run", "test_ok"], 0), (["--run", "test_later"], 2), (["--run", "test_later", "-z"], 0),
    (["--run", "nothing_like_it"], 0), (["--run", "("], 2), (["--count", "0"], 64), (["--timeout", "soon"], 64),
    (["--run", "test_ok", "--timeout", "1.5m"], 0),
  ])
  func testExitCodes(_ options: [String], _ code: Int) async throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.tests, to: folder.path + "/a_test.rego")
    let result = try await AgentgateProcess.run(["test", folder.path] + options)
    #expect(result.exitCode == code, "\(result.output)\(result.errors)")
  }

  @Test func testThatTakesTooLongIsAnError() async throws {
    let folder = try TemporaryFolder()
    try Files.write(
      "package a\ntest_slow if count([x | some x in numbers.range(1, 3000); some _ in numbers.range(1, 3000)]) == 0\n",
      to: folder.path + "/a_test.rego")
    let result = try await AgentgateProcess.run(["test", folder.path, "--timeout", "1ms"])
    #expect(result.exitCode == 2)
    #expect(result.output.contains("eval_cancel_error"), "\(result.output)")
  }

  @Test func testShowsWhatDoesNotCompile() async throws {
    let folder = try TemporaryFolder()
    try Files.write("package a\n\ntest_x if y\n", to: folder.path + "/a_test.rego")
    let result = try await AgentgateProcess.run(["test", folder.path])
    #expect(result.exitCode == 2)
    #expect(result.errors.contains("/a_test.rego:3:11: rego_unsafe_var_error: var y is unsafe"))
  }
}
