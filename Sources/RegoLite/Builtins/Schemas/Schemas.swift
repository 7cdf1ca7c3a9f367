import BigInt
import StrictJSON

extension Builtins {
  /// `json.match_schema` and `json.verify_schema`.
  enum Schemas {
    static let rows: [Builtin] = [
      Builtin(
        "json.match_schema", [.any([.string, .anyObject]), .any([.string, .anyObject])],
        .array(
          leading: [
            .boolean,
            .array(
              of: .object(
                properties: ["desc": .string, "error": .string, "field": .string, "type": .string], restKey: nil,
                restValue: nil)),
          ], rest: nil)
      ) { arguments, context throws(BuiltinError) in
        let document = try json(arguments, 1, &context)
        let schema = try JSONSchema(json(arguments, 2, &context), &context)
        let result = try SchemaCheck.check(document, schema, &context)
        return [.boolean(result.isValid), .array(result.faults.map(\.value))]
      },
      Builtin(
        "json.verify_schema", [.any([.string, .anyObject])],
        .array(leading: [.boolean, .any([.null, .string])], rest: nil)
      ) { arguments, context throws(BuiltinError) in
        do throws(BuiltinError) {
          _ = try JSONSchema(json(arguments, 1, &context), &context)
          return [true, .null]
        } catch {
          if error.code == .halt { throw error }
          return [false, .string(Text("jsonschema: " + error.message))]
        }
      },
    ]

    /// The operand as JSON knows it: keys as strings; a string is JSON itself.
    private static func json(
      _ arguments: [Value], _ position: Int, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value {
      let bytes: [UInt8]
      switch arguments.operand(position) {
      case .string(let text): bytes = Array(text.utf8)
      case .object, .array: bytes = arguments.operand(position).jsonBytes()
      default: throw .failure("wrong type, expected string or object")
      }
      try context.charge(bytes: bytes.count)
      guard let value = try? Value.parse(json: bytes) else { throw .failure("invalid JSON string") }
      return value
    }
  }
}

extension Number {
  /// Exactly, for decimals as well. False for numbers of more digits than exact arithmetic goes to.
  func isMultiple(of divisor: Number) -> Bool {
    let (a, b) = (parts, divisor.parts)
    let (aPower, bPower) = (a.exponent - a.digits.count, b.exponent - b.digits.count)
    let power = min(aPower, bPower)
    guard let x = Self.integer(a.digits, shifted: aPower - power),
      let y = Self.integer(b.digits, shifted: bPower - power),
      y != 0
    else { return false }
    return x % y == 0
  }

  private static func integer(_ digits: some Collection<UInt8>, shifted power: Int) -> BigInt? {
    guard power <= largestConversion, digits.count <= largestConversion else { return nil }
    let text = String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
    return BigInt(text.isEmpty ? "0" : text).map { $0 * BigInt(10).power(power) }
  }
}
