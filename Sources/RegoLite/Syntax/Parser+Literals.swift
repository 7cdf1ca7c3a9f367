#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// Numbers, strings and templates.

extension Parser {
  /// JSON's numbers, and `.5`, which stands for `0.5`. `- 1` is a number too.
  mutating func number() throws(Abort) -> Term {
    height = 1
    let start = index
    var literal = ""
    if kind == .minus {
      literal = "-"
      advance()
    }
    if kind == .dot {
      literal += "0."
      advance()
      guard kind == .number else { throw unexpected("expected number") }
      // `.1.5`
      if text(of: token).utf8.contains(UInt8(ascii: ".")) { throw unexpected("invalid float") }
    } else {
      guard kind == .number else { throw unexpected("expected number") }
      let digits = source.bytes[Int(token.start)..<Int(token.end)].prefix(2)
      if digits.count == 2, digits.first == UInt8(ascii: "0"), digits.last.map({ $0 &- 0x30 < 10 }) == true {
        throw unexpected("expected number without leading zero")
      }
    }
    literal += text(of: token).string
    advance()
    guard Self.isInRange(literal) else { throw fail("number too big", at: location(from: start)) }
    guard let number = Number(literal: literal) else { throw fail("invalid float", at: location(from: start)) }
    return Term(.scalar(.number(number)), at: location(from: start))
  }

  /// OPA's bound: the exponent to base 2 of a number other than 0 is within ±100,000.
  private static func isInRange(_ literal: String) -> Bool {
    if literal.utf8.count <= 300, !literal.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }) { return true }
    var mantissa = 0.0
    var significantDigits = 0
    /// The value is `0.mantissa` times 10 to this power.
    var power = 0
    var isFraction = false
    var bytes = literal.utf8[...]
    while let byte = bytes.first, byte | 0x20 != UInt8(ascii: "e") {
      bytes.removeFirst()
      if byte == UInt8(ascii: ".") { isFraction = true }
      guard byte &- 0x30 < 10 else { continue }
      if significantDigits == 0, byte == UInt8(ascii: "0") {
        if isFraction { power -= 1 }
        continue
      }
      significantDigits += 1
      if !isFraction { power += 1 }
      if significantDigits <= 17 { mantissa = mantissa * 10 + Double(byte - 0x30) }
    }
    guard mantissa > 0 else { return true }
    if !bytes.isEmpty {
      let exponent = String(bytes.dropFirst()) ?? ""
      guard let value = Int(exponent), abs(value) < 1_000_000 else { return false }
      power += value
    }
    let logarithm = log2(mantissa) + Double(power - min(significantDigits, 17)) * log2(10)
    return abs(floor(logarithm) + 1) <= 100_000
  }

  mutating func string() -> Term {
    height = 1
    let token = token
    advance()
    return Term(.scalar(.string(content(of: token))), at: location(of: token))
  }

  /// A string's text without its quotes, or a template's, its escapes decoded.
  private func content(of token: Token) -> Text {
    let quote = token.kind == .string || token.kind == .rawString ? 1 : 0
    return source.bytes.withUnsafeBufferPointer { bytes in
      let content = UnsafeBufferPointer(rebasing: bytes[Int(token.start) + quote..<Int(token.end) - quote])
      if token.payload == 0 { return Text(String(decoding: content, as: UTF8.self)) }
      return Text(token.kind == .rawTemplateText ? Lexer.decodeRawTemplate(content) : Lexer.decode(content))
    }
  }

  /// `$"…{expression}…"`
  mutating func template() throws(Abort) -> Term {
    let start = index
    advance()
    var parts: [TemplatePart] = []
    var highest = 0
    while kind != .templateEnd {
      if kind == .templateText || kind == .rawTemplateText {
        appendText(to: &parts)
      } else {
        try appendExpression(to: &parts)
        highest = max(highest, height)
      }
    }
    advance()
    try setHeight(highest + 1)
    return Term(.template(parts), at: location(from: start))
  }

  private mutating func appendText(to parts: inout [TemplatePart]) {
    parts.append(.text(content(of: token)))
    advance()
  }

  /// `{expression}`
  private mutating func appendExpression(to parts: inout [TemplatePart]) throws(Abort) {
    guard kind == .templateExpressionStart else { throw unexpected() }
    advance()
    let expression = try literal()
    try append(expression, to: &parts)
  }

  private mutating func append(_ expression: Expression, to parts: inout [TemplatePart]) throws(Abort) {
    func refused(_ what: String) -> Abort {
      fail("unexpected \(what) in template-string expression", at: expression.location)
    }
    if expression.isNegated { throw refused("negation ('not')") }
    switch expression.kind {
    case .someDeclaration, .someIn: throw refused("'some'")
    case .every: throw refused("'every'")
    case .term(let term):
      if case .call(let operation, _) = term.kind, case .variable(let name) = operation.kind {
        if name == "assign" { throw refused("assignment (':=')") }
        if name == "eq" { throw refused("unification ('=')") }
      }
      parts.append(expression.modifiers.isEmpty ? .expression(term) : .literal(expression))
    case .not: throw refused("negation ('not')")
    case .and: throw refused("'and'")
    case .or: throw refused("'or'")
    }
    if kind == .illegal { throw unexpected() }
    guard kind == .templateExpressionEnd else {
      throw fail("expected } to end template string expression", at: location(of: token))
    }
    advance()
  }
}
