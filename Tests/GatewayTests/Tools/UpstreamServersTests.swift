import FoundationEssentials
import Glibc
import JSONRPC
import StrictJSON
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(2))) struct UpstreamServersTests {
  @Test func sendsTheCanonicalBytesAsTheyAre() async throws {
    try await UpstreamFixture.run(["good": ["good"]]) { servers in
      let outcome = try await servers.call("echo", ["b": 1.50, "a": ["é\u{2028}", 10]])
      guard case .succeeded(let result)? = outcome.plain else { throw Unexpected(outcome) }
      let line = try #require(result["line"]?.stringValue)
      #expect(
        line.hasSuffix(
          #""method":"tools/call","params":{"name":"echo","arguments":{"a":["é\#u{2028}",10],"b":1.5}}}"#))
      #expect(line.hasPrefix(#"{"jsonrpc":"2.0","id":"#))
    }
  }

  @Test func listsToolsWithTheirDescriptions() async throws {
    try await UpstreamFixture.run(["b": ["good", "zeta", "alpha"], "a": ["good", "mid"]]) { servers in
      let tools = await servers.tools()
      #expect(tools.map(\.name) == ["alpha", "mid", "zeta"])
      #expect(tools.map(\.server) == ["b", "a", "b"])
      #expect(tools.first?.description == "the tool alpha")
      #expect(tools.first?.inputSchema == ["type": "object"])
      #expect(servers.status == ["a": .ready(tools: 1), "b": .ready(tools: 2)])
    }
  }

  @Test func collidingNamesGetTheirServersPrefix() async throws {
    try await UpstreamFixture.run(["b": ["good", "echo"], "a": ["good", "echo", "own"]]) { servers in
      #expect(await servers.tools().map(\.name) == ["a_echo", "b_echo", "own"])
      guard case .succeeded(let result)? = (try await servers.call("b_echo")).plain else { throw Unexpected() }
      #expect(result["name"] == "echo")
      #expect(try await servers.call("echo") == .unavailable("Tool not implemented"))
    }
  }

  @Test func aToolThatNobodyHasIsNotImplemented() async throws {
    try await UpstreamFixture.run(["good": ["good"]]) { servers in
      let wasAsked = Flag()
      let outcome = try await servers.call("hack_the_planet") {
        wasAsked.set()
        return nil
      }
      #expect(outcome == .unavailable("Tool not implemented"))
      #expect(!wasAsked.isSet)
    }
  }

  @Test func aRefusalAtTheLastMomentSendsNothing() async throws {
    // The server ends at the first call that it sees.
    try await UpstreamFixture.run(["s": ["crash"]]) { servers in
      let refusal = Decision.deny("Kill switch: System paused", rule: "kill_switch")
      #expect(try await servers.call("echo") { refusal } == .refused(refusal))
      #expect(servers.status["s"]?.isReady == true)
      guard case .lost = try await servers.call("echo") else { throw Unexpected() }
    }
  }

  @Test func allPagesAreListed() async throws {
    try await UpstreamFixture.run(["s": ["pages"]]) { servers in
      #expect(await servers.tools().map(\.name) == ["page0", "page1", "page2", "page3", "page4"])
    }
  }

  @Test func aChangedListIsListedAgain() async throws {
    try await UpstreamFixture.run(["s": ["changes"]]) { servers in
      #expect(await servers.tools().map(\.name) == ["echo"])
      _ = try await servers.call("echo")
      try await servers.waitUntil("s") { $0 == .ready(tools: 2) }
      #expect(await servers.tools().map(\.name) == ["echo", "late"])
    }
  }

  @Test func answersMayComeInAnyOrder() async throws {
    try await UpstreamFixture.run(["s": ["reverse"]]) { servers in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<3 {
          group.addTask {
            let outcome = try await servers.call("echo", ["n": JSONValue(number)])
            #expect(outcome.plain == .succeeded(["n": JSONValue(number)]))
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func requestsOfTheServerAreAnswered() async throws {
    try await UpstreamFixture.run(["s": ["asks"]]) { servers in
      let expected: JSONValue = ["q0": "result", "q1": -32601, "q2": -32601, "q3": -32601]
      let outcome = try await servers.call("echo")
      #expect(outcome.plain == .succeeded(expected))
    }
  }

  @Test func anErrorAnswerIsAFailure() async throws {
    try await UpstreamFixture.run(["s": ["error"]]) { servers in
      let outcome = try await servers.call("echo")
      #expect(outcome == .failed(JSONRPCError(code: -32602, message: "no such thing")))
    }
  }

  @Test func aServerWithoutToolsIsReady() async throws {
    try await UpstreamFixture.run(["s": ["no-tools"]]) { servers in
      #expect(servers.status == ["s": .ready(tools: 0)])
    }
  }

  @Test func aCancelledCallIsLostAndToldToTheServer() async throws {
    try await UpstreamFixture.run(["s": ["silent"]]) { servers in
      let sent = Flag()
      let call = Task {
        try await servers.call("echo") {
          sent.set()
          return nil
        }
      }
      while !sent.isSet { try await Task.sleep(for: .milliseconds(5)) }
      call.cancel()
      guard case .lost(let reason) = try await call.value else { throw Unexpected() }
      #expect(reason.contains("cancelled"))
      // The script lists one more tool once it is told.
      try await servers.waitUntil("s") { $0 == .ready(tools: 2) }
    }
  }

  @Test func serversInheritNoSecrets() {
    setenv("AGENTGATE_APPROVAL_TOKEN", "secret", 1)
    let inherited = ChildEnvironment.inherited
    #expect(inherited["PATH"] != nil)
    #expect(!inherited.keys.contains { $0.hasPrefix("AGENTGATE_") })
    unsetenv("AGENTGATE_APPROVAL_TOKEN")
  }
}

/// A server that misbehaves harms its own calls only.
@Suite(.timeLimit(.minutes(3))) struct HostileUpstreamTests {
  /// Every mode leaves the other server answering, and no process behind (which the fixture asserts).
  @Test(arguments: [
    ("crash", "it ended"),
    ("silent", "timed out after 3 s"),
    ("flood", "timed out after 3 s"),
    ("long-line", "a line of more than 1 MiB"),
    ("garbage", "not valid JSON: duplicate key"),
    ("deaf", "timed out after 3 s"),
  ])
  func callIsLost(mode: String, reason: String) async throws {
    var limits = UpstreamFixture.impatient
    limits.line = 1 << 20
    if mode == "long-line" || mode == "garbage" || mode == "crash" { limits.call = .seconds(60) }
    try await UpstreamFixture.run(["bad": [mode, "bad"], "good": ["good", "fine"]], limits: limits) { servers in
      async let bad = servers.call("bad", ["text": .string(String(repeating: "x", count: 300_000))])
      guard case .succeeded? = (try await servers.call("fine")).plain else { throw Unexpected() }
      let outcome = try await bad
      guard case .lost(let text) = outcome else { throw Unexpected(outcome) }
      #expect(text.contains(reason))
      #expect(text.contains("`bad`"))
      guard case .succeeded? = (try await servers.call("fine")).plain else { throw Unexpected() }
    }
  }

  @Test(arguments: [
    ("exit", "cannot find my settings"),
    ("mute", "initialize: the call timed out"),
    ("old", "speaks MCP 1999-01-01"),
    ("endless-pages", "more than 20 pages"),
  ])
  func startFails(mode: String, problem: String) async throws {
    var limits = UpstreamFixture.impatient
    limits.pages = 20
    if mode == "mute" { limits.initialize = .seconds(2) }
    limits.call = .seconds(60)
    try await UpstreamFixture.run(["bad": [mode], "good": ["good", "fine"]], limits: limits) { servers in
      try await servers.waitUntil("bad") { if case .down = $0 { true } else { false } }
      guard case .down(let text)? = servers.status["bad"] else { throw Unexpected() }
      #expect(text.contains(problem))
      try await servers.waitUntil("good", \.isReady)
      let outcome = try await servers.call("fine")
      guard case .succeeded? = outcome.plain else { throw Unexpected(outcome) }
      #expect(try await servers.call("echo") == .unavailable("Tool not implemented"))
    }
  }

  @Test func aMissingCommandIsDown() async throws {
    let configuration = MCPConfiguration([.init(name: "none", command: "no-such-command-anywhere")])
    try await UpstreamFixture.run(configuration) { servers in
      try await servers.waitUntil("none") { if case .down = $0 { true } else { false } }
      guard case .down(let problem)? = servers.status["none"] else { throw Unexpected() }
      #expect(problem.contains("no-such-command-anywhere"))
    }
  }

  @Test func aCrashedServerIsStartedAgain() async throws {
    try await UpstreamFixture.run(["s": ["crash"]]) { servers in
      for _ in 0..<2 {
        try await servers.waitUntil("s", \.isReady)
        guard case .lost = try await servers.call("echo") else { throw Unexpected() }
        try await servers.waitUntil("s") { !$0.isReady }
        // Its tools stay known while it is down.
        #expect(await servers.tools().map(\.name) == ["echo"])
      }
      try await servers.waitUntil("s", \.isReady)
    }
  }

  @Test func aServerThatIgnoresEverythingIsKilledWithItsGroup() async throws {
    try await UpstreamFixture.run(["s": ["stubborn"]], limits: UpstreamFixture.impatient) { servers in
      #expect(servers.status["s"]?.isReady == true)
    }
  }

  @Test func callsThatADeafServerNeverSawAreUnavailable() async throws {
    var limits = UpstreamFixture.impatient
    limits.queue = 1 << 20
    try await UpstreamFixture.run(["s": ["deaf"]], limits: limits) { servers in
      let large: JSONValue = ["text": .string(String(repeating: "x", count: 600_000))]
      let outcomes = try await withThrowingTaskGroup(of: ToolOutcome.self) { group in
        for _ in 0..<4 { group.addTask { try await servers.call("echo", large) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      // One is being written, one waits for it, the others find no room.
      #expect(outcomes.filter { if case .lost = $0 { true } else { false } }.count == 1)
      #expect(outcomes.filter { if case .unavailable = $0 { true } else { false } }.count == 3)
    }
  }
}

struct Unexpected: Error {
  let what: String
  init(_ what: Any = "") { self.what = "\(what)" }
}

final class Flag: Sendable {
  private let value = Mutex(false)
  var isSet: Bool { value.withLock { $0 } }
  func set() { value.withLock { $0 = true } }
}
