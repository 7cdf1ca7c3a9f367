import HummingbirdTesting
import Logging
import StrictJSON
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct ToolsVerbTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func tool(_ name: String, _ description: String = "d") -> JSONValue {
    ["name": .string(name), "description": .string(description)]
  }

  /// `x` of `a` has changed, `b` is new with `x` and `z`.
  private func pins() -> ToolPins {
    let pins = ToolPins(
      file: folder.path("tools.json"), serversOfFirstStart: ["a"], clock: WallClock { 0 }, logger: Logger(label: "test")
    )
    _ = pins.observe(server: "a", tools: [tool("x"), tool("y")], trusted: false)
    _ = pins.observe(server: "a", tools: [tool("x", "ev\u{200B}il"), tool("y")], trusted: false)
    _ = pins.observe(server: "b", tools: [tool("x"), tool("z")], trusted: false)
    return pins
  }

  /// No server: what lies in the state folder is shown and changed.
  @Test func actsOnTheFile() async throws {
    let options = ["--state-dir", folder.path, "--port", "1"]
    func run(_ arguments: String...) async throws -> AgentgateProcess.Result {
      try await AgentgateProcess.run(["tools"] + arguments + options)
    }
    #expect(try await run().output == "STANDING  SERVER  TOOL  SINCE\n")
    let pins = pins()
    let listed = try await run("list")
    #expect(
      listed.output == """
        STANDING    SERVER  TOOL  SINCE
        changed     a       x     1970-01-01T00:00:00+00:00
        pinned      a       y     1970-01-01T00:00:00+00:00
        new_server  b       x     1970-01-01T00:00:00+00:00
        new_server  b       z     1970-01-01T00:00:00+00:00
        3 quarantined: `agentgate tools diff NAME` shows why

        """, "\(listed.output)\(listed.errors)")
    let json = try JSONValue(parsing: try await run("list", "--format", "json").output)
    #expect(json == ["tools": .array(pins.entries.map(\.json))])
    let diff = try await run("diff", "x", "--server", "a")
    #expect(
      diff.output == """
        tool "x" of server "a" has changed at 1970-01-01T00:00:00+00:00:
          description: "d" -> "ev\\u{200B}il"

        """)
    #expect(try await run("diff", "y").output.contains("is as it was pinned"))
    #expect(try await run("diff", "q").errors.contains(#"no server has a tool "q""#))

    let ambiguous = try await run("approve", "x")
    #expect(ambiguous.exitCode == 1 && ambiguous.errors.contains("say which with --server"))
    #expect(try await run("approve", "y").errors.contains(#"tool "y" of server "a" is not quarantined"#))
    let other = try await run("approve", "x", "--server", "a", "--fingerprint", "00")
    #expect(other.exitCode == 1 && other.errors.contains("has changed once more"))
    let approved = try await run("approve", "x", "--server", "a")
    #expect(approved.output.contains(#"description: "d" -> "ev\u{200B}il""#))
    #expect(
      approved.output.contains(#"approved tool "x" of server "a" in \#(folder.path)/tools.json"#), "\(approved.errors)")
    #expect(try await run("approve", "--server", "b").output.contains(#"approved 2 tools of server "b" in "#))
    #expect(pins.refreshIfChanged())
    #expect(pins.entries.allSatisfy { $0.standing == .pinned })

    try folder.write("{", to: "tools.json")
    let unreadable = try await run("list")
    #expect(unreadable.exitCode == 1 && unreadable.errors.contains("tools.json:1:2"))
  }

  @Test func actsThroughTheServer() async throws {
    let pins = pins()
    let routes = ToolPinRoutes(pins: pins) {}
    try await RouteFixture.run(routes.list, setup: .live) { gateway async throws in
      let port = try #require(gateway.client.port)
      func run(_ arguments: String..., until text: String) async throws -> AgentgateProcess.Result {
        // On a busy machine the server may take longer than the verb waits for it; no file is there to act on then.
        var result = AgentgateProcess.Result(exitCode: 1, output: "", errors: "")
        for _ in 0..<20 where !(result.output + result.errors).contains(text) {
          result = try await AgentgateProcess.run(
            ["tools"] + arguments + ["--state-dir", "/nowhere", "--port", String(port)],
            environment: ["AGENTGATE_ADMIN_API_KEY": RouteFixture.adminKey, "AGENTGATE_HOST": "localhost"])
        }
        return result
      }
      #expect(try await run(until: "STANDING").output.contains("3 quarantined"))
      #expect(try await run("diff", "z", until: "is new").output.contains(#"name: added "z""#))
      // After an answer that came too late it is approved already.
      let approved = try await run("approve", "z", until: "z")
      #expect((approved.output + approved.errors).contains("through the server at http://") || approved.exitCode == 1)
      _ = try await run("approve", "x", "--server", "a", until: "not quarantined")
      _ = try await run("approve", "--server", "b", until: "no quarantined tool")
      #expect(pins.entries.allSatisfy { $0.standing == .pinned })
    }
  }

  @Test func scans() async throws {
    try folder.write(
      #"{"name":"t","description":"Adds two numbers.","inputSchema":{"type":"object"}}"#, to: "good.json")
    let hidden = "Adds. " + String(String.UnicodeScalarView((0..<20).map { _ in "\u{E0041}" as Unicode.Scalar }))
    let bad = tool("bad", hidden)
    try folder.write(JSONValue.array([tool("t"), bad]).serializedString(), to: "array.json")
    try folder.write(JSONValue.object(["tools": [bad]]).serializedString(), to: "list.json")
    try folder.write(#"{"mcpServers":{}}"#, to: "other.json")
    try folder.write("{\n", to: "broken.json")
    func run(_ files: String...) async throws -> (code: Int, lines: [JSONValue], errors: String) {
      let result = try await AgentgateProcess.run(["tools", "scan"] + files.map { folder.path($0) })
      let lines = try result.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
      return (result.exitCode, lines, result.errors)
    }
    let good = try await run("good.json")
    #expect(good.code == 0)
    #expect(good.lines == [["file": .string(folder.path("good.json")), "findings": []]])
    let mixed = try await run("good.json", "array.json", "list.json")
    #expect(mixed.code == 1, "\(mixed.errors)")
    #expect(mixed.lines.count == 3)
    let finding = mixed.lines[1]["findings"]?[0]
    #expect(finding?["tool"] == "bad")
    #expect(finding?["path"] == "$[1].description")
    #expect(finding?.objectValue?.keys == ["tool", "rule", "severity", "path", "excerpt", "message"])
    #expect(mixed.lines[2]["findings"]?[0]?["path"] == "$.tools[0].description")
    for (file, text) in [
      ("other.json", "other.json: $ is no tool definition"), ("broken.json", "broken.json:2:1"),
      ("missing.json", "missing.json: can't be read"),
    ] {
      let failed = try await run(file, "good.json")
      #expect(failed.code == 2)
      #expect(failed.errors.contains(text), "\(failed.errors)")
      #expect(failed.lines.count == 1, "the others are scanned")
    }
  }

  @Test(arguments: [
    (["tools", "approve"], 64), (["tools", "approve", "--server", "s", "--fingerprint", "f"], 64),
    (["tools", "diff"], 64),
    (["tools", "scan"], 64), (["tools", "--state-dir", "/nowhere/state", "--port", "1"], 1),
  ])
  func exitCodes(_ arguments: [String], _ code: Int) async throws {
    let result = try await AgentgateProcess.run(arguments)
    #expect(result.exitCode == code, "\(result.output)\(result.errors)")
  }
}
