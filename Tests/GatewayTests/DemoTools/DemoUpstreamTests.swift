import FoundationEssentials
import StrictJSON
import Testing

@testable import Gateway

/// The default configuration for real: the gateway's upstream is `agentgate demo-tools`, the executable built with the
/// tests.
@Suite(.timeLimit(.minutes(2))) struct DemoUpstreamTests {
  @Test func theDemoToolsAreAnUpstream() async throws {
    let folder = MCPConfiguration.thisExecutable.split(separator: "/").dropLast().joined(separator: "/")
    let executable = "/\(folder)/agentgate"
    try #require(FileManager.default.isExecutableFile(atPath: executable), "no \(executable): build all targets")
    try await DemoFixture.run { demo in
      let configuration = MCPConfiguration.demo(executable: executable, folder: demo.folder)
      try await UpstreamFixture.run(configuration) { servers in
        #expect(servers.status == ["demo": .ready(tools: 8)])
        let rows = try await servers.call("db_query", ["query": "SELECT id, name FROM products WHERE id = 1"])
        #expect(
          rows.plain
            == .succeeded([
              "rows": [["id": 1, "name": "Widget"]], "query": "SELECT id, name FROM products WHERE id = 1",
            ]))
        let failed = try await servers.call("db_query", ["query": "DROP TABLE products"])
        #expect(failed.plain == .failed("not authorized"))
      }
    }
  }
}
