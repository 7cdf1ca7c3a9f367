import Hummingbird
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
    var lateResponse: (@Sendable () -> Response)?
  }
  private let state = Mutex(State())

  /// `act` is called when the client has gone before `forget` was called; at once when it has by now.
  func whenGone(_ act: @escaping @Sendable () -> Void) { state.withLock { $0.departure.expect(act) }?() }

  /// `response` is called at most once, when the client has waited for as long as `HTTPCallHandler` lets it wait for the
  /// first byte, and nobody has called `forget` before. It is sent in place of the one that is being worked on.
  func whenWaitedLong(_ response: @escaping @Sendable () -> Response) {
    state.withLock { $0.lateResponse = response }
  }

  /// Nobody wants to know any more.
  func forget() {
    state.withLock { state in
      state.departure.forget()
      state.lateResponse = nil
    }
  }

  func leave() { state.withLock { $0.departure.happen() }?() }

  /// The response that begins now; absent when there is none to begin with.
  func lateResponse() -> Response? { state.withLock { $0.lateResponse.take() }?() }
}
