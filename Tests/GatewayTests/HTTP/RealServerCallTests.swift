import FoundationEssentials
import Glibc
import HTTPTypes
import StrictJSON
import Testing

@testable import Gateway

/// A call's whole way, to a server that nobody here wrote: `mcp-server-time` from PyPI.
@Suite(.timeLimit(.minutes(2))) struct RealServerCallTests {
  @Test func toolOfARealServerAnswersOnceThePolicyKnowsIt() async throws {
    let environment = getenv("AGENTGATE_TEST_VENV").map { String(cString: $0) } ?? Files.root + "/.venv"
    let python = environment + "/bin/python"
    try #require(FileManager.default.isExecutableFile(atPath: python), "no \(python): run make test-venv")
    let file = #"{"mcpServers": {"time": {"command": "\#(python)", "args": ["-m", "mcp_server_time"]}}}"#
    let configuration = try MCPConfiguration(parsing: Array(file.utf8), path: "mcp.json")
    try await UpstreamFixture.run(configuration) { servers in
      try await GatewayFixture.run(tools: servers) { gateway async throws in
        let arguments: JSONValue = ["source_timezone": "Asia/Tokyo", "target_timezone": "UTC", "time": "12:00"]
        let before = try await gateway.call("convert_time", arguments: arguments)
        #expect(before.json["error"] == "Policy denied: Tool not in allowlist")

        try Files.write(
          #"{"read_only_tools": ["convert_time"], "write_tools": [], "all_known_tools": ["convert_time"]}"#,
          to: gateway.policyFolder + "/data.json")
        #expect(try await gateway.control(.post, "/admin/policies/reload").status == 200)
        let after = try await gateway.call("convert_time", arguments: arguments)
        #expect(after.json["success"] == true)
        #expect(after.json["result"]?["target"]?["timezone"] == "UTC")
        let list = try await gateway.send(.get, "/tools/list").json
        #expect(list["tools"] == ["convert_time"])
        #expect(list["definitions"]?[0]?["inputSchema"]?["required"]?.arrayValue?.count == 3)
        // The tool's own refusal is the caller's to read.
        let failed = try await gateway.call(
          "convert_time", arguments: ["source_timezone": "Nowhere", "target_timezone": "UTC", "time": "12:00"])
        #expect(failed.json["success"] == false)
        #expect(failed.json["error"]?.stringValue?.contains("Nowhere") == true)
        #expect(try await gateway.events().map(\.executed) == [false, true, true])
      }
    }
  }
}
