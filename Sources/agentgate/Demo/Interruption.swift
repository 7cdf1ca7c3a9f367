import Dispatch
import Glibc
import Synchronization

/// Cleans up when a signal ends the process, and lets the signal end it then, so that a shell sees what happened.
final class Interruption {
  private let sources: [any DispatchSourceSignal]

  private static let hasBegun = Atomic(false)

  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  /// In force while this lives.
  init(_ clean: @escaping @Sendable () -> Void) {
    sources = Self.signals.map { number in
      // What is ignored reaches the source all the same.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        Self.hasBegun.store(true, ordering: .sequentiallyConsistent)
        clean()
        signal(number, SIG_DFL)
        kill(getpid(), number)
      }
      source.resume()
      return source
    }
  }
  /// Doesn't return once a signal has come: what fails then fails because of it, and is nothing to tell.
  static func standStill() {
    while hasBegun.load(ordering: .sequentiallyConsistent) { sleep(1) }
  }
}
