import HTTPTypes
import StrictJSON
import Synchronization
import Testing

@testable import Gateway

struct GatekeeperTests {
  private static func call(_ tool: String, token: String? = nil) throws -> ToolCall {
    ToolCall(
      sessionID: try SessionID("s1"), toolName: try ToolName(tool), arguments: try CanonicalJSON([:]), context: [:],
      approvalToken: token, correlationID: "c")
  }

  @Test func intentComesBeforeTheWriteAndTheEventAfter() async throws {
    let steps = Mutex<[FragileTraceStore.Step]>([])
    let store = Mutex<FragileTraceStore?>(nil)
    let tools = ScriptedTools { _, _ in
      steps.withLock { $0 = store.withLock { $0 }?.steps ?? [] }
      return .succeeded([:])
    }
    try await GatewayFixture.run(tools: tools) { gateway async throws in
      store.withLock { $0 = gateway.traces }
      let answer = await gateway.assembly.gatekeeper.call(try Self.call("db_insert", token: GatewayFixture.token))
      #expect(steps.withLock { $0 } == [.intent(answer.traceID)])
      #expect(gateway.traces.steps == [.intent(answer.traceID), .event(answer.traceID)])
    }
  }

  /// A read's note is written while its tool works; only what got through may be on the disk a little later.
  @Test func aReadIsNotedBeforeItRunsAndFinishedAfter() async throws {
    let steps = Mutex<[FragileTraceStore.Step]>([])
    let store = Mutex<FragileTraceStore?>(nil)
    let tools = ScriptedTools { tool, _ in
      steps.withLock { $0 = store.withLock { $0 }?.steps ?? [] }
      return tool.rawValue == "db_query" ? .succeeded([:]) : .unavailable("it is down")
    }
    try await GatewayFixture.run(tools: tools) { gateway async throws in
      store.withLock { $0 = gateway.traces }
      let answer = await gateway.assembly.gatekeeper.call(try Self.call("db_query"))
      #expect(steps.withLock { $0 } == [.begun(answer.traceID)])
      #expect(gateway.traces.steps == [.begun(answer.traceID), .finished(answer.traceID)])
      let unsent = await gateway.assembly.gatekeeper.call(try Self.call("file_read"))
      #expect(
        gateway.traces.steps.dropFirst(2) == [.begun(unsent.traceID), .event(unsent.traceID)])
      let denied = await gateway.assembly.gatekeeper.call(try Self.call("hack_the_planet"))
      #expect(gateway.traces.steps.dropFirst(4) == [.event(denied.traceID)])
    }
  }

  /// The event makes up for the note: it is durable itself.
  @Test func withoutItsNoteAReadIsAnsweredOnceItsEventIsDurable() async throws {
    try await GatewayFixture.run { gateway async throws in
      gateway.traces.fail(intents: true, events: false)
      let answer = await gateway.assembly.gatekeeper.call(try Self.call("db_query"))
      #expect(answer.error == nil)
      #expect(gateway.traces.steps == [.event(answer.traceID)])
    }
  }

  @Test func withoutItsIntentAWriteDoesNotRun() async throws {
    try await GatewayFixture.run { gateway async throws in
      gateway.traces.fail(intents: true, events: false)
      let answer = await gateway.assembly.gatekeeper.call(try Self.call("db_insert", token: GatewayFixture.token))
      #expect(answer.error == "Policy denied: Trace store unavailable")
      #expect(answer.decision.matchedRule == "trace_store_unavailable")
      #expect(gateway.tools.sent.isEmpty)
    }
  }

  @Test(arguments: ["db_query", "db_insert", "hack_the_planet", "a b"])
  func withoutItsEventNothingGetsOut(_ tool: String) async throws {
    try await GatewayFixture.run { gateway async throws in
      gateway.traces.fail(intents: false, events: true)
      let answer = await gateway.assembly.gatekeeper.call(try Self.call(tool, token: GatewayFixture.token))
      #expect(answer.error == "Policy denied: Trace store unavailable")
      #expect(answer.result == nil)
    }
  }

  /// Kills the session at the last moment: after the policy has allowed the call, before anything is sent.
  @Test func killBetweenDecisionAndSendingStopsTheCall() async throws {
    final class LateTools: ToolRunner {
      let kill = Mutex<(@Sendable () async -> Void)?>(nil)
      func run(_ call: UpstreamCall, admit: @escaping @Sendable () -> Decision?) async -> ToolOutcome {
        await kill.withLock { $0 }?()
        return admit().map(ToolOutcome.refused) ?? .succeeded([:])
      }
      func tools() async -> [ToolDefinition] { [] }
      func tool(_ name: ToolName) -> ToolDefinition? { nil }
    }
    let tools = LateTools()
    try await GatewayFixture.run { gateway async throws in
      let assembly = gateway.assembly
      let gatekeeper = Gatekeeper(
        policy: assembly.policy, killSwitch: assembly.killSwitch, rateLimiter: RateLimiter(windowSeconds: 60),
        traces: gateway.traces, tools: tools, approvalToken: Secret(GatewayFixture.token), policyVersion: "v0",
        ids: EventIDGenerator(), logger: gateway.log.logger)
      tools.kill.withLock {
        $0 = { _ = try? await assembly.controls.kill(tool: ToolName(literal: "db_insert"), reason: nil) }
      }
      let answer = await gatekeeper.call(try Self.call("db_insert", token: GatewayFixture.token))
      #expect(answer.error == "Policy denied: Kill switch: Tool terminated")
      let event = try #require(try await gateway.events().first)
      #expect(event.decision == .deny)
      #expect(event.matchedRule == "kill_switch")
      #expect(!event.executed)
      #expect(event.isWriteAction, "what was refused would have been a write")
    }
  }

  @Test(.timeLimit(.minutes(1))) func killCancelsTheCallThatRuns() async throws {
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let tools = ScriptedTools { _, _ in
      start.yield()
      // Until it is cancelled.
      do { try await Task.sleep(for: .seconds(3_600)) } catch { return .lost("cancelled") }
      return .succeeded([:])
    }
    try await GatewayFixture.run(tools: tools) { gateway async throws in
      async let answer = gateway.assembly.gatekeeper.call(try Self.call("db_query"))
      for await _ in started { break }
      _ = try await gateway.assembly.controls.kill(session: try SessionID("s1"), reason: nil)
      #expect(try await answer.error == "Policy denied: Kill switch: Session terminated")
      let event = try await gateway.events().first { $0.kind == .toolCall }
      #expect(event?.executed == true)
      #expect(event?.error == "cancelled")
    }
  }

  @Test(.timeLimit(.minutes(1))) func callThatNobodyWaitsForAnyMoreLeavesItsEvent() async throws {
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let (released, release) = AsyncStream.makeStream(of: Void.self)
    let tools = ScriptedTools { _, _ in
      start.yield()
      for await _ in released { break }
      return Task.isCancelled ? .lost("cancelled") : .succeeded([:])
    }
    try await GatewayFixture.run(tools: tools) { gateway async throws in
      let caller = Task { await gateway.assembly.gatekeeper.call(try Self.call("db_query")) }
      for await _ in started { break }
      caller.cancel()
      release.yield()
      _ = try await caller.value
      let event = try #require(try await gateway.events().first)
      #expect(event.executed && event.error == nil)
    }
  }

  @Test func oneEventACall() async throws {
    try await GatewayFixture.run { gateway async throws in
      let gatekeeper = gateway.assembly.gatekeeper
      let answers = try await withThrowingTaskGroup(of: String.self) { group in
        for index in 0..<200 {
          group.addTask {
            let tool = ["db_query", "db_insert", "hack_the_planet", "a b", "rate_limited_tool"][index % 5]
            return await gatekeeper.call(try Self.call(tool)).traceID
          }
        }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      let events = try await gateway.events()
      #expect(answers.count == 200)
      #expect(Set(events.map(\.eventID)) == answers)
      #expect(events.filter { $0.toolName == "rate_limited_tool" && $0.decision == .allow }.count == 10)
    }
  }

  @Test func refusalsBeforeThePolicyAreWritesWhenTheDataSaysSo() async throws {
    try await GatewayFixture.run { gateway async throws in
      _ = try await gateway.control(.post, "/system/pause")
      _ = try await gateway.call("db_insert")
      _ = try await gateway.call("db_query")
      #expect(try await gateway.events().map(\.isWriteAction) == [true, false])
    }
  }
}
