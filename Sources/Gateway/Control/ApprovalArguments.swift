import StrictJSON
import Synchronization

/// The arguments of the calls that wait for a human, for those who decide: in this process's memory alone, and no longer
/// than they wait. Of each tool the last call that was approved is kept too, to compare with.
final class ApprovalArguments: Sendable {
  /// A call that was approved.
  struct Approved: Sendable {
    var approvalID: String
    /// Microseconds since 1970-01-01T00:00:00Z.
    var decidedAt: Int64
    var decidedBy: String
    var arguments: CanonicalJSON
  }

  /// Of all arguments together, in bytes of their canonical form. What doesn't fit isn't kept: then those who decide
  /// see the hash alone.
  static let capacity = 32 << 20
  /// Tools of which the last approved call is kept.
  static let toolLimit = 256

  private struct Waiting {
    var arguments: CanonicalJSON
    var expires: Int64
  }
  private struct State {
    var waiting: [String: Waiting] = [:]
    /// The bytes of those that wait.
    var size = 0
    var approved: [ExactText: Approved] = [:]

    mutating func remove(_ id: String) -> Waiting? {
      guard let removed = waiting.removeValue(forKey: id) else { return nil }
      size -= removed.arguments.bytes.count
      return removed
    }
  }

  private let clock: WallClock
  private let state = Mutex(State())

  init(clock: WallClock) { self.clock = clock }

  func keep(_ arguments: CanonicalJSON, for request: ApprovalRequest) {
    let now = clock.now()
    state.withLock { state in
      guard state.waiting[request.id] == nil else { return }
      if state.size + arguments.bytes.count > Self.capacity {
        for (id, waiting) in state.waiting where waiting.expires <= now { _ = state.remove(id) }
      }
      guard state.size + arguments.bytes.count <= Self.capacity else { return }
      state.waiting[request.id] = Waiting(arguments: arguments, expires: request.expires)
      state.size += arguments.bytes.count
    }
  }

  /// Notes what has become of a request: unless it still waits, its arguments are forgotten, or become those of the
  /// tool's last approved call.
  func settle(_ request: ApprovalRequest) {
    guard request.status != .pending else { return }
    state.withLock { state in
      guard let removed = state.remove(request.id), request.status == .approved else { return }
      let tool = ExactText(request.toolName)
      guard state.approved[tool] != nil || state.approved.count < Self.toolLimit else { return }
      state.approved[tool] = Approved(
        approvalID: request.id, decidedAt: request.decidedAt ?? clock.now(), decidedBy: request.decidedBy ?? "",
        arguments: removed.arguments)
    }
  }

  /// The request as those who decide see it: while it waits, with `arguments` and what `differs_from` the tool's last
  /// approved call, each null when this process doesn't know.
  func describe(_ request: ApprovalRequest) -> JSONValue {
    settle(request)
    guard request.status == .pending, var object = request.json.objectValue else { return request.json }
    let (waiting, approved) = state.withLock { state in
      (state.waiting[request.id]?.arguments, state.approved[ExactText(request.toolName)])
    }
    object["arguments"] = waiting?.value ?? .null
    object["differs_from"] = .null
    if let waiting, let approved {
      object["differs_from"] = [
        "approval_id": .string(approved.approvalID), "decided_at": .string(ISOTimestamp.text(approved.decidedAt)),
        "decided_by": .string(approved.decidedBy),
        "changes": .array(ArgumentChange.between(approved.arguments.value, waiting.value).map(\.json)),
      ]
    }
    return .object(object)
  }
}
