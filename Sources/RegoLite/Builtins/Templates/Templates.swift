extension Builtins {
  /// `strings.render_template`.
  enum Templates {
    static let rows: [Builtin] = [
      Builtin("strings.render_template", [.string, .object(of: .anything)], .string) {
        arguments, context throws(BuiltinError) in
        let text = try arguments.text(1)
        let variables = try arguments.object(2)
        try requireJSON(.object(variables))
        try context.charge(bytes: text.utf8.count * 8)
        let template = try TextTemplate(text)
        return .string(Text(try TemplateRun.text(of: template, .object(variables), &context)))
      }
    ]

    /// Refuses what Rego's text has an escape for that JSON hasn't.
    private static func requireJSON(_ text: Text) throws(BuiltinError) {
      for scalar in text.string.unicodeScalars {
        let escape: Character? =
          switch scalar.value {
          case 0x08...0x0A, 0x0C, 0x0D: nil
          case 0x07: "a"
          case 0x0B: "v"
          case 0..<0x20, 0x7F: "x"
          case 0x10000...: GoQuote.isPrintable(scalar) ? nil : "U"
          default: nil
          }
        if let escape { throw .failure("invalid character '\(escape)' in string escape code") }
      }
    }

    /// The variables go through JSON, as OPA hands them on: refuses sets, and keys that are no strings.
    private static func requireJSON(_ value: Value) throws(BuiltinError) {
      switch value {
      case .null, .boolean, .number: return
      case .string(let text): try requireJSON(text)
      case .set(let set):
        throw .failure(
          set.isEmpty
            ? "invalid character 's' looking for beginning of value"
            : "invalid character in a set, which JSON hasn't")
      case .array(let items): for item in items { try requireJSON(item) }
      case .object(let object):
        for (key, value) in object.entries {
          guard case .string = key else {
            let first = key.regoDescription.prefix(1)
            throw .failure("invalid character '\(first)' looking for beginning of object key string")
          }
          try requireJSON(key)
          try requireJSON(value)
        }
      }
    }
  }
}
