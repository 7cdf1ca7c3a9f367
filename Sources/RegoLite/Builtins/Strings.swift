import BigInt

extension Builtins {
  /// Strings made of strings. Lengths and positions count Unicode scalars, as OPA's runes.
  enum Strings {
    static let rows: [Builtin] = [
      Builtin("concat", [.string, .strings], .string, concat),
      Builtin("format_int", [.number, .number], .string, formatInt),
      Builtin("lower", [.string], .string) { arguments, context throws(BuiltinError) in
        try mapScalars(arguments, &context, ascii: UInt8(ascii: "A")...UInt8(ascii: "Z"), \.simpleLowercase)
      },
      Builtin("upper", [.string], .string) { arguments, context throws(BuiltinError) in
        try mapScalars(arguments, &context, ascii: UInt8(ascii: "a")...UInt8(ascii: "z"), \.simpleUppercase)
      },
      Builtin("replace", [.string, .string, .string], .string, replace),
      Builtin("split", [.string, .string], .array(of: .string), split),
      Builtin("sprintf", [.string, .anyArray], .string, sprintf),
      Builtin("substring", [.string, .number, .number], .string, substring),
      Builtin("strings.replace_n", [.object(of: .string), .string], .string, replaceAll),
      Builtin("strings.reverse", [.string], .string, reverse),
      Builtin("strings.split_n", [.string, .string, .number], .array(of: .string), splitSome),
      trim("trim", .both),
      trim("trim_left", .left),
      trim("trim_right", .right),
      Builtin("trim_prefix", [.string, .string], .string, trimPrefix),
      Builtin("trim_suffix", [.string, .string], .string, trimSuffix),
      Builtin("trim_space", [.string], .string) { arguments, context throws(BuiltinError) in
        let text = try arguments.text(1)
        try context.charge(bytes: text.utf8.count)
        return .string(Side.both.trim(text) { $0.properties.isWhitespace })
      },
    ]

    private static func concat(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (separator, texts) = (try arguments.text(1), try arguments.texts(2))
      var length = 0
      for text in texts {
        let cost = text.utf8.count + separator.utf8.count
        try context.charge(1)
        try context.charge(bytes: cost)
        length += cost
      }
      var result = ""
      result.reserveCapacity(length)
      for (index, text) in texts.enumerated() {
        if index > 0 { result += separator.string }
        result += text.string
      }
      return .string(Text(result))
    }

    /// The number without its fraction in base 2, 8, 10 or 16.
    private static func formatInt(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let (number, base) = (try arguments.number(1), try arguments.number(2))
      // As OPA, by the literal: `16.0` is none of them.
      guard let radix = ["2": 2, "8": 8, "10": 10, "16": 16][base.description] else {
        throw .operand(2, "must be one of {2, 8, 10, 16}")
      }
      try context.charge(converting: number)
      let literal = number.description
      if number.isPlainInteger, let value = number.bigInt { return .string(Text(String(value, radix: radix))) }
      let isNegative = literal.utf8.first == UInt8(ascii: "-")
      let magnitude = Number(literal: isNegative ? literal.dropFirst() : literal[...])?.floor.bigInt
      guard let magnitude else { throw .failure("number too big") }
      return .string(Text(String(isNegative ? -magnitude : magnitude, radix: radix)))
    }

    private static func mapScalars(
      _ arguments: [Value], _ context: inout BuiltinContext, ascii: ClosedRange<UInt8>,
      _ map: (Unicode.Scalar) -> Unicode.Scalar
    ) throws(BuiltinError) -> Value? {
      let text = try arguments.text(1)
      try context.charge(bytes: text.utf8.count)
      if text.utf8.allSatisfy({ $0 < 0x80 }) {
        guard text.utf8.contains(where: ascii.contains) else { return .string(text) }
        return .string(Text(String(decoding: text.utf8.map { ascii ~= $0 ? $0 ^ 0x20 : $0 }, as: UTF8.self)))
      }
      var result = String.UnicodeScalarView()
      for scalar in text.string.unicodeScalars { result.append(map(scalar)) }
      return .string(Text(String(result)))
    }

    /// All occurrences. An empty one is found between all bytes, not characters, as in OPA.
    private static func replace(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (text, old, new) = (try arguments.utf8(1), try arguments.utf8(2), try arguments.utf8(3))
      try context.charge(bytes: text.count + old.count)
      let found = old.isEmpty ? Array(0...text.count) : ByteSearch(old).indexes(in: text)
      if found.isEmpty { return arguments.operand(1) }
      let (growth, overflow) = found.count.multipliedReportingOverflow(by: new.count)
      try context.charge(bytes: overflow ? Int.max : growth)
      var result: [UInt8] = []
      var end = 0
      for start in found {
        result += text[end..<start]
        result += new
        end = start + old.count
      }
      return .string(Text(repairing: result + text[end...]))
    }

    /// At each place the first of the sorted patterns that matches wins; what was put in is not looked at again.
    private static func replaceAll(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let patterns = try arguments.object(1)
      let text = try arguments.utf8(2)
      var pairs: [(old: [UInt8], new: [UInt8])] = []
      var byFirstByte = [[Int]](repeating: [], count: 256)
      for (key, value) in patterns.entries {
        guard case .string(let old) = key else { throw .operand(1, "non-string key found in pattern object") }
        guard case .string(let new) = value else { throw .operand(1, "non-string value found in pattern object") }
        if let first = old.utf8.first { byFirstByte[Int(first)].append(pairs.count) }
        pairs.append((Array(old.utf8), Array(new.utf8)))
      }
      try context.charge(pairs.count)
      try context.charge(bytes: text.count)
      // The empty pattern sorts before all others, so it wins wherever it may match.
      let empty = pairs.first.flatMap { $0.old.isEmpty ? $0.new : nil }
      var result: [UInt8] = []
      var index = 0
      var matchedEmpty = false
      while index <= text.count {
        if let empty, !matchedEmpty {
          try context.charge(bytes: 32 + empty.count)
          result += empty
          matchedEmpty = true
          continue
        }
        matchedEmpty = false
        if index == text.count { break }
        var match: Int?
        for candidate in byFirstByte[Int(text[index])] {
          try context.charge(1)
          let old = pairs[candidate].old
          if text[index...].starts(with: old) {
            match = candidate
            break
          }
        }
        if let match {
          try context.charge(bytes: pairs[match].old.count + pairs[match].new.count)
          result += pairs[match].new
          index += pairs[match].old.count
        } else {
          result.append(text[index])
          index += 1
        }
      }
      return .string(Text(repairing: result))
    }

    private static func split(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      .array(try parts(arguments, &context))
    }

    /// The first parts, or for a negative count the last ones.
    private static func splitSome(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      _ = try (arguments.text(1), arguments.text(2))
      let count = try arguments.int(3)
      let parts = try parts(arguments, &context)
      let kept = Int(min(count.magnitude, UInt(parts.count)))
      return .array(Array(count < 0 ? parts.suffix(kept) : parts.prefix(kept)))
    }

    private static func parts(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> [Value] {
      let (text, separator) = (try arguments.utf8(1), try arguments.utf8(2))
      try context.charge(bytes: text.count + separator.count)
      if separator.isEmpty {
        try context.charge(text.count)
        return try arguments.string(1).unicodeScalars.map { .string(Text(String($0))) }
      }
      let found = ByteSearch(separator).indexes(in: text)
      if found.isEmpty { return [arguments.operand(1)] }
      try context.charge(found.count)
      var parts: [Value] = []
      parts.reserveCapacity(found.count + 1)
      var start = 0
      for end in found + [text.count] {
        parts.append(.string(Text(String(decoding: text[start..<end], as: UTF8.self))))
        start = end + separator.count
      }
      return parts
    }

    private static func sprintf(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (format, values) = (try arguments.utf8(1), try arguments.array(2))
      for value in values {
        try context.charge(text: value)
        if case .number(let number) = value, number.isPlainInteger { try context.charge(converting: number) }
      }
      var formatter = GoFormatter(values.map(GoFormatter.Argument.init(_:)))
      try formatter.format(format, &context)
      return .string(formatter.text)
    }

    /// From the offset on; all of the rest for a negative length.
    private static func substring(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let (text, offset, length) = (try arguments.text(1), try arguments.int(2), try arguments.int(3))
      if offset < 0 { throw .failure("negative offset") }
      try context.charge(bytes: text.utf8.count)
      let scalars = text.string.unicodeScalars
      guard let start = scalars.index(scalars.startIndex, offsetBy: offset, limitedBy: scalars.endIndex) else {
        return ""
      }
      let end = length < 0 ? nil : scalars.index(start, offsetBy: length, limitedBy: scalars.endIndex)
      return .string(Text(String(scalars[start..<(end ?? scalars.endIndex)])))
    }

    private static func reverse(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let text = try arguments.text(1)
      try context.charge(bytes: text.utf8.count)
      var result = String.UnicodeScalarView()
      result.append(contentsOf: text.string.unicodeScalars.reversed())
      return .string(Text(String(result)))
    }

    private static func trim(_ name: Text, _ side: Side) -> Builtin {
      Builtin(name, [.string, .string], .string) { arguments, context throws(BuiltinError) in
        let (text, cutset) = (try arguments.text(1), try arguments.text(2))
        try context.charge(bytes: text.utf8.count + cutset.utf8.count)
        let cut = Set(cutset.string.unicodeScalars)
        return .string(side.trim(text) { cut.contains($0) })
      }
    }

    private static func trimPrefix(_ arguments: [Value], _: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (text, prefix) = (try arguments.text(1), try arguments.text(2))
      guard text.hasPrefix(prefix) else { return .string(text) }
      return .string(Text(String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)))
    }

    private static func trimSuffix(_ arguments: [Value], _: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (text, suffix) = (try arguments.text(1), try arguments.text(2))
      guard text.hasSuffix(suffix) else { return .string(text) }
      return .string(Text(String(decoding: text.utf8.dropLast(suffix.utf8.count), as: UTF8.self)))
    }

    private enum Side {
      case left, right, both

      func trim(_ text: Text, _ isCut: (Unicode.Scalar) -> Bool) -> Text {
        var scalars = text.string.unicodeScalars[...]
        if self != .right { scalars = scalars.drop(while: isCut) }
        if self != .left { while let last = scalars.last, isCut(last) { scalars.removeLast() } }
        return Text(String(scalars))
      }
    }
  }
}

extension Unicode.Scalar {
  /// The one scalar that Unicode's simple case mapping gives: `ß` has none, `İ` becomes `i`.
  var simpleLowercase: Unicode.Scalar {
    let mapped = properties.lowercaseMapping.unicodeScalars
    // U+0130 is the only one whose full mapping has several scalars.
    return mapped.count == 1 ? mapped[mapped.startIndex] : self == "\u{130}" ? "i" : self
  }

  var simpleUppercase: Unicode.Scalar {
    let mapped = properties.uppercaseMapping.unicodeScalars
    if mapped.count == 1 { return mapped[mapped.startIndex] }
    // Where the full mapping has several scalars (`ᾳ`), the simple one is the title case, if that is one scalar.
    let title = properties.titlecaseMapping.unicodeScalars
    return title.count == 1 ? title[title.startIndex] : self
  }
}
