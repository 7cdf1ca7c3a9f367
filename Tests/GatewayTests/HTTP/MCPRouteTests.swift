import HTTPTypes
import HummingbirdTesting
import JSONRPC
import StrictJSON
import Synchronization
import Testing

@testable import Gateway

/// The MCP door over HTTP, as clients of both eras see it.
@Suite(.timeLimit(.minutes(2))) struct MCPRouteTests {
  static let read = definition("db_query")

  /// On a socket: without one every request of the modern era looks as if its client had gone.
  static func run(
    policy: [String: String]? = nil,
    tools: any ToolRunner = ScriptedTools(definitions: [read, definition("db_insert")]),
    configure: (inout Configuration) -> Void = { _ in },
    _ body: @Sendable @escaping (GatewayFixture) async throws -> Void
  ) async throws {
    try await GatewayFixture.run(policy: policy, tools: tools, setup: .ahc(.http), configure: configure, body)
  }

  static func definition(
    _ name: String, _ schema: JSONValue = ["type": "object"], standing: ToolPins.Standing = .pinned
  ) -> ToolDefinition {
    ToolDefinition(
      name: name, server: "s", raw: ["name": .string(name), "description": "d", "inputSchema": schema],
      standing: standing)
  }

  static let allowEverything = [
    "default.rego": """
    package agentgate
    decision := {"action": "ALLOW", "reason": "open", "matched_rule": "open", "is_write_action": false}
    """, "data.json": "{}",
  ]

  // MARK: Who we are

  @Test func discovers() async throws {
    try await Self.run { gateway async throws in
      let reply = try await gateway.mcp(.modern("server/discover"))
      #expect(reply.status == 200)
      #expect(reply.headers[.mcpSessionID] == nil)
      let result = try #require(reply.result)
      #expect(
        result["supportedVersions"] == ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"])
      #expect(result["capabilities"] == ["tools": ["listChanged": true]])
      #expect(result["resultType"] == "complete")
      #expect(result["ttlMs"] == 0 && result["cacheScope"] == "private")
      #expect(result["_meta"]?[MCPMeta.serverInfo]?["name"] == "agentgate")
      #expect(reply.json["id"] == 1 && reply.json["jsonrpc"] == "2.0")
    }
  }

  @Test(arguments: [
    ("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2025-03-26", "2025-03-26"),
    ("2024-11-05", "2024-11-05"), ("2026-07-28", "2025-11-25"), ("1999-01-01", "2025-11-25"), ("", "2025-11-25"),
  ])
  func settlesOnAVersion(_ asked: String, _ given: String) async throws {
    try await Self.run { gateway async throws in
      let reply = try await gateway.mcp(.initialize(asked))
      #expect(reply.status == 200)
      #expect(reply.result?["protocolVersion"] == .string(given))
      #expect(reply.result?["serverInfo"]?["name"] == "agentgate")
      #expect(reply.result?["capabilities"] == ["tools": ["listChanged": true]])
      #expect(reply.result?["resultType"] == nil)
      let token = try #require(reply.headers[.mcpSessionID])
      #expect(token.hasPrefix("mcp-") && token.utf8.allSatisfy { (0x21...0x7E).contains($0) })
      #expect(try await gateway.mcp(.initialize(asked)).headers[.mcpSessionID] != token)
      #expect(try await gateway.mcp(.legacy("ping", token: token)).result == [:])
    }
  }

  @Test func initializeNeedsAVersion() async throws {
    try await Self.run { gateway async throws in
      for version in [nil, 7, .null] as [JSONValue?] {
        let reply = try await gateway.mcp(.initialize().param("protocolVersion", version))
        #expect(reply.status == 400)
        #expect(reply.code == -32602)
        #expect(reply.headers[.mcpSessionID] == nil)
      }
    }
  }

  @Test func sessionsHaveTheNameThatTheConfigurationGives() async throws {
    try await Self.run { gateway async throws in
      let own = try await gateway.initialized(session: "named")
      _ = try await gateway.mcp(.legacy("tools/call", ["name": "db_query"], token: own))
      #expect(try await gateway.events("named").count == 1)
      let unnamed = try await gateway.initialized(session: nil)
      _ = try await gateway.mcp(.legacy("tools/call", ["name": "db_query"], token: unnamed))
      #expect(try await gateway.events(unnamed).count == 1)
      _ = try await gateway.mcp(.modernCall("db_query", session: "header"))
      #expect(try await gateway.events("header").count == 1)
      _ = try await gateway.mcp(.modernCall("db_query", session: nil))
      #expect(try await gateway.events("mcp:tester").count == 1)
      let request = MCPRequest.modernCall("db_query", session: nil)
      _ = try await gateway.send(
        .post, "/mcp?session_id=a%20b", request.body.serializedString(), headers: request.headers)
      #expect(try await gateway.events("a b").count == 1)
      let tooLong = try await gateway.mcp(.modernCall("db_query", session: String(repeating: "x", count: 257)))
      #expect(tooLong.status == 400)
      #expect(tooLong.code == -32600)
    }
  }

  // MARK: Lists

  @Test func listsByPages() async throws {
    let names = (0..<1_001).map { "t\(10_000 + $0)" }
    let tools = ScriptedTools(definitions: names.map { Self.definition($0) })
    try await Self.run(policy: Self.allowEverything, tools: tools) { gateway async throws in
      let token = try await gateway.initialized()
      for isModern in [true, false] {
        func page(_ cursor: JSONValue?) async throws -> GatewayFixture.Reply {
          try await gateway.mcp(
            (isModern ? MCPRequest.modern("tools/list") : .legacy("tools/list", token: token)).param("cursor", cursor))
        }
        var listed: [[String]] = []
        var cursor: JSONValue?
        repeat {
          let reply = try await page(cursor)
          #expect(reply.status == 200)
          listed.append(reply.toolNames)
          cursor = reply.result?["nextCursor"]
          #expect(reply.result?["ttlMs"] == (isModern ? 0 : nil))
          #expect(reply.result?["cacheScope"] == (isModern ? "private" : nil))
          #expect(reply.result?["resultType"] == (isModern ? "complete" : nil))
        } while cursor != nil
        #expect(listed.map(\.count) == [500, 500, 1])
        #expect(listed.flatMap(\.self) == names)
        for bad in ["", "x", "n1", "nzz", 7, "nff", .null] as [JSONValue] {
          let reply = try await page(bad)
          #expect(reply.code == -32602, "\(bad)")
        }
      }
    }
  }

  @Test func aPageGoesOnWhereTheLastOneEndedAlthoughTheListHasChanged() async throws {
    let names = (0..<501).map { "t\(10_000 + $0)" }
    let tools = ScriptedTools(definitions: names.map { Self.definition($0) })
    try await Self.run(policy: Self.allowEverything, tools: tools) { gateway async throws in
      let first = try await gateway.mcp(.modern("tools/list"))
      _ = try await gateway.control(.post, "/tools/\(names[499])/kill")
      let second = try await gateway.mcp(.modern("tools/list").param("cursor", first.result?["nextCursor"]))
      #expect(second.toolNames == [names[500]])
    }
  }

  @Test func definitionsAreAsTheServerSentThem() async throws {
    let raw: JSONValue = [
      "name": "db_query", "title": "T", "description": "d", "inputSchema": ["type": "object", "x": 1.50],
      "outputSchema": ["type": "array"], "annotations": ["readOnlyHint": true], "_meta": ["a/b": []],
    ]
    let tools = ScriptedTools(definitions: [ToolDefinition(name: "db_query", server: "s", raw: raw)])
    try await Self.run(tools: tools) { gateway async throws in
      #expect(try await gateway.mcp(.modern("tools/list")).result?["tools"] == [raw])
      // Legacy clients know of objects alone there.
      var legacy = raw
      legacy["outputSchema"] = nil
      let token = try await gateway.initialized()
      #expect(try await gateway.mcp(.legacy("tools/list", token: token)).result?["tools"] == [legacy])
    }
  }

  @Test func whatCannotBeCalledIsNotListed() async throws {
    let tools = ScriptedTools(definitions: [
      Self.definition("api_get", standing: .changed), Self.definition("db_insert"),
      Self.definition("db_query"), Self.definition("db_update", standing: .newServer), Self.definition("denied"),
      Self.definition("file_read", ["type": 7]), Self.definition("file_write", standing: .unavailable("lost")),
    ])
    try await Self.run(tools: tools) { gateway async throws in
      let token = try await gateway.initialized(session: "s2")
      func names() async throws -> [[String]] {
        [
          try await gateway.mcp(.modern("tools/list")).toolNames,
          try await gateway.mcp(.legacy("tools/list", token: token)).toolNames,
        ]
      }
      // What needs an approval is listed.
      #expect(try await names() == [["db_insert", "db_query"], ["db_insert", "db_query"]])
      _ = try await gateway.control(.post, "/tools/db_query/kill")
      #expect(try await names() == [["db_insert"], ["db_insert"]])
      _ = try await gateway.control(.post, "/sessions/s2/kill")
      #expect(try await names() == [["db_insert"], []])
      _ = try await gateway.control(.post, "/agents/tester/kill")
      #expect(try await names() == [[], []])
      #expect(try await gateway.mcp(.modern("tools/list", client: "other")).toolNames == ["db_insert"])
      _ = try await gateway.control(.delete, "/tools/db_query/kill")
      _ = try await gateway.control(.delete, "/agents/tester/kill")
      #expect(try await names() == [["db_insert", "db_query"], []])
    }
  }

  // MARK: Calls

  @Test func allowedCalls() async throws {
    try await Self.run { gateway async throws in
      let token = try await gateway.initialized()
      let arguments: JSONValue = ["b": 1.0, "a": "é"]
      for isModern in [true, false] {
        let reply = try await gateway.mcp(
          isModern
            ? .modernCall("db_query", arguments)
            : .legacy("tools/call", ["name": "db_query", "arguments": arguments], token: token))
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == "application/json")
        #expect(reply.result?["structuredContent"]?["arguments"] == arguments)
        #expect(reply.result?["resultType"] == (isModern ? "complete" : nil))
        let event = try #require(try await gateway.events().last)
        #expect(reply.headers[.agentgateTraceID] == event.eventID)
        #expect(event.agentID == "tester")
        #expect(event.decision == .allow && event.executed && event.error == nil)
        #expect(event.kind == .toolCall && event.toolName == "db_query")
      }
      #expect(gateway.tools.sent.map(\.arguments) == [#"{"a":"é","b":1}"#, #"{"a":"é","b":1}"#])
    }
  }

  @Test func argumentsMayBeAbsent() async throws {
    try await Self.run { gateway async throws in
      let reply = try await gateway.mcp(.modernCall("db_query").param("arguments", nil))
      #expect(reply.result?["structuredContent"]?["arguments"] == [:])
    }
  }

  /// By their bytes: a combining character doesn't make another key of one of MCP's own.
  @Test func ofTheMetaOnlyWhatIsTheClientsGoesOn() async throws {
    let tools = ScriptedTools(definitions: [Self.read])
    try await Self.run(tools: tools) { gateway async throws in
      for own: JSONObject in [
        ["io.modelcontextprotocol/x": 1, "io.modelcontextprotocol/\u{301}x": 1],
        ["io.modelcontextprotocolx": 1, "com.example/b": 2, "io.modelcontextprotocol/": 3],
      ] {
        let reply = try await gateway.mcp(
          .modern("tools/call", ["name": "db_query", "arguments": [:]], meta: own))
        #expect(reply.status == 200)
      }
      #expect(tools.metas == [nil, #"{"com.example/b":2,"io.modelcontextprotocolx":1}"#])
    }
  }

  @Test func aToolsOwnFailureIsItsResult() async throws {
    let tools = ScriptedTools(definitions: [Self.read]) { _, _ in .failed("no such table") }
    try await Self.run(tools: tools) { gateway async throws in
      let reply = try await gateway.mcp(.modernCall("db_query"))
      #expect(reply.isError)
      #expect(reply.content == "no such table")
      #expect(try await gateway.events().last?.error == "no such table")
    }
  }

  @Test func aServersErrorIsPassedOn() async throws {
    let tools = ScriptedTools(definitions: [Self.read]) { _, _ in
      .failed(JSONRPCError(code: -32099, message: "busy", data: ["wait": 1]))
    }
    try await Self.run(tools: tools) { gateway async throws in
      let reply = try await gateway.mcp(.modernCall("db_query"))
      #expect(reply.status == 200)
      #expect(reply.json["error"] == ["code": -32099, "message": "busy", "data": ["wait": 1]])
      #expect(try await gateway.events().last?.error == "busy")
    }
  }

  @Test func aCallWithoutAnAnswerSaysSo() async throws {
    let tools = ScriptedTools(definitions: [Self.read]) { _, _ in .lost("it went away") }
    try await Self.run(tools: tools) { gateway async throws in
      let reply = try await gateway.mcp(.modernCall("db_query"))
      #expect(reply.isError)
      #expect(reply.content == "Tool execution failed: it went away")
      #expect(reply.result?["_meta"]?["agentgate/decision"] == "ALLOW")
    }
  }

  @Test func deniedCallsAreResultsThatSayWhy() async throws {
    let tools = ScriptedTools(definitions: [Self.read, Self.definition("hack")])
    try await Self.run(tools: tools) { gateway async throws in
      let token = try await gateway.initialized()
      for isModern in [true, false] {
        let reply = try await gateway.mcp(
          isModern ? .modernCall("hack") : .legacy("tools/call", ["name": "hack"], token: token))
        #expect(reply.status == 200)
        #expect(reply.isError)
        #expect(reply.content == "Policy denied: Tool not in allowlist")
        #expect(reply.result?["resultType"] == (isModern ? "complete" : nil))
        #expect(reply.result?["_meta"]?["agentgate/decision"] == "DENY")
        #expect(reply.result?["_meta"]?["agentgate/matched_rule"] == "unknown_tool")
        let id = try #require(reply.traceID)
        #expect(reply.headers[.agentgateTraceID] == id)
        let events = try await gateway.traces.events(matching: .event(id), after: nil, limit: 2).events
        #expect(events.map(\.decision) == [.deny])
        #expect(events.map(\.sessionID) == ["s1"])
      }
      #expect(gateway.tools.sent.isEmpty)
    }
  }

  @Test func killedCallsAreDenied() async throws {
    try await Self.run { gateway async throws in
      _ = try await gateway.control(.post, "/sessions/s1/kill", #"{"reason":"enough"}"#)
      let reply = try await gateway.mcp(.modernCall("db_query"))
      #expect(reply.isError)
      #expect(reply.content == "Policy denied: Kill switch: enough")
      #expect(try await gateway.mcp(.modernCall("db_query", session: "s2")).result?["structuredContent"] != nil)
      _ = try await gateway.control(.post, "/agents/tester/kill")
      #expect(try await gateway.mcp(.modernCall("db_query", session: "s2")).isError)
      #expect(gateway.tools.sent.count == 1)
    }
  }

  @Test func argumentsAreCheckedAgainstTheSchema() async throws {
    let schema: JSONValue = ["type": "object", "properties": ["n": ["type": "integer"]], "required": ["n"]]
    let tools = ScriptedTools(definitions: [Self.definition("db_query", schema)])
    try await Self.run(tools: tools) { gateway async throws in
      for arguments in [[:], ["n": "1"], ["n": 1.5]] as [JSONValue] {
        let reply = try await gateway.mcp(.modernCall("db_query", arguments))
        #expect(reply.isError)
        #expect(reply.content.hasPrefix("Policy denied: Invalid arguments: "))
        #expect(reply.result?["_meta"]?["agentgate/matched_rule"] == "invalid_arguments")
      }
      #expect(!(try await gateway.mcp(.modernCall("db_query", ["n": 1]))).isError)
      #expect(gateway.tools.sent.count == 1)
      for (key, value) in [("arguments", []), ("arguments", .null), ("arguments", "{}"), ("name", 7)]
        as [(String, JSONValue)]
      {
        let request = MCPRequest.modernCall("db_query", ["n": 1]).param(key, value)
        let reply = try await gateway.mcp(key == "name" ? request.header(.mcpName, "7") : request)
        #expect(reply.status == 400, "\(key) \(value)")
        #expect(reply.code == (key == "name" ? -32020 : -32602), "\(key) \(value)")
      }
      let nameless = try await gateway.mcp(.modernCall("db_query").param("name", nil).header(.mcpName, nil))
      #expect(nameless.status == 400)
      #expect(nameless.code == -32602)
      #expect(gateway.tools.sent.count == 1)
    }
  }

  @Test func aToolThatNobodyHasIsAnError() async throws {
    try await Self.run { gateway async throws in
      let token = try await gateway.initialized()
      for request in [
        MCPRequest.modernCall("none"), .legacy("tools/call", ["name": "none"], token: token),
      ] {
        let reply = try await gateway.mcp(request)
        #expect(reply.code == -32602)
        #expect(reply.status == 400)
        let id = try #require(reply.traceID)
        let events = try await gateway.traces.events(matching: .event(id), after: nil, limit: 2).events
        #expect(events.map(\.toolName) == ["none"])
      }
      #expect(gateway.tools.sent.isEmpty)
    }
  }

  // MARK: Approvals

  @Test func anApprovedCallPassesOnce() async throws {
    try await Self.run { gateway async throws in
      let call = MCPRequest.modernCall("db_insert", ["row": 1])
      let asked = try await gateway.mcp(call)
      #expect(asked.status == 200)
      #expect(asked.result?["resultType"] == "input_required")
      #expect(asked.result?["content"] == nil && asked.result?["inputRequests"] == nil)
      let state = try #require(asked.result?["requestState"])
      let id = try #require(asked.result?["_meta"]?["agentgate/approval_id"]?.stringValue)
      #expect(asked.result?["_meta"]?["agentgate/message"]?.stringValue?.contains(id) == true)

      // Whoever asks can't decide, whatever it sends along.
      let retry = call.param("requestState", state)
      for request in [
        retry, call, retry.param("inputResponses", ["approve": ["action": "accept", "content": ["approved": true]]]),
        retry.param("approval_token", .string(GatewayFixture.token)), retry.meta("agentgate/approved", true),
      ] {
        let again = try await gateway.mcp(request)
        #expect(again.result?["resultType"] == "input_required")
        #expect(again.result?["_meta"]?["agentgate/approval_id"] == .string(id), "one question for one call")
      }
      #expect(try await gateway.send(.post, "/approvals/\(id)/approve").status == 401)
      #expect(try await gateway.mcp(retry).result?["resultType"] == "input_required")
      #expect(gateway.tools.sent.isEmpty)

      let approved = try await gateway.control(.post, "/approvals/\(id)/approve", #"{"by":"ann"}"#)
      #expect(approved.json["status"] == "approved")
      // Of all who come with it one passes.
      let replies = try await withThrowingTaskGroup(of: GatewayFixture.Reply.self) { group in
        for _ in 0..<8 { group.addTask { try await gateway.mcp(retry) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(replies.filter { $0.result?["structuredContent"] != nil }.count == 1)
      for reply in replies where reply.result?["structuredContent"] == nil {
        #expect(reply.isError)
        #expect(reply.content == "Policy denied: The approval has been used")
      }
      #expect(gateway.tools.sent.map(\.arguments) == [#"{"row":1}"#])
      let passed = try #require(try await gateway.events().first { $0.executed })
      #expect(passed.approvalTokenPresent)
      #expect(passed.details?.value["approval_id"] == .string(id))
      #expect(try await gateway.events().contains { $0.kind == .approval })
      // What comes without it is a new question.
      let next = try await gateway.mcp(call)
      #expect(next.result?["resultType"] == "input_required")
      #expect(next.result?["_meta"]?["agentgate/approval_id"] != .string(id))
    }
  }

  @Test func anApprovalIsForItsOwnCall() async throws {
    try await Self.run { gateway async throws in
      let call = MCPRequest.modernCall("db_insert", ["row": 1])
      let asked = try await gateway.mcp(call)
      let state = try #require(asked.result?["requestState"]?.stringValue)
      let id = try #require(asked.result?["_meta"]?["agentgate/approval_id"]?.stringValue)
      _ = try await gateway.control(.post, "/approvals/\(id)/approve")
      let last = state.utf8.count - 5
      let middle = state.utf8.index(state.utf8.startIndex, offsetBy: last)
      let changed =
        String(state[..<middle]) + (state[middle] == "A" ? "B" : "A") + String(state[state.index(after: middle)...])
      let others: [MCPRequest] = [
        call.param("requestState", .string(changed)),
        call.param("requestState", .string(String(state.dropLast(4)))),
        call.param("requestState", .string(state + "AAAA")),
        call.param("requestState", "ag1."), call.param("requestState", "ag1.AAAA"),
        .modernCall("db_insert", ["row": 2]).param("requestState", .string(state)),
        .modernCall("db_update", ["row": 1]).param("requestState", .string(state)),
        .modernCall("db_insert", ["row": 1], session: "s2").param("requestState", .string(state)),
      ]
      for request in others {
        let reply = try await gateway.mcp(request)
        #expect(reply.result?["structuredContent"] == nil)
        #expect(reply.result?["resultType"] != "input_required", "\(request.params)")
      }
      // Another client of the same session isn't who was approved.
      let other = MCPRequest.modern("tools/call", ["name": "db_insert", "arguments": ["row": 1]], client: "other")
      #expect(try await gateway.mcp(other.param("requestState", .string(state))).isError)
      #expect(gateway.tools.sent.isEmpty)
      // All of that has used nothing up.
      #expect(try await gateway.mcp(call.param("requestState", .string(state))).result?["structuredContent"] != nil)
      #expect(gateway.tools.sent.count == 1)
    }
  }

  @Test func deniedAndExpiredApprovalsLetNothingThrough() async throws {
    try await Self.run(configure: { $0.approvalSeconds = 60 }) { gateway async throws in
      let first = MCPRequest.modernCall("db_insert", ["row": 1])
      let asked = try await gateway.mcp(first)
      let id = try #require(asked.result?["_meta"]?["agentgate/approval_id"]?.stringValue)
      #expect(try await gateway.control(.post, "/approvals/\(id)/deny").json["status"] == "denied")
      let denied = try await gateway.mcp(first.param("requestState", asked.result?["requestState"]))
      #expect(denied.content == "Policy denied: Approval was denied")
      let second = MCPRequest.modernCall("db_insert", ["row": 2])
      let late = try await gateway.mcp(second)
      let lateID = try #require(late.result?["_meta"]?["agentgate/approval_id"]?.stringValue)
      _ = try await gateway.control(.post, "/approvals/\(lateID)/approve")
      gateway.clock.advance(seconds: 61)
      #expect(try await gateway.mcp(second.param("requestState", late.result?["requestState"])).isError)
      #expect(gateway.tools.sent.isEmpty)
    }
  }

  @Test func aKillOutweighsAnApproval() async throws {
    try await Self.run { gateway async throws in
      let call = MCPRequest.modernCall("db_insert")
      let asked = try await gateway.mcp(call)
      let id = try #require(asked.result?["_meta"]?["agentgate/approval_id"]?.stringValue)
      _ = try await gateway.control(.post, "/approvals/\(id)/approve")
      _ = try await gateway.control(.post, "/sessions/s1/kill")
      let killed = try await gateway.mcp(call.param("requestState", asked.result?["requestState"]))
      #expect(killed.content == "Policy denied: Kill switch: Session terminated")
      #expect(gateway.tools.sent.isEmpty)
    }
  }

  @Test func legacyClientsAskAgain() async throws {
    try await Self.run { gateway async throws in
      let token = try await gateway.initialized()
      let call = MCPRequest.legacy("tools/call", ["name": "db_insert", "arguments": ["row": 1]], token: token)
      let asked = try await gateway.mcp(call)
      #expect(asked.isError)
      #expect(asked.result?["resultType"] == nil && asked.result?["requestState"] == nil)
      #expect(asked.result?["_meta"]?["agentgate/decision"] == "REQUIRE_APPROVAL")
      let id = try #require(asked.result?["_meta"]?["agentgate/approval_id"]?.stringValue)
      #expect(asked.content.hasPrefix("Approval required: Write action requires human approval; "))
      #expect(asked.content.contains(id))
      #expect(try await gateway.mcp(call).result?["_meta"]?["agentgate/approval_id"] == .string(id))
      _ = try await gateway.control(.post, "/approvals/\(id)/approve")
      let other = MCPRequest.legacy("tools/call", ["name": "db_insert", "arguments": ["row": 2]], token: token)
      #expect(try await gateway.mcp(other).isError)
      #expect(try await gateway.mcp(call).result?["structuredContent"] != nil)
      let again = try await gateway.mcp(call)
      #expect(again.isError)
      #expect(again.result?["_meta"]?["agentgate/approval_id"] != .string(id))
      #expect(gateway.tools.sent.map(\.arguments) == [#"{"row":1}"#])
    }
  }

  // MARK: Headers

  struct Problem: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let status: Int
    let code: Int
    let change: @Sendable (MCPRequest) -> MCPRequest

    init(_ what: String, _ status: Int, _ code: Int, _ change: @escaping @Sendable (MCPRequest) -> MCPRequest) {
      (testDescription, self.status, self.code, self.change) = (what, status, code, change)
    }
  }

  static let problems: [Problem] = [
    Problem("no version header", 400, -32020) { $0.header(.mcpProtocolVersion, nil) },
    Problem("another version in the header", 400, -32020) { $0.header(.mcpProtocolVersion, "2025-11-25") },
    Problem("no method header", 400, -32020) { $0.header(.mcpMethod, nil) },
    Problem("another method in the header", 400, -32020) { $0.header(.mcpMethod, "tools/list") },
    Problem("the method in capitals", 400, -32020) { $0.header(.mcpMethod, "Tools/Call") },
    Problem("no name header", 400, -32020) { $0.header(.mcpName, nil) },
    Problem("another name in the header", 400, -32020) { $0.header(.mcpName, "db_insert") },
    Problem("the name in broken base64", 400, -32020) { $0.header(.mcpName, "=?base64?ZGJfcXVlcnk?=") },
    Problem("two method headers", 400, -32020) { request in
      var request = request
      request.headers.append(HTTPField(name: .mcpMethod, value: "tools/call"))
      return request
    },
    Problem("two name headers", 400, -32020) { request in
      var request = request
      request.headers.append(HTTPField(name: .mcpName, value: "db_insert"))
      return request
    },
    Problem("no _meta", 400, -32602) { $0.param("_meta", nil) },
    Problem("_meta is no object", 400, -32602) { $0.param("_meta", "x") },
    Problem("no version in _meta", 400, -32602) { $0.meta(MCPMeta.protocolVersion, nil) },
    Problem("no capabilities", 400, -32602) { $0.meta(MCPMeta.clientCapabilities, nil) },
    Problem("capabilities are no object", 400, -32602) { $0.meta(MCPMeta.clientCapabilities, []) },
    Problem("an unknown version", 400, -32022) {
      $0.meta(MCPMeta.protocolVersion, "2099-01-01").header(.mcpProtocolVersion, "2099-01-01")
    },
    Problem("a legacy version", 400, -32022) {
      $0.meta(MCPMeta.protocolVersion, "2025-11-25").header(.mcpProtocolVersion, "2025-11-25")
    },
    Problem("an unknown method", 404, -32601) { request in
      var request = request.header(.mcpMethod, "tools/dance")
      request.method = "tools/dance"
      return request
    },
    Problem("a method of the legacy era", 404, -32601) { request in
      var request = request.header(.mcpMethod, "ping")
      request.method = "ping"
      return request
    },
  ]

  @Test(arguments: problems) func modernRequestsAreChecked(_ problem: Problem) async throws {
    try await Self.run { gateway async throws in
      let reply = try await gateway.mcp(problem.change(.modernCall("db_query")))
      #expect(reply.status == problem.status)
      #expect(reply.code == problem.code)
      #expect(reply.json["id"] == 1)
      if problem.code == -32022 {
        #expect(reply.json["error"]?["data"]?["supported"]?[0] == "2026-07-28")
        #expect(reply.json["error"]?["data"]?["requested"]?.stringValue?.hasPrefix("20") == true)
      }
      #expect(gateway.tools.sent.isEmpty)
      #expect(try await gateway.events().isEmpty)
    }
  }

  @Test func namesMayBeEncoded() async throws {
    try await Self.run { gateway async throws in
      let encoded = try await gateway.mcp(.modernCall("db_query").header(.mcpName, "=?base64?ZGJfcXVlcnk=?="))
      #expect(encoded.result?["structuredContent"] != nil)
    }
  }

  @Test func parametersAreMirrored() async throws {
    let schema: JSONValue = [
      "type": "object",
      "properties": [
        "region": ["type": "string", "x-mcp-header": "Region"], "n": ["type": "integer", "x-mcp-header": "Count"],
      ],
    ]
    let tools = ScriptedTools(definitions: [Self.definition("db_query", schema)])
    try await Self.run(tools: tools) { gateway async throws in
      let region = try #require(HTTPField.Name("Mcp-Param-Region"))
      let count = try #require(HTTPField.Name("Mcp-Param-Count"))
      let call = MCPRequest.modernCall("db_query", ["region": "eu é", "n": 3])
      let good = call.header(region, "=?base64?ZXUgw6k=?=").header(count, "3")
      #expect(try await gateway.mcp(good).result?["structuredContent"] != nil)
      #expect(try await gateway.mcp(.modernCall("db_query")).result?["structuredContent"] != nil)
      #expect(gateway.tools.sent.count == 2)
      for bad in [
        call, call.header(count, "3"), good.header(region, "eu"), good.header(count, "4"),
        MCPRequest.modernCall("db_query", ["region": "eu"]).header(region, "eu").header(count, "3"),
      ] {
        let reply = try await gateway.mcp(bad)
        #expect(reply.status == 400)
        #expect(reply.code == -32020)
      }
      #expect(gateway.tools.sent.count == 2)
      // The legacy era has no such headers.
      let token = try await gateway.initialized()
      let legacy = try await gateway.mcp(
        .legacy("tools/call", ["name": "db_query", "arguments": ["region": "eu"]], token: token))
      #expect(legacy.result?["structuredContent"] != nil)
    }
  }

  @Test func mediaTypes() async throws {
    try await Self.run { gateway async throws in
      let request = MCPRequest.modernCall("db_query")
      let body = request.body.serializedString()
      for type in [nil, "text/plain", "application/xml"] {
        let reply = try await gateway.send(.post, "/mcp", body, contentType: type, headers: request.headers)
        #expect(reply.status == 415, "\(type ?? "none")")
      }
      for accept in [nil, "application/json", "text/event-stream", "text/html", "application/jsonx, text/event-stream"]
      {
        #expect(try await gateway.mcp(request.header(.accept, accept)).status == 406, "\(accept ?? "none")")
      }
      #expect(gateway.tools.sent.isEmpty)
      for accept in ["*/*", "text/event-stream;q=0.5 , application/json", "application/*, text/*"] {
        #expect(try await gateway.mcp(request.header(.accept, accept)).status == 200, "\(accept)")
      }
      let token = try await gateway.initialized()
      let stream = try await gateway.send(
        .get, "/mcp", headers: [.mcpSessionID: token, .accept: "application/json"])
      #expect(stream.status == 406)
    }
  }

  @Test func origins() async throws {
    try await Self.run(configure: { $0.allowedOrigins = ["https://console.example"] }) { gateway async throws in
      let token = try await gateway.initialized()
      for origin in [
        "https://evil.example", "null", "", "http://localhost.evil.example", "http://127.0.0.1.evil.example",
        "http://localhost:80@evil.example", "https://console.example.evil", "http://console.example", "file://",
      ] {
        let call = try await gateway.mcp(.modernCall("db_query").header(.origin, origin))
        #expect(call.status == 403, "\(origin)")
        #expect(try await gateway.mcp(.initialize().header(.origin, origin)).status == 403, "\(origin)")
        for method in [HTTPRequest.Method.get, .delete] {
          let other = try await gateway.send(
            method, "/mcp", headers: [.origin: origin, .mcpSessionID: token, .accept: "text/event-stream"])
          #expect(other.status == 403, "\(origin)")
        }
      }
      #expect(gateway.tools.sent.isEmpty)
      for origin in [
        "http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080", "https://CONSOLE.example",
        "https://localhost",
      ] {
        #expect(try await gateway.mcp(.modernCall("db_query").header(.origin, origin)).status == 200, "\(origin)")
      }
    }
  }

  @Test(
    arguments: [
      ("{", -32700), ("", -32700), (#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, -32700), ("[]", -32600),
      (#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600), ("7", -32600), (#"{"id":1,"method":"ping"}"#, -32600),
      (#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600), (#"{"jsonrpc":"2.0","id":1}"#, -32600),
      (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
      (#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600), (#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600),
    ] as [(String, Int)])
  func whatIsNoMessage(_ body: String, _ code: Int) async throws {
    try await Self.run { gateway async throws in
      let reply = try await gateway.send(
        .post, "/mcp", body, headers: [.accept: "application/json, text/event-stream"])
      #expect(reply.status == 400)
      #expect(reply.code == code)
      // As far as it can be told whose answer it is.
      let id = code == -32600 ? (try? JSONValue(parsing: body))?["id"]?.intValue : nil
      #expect(reply.json["id"] == id.map { JSONValue($0) } ?? .null)
    }
  }

  @Test func notificationsAndResponsesAreTaken() async throws {
    try await Self.run { gateway async throws in
      let token = try await gateway.initialized()
      var notification = MCPRequest.legacy("notifications/roots/list_changed", token: token)
      notification.id = nil
      let taken = try await gateway.mcp(notification)
      #expect(taken.status == 202)
      #expect(taken.text.isEmpty)
      var modern = MCPRequest.modern("notifications/cancelled")
      modern.id = nil
      #expect(try await gateway.mcp(modern).status == 202)
      let response = #"{"jsonrpc":"2.0","id":7,"result":{}}"#
      let accept = "application/json, text/event-stream"
      #expect(
        try await gateway.send(.post, "/mcp", response, headers: [.accept: accept, .mcpSessionID: token]).status == 202)
      let refused = try await gateway.send(
        .post, "/mcp", response, headers: [.accept: accept, .mcpProtocolVersion: "2026-07-28"])
      #expect(refused.status == 400)
      #expect(refused.code == -32600)
    }
  }

  // MARK: Sessions of the legacy era

  @Test func legacyRequestsNeedTheirSession() async throws {
    try await Self.run { gateway async throws in
      for (token, status) in [(nil, 400), ("", 404), ("mcp-unknown", 404)] as [(String?, Int)] {
        #expect(try await gateway.mcp(.legacy("tools/list", token: token)).status == status)
        var notification = MCPRequest.legacy("notifications/initialized", token: token)
        notification.id = nil
        #expect(try await gateway.mcp(notification).status == status)
      }
      let token = try await gateway.initialized()
      // Before 2025-06-18 there was no header for the version.
      #expect(try await gateway.mcp(.legacy("tools/list", token: token).header(.mcpProtocolVersion, nil)).status == 200)
      #expect(try await gateway.mcp(.legacy("tools/dance", token: token)).code == -32601)
      #expect(try await gateway.mcp(.legacy("server/discover", token: token)).code == -32601)
    }
  }

  @Test func sessionsEnd() async throws {
    try await Self.run { gateway async throws in
      let token = try await gateway.initialized()
      let other = try await gateway.initialized()
      #expect(try await gateway.send(.delete, "/mcp", headers: [.mcpSessionID: "mcp-unknown"]).status == 404)
      #expect(try await gateway.send(.delete, "/mcp", headers: [.mcpSessionID: token]).status == 204)
      #expect(try await gateway.mcp(.legacy("ping", token: token)).status == 404)
      #expect(try await gateway.send(.delete, "/mcp", headers: [.mcpSessionID: token]).status == 404)
      #expect(try await gateway.mcp(.legacy("ping", token: other)).status == 200)
    }
  }

  @Test func theStreamOfASessionEndsWithIt() async throws {
    try await Self.run { gateway async throws in
      let token = try await gateway.initialized()
      let headers: HTTPFields = [.mcpSessionID: token, .accept: "text/event-stream"]
      async let first = gateway.send(.get, "/mcp", headers: headers)
      try await Task.sleep(for: .milliseconds(100))
      async let second = gateway.send(.get, "/mcp", headers: headers)
      // One at a time: the second ends the first.
      #expect(try await first.status == 200)
      #expect(try await first.headers[.contentType] == "text/event-stream")
      #expect(try await gateway.send(.delete, "/mcp", headers: [.mcpSessionID: token]).status == 204)
      #expect(try await second.messages == [])
    }
  }

  @Test func otherMethodsAreNotAllowed() async throws {
    try await Self.run { gateway async throws in
      for method in [HTTPRequest.Method.get, .delete] {
        let reply = try await gateway.send(method, "/mcp", headers: [.accept: "text/event-stream"])
        #expect(reply.status == 405)
        #expect(reply.headers[.allow] == "POST")
      }
      #expect(try await gateway.send(.put, "/mcp", "{}").status == 405)
      let unknown = try await gateway.send(
        .get, "/mcp", headers: [.mcpSessionID: "mcp-unknown", .accept: "text/event-stream"])
      #expect(unknown.status == 404)
    }
  }

  @Test func legacyClientsCancelTheirOwnCalls() async throws {
    let tools = ScriptedTools(definitions: [Self.read]) { _, arguments in
      guard arguments.value["wait"] == true else { return .succeeded([:]) }
      try? await Task.sleep(for: .seconds(60))
      return .lost("given up")
    }
    try await Self.run(tools: tools) { gateway async throws in
      let token = try await gateway.initialized()
      let other = try await gateway.initialized(session: "s2")
      var call = MCPRequest.legacy("tools/call", ["name": "db_query", "arguments": ["wait": true]], token: token)
      call.id = "c1"
      let request = call
      async let answer = gateway.mcp(request)
      while gateway.tools.sent.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
      func cancel(_ id: JSONValue, _ token: String) async throws {
        var cancellation = MCPRequest.legacy("notifications/cancelled", ["requestId": id], token: token)
        cancellation.id = nil
        #expect(try await gateway.mcp(cancellation).status == 202)
      }
      try await cancel("c1", other)
      try await cancel(1, token)
      #expect(try await gateway.events().isEmpty, "nobody else's, and no other, was cancelled")
      // An id is free again only once its request is answered.
      #expect(try await gateway.mcp(request).code == -32600)
      try await cancel("c1", token)
      #expect(try await answer.result?["structuredContent"] == nil)
      let event = try #require(try await gateway.events().first)
      #expect(event.executed && event.error == "given up")
      call.params["arguments"] = [:]
      #expect(try await gateway.mcp(call).result?["structuredContent"] == [:])
    }
  }

  /// Closing the connection is the cancellation, whether the answer is to be a stream or not.
  @Test(arguments: [false, true]) func modernClientsCancelByGoing(isStream: Bool) async throws {
    try await Self.run(tools: StdioDoorTests.patient) { gateway async throws in
      let request = MCPRequest.modernCall("db_query", ["wait": true])
      let call = Task {
        try await gateway.mcp(isStream ? request.meta(MCPMeta.progressToken, 1) : request)
      }
      while gateway.tools.sent.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
      call.cancel()
      _ = await call.result
      for _ in 0..<1_000 where try await gateway.events().isEmpty { try await Task.sleep(for: .milliseconds(10)) }
      #expect(try await gateway.events().map(\.error) == ["given up"])
      #expect(try await gateway.mcp(.modernCall("db_query")).result?["structuredContent"] == ["done": true])
    }
  }

  // MARK: Progress

  /// Reports three times, then answers.
  struct ReportingTools: ToolRunner {
    func run(_ call: UpstreamCall, admit: @escaping @Sendable () -> Decision?) async -> ToolOutcome {
      if let refusal = admit() { return .refused(refusal) }
      call.handle.noteSent()
      for step in 1...3 { call.onProgress?(["progress": JSONValue(step), "total": 3]) }
      call.handle.noteAnswered()
      return .succeeded(["reported": .boolean(call.onProgress != nil)])
    }
    func tools() async -> [ToolDefinition] { [MCPRouteTests.read] }
    func tool(_ name: ToolName) -> ToolDefinition? { name.rawValue == "db_query" ? MCPRouteTests.read : nil }
  }

  @Test(arguments: ["t", 7] as [JSONValue]) func progressComesBeforeTheAnswer(_ token: JSONValue) async throws {
    try await Self.run(tools: ReportingTools()) { gateway async throws in
      let session = try await gateway.initialized()
      for isModern in [true, false] {
        let call =
          isModern
          ? MCPRequest.modernCall("db_query").meta(MCPMeta.progressToken, token)
          : .legacy(
            "tools/call", ["name": "db_query", "_meta": [MCPMeta.progressToken: token]], token: session)
        let reply = try await gateway.mcp(call)
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == "text/event-stream")
        let messages = reply.messages
        #expect(messages.count == 4)
        for (index, message) in messages.prefix(3).enumerated() {
          #expect(message["method"] == "notifications/progress")
          #expect(message["params"] == ["progress": JSONValue(index + 1), "total": 3, "progressToken": token])
        }
        #expect(messages.last?["id"] == 1)
        #expect(messages.last?["result"]?["structuredContent"] == ["reported": true])
      }
      let plain = try await gateway.mcp(.modernCall("db_query"))
      #expect(plain.headers[.contentType] == "application/json")
      #expect(plain.result?["structuredContent"] == ["reported": false])
    }
  }
}
