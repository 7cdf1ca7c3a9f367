/// Writes one document in the layout and the quotes of Go's yaml.v2: block style, lines folded after 80 columns.
///
/// Newer releases of libyaml choose other quotes and ends than yaml.v2, so this is a writer of our own.
struct YAMLWriter {
  private static let width = 80
  private static let step = 2

  private var output: [UInt8] = []
  private var column = 0
  /// Absent before the first collection.
  private var indent: Int?
  /// Whether a space, a line's start or an indicator stands before the place of writing.
  private var isAfterSpace = true
  /// Whether nothing but indentation, and the marks `-`, `?` and `:`, stands before it in the line.
  private var isIndented = true

  /// What a node is a part of.
  private enum Place {
    case root, element, member
    /// Of a mapping, in the same line as its colon.
    case key
  }

  static func text(_ value: Value) throws(BuiltinError) -> String {
    var writer = YAMLWriter()
    try writer.write(value, in: .root)
    writer.startLine()
    return String(decoding: writer.output, as: UTF8.self)
  }

  private mutating func write(_ value: Value, in place: Place) throws(BuiltinError) {
    switch value {
    case .null: plain(Array("null".unicodeScalars), mayBreak: false)
    case .boolean(let value): plain(Array((value ? "true" : "false").unicodeScalars), mayBreak: false)
    case .number(let number): plain(Array(Self.text(number).unicodeScalars), mayBreak: false)
    case .string(let text): write(Scalar(try JSONInYAML.read(text.string)), in: place)
    case .array(let elements): try write(elements, in: place)
    case .set(let set): try write(set.elements, in: place)
    case .object(let object): try write(object)
    }
  }

  private mutating func write(_ elements: [Value], in place: Place) throws(BuiltinError) {
    if elements.isEmpty { return empty("[", "]") }
    let outer = indent
    // Under a key the dashes stand below the key itself.
    if place != .member || isIndented { deepen() } else { indent = indent ?? 0 }
    for element in elements {
      startLine()
      mark("-")
      try write(element, in: .element)
    }
    indent = outer
  }

  private mutating func write(_ object: ObjectValue) throws(BuiltinError) {
    var members: [Text: Value] = [:]
    for (key, value) in object.entries.sorted(by: { $0.key < $1.key }) {
      members[Text(try JSONInYAML.read(key: key.asString ?? key.json()))] = value
    }
    if members.isEmpty { return empty("{", "}") }
    let outer = indent
    deepen()
    for (name, member) in members.sorted(by: { NaturalOrder.areAscending($0.key.string, $1.key.string) }) {
      let key = Scalar(name.string)
      startLine()
      if key.isSimpleKey {
        write(key, in: .key)
        put(":")
        (isAfterSpace, isIndented) = (false, false)
      } else {
        mark("?")
        write(key, in: .member)
        startLine()
        mark(":")
      }
      try write(member, in: .member)
    }
    indent = outer
  }

  private mutating func write(_ scalar: Scalar, in place: Place) {
    let outer = indent
    indent = (indent ?? 0) + Self.step
    let isKey = place == .key
    switch scalar.style(isKey: isKey) {
    case .plain: plain(scalar.characters, mayBreak: !isKey)
    case .singleQuoted: singleQuoted(scalar.characters, mayBreak: !isKey)
    case .doubleQuoted: doubleQuoted(scalar.characters, mayBreak: !isKey)
    case .literal: literal(scalar.characters)
    }
    indent = outer
  }

  /// Integers that fit 64 bits as they are, other numbers as doubles; beyond those the text.
  private static func text(_ number: Number) -> String {
    switch YAMLScalar(number.description) {
    case .int(let value): String(value)
    case .unsigned(let value): String(value)
    case .double(let value): YAMLScalar.text(value)
    default: number.description
    }
  }
}

// Characters, lines and marks.
extension YAMLWriter {
  private mutating func put(_ character: Unicode.Scalar) {
    output += UTF8.encode(character)!
    column += 1
  }

  private mutating func put(_ text: String) {
    for character in text.unicodeScalars { put(character) }
  }

  private mutating func endLine(with character: Unicode.Scalar = "\n") {
    output += UTF8.encode(character)!
    column = 0
  }

  private mutating func deepen() { indent = indent.map { $0 + Self.step } ?? 0 }

  /// Goes to the place of the indentation, in a new line unless the place of writing is there.
  private mutating func startLine() {
    let indent = indent ?? 0
    if !isIndented || column > indent || column == indent && !isAfterSpace { endLine() }
    while column < indent { put(" ") }
    (isAfterSpace, isIndented) = (true, true)
  }

  private mutating func separate() { if !isAfterSpace { put(" ") } }

  /// What begins an element, a key or its value in a line.
  private mutating func mark(_ character: Unicode.Scalar) {
    separate()
    put(character)
    isAfterSpace = false
  }

  private mutating func empty(_ opening: Unicode.Scalar, _ closing: Unicode.Scalar) {
    separate()
    put(opening)
    put(closing)
    (isAfterSpace, isIndented) = (false, false)
  }

  /// A break in the text. Of a row of line feeds the first one is written twice, as folding takes one away.
  private mutating func putBreak(_ character: Unicode.Scalar, isFirst: Bool) {
    if isFirst, character == "\n" { endLine() }
    endLine(with: character)
    isIndented = true
  }

  private mutating func plain(_ characters: [Unicode.Scalar], mayBreak: Bool) {
    separate()
    flow(characters, mayBreak: mayBreak) { $0.put($1) }
  }

  private mutating func singleQuoted(_ characters: [Unicode.Scalar], mayBreak: Bool) {
    separate()
    put("'")
    flow(characters, mayBreak: mayBreak) { writer, character in
      if character == "'" { writer.put("'") }
      writer.put(character)
    }
    put("'")
  }

  /// Text that line ends may stand in for spaces of.
  private mutating func flow(
    _ characters: [Unicode.Scalar], mayBreak: Bool,
    _ write: (inout YAMLWriter, Unicode.Scalar) -> Void
  ) {
    var (isInSpaces, isInBreaks) = (false, false)
    isIndented = false
    for (index, character) in characters.enumerated() {
      if character == " " {
        let isBetween = index > 0 && index < characters.count - 1
        let isLast = index + 1 == characters.count || characters[index + 1] != " "
        if mayBreak, !isInSpaces, column > Self.width, isBetween, isLast {
          startLine()
        } else {
          put(character)
        }
        isInSpaces = true
      } else if Scalar.isBreak(character) {
        putBreak(character, isFirst: !isInBreaks)
        isInBreaks = true
      } else {
        if isInBreaks { startLine() }
        write(&self, character)
        (isIndented, isInSpaces, isInBreaks) = (false, false, false)
      }
    }
    (isAfterSpace, isIndented) = (false, false)
  }

  private mutating func doubleQuoted(_ characters: [Unicode.Scalar], mayBreak: Bool) {
    separate()
    put("\"")
    isIndented = false
    // yaml.v2 looks for a byte order mark at the text's start when it means the character at hand.
    let escapesAll = characters.first == "\u{FEFF}"
    var isInSpaces = false
    for (index, character) in characters.enumerated() {
      if escapesAll || !Scalar.isPrintable(character) || Scalar.isBreak(character)
        || "\"\\".unicodeScalars.contains(character)
      {
        put(Self.escaped(character))
        isInSpaces = false
      } else if character == " " {
        if mayBreak, !isInSpaces, column > Self.width, index > 0, index < characters.count - 1 {
          startLine()
          if characters[index + 1] == " " { put("\\") }
        } else {
          put(character)
        }
        isInSpaces = true
      } else {
        put(character)
        isInSpaces = false
      }
    }
    put("\"")
    (isAfterSpace, isIndented) = (false, false)
  }

  private static func escaped(_ character: Unicode.Scalar) -> String {
    switch character {
    case "\0": return "\\0"
    case "\u{07}": return "\\a"
    case "\u{08}": return "\\b"
    case "\t": return "\\t"
    case "\n": return "\\n"
    case "\u{0B}": return "\\v"
    case "\u{0C}": return "\\f"
    case "\r": return "\\r"
    case "\u{1B}": return "\\e"
    case "\"": return "\\\""
    case "\\": return "\\\\"
    case "\u{85}": return "\\N"
    case "\u{A0}": return "\\_"
    case "\u{2028}": return "\\L"
    case "\u{2029}": return "\\P"
    default:
      let digits = String(character.value, radix: 16, uppercase: true)
      let (mark, count) = character.value <= 0xFF ? ("x", 2) : character.value <= 0xFFFF ? ("u", 4) : ("U", 8)
      return "\\" + mark + String(repeating: "0", count: count - digits.utf8.count) + digits
    }
  }

  private mutating func literal(_ characters: [Unicode.Scalar]) {
    separate()
    put("|")
    if let first = characters.first, first == " " || Scalar.isBreak(first) { put(String(Self.step)) }
    let breaks = characters.reversed().prefix(while: Scalar.isBreak).count
    if breaks == 0 { put("-") } else if breaks > 1 || characters.count == 1 { put("+") }
    endLine()
    (isAfterSpace, isIndented) = (true, true)
    var isInBreaks = true
    for character in characters {
      if Scalar.isBreak(character) {
        endLine(with: character)
        (isIndented, isInBreaks) = (true, true)
      } else {
        if isInBreaks { startLine() }
        put(character)
        (isIndented, isInBreaks) = (false, false)
      }
    }
  }
}

extension YAMLWriter {
  /// A string and the ways in which it may be written.
  struct Scalar {
    enum Style { case plain, singleQuoted, doubleQuoted, literal }

    let characters: [Unicode.Scalar]
    private let bytes: Int
    private var wanted = Style.plain
    private var allowsPlain = true
    private var allowsSingleQuotes = true
    private var allowsBlock = true
    private var hasBreaks = false

    init(_ text: String) {
      characters = Array(text.unicodeScalars)
      bytes = text.utf8.count
      if characters.contains("\n") {
        wanted = .literal
      } else {
        switch YAMLScalar(text) {
        case .string where !YAMLScalar.isSexagesimal(text), .merge: break
        // What would be read as something else than a string.
        default: wanted = .doubleQuoted
        }
      }
      findAllowedStyles()
    }

    private mutating func findAllowedStyles() {
      guard let first = characters.first, let last = characters.last else {
        allowsBlock = false
        return
      }
      var hasIndicators = characters.starts(with: "---".unicodeScalars) || characters.starts(with: "...".unicodeScalars)
      var (hasSpecial, hasBreakThenSpace, hasSpaceThenBreak) = (false, false, false)
      var before: Unicode.Scalar?
      for (index, character) in characters.enumerated() {
        let isAtEnd = index + 1 == characters.count || Self.isBlank(characters[index + 1])
        switch character {
        case ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`":
          if index == 0 { hasIndicators = true }
        case "?", "-": if index == 0, isAtEnd { hasIndicators = true }
        case ":": if isAtEnd { hasIndicators = true }
        case "#": if before.map(Self.isBlank) ?? true { hasIndicators = true }
        default: break
        }
        if !Self.isPrintable(character) { hasSpecial = true }
        if Self.isBreak(character) {
          hasBreaks = true
          if before == " " { hasSpaceThenBreak = true }
        } else if character == " ", let before, Self.isBreak(before) {
          hasBreakThenSpace = true
        }
        before = character
      }
      let hasSpaceAtEnds = [first, last].contains { $0 == " " || Self.isBreak($0) }
      allowsPlain = !hasSpaceAtEnds && !hasBreaks && !hasSpecial && !hasIndicators
      allowsSingleQuotes = !hasBreakThenSpace && !hasSpaceThenBreak && !hasSpecial
      allowsBlock = last != " " && !hasSpaceThenBreak && !hasSpecial
    }

    /// Whether the scalar stands before its colon without a question mark.
    var isSimpleKey: Bool { !hasBreaks && bytes <= 128 }

    func style(isKey: Bool) -> Style {
      var style = isKey && hasBreaks ? Style.doubleQuoted : wanted
      if style == .plain, !allowsPlain || characters.isEmpty && isKey { style = .singleQuoted }
      if style == .singleQuoted, !allowsSingleQuotes { style = .doubleQuoted }
      if style == .literal, !allowsBlock || isKey { style = .doubleQuoted }
      return style
    }

    static func isBreak(_ character: Unicode.Scalar) -> Bool {
      switch character {
      case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
      default: false
      }
    }

    static func isBlank(_ character: Unicode.Scalar) -> Bool {
      character == " " || character == "\t" || character == "\0" || isBreak(character)
    }

    /// What yaml.v2 writes without an escape.
    static func isPrintable(_ character: Unicode.Scalar) -> Bool {
      switch character.value {
      case 0x0A, 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD: true
      default: false
      }
    }
  }
}
