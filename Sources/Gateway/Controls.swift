public import Logging

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
  }

  private let killSwitch: KillSwitch
  private let policy: PolicyGate
  private let traces: any TraceStore
  private let gatekeeper: Gatekeeper
  private let policyVersion: String
  private let ids: EventIDGenerator
  private let clock: WallClock
  private let logger: Logger

  public init(
    killSwitch: KillSwitch, policy: PolicyGate, traces: any TraceStore, gatekeeper: Gatekeeper,
    policyVersion: String, ids: EventIDGenerator, clock: WallClock = .system, logger: Logger
  ) {
    self.killSwitch = killSwitch
    self.policy = policy
    self.traces = traces
    self.gatekeeper = gatekeeper
    self.policyVersion = policyVersion
    self.ids = ids
    self.clock = clock
    self.logger = logger
  }

  public func kill(session: SessionID, reason: String?) async throws(Failure) -> Done {
    try await contain(event(.kill, session: session, reason: reason ?? KillTarget.session(session).defaultReason)) {
      () async throws(KillSwitchError) in try await killSwitch.kill(session: session, reason: reason)
    }
  }

  public func kill(tool: ToolName, reason: String?) async throws(Failure) -> Done {
    try await contain(event(.kill, tool: tool, reason: reason ?? KillTarget.tool(tool).defaultReason)) {
      () async throws(KillSwitchError) in try await killSwitch.kill(tool: tool, reason: reason)
    }
  }

  public func pause(reason: String?) async throws(Failure) -> Done {
    try await contain(event(.pause, reason: reason ?? KillTarget.global.defaultReason)) {
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

  public func resume() async throws(Failure) {
    try await release(event(.resume, reason: "System resumed")) {
      () async throws(KillSwitchError) in try await killSwitch.resume()
    }
  }

  /// Cancels what a kill stops that another process or a hand wrote into the kill switch's file, and records it.
  public func follow(_ change: KillSwitchChange) async {
    let event =
      switch change.target {
      case .global: event(change.kill == nil ? .resume : .pause, reason: change.kill?.reason ?? "System resumed")
      case .tool(let tool):
        event(change.kill == nil ? .unkill : .kill, tool: tool, reason: change.kill?.reason ?? "Tool kill lifted")
      case .session(let session):
        event(
          change.kill == nil ? .unkill : .kill, session: session, reason: change.kill?.reason ?? "Session kill lifted")
      }
    if change.kill != nil { gatekeeper.cancelKilledCalls() }
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
    logger.notice("policy reloaded", metadata: candidate.policy.metadata)
    return candidate.policy
  }

  private func contain(
    _ event: TraceEvent, _ act: () async throws(KillSwitchError) -> Void
  ) async throws(Failure) -> Done {
    do throws(KillSwitchError) {
      try await act()
    } catch {
      logger.critical("the kill switch can't be written", metadata: ["problem": "\(error)"])
      // It is in force all the same, until this process ends.
      gatekeeper.cancelKilledCalls()
      var unsaved = event
      unsaved.error = "Kill switch unavailable: in force, but not saved"
      await record(unsaved)
      throw .killSwitch
    }
    gatekeeper.cancelKilledCalls()
    log(event)
    return Done(isRecorded: await record(event))
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
    log(event)
  }

  private func event(
    _ kind: TraceEvent.Kind, session: SessionID? = nil, tool: ToolName? = nil, reason: String
  ) -> TraceEvent {
    return TraceEvent(
      eventID: ids.next(), timestamp: clock.now(), kind: kind, sessionID: session?.rawValue,
      toolName: tool?.rawValue, policyVersion: policyVersion, policyRevision: policy.active.revision, reason: reason)
  }

  private func log(_ event: TraceEvent) {
    var metadata: Logger.Metadata = ["reason": .string(event.reason), "event_id": .string(event.eventID)]
    if let session = event.sessionID { metadata["session_id"] = .string(session) }
    if let tool = event.toolName { metadata["tool_name"] = .string(tool) }
    logger.notice("\(event.kind.rawValue)", metadata: metadata)
  }

  @discardableResult
  private func record(_ event: TraceEvent) async -> Bool {
    do throws(TraceStoreError) {
      try await traces.append(event)
      return true
    } catch {
      logger.critical(
        "the trace store can't be written, an operator's act has no event",
        metadata: ["problem": "\(error)", "act": .string(event.kind.rawValue)])
      return false
    }
  }
}
