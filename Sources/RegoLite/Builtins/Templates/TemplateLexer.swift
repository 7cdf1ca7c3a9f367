/// Cuts a template of Go's text/template into text and the tokens of its actions.
struct TemplateLexer {
  enum Token: Equatable {
    case text(String)
    case actionStart
    case actionEnd
    case word(String)
    /// `.name`
    case field(String)
    case dot
    /// `$` or `$name`
    case variable(String)
    case string(String)
    case int(Int)
    case float(Double)
    case pipe
    case assign
    case declare
    case comma
    case open
    case close
    case space
  }

  struct Item {
    let token: Token
    let start: Int
    let end: Int
    let line: Int
  }

  struct Fault: Error {
    let line: Int
    let message: String
  }

  let bytes: [UInt8]
  private var index = 0
  private var line = 1
  private var items: [Item] = []

  static func items(of text: Text) throws(Fault) -> [Item] {
    var lexer = TemplateLexer(bytes: Array(text.utf8))
    try lexer.run()
    return lexer.items
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func run() throws(Fault) {
    var trimsNext = false
    while index < bytes.count {
      let start = index
      while index < bytes.count, !starts("{{") { index += 1 }
      let trimsBefore = index < bytes.count && starts("{{-") && isSpace(at: index + 3)
      var piece = bytes[start..<index]
      let line = line
      self.line += piece.count { $0 == UInt8(ascii: "\n") }
      if trimsNext { piece = piece.drop(while: Self.isSpace) }
      if trimsBefore { while let last = piece.last, Self.isSpace(last) { piece.removeLast() } }
      if !piece.isEmpty {
        items.append(
          Item(token: .text(String(decoding: piece, as: UTF8.self)), start: start, end: index, line: line))
      }
      if index == bytes.count { return }
      trimsNext = try action(trims: trimsBefore)
    }
  }

  /// From `{{` to `}}`; whether the text after it loses its leading space.
  private mutating func action(trims: Bool) throws(Fault) -> Bool {
    let start = index
    index += trims ? 3 : 2
    var body = index
    while isSpace(at: body) { body += 1 }
    if has("/*", at: trims ? body : index) {
      index = trims ? body : index
      return try comment()
    }
    append(.actionStart, from: start)
    var depth = 0
    while true {
      if index >= bytes.count { throw fault("unclosed action") }
      if isSpace(at: index), let end = trimmingEnd() {
        if depth > 0 { throw fault("unclosed left paren") }
        let from = index
        index = end
        append(.actionEnd, from: from)
        return true
      }
      if starts("}}") {
        if depth > 0 { throw fault("unclosed left paren") }
        index += 2
        append(.actionEnd, from: index - 2)
        return false
      }
      try token(&depth)
    }
  }

  /// The end of ` -}}` from here on.
  private func trimmingEnd() -> Int? {
    var end = index
    while isSpace(at: end) { end += 1 }
    return has("-}}", at: end) ? end + 3 : nil
  }

  private mutating func comment() throws(Fault) -> Bool {
    let first = line
    while index < bytes.count, !starts("*/") {
      if bytes[index] == UInt8(ascii: "\n") { line += 1 }
      index += 1
    }
    guard index < bytes.count else { throw Fault(line: first, message: "unclosed comment") }
    index += 2
    if starts("}}") {
      index += 2
      return false
    }
    guard isSpace(at: index), let end = trimmingEnd() else { throw fault("comment ends before closing delimiter") }
    index = end
    return true
  }

  private mutating func token(_ depth: inout Int) throws(Fault) {
    let start = index
    let byte = bytes[index]
    switch byte {
    case _ where Self.isSpace(byte):
      while isSpace(at: index), trimmingEnd() == nil || index == start {
        if bytes[index] == UInt8(ascii: "\n") { line += 1 }
        index += 1
      }
      append(.space, from: start)
    case UInt8(ascii: "|"):
      index += 1
      append(.pipe, from: start)
    case UInt8(ascii: ","):
      index += 1
      append(.comma, from: start)
    case UInt8(ascii: "="):
      index += 1
      append(.assign, from: start)
    case UInt8(ascii: ":"):
      guard has("=", at: index + 1) else { throw fault("expected :=") }
      index += 2
      append(.declare, from: start)
    case UInt8(ascii: "("):
      index += 1
      depth += 1
      append(.open, from: start)
    case UInt8(ascii: ")"):
      index += 1
      depth -= 1
      if depth < 0 { throw fault("unexpected right paren") }
      append(.close, from: start)
    case UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "'"): try quoted(byte)
    case UInt8(ascii: "."):
      if isDigit(at: index + 1) {
        try number()
      } else {
        index += 1
        let name = word()
        try checkEnd()
        append(name.isEmpty ? .dot : .field(name), from: start)
      }
    case UInt8(ascii: "$"):
      index += 1
      let name = "$" + word()
      try checkEnd()
      append(.variable(name), from: start)
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"):
      if byte < 0x30, !isDigit(at: index + 1), !has(".", at: index + 1) { throw badCharacter() }
      try number()
    case _ where Self.isWord(byte):
      let name = word()
      try checkEnd()
      append(.word(name), from: start)
    default: throw badCharacter()
    }
  }

  private mutating func word() -> String {
    let start = index
    while index < bytes.count, Self.isWord(bytes[index]) || isDigit(at: index) { index += 1 }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  /// What may follow a name.
  private func checkEnd() throws(Fault) {
    guard index < bytes.count, !Self.isSpace(bytes[index]) else { return }
    if ".,|:)(=".utf8.contains(bytes[index]) || starts("}}") { return }
    throw badCharacter()
  }

  private mutating func number() throws(Fault) {
    let start = index
    if bytes[index] < 0x30 && bytes[index] != UInt8(ascii: ".") { index += 1 }
    while index < bytes.count,
      isDigit(at: index) || Self.isWord(bytes[index]) || bytes[index] == UInt8(ascii: ".")
        || ((bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-"))
          && bytes[index - 1] | 0x20 == UInt8(ascii: "e") && !has("0x", at: start))
    {
      index += 1
    }
    let source = String(decoding: bytes[start..<index], as: UTF8.self)
    let plain = source.replacing("_")
    if let value = Self.integer(plain) {
      append(.int(value), from: start)
    } else if let value = Double(plain), value.isFinite {
      append(.float(value), from: start)
    } else {
      throw fault("bad number syntax: \(GoQuote.string(source))")
    }
  }

  private static func integer(_ text: String) -> Int? {
    var digits = Substring(text)
    var sign = ""
    if let first = digits.first, first == "-" || first == "+" {
      sign = first == "-" ? "-" : ""
      digits = digits.dropFirst()
    }
    var radix = 10
    if digits.utf8.count > 1, digits.hasPrefix("0") {
      let mark = digits.dropFirst().first
      radix = mark == "x" || mark == "X" ? 16 : mark == "b" || mark == "B" ? 2 : 8
      digits = digits.dropFirst(radix == 8 && mark != "o" && mark != "O" ? 1 : 2)
    }
    return digits.first.map { $0.isHexDigit } == true ? Int(sign + digits, radix: radix) : nil
  }

  private mutating func quoted(_ quote: UInt8) throws(Fault) {
    let start = index
    let isRaw = quote == UInt8(ascii: "`")
    index += 1
    while true {
      guard index < bytes.count, isRaw || bytes[index] != UInt8(ascii: "\n") else {
        let kind = isRaw ? "raw quoted string" : quote == UInt8(ascii: "'") ? "character constant" : "quoted string"
        throw fault("unterminated \(kind)")
      }
      if bytes[index] == quote { break }
      if bytes[index] == UInt8(ascii: "\n") { line += 1 }
      index += !isRaw && bytes[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    let body = String(decoding: bytes[(start + 1)..<index], as: UTF8.self)
    index += 1
    guard let text = isRaw ? body : Self.unescape(body) else { throw fault("invalid syntax") }
    if quote == UInt8(ascii: "'") {
      let scalars = text.unicodeScalars
      guard let scalar = scalars.first, scalars.count == 1 else {
        throw fault("malformed character constant: '\(body)'")
      }
      append(.int(Int(scalar.value)), from: start)
    } else {
      append(.string(text), from: start)
    }
  }

  /// Go's escapes; absent when one is none.
  private static func unescape(_ text: String) -> String? {
    var result = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      guard scalar == "\\" else {
        result.append(scalar)
        continue
      }
      guard let mark = rest.popFirst() else { return nil }
      let simple: [Unicode.Scalar: Unicode.Scalar] = [
        "a": "\u{07}", "b": "\u{08}", "f": "\u{0C}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{0B}", "\\": "\\",
        "\"": "\"", "'": "'",
      ]
      if let plain = simple[mark] {
        result.append(plain)
        continue
      }
      let length = ["x": 2, "u": 4, "U": 8][mark] ?? 0
      let digits = String(String.UnicodeScalarView(rest.prefix(length)))
      guard length > 0, digits.utf8.count == length, let value = UInt32(digits, radix: 16),
        let scalar = Unicode.Scalar(value)
      else { return nil }
      rest = rest.dropFirst(length)
      result.append(scalar)
    }
    return String(result)
  }

  private mutating func append(_ token: Token, from start: Int) {
    items.append(Item(token: token, start: start, end: index, line: line))
  }

  private func fault(_ message: String) -> Fault { Fault(line: line, message: message) }

  private func badCharacter() -> Fault {
    let text = String(decoding: bytes[index..<min(index + 4, bytes.count)], as: UTF8.self)
    guard let scalar = text.unicodeScalars.first else { return fault("unclosed action") }
    let digits = String(scalar.value, radix: 16, uppercase: true)
    let padded = String(repeating: "0", count: max(4 - digits.utf8.count, 0)) + digits
    return fault("bad character U+\(padded) '\(scalar)'")
  }

  private func starts(_ text: String) -> Bool { has(text, at: index) }
  private func has(_ text: String, at start: Int) -> Bool {
    start <= bytes.count && bytes[start...].starts(with: text.utf8)
  }
  private func isDigit(at index: Int) -> Bool { index < bytes.count && (0x30...0x39).contains(bytes[index]) }
  private func isSpace(at index: Int) -> Bool { index < bytes.count && Self.isSpace(bytes[index]) }
  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
  private static func isWord(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || byte >= 0x80 || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}

extension String {
  /// Without any of a character.
  fileprivate func replacing(_ character: Character) -> String { filter { $0 != character } }
}
