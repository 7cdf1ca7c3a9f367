import Synchronization

/// Watches the deadlines of any number of requests with one sleep at a time: a timer of its own for each of them costs a
/// request more than the rest of its way.
final class DeadlineWatch: Sendable {
  private struct State {
    /// When the sleep that counts is over; absent while there is none.
    var due: ContinuousClock.Instant?
    /// Of that sleep.
    var number = 0
    var look: (@Sendable () -> ContinuousClock.Instant?)?
  }
  private let state = Mutex(State())

  /// - Parameter look: ends what is over; its answer is the next deadline, absent when nothing waits
  func start(_ look: @escaping @Sendable () -> ContinuousClock.Instant?) { state.withLock { $0.look = look } }

  /// There is something to look after from then on.
  func note(_ deadline: ContinuousClock.Instant) {
    let number = state.withLock { state -> Int? in
      if let due = state.due, due <= deadline { return nil }
      state.due = deadline
      state.number += 1
      return state.number
    }
    guard let number else { return }
    Task {
      try? await Task.sleep(until: deadline, clock: .continuous)
      let look = state.withLock { state -> (@Sendable () -> ContinuousClock.Instant?)? in
        guard state.number == number else { return nil }
        state.due = nil
        return state.look
      }
      if let next = look?() { note(next) }
    }
  }
}
