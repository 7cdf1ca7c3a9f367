import Hummingbird
import Synchronization

/// The one who waits for the answer to a call, as its connection sees it. Everything is called on any thread.
final class RequestClient: Sendable {
  private struct State {
    var hasGone = false
    var onDeparture: (@Sendable () -> Void)?
    var lateResponse: (@Sendable () -> Response)?
  }
  private let state = Mutex(State())

  /// `act` is called when the client has gone before `forget` was called; at once when it has by now.
  func whenGone(_ act: @escaping @Sendable () -> Void) {
    let hasGone = state.withLock { state in
      if !state.hasGone { state.onDeparture = act }
      return state.hasGone
    }
    if hasGone { act() }
  }

  /// `response` is called at most once, when the client has waited for as long as `HTTPCallHandler` lets it wait for the
  /// first byte, and nobody has called `forget` before. It is sent in place of the one that is being worked on.
  func whenWaitedLong(_ response: @escaping @Sendable () -> Response) {
    state.withLock { $0.lateResponse = response }
  }

  /// Nobody wants to know any more.
  func forget() { state.withLock { ($0.onDeparture, $0.lateResponse) = (nil, nil) } }

  func leave() {
    let act = state.withLock { state in
      state.hasGone = true
      return state.onDeparture.take()
    }
    act?()
  }

  /// The response that begins now; absent when there is none to begin with.
  func lateResponse() -> Response? { state.withLock { $0.lateResponse.take() }?() }
}
