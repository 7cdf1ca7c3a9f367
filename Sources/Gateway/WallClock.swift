#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The time of day, passed in wherever it is needed.
public struct WallClock: Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z, as `TraceEvent.timestamp`. May step back.
  public var now: @Sendable () -> Int64

  public init(now: @escaping @Sendable () -> Int64) {
    self.now = now
  }

  public static let system = WallClock {
    var time = timespec()
    // Fails for clocks that don't exist only.
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
  }

  /// Now, as `ISOTimestamp` writes it.
  public var nowText: String { ISOTimestamp.text(now()) }
}
