/// Strings as yaml.v2 reads them out of JSON: the way from a value to YAML leads over JSON that is read as YAML, which
/// knows more line breaks than JSON, less characters, and a limit for keys.
enum JSONInYAML {
  private static let longestKey = 1_022

  static func read(key: String) throws(BuiltinError) -> String {
    guard !key.unicodeScalars.contains(lineBreak), jsonLength(key) <= longestKey else {
      throw .failure("yaml: did not find expected ',' or '}'")
    }
    return try read(key)
  }

  static func read(_ text: String) throws(BuiltinError) -> String {
    let characters = text.unicodeScalars
    guard characters.allSatisfy({ $0.value < 0x7F || isAllowed($0) }) else {
      throw .failure("yaml: control characters are not allowed")
    }
    return characters.contains(lineBreak) ? try folded(characters) : text
  }

  /// The one line break that JSON doesn't escape.
  private static let lineBreak: Unicode.Scalar = "\u{85}"

  private static func isAllowed(_ character: Unicode.Scalar) -> Bool {
    switch character.value {
    case 0x7F...0x84, 0x86...0x9F, 0xFFFE, 0xFFFF: false
    default: true
    }
  }

  /// A break between words is a space; of several, all but one stay. Spaces beside them are lost.
  private static func folded(_ characters: String.UnicodeScalarView) throws(BuiltinError) -> String {
    var result = String.UnicodeScalarView()
    var rest = Substring.UnicodeScalarView(characters)
    while let next = rest.firstIndex(where: { $0 == " " || $0 == lineBreak }) {
      result += rest[..<next]
      rest = rest[next...]
      let gap = rest.prefix { $0 == " " || $0 == lineBreak }
      rest = rest[gap.endIndex...]
      let breaks = gap.count { $0 == lineBreak }
      switch breaks {
      case 0: result += gap
      case 1: result.append(" ")
      default: result += repeatElement("\n", count: breaks - 1)
      }
      if gap.last == lineBreak, let after = rest.dropFirst(3).first, after == " " || after == lineBreak,
        rest.starts(with: "---".unicodeScalars) || rest.starts(with: "...".unicodeScalars)
      {
        throw .failure("yaml: found unexpected document indicator")
      }
    }
    result += rest
    return String(result)
  }

  /// In characters, without the quotes.
  private static func jsonLength(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { length, character in
      switch character {
      case "\"", "\\", "\n", "\r", "\t", "\u{08}", "\u{0C}": length + 2
      case "<", ">", "&", "\u{2028}", "\u{2029}", "\u{00}"..<" ": length + 6
      default: length + 1
      }
    }
  }
}
