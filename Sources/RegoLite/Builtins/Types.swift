extension Builtins {
  enum Types {
    static let rows: [Builtin] =
      ["array", "boolean", "null", "number", "object", "set", "string"].map { name in
        Builtin(Text("is_" + name), [.anything], .boolean) { arguments, _ throws(BuiltinError) in
          .boolean(arguments.operand(1).typeName == name)
        }
      } + [
        Builtin("type_name", [.anything], .string) { arguments, _ throws(BuiltinError) in
          .string(Text(arguments.operand(1).typeName))
        }
      ]
  }
}
