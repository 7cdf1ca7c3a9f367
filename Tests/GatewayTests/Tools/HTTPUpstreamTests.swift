import HTTPTypes
import HummingbirdTesting
import JSONRPC
import StrictJSON
import Synchronization
import Testing

@testable import Gateway

/// Upstream servers over Streamable HTTP, of both eras.
@Suite(.timeLimit(.minutes(2))) struct HTTPUpstreamTests {
  static let kinds = [("modern", "sse"), ("modern-only", "json"), ("legacy", "sse"), ("legacy", "json")]

  private func run(
    mode: String = "modern", answers: String = "sse", limits: UpstreamLimits = UpstreamLimits(), path: String = "/mcp",
    headers: JSONObject = [:], settings: JSONObject = [:],
    after: @Sendable @escaping (ServerLog) -> Void = { #expect($0.violations == []) },
    _ body: @Sendable @escaping (UpstreamServers, ServerLog) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    try await MisbehavingHTTPServer.run(folder.path, mode: mode, answers: answers) { server in
      try await UpstreamFixture.run(
        server.configuration(path: path, headers: headers, settings: settings), limits: limits
      ) { servers in try await body(servers, server.log) }
      after(server.log)
    }
  }

  private static func text(_ outcome: ToolOutcome) -> String? {
    if case .answered(let result) = outcome { result["content"]?[0]?["text"]?.stringValue } else { nil }
  }

  // MARK: What works

  @Test(arguments: kinds) func listsAndCalls(mode: String, answers: String) async throws {
    let after: @Sendable (ServerLog) -> Void = { log in
      #expect(log.violations == [])
      // A session that the gateway began is ended by it.
      let sessions = log.entries("session").map { $0["session"] }
      #expect(sessions.count == (mode == "legacy" ? 1 : 0))
      #expect(log.entries("deleted").map { $0["session"] } == sessions)
    }
    try await run(mode: mode, answers: answers, after: after) { servers, log in
      #expect(servers.status["h"]?.isReady == true)
      let names = await servers.tools().map(\.name)
      #expect(names.contains("echo") && names.contains("region"))
      #expect(names == names.sorted())
      let arguments: JSONValue = ["tag": "é\u{2028}", "n": 1.50]
      let outcome = try await servers.call("echo", arguments)
      guard case .answered(let result) = outcome else { throw Unexpected(outcome) }
      #expect(result["structuredContent"]?["arguments"] == arguments)
      try await withThrowingTaskGroup(of: ToolOutcome.self) { group in
        for number in 0..<20 { group.addTask { try await servers.call("echo", ["tag": .string("\(number)")]) } }
        for try await outcome in group { #expect(Self.text(outcome) == "echo") }
      }
      #expect(log.entries("call").count == 21)
    }
  }

  @Test(arguments: ["modern", "legacy"]) func progressArrives(mode: String) async throws {
    try await run(mode: mode) { servers, _ in
      let reports = Mutex<[JSONObject]>([])
      let call = UpstreamCall(
        tool: try ToolName("progress"), arguments: try CanonicalJSON(["steps": 3]),
        onProgress: { report in reports.withLock { $0.append(report) } })
      let outcome = await servers.run(call) { nil }
      #expect(Self.text(outcome) == "done")
      #expect(reports.withLock { $0.map { $0["progress"] } } == [1, 2, 3])
      #expect(reports.withLock { $0.allSatisfy { $0["progressToken"] == nil } }, "the token is the connection's own")
    }
  }

  @Test(arguments: ["junk_sse", "slow_body", "double_answer"]) func oddAnswersAreRead(_ tool: String) async throws {
    try await run { servers, _ in
      let text = Self.text(try await servers.call(tool, ["seconds": 0.5]))
      #expect(text == ["junk_sse": "junk", "slow_body": "slow", "double_answer": "first"][tool])
    }
  }

  @Test func whatChangesIsListedAnew() async throws {
    for mode in ["modern", "legacy"] {
      try await run(mode: mode) { servers, log in
        // The stream on which the server says so opens by itself.
        let lists = log.entries("request").filter { $0["method"] == "tools/list" }.count
        while log.entries("request").filter({ $0["method"] == "tools/list" }).count == lists {
          #expect(Self.text(try await servers.call("change")) == "changed")
          try await Task.sleep(for: .milliseconds(200))
        }
      }
    }
  }

  // MARK: Headers

  @Test func headersAreTheOperatorsAndTheMessages() async throws {
    let folder = try TemporaryFolder()
    try await MisbehavingHTTPServer.run(folder.path) { server in
      let configuration = try server.configuration(headers: ["Mcp-Tenant": "acme", "Authorization": "Bearer secret"])
      try await UpstreamFixture.run(configuration) { servers in
        try await GatewayFixture.run(policy: MCPRouteTests.allowEverything, tools: servers, setup: .ahc(.http)) {
          gateway async throws in
          let secret = try #require(HTTPField.Name("Mcp-Secret"))
          let region = try #require(HTTPField.Name("Mcp-Param-Region"))
          let call = MCPRequest.modernCall("region", ["region": "eu é", "count": 3, "dry": true])
          let reply = try await gateway.mcp(
            call.header(secret, "of the caller").header(region, "=?base64?ZXUgw6k=?=")
              .header(try #require(HTTPField.Name("Mcp-Param-Count")), "3")
              .header(try #require(HTTPField.Name("Mcp-Param-Dry-Run")), "true"))
          #expect(reply.content == "region", "\(reply.text)")
          let sent = server.log.entries("headers").first?["headers"]?.objectValue?.members ?? []
          let headers = Dictionary(uniqueKeysWithValues: sent.map { ($0.key.lowercased(), $0.value) })
          #expect(
            headers == [
              "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "region",
              "mcp-tenant": "acme", "mcp-param-region": "=?base64?ZXUgw6k=?=", "mcp-param-count": "3",
              "mcp-param-dry-run": "true",
            ])
          // What is absent has no header.
          #expect(try await gateway.mcp(.modernCall("region")).content == "region")
          let bare = server.log.entries("headers").last?["headers"]?.objectValue?.keys.map { $0.lowercased() } ?? []
          #expect(bare.allSatisfy { !$0.hasPrefix("mcp-param") })
        }
      }
      #expect(server.log.violations == [])
    }
  }

  @Test func legacyRequestsHaveTheSessionAndTheVersion() async throws {
    try await run(mode: "legacy") { servers, log in
      _ = try await servers.call("echo")
      let sent = log.entries("headers").first?["headers"]?.objectValue?.members ?? []
      let headers = Dictionary(uniqueKeysWithValues: sent.map { ($0.key.lowercased(), $0.value) })
      #expect(headers["mcp-session-id"] == log.entries("session").first?["session"])
      #expect(headers["mcp-protocol-version"] == "2025-11-25")
      #expect(headers["mcp-method"] == nil && headers["mcp-name"] == nil)
    }
  }

  // MARK: Cancellation

  private static let refusal = Decision.deny("no", rule: "kill_switch")

  @Test(arguments: kinds) func aKilledCallIsCancelledAtTheServer(mode: String, answers: String) async throws {
    try await run(mode: mode, answers: answers) { servers, log in
      let handle = CallHandle()
      let call = UpstreamCall(
        tool: try ToolName("sleep"), arguments: try CanonicalJSON(["seconds": 60, "tag": "a"]), handle: handle)
      async let outcome = servers.run(call) { nil }
      let id = try await log.first("call", tag: "a")["id"]
      let isSilentByThen = Mutex(true)
      // Who waits for the cancellation, as a receipt does, finds the time to silence there.
      handle.watch {
        let facts = handle.facts
        if facts.cancellation != nil, facts.givenUp == nil { isSilentByThen.withLock { $0 = false } }
      }
      handle.giveUp(.containment("killed: enough"))
      guard case .lost(let text) = await outcome else { throw Unexpected(await outcome) }
      #expect(text.contains("killed: enough"))
      let cancelled = try await log.first("cancelled")
      #expect(cancelled["requestId"] == id)
      #expect(cancelled["known"] == true)
      try await log.first("stopped", tag: "a")
      // To a legacy server the closed stream means nothing: that it took the notification is what is known.
      while handle.facts.cancellation == nil { try await Task.sleep(for: .milliseconds(10)) }
      #expect(handle.facts.cancellation == (mode == "legacy" ? .seen : .streamClosed))
      #expect(handle.facts.sent != nil && handle.facts.answered == nil && handle.facts.givenUp != nil)
      #expect(isSilentByThen.withLock { $0 })
      handle.watch(nil)
      // The next call is none the worse for it.
      #expect(Self.text(try await servers.call("echo", ["tag": "b"])) == "echo")
    }
  }

  @Test func aRefusalAtTheLastMomentSendsNothing() async throws {
    try await run { servers, log in
      let outcome = try await servers.call("echo") { Self.refusal }
      #expect(outcome == .refused(Self.refusal))
      let handle = CallHandle()
      handle.giveUp(.containment("killed"))
      let call = UpstreamCall(tool: try ToolName("echo"), arguments: .emptyObject, handle: handle)
      guard case .unavailable = await servers.run(call, admit: { nil }) else { throw Unexpected() }
      #expect(handle.facts.sent == nil)
      #expect(log.entries("call").isEmpty)
    }
  }

  @Test func aCallThatTakesTooLongIsCancelled() async throws {
    var limits = UpstreamLimits()
    limits.byTool["sleep"] = UpstreamLimits.ToolLimits()
    limits.byTool["sleep"]?.idle = .seconds(1)
    let settings: JSONObject = ["tools": ["sleep": ["idle_seconds": 1]]]
    try await run(limits: limits, settings: settings) { servers, log in
      guard case .lost(let text) = try await servers.call("sleep", ["seconds": 60, "tag": "a"]) else {
        throw Unexpected()
      }
      #expect(text.contains("timed out after 1 s"))
      try await log.first("stopped", tag: "a")
    }
  }

  // MARK: What goes wrong

  @Test(arguments: [
    (500, "it answered HTTP 500"), (503, "it answered HTTP 503"), (202, "HTTP 202 without an answer"),
    (200, "HTTP 200 without an answer"),
  ])
  func answersWithoutAnAnswerAreLost(_ status: Int, _ problem: String) async throws {
    try await run { servers, _ in
      let tool = status == 202 ? "accepted" : status == 200 ? "wrong_type" : "status"
      guard case .lost(let text) = try await servers.call(tool, ["status": JSONValue(status)]) else {
        throw Unexpected()
      }
      #expect(text.contains(problem))
      #expect(Self.text(try await servers.call("echo")) == "echo")
    }
  }

  @Test(arguments: [400, 401, 403, 404, 429]) func refusalsAreErrors(_ status: Int) async throws {
    try await run { servers, _ in
      let outcome = try await servers.call("status", ["status": JSONValue(status)])
      guard case .failed(let error) = outcome else { throw Unexpected(outcome) }
      #expect(error.message == "it answered HTTP \(status)")
      #expect(Self.text(try await servers.call("echo")) == "echo")
    }
  }

  @Test(arguments: kinds) func brokenAnswersAreLost(mode: String, answers: String) async throws {
    try await run(mode: mode, answers: answers) { servers, _ in
      for tool in ["cut_stream", "duplicate_key"] {
        let outcome = try await servers.call(tool)
        guard case .lost = outcome else { throw Unexpected("\(tool): \(outcome)") }
      }
      #expect(Self.text(try await servers.call("echo")) == "echo")
    }
  }

  @Test(arguments: ["sse", "json"]) func resultsHaveALimit(answers: String) async throws {
    try await run(answers: answers, settings: ["tools": ["big_result": ["result_bytes": 10_000]]]) { servers, _ in
      guard case .lost(let text) = try await servers.call("big_result", ["bytes": 20_000]) else { throw Unexpected() }
      #expect(text.contains("more than 10000 bytes"))
      #expect(Self.text(try await servers.call("big_result", ["bytes": 100]))?.utf8.count == 100)
    }
  }

  @Test(arguments: ["/401", "/403", "/500", "/404", "/html", "/redirect?to=/mcp", "/redirect?to=/mcp&status=308"])
  func aServerThatIsNoneIsDown(_ path: String) async throws {
    let after: @Sendable (ServerLog) -> Void = { log in
      // A redirect is not followed, least of all with the operator's credentials.
      #expect(log.entries("request").allSatisfy { $0["path"] == .string(path) })
      #expect(!log.entries("request").isEmpty)
      #expect(log.entries("request").allSatisfy { $0["authorization"] == true })
    }
    try await run(path: path, headers: ["Authorization": "Bearer secret"], after: after) { servers, _ in
      try await servers.waitUntil("h") { if case .down = $0 { true } else { false } }
      guard case .down(let problem)? = servers.status["h"] else { throw Unexpected() }
      #expect(problem.contains("HTTP") || problem.contains("answered"), "\(problem)")
      #expect(!problem.contains("secret"))
      #expect(try await servers.call("echo") == .unavailable("Tool not implemented"))
    }
  }

  @Test func aServerThatSaysNothingIsDown() async throws {
    var limits = UpstreamLimits()
    limits.initialize = .seconds(1)
    try await run(limits: limits, path: "/silence", after: { _ in }) { servers, _ in
      try await servers.waitUntil("h") { if case .down = $0 { true } else { false } }
      guard case .down(let problem)? = servers.status["h"] else { throw Unexpected() }
      #expect(problem.contains("timed out after 1 s"))
    }
  }

  @Test func aServerThatIsNotThereIsDown() async throws {
    let configuration = try MCPConfiguration(
      parsing: Array(#"{"mcpServers":{"h":{"url":"http://127.0.0.1:1/mcp"}}}"#.utf8), path: "mcp.json")
    try await UpstreamFixture.run(configuration) { servers in
      try await servers.waitUntil("h") { if case .down = $0 { true } else { false } }
      guard case .down(let problem)? = servers.status["h"] else { throw Unexpected() }
      #expect(problem.contains("can't be reached"), "\(problem)")
    }
  }

  /// After its restart a legacy server knows no session any more.
  @Test func aForgottenSessionIsBegunAnew() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path
    // The servers of the gateway outlive both runs of the server.
    let (first, second) = (FirstOf<Int>(), FirstOf<Bool>())
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let port = try await MisbehavingHTTPServer.run(path, name: "one", mode: "legacy") { server in
          first.set(server.port)
          _ = await second.value
          return server.port
        }
        try await MisbehavingHTTPServer.run(path, name: "two", mode: "legacy", port: port) { _ in
          try await Task.sleep(for: .seconds(600))
        }
      }
      let port = await first.value
      let server = MisbehavingHTTPServer(port: port, log: ServerLog(path: path + "/one.log"))
      let later = ServerLog(path: path + "/two.log")
      try await UpstreamFixture.run(try server.configuration()) { servers in
        #expect(Self.text(try await servers.call("echo")) == "echo")
        second.set(true)
        try await later.first("start")
        // A call in between fails; none is sent twice.
        var isBack = false
        for count in 0..<400 where !isBack {
          isBack = Self.text(try await servers.call("echo", ["tag": .string("\(count)")])) == "echo"
          try await Task.sleep(for: .milliseconds(50))
        }
        #expect(isBack)
        #expect(later.entries("session").count == 1)
        let tags = later.entries("call").compactMap { $0["tag"]?.stringValue }
        #expect(Set(tags).count == tags.count)
        #expect(later.violations == [])
      }
      group.cancelAll()
      while let _ = try? await group.next() {}
    }
  }
}
