import Logging
import StrictJSON

/// Where calls wait for a human: asks, and finds out what was decided. Whoever asks can't decide: that is done with the
/// admin key.
public struct Approvals: Sendable {
  /// What has been decided about a call.
  enum Standing: Sendable {
    case pending(PendingApproval)
    /// The id of an approval that may be used.
    case approved(String)
    /// Why it gets none: for the caller.
    case refused(String)
  }

  let store: ApprovalStore
  /// Of the calls that wait.
  let arguments: ApprovalArguments
  private let seal: RequestStateSeal
  private let ids: EventIDGenerator
  private let clock: WallClock
  /// Seconds.
  private let lifetime: Int
  private let logger: Logger

  /// - Parameter lifetime: seconds from the question until it, and the approval, are void
  init(
    store: ApprovalStore, seal: RequestStateSeal, ids: EventIDGenerator, lifetime: Int, clock: WallClock, logger: Logger
  ) {
    self.store = store
    arguments = ApprovalArguments(clock: clock)
    self.seal = seal
    self.ids = ids
    self.lifetime = lifetime
    self.clock = clock
    self.logger = logger
  }

  /// By the state that the call brings along; without one, by what was asked for the very same call before: else a human
  /// is asked now.
  func standing(of call: ToolCall, hash: String, _ decision: Decision, revision: String) async -> Standing {
    do throws(ApprovalStoreError) {
      guard let state = call.approvalState else { return try await ask(for: call, hash, decision, revision) }
      let id: String
      do throws(RequestStateError) {
        id = try seal.open(
          state, session: call.sessionID.rawValue, tool: call.toolName.rawValue, argumentsHash: hash, now: clock.now())
      } catch {
        return .refused(error.refusal)
      }
      guard let request = try await store.request(id) else {
        return .refused("The approval is no longer known")
      }
      guard request.policyRevision == revision else {
        return .refused("The policy has changed since the approval was asked for")
      }
      return standing(of: request)
    } catch {
      logger.error("approvals are unavailable: the call is denied", metadata: ["problem": "\(error)"])
      return .refused(error.reason == .tooMany ? "Too many approvals are pending" : "Approvals are unavailable")
    }
  }

  private func ask(
    for call: ToolCall, _ hash: String, _ decision: Decision, _ revision: String
  ) async throws(ApprovalStoreError) -> Standing {
    let now = clock.now()
    let request = ApprovalRequest(
      id: ids.next(), sessionID: call.sessionID.rawValue, toolName: call.toolName.rawValue, argumentsHash: hash,
      agentID: call.agentID, userID: call.userID, reason: decision.reason, policyRevision: revision, created: now,
      expires: now + Int64(lifetime) * 1_000_000)
    let opened = try await store.open(request)
    if opened.status == .pending { arguments.keep(call.arguments, for: opened) }
    return standing(of: opened)
  }

  private func standing(of request: ApprovalRequest) -> Standing {
    switch request.status {
    case .approved: .approved(request.id)
    case .pending: pending(request)
    case .denied: .refused("Approval was denied")
    case .used: .refused("The approval has been used")
    case .expired: .refused("The approval has expired")
    }
  }

  /// What a call brings along, as `approval_token` or as `requestState`, to pass by this approval: bound to the session,
  /// the tool, the arguments and, by the request, the agent and the policy's revision. Worth nothing until somebody has
  /// approved, and after one use. Absent when it can't be made.
  func token(for request: ApprovalRequest) -> String? {
    try? seal.seal(
      id: request.id, session: request.sessionID, tool: request.toolName, argumentsHash: request.argumentsHash,
      expires: request.expires)
  }

  private func pending(_ request: ApprovalRequest) -> Standing {
    guard let state = token(for: request) else { return .refused("Approvals are unavailable") }
    return .pending(PendingApproval(id: request.id, requestState: state, expires: request.expires))
  }

  /// Uses the approval up for this call. False when it isn't, or no longer, there for it.
  func use(_ id: String, for call: ToolCall, hash: String) async -> Bool {
    do {
      return try await store.consume(
        id, sessionID: call.sessionID.rawValue, toolName: call.toolName.rawValue, argumentsHash: hash,
        agentID: call.agentID) == .granted
    } catch {
      logger.error("an approval can't be used", metadata: ["problem": "\(error)", "approval_id": .string(id)])
      return false
    }
  }
}

extension RequestStateError {
  /// For the caller, whose own call it is about.
  fileprivate var refusal: String {
    switch reason {
    case .expired: "The approval has expired"
    case .otherCall: "The approval is for another call"
    case .malformed, .notOurs, .unsealable: "The approval token is not valid"
    }
  }
}

extension RequestStateSeal {
  /// Whether the text looks like one of ours; an upstream's own is anything else.
  static func isSealed(_ text: String) -> Bool { text.utf8.starts(with: prefix.utf8) }
}

/// A question that waits for a human.
public struct PendingApproval: Sendable {
  public var id: String
  /// What the retried call brings along: sealed.
  public var requestState: String
  /// Microseconds since 1970-01-01T00:00:00Z.
  public var expires: Int64

  /// For the caller, who can't approve it.
  public var hint: String {
    "approval \(id) is pending: an operator approves it with `agentgate approvals approve \(id)`"
  }
}
