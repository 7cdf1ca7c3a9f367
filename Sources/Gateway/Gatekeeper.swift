import Crypto
public import Logging
public import StrictJSON
import Synchronization

/// The core: decides a call, runs it when it may run, and records what became of it. Every door leads here.
///
/// - INVARIANT: a write runs only after its decision is durable, and no answer leaves before its event is durable.
/// - INVARIANT: one policy revision judges a call, and the event names it.
/// - INVARIANT: a call leaves one event, also when whoever asked has gone meanwhile.
public final class Gatekeeper: Sendable {
  private let checks: StandardChecks
  private let rateLimiter: RateLimiter
  private let policy: PolicyGate
  private let killSwitch: KillSwitch
  private let traces: any TraceStore
  private let tools: any ToolRunner
  private let approvalToken: Secret?
  /// The operator's label for the policy.
  private let policyVersion: String
  private let clock: WallClock
  private let monotonic: MonotonicClock
  private let ids: EventIDGenerator
  private let logger: Logger
  private let inFlight = CallsInFlight()

  public init(
    policy: PolicyGate, killSwitch: KillSwitch, rateLimiter: RateLimiter, traces: any TraceStore,
    tools: any ToolRunner, approvalToken: Secret?, policyVersion: String, ids: EventIDGenerator,
    clock: WallClock = .system, monotonic: MonotonicClock = .system, logger: Logger
  ) {
    self.checks = StandardChecks(killSwitch: killSwitch, rateLimiter: rateLimiter)
    self.rateLimiter = rateLimiter
    self.policy = policy
    self.killSwitch = killSwitch
    self.traces = traces
    self.tools = tools
    self.approvalToken = approvalToken
    self.policyVersion = policyVersion
    self.ids = ids
    self.clock = clock
    self.monotonic = monotonic
    self.logger = logger
  }

  /// Decides and, when the decision allows it, runs the call. Returns once its event is durable.
  public func call(_ call: ToolCall) async -> CallAnswer {
    // A task of its own: when the caller hangs up, its task is cancelled, but the call still gets its event.
    await Task { await self.process(call) }.value
  }

  private func process(_ call: ToolCall) async -> CallAnswer {
    let policy = policy.active
    let started = clock.now()
    let rate = policy.data.rateLimit(of: call.toolName).map { limit in
      rateLimiter.status(session: call.sessionID, tool: call.toolName, limit: limit)
    }
    let hasToken = call.approvalToken.map { token in approvalToken?.matches(token) ?? false } ?? false
    var decision = decide(call, under: policy, hasApprovalToken: hasToken)
    var event = TraceEvent(
      eventID: ids.next(), timestamp: started, kind: .toolCall, sessionID: call.sessionID.rawValue,
      userID: call.userID, agentID: call.agentID, toolName: call.toolName.rawValue,
      argumentsHash: Self.hash(call.arguments), policyVersion: policyVersion, policyRevision: policy.revision,
      decision: decision.action, reason: decision.reason, matchedRule: decision.matchedRule,
      isWriteAction: decision.isWriteAction, approvalTokenPresent: hasToken)
    var answer = CallAnswer(traceID: event.eventID, decision: decision, rateLimit: rate)

    if decision.action == .allow {
      if decision.isWriteAction, await !record(event, asIntent: true, for: call) {
        return answer.refused(by: .traceStoreUnavailable)
      }
      let began = monotonic.now()
      let outcome = await run(call, id: event.eventID)
      let milliseconds = Int((monotonic.now() - began) / 1_000_000)
      switch outcome {
      case .succeeded(let result):
        event.executed = true
        answer.result = result.objectValue == nil ? ["result": result] : result
      case .failed(let text), .lost(let text):
        event.executed = true
        event.error = text
      case .unavailable(let text):
        event.error = text
      case .refused(let refusal):
        decision = refusal
        decision.isWriteAction = event.isWriteAction
        event.decision = decision.action
        event.reason = decision.reason
        event.matchedRule = decision.matchedRule
      }
      if event.executed { event.durationMilliseconds = milliseconds }
    }

    guard await record(event, asIntent: false, for: call) else {
      return answer.refused(by: .traceStoreUnavailable)
    }
    answer.decision = decision
    answer.error = event.error.map { "Tool execution failed: \($0)" } ?? decision.refusalText
    return answer
  }

  /// What the checks and the policy say of the call; charges the rate limit.
  private func decide(_ call: ToolCall, under policy: LoadedPolicy, hasApprovalToken: Bool) -> Decision {
    if var refusal = checks.refusal(of: call, under: policy) {
      // The policy wasn't asked: its data tells the evidence whether this would have been a write.
      refusal.isWriteAction = policy.data.isWrite(call.toolName)
      return refusal
    }
    return policy.decide(PolicyInput(call, hasApprovalToken: hasApprovalToken))
  }

  /// Runs the tool; a kill that comes while it runs cancels it.
  private func run(_ call: ToolCall, id: String) async -> ToolOutcome {
    let admit: @Sendable () -> Decision? = { [killSwitch] in
      killSwitch.verdict(session: call.sessionID, tool: call.toolName).map(Decision.killed)
    }
    let running = Task { [tools] in await tools.run(call.toolName, arguments: call.arguments, admit: admit) }
    inFlight.add(id, call.sessionID, call.toolName, running)
    defer { inFlight.remove(id) }
    // A kill between `admit` and `add` found nothing to cancel.
    if admit() != nil { running.cancel() }
    let outcome = await running.value
    // Cancelled by a kill before anything was sent: the kill is the reason.
    if case .unavailable = outcome, let refusal = admit() { return .refused(refusal) }
    return outcome
  }

  /// Cancels the calls that run now and that the kill switch no longer lets pass.
  public func cancelKilledCalls() {
    inFlight.cancel { [killSwitch] session, tool in killSwitch.verdict(session: session, tool: tool) != nil }
  }

  private func record(_ event: TraceEvent, asIntent: Bool, for call: ToolCall) async -> Bool {
    do throws(TraceStoreError) {
      if asIntent { try await traces.recordIntent(event) } else { try await traces.append(event) }
      return true
    } catch {
      logger.critical(
        "the trace store can't be written, the call is denied",
        metadata: [
          "problem": "\(error)", "event_id": .string(event.eventID), "executed": "\(event.executed)",
          "correlation_id": .string(call.correlationID),
        ])
      return false
    }
  }

  /// SHA-256 in lower-case hex over the canonical bytes.
  private static func hash(_ arguments: CanonicalJSON) -> String {
    SHA256.hash(data: arguments.bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// What a call comes to, whichever door it came in by.
public struct CallAnswer: Sendable {
  /// The id of the call's event.
  public var traceID: String
  public var decision: Decision
  /// The tool's result, an object; absent unless the tool ran and succeeded.
  public var result: JSONValue?
  /// For the caller; absent when the tool succeeded.
  public var error: String?
  /// Before this call; absent for tools without a limit.
  public var rateLimit: RateLimiter.Status?

  public var succeeded: Bool { error == nil }

  /// Nothing but the refusal gets out.
  func refused(by decision: Decision) -> CallAnswer {
    CallAnswer(
      traceID: traceID, decision: decision, result: nil, error: decision.refusalText, rateLimit: rateLimit)
  }
}

extension Decision {
  /// What a caller is told who isn't allowed to: `Policy denied: Tool not in allowlist`; absent for an allowed call.
  public var refusalText: String? {
    switch action {
    case .allow: nil
    case .deny: "Policy denied: \(reason)"
    case .requireApproval: "Approval required: \(reason)"
    }
  }

  static var traceStoreUnavailable: Decision { .deny("Trace store unavailable", rule: "trace_store_unavailable") }
}

/// The tools that run now.
private final class CallsInFlight: Sendable {
  private struct Entry {
    let session: SessionID
    let tool: ToolName
    let task: Task<ToolOutcome, Never>
  }
  private let entries = Mutex<[String: Entry]>([:])

  func add(_ id: String, _ session: SessionID, _ tool: ToolName, _ task: Task<ToolOutcome, Never>) {
    entries.withLock { $0[id] = Entry(session: session, tool: tool, task: task) }
  }

  func remove(_ id: String) { entries.withLock { _ = $0.removeValue(forKey: id) } }

  func cancel(where isKilled: (SessionID, ToolName) -> Bool) {
    let all = entries.withLock { Array($0.values) }
    for entry in all where isKilled(entry.session, entry.tool) { entry.task.cancel() }
  }
}
