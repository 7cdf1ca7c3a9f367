import FoundationEssentials
import Glibc
import StrictJSON
import Testing

@testable import Gateway

/// A server that nobody here wrote: `mcp-server-time` from PyPI.
@Suite(.timeLimit(.minutes(2))) struct RealServerTests {
  @Test func timeServerAnswers() async throws {
    let root = String(#filePath.dropLast("Tests/GatewayTests/Tools/RealServerTests.swift".count))
    let environment = getenv("AGENTGATE_TEST_VENV").map { String(cString: $0) } ?? root + ".venv"
    let python = environment + "/bin/python"
    try #require(FileManager.default.isExecutableFile(atPath: python), "no \(python): run make test-venv")
    let file = #"{"mcpServers": {"time": {"command": "\#(python)", "args": ["-m", "mcp_server_time"]}}}"#
    let configuration = try MCPConfiguration(parsing: Array(file.utf8), path: "mcp.json")
    try await UpstreamFixture.run(configuration) { servers in
      #expect(servers.status == ["time": .ready(tools: 2)])
      #expect(await servers.tools().map(\.name) == ["convert_time", "get_current_time"])
      let outcome = try await servers.call(
        "convert_time", ["source_timezone": "Asia/Tokyo", "target_timezone": "UTC", "time": "12:00"])
      guard case .succeeded(let result)? = outcome.plain else { throw Unexpected(outcome) }
      #expect(result["target"]?["timezone"] == "UTC")
      #expect(result["target"]?["datetime"]?.stringValue?.contains("T03:00:00") == true)
      guard case .failed(let text)? = (try await servers.call("get_current_time", ["timezone": "Nowhere/At_All"])).plain
      else {
        throw Unexpected()
      }
      #expect(text.contains("Nowhere/At_All"))
    }
  }
}
