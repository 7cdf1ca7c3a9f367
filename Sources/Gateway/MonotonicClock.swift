#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What durations and windows are measured with, passed in wherever it is needed; the time of day is `WallClock`'s.
public struct MonotonicClock: Sendable {
  /// Nanoseconds since an instant that stays the same while the process lives. Never steps back.
  public var now: @Sendable () -> Int64

  public init(now: @escaping @Sendable () -> Int64) {
    self.now = now
  }

  public static let system = MonotonicClock {
    var time = timespec()
    // Fails for clocks that don't exist only.
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
