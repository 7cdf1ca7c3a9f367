extension Builtins {
  /// Patterns of Go's `regexp`, in linear time.
  enum Regex {
    static let rows: [Builtin] = [
      Builtin("regex.match", [.string, .string], .boolean, match),
      Builtin("re_match", [.string, .string], .boolean, deprecated: true, match),
      Builtin("regex.is_valid", [.string], .boolean, isValid),
      Builtin("regex.template_match", [.string, .string, .string, .string], .boolean, templateMatch),
      Builtin("regex.globs_match", [.string, .string], .boolean, globsMatch),
      Builtin("regex.split", [.string, .string], .array(of: .string), split),
      Builtin("regex.find_n", [.string, .string, .number], .array(of: .string), find),
      Builtin(
        "regex.find_all_string_submatch_n", [.string, .string, .number], .array(of: .array(of: .string)), findGroups),
      Builtin("regex.replace", [.string, .string, .string], .string, replace),
    ]

    private static func match(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (pattern, text) = (try arguments.text(1), try arguments.utf8(2))
      return .boolean(try RegularExpressionCache.expression(.go(pattern), &context).matches(text, &context))
    }

    private static func isValid(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      guard case .string(let pattern) = arguments.operand(1) else { return false }
      do {
        _ = try RegularExpressionCache.expression(.go(pattern), &context)
        return true
      } catch  where error.code == .halt {
        throw error
      } catch {
        return false
      }
    }

    /// The template's parts between the delimiters are patterns, the others stand for themselves.
    private static func templateMatch(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let (template, text) = (try arguments.utf8(1), try arguments.utf8(2))
      let (opening, closing) = (try arguments.utf8(3), try arguments.utf8(4))
      let fault = "delimiter has to be exactly one character long but is \(opening.count) long"
      if opening.count != 1 { throw .failure("start \(fault)") }
      // OPA gives the length of the other one here, too.
      if closing.count != 1 { throw .failure("end \(fault)") }
      try context.charge(bytes: template.count)
      var pattern = Array("^".utf8)
      var literalStart = 0
      for part in try patterns(in: template, opening: opening[0], closing: closing[0]) {
        pattern += quoted(template[literalStart..<part.lowerBound - 1])
        let inner = template[part]
        // Each has to be a pattern of its own.
        let alone = Text(String(decoding: Array("^".utf8) + inner + Array("$".utf8), as: UTF8.self))
        _ = try RegularExpressionCache.expression(.go(alone), &context)
        pattern += Array("(".utf8) + inner + Array(")".utf8)
        literalStart = part.upperBound + 1
      }
      pattern += quoted(template[literalStart...]) + Array("$".utf8)
      let whole = Text(String(decoding: pattern, as: UTF8.self))
      return .boolean(try RegularExpressionCache.expression(.go(whole), &context).matches(text, &context))
    }

    /// What lies between the outermost delimiters.
    private static func patterns(
      in template: [UInt8], opening: UInt8, closing: UInt8
    ) throws(BuiltinError) -> [Range<Int>] {
      var result: [Range<Int>] = []
      var (level, start) = (0, 0)
      for (index, byte) in template.enumerated() {
        if byte == opening {
          level += 1
          if level == 1 { start = index + 1 }
        } else if byte == closing {
          level -= 1
          if level == 0 { result.append(start..<index) }
          if level < 0 { break }
        }
      }
      if level != 0 {
        throw .failure("unbalanced braces in \(GoQuote.string(String(decoding: template, as: UTF8.self)))")
      }
      return result
    }

    private static func quoted(_ literal: ArraySlice<UInt8>) -> [UInt8] {
      var result: [UInt8] = []
      for byte in literal {
        if Array(#"\.+*?()|[]{}^$"#.utf8).contains(byte) { result.append(UInt8(ascii: "\\")) }
        result.append(byte)
      }
      return result
    }

    private static func globsMatch(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let (first, second) = (try arguments.string(1), try arguments.string(2))
      try context.charge(first.utf8.count + second.utf8.count)
      let globs = (try SimpleGlob(first), try SimpleGlob(second))
      return .boolean(try globs.0.intersects(globs.1, &context))
    }

    private static func split(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (pattern, text) = (try arguments.text(1), try arguments.utf8(2))
      let expression = try RegularExpressionCache.expression(.go(pattern), &context)
      if text.isEmpty, !pattern.utf8.isEmpty { return [""] }
      var parts: [Value] = []
      var (start, end) = (0, 0)
      try expression.forEachMatch(in: text, groups: 1, &context) { match, _ in
        end = match.start
        // What is empty at the very start cuts nothing off.
        if match.end != 0 { parts.append(text.string(start..<end)) }
        start = match.end
      }
      if end != text.count { parts.append(text.string(start..<text.count)) }
      return .array(parts)
    }

    private static func find(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (pattern, text, limit) = (try arguments.text(1), try arguments.utf8(2), try arguments.int(3))
      let expression = try RegularExpressionCache.expression(.go(pattern), &context)
      var found: [Value] = []
      try expression.forEachMatch(in: text, groups: 1, limit: limit, &context) { match, _ in
        found.append(text.string(match.start..<match.end))
      }
      return .array(found)
    }

    /// Each match as the array of its groups, the whole match first; empty strings for groups that took no part.
    private static func findGroups(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let (pattern, text, limit) = (try arguments.text(1), try arguments.utf8(2), try arguments.int(3))
      let expression = try RegularExpressionCache.expression(.go(pattern), &context)
      let groups = expression.groupCount + 1
      var found: [Value] = []
      try expression.forEachMatch(in: text, groups: groups, limit: limit, &context) {
        match, context throws(BuiltinError) in
        try context.charge(groups)
        var texts: [Value] = []
        for group in 0..<groups {
          let range = match.group(group) ?? 0..<0
          try context.charge(bytes: range.count)
          texts.append(text.string(range))
        }
        found.append(.array(texts))
      }
      return .array(found)
    }

    private static func replace(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (text, pattern, template) = (try arguments.utf8(1), try arguments.text(2), try arguments.text(3))
      let expression = try RegularExpressionCache.expression(.go(pattern), &context)
      try context.charge(bytes: text.count + template.utf8.count)
      let replacement = ReplacementTemplate(template, groupNames: expression.groupNames)
      var result: [UInt8] = []
      // Where the last match ended, and where to look for the next one.
      var (end, position) = (0, 0)
      while position <= text.count,
        let match = try expression.match(in: text, from: position, groups: replacement.groups, &context)
      {
        result += text[end..<match.start]
        // Nothing is put in for an empty match right behind another match.
        if match.end > end || match.start == 0 { try replacement.append(match, of: text, to: &result, &context) }
        end = match.end
        position = max(match.end, text.scalarEnd(after: position))
      }
      if end == 0, result.isEmpty, position == 0 { return arguments.operand(1) }
      result += text[end...]
      return .string(Text(String(decoding: result, as: UTF8.self)))
    }
  }
}

extension RegularExpression {
  /// The matches from left to right, none overlapping and no empty one right behind another, as Go's `FindAll`; at most
  /// `limit` of them unless that is negative.
  fileprivate func forEachMatch(
    in text: [UInt8], groups: Int, limit: Int = -1, _ context: inout BuiltinContext,
    _ body: (Match, inout BuiltinContext) throws(BuiltinError) -> Void
  ) throws(BuiltinError) {
    try context.charge(bytes: text.count)
    var (position, previousEnd, count) = (0, -1, 0)
    while position <= text.count, limit < 0 || count < limit,
      let match = try match(in: text, from: position, groups: groups, &context)
    {
      let isAccepted = match.end != position || match.start != previousEnd
      position = match.end == position ? text.scalarEnd(after: position) : match.end
      previousEnd = match.end
      if isAccepted {
        try body(match, &context)
        count += 1
      }
    }
  }
}

extension [UInt8] {
  /// Behind the character that starts at `index`; beyond the end when there is none.
  fileprivate func scalarEnd(after index: Int) -> Int {
    var end = index + 1
    while end < count, self[end] & 0xC0 == 0x80 { end += 1 }
    return end
  }

  fileprivate func string(_ range: Range<Int>) -> Value {
    .string(Text(String(decoding: self[range], as: UTF8.self)))
  }
}

/// What `regex.replace` puts in for a match, as Go's `Expand` reads it: `$1`, `$name`, `${name}`, `$$`.
struct ReplacementTemplate {
  private enum Part {
    case literal([UInt8])
    /// The first of these groups that took part in the match.
    case groups([Int])
  }
  private var parts: [Part] = []
  /// How many groups it asks for, the whole match included.
  private(set) var groups = 1

  init(_ template: Text, groupNames: [[UInt8]]) {
    var rest = Array(template.utf8)[...]
    var literal: [UInt8] = []
    while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
      literal += rest[..<dollar]
      rest = rest[(dollar + 1)...]
      if rest.first == UInt8(ascii: "$") {
        literal.append(UInt8(ascii: "$"))
        rest = rest.dropFirst()
      } else if let name = Self.name(&rest) {
        parts.append(.literal(literal))
        literal = []
        let indexes = Self.groups(name, groupNames)
        groups = max(groups, (indexes.max() ?? 0) + 1)
        parts.append(.groups(indexes))
      } else {
        // Malformed: the dollar stands for itself.
        literal.append(UInt8(ascii: "$"))
      }
    }
    parts.append(.literal(literal + rest))
  }

  func append(
    _ match: Match, of text: [UInt8], to result: inout [UInt8], _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    for part in parts {
      try context.charge(1)
      switch part {
      case .literal(let bytes):
        try context.charge(bytes: bytes.count)
        result += bytes
      case .groups(let indexes):
        guard let range = indexes.lazy.compactMap({ match.group($0) }).first else { continue }
        try context.charge(bytes: range.count)
        result += text[range]
      }
    }
  }

  /// Takes a name of letters, digits and underscores, as long as it gets, or one in braces.
  private static func name(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    let isBraced = rest.first == UInt8(ascii: "{")
    let body = isBraced ? rest.dropFirst() : rest
    var length = 0
    for scalar in String(decoding: body, as: UTF8.self).unicodeScalars {
      guard scalar == "_" || scalar.isLetterOrDigit else { break }
      length += UTF8.width(scalar)
    }
    if length == 0 { return nil }
    let name = body.prefix(length)
    var after = body.dropFirst(length)
    if isBraced {
      guard after.first == UInt8(ascii: "}") else { return nil }
      after = after.dropFirst()
    }
    rest = after
    return Array(name)
  }

  private static func groups(_ name: [UInt8], _ groupNames: [[UInt8]]) -> [Int] {
    let isNumber = name.allSatisfy { (0x30...0x39).contains($0) } && (name.count == 1 || name[0] != 0x30)
    if isNumber, name.count <= 8, let index = Int(String(decoding: name, as: UTF8.self)) {
      return index < groupNames.count ? [index] : []
    }
    return groupNames.indices.filter { groupNames[$0] == name }
  }
}

extension Unicode.Scalar {
  /// Go's `unicode.IsLetter` or `unicode.IsDigit`.
  fileprivate var isLetterOrDigit: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: true
    default: false
    }
  }
}
