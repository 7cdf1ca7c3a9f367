import Synchronization

/// The one who waits for the answer to a call, as its connection sees it. Everything is called on any thread.
final class RequestClient: Sendable {
  /// Something that happens at most once, and what is to be done then.
  private struct Event {
    private var hasHappened = false
    private var act: (@Sendable () -> Void)?

    /// What is to be done at once, since it has happened.
    mutating func expect(_ act: @escaping @Sendable () -> Void) -> (@Sendable () -> Void)? {
      if hasHappened { return act }
      self.act = act
      return nil
    }

    /// What is to be done.
    mutating func happen() -> (@Sendable () -> Void)? {
      hasHappened = true
      defer { act = nil }
      return act
    }

    mutating func forget() { act = nil }
  }
  private struct State {
    var departure = Event()
    var longWait = Event()
  }
  private let state = Mutex(State())

  /// `act` is called when the client has gone before `forget` was called; at once when it has by now.
  func whenGone(_ act: @escaping @Sendable () -> Void) { state.withLock { $0.departure.expect(act) }?() }

  /// `act` is called when the client has waited for as long as `HTTPCallHandler` lets it wait for the first byte, and
  /// nobody has called `forget` before; at once when it has by now.
  func whenWaitedLong(_ act: @escaping @Sendable () -> Void) { state.withLock { $0.longWait.expect(act) }?() }

  /// Nobody wants to know any more.
  func forget() {
    state.withLock { state in
      state.departure.forget()
      state.longWait.forget()
    }
  }

  func leave() { state.withLock { $0.departure.happen() }?() }

  func noteLongWait() { state.withLock { $0.longWait.happen() }?() }
}
