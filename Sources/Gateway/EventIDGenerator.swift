import Synchronization

/// Makes event ids: UUIDv7 (RFC 9562) in lower case. Each is higher, byte by byte, than the one before, also when the
/// clock stands still or steps back.
public final class EventIDGenerator: Sendable {
  private let clock: WallClock
  private let random: @Sendable () -> UInt64
  /// The last id's leading 60 bits without the version: 48 of milliseconds, 12 of their fraction (RFC 9562 section
  /// 6.2, method 3).
  private let last = Mutex<UInt64>(0)

  /// - Parameter random: gives 64 bits that nobody can foresee; absent, the system's
  public init(clock: WallClock = .system, random: (@Sendable () -> UInt64)? = nil) {
    self.clock = clock
    self.random = random ?? { Randomness.shared.next() }
  }

  public func next() -> String {
    let microseconds = UInt64(max(clock.now(), 0))
    let milliseconds = (microseconds / 1_000) & 0xFFFF_FFFF_FFFF
    let time = milliseconds << 12 | (microseconds % 1_000) * 4_096 / 1_000
    let leading = last.withLock { last in
      last = max(time, last &+ 1) & 0x0FFF_FFFF_FFFF_FFFF
      return last
    }
    let high = (leading >> 12) << 16 | 0x7000 | leading & 0xFFF
    let low = random() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    return UUIDText.of(high, low)
  }
}
