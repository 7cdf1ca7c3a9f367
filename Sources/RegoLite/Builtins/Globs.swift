extension Builtins {
  enum Globs {
    static let rows: [Builtin] = [
      Builtin("glob.match", [.string, .any([.null, .array(of: .string)]), .string], .boolean, match),
      Builtin("glob.quote_meta", [.string], .string, quoteMeta),
    ]

    private static func match(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let pattern = try arguments.text(1)
      let delimiters = try delimiters(arguments)
      let text = try arguments.utf8(3)
      let expression = try RegularExpressionCache.expression(.glob(pattern, delimiters: delimiters), &context)
      return .boolean(try expression.matches(text, &context))
    }

    /// What `glob.match` compiles for these two; absent when it fails.
    static func expression(_ pattern: Value, delimiters: Value) -> RegularExpression? {
      guard case .string(let text) = pattern else { return nil }
      return try? RegularExpression(re2: GlobPattern(text, delimiters: try self.delimiters([pattern, delimiters])).re2)
    }

    private static func delimiters(_ arguments: [Value]) throws(BuiltinError) -> [Unicode.Scalar] {
      switch arguments.operand(2) {
      case .null: return []
      case .array(let elements):
        var delimiters: [Unicode.Scalar] = []
        for element in elements {
          guard case .string(let text) = element else {
            throw .operand(2, mustHold: "string", in: arguments.operand(2), got: element)
          }
          let scalars = text.string.unicodeScalars
          guard scalars.count == 1, let scalar = scalars.first else {
            throw .operand(2, mustHold: "rune", in: arguments.operand(2), got: element)
          }
          delimiters.append(scalar)
        }
        return delimiters.isEmpty ? ["."] : delimiters
      case let other: throw .operand(2, mustBe: "array", "null", got: other)
      }
    }

    private static func quoteMeta(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let text = try arguments.utf8(1)
      try context.charge(bytes: text.count)
      var result: [UInt8] = []
      for byte in text {
        if #"*?\[]{}"#.utf8.contains(byte) { result.append(UInt8(ascii: "\\")) }
        result.append(byte)
      }
      return .string(Text(String(decoding: result, as: UTF8.self)))
    }
  }
}
