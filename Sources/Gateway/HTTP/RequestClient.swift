import Synchronization

/// The one who waits for the answer to a call, as its connection sees it. Everything is called on any thread.
final class RequestClient: Sendable {
  private struct State {
    var hasGone = false
    var hasWaitedLong = false
    var whenGone: (@Sendable () -> Void)?
    var whenWaitedLong: (@Sendable () -> Void)?
  }
  private let state = Mutex(State())

  /// `act` is called when the client has gone before `forget` was called; at once when it has by now.
  func whenGone(_ act: @escaping @Sendable () -> Void) {
    let hasGone = state.withLock { state in
      if !state.hasGone { state.whenGone = act }
      return state.hasGone
    }
    if hasGone { act() }
  }

  /// `act` is called when the client has waited for as long as `HTTPCallHandler` lets it wait for the first byte, and
  /// nobody has called `forget` before; at once when it has by now.
  func whenWaitedLong(_ act: @escaping @Sendable () -> Void) {
    let hasWaited = state.withLock { state in
      if !state.hasWaitedLong { state.whenWaitedLong = act }
      return state.hasWaitedLong
    }
    if hasWaited { act() }
  }

  /// Nobody wants to know any more.
  func forget() {
    state.withLock { state in
      state.whenGone = nil
      state.whenWaitedLong = nil
    }
  }

  func leave() {
    let act = state.withLock { state in
      state.hasGone = true
      defer { state.whenGone = nil }
      return state.whenGone
    }
    act?()
  }

  func noteLongWait() {
    let act = state.withLock { state in
      state.hasWaitedLong = true
      defer { state.whenWaitedLong = nil }
      return state.whenWaitedLong
    }
    act?()
  }
}
