#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension String {
  /// `==` takes canonically equivalent texts for equal; JSON and Rego do not.
  package func hasSameBytes(as other: String) -> Bool {
    if hasSameRepresentation(as: other) { return true }
    return utf8.count == other.utf8.count && compareBytes(to: other) == 0
  }

  /// Whether the bytes begin with the other's, whatever characters they are parts of.
  package func hasBytes(prefix: String) -> Bool { utf8.count >= prefix.utf8.count && compareBytes(to: prefix) == 0 }

  /// As `hasSameBytes` compares.
  package func hashBytes(into hasher: inout Hasher) {
    var copy = self
    copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// Two values with the same bits are the same text, whatever the bits mean; with other bits they may be as well.
  private func hasSameRepresentation(as other: String) -> Bool {
    guard MemoryLayout<String>.size == MemoryLayout<(UInt64, UInt64)>.size else { return false }
    return unsafeBitCast(self, to: (UInt64, UInt64).self) == unsafeBitCast(other, to: (UInt64, UInt64).self)
  }

  /// Whether the bytes are below the other's, the first difference deciding; a text is below what it begins.
  package func hasBytes(before other: String) -> Bool {
    let order = compareBytes(to: other)
    return order < 0 || (order == 0 && utf8.count < other.utf8.count)
  }

  /// Below 0, 0 or above 0, over the length of the shorter.
  private func compareBytes(to other: String) -> Int32 {
    let order: Int32?? = utf8.withContiguousStorageIfAvailable { a in
      other.utf8.withContiguousStorageIfAvailable { b in
        guard let x = a.baseAddress, let y = b.baseAddress else { return 0 }
        return memcmp(x, y, min(a.count, b.count))
      }
    }
    if let order, let order { return order }
    for (x, y) in zip(utf8, other.utf8) where x != y { return x < y ? -1 : 1 }
    return 0
  }

  /// The order of the UTF-16 code units, which differs from that of the bytes only where a scalar above U+FFFF (a lead
  /// byte from 0xF0 on) meets one of U+E000 to U+FFFF (a lead byte of 0xEE or 0xEF).
  func hasUTF16(before other: String) -> Bool {
    for (x, y) in zip(utf8, other.utf8) where x != y {
      return min(x, y) >= 0xEE && (x >= 0xF0) != (y >= 0xF0) ? x > y : x < y
    }
    return utf8.count < other.utf8.count
  }
}
