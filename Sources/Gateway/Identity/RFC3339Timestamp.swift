/// Times as people and other programs write them (RFC 3339 section 5.6): `2027-01-01T00:00:00Z`,
/// `2027-01-01T01:00:00.5+01:00`.
public enum RFC3339Timestamp {
  /// Microseconds since 1970-01-01T00:00:00Z, digits beyond them cut off; nil for what is no such time, and for leap
  /// seconds.
  public static func microseconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes[10] | 0x20 == UInt8(ascii: "t") else { return nil }
    var date = Array(bytes[..<19])
    date[10] = UInt8(ascii: "T")
    guard let start = ISOTimestamp.microseconds(date + Array("+00:00".utf8)) else { return nil }
    var rest = bytes[19...]
    var fraction: Int64 = 0
    if rest.first == UInt8(ascii: ".") {
      let digits = rest.dropFirst().prefix { $0 &- UInt8(ascii: "0") <= 9 }
      guard (1...20).contains(digits.count) else { return nil }
      for index in 0..<6 {
        fraction *= 10
        if index < digits.count { fraction += Int64(digits[digits.startIndex + index] - UInt8(ascii: "0")) }
      }
      rest = rest[digits.endIndex...]
    }
    guard let offset = offset(Array(rest)) else { return nil }
    let result = start + fraction - offset * 60_000_000
    return ISOTimestamp.range.contains(result) ? result : nil
  }

  /// In minutes.
  private static func offset(_ bytes: [UInt8]) -> Int64? {
    if bytes == [UInt8(ascii: "Z")] || bytes == [UInt8(ascii: "z")] { return 0 }
    guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
      bytes[3] == UInt8(ascii: ":")
    else { return nil }
    let digits = [bytes[1], bytes[2], bytes[4], bytes[5]].map { Int64($0) - Int64(UInt8(ascii: "0")) }
    guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
    let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
    guard hours < 24, minutes < 60 else { return nil }
    return (bytes[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
  }
}
