import FoundationEssentials
import HTTPTypes
import Logging
import StrictJSON
import Testing

@testable import Gateway

/// The tables in `conformance/gateway`: a policy, calls, and what becomes of each. Every case goes through the engine, the
/// command line and HTTP, and must come out the same; over HTTP the evidence must say so too.
@Suite(.timeLimit(.minutes(5))) struct ScenarioTests {
  struct Table: Sendable, CustomTestStringConvertible {
    let name: String
    let cases: [JSONValue]
    let files: [String: String]
    var testDescription: String { name }
  }

  static let tables: [Table] = {
    let folder = Files.root + "/conformance/gateway"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".json") }.sorted().map { name in
      do {
        return try table(name, JSONValue(parsing: Files.text("\(folder)/\(name)") ?? ""))
      } catch {
        preconditionFailure("\(name): \(error)")
      }
    }
  }()

  /// `policy` is a folder of the repository, `modules` and `data` add to it or replace what is there.
  private static func table(_ name: String, _ document: JSONValue) throws -> Table {
    var files: [String: String] = [:]
    if let policy = document["policy"]?.stringValue {
      for file in ["default.rego", "data.json"] { files[file] = Files.text("\(Files.root)/\(policy)/\(file)") }
    }
    for (file, text) in document["modules"]?.objectValue?.members ?? [] { files[file] = text.stringValue }
    if let data = document["data"] { files["data.json"] = data.serializedString() }
    return Table(name: name, cases: document["cases"]?.arrayValue ?? [], files: files)
  }

  @Test func tablesAreThere() {
    #expect(Self.tables.count >= 3)
    #expect(Self.tables.reduce(0) { $0 + $1.cases.count } >= 90)
  }

  private func write(_ table: Table, to folder: String) throws {
    for (name, text) in table.files { try Files.write(text, to: "\(folder)/\(name)") }
  }

  private func token(_ state: JSONValue) throws -> String? {
    switch state["token"]?.stringValue {
    case "none": nil
    case "valid": GatewayFixture.token
    case "wrong": GatewayFixture.token + "x"
    case "empty": ""
    default: throw InvalidIdentifier(field: "token", message: "unknown token state \(state)")
    }
  }

  @Test(arguments: tables) func engine(_ table: Table) throws {
    let folder = try TemporaryFolder()
    try write(table, to: folder.path)
    let policy = try LoadedPolicy(
      directory: folder.path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    for scenario in table.cases {
      let want = try #require(scenario["want"])
      let tool = try #require(scenario["tool"]?.stringValue)
      // Names are checked before the policy is asked.
      if want["matched_rule"] == "invalid_tool_name" { continue }
      let decision = policy.decide(
        PolicyInput(
          toolName: tool, arguments: try CanonicalJSON(scenario["arguments"] ?? [:]), sessionID: "s1",
          context: scenario["context"] ?? [:], hasApprovalToken: scenario["token"] == "valid"))
      #expect(want["action"] == .string(decision.action.rawValue), "\(scenario)")
      #expect(want["reason"] == .string(decision.reason), "\(scenario)")
      #expect(want["matched_rule"] == decision.matchedRule.map { .string($0) } ?? .null, "\(scenario)")
    }
  }

  @Test(arguments: tables) func http(_ table: Table) async throws {
    try await GatewayFixture.run(policy: table.files) { gateway async throws in
      for scenario in table.cases {
        let want = try #require(scenario["want"])
        let reply = try await gateway.call(
          try #require(scenario["tool"]?.stringValue), session: "s1", arguments: scenario["arguments"] ?? [:],
          context: scenario["context"] ?? [:], token: try token(scenario))
        #expect(reply.json["error"] == want["error"], "\(scenario)")
        #expect(reply.json["success"] == .boolean(want["action"] == "ALLOW"), "\(scenario)")
        let evidence = try await gateway.control(.get, "/sessions/s1/evidence").json
        let event = try #require(evidence["timeline"]?.arrayValue?.last)
        #expect(event["event_id"] == reply.json["trace_id"])
        #expect(event["decision"] == want["action"], "\(scenario)")
        #expect(event["reason"] == want["reason"], "\(scenario)")
        #expect(event["matched_rule"] == want["matched_rule"], "\(scenario)")
        gateway.clock.advance(seconds: 10)
      }
    }
  }

  @Test(arguments: tables) func commandLine(_ table: Table) async throws {
    let folder = try TemporaryFolder()
    try write(table, to: folder.path)
    for scenario in table.cases where scenario["doors"]?.arrayValue?.contains("cli") ?? true {
      let want = try #require(scenario["want"])
      var arguments = [
        "decide", "--tool", try #require(scenario["tool"]?.stringValue), "--session", "s1", "--policy", folder.path,
        "--state-dir", folder.path + "/none", "--format", "json",
        "--args", (scenario["arguments"] ?? [:]).serializedString(),
        "--context", (scenario["context"] ?? [:]).serializedString(),
      ]
      if scenario["token"] == "valid" { arguments.append("--approved") }
      let result = try await AgentgateProcess.run(arguments)
      #expect(result.exitCode == 0, "\(scenario) \(result.errors)")
      let answer = try JSONValue(parsing: result.output)
      for key in ["action", "reason", "matched_rule", "error"] { #expect(answer[key] == want[key], "\(scenario)") }
    }
  }
}
