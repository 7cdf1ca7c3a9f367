import FoundationEssentials
import Glibc
import HTTPTypes
import Logging
import StrictJSON
import Subprocess
import SystemPackage
import Testing

@testable import Gateway

/// `agentgate mcp`, and what operators use on gateways that run.
@Suite(.timeLimit(.minutes(3))) struct MCPVerbTests {
  /// The official SDK's client starts the gateway as it would start a server.
  @Test(arguments: [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
  func servesAClientThatStartsIt(mode: String, version: JSONValue) async throws {
    let environment = getenv("AGENTGATE_TEST_VENV").map { String(cString: $0) } ?? Files.root + "/.venv"
    let python = environment + "/bin/python"
    try #require(FileManager.default.isExecutableFile(atPath: python), "no \(python): run make test-venv")
    let folder = try TemporaryFolder()
    let server = MisbehavingServer(folder: folder.path, tools: ["echo", "sleep"])
    try Files.write(
      #"""
      package agentgate
      default decision := {"action": "DENY", "reason": "no", "matched_rule": null, "is_write_action": false}
      decision := {"action": "ALLOW", "reason": "yes", "matched_rule": "echo", "is_write_action": false} if {
        input.tool_name == "echo"
      }
      decision := {"action": "DENY", "reason": "no", "matched_rule": "sleep", "is_write_action": false} if {
        input.tool_name == "sleep"
      }
      """#, to: folder.path + "/policies/default.rego")
    try Files.write("{}", to: folder.path + "/policies/data.json")
    let servers: JSONValue = [
      "mcpServers": [
        "s": [
          "command": "python3", "args": .array(server.configuration.arguments.map { .string($0) }),
          "env": .object(JSONObject(server.configuration.environment.map { ($0.key, .string($0.value)) })),
        ]
      ]
    ]
    try Files.write(servers.serializedString(), to: folder.path + "/mcp.json")
    let state = folder.path + "/state"
    let variables = Dictionary(
      ServedGateway.environment(stateFolder: state).map { (Environment.Key(stringLiteral: $0.key), $0.value) },
      uniquingKeysWith: { first, _ in first })
    let result = try await Subprocess.run(
      .path(FilePath(python)),
      arguments: [
        MisbehavingServer.fixtures + "sdk_client.py", mode, try AgentgateProcess.executable, "mcp", "--policy",
        folder.path + "/policies", "--mcp", folder.path + "/mcp.json", "--session", "laptop",
      ],
      environment: .custom(variables), input: .none, output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    let got = (try? JSONValue(parsing: result.standardOutput)) ?? .null
    #expect(got["version"] == version, "\(result.standardOutput)\(result.standardError)")
    #expect(got["server"] == "agentgate")
    #expect(got["tools"] == ["echo"])
    #expect(got["echo"]?["tag"] == "x")
    #expect(got["is_error"] == true)
    #expect(got["text"] == "Policy denied: no")
    // With the client its server is gone, and the session's events are there.
    for pid in server.log.processes { try await Processes.waitForEnd(of: pid) }
    let traces = try TraceStoreBackend.sqlite.open(
      path: state + "/traces.db", key: try EvidenceKey(file: state + "/evidence-key.pem", signingKey: nil),
      logger: LogRecorder().logger)
    let events = try await traces.events(session: "laptop")
    await traces.close()
    #expect(events.map(\.toolName) == ["echo", "sleep"])
    #expect(events.map(\.executed) == [true, false])
  }

  @Test func aGatewayWithoutServersServesAllTheSame() async throws {
    let folder = try TemporaryFolder()
    try await ServedGateway.run(folder.path) { gateway in
      #expect(try await gateway.mcp(.modern("tools/list"))["result"]?["tools"] == [])
      try await Task.sleep(for: .milliseconds(500))
      #expect(try await gateway.send(.get, "/health").status == 200)
    }
  }

  @Test func refusesABadSession() async throws {
    let result = try await AgentgateProcess.run(["mcp", "--session", " "])
    #expect(result.exitCode == 64)
    #expect(result.errors.contains("session_id must be non-empty"))
    #expect(result.output.isEmpty)
  }

  @Test func heartbeat() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path
    try await ServedGateway.run(path, settings: ["AGENTGATE_DEADMAN_SECONDS": "3600"]) { gateway in
      var environment = ServedGateway.environment(stateFolder: gateway.stateFolder)
      environment["AGENTGATE_PORT"] = String(gateway.port)
      var taken = try await AgentgateProcess.run(["heartbeat"], environment: environment)
      // On a busy machine the server may take longer than the verb waits for it.
      for _ in 0..<20 where taken.exitCode != 0 {
        taken = try await AgentgateProcess.run(["heartbeat"], environment: environment)
      }
      #expect(taken.output == "heartbeat taken; the next is due within 3600 s\n", "\(taken.errors)")
      #expect(taken.exitCode == 0)
      environment["AGENTGATE_ADMIN_API_KEY"] = "another-key-0123456789"
      let refused = try await AgentgateProcess.run(["heartbeat"], environment: environment)
      #expect(refused.exitCode == 1)
      #expect(refused.errors.contains("403") || refused.errors.contains("deadline"))
      environment["AGENTGATE_PORT"] = "1"
      #expect(try await AgentgateProcess.run(["heartbeat"], environment: environment).exitCode == 1)
    }
  }

  @Test func killsAnAgentAndShowsTheReceipt() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path
    let server = MisbehavingServer(folder: path, tools: ["echo", "sleep_answering_cancel"])
    let entry: JSONValue = [
      "command": "python3", "args": .array(server.configuration.arguments.map { .string($0) }),
      "env": .object(JSONObject(server.configuration.environment.map { ($0.key, .string($0.value)) })),
      // A busy machine may keep the server from answering for longer than the usual grace.
      "agentgate": ["grace_seconds": 30],
    ]
    let settings = ["AGENTGATE_SIGNING_KEY": "a-signing-key-for-tests"]
    try await ServedGateway.run(path, servers: ["s": entry], settings: settings) { gateway in
      var environment = ServedGateway.environment(stateFolder: gateway.stateFolder)
      environment["AGENTGATE_PORT"] = String(gateway.port)
      async let answer = gateway.mcp(.modernCall("sleep_answering_cancel", ["seconds": 60, "tag": "a"]))
      try await server.log.first("call", tag: "a")
      let killed = try await gateway.control(.post, "/agents/tester/kill", #"{"reason":"enough"}"#)
      #expect(
        try await answer["result"]?["content"]?[0]?["text"] == "Policy denied: Kill switch: enough")
      let id = try #require(killed["containment_id"]?.stringValue)
      while try await gateway.control(.get, "/containments/\(id)")["state"] != "settled" {
        try await Task.sleep(for: .milliseconds(20))
      }
      // On a busy machine the server may take longer than the verbs wait for it.
      func show(_ arguments: [String]) async throws -> String {
        for _ in 0..<20 {
          let shown = try await AgentgateProcess.run(["containment", id] + arguments, environment: environment)
          if shown.exitCode == 0 { return shown.output }
        }
        return ""
      }
      let receipt = try JSONValue(parsing: try await show(["--json"]))
      #expect(receipt == (try await gateway.control(.get, "/containments/\(id)")))
      #expect(receipt["target"] == ["kind": "agent", "id": "tester"])
      #expect(receipt["hash"]?.stringValue?.utf8.count == 64)
      #expect(receipt["signature"]?.stringValue?.utf8.count == 64)
      let text = try await show([])
      #expect(text.hasPrefix("containment \(id), settled: 1 call was under way"))
      #expect(text.contains("  cancelled (acknowledged): sleep_answering_cancel, trace "))
      let unknown = try await AgentgateProcess.run(["containment", "none"], environment: environment)
      #expect(unknown.exitCode == 1)
      // The agent stays killed in every session until it is taken back.
      let echo = MCPRequest.modernCall("echo", ["tag": "b"], session: "s2")
      #expect(try await gateway.mcp(echo)["result"]?["isError"] == true)
      // Through the server, or through the file, which the server takes up.
      let lifted = try await AgentgateProcess.run(["unkill", "agent", "tester"], environment: environment)
      #expect(lifted.output.hasPrefix(#"unkilled agent "tester""#))
      while try await gateway.mcp(echo)["result"]?["isError"] != false { try await Task.sleep(for: .milliseconds(50)) }
      let again = try await AgentgateProcess.run(["kill", "agent", "tester"], environment: environment)
      #expect(again.output.hasPrefix(#"killed agent "tester""#))
      while try await gateway.mcp(echo)["result"]?["isError"] != true { try await Task.sleep(for: .milliseconds(50)) }
    }
  }
}
