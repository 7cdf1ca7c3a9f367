import StrictJSON

/// A `\u` with four digits or a pair of them, as JSON has it.
struct UnicodeEscape {
  let scalar: Unicode.Scalar
  /// In bytes: 6 or 12.
  let length: Int

  /// Absent when none starts at `offset`, or only half of a surrogate pair.
  init?<Bytes: RandomAccessCollection<UInt8>>(_ bytes: Bytes, at offset: Int) where Bytes.Index == Int {
    guard let unit = Self.codeUnit(bytes, at: offset) else { return nil }
    if let scalar = Unicode.Scalar(unit) {
      self.scalar = scalar
      length = 6
    } else if unit < 0xDC00, let low = Self.codeUnit(bytes, at: offset + 6), low & 0xFC00 == 0xDC00,
      let scalar = Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF)
    {
      self.scalar = scalar
      length = 12
    } else {
      return nil
    }
  }

  private static func codeUnit<Bytes: RandomAccessCollection<UInt8>>(_ bytes: Bytes, at offset: Int) -> UInt32?
  where Bytes.Index == Int {
    guard offset + 6 <= bytes.endIndex, bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u")
    else { return nil }
    return bytes[offset + 2..<offset + 6].hexadecimalValue
  }
}

extension UnicodeEscape {
  /// The text with every `\u` with four digits and every `\/` as the character that it stands for, but for control
  /// characters, quotes and backslashes: JSON stays the same JSON. Absent when there is nothing to replace.
  static func resolved(in text: String) -> String? {
    var copy = text
    return copy.withUTF8 { bytes in
      guard bytes.contains(UInt8(ascii: "\\")) else { return nil }
      var output: [UInt8] = []
      var copied = 0
      var offset = 0
      while offset + 1 < bytes.count {
        guard bytes[offset] == UInt8(ascii: "\\") else {
          offset += 1
          continue
        }
        if bytes[offset + 1] == UInt8(ascii: "/") {
          output += bytes[copied..<offset]
          copied = offset + 1
        } else if let escape = UnicodeEscape(bytes, at: offset) {
          if escape.scalar.value >= 0x20, escape.scalar != "\"", escape.scalar != "\\" {
            output += bytes[copied..<offset]
            output += String(escape.scalar).utf8
            copied = offset + escape.length
          }
          offset += escape.length
          continue
        }
        offset += 2
      }
      guard copied > 0 else { return nil }
      output += bytes[copied...]
      return String(decoding: output, as: UTF8.self)
    }
  }
}
