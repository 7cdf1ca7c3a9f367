public import Logging
import Synchronization

/// Holds the policy that decides now and takes a new one when it is asked to.
///
/// A call takes `active` once and is judged by that revision alone, whatever is activated meanwhile.
public final class PolicyGate: Sendable {
  /// What was refused at the last reload.
  public struct Refusal: Sendable {
    /// Absent when the files couldn't even be read.
    public var revision: String?
    public var problems: [PolicyLoadError.Problem]
    /// Microseconds since 1970-01-01T00:00:00Z.
    public var time: Int64
  }

  public struct Status: Sendable {
    public var active: LoadedPolicy
    /// Absent when the last reload, or the start, succeeded.
    public var refused: Refusal?
  }

  /// A policy that compiled and passed its checks, not yet deciding.
  public struct Candidate: Sendable {
    public let policy: LoadedPolicy
    fileprivate let order: Int
  }

  private struct State {
    var active: LoadedPolicy
    var refused: Refusal?
    var activeOrder = 0
    var lastOrder = 0
  }

  /// As configured.
  public let directory: String
  private let clock: WallClock
  private let logger: Logger
  private let state: Mutex<State>

  /// Fails when the folder's policy doesn't compile or pass its checks.
  public init(directory: String, clock: WallClock = .system, logger: Logger) throws(PolicyLoadError) {
    self.directory = directory
    self.clock = clock
    self.logger = logger
    state = Mutex(State(active: try LoadedPolicy(directory: directory, logger: logger), refused: nil))
  }

  public var active: LoadedPolicy { state.withLock { $0.active } }

  public var status: Status { state.withLock { Status(active: $0.active, refused: $0.refused) } }

  /// Reads, compiles and checks what lies in the folder. The active policy keeps deciding; when this fails, `status`
  /// names what was refused until a later candidate is activated.
  public func prepare() throws(PolicyLoadError) -> Candidate {
    let order = state.withLock { state in
      state.lastOrder += 1
      return state.lastOrder
    }
    do throws(PolicyLoadError) {
      return Candidate(policy: try LoadedPolicy(directory: directory, logger: logger), order: order)
    } catch {
      let refusal = Refusal(revision: error.revision, problems: error.problems, time: clock.now())
      state.withLock { $0.refused = refusal }
      throw error
    }
  }

  /// From now on calls are judged by the candidate, unless one read later is active already.
  public func activate(_ candidate: Candidate) {
    state.withLock { state in
      guard candidate.order > state.activeOrder else { return }
      state.active = candidate.policy
      state.activeOrder = candidate.order
      state.refused = nil
    }
  }
}
