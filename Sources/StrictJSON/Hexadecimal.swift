extension UInt8 {
  /// The value of the hexadecimal digit, in either case; absent when the byte is none.
  package var hexadecimalDigit: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension Sequence<UInt8> {
  /// Two digits for each byte, in lower case.
  package var hexadecimalText: String {
    // Once more for what isn't stored in one piece.
    withContiguousStorageIfAvailable { $0.hexadecimalDigits } ?? Array(self).hexadecimalText
  }

  /// The bytes that an even number of hexadecimal digits are, in either case; absent for anything else.
  package var hexadecimalBytes: [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for byte in self {
      guard let digit = byte.hexadecimalDigit else { return nil }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return high == nil ? bytes : nil
  }

  /// The number that up to eight hexadecimal digits are; absent when a byte is none.
  package var hexadecimalValue: UInt32? {
    var value: UInt32 = 0
    for byte in self {
      guard let digit = byte.hexadecimalDigit else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}

extension UnsafeBufferPointer<UInt8> {
  fileprivate var hexadecimalDigits: String {
    String(unsafeUninitializedCapacity: 2 * count) { text in
      for (index, byte) in enumerated() {
        text[2 * index] = Self.digit(byte >> 4)
        text[2 * index + 1] = Self.digit(byte & 0xF)
      }
      return 2 * count
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
