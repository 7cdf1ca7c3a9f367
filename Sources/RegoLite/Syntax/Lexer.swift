import StrictJSON

/// Splits a source into tokens, all at once and never failing: what is no token becomes an illegal one with a message,
/// which is an error only once the parser gets there.
struct Lexer {
  /// Ends with `.end`.
  private(set) var tokens: [Token] = []
  private(set) var comments: [Comment] = []
  /// The messages of the illegal tokens.
  private(set) var messages: [String] = []

  /// `# …`, up to the line's end.
  struct Comment {
    var start: Int
    /// The offset after the last byte, a carriage return before the line feed left out.
    var end: Int
  }

  private let source: Source
  private var offset = 0
  private var wildcards: UInt32 = 0
  private var followsSpace = true
  private var followsNewline = true
  /// The open templates, innermost last.
  private var templates: [Template] = []

  private struct Template {
    var isRaw: Bool
    /// The `{` that are open in the expression being read.
    var braces = 0
  }

  /// `source` must be shorter than `UInt32.max` bytes.
  init(_ source: Source) {
    self.source = source
    tokens.reserveCapacity(source.bytes.count / 4 + 1)
    if source.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    source.bytes.withUnsafeBufferPointer { bytes in
      while offset < bytes.count { next(bytes) }
    }
    // An error at the end points at the last byte, so that it is on a line that has text.
    let last = source.bytes.last == UInt8(ascii: "\n") ? offset : max(0, offset - 1)
    tokens.append(
      Token(
        kind: .end, followsSpace: followsSpace, followsNewline: followsNewline, start: UInt32(last),
        end: UInt32(source.bytes.count)))
  }

  private mutating func next(_ bytes: UnsafeBufferPointer<UInt8>) {
    let byte = bytes[offset]
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
      offset += 1
      followsSpace = true
    case UInt8(ascii: "\n"):
      offset += 1
      followsSpace = true
      followsNewline = true
    case UInt8(ascii: "#"): comment(bytes)
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): name(bytes)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): number(bytes)
    case UInt8(ascii: "\""): string(bytes)
    case UInt8(ascii: "`"): rawString(bytes)
    case UInt8(ascii: "$"):
      guard let quote = peek(bytes), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "`") else {
        return illegal("illegal $ character", length: 1)
      }
      templates.append(Template(isRaw: quote == UInt8(ascii: "`")))
      add(.templateStart, length: 2)
      templateText(bytes)
    case UInt8(ascii: "["): add(.leftBracket, length: 1)
    case UInt8(ascii: "]"): add(.rightBracket, length: 1)
    case UInt8(ascii: "{"):
      if !templates.isEmpty { templates[templates.count - 1].braces += 1 }
      add(.leftBrace, length: 1)
    case UInt8(ascii: "}"):
      guard let template = templates.last else { return add(.rightBrace, length: 1) }
      if template.braces > 0 {
        templates[templates.count - 1].braces -= 1
        return add(.rightBrace, length: 1)
      }
      add(.templateExpressionEnd, length: 1)
      templateText(bytes)
    case UInt8(ascii: "("): add(.leftParenthesis, length: 1)
    case UInt8(ascii: ")"): add(.rightParenthesis, length: 1)
    case UInt8(ascii: ","): add(.comma, length: 1)
    case UInt8(ascii: ";"): add(.semicolon, length: 1)
    case UInt8(ascii: "."): add(.dot, length: 1)
    case UInt8(ascii: "|"): add(.pipe, length: 1)
    case UInt8(ascii: "&"): add(.ampersand, length: 1)
    case UInt8(ascii: "+"): add(.plus, length: 1)
    case UInt8(ascii: "-"): add(.minus, length: 1)
    case UInt8(ascii: "*"): add(.times, length: 1)
    case UInt8(ascii: "/"): add(.divide, length: 1)
    case UInt8(ascii: "%"): add(.remainder, length: 1)
    case UInt8(ascii: ":"): addOrEqual(bytes, .colon, .assign)
    case UInt8(ascii: "="): addOrEqual(bytes, .unify, .equal)
    case UInt8(ascii: "<"): addOrEqual(bytes, .less, .lessOrEqual)
    case UInt8(ascii: ">"): addOrEqual(bytes, .greater, .greaterOrEqual)
    case UInt8(ascii: "!"):
      guard peek(bytes) == UInt8(ascii: "=") else { return illegal("illegal ! character", length: 1) }
      add(.notEqual, length: 2)
    case 0: illegal("illegal null character", length: 1)
    default:
      let scalar = Self.scalar(bytes, at: offset)
      illegal(scalar.error ?? "illegal token", length: scalar.length)
    }
  }

  private func peek(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt8? {
    offset + 1 < bytes.count ? bytes[offset + 1] : nil
  }

  private mutating func addOrEqual(_ bytes: UnsafeBufferPointer<UInt8>, _ short: TokenKind, _ long: TokenKind) {
    if peek(bytes) == UInt8(ascii: "=") { add(long, length: 2) } else { add(short, length: 1) }
  }

  private mutating func add(_ kind: TokenKind, length: Int, payload: UInt32 = 0) {
    tokens.append(
      Token(
        kind: kind, followsSpace: followsSpace, followsNewline: followsNewline, start: UInt32(offset),
        end: UInt32(offset + length), payload: payload))
    offset += length
    followsSpace = false
    followsNewline = false
  }

  private mutating func illegal(_ message: String, length: Int) {
    messages.append(message)
    add(.illegal, length: length, payload: UInt32(messages.count - 1))
  }
}

// MARK: - Names, numbers, comments

extension Lexer {
  private static func isNamePart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  private mutating func name(_ bytes: UnsafeBufferPointer<UInt8>) {
    var end = offset + 1
    while end < bytes.count, Self.isNamePart(bytes[end]) { end += 1 }
    let text = UnsafeBufferPointer(rebasing: bytes[offset..<end])
    if text.count == 1, text[0] == UInt8(ascii: "_") {
      add(.identifier, length: 1, payload: wildcards)
      wildcards += 1
    } else {
      add(Self.keyword(text) ?? .identifier, length: text.count)
    }
  }

  private static func keyword(_ text: UnsafeBufferPointer<UInt8>) -> TokenKind? {
    func matches(_ word: StaticString) -> Bool {
      word.utf8CodeUnitCount == text.count
        && text.elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: text.count))
    }
    switch (text[0], text.count) {
    case (UInt8(ascii: "a"), 2): return matches("as") ? .as : nil
    case (UInt8(ascii: "a"), 3): return matches("and") ? .and : nil
    case (UInt8(ascii: "c"), 8): return matches("contains") ? .contains : nil
    case (UInt8(ascii: "d"), 7): return matches("default") ? .default : nil
    case (UInt8(ascii: "e"), 4): return matches("else") ? .else : nil
    case (UInt8(ascii: "e"), 5): return matches("every") ? .every : nil
    case (UInt8(ascii: "f"), 5): return matches("false") ? .false : nil
    case (UInt8(ascii: "i"), 2): return matches("if") ? .if : matches("in") ? .in : nil
    case (UInt8(ascii: "i"), 6): return matches("import") ? .import : nil
    case (UInt8(ascii: "n"), 3): return matches("not") ? .not : nil
    case (UInt8(ascii: "n"), 4): return matches("null") ? .null : nil
    case (UInt8(ascii: "o"), 2): return matches("or") ? .or : nil
    case (UInt8(ascii: "p"), 7): return matches("package") ? .package : nil
    case (UInt8(ascii: "s"), 4): return matches("some") ? .some : nil
    case (UInt8(ascii: "t"), 4): return matches("true") ? .true : nil
    case (UInt8(ascii: "w"), 4): return matches("with") ? .with : nil
    default: return nil
    }
  }

  /// JSON's grammar, but that the parser takes a leading `.` and refuses leading zeros.
  private mutating func number(_ bytes: UnsafeBufferPointer<UInt8>) {
    var end = offset
    func digits() -> Int {
      let start = end
      while end < bytes.count, Self.isDigit(bytes[end]) { end += 1 }
      return end - start
    }
    _ = digits()
    if end < bytes.count, bytes[end] == UInt8(ascii: ".") {
      end += 1
      if digits() == 0 { return illegal("expected fraction", length: end - offset) }
    }
    if end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
      end += 1
      if end < bytes.count, bytes[end] == UInt8(ascii: "+") || bytes[end] == UInt8(ascii: "-") { end += 1 }
      if digits() == 0 { return illegal("expected exponent", length: end - offset) }
    }
    if end < bytes.count, Self.isNamePart(bytes[end]) {
      while end < bytes.count, Self.isNamePart(bytes[end]) { end += 1 }
      return illegal("illegal number format", length: end - offset)
    }
    add(.number, length: end - offset)
  }

  private mutating func comment(_ bytes: UnsafeBufferPointer<UInt8>) {
    let start = offset
    followsSpace = true
    var end = offset
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n") {
      let scalar = Self.scalar(bytes, at: end)
      if let error = scalar.error {
        illegal(error, length: end + scalar.length - offset)
        end = offset
        followsSpace = true
      } else {
        end += scalar.length
      }
    }
    offset = end
    while end > start + 1, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    comments.append(Comment(start: start, end: end))
  }

  /// The length of the scalar at `offset`, and why it may not stand in a source, if so.
  private static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (length: Int, error: String?) {
    let first = bytes[offset]
    if first < 0x80 { return (1, first == 0 ? "illegal null character" : nil) }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard first >= 0xC2, first <= 0xF4, offset + length <= bytes.count else { return (1, "illegal utf-8 character") }
    let second = bytes[offset + 1]
    let isValid =
      switch first {
      case 0xE0: second >= 0xA0 && second <= 0xBF
      case 0xED: second >= 0x80 && second <= 0x9F
      case 0xF0: second >= 0x90 && second <= 0xBF
      case 0xF4: second >= 0x80 && second <= 0x8F
      default: second & 0xC0 == 0x80
      }
    guard isValid else { return (1, "illegal utf-8 character") }
    for index in stride(from: 2, to: length, by: 1) where bytes[offset + index] & 0xC0 != 0x80 {
      return (1, "illegal utf-8 character")
    }
    let isMark = first == 0xEF && second == 0xBB && bytes[offset + 2] == 0xBF
    return (length, isMark ? "illegal byte-order mark" : nil)
  }
}

// MARK: - Strings

extension Lexer {
  private mutating func string(_ bytes: UnsafeBufferPointer<UInt8>) {
    var end = offset + 1
    var error: String?
    var hasEscapes = false
    while true {
      guard end < bytes.count, bytes[end] != UInt8(ascii: "\n") else {
        return illegal(error ?? "non-terminated string", length: end - offset)
      }
      switch bytes[end] {
      case UInt8(ascii: "\""):
        end += 1
        if let error { return illegal(error, length: end - offset) }
        return add(.string, length: end - offset, payload: hasEscapes ? 1 : 0)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        end += escape(bytes, at: end, inTemplate: false, error: &error)
      default:
        let scalar = Self.scalar(bytes, at: end)
        error = error ?? scalar.error
        end += scalar.length
      }
    }
  }

  private mutating func rawString(_ bytes: UnsafeBufferPointer<UInt8>) {
    var end = offset + 1
    var error: String?
    while end < bytes.count {
      if bytes[end] == UInt8(ascii: "`") {
        end += 1
        if let error { return illegal(error, length: end - offset) }
        return add(.rawString, length: end - offset)
      }
      let scalar = Self.scalar(bytes, at: end)
      error = error ?? scalar.error
      end += scalar.length
    }
    illegal("non-terminated string", length: end - offset)
  }

  /// The text of the innermost template up to its next `{` or its closing quote, and that.
  private mutating func templateText(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let template = templates.last else { return }
    let quote = template.isRaw ? UInt8(ascii: "`") : UInt8(ascii: "\"")
    var end = offset
    var error: String?
    var hasEscapes = false
    while end < bytes.count, template.isRaw || bytes[end] != UInt8(ascii: "\n") {
      switch bytes[end] {
      case quote, UInt8(ascii: "{"):
        let isEnd = bytes[end] == quote
        if let error {
          illegal(error, length: end - offset)
        } else if end > offset {
          add(template.isRaw ? .rawTemplateText : .templateText, length: end - offset, payload: hasEscapes ? 1 : 0)
        }
        if isEnd { templates.removeLast() }
        return add(isEnd ? .templateEnd : .templateExpressionStart, length: 1)
      case UInt8(ascii: "\\") where template.isRaw:
        // A raw template has one escape only: `\{`.
        let isEscape = end + 1 < bytes.count && bytes[end + 1] == UInt8(ascii: "{")
        if isEscape { hasEscapes = true }
        end += isEscape ? 2 : 1
      case UInt8(ascii: "\\"):
        hasEscapes = true
        end += escape(bytes, at: end, inTemplate: true, error: &error)
      default:
        let scalar = Self.scalar(bytes, at: end)
        error = error ?? scalar.error
        end += scalar.length
      }
    }
    templates.removeLast()
    illegal(error ?? "non-terminated string", length: end - offset)
  }

  /// The length of the escape at `offset`.
  private func escape(
    _ bytes: UnsafeBufferPointer<UInt8>, at offset: Int, inTemplate: Bool, error: inout String?
  ) -> Int {
    guard offset + 1 < bytes.count else { return 1 }
    switch bytes[offset + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return 2
    case UInt8(ascii: "{") where inTemplate: return 2
    case UInt8(ascii: "u"):
      if Self.hexadecimal(bytes, at: offset + 2) != nil { return 6 }
      error = error ?? "illegal escape sequence"
      return 2
    default:
      error = error ?? "illegal escape sequence"
      return 1
    }
  }

  private static func hexadecimal(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> UInt32? {
    guard offset + 4 <= bytes.count else { return nil }
    return bytes[offset..<offset + 4].hexadecimalValue
  }

  /// The text of a string token without its quotes, or of a template text, with the escapes that `next` let pass
  /// decoded. A surrogate without its other half becomes U+FFFD.
  static func decode(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count else {
        decoded.append(bytes[index])
        index += 1
        continue
      }
      let letter = bytes[index + 1]
      index += 2
      switch letter {
      case UInt8(ascii: "b"): decoded.append(0x08)
      case UInt8(ascii: "f"): decoded.append(0x0C)
      case UInt8(ascii: "n"): decoded.append(0x0A)
      case UInt8(ascii: "r"): decoded.append(0x0D)
      case UInt8(ascii: "t"): decoded.append(0x09)
      case UInt8(ascii: "u"):
        guard var value = hexadecimal(bytes, at: index) else { continue }
        index += 4
        if value >> 10 == 0x36, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
          bytes[index + 1] == UInt8(ascii: "u"), let low = hexadecimal(bytes, at: index + 2), low >> 10 == 0x37
        {
          value = 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF
          index += 6
        }
        decoded.append(contentsOf: Unicode.UTF8.encode(Unicode.Scalar(value) ?? "\u{FFFD}") ?? .init())
      default: decoded.append(letter)
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }

  /// A raw template's text, where `\{` stands for `{` and nothing else is escaped.
  static func decodeRawTemplate(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    for (index, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "\\"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "{") { continue }
      decoded.append(byte)
    }
    return String(decoding: decoded, as: UTF8.self)
  }
}
