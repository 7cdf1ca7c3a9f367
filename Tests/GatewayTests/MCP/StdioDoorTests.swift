import Glibc
import HTTPTypes
import JSONRPC
import NIOPosix
import StrictJSON
import Synchronization
import Testing

@testable import DemoTools
@testable import Gateway

/// The MCP door over pipes.
@Suite(.timeLimit(.minutes(2))) struct StdioDoorTests {
  static let tools = [MCPRouteTests.definition("db_query"), MCPRouteTests.definition("db_update")]

  /// Waits for as long as it is let when its arguments say so.
  static var patient: ScriptedTools {
    ScriptedTools(definitions: tools) { _, arguments in
      guard arguments.value["wait"] == true else { return .succeeded(["done": true]) }
      try? await Task.sleep(for: .seconds(60))
      return .lost("given up")
    }
  }

  struct Fixture: Sendable {
    let gateway: GatewayFixture
    let controls: Controls
    fileprivate let client: StandardStreams

    func send(_ line: String) async throws { try await client.write(Array((line + "\n").utf8)) }

    func send(_ request: MCPRequest, id: JSONValue? = 1) async throws {
      var request = request
      request.id = id
      try await send(request.body.serializedString())
    }

    /// The door's next message; absent when there are no more.
    func next() async throws -> JSONValue? { try await client.nextLine().map { try JSONValue(parsing: $0) } }

    /// Waits until a call has reached its tool.
    func waitForCalls(_ count: Int) async throws {
      while gateway.tools.sent.count < count { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// Shakes hands as a client of the legacy era.
    func initialize() async throws {
      try await send(.initialize(), id: "init")
      #expect(try await next()?["id"] == "init")
      try await send(MCPRequest(method: "notifications/initialized", params: [:]), id: nil)
    }
  }

  /// - Parameter after: told what the door has written after the input's end
  private func run(
    tools: any ToolRunner = patient,
    after: @Sendable @escaping ([JSONValue], GatewayFixture) async throws -> Void = { _, _ in },
    _ body: @Sendable @escaping (Fixture) async throws -> Void
  ) async throws {
    try await GatewayFixture.run(tools: tools) { gateway async throws in
      let (assembly, changes) = (gateway.assembly, ListChanges())
      let ids = EventIDGenerator(clock: gateway.clock.wall)
      let containments = Containments(
        inFlight: assembly.gatekeeper.inFlight, killSwitch: assembly.killSwitch, traces: gateway.traces, ids: ids,
        key: EvidenceKey(), grace: .seconds(2), clock: gateway.clock.wall, monotonic: gateway.clock.monotonic,
        logger: gateway.log.logger)
      let controls = Controls(
        killSwitch: assembly.killSwitch, policy: assembly.policy, traces: gateway.traces, containments: containments,
        changes: changes, policyVersion: "v0", ids: ids, clock: gateway.clock.wall, logger: gateway.log.logger)
      let server = MCPServer(
        gatekeeper: assembly.gatekeeper,
        catalogue: ToolCatalogue(policy: assembly.policy, killSwitch: assembly.killSwitch, tools: tools), offers: nil,
        version: "1")
      let (requests, answers) = (try Pipe(), try Pipe())
      let door = StdioDoor(
        server: server, session: try SessionID("s1"), changes: changes, input: requests.reading,
        output: answers.writing,
        logger: gateway.log.logger)
      let running = Task {
        defer { answers.closeWriting() }
        try await door.run()
      }
      let threads = NIOThreadPool(numberOfThreads: 2)
      threads.start()
      let fixture = Fixture(
        gateway: gateway, controls: controls,
        client: try StandardStreams(input: answers.reading, output: requests.writing, threads: threads))
      let result: Result<Void, any Error>
      do { result = .success(try await body(fixture)) } catch { result = .failure(error) }
      // The end of its input is the door's end.
      requests.closeWriting()
      try await running.value
      var rest: [JSONValue] = []
      while let message = try await fixture.next() { rest.append(message) }
      try await threads.shutdownGracefully()
      try result.get()
      try await after(rest, gateway)
    }
  }

  private final class Pipe: Sendable {
    let reading: Int32
    let writing: Int32
    private let isOpen = Mutex(true)

    init() throws {
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else { throw Unexpected("no pipe") }
      (reading, writing) = (ends[0], ends[1])
    }

    func closeWriting() {
      let wasOpen = isOpen.withLock { isOpen in
        defer { isOpen = false }
        return isOpen
      }
      if wasOpen { close(writing) }
    }

    deinit {
      closeWriting()
      close(reading)
    }
  }

  // MARK: Both eras

  @Test func modernClients() async throws {
    try await run { door async throws in
      try await door.send(.modern("server/discover"), id: 1)
      let discovered = try await door.next()
      #expect(discovered?["id"] == 1)
      #expect(discovered?["result"]?["supportedVersions"]?[0] == "2026-07-28")
      #expect(discovered?["result"]?["capabilities"] == ["tools": ["listChanged": true]])
      try await door.send(.modern("tools/list"), id: "l")
      let listed = try await door.next()
      #expect(listed?["id"] == "l")
      #expect(listed?["result"]?["tools"]?.arrayValue?.map { $0["name"] } == ["db_query", "db_update"])
      #expect(listed?["result"]?["ttlMs"] == 0)
      try await door.send(.modernCall("db_query", ["a": 1], session: nil), id: 3)
      let called = try await door.next()
      #expect(called?["id"] == 3)
      #expect(called?["result"]?["structuredContent"] == ["done": true])
      #expect(called?["result"]?["resultType"] == "complete")
      let event = try #require(try await door.gateway.events("s1").first)
      #expect(event.agentID == "tester" && event.executed)
      try await door.send(.modernCall("db_update"), id: 4)
      let asked = try await door.next()
      #expect(asked?["result"]?["resultType"] == "input_required")
      let approval = try #require(asked?["result"]?["_meta"]?["agentgate/approval_id"]?.stringValue)
      _ = try await door.gateway.control(.post, "/approvals/\(approval)/approve")
      let state = asked?["result"]?["requestState"]
      for id in [5, 6] as [JSONValue] {
        try await door.send(MCPRequest.modernCall("db_update").param("requestState", state), id: id)
        let answer = try await door.next()
        #expect(answer?["id"] == id)
        #expect((answer?["result"]?["isError"] == true) == (id == 6))
      }
      try await door.send(.modernCall("nobody"), id: 7)
      #expect(try await door.next()?["error"]?["code"] == -32602)
      try await door.send(.modern("tools/dance"), id: 8)
      #expect(try await door.next()?["error"]?["code"] == -32601)
    }
  }

  @Test(arguments: ["2025-11-25", "2025-06-18", "2024-11-05"]) func legacyClients(version: String) async throws {
    try await run { door async throws in
      try await door.send(.initialize(version), id: 0)
      let settled = try await door.next()
      #expect(settled?["id"] == 0)
      #expect(settled?["result"]?["protocolVersion"] == .string(version))
      try await door.send(MCPRequest(method: "notifications/initialized", params: [:]), id: nil)
      try await door.send(MCPRequest(method: "ping", params: [:]), id: 1)
      #expect(try await door.next() == ["jsonrpc": "2.0", "id": 1, "result": [:]])
      try await door.send(MCPRequest(method: "tools/list", params: [:]), id: 2)
      let listed = try await door.next()
      #expect(listed?["result"]?["tools"]?.arrayValue?.count == 2)
      #expect(listed?["result"]?["ttlMs"] == nil && listed?["result"]?["resultType"] == nil)
      try await door.send(MCPRequest(method: "tools/call", params: ["name": "db_query"]), id: 3)
      #expect(try await door.next()?["result"]?["structuredContent"] == ["done": true])
      #expect(try await door.gateway.events("s1").first?.agentID == "tester")
      try await door.send(MCPRequest(method: "tools/dance", params: [:]), id: 4)
      #expect(try await door.next()?["error"]?["code"] == -32601)
      // A request that says that it is modern is answered as one.
      try await door.send(.modern("tools/list"), id: 5)
      #expect(try await door.next()?["result"]?["resultType"] == "complete")
    }
  }

  @Test func versionsAndHandshakesThatAreNone() async throws {
    try await run { door async throws in
      for (request, code) in [
        (MCPRequest(method: "tools/list", params: [:]), -32602),
        (MCPRequest.modern("tools/list").meta(MCPMeta.clientCapabilities, nil), -32602),
        (MCPRequest.modern("tools/list").meta(MCPMeta.protocolVersion, 7), -32602),
        (MCPRequest.modern("tools/list").meta(MCPMeta.protocolVersion, "2099-01-01"), -32022),
        (MCPRequest.modern("tools/list").meta(MCPMeta.protocolVersion, "2025-11-25"), -32022),
        (MCPRequest(method: "server/discover", params: [:]), -32602),
        (MCPRequest.initialize().param("protocolVersion", nil), -32602),
        (MCPRequest.modern("subscriptions/listen"), -32602),
      ] {
        try await door.send(request)
        let answer = try await door.next()
        #expect(answer?["id"] == 1)
        #expect(answer?["error"]?["code"] == JSONValue(code), "\(request.body)")
      }
      // Which any client may send at any time.
      try await door.send(MCPRequest(method: "ping", params: [:]))
      #expect(try await door.next()?["result"] == [:])
    }
  }

  @Test func badLinesGetAnErrorAndEndNothing() async throws {
    try await run { door async throws in
      try await door.send("")
      try await door.send("  \r")
      for (line, code, id) in [
        ("{", -32700, .null), ("nonsense", -32700, .null),
        (#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, -32700, .null),
        ("[]", -32600, .null), (#"{"id":1,"method":"ping"}"#, -32600, 1), (#"{"jsonrpc":"2.0","id":"x"}"#, -32600, "x"),
        (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, .null),
      ] as [(String, JSONValue, JSONValue)] {
        try await door.send(line)
        let answer = try await door.next()
        #expect(answer?["error"]?["code"] == code, "\(line)")
        #expect(answer?["id"] == id, "\(line)")
      }
      // Nothing was asked of the client, and what it tells unasked doesn't matter.
      try await door.send(#"{"jsonrpc":"2.0","id":7,"result":{}}"#)
      try await door.send(#"{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"m"}}"#)
      try await door.send(#"{"jsonrpc":"2.0","method":"notifications/whatever"}"#)
      try await door.send(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[]}}"#)
      try await door.send(MCPRequest(method: "ping", params: [:]), id: "end")
      #expect(try await door.next() == ["jsonrpc": "2.0", "id": "end", "result": [:]])
    }
  }

  // MARK: Calls under way

  @Test func answersComeAsTheyAreReady() async throws {
    try await run { door async throws in
      try await door.send(.modernCall("db_query", ["wait": true]), id: "slow")
      try await door.waitForCalls(1)
      try await door.send(.modernCall("db_query"), id: "quick")
      #expect(try await door.next()?["id"] == "quick")
      try await door.send(.modernCall("db_query"), id: "slow")
      let twice = try await door.next()
      #expect(twice?["id"] == "slow")
      #expect(twice?["error"]?["code"] == -32600)
    }
  }

  @Test(arguments: [true, false]) func aCancelledCallIsNotAnswered(isModern: Bool) async throws {
    try await run(after: { rest, _ in #expect(rest == []) }) { door async throws in
      if !isModern { try await door.initialize() }
      let call =
        isModern
        ? MCPRequest.modernCall("db_query", ["wait": true])
        : MCPRequest(method: "tools/call", params: ["name": "db_query", "arguments": ["wait": true]])
      try await door.send(call, id: 7)
      try await door.waitForCalls(1)
      var cancellation = MCPRequest(method: "notifications/cancelled", params: ["requestId": "7"])
      try await door.send(cancellation, id: nil)
      #expect(try await door.gateway.events().isEmpty, "another id")
      cancellation.params = ["requestId": 7, "reason": "enough"]
      try await door.send(cancellation, id: nil)
      while try await door.gateway.events().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
      let event = try #require(try await door.gateway.events().first)
      #expect(event.executed && event.error == "given up")
      // The id is free again soon, and the next answer is another request's.
      try await door.send(.modern("server/discover"), id: "next")
      #expect(try await door.next()?["id"] == "next")
    }
  }

  /// Both lines may be there before anybody has looked at the first.
  @Test func aCancellationRightBehindItsRequest() async throws {
    try await run(after: { rest, _ in #expect(rest == []) }) { door async throws in
      let count = 20
      for id in 0..<count {
        var call = MCPRequest.modernCall("db_query", ["wait": true])
        call.id = JSONValue(id)
        let cancellation: JSONValue = [
          "jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": JSONValue(id)],
        ]
        try await door.send(call.body.serializedString() + "\n" + cancellation.serializedString())
      }
      for _ in 0..<500 where try await door.gateway.events().count < count {
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(try await door.gateway.events().count == count, "the others are still under way")
    }
  }

  @Test func aKilledCallIsAnswered() async throws {
    try await run { door async throws in
      try await door.send(.modernCall("db_query", ["wait": true]), id: 7)
      try await door.waitForCalls(1)
      _ = try await door.controls.kill(session: try SessionID("s1"), reason: "enough")
      let answer = try await door.next()
      #expect(answer?["id"] == 7)
      #expect(answer?["result"]?["isError"] == true)
      #expect(answer?["result"]?["content"]?[0]?["text"] == "Policy denied: Kill switch: enough")
      try await door.send(.modern("tools/list"))
      #expect(try await door.next()?["result"]?["tools"] == [])
    }
  }

  @Test func theEndOfTheInputGivesUpWhatIsUnderWay() async throws {
    let after: @Sendable ([JSONValue], GatewayFixture) async throws -> Void = { rest, gateway async throws in
      #expect(rest == [])
      #expect(try await gateway.events().map(\.error) == ["given up", "given up"])
    }
    try await run(after: after) { door async throws in
      try await door.send(.modernCall("db_query", ["wait": true]), id: 1)
      try await door.send(.modernCall("db_query", ["wait": true]), id: 2)
      try await door.waitForCalls(2)
    }
  }

  @Test func progressComesBeforeTheAnswer() async throws {
    try await run(tools: MCPRouteTests.ReportingTools()) { door async throws in
      try await door.send(MCPRequest.modernCall("db_query").meta(MCPMeta.progressToken, "t"), id: 7)
      for step in 1...3 {
        let message = try await door.next()
        #expect(message?["method"] == "notifications/progress")
        #expect(message?["params"] == ["progress": JSONValue(step), "total": 3, "progressToken": "t"])
      }
      #expect(try await door.next()?["id"] == 7)
    }
  }

  // MARK: What changes

  @Test func whoListensIsToldWhatChanges() async throws {
    try await run(after: { rest, _ in #expect(rest == []) }) { door async throws in
      let filter: JSONValue = ["toolsListChanged": true, "promptsListChanged": false, "unknown": true]
      try await door.send(.modern("subscriptions/listen", ["notifications": filter]), id: "sub")
      let acknowledged = try await door.next()
      #expect(acknowledged?["method"] == "notifications/subscriptions/acknowledged")
      #expect(acknowledged?["params"]?["notifications"] == ["toolsListChanged": true])
      #expect(acknowledged?["params"]?["_meta"]?[MCPMeta.subscriptionID] == "sub")
      _ = try await door.controls.kill(tool: try ToolName("db_query"), reason: nil)
      let changed: JSONValue = [
        "jsonrpc": "2.0", "method": "notifications/tools/list_changed",
        "params": ["_meta": [MCPMeta.subscriptionID: "sub"]],
      ]
      #expect(try await door.next() == changed)
      try await door.send(.modern("tools/list"), id: 2)
      #expect(try await door.next()?["result"]?["tools"]?.arrayValue?.map { $0["name"] } == ["db_update"])
      // A reload may have changed every list; prompts weren't asked for.
      _ = try await door.controls.reload()
      #expect(try await door.next() == changed)
      try await door.send(MCPRequest(method: "notifications/cancelled", params: ["requestId": "sub"]), id: nil)
      try await door.send(.modern("tools/list"), id: 3)
      #expect(try await door.next()?["id"] == 3)
      try await door.controls.unkill(tool: try ToolName("db_query"))
      try await door.send(.modern("tools/list"), id: 4)
      #expect(try await door.next()?["id"] == 4)
    }
  }

  @Test func legacyClientsAreToldOnceTheyAreInitialized() async throws {
    try await run { door async throws in
      try await door.send(.initialize(), id: 0)
      #expect(try await door.next()?["id"] == 0)
      _ = try await door.controls.kill(tool: try ToolName("db_query"), reason: nil)
      try await door.send(MCPRequest(method: "ping", params: [:]), id: 1)
      #expect(try await door.next()?["id"] == 1, "not before it says that it is ready")
      try await door.send(MCPRequest(method: "notifications/initialized", params: [:]), id: nil)
      try await door.send(MCPRequest(method: "ping", params: [:]), id: 2)
      #expect(try await door.next()?["id"] == 2)
      _ = try await door.controls.pause(reason: nil)
      #expect(try await door.next() == ["jsonrpc": "2.0", "method": "notifications/tools/list_changed"])
    }
  }
}
