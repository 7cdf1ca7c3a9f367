extension Value {
  /// The term as OPA writes it in messages: `{"a": [1, null]}`, `{1, 2}`, `set()`. Strings are quoted as Go does
  /// (strconv.Quote): what can't be seen is escaped.
  public var regoDescription: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .number(let number): text += number.description
    case .string(let string): string.writeQuoted(to: &text)
    case .array(let elements):
      text += "["
      Self.write(elements, to: &text)
      text += "]"
    case .set(let set):
      if set.isEmpty {
        text += "set()"
      } else {
        text += "{"
        Self.write(set.elements, to: &text)
        text += "}"
      }
    case .object(let object):
      text += "{"
      var isFirst = true
      for (key, value) in object.entries {
        if !isFirst { text += ", " }
        isFirst = false
        key.write(to: &text)
        text += ": "
        value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func write(_ elements: [Value], to text: inout String) {
    var isFirst = true
    for element in elements {
      if !isFirst { text += ", " }
      isFirst = false
      element.write(to: &text)
    }
  }
}

extension Text {
  /// In quotes, escaped as Go's strconv.Quote does.
  var quoted: String {
    var text = ""
    writeQuoted(to: &text)
    return text
  }

  fileprivate func writeQuoted(to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += #"\""#
      case "\\": text += #"\\"#
      case "\u{07}": text += #"\a"#
      case "\u{08}": text += #"\b"#
      case "\u{0C}": text += #"\f"#
      case "\n": text += #"\n"#
      case "\r": text += #"\r"#
      case "\t": text += #"\t"#
      case "\u{0B}": text += #"\v"#
      case " "..."~": text.unicodeScalars.append(scalar)
      default:
        if scalar.isGraphicInGo {
          text.unicodeScalars.append(scalar)
        } else if scalar.value < 0x80 {
          text += #"\x"# + scalar.hexDigits(2)
        } else {
          text += scalar.value < 0x10000 ? #"\u"# + scalar.hexDigits(4) : #"\U"# + scalar.hexDigits(8)
        }
      }
    }
    text += "\""
  }
}

extension Unicode.Scalar {
  /// Go's unicode.IsPrint beyond ASCII: letters, marks, numbers, punctuation and symbols.
  fileprivate var isGraphicInGo: Bool {
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator,
      .paragraphSeparator:
      false
    default: true
    }
  }

  fileprivate func hexDigits(_ count: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(count - digits.utf8.count, 0)) + digits
  }
}
