import Synchronization

/// Passes on every event as it is recorded to whoever watches, and remembers the latest.
///
/// A watcher that doesn't keep up misses the oldest of what waits for it; nobody who records ever waits.
final class EventFeed: Sendable {
  /// How many events are remembered.
  static let capacity = 256
  /// Watchers at once. That a watcher's client is gone shows at the next write alone, so when there are more, the one that
  /// has watched longest goes: whoever is still there asks again.
  static let watcherLimit = 32
  /// What may wait for a watcher.
  private static let backlog = 1_024

  private typealias Watcher = AsyncStream<TraceEvent>.Continuation

  private struct State {
    /// A ring: the oldest is at `oldest` once it is full.
    var latest: [TraceEvent] = []
    var oldest = 0
    var watchers: [Int: Watcher] = [:]
    var next = 0
    var isFinished = false
  }
  private let state = Mutex(State())

  func publish(_ event: TraceEvent) {
    state.withLock { state in
      if state.latest.count < Self.capacity {
        state.latest.append(event)
      } else {
        state.latest[state.oldest] = event
        state.oldest = (state.oldest + 1) % Self.capacity
      }
      for watcher in state.watchers.values { watcher.yield(event) }
    }
  }

  /// The latest events, oldest first, and those that come; absent when it is over.
  ///
  /// - Parameter recent: how many of the latest, at most
  func watch(recent: Int) -> (latest: [TraceEvent], stream: AsyncStream<TraceEvent>)? {
    let (stream, watcher) = AsyncStream.makeStream(
      of: TraceEvent.self, bufferingPolicy: .bufferingNewest(Self.backlog))
    let admitted = state.withLock { state -> (key: Int, latest: [TraceEvent], leaving: Watcher?)? in
      guard !state.isFinished else { return nil }
      var leaving: Watcher?
      if state.watchers.count >= Self.watcherLimit, let longest = state.watchers.keys.min() {
        leaving = state.watchers.removeValue(forKey: longest)
      }
      state.next += 1
      state.watchers[state.next] = watcher
      let latest = (state.latest[state.oldest...] + state.latest[..<state.oldest]).suffix(recent)
      return (state.next, Array(latest), leaving)
    }
    guard let admitted else { return nil }
    admitted.leaving?.finish()
    watcher.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.watchers.removeValue(forKey: admitted.key) }
    }
    return (admitted.latest, stream)
  }

  /// Ends every stream, and lets no more begin.
  func finish() {
    let watchers = state.withLock { state in
      state.isFinished = true
      return Array(state.watchers.values)
    }
    for watcher in watchers { watcher.finish() }
  }
}
