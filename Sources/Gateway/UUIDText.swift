/// UUIDs (RFC 9562) as text in lower case.
enum UUIDText {
  /// Version 4. Foundation's own opens, reads and closes a file for each, which every request would pay for.
  ///
  /// - Parameter number: gives 64 random bits; the default is good enough for secrets
  static func random(from number: () -> UInt64 = { UInt64.random(in: .min ... .max) }) -> String {
    of(number() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000, number() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
  }

  /// - Parameters:
  ///   - high: the first eight bytes, the first of them in the highest place
  ///   - low: the others
  static func of(_ high: UInt64, _ low: UInt64) -> String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      var count = 0
      for (half, word) in [high, low].enumerated() {
        for digit in 0..<16 {
          if (half == 0 && (digit == 8 || digit == 12)) || (half == 1 && (digit == 0 || digit == 4)) {
            buffer[count] = UInt8(ascii: "-")
            count += 1
          }
          let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * digit)) & 0xF
          buffer[count] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
          count += 1
        }
      }
      return count
    }
  }
}
