/// RFC 4648 as Go's encoding/base64 reads and writes it: line ends are skipped, bits left over are not looked at.
package struct Base64: Sendable {
  package static let standard = Base64(last: "+/")
  package static let url = Base64(last: "-_")

  /// Where a text stops being Base64.
  package struct IllegalByte: Error, Equatable {
    /// In bytes from the text's start.
    package let offset: Int
  }

  private let alphabet: [UInt8]
  private let values: [UInt8?]

  private init(last: String) {
    alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(last)".utf8)
    var values = [UInt8?](repeating: nil, count: 256)
    for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
    self.values = values
  }

  package func encode(_ bytes: [UInt8], padded: Bool = true) -> String {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let count = min(3, bytes.count - start)
      var word: UInt32 = 0
      for index in 0..<3 { word = word << 8 | (index < count ? UInt32(bytes[start + index]) : 0) }
      for index in 0..<4 {
        if index <= count {
          result.append(alphabet[Int(word >> UInt32(18 - 6 * index)) & 0x3F])
        } else if padded {
          result.append(UInt8(ascii: "="))
        }
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  package func decode(_ text: [UInt8]) throws(IllegalByte) -> [UInt8] {
    func illegal(_ offset: Int) -> IllegalByte { IllegalByte(offset: offset) }
    let isLineEnd = { (byte: UInt8) in byte == 0x0A || byte == 0x0D }
    var result: [UInt8] = []
    result.reserveCapacity(text.count / 4 * 3)
    var (word, digits): (UInt32, Int) = (0, 0)
    var index = 0
    while index < text.count {
      let byte = text[index]
      if isLineEnd(byte) {
        index += 1
        continue
      }
      if let value = values[Int(byte)] {
        word = word << 6 | UInt32(value)
        digits += 1
        if digits == 4 {
          result += [
            UInt8(truncatingIfNeeded: word >> 16), UInt8(truncatingIfNeeded: word >> 8),
            UInt8(truncatingIfNeeded: word),
          ]
          (word, digits) = (0, 0)
        }
        index += 1
        continue
      }
      guard byte == UInt8(ascii: "="), digits >= 2 else { throw illegal(index) }
      index += 1
      if digits == 2 {
        while index < text.count, isLineEnd(text[index]) { index += 1 }
        guard index < text.count else { throw illegal(text.count) }
        guard text[index] == UInt8(ascii: "=") else { throw illegal(index - 1) }
        index += 1
        result.append(UInt8(truncatingIfNeeded: word >> 4))
      } else {
        result += [UInt8(truncatingIfNeeded: word >> 10), UInt8(truncatingIfNeeded: word >> 2)]
      }
      while index < text.count, isLineEnd(text[index]) { index += 1 }
      if index < text.count { throw illegal(index) }
      return result
    }
    if digits > 0 { throw illegal(text.count - digits) }
    return result
  }

  /// In the alphabet for URLs or the standard one, padded or not, as keys come. Absent when it is neither.
  package static func decodeLeniently(_ text: String) -> [UInt8]? {
    var digits = Array(text.utf8)
    while digits.last == padding { digits.removeLast() }
    guard digits.count % 4 != 1 else { return nil }
    digits += repeatElement(padding, count: -digits.count & 3)
    let isStandard = digits.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
    return try? (isStandard ? standard : url).decode(digits)
  }

  private static let padding = UInt8(ascii: "=")
}
