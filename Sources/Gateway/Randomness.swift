import Glibc
import Synchronization

/// The system's randomness, fetched for several numbers at a time: a call needs three, and each would be a system call.
/// For what must be unique, not for secrets.
final class Randomness: Sendable {
  static let shared = Randomness()

  /// As many as `getentropy` gives at once: 256 bytes.
  private static let size = 32
  private let unused = Mutex<[UInt64]>([])

  func next() -> UInt64 {
    unused.withLock { unused in
      if let number = unused.popLast() { return number }
      var numbers = [UInt64](repeating: 0, count: Self.size)
      let isFilled = numbers.withUnsafeMutableBytes { bytes in
        guard let start = bytes.baseAddress else { return false }
        return getentropy(start, bytes.count) == 0
      }
      var generator = SystemRandomNumberGenerator()
      guard isFilled else { return generator.next() }
      unused = numbers
      return unused.removeLast()
    }
  }
}
