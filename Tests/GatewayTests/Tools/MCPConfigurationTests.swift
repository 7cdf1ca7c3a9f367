import Testing

@testable import Gateway

@Suite struct MCPConfigurationTests {
  private func parse(_ text: String) throws(MCPConfigurationError) -> MCPConfiguration {
    try MCPConfiguration(parsing: Array(text.utf8), path: "/etc/agentgate/mcp.json")
  }

  @Test func readsWhatClientsWrite() throws {
    let configuration = try parse(
      """
      {"inputs": [], "mcpServers": {
        "time": {"type": "stdio", "command": "uvx", "args": ["mcp-server-time"], "env": {"TZ": "UTC"}, "timeout": 30},
        "files": {"command": "./server", "cwd": "work", "alwaysAllow": []},
        "mine": {"command": "bin/server"},
        "off": {"command": 7, "disabled": true},
        "demo": {"command": "agentgate", "args": ["demo-tools"]}
      }}
      """)
    #expect(
      configuration.servers == [
        .init(name: "demo", command: MCPConfiguration.thisExecutable, arguments: ["demo-tools"]),
        .init(name: "files", command: "/etc/agentgate/work/./server", workingDirectory: "/etc/agentgate/work"),
        .init(name: "mine", command: "/etc/agentgate/bin/server"),
        .init(name: "time", command: "uvx", arguments: ["mcp-server-time"], environment: ["TZ": "UTC"]),
      ])
  }

  @Test(arguments: [
    ("{", "mcp.json:1:2: "),
    (#"{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}"#, "mcp.json:1:"),
    ("[]", "$.mcpServers: must be an object of servers"),
    (#"{"servers": {}}"#, "$.mcpServers: must be an object of servers"),
    (#"{"mcpServers": {"a": []}}"#, "$.mcpServers.a: must be an object"),
    (
      #"{"mcpServers": {"a b": {"command": "x", "env": {"K-": 1}}}}"#,
      #"$.mcpServers["a b"].env["K-"]: must be a string"#
    ),
    (#"{"mcpServers": {"a": {}}}"#, "$.mcpServers.a.command: is missing"),
    (#"{"mcpServers": {"a": {"command": ""}}}"#, "$.mcpServers.a.command: must not be empty"),
    (#"{"mcpServers": {"": {"command": "x"}}}"#, "a server needs a name"),
    (#"{"mcpServers": {"a": {"command": 1}}}"#, "$.mcpServers.a.command: must be a string"),
    (#"{"mcpServers": {"a": {"command": "x", "args": "y"}}}"#, "$.mcpServers.a.args: must be an array of strings"),
    (#"{"mcpServers": {"a": {"command": "x", "args": ["y", 1]}}}"#, "$.mcpServers.a.args[1]: must be a string"),
    (#"{"mcpServers": {"a": {"command": "x", "env": {"K": 1}}}}"#, "$.mcpServers.a.env.K: must be a string"),
    (#"{"mcpServers": {"a": {"command": "x", "env": {"K=": "1"}}}}"#, "K= is no name of an environment variable"),
    (#"{"mcpServers": {"a": {"command": "x", "cwd": "a\u0000"}}}"#, "$.mcpServers.a.cwd: must not contain U+0000"),
    (#"{"mcpServers": {"a": {"url": "ftp://x"}}}"#, "$.mcpServers.a.url: must be an http or https URL"),
    (#"{"mcpServers": {"a": {"url": "https://me:pw@x/mcp"}}}"#, "$.mcpServers.a.url: must hold no user or password"),
    (#"{"mcpServers": {"a": {"url": "https://x", "command": "y"}}}"#, "$.mcpServers.a: has both a command and a url"),
    (#"{"mcpServers": {"a": {"type": "http"}}}"#, "$.mcpServers.a.url: is missing"),
    (#"{"mcpServers": {"a": {"type": "sse"}}}"#, "$.mcpServers.a.type: the HTTP+SSE transport is not supported"),
    (#"{"mcpServers": {"a": {"url": "https://x", "headers": {"Host": "y"}}}}"#, "headers.Host: is set by the gateway"),
    (
      #"{"mcpServers": {"a": {"url": "https://x", "headers": {"X": "a\r\nB: c"}}}}"#,
      "headers.X: holds control characters"
    ),
    (
      #"{"mcpServers": {"a": {"command": "x", "agentgate": {"idle": 1}}}}"#,
      "$.mcpServers.a.agentgate.idle: is no setting"
    ),
    (
      #"{"mcpServers": {"a": {"command": "x", "agentgate": {"tools": {"t": {"total_seconds": 0}}}}}}"#,
      "agentgate.tools.t.total_seconds: must be a number of seconds"
    ),
  ])
  func problemsNameTheirPlace(text: String, problem: String) {
    let error = #expect(throws: MCPConfigurationError.self) { try parse(text) }
    #expect(error?.description.contains(problem) == true)
    #expect(error?.description.hasPrefix("/etc/agentgate/mcp.json") == true)
  }

  @Test func allProblemsAreNamedAtOnce() {
    let error = #expect(throws: MCPConfigurationError.self) {
      try parse(#"{"mcpServers": {"a": {}, "b": {"url": "x"}}}"#)
    }
    #expect(error?.problems.count == 2)
  }

  @Test func aMissingFileIsNamed() {
    let error = #expect(throws: MCPConfigurationError.self) { try MCPConfiguration(contentsOf: "/no/such/mcp.json") }
    #expect(error?.description == "/no/such/mcp.json: the file cannot be read")
  }

  @Test func theDefaultIsTheDemo() {
    let configuration = MCPConfiguration.demo(executable: "/usr/bin/agentgate", folder: "/var/lib/agentgate/demo")
    var demo = MCPConfiguration.Server(
      name: "demo", command: "/usr/bin/agentgate", arguments: ["demo-tools", "--folder", "/var/lib/agentgate/demo"])
    demo.isBuiltIn = true
    #expect(configuration.servers == [demo])
  }
}
