import FoundationEssentials
import Logging
import StrictJSON
import Testing

@testable import Gateway

struct PolicyGateTests {
  private static let rego = """
    package agentgate

    default decision := {"action": "DENY", "reason": "none", "matched_rule": null}

    decision := {"action": "ALLOW", "reason": data.why, "matched_rule": "r", "is_write_action": false}
    """

  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func input(_ tool: String = "t") -> PolicyInput {
    PolicyInput(toolName: tool, arguments: .emptyObject, sessionID: "s", context: [:], hasApprovalToken: false)
  }

  private func problems(_ files: [String: String]) throws -> [PolicyLoadError.Problem] {
    let folder = try TemporaryFolder()
    for (name, text) in files { try Files.write(text, to: "\(folder.path)/\(name)") }
    do throws(PolicyLoadError) {
      _ = try PolicyGate(directory: folder.path, logger: logger)
      return []
    } catch {
      return error.problems
    }
  }

  @Test func whatIsJudgedAreTheBytesThatAreSent() throws {
    let arguments = try CanonicalJSON(["b": 1.5, "a": ["é\n\"", .null]])
    let input = PolicyInput(
      toolName: "a\"b", arguments: arguments, sessionID: "s\u{1}", context: ["x": ["y": true]], hasApprovalToken: true)
    #expect(try JSONValue(parsing: input.bytes) == input.json)
    #expect(String(decoding: input.bytes, as: UTF8.self).contains(arguments.text))
  }

  @Test func reloadSwapsAtOnceAndARefusedOneChangesNothing() throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.rego, to: folder.path + "/p.rego")
    try Files.write(#"{"why": "first"}"#, to: folder.path + "/data.json")
    let gate = try PolicyGate(directory: folder.path, logger: logger)
    let before = gate.active
    #expect(before.decide(input()).reason == "first")
    #expect(gate.status.refused == nil)

    try Files.write(#"{"why": "second"}"#, to: folder.path + "/data.json")
    let candidate = try gate.prepare()
    #expect(gate.active.revision == before.revision, "prepared, not active")
    gate.activate(candidate)
    #expect(gate.active.decide(input()).reason == "second")
    #expect(before.decide(input()).reason == "first", "a call that began before keeps its revision")
    #expect(gate.active.revision != before.revision)

    let active = gate.active.revision
    try Files.write(Self.rego + "\nx := [", to: folder.path + "/p.rego")
    #expect(throws: PolicyLoadError.self) { try gate.prepare() }
    #expect(gate.active.revision == active)
    let refused = try #require(gate.status.refused)
    #expect(refused.revision != nil && refused.revision != active)
    #expect(refused.problems.first?.file == "p.rego")

    try Files.write(Self.rego, to: folder.path + "/p.rego")
    gate.activate(try gate.prepare())
    #expect(gate.status.refused == nil)
    #expect(gate.active.revision == active, "the same files have the same revision")
  }

  @Test func anOlderCandidateDoesNotReplaceANewerOne() throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.rego, to: folder.path + "/p.rego")
    try Files.write(#"{"why": "0"}"#, to: folder.path + "/data.json")
    let gate = try PolicyGate(directory: folder.path, logger: logger)
    try Files.write(#"{"why": "1"}"#, to: folder.path + "/data.json")
    let older = try gate.prepare()
    try Files.write(#"{"why": "2"}"#, to: folder.path + "/data.json")
    gate.activate(try gate.prepare())
    gate.activate(older)
    #expect(gate.active.decide(input()).reason == "2")
  }

  @Test func whatCountsAsPolicy() throws {
    let folder = try TemporaryFolder()
    try Files.write(Self.rego, to: folder.path + "/..v1/p.rego")
    try Files.write(#"{"why": "linked"}"#, to: folder.path + "/..v1/data.json")
    for name in ["p.rego", "data.json"] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder.path)/\(name)", withDestinationPath: "..v1/\(name)")
    }
    try Files.write("package agentgate\nthis is no Rego", to: folder.path + "/p_test.rego")
    try Files.write("no Rego either", to: folder.path + "/notes.txt")
    try Files.write("package deeper\nx := 1", to: folder.path + "/sub/deeper.rego")
    let first = try LoadedPolicy(directory: folder.path, logger: logger)
    #expect(first.decide(input()).reason == "linked")

    try Files.write("package agentgate\nstill none", to: folder.path + "/p_test.rego")
    #expect(try LoadedPolicy(directory: folder.path, logger: logger).revision == first.revision)
    try Files.write("package deeper\nx := 2", to: folder.path + "/sub/deeper.rego")
    #expect(try LoadedPolicy(directory: folder.path, logger: logger).revision != first.revision)
  }

  struct BadFolder: Sendable, CustomTestStringConvertible {
    let note: String
    let files: [String: String]
    /// Beginnings of the problems' texts.
    let problems: [String]
    var testDescription: String { note }
  }

  static let badFolders: [BadFolder] = [
    .init(note: "no data.json", files: ["p.rego": rego], problems: ["data.json: file_error: "]),
    .init(note: "no module", files: ["data.json": "{}"], problems: ["file_error: no .rego file in "]),
    .init(
      note: "broken data.json", files: ["p.rego": rego, "data.json": "{\n  \"a\": }"],
      problems: ["data.json:2:8: data_error: "]),
    .init(
      note: "data.json is no object", files: ["p.rego": rego, "data.json": "[]"],
      problems: ["data.json: data_error: $ must be an object"]),
    .init(
      note: "a key twice", files: ["p.rego": rego, "data.json": #"{"why": 1, "why": 2}"#],
      problems: ["data.json:1:12: data_error: "]),
    .init(
      note: "wrong types",
      files: [
        "p.rego": rego,
        "data.json": """
        {"why": "x", "read_only_tools": "db_query", "write_tools": ["a", 7], "all_known_tools": {},
         "rate_limits": {"a": "10", "b": 0, "c": -1, "d": 1.5, "e": 5, "x y": true, "": 1, "f": 100001}}
        """,
      ],
      problems: [
        "data.json: data_error: $.read_only_tools must be a list of strings",
        "data.json: data_error: $.write_tools[1] must be a string",
        "data.json: data_error: $.all_known_tools must be a list of strings",
        "data.json: data_error: $.rate_limits.a must be a whole number from 1 to 100000",
        "data.json: data_error: $.rate_limits.b must be ", "data.json: data_error: $.rate_limits.c must be ",
        "data.json: data_error: $.rate_limits.d must be ",
        #"data.json: data_error: $.rate_limits["x y"] must be "#,
        #"data.json: data_error: $.rate_limits[""] is no name of a tool"#,
        "data.json: data_error: $.rate_limits.f must be ",
      ]),
    .init(
      note: "no object of limits", files: ["p.rego": rego, "data.json": #"{"rate_limits": [10]}"#],
      problems: ["data.json: data_error: $.rate_limits must be an object of numbers"]),
    .init(
      note: "no decision", files: ["p.rego": "package other\nx := 1", "data.json": "{}"],
      problems: ["rego_compile_error: no module defines data.agentgate.decision"]),
    .init(
      note: "no Rego", files: ["p.rego": "package agentgate\n\ndecision := {", "data.json": "{}"],
      problems: ["p.rego:3:"]),
    .init(
      note: "mistakes in two files",
      files: ["a.rego": "package a\nx := )", "b/c.rego": "package b\n\n  y := )", "data.json": "{}"],
      problems: ["a.rego:2:", "b/c.rego:3:"]),
    .init(
      note: "unsafe variable", files: ["p.rego": "package agentgate\ndecision := 1 if x > 1", "data.json": "{}"],
      problems: ["p.rego:2:18: rego_unsafe_var_error: "]),
  ]

  @Test(arguments: badFolders) func refuses(_ folder: BadFolder) throws {
    let problems = try problems(folder.files).map(\.description)
    #expect(problems.count == folder.problems.count, "\(problems)")
    for (problem, start) in zip(problems, folder.problems) {
      #expect(problem.hasPrefix(start), "\(problem)")
    }
  }

  @Test func missingFolder() throws {
    #expect(throws: PolicyLoadError.self) { try LoadedPolicy(directory: "/nowhere/at/all", logger: logger) }
  }

  @Test func endlessWorkIsADenial() throws {
    let folder = try TemporaryFolder()
    try Files.write(
      """
      package agentgate

      decision := {"action": "ALLOW", "reason": "at last"} if {
        some a in numbers.range(1, 1000)
        some b in numbers.range(1, 1000)
        some c in numbers.range(1, 1000)
        a + b + c == 5000
      }
      """, to: folder.path + "/p.rego")
    try Files.write("{}", to: folder.path + "/data.json")
    let policy = try LoadedPolicy(directory: folder.path, logger: logger)
    #expect(policy.decide(input()) == .policyUnavailable)
  }

  @Test func causeOfNoDecisionIsLogged() throws {
    let folder = try TemporaryFolder()
    try Files.write("package agentgate\ndecision := 7", to: folder.path + "/p.rego")
    try Files.write("{}", to: folder.path + "/data.json")
    let log = LogRecorder()
    let policy = try LoadedPolicy(directory: folder.path, logger: log.logger)
    #expect(policy.decide(input()) == .policyUnavailable)
    #expect(log.text.contains("data.agentgate.decision is no object"))
  }

  @Test func explainNamesTheRule() throws {
    let policy = try LoadedPolicy(directory: Files.root + "/policies", logger: logger)
    let (decision, rules) = policy.explain(input("db_query"))
    #expect(decision.matchedRule == "read_only_tools")
    let rule = try #require(rules.first)
    #expect(rules.count == 1)
    #expect(rule.path == "data.agentgate.decision")
    #expect(rule.file == "default.rego")
    let lines = try #require(Files.text(Files.root + "/policies/default.rego")).split(
      separator: "\n", omittingEmptySubsequences: false)
    // The place is that of the branch that decided, not of the whole chain.
    #expect(lines.indices.contains(rule.row - 1))
    let (_, defaultRules) = policy.explain(input("hack_the_planet"))
    #expect(defaultRules.first?.row ?? 0 <= rule.row)
  }
}
