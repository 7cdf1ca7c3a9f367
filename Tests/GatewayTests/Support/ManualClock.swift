import Gateway
import Synchronization

/// Time that passes when the test says so. Starts at 2026-01-01T00:00:00Z.
final class ManualClock: Sendable {
  static let start: Int64 = 1_767_225_600_000_000
  private let elapsed = Mutex<Int64>(0)

  func advance(seconds: Double) { elapsed.withLock { $0 += Int64(seconds * 1_000_000) } }

  var wall: WallClock { WallClock { Self.start + self.elapsed.withLock { $0 } } }
  var monotonic: MonotonicClock { MonotonicClock { 1_000 + self.elapsed.withLock { $0 } * 1_000 } }
}
