import ServiceLifecycle
import Synchronization

/// Pauses everything when the supervisor's heartbeat stays away.
final class Deadman: Service {
  /// Absent: nobody is waited for.
  private let seconds: Int?
  private let pause: @Sendable (String) async -> Void
  private let lastBeat = Mutex(ContinuousClock.now)

  /// - Parameter pause: told the reason
  init(seconds: Int?, pause: @escaping @Sendable (String) async -> Void) {
    self.seconds = seconds
    self.pause = pause
  }

  /// The supervisor is alive. Returns how long it may be silent now.
  @discardableResult
  func beat() -> Int? {
    lastBeat.withLock { $0 = .now }
    return seconds
  }

  /// Waits for the heartbeat to stay away, from now on, until the task is cancelled or the service is shut down. A pause
  /// that was ended by hand begins the time anew.
  func run() async throws {
    guard let seconds else {
      try? await gracefulShutdown()
      return
    }
    beat()
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let deadline = self.lastBeat.withLock { $0 } + .seconds(seconds)
        if deadline > .now {
          try? await Task.sleep(until: deadline, clock: .continuous)
          continue
        }
        await self.pause("no heartbeat for \(seconds) s")
        self.beat()
      }
    }
  }
}
