import Logging
import StrictJSON

/// What an operator does: kills and pauses, takes them back, loads the policy anew. Each leaves an event.
///
/// What contains (kill, pause) takes effect first and holds even when its event can't be written. What lets calls
/// through again (un-kill, resume, reload) is recorded first, and doesn't happen when it can't be.
public struct Controls: Sendable {
  public enum Failure: Error, Sendable {
    case killSwitch
    case traceStore
    case policy(PolicyLoadError)
  }

  /// The act took effect.
  public struct Done: Sendable, Equatable {
    /// False when the trace store couldn't be written: only ever with a kill or a pause.
    public var isRecorded: Bool
    /// What became of the calls under way, as far as it is known.
    public var receipt: ContainmentReceipt
  }

  private let killSwitch: KillSwitch
  private let policy: PolicyGate
  private let traces: any TraceStore
  let containments: Containments
  private let changes: ListChanges
  private let policyVersion: String
  private let ids: EventIDGenerator
  private let observers: EventObservers?
  private let clock: WallClock
  private let logger: Logger

  init(
    killSwitch: KillSwitch, policy: PolicyGate, traces: any TraceStore, containments: Containments,
    changes: ListChanges, policyVersion: String, ids: EventIDGenerator,
    observers: EventObservers? = nil, clock: WallClock = .system, logger: Logger
  ) {
    self.observers = observers
    self.killSwitch = killSwitch
    self.policy = policy
    self.traces = traces
    self.containments = containments
    self.changes = changes
    self.policyVersion = policyVersion
    self.ids = ids
    self.clock = clock
    self.logger = logger
  }

  public func kill(session: SessionID, reason: String?) async throws(Failure) -> Done {
    try await contain(
      .session(session), event(.kill, session: session, reason: reason ?? KillTarget.session(session).defaultReason)
    ) {
      () async throws(KillSwitchError) in try await killSwitch.kill(session: session, reason: reason)
    }
  }

  public func kill(tool: ToolName, reason: String?) async throws(Failure) -> Done {
    try await contain(.tool(tool), event(.kill, tool: tool, reason: reason ?? KillTarget.tool(tool).defaultReason)) {
      () async throws(KillSwitchError) in try await killSwitch.kill(tool: tool, reason: reason)
    }
  }

  public func kill(agent: AgentID, reason: String?) async throws(Failure) -> Done {
    try await contain(
      .agent(agent), event(.kill, agent: agent, reason: reason ?? KillTarget.agent(agent).defaultReason)
    ) {
      () async throws(KillSwitchError) in try await killSwitch.kill(agent: agent, reason: reason)
    }
  }

  public func pause(reason: String?) async throws(Failure) -> Done {
    try await contain(.global, event(.pause, reason: reason ?? KillTarget.global.defaultReason)) {
      () async throws(KillSwitchError) in try await killSwitch.pause(reason: reason)
    }
  }

  public func unkill(session: SessionID) async throws(Failure) {
    try await release(event(.unkill, session: session, reason: "Session kill lifted")) {
      () async throws(KillSwitchError) in try await killSwitch.unkill(session: session)
    }
  }

  public func unkill(tool: ToolName) async throws(Failure) {
    try await release(event(.unkill, tool: tool, reason: "Tool kill lifted")) {
      () async throws(KillSwitchError) in try await killSwitch.unkill(tool: tool)
    }
  }

  public func unkill(agent: AgentID) async throws(Failure) {
    try await release(event(.unkill, agent: agent, reason: "Agent kill lifted")) {
      () async throws(KillSwitchError) in try await killSwitch.unkill(agent: agent)
    }
  }

  public func resume() async throws(Failure) {
    try await release(event(.resume, reason: "System resumed")) {
      () async throws(KillSwitchError) in try await killSwitch.resume()
    }
  }

  /// Cancels what a kill stops that another process or a hand wrote into the kill switch's file, and records it.
  public func follow(_ change: KillSwitchChange) async {
    var event =
      switch change.target {
      case .global: event(change.kill == nil ? .resume : .pause, reason: change.kill?.reason ?? "System resumed")
      case .tool(let tool):
        event(change.kill == nil ? .unkill : .kill, tool: tool, reason: change.kill?.reason ?? "Tool kill lifted")
      case .agent(let agent):
        event(change.kill == nil ? .unkill : .kill, agent: agent, reason: change.kill?.reason ?? "Agent kill lifted")
      case .session(let session):
        event(
          change.kill == nil ? .unkill : .kill, session: session, reason: change.kill?.reason ?? "Session kill lifted")
      }
    if change.kill != nil {
      let ongoing = containments.begin(change.target, id: event.eventID, reason: event.reason)
      event.details = details(await carryOut(ongoing, event))
    }
    changes.announce(ListChanges.tools)
    log(event)
    await record(event)
  }

  /// Loads the policy folder anew. A refused one is an event as well; the active policy then stays.
  public func reload() async throws(Failure) -> LoadedPolicy {
    let candidate: PolicyGate.Candidate
    do throws(PolicyLoadError) {
      candidate = try policy.prepare()
    } catch {
      var refused = event(.reload, reason: "Policy reload refused")
      refused.error = "\(error.problems.count) problems, first: \(error.problems.first?.description ?? "")"
      await record(refused)
      logger.error("policy reload refused", metadata: ["problems": .array(error.problems.map { "\($0)" })])
      throw .policy(error)
    }
    var reloaded = event(.reload, reason: "Policy reloaded")
    reloaded.policyRevision = candidate.policy.revision
    guard await record(reloaded) else { throw .traceStore }
    policy.activate(candidate)
    changes.announceAll()
    logger.notice("policy reloaded", metadata: candidate.policy.metadata)
    return candidate.policy
  }

  /// Keeps a human's decision about a call as evidence. False when it can't be kept.
  func note(approves: Bool, _ request: ApprovalRequest, by decider: String, note: String?) async -> Bool {
    var event = event(.approval, reason: approves ? "Approved by \(decider)" : "Denied by \(decider)")
    event.sessionID = request.sessionID
    event.agentID = request.agentID
    event.toolName = request.toolName
    event.argumentsHash = request.argumentsHash
    var details: JSONObject = [
      "approval_id": .string(request.id), "approved": .boolean(approves), "by": .string(decider),
    ]
    details["note"] = note.map { .string($0) }
    event.details = try? CanonicalJSON(.object(details))
    log(event)
    return await record(event)
  }

  /// Keeps the approval of tools' definitions as evidence. False when one of them can't be kept.
  func note(approvalOf entries: [ToolPins.Entry]) async -> Bool {
    var isRecorded = true
    for entry in entries {
      var event = event(.toolApproval, reason: "Tool definition approved")
      event.toolName = entry.name
      event.details = try? CanonicalJSON(["tool": entry.json])
      log(event)
      if await !record(event) { isRecorded = false }
    }
    return isRecorded
  }

  /// Keeps as evidence that a session's evidence is handed out. False when it can't be kept.
  func note(exportOf session: SessionID, as format: String, events: Int, hash: String) async -> Bool {
    var event = event(.export, reason: "Evidence exported")
    event.details = try? CanonicalJSON([
      "session_id": .string(session.rawValue), "format": .string(format), "events": JSONValue(events),
      "hash": .string(hash),
    ])
    log(event)
    return await record(event)
  }

  private func contain(
    _ target: KillTarget, _ event: TraceEvent, _ act: () async throws(KillSwitchError) -> Void
  ) async throws(Failure) -> Done {
    var event = event
    let ongoing = containments.begin(target, id: event.eventID, reason: event.reason)
    do throws(KillSwitchError) {
      try await act()
    } catch {
      logger.critical("the kill switch can't be written", metadata: ["problem": "\(error)"])
      // It is in force all the same, until this process ends.
      var unsaved = event
      unsaved.details = details(await carryOut(ongoing, event))
      unsaved.error = "Kill switch unavailable: in force, but not saved"
      await record(unsaved)
      throw .killSwitch
    }
    let receipt = await carryOut(ongoing, event)
    event.details = details(receipt)
    changes.announce(ListChanges.tools)
    log(event)
    return Done(isRecorded: await record(event), receipt: receipt)
  }

  private func carryOut(_ ongoing: Containments.Ongoing, _ kill: TraceEvent) async -> ContainmentReceipt {
    await containments.carryOut(ongoing) { [clock, ids] receipt, json in
      var event = kill
      event.eventID = receipt.finalEventID ?? ids.next()
      event.timestamp = clock.now()
      event.kind = .containment
      event.details = try? CanonicalJSON(["containment": json])
      return event
    }
  }

  private func details(_ receipt: ContainmentReceipt) -> CanonicalJSON? {
    try? CanonicalJSON(["containment": containments.json(receipt)])
  }

  private func release(
    _ event: TraceEvent, _ act: () async throws(KillSwitchError) -> Void
  ) async throws(Failure) {
    guard await record(event) else { throw .traceStore }
    do throws(KillSwitchError) {
      try await act()
    } catch {
      logger.critical("the kill switch can't be written", metadata: ["problem": "\(error)"])
      var failed = event
      failed.eventID = ids.next()
      failed.error = "Kill switch unavailable: nothing was lifted"
      await record(failed)
      throw .killSwitch
    }
    changes.announce(ListChanges.tools)
    log(event)
  }

  private func event(
    _ kind: TraceEvent.Kind, session: SessionID? = nil, tool: ToolName? = nil, agent: AgentID? = nil, reason: String
  ) -> TraceEvent {
    TraceEvent(
      eventID: ids.next(), timestamp: clock.now(), kind: kind, sessionID: session?.rawValue,
      agentID: agent?.rawValue, toolName: tool?.rawValue, policyVersion: policyVersion,
      policyRevision: policy.active.revision, reason: reason)
  }

  private func log(_ event: TraceEvent) {
    var metadata: Logger.Metadata = ["reason": .string(event.reason), "event_id": .string(event.eventID)]
    if let session = event.sessionID { metadata["session_id"] = .string(session) }
    if let agent = event.agentID { metadata["agent_id"] = .string(agent) }
    if let tool = event.toolName { metadata["tool_name"] = .string(tool) }
    logger.notice("\(event.kind.rawValue)", metadata: metadata)
  }

  @discardableResult
  private func record(_ event: TraceEvent) async -> Bool {
    do throws(TraceStoreError) {
      try await traces.append(event)
      observers?.acted(event, isRecorded: true)
      return true
    } catch {
      logger.critical(
        "the trace store can't be written, an operator's act has no event",
        metadata: ["problem": "\(error)", "act": .string(event.kind.rawValue)])
      // A kill holds all the same.
      observers?.acted(event, isRecorded: false)
      return false
    }
  }
}
