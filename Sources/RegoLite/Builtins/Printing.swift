extension Builtins {
  /// What a policy says to its author, and text made of values.
  enum Printing {
    static let rows: [Builtin] = [
      Builtin("print", [], .anything, void: true, variadic: true, body: .compiled),
      Builtin("internal.print", [.array(of: .anySet)], .anything, void: true, printLines),
      Builtin("internal.template_string", [.anyArray], .string, templateString),
      // OPA's test runner looks at these calls. They hold, like `print`.
      Builtin("internal.test_case", [.anyArray], .anything, void: true) { _, _ in true },
      Builtin("trace", [.string], .boolean) { arguments, _ throws(BuiltinError) in
        _ = try arguments.text(1)
        return true
      },
    ]

    /// A line for each combination of the operands' values; an operand without values is undefined.
    private static func printLines(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      var lines = [""]
      for (index, operand) in try arguments.array(1).enumerated() {
        guard case .set(let set) = operand else { throw .operand(1, mustHold: "set", in: arguments[0], got: operand) }
        try context.charge(text: operand)
        let texts = set.isEmpty ? ["<undefined>"] : set.elements.map(display)
        let separator = index == 0 ? "" : " "
        var next: [String] = []
        for line in lines {
          for text in texts {
            try context.charge(bytes: 32 + line.utf8.count + text.utf8.count)
            next.append(line + separator + text)
          }
        }
        lines = next
      }
      context.printed += lines
      return true
    }

    private static func templateString(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      var result = ""
      for part in try arguments.array(1) {
        try context.charge(text: part)
        let text: String
        switch part {
        case .set(let set):
          guard set.count <= 1 else {
            throw .failure("template-strings must not produce multiple outputs")
          }
          text = set.elements.first.map(display) ?? "<undefined>"
        case .array, .object: throw .failure("illegal argument type: \(part.typeName)")
        default: text = display(part)
        }
        try context.charge(bytes: 32 + text.utf8.count)
        result += text
      }
      return .string(Text(result))
    }

    /// Strings as they are, other values as terms.
    static func display(_ value: Value) -> String {
      if case .string(let text) = value { text.string } else { value.regoDescription }
    }
  }
}
