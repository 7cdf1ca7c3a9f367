/// Finds text that is encoded, and decodes it: base64, hexadecimal, percent signs, entities, escapes, character codes,
/// rotated and reversed letters.
enum EncodedText {
  struct Decoded {
    let text: String
    /// In the original's UTF-8.
    let range: Range<Int>
    /// Whether what it says can't be read without decoding at all, as base64.
    let isOpaque: Bool
  }

  /// Each byte is decoded once in each of the encodings at most.
  static func decoded(in bytes: [UInt8]) -> [Decoded] {
    guard bytes.count > 11 else { return [] }
    var found: [Decoded] = []
    readRuns(bytes, into: &found)
    if bytes.contains(UInt8(ascii: "%")) { readPercents(bytes, into: &found) }
    if bytes.contains(UInt8(ascii: "&")) { readEntities(bytes, into: &found) }
    if bytes.contains(UInt8(ascii: "\\")) { readEscapes(bytes, into: &found) }
    readCodes(bytes, into: &found)
    readTurned(bytes, into: &found)
    return found
  }

  // MARK: Base64 and hexadecimal

  private static func value64(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x41...0x5A: byte - 0x41
    case 0x61...0x7A: byte - 0x61 + 26
    case 0x30...0x39: byte - 0x30 + 52
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }

  private static func value16(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  private static func readRuns(_ bytes: [UInt8], into found: inout [Decoded]) {
    var index = 0
    while index < bytes.count {
      guard value64(bytes[index]) != nil else {
        index += 1
        continue
      }
      let start = index
      var digits: [UInt8] = []
      var lineStart = index
      while index < bytes.count {
        if value64(bytes[index]) != nil {
          digits.append(bytes[index])
          index += 1
        } else if bytes[index] == UInt8(ascii: "\n"), index - lineStart > 59, index + 1 < bytes.count,
          value64(bytes[index + 1]) != nil
        {
          // Encoders break lines at 64 or 76.
          index += 1
          lineStart = index
        } else {
          break
        }
      }
      guard digits.count > 15 else { continue }
      if let text = hexadecimal(digits[...]) ?? base64(digits) {
        found.append(Decoded(text: text, range: start..<index, isOpaque: true))
      }
    }
  }

  private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> String? {
    guard digits.count % 2 == 0 else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(digits.count / 2)
    var index = digits.startIndex
    while index < digits.endIndex {
      guard let high = value16(digits[index]), let low = value16(digits[index + 1]) else { return nil }
      result.append(high << 4 | low)
      index += 2
    }
    return readable(result)
  }

  private static func base64(_ digits: [UInt8]) -> String? {
    var result: [UInt8] = []
    result.reserveCapacity(digits.count / 4 * 3)
    var bits: UInt32 = 0
    var count = 0
    for digit in digits {
      guard let value = value64(digit) else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return readable(result)
  }

  /// Text, also in UTF-16, with hardly anything in it that isn't printed.
  private static func readable(_ bytes: [UInt8]) -> String? {
    var bytes = bytes
    if bytes.count > 15, bytes.count % 2 == 0,
      stride(from: 1, to: bytes.count, by: 2).allSatisfy({ bytes[$0] == 0 })
    {
      bytes = stride(from: 0, to: bytes.count, by: 2).map { bytes[$0] }
    }
    guard bytes.count > 7, !bytes.contains(where: { $0 < 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }) else {
      return nil
    }
    // The end may be cut off within a scalar.
    for dropped in 0..<min(4, bytes.count) {
      if let text = String(validating: bytes.dropLast(dropped), as: UTF8.self) { return text }
    }
    return nil
  }

  // MARK: Escapes

  /// Chunks without blanks that have three percent signs and more with two digits each.
  private static func readPercents(_ bytes: [UInt8], into found: inout [Decoded]) {
    var start = 0
    while start < bytes.count {
      var end = start
      var count = 0
      var result: [UInt8] = []
      while end < bytes.count, bytes[end] > 0x20 {
        if bytes[end] == UInt8(ascii: "%"), end + 2 < bytes.count, let high = value16(bytes[end + 1]),
          let low = value16(bytes[end + 2])
        {
          result.append(high << 4 | low)
          count += 1
          end += 3
        } else {
          result.append(bytes[end] == UInt8(ascii: "+") ? 0x20 : bytes[end])
          end += 1
        }
      }
      if count > 2, let text = readable(result) {
        found.append(Decoded(text: text, range: start..<end, isOpaque: count * 3 * 10 > (end - start) * 8))
      }
      start = end + 1
    }
  }

  private static let entities: [(name: [UInt8], byte: UInt8)] = [
    (Array("lt;".utf8), 0x3C), (Array("gt;".utf8), 0x3E), (Array("amp;".utf8), 0x26), (Array("quot;".utf8), 0x22),
    (Array("apos;".utf8), 0x27), (Array("nbsp;".utf8), 0x20),
  ]

  /// The whole text, when it has three entities and more.
  private static func readEntities(_ bytes: [UInt8], into found: inout [Decoded]) {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var numbers = 0
    var names = 0
    var index = 0
    scan: while index < bytes.count {
      if bytes[index] == UInt8(ascii: "&") {
        if let (scalar, end) = numericEntity(bytes, index) {
          result += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
          numbers += 1
          index = end
          continue
        }
        for entity in entities where bytes[(index + 1)...].starts(with: entity.name) {
          result.append(entity.byte)
          names += 1
          index += 1 + entity.name.count
          continue scan
        }
      }
      result.append(bytes[index])
      index += 1
    }
    guard numbers + names > 2, let text = readable(result) else { return }
    found.append(Decoded(text: text, range: 0..<bytes.count, isOpaque: numbers * 10 > result.count * 6))
  }

  private static func numericEntity(_ bytes: [UInt8], _ start: Int) -> (Unicode.Scalar, Int)? {
    var index = start + 1
    guard index < bytes.count, bytes[index] == UInt8(ascii: "#") else { return nil }
    index += 1
    let isHex = index < bytes.count && bytes[index] | 0x20 == UInt8(ascii: "x")
    if isHex { index += 1 }
    var value: UInt32 = 0
    let first = index
    while index < bytes.count, index - first < 8, let digit = value16(bytes[index]), isHex || digit < 10 {
      value = value &* (isHex ? 16 : 10) &+ UInt32(digit)
      index += 1
    }
    guard index > first, index < bytes.count, bytes[index] == UInt8(ascii: ";"), let scalar = Unicode.Scalar(value)
    else {
      return nil
    }
    return (scalar, index + 1)
  }

  /// `\x41`, `\u0041`, `\101`: the whole text, when it has four and more.
  private static func readEscapes(_ bytes: [UInt8], into found: inout [Decoded]) {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var count = 0
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\\"), index + 3 < bytes.count {
        let kind = bytes[index + 1] | 0x20
        let (digits, base, skip): (Int, UInt32, Int) =
          kind == UInt8(ascii: "x") ? (2, 16, 2) : kind == UInt8(ascii: "u") ? (4, 16, 2) : (3, 8, 1)
        if index + skip + digits <= bytes.count {
          var value: UInt32? = 0
          for byte in bytes[index + skip..<index + skip + digits] {
            value = value.flatMap { old in value16(byte).flatMap { UInt32($0) < base ? old * base + UInt32($0) : nil } }
          }
          if let value, let scalar = Unicode.Scalar(value) {
            result += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            count += 1
            index += skip + digits
            continue
          }
        }
      }
      result.append(bytes[index])
      index += 1
    }
    guard count > 3, let text = readable(result) else { return }
    found.append(Decoded(text: text, range: 0..<bytes.count, isOpaque: count * 10 > result.count * 6))
  }

  /// Eight numbers in a row and more that are ASCII characters: pairs of hexadecimal digits, or decimal numbers.
  private static func readCodes(_ bytes: [UInt8], into found: inout [Decoded]) {
    var index = 0
    while index < bytes.count {
      guard value16(bytes[index]) != nil, index == 0 || !WordStream.isAlphanumeric(bytes[index - 1]) else {
        index += 1
        continue
      }
      let start = index
      var decimal: [UInt8]? = []
      var pairs: [UInt8]? = []
      var end = index
      while index < bytes.count {
        var from = index
        if bytes[from] == UInt8(ascii: "0"), from + 1 < bytes.count, bytes[from + 1] == UInt8(ascii: "x") { from += 2 }
        var last = from
        while last < bytes.count, last - from < 4, value16(bytes[last]) != nil { last += 1 }
        let digits = bytes[from..<last]
        guard !digits.isEmpty, digits.count < 4, last == bytes.count || !WordStream.isAlphanumeric(bytes[last]) else {
          break
        }
        if digits.count == 2, let high = value16(digits[from]), let low = value16(digits[from + 1]) {
          pairs?.append(high << 4 | low)
        } else {
          pairs = nil
        }
        let value = digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
        if digits.allSatisfy({ 0x30...0x39 ~= $0 }), 0x20...0x7E ~= value || value == 10, from == index {
          decimal?.append(UInt8(value))
        } else {
          decimal = nil
        }
        guard pairs != nil || decimal != nil else { break }
        end = last
        index = last
        var blanks = 0
        while index < bytes.count, blanks < 3, isBetweenCodes(bytes[index]) {
          index += 1
          blanks += 1
        }
        if blanks == 0 { break }
      }
      for codes in [pairs, decimal] {
        if let codes, codes.count > 7, let text = readable(codes), codes.contains(where: { $0 | 0x20 >= 0x61 }) {
          found.append(Decoded(text: text, range: start..<end, isOpaque: true))
        }
      }
      index = max(end, start + 1)
    }
  }

  private static func isBetweenCodes(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":")
  }

  // MARK: Turned

  // `instruction`, `previous`, `password` and `system prompt`, 13 letters on and from behind.
  private static let rotated = ["vafgehpgvba", "cerivbhf", "cnffjbeq", "flfgrz cebzcg"].map { Array($0.utf8) }
  private static let reversed = ["noitcurtsni", "snoitcurtsni", "suoiverp", "drowssap", "tpmorp metsys"].map {
    Array($0.utf8)
  }

  private static func readTurned(_ bytes: [UInt8], into found: inout [Decoded]) {
    let lower = bytes.map(\.asciiLowercased)
    if contains(lower, Self.rotated) {
      let turned = bytes.map { byte -> UInt8 in
        guard 0x61...0x7A ~= byte | 0x20 else { return byte }
        let place = (byte | 0x20) - 0x61
        return (byte & 0xE0) + 1 + (place + 13) % 26
      }
      found.append(Decoded(text: String(decoding: turned, as: UTF8.self), range: 0..<bytes.count, isOpaque: false))
    }
    if contains(lower, Self.reversed) {
      found.append(
        Decoded(
          text: String(String.UnicodeScalarView(String(decoding: bytes, as: UTF8.self).unicodeScalars.reversed())),
          range: 0..<bytes.count, isOpaque: false))
    }
  }

  private static func contains(_ text: [UInt8], _ words: [[UInt8]]) -> Bool {
    var begins = [Bool](repeating: false, count: 256)
    for word in words { begins[Int(word[0])] = true }
    // The second letter tells most of the places apart.
    var follows = [Bool](repeating: false, count: 256)
    for word in words { follows[Int(word[1])] = true }
    for index in text.indices.dropLast() where begins[Int(text[index])] {
      guard follows[Int(text[index + 1])] else { continue }
      for word in words where text[index...].starts(with: word) { return true }
    }
    return false
  }
}
