extension Builtins {
  /// Where strings lie in others. Positions count Unicode scalars.
  enum StringSearch {
    static let rows: [Builtin] = [
      Builtin("contains", [.string, .string], .boolean, contains),
      Builtin("startswith", [.string, .string], .boolean) { arguments, _ throws(BuiltinError) in
        let (text, prefix) = (try arguments.text(1), try arguments.text(2))
        return .boolean(text.hasPrefix(prefix))
      },
      Builtin("endswith", [.string, .string], .boolean) { arguments, _ throws(BuiltinError) in
        let (text, suffix) = (try arguments.text(1), try arguments.text(2))
        return .boolean(text.hasSuffix(suffix))
      },
      Builtin("indexof", [.string, .string], .number, indexOf),
      Builtin("indexof_n", [.string, .string], .array(of: .number), indexesOf),
      Builtin("strings.count", [.string, .string], .number, count),
      Builtin("strings.any_prefix_match", [.stringOrStrings, .stringOrStrings], .boolean) {
        arguments, context throws(BuiltinError) in
        try anyMatch(arguments, &context) { $0.hasPrefix($1) }
      },
      Builtin("strings.any_suffix_match", [.stringOrStrings, .stringOrStrings], .boolean) {
        arguments, context throws(BuiltinError) in
        try anyMatch(arguments, &context) { $0.hasSuffix($1) }
      },
    ]

    private static func contains(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (text, sought) = (try arguments.utf8(1), try arguments.utf8(2))
      try context.charge(bytes: text.count + sought.count)
      return .boolean(sought.isEmpty || ByteSearch(sought).firstIndex(in: text) != nil)
    }

    /// -1 when it is not there.
    private static func indexOf(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (text, sought) = (try arguments.utf8(1), try arguments.utf8(2))
      if sought.isEmpty { throw .failure("empty search character") }
      try context.charge(bytes: text.count + sought.count)
      guard let index = ByteSearch(sought).firstIndex(in: text) else { return -1 }
      return .int(scalarCount(text[..<index]))
    }

    /// Every position, overlapping ones too.
    private static func indexesOf(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let (text, sought) = (try arguments.utf8(1), try arguments.utf8(2))
      if sought.isEmpty { throw .failure("empty search character") }
      try context.charge(text.count + sought.count)
      var (position, start) = (0, 0)
      return .array(
        ByteSearch(sought).indexes(in: text, overlapping: true).map { index in
          position += scalarCount(text[start..<index])
          start = index
          return .int(position)
        })
    }

    /// Without overlaps; the empty string lies before, between and after all characters.
    private static func count(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (text, sought) = (try arguments.utf8(1), try arguments.utf8(2))
      try context.charge(bytes: text.count + sought.count)
      return .int(sought.isEmpty ? scalarCount(text[...]) + 1 : ByteSearch(sought).indexes(in: text).count)
    }

    private static func scalarCount(_ utf8: ArraySlice<UInt8>) -> Int {
      utf8.reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } }
    }

    /// Whether any of the strings has any of the affixes.
    private static func anyMatch(
      _ arguments: [Value], _ context: inout BuiltinContext, _ matches: (Text, Text) -> Bool
    ) throws(BuiltinError) -> Value? {
      let (strings, affixes) = (try oneOrMore(arguments, 1), try oneOrMore(arguments, 2))
      for string in strings {
        for affix in affixes {
          try context.charge(1)
          try context.charge(bytes: min(string.utf8.count, affix.utf8.count))
          if matches(string, affix) { return true }
        }
      }
      return false
    }

    private static func oneOrMore(_ arguments: [Value], _ position: Int) throws(BuiltinError) -> [Text] {
      switch arguments.operand(position) {
      case .string(let text): return [text]
      case .array, .set: return try arguments.texts(position)
      case let other: throw .operand(position, mustBe: "string", "set", "array", got: other)
      }
    }
  }
}

extension Text {
  func hasPrefix(_ prefix: Text) -> Bool { utf8.starts(with: prefix.utf8) }
  func hasSuffix(_ suffix: Text) -> Bool {
    utf8.count >= suffix.utf8.count && utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
  }
}
