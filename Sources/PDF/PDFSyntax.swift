/// PDF's words (PDF 32000-1, 7.3).
extension [UInt8] {
  mutating func append(_ text: String) { append(contentsOf: text.utf8) }

  mutating func append(_ value: Int) {
    guard value >= 10 || value < 0 else { return append(UInt8(ascii: "0") + UInt8(value)) }
    append(String(value))
  }

  /// With at most two decimals (a hundredth of a point is 3.5 µm); zero for what is no number.
  mutating func append(_ value: Double) {
    guard value.isFinite else { return append(0) }
    let hundredths = Int(Swift.min(Swift.max(value * 100, -1e9), 1e9).rounded())
    let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
    if hundredths < 0 { append(UInt8(ascii: "-")) }
    append(Int(whole))
    guard rest != 0 else { return }
    append(UInt8(ascii: "."))
    append(UInt8(ascii: "0") + UInt8(rest / 10))
    if rest % 10 != 0 { append(UInt8(ascii: "0") + UInt8(rest % 10)) }
  }

  /// A byte within a string in parentheses.
  mutating func appendStringByte(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\\"):
      append(UInt8(ascii: "\\"))
      append(byte)
    // A reader takes it for a line feed.
    case 0x0D: append(#"\r"#)
    default: append(byte)
    }
  }

  /// A text string: ASCII as it is, others in UTF-16.
  mutating func appendTextString(_ text: String) {
    append(UInt8(ascii: "("))
    if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
      for byte in text.utf8 { appendStringByte(byte) }
    } else {
      append(contentsOf: [0xFE, 0xFF])
      for unit in text.utf16 {
        appendStringByte(UInt8(unit >> 8))
        appendStringByte(UInt8(unit & 0xFF))
      }
    }
    append(UInt8(ascii: ")"))
  }

  /// Four digits.
  mutating func appendHexadecimal(_ value: UInt16) {
    for shift in [12, 8, 4, 0] as [UInt16] {
      let digit = UInt8(value >> shift & 0xF)
      append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
    }
  }
}
