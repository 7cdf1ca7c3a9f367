import StrictJSON

extension Builtins {
  /// Values as JSON text.
  enum JSON {
    static let rows: [Builtin] = [
      Builtin("json.marshal", [.anything], .string) { arguments, context throws(BuiltinError) in
        try context.charge(text: arguments.operand(1))
        return .string(Text(arguments.operand(1).json()))
      },
      Builtin(
        "json.marshal_with_options",
        [
          .anything,
          .object(
            properties: ["indent": .string, "prefix": .string, "pretty": .boolean], restKey: .string,
            restValue: .anything),
        ], .string, marshal),
      Builtin("json.unmarshal", [.string], .anything, unmarshal),
      Builtin("json.is_valid", [.string], .boolean) { arguments, context throws(BuiltinError) in
        guard case .string(let text) = arguments.operand(1) else { return false }
        try context.charge(bytes: text.utf8.count)
        return .boolean((try? Value.parse(json: text.string)) != nil)
      },
    ]

    /// Pretty with a tab a level, when an indent or a prefix is given or `pretty` says so.
    private static func marshal(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let value = arguments.operand(1)
      var (indent, prefix) = ("\t", "")
      var isPretty: Bool?
      var hasLayout = false
      for (index, (key, option)) in try arguments.object(2).entries.enumerated() {
        guard case .string(let name) = key else {
          throw .operand(
            2,
            "failed to stringify key \(key.regoDescription) at index \(index): operand 0 must be string but got "
              + key.typeName)
        }
        switch name {
        case "pretty":
          guard case .boolean(let pretty) = option else { throw .operand(2, #"key "pretty" failed cast to bool"#) }
          isPretty = pretty
        case "indent", "prefix":
          guard case .string(let text) = option else {
            throw .operand(
              2, "key \(key.regoDescription) failed cast to string: operand 0 must be string but got \(option.typeName)"
            )
          }
          if name == "indent" { indent = text.string } else { prefix = text.string }
          hasLayout = true
        default: throw .operand(2, "object contained unknown key \(key.regoDescription)")
        }
      }
      try context.charge(text: value)
      guard isPretty ?? hasLayout else { return .string(Text(value.json())) }
      try chargeLayout(value, indent: indent.utf8.count, prefix: prefix.utf8.count, level: 1, &context)
      return .string(Text(value.json(indent: indent, prefix: prefix)))
    }

    private static func chargeLayout(
      _ value: Value, indent: Int, prefix: Int, level: Int, _ context: inout BuiltinContext
    ) throws(BuiltinError) {
      let parts: [Value]
      switch value {
      case .array(let elements): parts = elements
      case .set(let set): parts = set.elements
      case .object(let object): parts = object.values
      default: return
      }
      let (width, overflow) = indent.multipliedReportingOverflow(by: level)
      for part in parts {
        try context.charge(bytes: overflow ? Int.max : width &+ prefix)
        try chargeLayout(part, indent: indent, prefix: prefix, level: level + 1, &context)
      }
    }

    private static func unmarshal(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let text = try arguments.text(1)
      try context.charge(text.utf8.count >> 3)
      do throws(JSONError) {
        return try Value.parse(json: text.string)
      } catch {
        throw .failure(GoJSONFault.message(for: Array(text.utf8)) ?? error.message)
      }
    }
  }
}
