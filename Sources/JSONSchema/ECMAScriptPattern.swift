import StrictJSON

/// Rewrites patterns of ECMA-262, read as with its flag `u` but as forgiving as without, into RE2's syntax.
///
/// Groups don't capture: nobody asks what they matched. What is malformed goes through, for RE2 to refuse.
struct ECMAScriptPattern {
  private let source: [UInt8]
  private var index = 0
  private var output: [UInt8] = []
  private var hasProperties = false

  static func translated(_ source: String) throws(Pattern.Failure) -> (bytes: [UInt8], hasProperties: Bool) {
    var translation = ECMAScriptPattern(source: Array(source.utf8))
    translation.output.reserveCapacity(translation.source.count + 16)
    try translation.translate()
    return (translation.output, translation.hasProperties)
  }

  private init(source: [UInt8]) { self.source = source }

  private mutating func translate() throws(Pattern.Failure) {
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\\"): _ = try escape(inClass: false)
      case UInt8(ascii: "["): try characterClass()
      case UInt8(ascii: "("): try group()
      case UInt8(ascii: "."):
        index += 1
        emit("[^" + Self.lineTerminators + "]")
      default:
        index += 1
        output.append(byte)
      }
    }
  }

  private func peek(_ offset: Int = 0) -> UInt8? {
    index + offset < source.count ? source[index + offset] : nil
  }

  private func follows(_ text: StaticString, at offset: Int = 0) -> Bool {
    text.withUTF8Buffer { source.dropFirst(index + offset).starts(with: $0) }
  }

  private mutating func emit(_ text: String) { output += text.utf8 }

  private mutating func emit(scalar: UInt32) { emit("\\x{" + String(scalar, radix: 16) + "}") }
}

// MARK: Groups and classes

extension ECMAScriptPattern {
  private mutating func group() throws(Pattern.Failure) {
    guard follows("(?") else {
      index += 1
      return emit("(?:")
    }
    if follows("(?=") || follows("(?!") || follows("(?<=") || follows("(?<!") { throw .unsupported("lookaround") }
    if follows("(?P=") { throw .unsupported("a reference back to a group") }
    if follows("(?:") {
      index += 3
      return emit("(?:")
    }
    if follows("(?i:") || follows("(?i)") {
      output += source[index..<index + 4]
      index += 4
      return
    }
    // Python's way to name a group is as clear.
    guard follows("(?<") || follows("(?P<"), let end = source[index...].firstIndex(of: UInt8(ascii: ">")) else {
      throw .unsupported("a kind of group that is not known")
    }
    index = end + 1
    emit("(?:")
  }

  private mutating func characterClass() throws(Pattern.Failure) {
    index += 1
    let isNegated = peek() == UInt8(ascii: "^")
    if isNegated { index += 1 }
    if peek() == UInt8(ascii: "]") {
      index += 1
      return emit(isNegated ? #"[\x{0}-\x{10ffff}]"# : #"[^\x{0}-\x{10ffff}]"#)
    }
    emit(isNegated ? "[^" : "[")
    // A hyphen beside a set of characters, as in `[\w-.]`, stands for itself.
    var followsSet = false
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "]"):
        index += 1
        return emit("]")
      case UInt8(ascii: "\\"):
        followsSet = try escape(inClass: true)
        continue
      case UInt8(ascii: "-") where followsSet || beginsSet(at: 1): emit(#"\-"#)
      case UInt8(ascii: "["): emit(#"\["#)
      default: output.append(byte)
      }
      index += 1
      followsSet = false
    }
  }

  private func beginsSet(at offset: Int) -> Bool {
    guard peek(offset) == UInt8(ascii: "\\"), let letter = peek(offset + 1) else { return false }
    return "dDwWsSpP".utf8.contains(letter)
  }
}

// MARK: Escapes

extension ECMAScriptPattern {
  private static let lineTerminators = #"\n\r\x{2028}\x{2029}"#

  // ECMA-262's WhiteSpace and LineTerminator, and what lies between.
  private static let spaces =
    #"\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"#
  private static let otherThanSpaces =
    #"\x{0}-\x{8}\x{e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}"#
    + #"\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}"#

  /// Gives whether it stands for a set of characters.
  private mutating func escape(inClass: Bool) throws(Pattern.Failure) -> Bool {
    guard let letter = peek(1) else {
      index += 1
      emit("\\")
      return false
    }
    switch letter {
    case UInt8(ascii: "d"), UInt8(ascii: "D"), UInt8(ascii: "w"), UInt8(ascii: "W"):
      output += [UInt8(ascii: "\\"), letter]
      index += 2
      return true
    case UInt8(ascii: "s"), UInt8(ascii: "S"):
      let set = letter == UInt8(ascii: "s") ? Self.spaces : Self.otherThanSpaces
      emit(inClass ? set : "[" + set + "]")
      index += 2
      return true
    case UInt8(ascii: "p"), UInt8(ascii: "P"):
      try property(letter)
      return true
    case UInt8(ascii: "b"):
      emit(inClass ? #"\x{8}"# : #"\b"#)
      index += 2
    case UInt8(ascii: "B"):
      // RE2 would find it between the bytes of a character, too.
      throw .unsupported(#"\B"#)
    case UInt8(ascii: "t"), UInt8(ascii: "n"), UInt8(ascii: "v"), UInt8(ascii: "f"), UInt8(ascii: "r"):
      output += [UInt8(ascii: "\\"), letter]
      index += 2
    case UInt8(ascii: "c"): try controlLetter()
    case UInt8(ascii: "0") where !isDigit(peek(2)):
      emit(scalar: 0)
      index += 2
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "k"):
      throw .unsupported("a reference back to a group")
    case UInt8(ascii: "x"):
      guard let value = hexadecimal(from: 2, count: 2) else { throw .unsupported(#"\x without two digits"#) }
      emit(scalar: value)
      index += 4
    case UInt8(ascii: "u"): try unicodeEscape()
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
      throw .unsupported("\\" + String(UnicodeScalar(letter)))
    case UInt8(ascii: "_"), 0x80...:
      output.append(letter)
      index += 2
    default:
      output += [UInt8(ascii: "\\"), letter]
      index += 2
    }
    return false
  }

  private func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 &- UInt8(ascii: "0") < 10 } ?? false }

  private func hexadecimal(from offset: Int, count: Int) -> UInt32? {
    let digits = source.dropFirst(index + offset).prefix(count)
    return digits.count == count ? digits.hexadecimalValue : nil
  }

  private mutating func controlLetter() throws(Pattern.Failure) {
    guard let letter = peek(2), (letter | 0x20) &- UInt8(ascii: "a") < 26 else {
      throw .unsupported(#"\c without a letter"#)
    }
    emit(scalar: UInt32(letter & 0x1F))
    index += 3
  }

  private mutating func unicodeEscape() throws(Pattern.Failure) {
    if peek(2) == UInt8(ascii: "{"), let end = source[index...].firstIndex(of: UInt8(ascii: "}")) {
      let digits = source[index + 3..<end].drop { $0 == UInt8(ascii: "0") }
      guard end > index + 3, digits.count <= 6, let value = digits.hexadecimalValue, UnicodeScalar(value) != nil else {
        throw .unsupported(#"\u that is no character"#)
      }
      emit(scalar: value)
      index = end + 1
      return
    }
    guard let unit = hexadecimal(from: 2, count: 4) else { throw .unsupported(#"\u without four digits"#) }
    if UnicodeScalar(unit) != nil {
      emit(scalar: unit)
      index += 6
      return
    }
    guard unit < 0xDC00, follows(#"\u"#, at: 6), let low = hexadecimal(from: 8, count: 4), 0xDC00...0xDFFF ~= low else {
      throw .unsupported("half of a surrogate pair")
    }
    emit(scalar: 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    index += 12
  }

  private mutating func property(_ letter: UInt8) throws(Pattern.Failure) {
    guard peek(2) == UInt8(ascii: "{"), let end = source[index...].firstIndex(of: UInt8(ascii: "}")) else {
      throw .unsupported(#"\p without a name"#)
    }
    var name = String(decoding: source[index + 3..<end], as: UTF8.self)
    for prefix in ["General_Category=", "gc=", "Script=", "sc="] where name.utf8.starts(with: prefix.utf8) {
      name = String(Substring(name.utf8.dropFirst(prefix.utf8.count)))
      break
    }
    hasProperties = true
    index = end + 1
    emit("\\" + String(UnicodeScalar(letter)) + "{" + (Self.categories[name] ?? name) + "}")
  }

  // Unicode's long names of the general categories (PropertyValueAliases.txt); RE2 knows the short ones.
  private static let categories = [
    "Letter": "L", "Cased_Letter": "LC", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt",
    "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Combining_Mark": "M", "Nonspacing_Mark": "Mn",
    "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd", "digit": "Nd",
    "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc",
    "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps", "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi",
    "Final_Punctuation": "Pf", "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm", "Currency_Symbol": "Sc",
    "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs", "Line_Separator": "Zl",
    "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc", "Format": "Cf", "Private_Use": "Co",
  ]
}
