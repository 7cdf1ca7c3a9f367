/// Quoted as Go's `%q` does it, which OPA's texts contain.
enum GoQuote {
  static func string(_ text: String, ascii: Bool = false) -> String {
    var result = "\""
    for scalar in text.unicodeScalars { append(scalar, quote: "\"", ascii: ascii, to: &result) }
    return result + "\""
  }

  static func character(_ scalar: Unicode.Scalar, ascii: Bool = false) -> String {
    var result = "'"
    append(scalar, quote: "'", ascii: ascii, to: &result)
    return result + "'"
  }

  /// Whether the text can stand between backquotes: on one line, and nothing that would not show.
  static func canBackquote(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      switch scalar.value {
      case 9: true
      case 0..<0x20, 0x60, 0x7F, 0xFEFF: false
      default: true
      }
    }
  }

  /// Letters, marks, numbers, punctuation, symbols and the plain space.
  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    case .spaceSeparator: scalar == " "
    default: true
    }
  }

  private static func append(_ scalar: Unicode.Scalar, quote: Unicode.Scalar, ascii: Bool, to result: inout String) {
    switch scalar {
    case quote, "\\": result += "\\\(scalar)"
    case "\u{07}": result += "\\a"
    case "\u{08}": result += "\\b"
    case "\u{0C}": result += "\\f"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case "\u{0B}": result += "\\v"
    case _ where isPrintable(scalar) && (scalar.isASCII || !ascii): result.unicodeScalars.append(scalar)
    case "\0"..<" ", "\u{7F}": result += "\\x" + hex(scalar, 2)
    case "\u{80}"..<"\u{10000}": result += "\\u" + hex(scalar, 4)
    default: result += "\\U" + hex(scalar, 8)
    }
  }

  private static func hex(_ scalar: Unicode.Scalar, _ width: Int) -> String {
    let digits = String(scalar.value, radix: 16)
    return String(repeating: "0", count: max(width - digits.count, 0)) + digits
  }
}
