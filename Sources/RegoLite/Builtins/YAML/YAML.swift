extension Builtins {
  /// `yaml.*`: YAML 1.1 as Go's yaml.v2 reads and writes it, by way of JSON.
  enum YAML {
    static let rows: [Builtin] = [
      Builtin("yaml.marshal", [.anything], .string) { arguments, context throws(BuiltinError) in
        let json = arguments.operand(1).jsonBytes()
        try context.charge(bytes: json.count * 4)
        let value: Value
        do { value = try Value.parse(json: json) } catch { throw .failure("yaml: value is nested too deeply") }
        return .string(Text(try YAMLWriter.text(value)))
      },
      Builtin("yaml.unmarshal", [.string], .anything) { arguments, context throws(BuiltinError) in
        try YAMLReader.value(of: arguments.utf8(1), &context)
      },
      Builtin("yaml.is_valid", [.string], .boolean) { arguments, context throws(BuiltinError) in
        guard case .string(let text) = arguments.operand(1) else { return false }
        do throws(BuiltinError) {
          _ = try YAMLReader.value(of: Array(text.utf8), &context)
          return true
        } catch {
          if error.code == .halt { throw error }
          return false
        }
      },
    ]
  }
}
