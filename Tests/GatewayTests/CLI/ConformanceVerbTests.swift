import FoundationEssentials
import StrictJSON
import Testing

@Suite(.timeLimit(.minutes(3))) struct ConformanceVerbTests {
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
    (#"{"cases": [{"note": "a", "query": "x", "want_eror": "y"}]}"#, "$.cases[0].want_eror"),
    (#"{"cases": [{"note": "a", "query": "x", "strict_error": "yes"}]}"#, "$.cases[0].strict_error"),
  ])
  func unreadableCasesAreNamedByTheirPath(_ text: String, _ path: String) async throws {
    let folder = try TemporaryFolder()
    try Files.write(text, to: folder.path + "/cases.json")
    let result = try await AgentgateProcess.run(["conformance", folder.path])
    #expect(result.exitCode == 2)
    #expect(result.errors.contains(folder.path + "/cases.json:") && result.errors.contains(path), "\(result.errors)")
  }

  @Test func casesMayBeYAML() async throws {
    let folder = try TemporaryFolder()
    try Files.write(
      """
      cases:
        - note: yaml/modules
          modules:
            - |
              package a

              p contains x if some x in input.xs
          input: {xs: [2, 1]}
          query: data.a.p = x
          want_result:
            - x: [1, 2]
        - note: yaml/input_term
          input_term: '{"s": {1}}'
          query: input.s = {1}
          want_defined: true
        - note: yaml/undefined
          query: input.x
          want_defined: false
        - note: yaml/error
          query: 1 / 0
          strict_error: true
          want_error_code: eval_builtin_error
        - note: yaml/wrong
          query: input.x
          want_defined: true
      """, to: folder.path + "/yaml/cases.yaml")
    try Files.write("cases:\n- {note: one, query: 'true', want_result: [{}]}\n", to: folder.path + "/more.yml")
    try Files.write("// why it fails\nyaml/wrong\n", to: folder.path + "/expected")
    let failing = try await AgentgateProcess.run(["conformance", folder.path])
    #expect(failing.exitCode == 1)
    #expect(failing.errors == "yaml/wrong: wanted defined, got []\n")
    let result = try await AgentgateProcess.run(
      ["conformance", folder.path, "--expected-failures", folder.path + "/expected"])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output == "more        1/1\nyaml/cases  4/5\ntotal       5/6\n")
  }
}
