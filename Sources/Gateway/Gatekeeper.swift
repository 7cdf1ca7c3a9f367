import CallExecution
import Crypto
public import JSONRPC
import Logging
public import StrictJSON

/// The core: decides a call, runs it when it may run, and records what became of it. Every door leads here.
///
/// - INVARIANT: a write runs only after its decision is durable, and no answer leaves before it is durable that the call
///   was made, what was decided and that it ran. What became of it is durable by then too, but for calls that only read
///   and got through: it is written, and outlives this process, and a power cut within `SQLiteTraceStore.delay` leaves
///   "outcome unknown".
/// - INVARIANT: one policy revision judges a call, and the event names it.
/// - INVARIANT: a call leaves one event, also when whoever asked has gone meanwhile.
/// - INVARIANT: what a kill met under way gets nothing but the kill's refusal, whatever the tool answers.
public final class Gatekeeper: Sendable {
  private let checks: StandardChecks
  private let rateLimiter: RateLimiter
  private let policy: PolicyGate
  private let killSwitch: KillSwitch
  private let traces: any TraceStore
  private let tools: any ToolRunner
  private let approvals: Approvals?
  private let broker: CredentialBroker?
  private let approvalToken: Secret?
  /// The operator's label for the policy.
  private let policyVersion: String
  private let clock: WallClock
  private let monotonic: MonotonicClock
  private let ids: EventIDGenerator
  private let observers: EventObservers?
  private let logger: Logger
  let inFlight: CallsInFlight

  /// - Parameters:
  ///   - approvals: where calls wait for a human; absent, there is only the static token
  ///   - broker: lends tools their credentials; absent, tools that need some are denied
  ///   - sessionCalls: how many calls a session may have under way at once
  ///   - observers: are told of each call once it is recorded
  init(
    policy: PolicyGate, killSwitch: KillSwitch, rateLimiter: RateLimiter, traces: any TraceStore,
    tools: any ToolRunner, approvals: Approvals? = nil, broker: CredentialBroker? = nil, approvalToken: Secret?,
    policyVersion: String, ids: EventIDGenerator, sessionCalls: Int = 64, observers: EventObservers? = nil,
    clock: WallClock = .system, monotonic: MonotonicClock = .system, logger: Logger
  ) {
    self.observers = observers
    self.checks = StandardChecks(killSwitch: killSwitch, rateLimiter: rateLimiter)
    self.rateLimiter = rateLimiter
    self.policy = policy
    self.killSwitch = killSwitch
    self.traces = traces
    self.tools = tools
    self.approvals = approvals
    self.broker = broker
    self.approvalToken = approvalToken
    self.policyVersion = policyVersion
    self.ids = ids
    self.clock = clock
    self.monotonic = monotonic
    self.logger = logger
    inFlight = CallsInFlight(sessionLimit: sessionCalls)
  }

  /// Decides and, when the decision allows it, runs the call. Returns once its event is durable.
  public func call(_ call: ToolCall) async -> CallAnswer {
    // A task of its own: when the caller hangs up, its task is cancelled, but the call still gets its event.
    await Task(executorPreference: CallExecutor.shared) { await self.carryOut(call) }.value
  }

  /// As `call`, on a task that nobody cancels.
  func carryOut(_ call: ToolCall) async -> CallAnswer {
    let policy = policy.active
    let started = clock.now()
    let tool = tools.tool(call.toolName)
    let rate = policy.data.rateLimit(of: call.toolName).map { limit in
      rateLimiter.status(of: RateLimiter.Caller(call), tool: call.toolName, limit: limit)
    }
    let hash = Self.hash(call.arguments)
    // Each asynchronous step costs as much as a check: only those are gone into that have something to do.
    var ruling = rule(on: call, tool, under: policy)
    if ruling.waitsForHuman, let approvals {
      ruling = await self.ruling(of: approvals, on: call, tool, hash, ruling.decision, policy)
    }
    // Before the approval is used up: what can't be lent costs none.
    var credential: Credential?
    if ruling.decision.action == .allow, let tool, let settings = tool.credentials {
      credential = await lend(settings, of: tool, to: call, &ruling)
    }
    if ruling.decision.action == .allow, let id = ruling.approvalToUse, let approvals {
      await use(id, of: approvals, for: call, hash, &ruling)
    }
    let decision = ruling.decision
    var event = TraceEvent(
      eventID: ids.next(), timestamp: started, kind: .toolCall, sessionID: call.sessionID.rawValue,
      userID: call.userID, agentID: call.agentID, toolName: call.toolName.rawValue, argumentsHash: hash,
      policyVersion: policyVersion, policyRevision: policy.revision, decision: decision.action,
      reason: decision.reason, matchedRule: decision.matchedRule, isWriteAction: decision.isWriteAction,
      approvalTokenPresent: ruling.isApproved)
    var answer = CallAnswer(traceID: event.eventID, decision: decision, rateLimit: rate)
    answer.isUnknownTool = tool == nil
    answer.isKnownToPolicy = tool == nil && policy.data.names(call.toolName)
    answer.approval = ruling.approval
    var details = EventDetails(approval: ruling.approval?.id ?? ruling.usedApproval)
    event.details = details.canonical

    var note: TraceNote?
    if decision.action == .allow {
      if !decision.isWriteAction {
        note = traces.begin(event)
      } else if await !record(event, asIntent: true, for: call.correlationID) {
        return conclude(event, answer, isRecorded: false)
      }
      let entry = CallsInFlight.Entry(
        traceID: event.eventID, session: call.sessionID, tool: call.toolName, agent: call.agent, server: tool?.server,
        handle: call.handle)
      var run = await run(entry) { [tools] admit in
        await tools.run(
          UpstreamCall(
            tool: call.toolName, arguments: call.arguments, extras: call.extras, handle: call.handle,
            credential: credential, onProgress: Self.hiding(credential, in: call.onProgress)), admit: admit)
      }
      // A server that repeats what it was lent gives it to nobody.
      if let credential { run.outcome = run.outcome.hiding(credential.secret) }
      self.note(run, decision, in: &event, &answer, &details)
      event.details = details.canonical
    }

    return await finish(event, answer, after: note, for: call.correlationID)
  }

  /// Records the call and tells those who watch.
  private func finish(
    _ event: TraceEvent, _ answer: CallAnswer, after note: TraceNote?, for correlationID: String
  ) async -> CallAnswer {
    // Let through to its end, as its note says.
    let passes = answer.decision.action == .allow && event.executed
    // The event may do what a note that failed could not.
    if let note, !note.isDurable { try? await note.wait() }
    if passes, let note, note.isDurable, traces.finish(event) {
      return conclude(event, answer, isRecorded: true)
    }
    let isRecorded = await record(event, asIntent: false, for: correlationID)
    return conclude(event, answer, isRecorded: isRecorded)
  }

  private func conclude(_ event: TraceEvent, _ answer: CallAnswer, isRecorded: Bool) -> CallAnswer {
    var (event, answer) = (event, answer)
    let isKnownTool = !answer.isUnknownTool || answer.isKnownToPolicy
    if !isRecorded {
      answer = answer.refused(by: .traceStoreUnavailable)
      event.decision = answer.decision.action
      event.reason = answer.decision.reason
      event.matchedRule = answer.decision.matchedRule
    }
    if answer.error == nil, answer.result == nil { answer.error = answer.decision.refusalText }
    observers?.called(event, answer, isKnownTool: isKnownTool, isRecorded: isRecorded)
    return answer
  }

  // MARK: Deciding

  /// What the policy says, timed.
  private func decide(_ input: PolicyInput, by policy: LoadedPolicy) -> Decision {
    guard let observers else { return policy.decide(input) }
    let began = monotonic.now()
    let decision = policy.decide(input)
    observers.decided(decision, nanoseconds: monotonic.now() - began)
    return decision
  }

  private struct Ruling {
    var decision: Decision
    /// A static token or a human's approval came along.
    var isApproved: Bool
    /// Waits for a human.
    var approval: PendingApproval?
    /// The approval by which it is allowed, still to be used up.
    var approvalToUse: String?
    /// The approval that was used up for this call.
    var usedApproval: String?

    var waitsForHuman: Bool { decision.action == .requireApproval && !isApproved }
  }

  /// What the checks and the policy say of the call; charges the rate limit.
  private func rule(on call: ToolCall, _ tool: ToolDefinition?, under policy: LoadedPolicy) -> Ruling {
    let hasToken = call.approvalToken.map { token in approvalToken?.matches(token) ?? false } ?? false
    if var refusal = checks.refusal(of: call, to: tool, under: policy) {
      // The policy wasn't asked: its data tells the evidence whether this would have been a write.
      refusal.isWriteAction = policy.data.isWrite(call.toolName)
      return Ruling(decision: refusal, isApproved: hasToken)
    }
    let input = PolicyInput(call, to: tool, hasApprovalToken: hasToken)
    return Ruling(decision: decide(input, by: policy), isApproved: hasToken)
  }

  /// What becomes of a call for which the policy asks for a human's approval.
  private func ruling(
    of approvals: Approvals, on call: ToolCall, _ tool: ToolDefinition?, _ hash: String, _ decision: Decision,
    _ policy: LoadedPolicy
  ) async -> Ruling {
    switch await approvals.standing(of: call, hash: hash, decision, revision: policy.revision) {
    case .pending(let approval): return Ruling(decision: decision, isApproved: false, approval: approval)
    case .refused(let reason):
      var refusal = Decision.deny(reason, rule: "approval_refused")
      refusal.isWriteAction = decision.isWriteAction
      return Ruling(decision: refusal, isApproved: false)
    case .approved(let id):
      let approved = decide(PolicyInput(call, to: tool, hasApprovalToken: true), by: policy)
      return Ruling(decision: approved, isApproved: true, approvalToUse: approved.action == .allow ? id : nil)
    }
  }

  /// INVARIANT: an approval lets one call through: who comes second finds it used.
  private func use(
    _ id: String, of approvals: Approvals, for call: ToolCall, _ hash: String, _ ruling: inout Ruling
  ) async {
    if await approvals.use(id, for: call, hash: hash) {
      ruling.usedApproval = id
      return
    }
    var refusal = Decision.deny("The approval has been used", rule: "approval_refused")
    refusal.isWriteAction = ruling.decision.isWriteAction
    ruling = Ruling(decision: refusal, isApproved: false)
  }

  /// What the tool is lent for a call that may run. Without it the call is denied.
  private func lend(
    _ settings: CredentialSettings, of tool: ToolDefinition, to call: ToolCall, _ ruling: inout Ruling
  ) async -> Credential? {
    do throws(CredentialFailure) {
      guard let broker else { throw CredentialFailure(.secret, "there is no broker") }
      return try await broker.credential(
        for: CredentialUse(
          settings: settings, server: tool.server, tool: call.toolName, session: call.sessionID, agent: call.agent,
          identity: call.identity, agentToken: call.agentToken, allowedScope: ruling.decision.allowedScope,
          timeToLive: ruling.decision.credentialTimeToLive))
    } catch {
      logger.error(
        "a tool gets no credential, the call is denied",
        metadata: [
          "problem": .string(error.reason), "tool_name": .string(call.toolName.rawValue),
          "server": .string(tool.server), "correlation_id": .string(call.correlationID),
        ])
      // A kill that came in between is the reason.
      let kill = killSwitch.verdict(session: call.sessionID, tool: call.toolName, agent: call.agent)
      var refusal = kill.map(Decision.killed) ?? .deny(error.publicText, rule: "credential_unavailable")
      refusal.isWriteAction = ruling.decision.isWriteAction
      ruling.decision = refusal
      return nil
    }
  }

  private static func hiding(
    _ credential: Credential?, in report: (@Sendable (JSONObject) -> Void)?
  ) -> (@Sendable (JSONObject) -> Void)? {
    guard let credential, let report else { return report }
    return { progress in
      report(credential.secret.removed(from: .object(progress)).objectValue ?? [:])
    }
  }

  // MARK: Running

  private struct Run {
    var outcome: ToolOutcome
    /// Whole milliseconds.
    var milliseconds: Int
    /// The kill that met it under way; absent when none did.
    var kill: Decision?
  }

  /// Runs what an upstream is asked; a kill that comes meanwhile gives it up.
  private func run(
    _ entry: CallsInFlight.Entry, _ work: (@escaping @Sendable () -> Decision?) async -> ToolOutcome
  ) async -> Run {
    guard inFlight.add(entry) else {
      return Run(
        outcome: .refused(.deny("Too many calls of this session are under way", rule: "session_calls")),
        milliseconds: 0)
    }
    let verdict: @Sendable () -> Decision? = { [killSwitch] in
      killSwitch.verdict(session: entry.session, tool: entry.tool, agent: entry.agent).map(Decision.killed)
    }
    let began = monotonic.now()
    // Asked right before the first byte goes out, and by then the entry is there: a kill either is seen here or sees it.
    var outcome = await work(verdict)
    let milliseconds = Int((monotonic.now() - began) / 1_000_000)
    let kill = verdict()
    // Given up by a kill before anything was sent: the kill is the reason.
    if case .unavailable = outcome, let kill { outcome = .refused(kill) }
    inFlight.remove(entry.traceID, isMet: kill != nil)
    return Run(outcome: outcome, milliseconds: milliseconds, kill: kill)
  }

  /// Writes into the event what became of the call, and into the answer what its caller may know of that.
  private func note(
    _ run: Run, _ decision: Decision, in event: inout TraceEvent, _ answer: inout CallAnswer,
    _ details: inout EventDetails
  ) {
    switch run.outcome {
    case .answered(let result):
      event.executed = true
      var result = result
      if let redaction = decision.redaction {
        let (redacted, hits) = redaction.apply(to: result)
        result = redacted
        details.redactions = hits
      }
      event.error = PlainResult.error(of: result)
      answer.result = result
    case .failed(let error):
      event.executed = true
      let error = decision.redaction.map { error.redacted(by: $0) } ?? error
      event.error = PlainResult.bounded(error.message)
      answer.failure = error
      answer.error = event.error
    case .lost(let text):
      event.executed = true
      event.error = text
      answer.error = text
    case .unavailable(let text):
      event.error = text
      answer.error = text
    case .refused(let refusal):
      var refusal = refusal
      refusal.isWriteAction = event.isWriteAction
      answer.decision = refusal
      event.decision = refusal.action
      event.reason = refusal.reason
      event.matchedRule = refusal.matchedRule
    }
    if event.executed { event.durationMilliseconds = run.milliseconds }
    guard let kill = run.kill, event.executed else { return }
    // The tool may have done its work; nobody gets its answer.
    if case .answered = run.outcome { event.error = "the answer was withheld: \(kill.reason)" }
    answer.decision = kill
    answer.result = nil
    answer.failure = nil
    answer.error = kill.refusalText
  }

  private func record(_ event: TraceEvent, asIntent: Bool, for correlationID: String) async -> Bool {
    do throws(TraceStoreError) {
      if asIntent { try await traces.recordIntent(event) } else { try await traces.append(event) }
      return true
    } catch {
      logger.critical(
        "the trace store can't be written, the call is denied",
        metadata: [
          "problem": "\(error)", "event_id": .string(event.eventID), "executed": "\(event.executed)",
          "correlation_id": .string(correlationID),
        ])
      return false
    }
  }

  /// SHA-256 in lower-case hex over the canonical bytes.
  static func hash(_ arguments: CanonicalJSON) -> String {
    SHA256.hash(data: arguments.bytes).withUnsafeBytes { $0.hexadecimalText }
  }
}

// MARK: - What is no tool

/// Something else than a tool that an MCP client asks of an upstream: a resource, a prompt, a completion.
public struct UpstreamAsk: Sendable {
  public var sessionID: SessionID
  /// `resources/read`, `prompts/get`, `completion/complete`.
  public var method: String
  /// The request's parameters without `_meta`; an object. The policy sees them as `input.params`.
  public var params: CanonicalJSON
  /// As `ToolCall.context`.
  public var context: JSONValue
  /// As `ToolCall.identity`.
  public var identity: AgentIdentity?
  /// Absent when no upstream has what is asked for.
  public var server: String?
  public var extras: RequestExtras
  public var handle: CallHandle
  public var correlationID: String

  var agent: AgentID? { context["agent_id"]?.stringValue.flatMap { try? AgentID($0) } }
}

extension Gatekeeper {
  /// Whether the policy lets the session ask for this; charges nothing and leaves no event. For lists.
  func previews(
    _ method: String, params: CanonicalJSON, server: String?, session: SessionID, context: JSONValue,
    identity: AgentIdentity?
  ) -> Bool {
    let ask = UpstreamAsk(
      sessionID: session, method: method, params: params, context: context, identity: identity, server: server,
      extras: RequestExtras(),
      handle: CallHandle(), correlationID: "")
    return killSwitch.verdict(session: session, tool: nil, agent: ask.agent) == nil
      && policy.active.decide(PolicyInput(ask)).action == .allow
  }

  /// Decides and, when the decision allows it, asks, on a task that nobody cancels. Returns once its event is durable.
  ///
  /// - Parameter work: asks the upstream; gets what is to be called right before the first byte goes out
  func ask(
    _ ask: UpstreamAsk, _ work: (@escaping @Sendable () -> Decision?) async -> ToolOutcome
  ) async -> CallAnswer {
    let policy = policy.active
    var decision: Decision
    if let verdict = killSwitch.verdict(session: ask.sessionID, tool: nil, agent: ask.agent) {
      decision = .killed(by: verdict)
    } else {
      decision = decide(PolicyInput(ask), by: policy)
      // There is nobody to wait for an approval: what isn't allowed is denied.
      if decision.action == .requireApproval { decision.action = .deny }
    }
    // Reading changes nothing, whatever the policy says of what it doesn't know.
    decision.isWriteAction = false
    var event = TraceEvent(
      eventID: ids.next(), timestamp: clock.now(), kind: .request, sessionID: ask.sessionID.rawValue,
      userID: ask.context["user_id"]?.stringValue, agentID: ask.context["agent_id"]?.stringValue, toolName: ask.method,
      argumentsHash: Self.hash(ask.params), policyVersion: policyVersion, policyRevision: policy.revision,
      decision: decision.action, reason: decision.reason, matchedRule: decision.matchedRule)
    var answer = CallAnswer(traceID: event.eventID, decision: decision)
    var note: TraceNote?
    if decision.action == .allow {
      note = traces.begin(event)
      let entry = CallsInFlight.Entry(
        traceID: event.eventID, session: ask.sessionID, tool: nil, agent: ask.agent, server: ask.server,
        handle: ask.handle)
      let run = await run(entry, work)
      var details = EventDetails(approval: nil)
      self.note(run, decision, in: &event, &answer, &details)
      event.details = details.canonical
    }
    return await finish(event, answer, after: note, for: ask.correlationID)
  }
}

extension JSONRPCError {
  /// Without what the rules take out of texts: an error's are as good a way out as a result's.
  fileprivate func redacted(by redaction: Redaction) -> JSONRPCError {
    var object: JSONObject = ["message": .string(message)]
    object["data"] = data
    let redacted = redaction.apply(to: .object(object)).result
    return JSONRPCError(
      code: code, message: redacted["message"]?.stringValue ?? Redaction.defaultReplacement, data: redacted["data"])
  }
}

extension ToolOutcome {
  /// With `(secret)` wherever the secret stands.
  fileprivate func hiding(_ secret: LentSecret) -> ToolOutcome {
    switch self {
    case .answered(let result): .answered(secret.removed(from: result))
    case .failed(let error):
      .failed(
        JSONRPCError(
          code: error.code, message: secret.removed(from: error.message),
          data: error.data.map { secret.removed(from: $0) }))
    case .unavailable(let text): .unavailable(secret.removed(from: text))
    case .lost(let text): .lost(secret.removed(from: text))
    case .refused: self
    }
  }
}

/// What an event of a call has in `details`.
private struct EventDetails {
  /// The approval that was asked for, or used.
  var approval: String?
  /// How often each rule of the decision's `redact` took something out.
  var redactions: [Int] = []

  init(approval: String?) { self.approval = approval }

  /// Absent when there is nothing to say.
  var canonical: CanonicalJSON? {
    var object = JSONObject()
    object["approval_id"] = approval.map { .string($0) }
    if !redactions.isEmpty { object["redactions"] = .array(redactions.map { JSONValue($0) }) }
    return object.isEmpty ? nil : try? CanonicalJSON(.object(object))
  }
}

/// What a call comes to, whichever door it came in by.
public struct CallAnswer: Sendable {
  /// The id of the call's event.
  public var traceID: String
  public var decision: Decision
  /// What the upstream answered, as the policy lets it pass; absent when nothing came or nothing may pass. It may say
  /// that the tool failed.
  public var result: JSONValue?
  /// The upstream's JSON-RPC error; absent when it gave none.
  public var failure: JSONRPCError?
  /// For the caller; absent when there is a result.
  public var error: String?
  /// Waits for a human; absent unless the decision asks for one.
  public var approval: PendingApproval?
  /// No upstream has the tool.
  public var isUnknownTool = false
  /// The policy's data names the tool that no upstream has.
  var isKnownToPolicy = false
  /// Before this call; absent for tools without a limit.
  public var rateLimit: RateLimiter.Status?

  init(traceID: String, decision: Decision, rateLimit: RateLimiter.Status? = nil) {
    self.traceID = traceID
    self.decision = decision
    self.rateLimit = rateLimit
  }

  /// Nothing but the refusal gets out.
  func refused(by decision: Decision) -> CallAnswer {
    var answer = CallAnswer(traceID: traceID, decision: decision, rateLimit: rateLimit)
    answer.error = decision.refusalText
    return answer
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
