import Crypto
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import StrictJSON
import Synchronization
import Testing

@testable import Gateway

/// Kills that meet calls under way, at servers that are real processes.
@Suite(.timeLimit(.minutes(2))) struct ContainmentTests {
  static let key = "a-signing-key-for-tests"

  struct Fixture: Sendable {
    let gateway: GatewayFixture
    let servers: UpstreamServers
    let log: ServerLog

    func call(
      _ tool: String, tag: String = "a", session: String = "s1", agent: String = "tester", _ arguments: JSONObject = [:]
    ) async throws -> JSONValue {
      var arguments = arguments
      arguments["tag"] = .string(tag)
      return try await gateway.call(
        tool, session: session, arguments: .object(arguments), context: ["agent_id": .string(agent)]
      ).json
    }

    /// The receipt, as the kill was answered.
    func kill(_ path: String = "/sessions/s1/kill") async throws -> JSONValue {
      let reply = try await gateway.control(.post, path)
      #expect(reply.status == 200)
      #expect(reply.json["containment_id"] == reply.json["receipt"]?["id"])
      return try #require(reply.json["receipt"])
    }

    /// The receipt once nothing of it changes any more.
    func settled(_ receipt: JSONValue) async throws -> JSONValue {
      let id = try #require(receipt["id"]?.stringValue)
      while true {
        let reply = try await gateway.control(.get, "/containments/\(id)")
        #expect(reply.status == 200)
        #expect(reply.json["id"] == receipt["id"])
        if reply.json["state"] == "settled" { return reply.json }
        try await Task.sleep(for: .milliseconds(20))
      }
    }

    /// Waits until a session has a call under way.
    func waitForCall(of session: String, where isReached: (CallHandle.Facts) -> Bool = { _ in true }) async throws {
      let id = try SessionID(session)
      while true {
        let entries = gateway.assembly.gatekeeper.inFlight.takeStock { $0.session == id }
        if entries.contains(where: { isReached($0.handle.facts) }) { return }
        try await Task.sleep(for: .milliseconds(5))
      }
    }
  }

  private func run(
    mode: String = "modern", trusting: Bool = false, graceSeconds: Int = 4,
    _ body: @Sendable @escaping (Fixture) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    let server = MisbehavingServer(folder: folder.path, mode: mode)
    var limits = UpstreamLimits()
    limits.grace = .seconds(graceSeconds)
    limits.trustsCancellation = trusting
    limits.closing = .milliseconds(200)
    limits.terminating = .milliseconds(200)
    try await UpstreamFixture.run(MCPConfiguration([server.configuration]), limits: limits) { servers in
      try await GatewayFixture.run(policy: MCPRouteTests.allowEverything, tools: servers) { configuration in
        configuration.killGraceSeconds = graceSeconds
        configuration.signingKey = Self.key
      } _: { gateway async throws in
        try await body(Fixture(gateway: gateway, servers: servers, log: server.log))
      }
    }
    #expect(server.log.violations == [])
    for pid in server.log.processes { try await Processes.waitForEnd(of: pid) }
  }

  private static let refusal: JSONValue = "Policy denied: Kill switch: Session terminated"

  // MARK: What servers make of it

  /// MCP asks a server to end a cancelled call without a word.
  @Test(arguments: ["modern", "legacy"]) func aServerThatObeys(mode: String) async throws {
    try await run(mode: mode, trusting: true) { fixture async throws in
      async let answer = fixture.call("sleep", ["seconds": 60])
      let call = try await fixture.log.first("call", tag: "a")
      let receipt = try await fixture.kill()
      #expect(receipt["state"] == "open")
      #expect(try await answer["error"] == Self.refusal)
      let cancellation = try await fixture.log.first("cancelled")
      #expect(cancellation["requestId"] == call["id"])
      #expect(cancellation["known"] == true)
      #expect(cancellation["reason"] == "killed: Session terminated")
      try await fixture.log.first("stopped", tag: "a")
      let settled = try await fixture.settled(receipt)
      #expect(settled["calls"]?.arrayValue?.count == 1)
      #expect(settled["calls"]?[0]?["verdict"] == "cancelled")
      #expect(settled["calls"]?[0]?["cancellation"] == "seen")
      #expect(settled["calls"]?[0]?["server"] == "s")
      #expect(settled["calls"]?[0]?["tool_name"] == "sleep")
      #expect(settled["calls"]?[0]?["session_id"] == "s1")
      #expect(settled["time_to_silence_ms"]?.doubleValue != nil)
      let steps = settled["steps"]?.arrayValue?.compactMap { $0["step"]?.stringValue } ?? []
      #expect(steps == ["fenced", "calls_cancelled", "silent", "grace_over"])
      let events = try await fixture.gateway.events()
      let event = try #require(events.first { $0.kind == .toolCall })
      #expect(settled["calls"]?[0]?["trace_id"] == .string(event.eventID))
      #expect(event.executed)
      #expect(event.error?.contains("killed: Session terminated") == true)
      #expect(events.contains { $0.kind == .kill && .string($0.eventID) == settled["id"] })
      // It is trusted: the process that ran the call goes on.
      #expect(try await fixture.call("echo", tag: "b", session: "s2")["success"] == true)
      #expect(fixture.log.entries("call", tag: "b").first?["pid"] == call["pid"])
      #expect(fixture.log.processes.count == 1)
    }
  }

  /// Whether it has ended the call nobody knows: its process is ended, and another takes over.
  @Test func aServerThatObeysAndIsNotTrusted() async throws {
    try await run { fixture async throws in
      async let answer = fixture.call("sleep", ["seconds": 60])
      let pid = try #require(try await fixture.log.first("call", tag: "a")["pid"]?.intValue)
      let receipt = try await fixture.kill()
      #expect(try await answer["error"] == Self.refusal)
      let settled = try await fixture.settled(receipt)
      #expect(settled["calls"]?[0]?["verdict"] == "cancelled")
      try await Processes.waitForEnd(of: pid)
      try await fixture.servers.waitUntil("s", \.isReady)
      #expect(try await fixture.call("echo", tag: "b", session: "s2")["success"] == true)
      #expect(fixture.log.entries("call", tag: "b").first?["pid"] != JSONValue(pid))
    }
  }

  @Test(arguments: ["modern", "legacy"]) func aServerThatAcknowledges(mode: String) async throws {
    try await run(mode: mode, graceSeconds: 10) { fixture async throws in
      async let answer = fixture.call("sleep_answering_cancel", ["seconds": 60])
      let call = try await fixture.log.first("call", tag: "a")
      let receipt = try await fixture.kill()
      #expect(try await answer["error"] == Self.refusal)
      let settled = try await fixture.settled(receipt)
      #expect(settled["calls"]?[0]?["verdict"] == "cancelled")
      #expect(settled["calls"]?[0]?["cancellation"] == "acknowledged")
      // Past the grace time the process is still the same.
      try await Task.sleep(for: .milliseconds(10_500))
      #expect(try await fixture.call("echo", tag: "b", session: "s2")["success"] == true)
      #expect(fixture.log.entries("call", tag: "b").first?["pid"] == call["pid"])
      #expect(fixture.log.processes.count == 1)
    }
  }

  @Test func aServerThatGoesOnIsEnded() async throws {
    try await run(graceSeconds: 1) { fixture async throws in
      async let answer = fixture.call("stubborn", ["seconds": 60])
      let pid = try #require(try await fixture.log.first("call", tag: "a")["pid"]?.intValue)
      let receipt = try await fixture.kill()
      #expect(try await answer["error"] == Self.refusal)
      try await Processes.waitForEnd(of: pid)
      _ = try await fixture.settled(receipt)
      try await fixture.servers.waitUntil("s", \.isReady)
      #expect(try await fixture.call("echo", tag: "b", session: "s2")["success"] == true)
      #expect(fixture.log.processes.count == 2)
      #expect(fixture.log.entries("answer", tag: "a").isEmpty)
    }
  }

  @Test func aLateResultIsDropped() async throws {
    try await run(graceSeconds: 5) { fixture async throws in
      async let answer = fixture.call("stubborn", ["seconds": 1])
      try await fixture.log.first("call", tag: "a")
      let receipt = try await fixture.kill()
      #expect(try await answer["error"] == Self.refusal)
      try await fixture.log.first("answer", tag: "a")
      let settled = try await fixture.settled(receipt)
      #expect(settled["calls"]?[0]?["verdict"] == "outcome_unknown")
      #expect(settled["calls"]?[0]?["cancellation"] == "late_result_dropped")
      #expect(try await answer["result"] == .null)
      let event = try #require(try await fixture.gateway.events().first { $0.kind == .toolCall })
      #expect(event.executed && event.error != nil)
    }
  }

  @Test func aServerThatDoesNotReadIsEnded() async throws {
    try await run(graceSeconds: 1) { fixture async throws in
      async let answer = fixture.call("blocking", ["seconds": 60])
      let pid = try #require(try await fixture.log.first("call", tag: "a")["pid"]?.intValue)
      let receipt = try await fixture.kill()
      #expect(try await answer["error"] == Self.refusal)
      let settled = try await fixture.settled(receipt)
      #expect(settled["calls"]?[0]?["verdict"] == "outcome_unknown")
      #expect(settled["calls"]?[0]?["cancellation"] == "not_seen")
      try await Processes.waitForEnd(of: pid)
      #expect(fixture.log.entries("cancelled").isEmpty)
      try await fixture.servers.waitUntil("s", \.isReady)
      #expect(try await fixture.call("echo", tag: "b", session: "s2")["success"] == true)
    }
  }

  @Test func aServerThatCrashesMeanwhile() async throws {
    try await run { fixture async throws in
      async let answer = fixture.call("crash", ["delay": 0.5])
      let pid = try #require(try await fixture.log.first("call", tag: "a")["pid"]?.intValue)
      let receipt = try await fixture.kill()
      #expect(try await answer["error"] == Self.refusal)
      try await Processes.waitForEnd(of: pid)
      let verdict = try await fixture.settled(receipt)["calls"]?[0]?["verdict"]
      #expect(verdict == "outcome_unknown" || verdict == "cancelled")
    }
  }

  @Test func whatWaitsToBeWrittenIsNeverSent() async throws {
    try await run(graceSeconds: 1) { fixture async throws in
      let filling = JSONValue.string(String(repeating: "x", count: 600_000))
      async let reader = fixture.call("blocking", tag: "a", session: "s1", ["seconds": 60])
      try await fixture.log.first("call", tag: "a")
      // It isn't read: its bytes fill the pipe.
      async let writer = fixture.call("echo", tag: "b", session: "s2", ["text": filling])
      try await fixture.waitForCall(of: "s2") { $0.sent != nil }
      async let waiting = fixture.call("echo", tag: "c", session: "s3")
      try await fixture.waitForCall(of: "s3")
      let receipt = try await fixture.kill("/sessions/s3/kill")
      #expect(receipt["state"] == "settled")
      #expect(receipt["final_event_id"] == nil)
      #expect(receipt["calls"]?.arrayValue?.count == 1)
      #expect(receipt["calls"]?[0]?["verdict"] == "never_sent")
      #expect(receipt["calls"]?[0]?["cancellation"] == nil)
      #expect(receipt["time_to_silence_ms"]?.doubleValue != nil)
      #expect(try await waiting["error"] == Self.refusal)
      let event = try #require(try await fixture.gateway.events("s3").first { $0.kind == .toolCall })
      #expect(!event.executed)
      #expect(event.decision == .deny && event.matchedRule == "kill_switch")
      _ = try await fixture.kill("/system/pause")
      #expect(try await reader["success"] == false)
      #expect(try await writer["success"] == false)
      #expect(fixture.log.entries("call", tag: "c").isEmpty)
    }
  }

  /// Answers its one call at once, and hands the answer over when it is told to.
  private final class SlowHandover: ToolRunner {
    private let gate = FirstOf<Bool>()

    func open() { gate.set(true) }

    func run(_ call: UpstreamCall, admit: @escaping @Sendable () -> Decision?) async -> ToolOutcome {
      if let refusal = admit() { return .refused(refusal) }
      call.handle.noteSent()
      call.handle.noteAnswered()
      _ = await gate.value
      return .succeeded(["secret": 7])
    }
    func tools() async -> [ToolDefinition] { [MCPRouteTests.read] }
    func tool(_ name: ToolName) -> ToolDefinition? { MCPRouteTests.read }
  }

  @Test func whatWasAnsweredBeforeIsWithheld() async throws {
    let tools = SlowHandover()
    try await GatewayFixture.run(tools: tools) { gateway async throws in
      async let answer = gateway.call("db_query")
      let inFlight = gateway.assembly.gatekeeper.inFlight
      while inFlight.takeStock(where: { $0.handle.facts.answered != nil }).isEmpty {
        try await Task.sleep(for: .milliseconds(5))
      }
      let receipt = try await gateway.control(.post, "/sessions/s1/kill").json["receipt"]
      #expect(receipt?["state"] == "settled")
      #expect(receipt?["calls"]?[0]?["verdict"] == "completed_before")
      tools.open()
      let reply = try await answer
      #expect(reply.json["error"] == Self.refusal)
      #expect(!reply.text.contains("secret"))
      let event = try #require(try await gateway.events().first { $0.kind == .toolCall })
      #expect(event.executed)
      #expect(event.error == "the answer was withheld: Kill switch: Session terminated")
    }
  }

  // MARK: Who is met

  @Test func otherSessionsCallsGoOn() async throws {
    try await run { fixture async throws in
      async let killed = fixture.call("sleep", tag: "a", session: "s1", ["seconds": 60])
      async let spared = fixture.call("sleep", tag: "b", session: "s2", ["seconds": 3])
      try await fixture.log.first("call", tag: "a")
      try await fixture.log.first("call", tag: "b")
      let receipt = try await fixture.kill()
      #expect(receipt["calls"]?.arrayValue?.map { $0["session_id"] } == ["s1"])
      #expect(try await killed["error"] == Self.refusal)
      let answer = try await spared
      #expect(answer["success"] == true)
      #expect(answer["result"]?["tag"] == "b")
      #expect(fixture.log.entries("stopped").map { $0["tag"] } == ["a"])
      _ = try await fixture.settled(receipt)
    }
  }

  @Test(
    arguments: [
      ("/sessions/s1/kill", ["a", "b"], ["kind": "session", "id": "s1"]),
      ("/agents/one/kill", ["a", "c"], ["kind": "agent", "id": "one"]),
      ("/tools/sleep/kill", ["a", "b", "c"], ["kind": "tool", "id": "sleep"]),
      ("/system/pause", ["a", "b", "c", "d"], ["kind": "all"]),
    ] as [(String, [String], JSONValue)])
  func reach(_ path: String, _ expected: [String], _ target: JSONValue) async throws {
    try await run(trusting: true) { fixture async throws in
      try await withThrowingTaskGroup(of: (String, JSONValue).self) { group in
        for (tag, tool, session, agent) in [
          ("a", "sleep", "s1", "one"), ("b", "sleep", "s1", "two"), ("c", "sleep", "s2", "one"),
          ("d", "sleep_answering_cancel", "s2", "two"),
        ] {
          group.addTask {
            (tag, try await fixture.call(tool, tag: tag, session: session, agent: agent, ["seconds": 60]))
          }
        }
        for tag in ["a", "b", "c", "d"] { try await fixture.log.first("call", tag: tag) }
        let receipt = try await fixture.kill(path)
        #expect(receipt["target"] == target)
        #expect(receipt["calls"]?.arrayValue?.count == expected.count)
        var ended: [String] = []
        for _ in expected {
          guard let (tag, answer) = try await group.next() else { break }
          ended.append(tag)
          #expect(answer["success"] == false)
          #expect(answer["error"]?.stringValue?.hasPrefix("Policy denied: Kill switch: ") == true)
        }
        #expect(ended.sorted() == expected)
        let settled = try await fixture.settled(receipt)
        #expect(settled["calls"]?.arrayValue?.allSatisfy { $0["verdict"] == "cancelled" } == true)
        #expect(Set(fixture.log.entries("stopped").compactMap { $0["tag"]?.stringValue }) == Set(expected))
        // The rest ends with the test.
        _ = try await fixture.kill("/system/pause")
        for try await _ in group {}
      }
    }
  }

  @Test func aKillWithoutCallsIsSettled() async throws {
    try await GatewayFixture.run { gateway async throws in
      let receipt = try await gateway.control(.post, "/sessions/s1/kill", #"{"reason":"why"}"#).json["receipt"]
      #expect(receipt?["state"] == "settled")
      #expect(receipt?["calls"] == [])
      #expect(receipt?["time_to_silence_ms"] == .null)
      #expect(receipt?["reason"] == "why")
      #expect(receipt?["signature"] == .null, "there is no key")
      #expect(receipt?["steps"]?[0]?["step"] == "fenced")
      #expect(try await gateway.control(.get, "/containments/none").status == 404)
      #expect(try await gateway.send(.get, "/containments/none").status == 401)
    }
  }

  // MARK: Receipts

  private static func check(_ receipt: JSONValue) throws {
    var content = try #require(receipt.objectValue)
    let hash = try #require(content["hash"]?.stringValue)
    let signature = try #require(content["signature"]?.stringValue)
    content["hash"] = nil
    content["signature"] = nil
    content["ed25519"] = nil
    let bytes = try CanonicalJSON(.object(content)).bytes
    func hex(_ bytes: some Sequence<UInt8>) -> String {
      bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    #expect(hash == hex(SHA256.hash(data: bytes)))
    let key = SymmetricKey(data: Array(Self.key.utf8))
    let statement = Array("agentgate containment receipt v1\n\(hash)\n".utf8)
    #expect(signature == hex(HMAC<SHA256>.authenticationCode(for: statement, using: key)))
  }

  @Test func receiptsAreSealedAndOutliveARestart() async throws {
    try await run { fixture async throws in
      async let answer = fixture.call("sleep_answering_cancel", ["seconds": 60])
      try await fixture.log.first("call", tag: "a")
      async let other = fixture.call("stubborn", tag: "b", ["seconds": 60])
      try await fixture.log.first("call", tag: "b")
      let open = try await fixture.kill()
      try Self.check(open)
      #expect(open["state"] == "open")
      _ = try await answer
      _ = try await other
      let settled = try await fixture.settled(open)
      try Self.check(settled)
      #expect(settled["hash"] != open["hash"])
      let final = try #require(settled["final_event_id"]?.stringValue)
      #expect(open["final_event_id"] == .string(final))
      let traces = fixture.gateway.traces
      while try await traces.events(matching: .event(final), after: nil, limit: 1).events.isEmpty {
        try await Task.sleep(for: .milliseconds(10))
      }
      let kept = try #require(
        try await traces.events(matching: .event(final), after: nil, limit: 1).events.first)
      #expect(kept.kind == .containment)
      #expect(kept.sessionID == "s1")
      #expect(kept.details?.value["containment"] == settled)

      // Another gateway on the same traces and the same state.
      let assembly = try Assembly(
        fixture.gateway.assembly.configuration, tools: ScriptedTools(), traces: traces,
        logger: fixture.gateway.log.logger)
      let server = HTTPServer(
        responder: assembly.responder, host: "127.0.0.1", port: 0, logger: fixture.gateway.log.logger, onReady: { _ in }
      )
      let id = try #require(open["id"]?.stringValue)
      try await server.application.test(.router) { client in
        try await client.execute(
          uri: "/containments/\(id)", method: .get, headers: [.apiKey: GatewayFixture.adminKey]
        ) { response in
          #expect(response.status == .ok)
          #expect((try? JSONValue(parsing: String(buffer: response.body))) == settled)
        }
      }
    }
  }

  @Test func aKillIsInForceAlthoughItsReceiptCannotBeKept() async throws {
    try await run { fixture async throws in
      async let answer = fixture.call("sleep_answering_cancel", ["seconds": 60])
      try await fixture.log.first("call", tag: "a")
      fixture.gateway.traces.fail(intents: true, events: true)
      let reply = try await fixture.gateway.control(.post, "/sessions/s1/kill")
      #expect(reply.status == 200)
      #expect(reply.json["warning"] == "Trace store unavailable: not recorded")
      #expect(try await answer["error"] == "Policy denied: Trace store unavailable")
      let settled = try await fixture.settled(try #require(reply.json["receipt"]))
      #expect(settled["calls"]?[0]?["verdict"] == "cancelled")
    }
  }

  // MARK: Through the file

  @Test func aKillByAnotherProcessReachesTheCallsUnderWay() async throws {
    try await run { fixture async throws in
      let assembly = fixture.gateway.assembly
      let watching = Task { await assembly.killSwitch.watch { await assembly.controls.follow($0) } }
      defer { watching.cancel() }
      async let answer = fixture.call("sleep_answering_cancel", ["seconds": 60])
      let call = try await fixture.log.first("call", tag: "a")
      let killed = try await AgentgateProcess.run([
        "kill", "session", "s1", "--reason", "from outside", "--state-dir", fixture.gateway.stateFolder, "--port", "1",
      ])
      #expect(killed.exitCode == 0, "\(killed.errors)")
      #expect(killed.output.contains("kill-switch.json"))
      #expect(try await answer["error"] == "Policy denied: Kill switch: from outside")
      #expect(try await fixture.log.first("cancelled")["requestId"] == call["id"])
      var event: TraceEvent?
      while event == nil {
        event = try await fixture.gateway.events().first { $0.kind == .kill }
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(event?.reason == "from outside")
      let receipt = try #require(event?.details?.value["containment"])
      try Self.check(receipt)
      #expect(receipt["calls"]?.arrayValue?.count == 1)
      let settled = try await fixture.settled(receipt)
      #expect(settled["calls"]?[0]?["cancellation"] == "acknowledged")
    }
  }
}
