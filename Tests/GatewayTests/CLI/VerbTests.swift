import FoundationEssentials
import HummingbirdTesting
import StrictJSON
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct VerbTests {
  @Test func version() async throws {
    let result = try await AgentgateProcess.run(["--version"])
    #expect(result.output == "AgentGate 0.3.0\n")
    #expect(result.exitCode == 0)
  }

  @Test(arguments: [
    (["nonsense"], 64), (["kill"], 64), (["kill", "session"], 64), (["kill", "all", "x"], 64),
    (["kill", "tool", " "], 64),
    (["decide"], 64), (["decide", "--tool", "t", "--format", "xml"], 64),
    (["decide", "--tool", " "], 2), (["decide", "--tool", "t", "--args", "{"], 2),
    (["decide", "--tool", "t", "--args", "[]"], 2), (["decide", "--tool", "t", "--args", "@/nowhere"], 2),
    (["decide", "--tool", "t", "--args", #"{"a":1,"a":2}"#], 2),
    (["decide", "--tool", "t", "--policy", "/nowhere"], 2), (["serve", "--port", "x"], 78),
    (["serve", "--config", "/nowhere"], 78), (["eval", "1 +"], 2), (["eval", "-d", "/nowhere", "1"], 2),
    (["kill", "all", "--state-dir", "/nowhere/state", "--port", "1"], 1),
  ])
  func exitCodes(_ arguments: [String], _ code: Int) async throws {
    let result = try await AgentgateProcess.run(arguments)
    #expect(result.exitCode == code, "\(result.output)\(result.errors)")
    #expect(!(result.errors + result.output).isEmpty)
  }

  @Test(arguments: [
    (["AGENTGATE_ADMIN_API_KEY": "admin-secret-change-me"], "AGENTGATE_ADMIN_API_KEY"),
    (["AGENTGATE_ADMIN_API_KEY": "short"], "AGENTGATE_ADMIN_API_KEY"),
    (["AGENTGATE_APPROVAL_TOKEN": "approved"], "AGENTGATE_APPROVAL_TOKEN"),
    (["AGENTGATE_POLICY_PATH": "/nowhere"], "/nowhere"),
  ])
  func startIsRefused(_ environment: [String: String], _ text: String) async throws {
    let folder = try TemporaryFolder()
    let result = try await AgentgateProcess.run(
      ["serve", "--port", "0", "--state-dir", folder.path + "/state"], environment: environment)
    #expect(result.exitCode == 78)
    #expect(result.errors.contains(text), "\(result.errors)")
  }

  @Test func brokenPolicyAtStartIsNamedByItsPlace() async throws {
    let folder = try TemporaryFolder()
    try Files.write("package agentgate\n\ndecision := {", to: folder.path + "/p/default.rego")
    try Files.write("{}", to: folder.path + "/p/data.json")
    let result = try await AgentgateProcess.run(
      ["--policy", folder.path + "/p", "--state-dir", folder.path + "/state", "--port", "0"])
    #expect(result.exitCode == 78)
    #expect(result.errors.contains("default.rego:3:"), "\(result.errors)")
  }

  @Test func decidePrettyNamesTheRulesPlace() async throws {
    let result = try await AgentgateProcess.run(["decide", "--tool", "db_insert", "--state-dir", "/nowhere"])
    #expect(result.exitCode == 0)
    #expect(result.output.contains("action        REQUIRE_APPROVAL\n"))
    #expect(result.output.contains("matched rule  write_requires_approval\n"))
    #expect(result.output.contains("./policies/default.rego:"))
  }

  @Test func decideReadsArgumentsFromAFile() async throws {
    let folder = try TemporaryFolder()
    try Files.write(#"{"a": 1}"#, to: folder.path + "/args.json")
    let result = try await AgentgateProcess.run(
      ["decide", "--tool", "db_query", "--args", "@\(folder.path)/args.json", "--format", "json"])
    #expect(try JSONValue(parsing: result.output)["action"] == "ALLOW")
  }

  /// No server: the file is written, and the next start finds it.
  @Test func killsWithoutAServer() async throws {
    let folder = try TemporaryFolder()
    let state = ["--state-dir", folder.path, "--port", "1"]
    let killed = try await AgentgateProcess.run(["kill", "session", "a/b", "--reason", "off"] + state)
    #expect(killed.exitCode == 0, "\(killed.errors)")
    #expect(killed.output.contains(#"killed session "a/b" in \#(folder.path)/kill-switch.json"#))
    _ = try await AgentgateProcess.run(["kill", "tool", "t"] + state)
    _ = try await AgentgateProcess.run(["pause"] + state)
    let decide = ["decide", "--format", "json", "--state-dir", folder.path, "--tool"]
    func reason(_ arguments: [String]) async throws -> JSONValue? {
      try JSONValue(parsing: try await AgentgateProcess.run(decide + arguments).output)["reason"]
    }
    #expect(try await reason(["db_query"]) == "Kill switch: System paused")
    _ = try await AgentgateProcess.run(["resume"] + state)
    #expect(try await reason(["db_query"]) == "Read-only tool")
    #expect(try await reason(["db_query", "--session", "a/b"]) == "Kill switch: off")
    #expect(try await reason(["t"]) == "Kill switch: Tool terminated")
    let status = try await AgentgateProcess.run(["status"] + state)
    #expect(status.exitCode == 1, "no server")
    #expect(status.output.contains(#"session "a/b": "off""#))
    _ = try await AgentgateProcess.run(["unkill", "session", "a/b"] + state)
    _ = try await AgentgateProcess.run(["unkill", "tool", "t"] + state)
    #expect(try await reason(["db_query", "--session", "a/b"]) == "Read-only tool")
  }

  /// With a server: through it, and at once.
  @Test func killsThroughTheServer() async throws {
    try await GatewayFixture.run(setup: .live) { gateway async throws in
      let port = try #require(gateway.client.port)
      let options = ["--state-dir", gateway.stateFolder, "--port", String(port)]
      // The test's server listens on `localhost`, which may be ::1.
      let environment = ["AGENTGATE_ADMIN_API_KEY": GatewayFixture.adminKey, "AGENTGATE_HOST": "localhost"]
      // On a busy machine the server may take longer than `kill` waits for it.
      var output = ""
      for _ in 0..<20 where !output.contains("through the server") {
        output = try await AgentgateProcess.run(["kill", "session", "s 1/ü"] + options, environment: environment).output
      }
      #expect(output.contains("through the server"), "\(output)")
      #expect(try await gateway.call("db_query", session: "s 1/ü").json["success"] == false)
      #expect(try await gateway.events("s 1/ü").first?.kind == .kill)
      output = ""
      for _ in 0..<20 where !output.contains("through the server") {
        output = try await AgentgateProcess.run(["unkill", "session", "s 1/ü"] + options, environment: environment)
          .output
      }
      #expect(try await gateway.call("db_query", session: "s 1/ü").json["success"] == true)
    }
  }

  @Test func demoToolsNeedsAFolder() async throws {
    #expect(try await AgentgateProcess.run(["demo-tools"]).exitCode == 64)
  }
}
