import FoundationEssentials
import StrictJSON
import Testing

@Suite(.timeLimit(.minutes(3))) struct TestVerbTests {
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
    let summary = try #require(Self.timeless(result.output, folder.path).split(separator: "SUMMARY\n").last)
    #expect(
      summary == """
        --------------------------------------------------------------------------------
        data.a_test.test_ok: PASS (t)
        data.a_test.test_undefined: FAIL (t)
          F/a_test.rego:5: 1 == 2
        data.a_test.test_false: FAIL (t)
          F/a_test.rego:7: the result is false, not true
        data.a_test.test_text: FAIL (t)
          F/a_test.rego:9: the result is "x", not true
        data.a_test.test_set: FAIL (t)
          F/a_test.rego:11: the result is {"x"}, not true
        data.a_test.test_error: ERROR (t)
          F/a_test.rego:13: eval_builtin_error: div: divide by zero
        data.a_test.todo_test_later: SKIPPED
        data.a_test.test_sum: FAIL (t)
          one: PASS
          two: FAIL
            F/a_test.rego:19: tc[0] + tc[1] == tc[2]
              note = "two"
              tc = [2, 2, 5]
              tc[0] = 2
              tc[1] = 2
              tc[0] + tc[1] = 4
              tc[2] = 5
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
    let two = try #require(list[2]["sub_results"]?["two"])
    #expect(two["name"] == "two" && two["fail"] == true)
    #expect(two["failed_at"]?[0]?["values"]?["tc"] == [2, 2, 5])
    #expect(list[0]["failed_at"]?[0]?["location"]?["row"] == 5)
    #expect(list[2]["sub_results"]?["one"] == ["name": "one"])
  }

  @Test(arguments: [
    (["--run", "test_ok"], 0), (["--run", "test_later"], 2), (["--run", "test_later", "-z"], 0),
    (["--run", "nothing_like_it"], 0), (["--run", "("], 2), (["--count", "0"], 64), (["--timeout", "soon"], 64),
    (["--run", "test_ok", "--timeout", "1m30.5s"], 0), (["--run", "data.a_test.test_ok$"], 0),
    (["--parallel", "0"], 64), (["--threshold", "101"], 64), (["--bench", "--format", "json"], 64),
    (["--coverage", "--format", "junit"], 64), (["--explain", "some"], 64),
    (["--run", "test_ok", "--coverage"], 0), (["--run", "test_false", "--coverage"], 2),
    (["--run", "test_ok", "--threshold", "5"], 0), (["--run", "test_ok", "--threshold", "90"], 2),
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

  private static func timeless(_ output: String, _ folder: String) -> String {
    output.replacing(/\([0-9.]+(ns|µs|ms|s)\)/, with: "(t)").replacing(folder, with: "F")
  }

  private static let policy = """
    package authz

    allow if {
      some role in input.roles
      role in data.admins
    }

    old_enough(age) if age > limit

    limit := 18
    """

  private static let policyTests = """
    package authz_test

    import data.authz

    test_admin if authz.allow with input.roles as ["dev", "admin"] with data.admins as ["admin"]

    test_age if {
      age := 17
      print("age", age, "is", data.nothing)
      authz.old_enough(age) with authz.limit as 16
      authz.old_enough(age)
    }

    test_mocked_builtin if {
      count([1]) == 5 with count as 5
    }
    """

  @Test func aFailedTestShowsItsLineValuesAndOutput() async throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.policy, to: folder.path + "/authz.rego")
    try Files.write(Self.policyTests, to: folder.path + "/authz_test.rego")
    let result = try await AgentgateProcess.run(["test", folder.path])
    #expect(result.exitCode == 2, "\(result.errors)")
    #expect(
      Self.timeless(result.output, folder.path) == """
        data.authz_test.test_age: FAIL (t)
          F/authz_test.rego:11: authz.old_enough(age)
            age = 17

          age 17 is <undefined>

        --------------------------------------------------------------------------------
        PASS: 2/3
        FAIL: 1/3

        """)
    let verbose = try await AgentgateProcess.run(["test", folder.path, "-v", "--var-values", "--run", "age"])
    let failures = try #require(Self.timeless(verbose.output, folder.path).split(separator: "SUMMARY").first)
    let lines = failures.split(separator: "\n").map { String($0.replacing(/\ +/, with: " ")) }
    #expect(
      lines == [
        "FAILURES", String(repeating: "-", count: 80), "data.authz_test.test_age: FAIL (t)",
        " query:1 Enter data.authz_test.test_age", " F/authz_test.rego:7 | Enter data.authz_test.test_age",
        " F/authz.rego:8 | | Enter data.authz.old_enough", " F/authz.rego:8 | | | Fail age > limit",
        " | | | age = 17", " | | | limit = 18",
        " F/authz_test.rego:11 | | Fail authz.old_enough(age)", " | | age = 17",
        " query:1 | Fail data.authz_test.test_age",
      ])
  }

  @Test func outputIsBase64InJSON() async throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.policy, to: folder.path + "/authz.rego")
    try Files.write(Self.policyTests, to: folder.path + "/authz_test.rego")
    let result = try await AgentgateProcess.run(
      ["test", folder.path, "-f", "json", "--run", "age", "--explain", "full"])
    let test = try #require(try JSONValue(parsing: result.output)[0])
    #expect(test["output"] == "YWdlIDE3IGlzIDx1bmRlZmluZWQ+Cg==")
    #expect(test["failed_at"]?[0]?["text"] == "authz.old_enough(age)")
    let events = test["trace"]?.arrayValue ?? []
    #expect(events.first?["op"] == "enter" && events.last?["op"] == "fail", "\(events)")
    #expect(events.contains { $0["op"] == "eval" && $0["node"] == "age > limit" && $0["locals"] == ["age": 17] })
  }

  @Test func v0TestsNeedTheFlag() async throws {
    let folder = try TemporaryFolder()
    try Files.write(
      "package a\n\nallow { input.x == 1 }\n\ntest_allow { allow with input as {\"x\": 1} }\n\ntodo_test_b { false }\n",
      to: folder.path + "/a_test.rego")
    let v1 = try await AgentgateProcess.run(["test", folder.path])
    #expect(v1.exitCode == 2 && v1.errors.contains("rego_parse_error"), "\(v1.errors)")
    let v0 = try await AgentgateProcess.run(["test", folder.path, "--v0-compatible", "-z"])
    #expect(v0.exitCode == 0, "\(v0.errors)")
    #expect(v0.output.hasSuffix("PASS: 1/2\nSKIPPED: 1/2\n"), "\(v0.output)")
  }

  @Test func coverageInOPAsForm() async throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.policy, to: folder.path + "/authz.rego")
    try Files.write(
      "package t\n\ntest_a if data.authz.allow with input.roles as [] with data.admins as []\n",
      to: folder.path + "/a_test.rego")
    let result = try await AgentgateProcess.run(["test", folder.path, "--threshold", "80.5", "--parallel", "1"])
    #expect(result.exitCode == 2)
    #expect(result.errors.contains("coverage threshold not met: got 33.33 instead of 80.5\n"), "\(result.errors)")
    #expect(result.errors.contains("data.t.test_a: FAIL"), "\(result.errors)")
    let report = try JSONValue(parsing: result.output)
    #expect(report["coverage"] == 33.33 && report["covered_lines"] == 2 && report["not_covered_lines"] == 4)
    let file = try #require(report["files"]?[folder.path + "/authz.rego"])
    #expect(file["coverage"] == 20 && file["covered_lines"] == 1 && file["not_covered_lines"] == 4)
    #expect(file["covered"]?.arrayValue?.compactMap { $0["start"]?["row"]?.numberValue?.intValue } == [4])
    #expect(file["not_covered"]?.arrayValue?.compactMap { $0["end"]?["row"]?.numberValue?.intValue } == [3, 5, 8, 10])
  }

  @Test func junitIsWellFormedXML() async throws {
    let folder = try TemporaryFolder()
    try Files.write(
      """
      package a["b<&>"]

      test_quote if "<\\u0001\\"&'>" == concat("", ["x"])

      test_error if to_number("]]>")

      todo_test_later if true

      test_fine if print("a\\tb", {"<"})

      """, to: folder.path + "/a_test.rego")
    let result = try await AgentgateProcess.run(["test", folder.path, "--format", "junit"])
    #expect(result.exitCode == 2, "\(result.errors)")
    let text = result.output.replacing(/time="[0-9]+\.[0-9]{9}"/, with: "time=\"t\"").replacing(folder.path, with: "F")
    #expect(
      text == #"""
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites tests="4" failures="1" errors="1" skipped="1" time="t">
          <testsuite name="data.a[&quot;b&lt;&amp;&gt;&quot;]" tests="4" failures="1" errors="1" skipped="1" time="t">
            <testcase classname="data.a[&quot;b&lt;&amp;&gt;&quot;]" name="test_quote" time="t" file="F/a_test.rego" line="3">
              <failure message="F/a_test.rego:3: &quot;&lt;\u0001\&quot;&amp;'&gt;&quot; == concat(&quot;&quot;, [&quot;x&quot;])">F/a_test.rego:3: "&lt;\u0001\"&amp;'&gt;" == concat("", ["x"])
          concat("", ["x"]) = "x"</failure>
            </testcase>
            <testcase classname="data.a[&quot;b&lt;&amp;&gt;&quot;]" name="test_error" time="t" file="F/a_test.rego" line="5">
              <error message="to_number: strconv.ParseFloat: parsing &quot;]]&gt;&quot;: invalid syntax" type="eval_builtin_error">F/a_test.rego:5: eval_builtin_error: to_number: strconv.ParseFloat: parsing "]]&gt;": invalid syntax</error>
            </testcase>
            <testcase classname="data.a[&quot;b&lt;&amp;&gt;&quot;]" name="todo_test_later" time="t" file="F/a_test.rego" line="7">
              <skipped/>
            </testcase>
            <testcase classname="data.a[&quot;b&lt;&amp;&gt;&quot;]" name="test_fine" time="t" file="F/a_test.rego" line="9">
              <system-out>a	b {"&lt;"}</system-out>
            </testcase>
          </testsuite>
        </testsuites>

        """#)
  }

  @Test func resultsComeInTheTestsOrderHoweverManyRunAtATime() async throws {
    let folder = try TemporaryFolder()
    let slow = "count([1 | some _ in numbers.range(1, 20000)]) > 0"
    let tests = (1...20).map { "test_\($0) if \($0 % 3 == 0 ? slow : "true")\n" }.joined(separator: "\n")
    try Files.write("package a\n\n" + tests, to: folder.path + "/a_test.rego")
    let result = try await AgentgateProcess.run(["test", folder.path, "-v", "--parallel", "4"])
    let names = result.output.matches(of: /test_([0-9]+): PASS/).map { String($0.1) }
    #expect(names == (1...20).map(String.init))
  }

  @Test func benchmarksAreLinesAsGoPrintsThem() async throws {
    let folder = try TemporaryFolder()
    try Files.write("package a\n\ntest_b if count([1]) == 1\n\ntest_no if false\n", to: folder.path + "/a_test.rego")
    let result = try await AgentgateProcess.run(["test", folder.path, "--bench"])
    #expect(result.exitCode == 2)
    let lines = result.output.split(separator: "\n")
    #expect(try /data\.a\.test_b\t +[0-9]+\t +[0-9]+ ns\/op/.wholeMatch(in: lines[0]) != nil, "\(result.output)")
    #expect(lines[1].hasPrefix("data.a.test_no: FAIL"), "\(result.output)")
  }

  @Test func bundlesAndIgnoredFiles() async throws {
    let folder = try TemporaryFolder()
    try Files.write("package a\n\ntest_data if data.a.b == 1\n", to: folder.path + "/a_test.rego")
    try Files.write(#"{"b": 1}"#, to: folder.path + "/a/data.json")
    try Files.write(#"{"other": 1}"#, to: folder.path + "/a/other.json")
    try Files.write("not rego\n", to: folder.path + "/broken.rego")
    let result = try await AgentgateProcess.run(["test", "-b", folder.path, "--ignore", "broken.rego"])
    #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
  }
}
