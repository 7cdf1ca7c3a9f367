import Synchronization

/// A call while it is under way: who holds it can give it up, and learns how far it had come.
public final class CallHandle: Sendable {
  /// Why a call is given up.
  public enum Reason: Sendable, Equatable {
    /// Its client closed the stream, or sent `notifications/cancelled`.
    case client(String)
    /// A kill.
    case containment(String)

    public var text: String {
      switch self {
      case .client(let text), .containment(let text): text
      }
    }

    var isContainment: Bool { if case .containment = self { true } else { false } }
  }

  /// What the upstream made of a call that was given up after it had been sent.
  public enum Cancellation: Sendable, Equatable {
    /// It answered that the call is cancelled.
    case acknowledged
    /// Its side of the stream is closed, which is the cancellation (Streamable HTTP).
    case streamClosed
    /// It read on past the cancellation and says nothing more about the call, as the specification asks.
    case seen
    /// A result came all the same, and was dropped.
    case lateResult
    /// It read no further until the grace time was over or its process ended.
    case unseen
  }

  /// Nanoseconds of `MonotonicClock`.
  public struct Facts: Sendable, Equatable {
    /// Absent while no byte has gone out.
    public var sent: Int64?
    /// Absent while no answer has come.
    public var answered: Int64?
    /// Since when nobody waits for the call any more.
    public var givenUp: Int64?
    public var cancellation: Cancellation?
  }

  private struct State {
    var facts = Facts()
    var reason: Reason?
    var giveUp: (@Sendable (Reason) -> Void)?
    var watcher: (@Sendable () -> Void)?
  }

  private let clock: MonotonicClock
  private let state = Mutex(State())

  public init(clock: MonotonicClock = .system) { self.clock = clock }

  public var facts: Facts { state.withLock { $0.facts } }

  /// Absent while the call isn't given up.
  public var reason: Reason? { state.withLock { $0.reason } }

  /// Ends the wait for the call's answer, now or as soon as there is one. The first reason counts.
  public func giveUp(_ reason: Reason) {
    let act = state.withLock { state -> (@Sendable (Reason) -> Void)? in
      guard state.reason == nil else { return nil }
      state.reason = reason
      return state.giveUp
    }
    act?(reason)
  }

  /// Told what changes from now on, on any thread. One watcher at a time.
  func watch(_ watcher: (@Sendable () -> Void)?) { state.withLock { $0.watcher = watcher } }

  // MARK: The connection's side

  /// How the call is given up from now on; absent, there is nothing to give up any more. Done at once when it has been
  /// given up already. What holds the handle, and is held by `act`, lives until another one is set.
  func onGivingUp(_ act: (@Sendable (Reason) -> Void)?) {
    let reason = state.withLock { state in
      state.giveUp = act
      return state.reason
    }
    if let reason { act?(reason) }
  }

  func noteSent() { note { $0.sent = $0.sent ?? clock.now() } }

  func noteAnswered() { note { $0.answered = $0.answered ?? clock.now() } }

  func noteGivenUp() { note { $0.givenUp = $0.givenUp ?? clock.now() } }

  /// A late result outweighs whatever was known before, an acknowledgement that it was seen; nothing else changes what
  /// is known.
  func note(_ cancellation: Cancellation) {
    note { facts in
      switch (facts.cancellation, cancellation) {
      case (nil, _), (_, .lateResult), (.seen, .acknowledged): facts.cancellation = cancellation
      default: break
      }
    }
  }

  private func note(_ change: (inout Facts) -> Void) {
    let watcher = state.withLock { state in
      change(&state.facts)
      return state.watcher
    }
    watcher?()
  }
}
