extension UInt8 {
  /// In lower case when it is a capital ASCII letter; else itself.
  var asciiLowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}

extension String {
  /// Whether the bytes are the same, in lower case as far as they are ASCII.
  func isSameIgnoringASCIICase(as other: String) -> Bool {
    guard utf8.count == other.utf8.count else { return false }
    let isSame = utf8.withContiguousStorageIfAvailable { bytes in
      other.utf8.withContiguousStorageIfAvailable { others in
        // Most are spelled the same way.
        bytes.indices.allSatisfy { index in
          bytes[index] == others[index] || bytes[index].asciiLowercased == others[index].asciiLowercased
        }
      }
    }
    // Text that isn't native has no bytes to look at.
    return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8) { $0.asciiLowercased == $1.asciiLowercased }
  }
}
