import Synchronization

/// The system's randomness, fetched for several numbers at a time: a call needs three, and each would be a system call.
/// For what must be unique, not for secrets.
final class Randomness: Sendable {
  static let shared = Randomness()

  private static let size = 32
  private let unused = Mutex<[UInt64]>([])

  func next() -> UInt64 {
    unused.withLock { unused in
      if let number = unused.popLast() { return number }
      var generator = SystemRandomNumberGenerator()
      for _ in 1..<Self.size { unused.append(generator.next()) }
      return generator.next()
    }
  }
}
