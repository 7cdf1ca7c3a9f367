extension Builtins {
  enum Casts {
    static let rows: [Builtin] = [
      Builtin("to_number", [.any([.null, .boolean, .number, .string])], .number, toNumber),
      Builtin("cast_array", [.anything], .anyArray, deprecated: true) { arguments, context throws(BuiltinError) in
        switch arguments.operand(1) {
        case .array(let array): return .array(array)
        case .set(let set): return .array(set.elements)
        case let other: throw .operand(1, mustBe: "array", "set", got: other)
        }
      },
      Builtin("cast_set", [.anything], .anySet, deprecated: true) { arguments, context throws(BuiltinError) in
        switch arguments.operand(1) {
        case .array(let array):
          try context.charge(array.count)
          return .set(SetValue(array))
        case .set(let set): return .set(set)
        case let other: throw .operand(1, mustBe: "set", "array", got: other)
        }
      },
      same("cast_string", .string, "string"),
      same("cast_boolean", .boolean, "boolean"),
      same("cast_null", .null, "null"),
      same("cast_object", .anyObject, "object"),
    ]

    /// The operand itself when it has the type.
    private static func same(_ name: Text, _ type: RegoType, _ typeName: String) -> Builtin {
      Builtin(name, [.anything], type, deprecated: true) { arguments, _ throws(BuiltinError) in
        let value = arguments.operand(1)
        guard value.typeName == typeName else { throw .operand(1, mustBe: typeName, got: value) }
        return value
      }
    }

    private static func toNumber(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      switch arguments.operand(1) {
      case .null: return 0
      case .boolean(let value): return .int(value ? 1 : 0)
      case .number(let number): return .number(number)
      case .string(let text):
        try context.charge(bytes: text.utf8.count)
        return .number(try number(text.string))
      case let other: throw .operand(1, mustBe: "null", "boolean", "number", "string", got: other)
      }
    }

    /// Reads Go's floating-point literals. Those that are no JSON (`+1`, `01`, `.5`, `1_000`, `0x1p4`) give the number
    /// that JSON would write for them; OPA keeps the text and so answers with broken JSON.
    private static func number(_ text: String) throws(BuiltinError) -> Number {
      let unsigned = text.utf8.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
      if ["nan", "inf", "infinity"].contains(String(Substring(unsigned)).lowercased()) {
        throw .operand(1, "must be valid number string but got string")
      }
      func parsing(_ fault: String) -> BuiltinError {
        .failure("strconv.ParseFloat: parsing \(GoQuote.string(text)): \(fault)")
      }
      if let number = Number(literal: text) {
        if number.doubleValue.isInfinite { throw parsing("value out of range") }
        return number
      }
      guard let literal = GoNumberLiteral(text) else { throw parsing("invalid syntax") }
      guard let number = literal.number, number.doubleValue.isFinite else { throw parsing("value out of range") }
      return number
    }
  }
}

/// A floating-point literal in Go's grammar, for `strconv.ParseFloat`.
struct GoNumberLiteral {
  private var negative = false
  private var hexadecimal = false
  private var whole: [UInt8] = []
  private var fraction: [UInt8] = []
  private var exponent: [UInt8] = []

  /// The value; absent when it is beyond what a number can hold.
  var number: Number? {
    let text = { (bytes: [UInt8]) in String(decoding: bytes, as: UTF8.self) }
    let sign = negative ? "-" : ""
    let power = text(exponent)
    if hexadecimal {
      let literal =
        "\(sign)0x\(whole.isEmpty ? "0" : text(whole))\(fraction.isEmpty ? "" : "." + text(fraction))p\(power)"
      return Double(literal).flatMap { Number($0) }
    }
    let digits = whole.drop { $0 == UInt8(ascii: "0") }
    return Number(
      literal: sign + (digits.isEmpty ? "0" : text(Array(digits))) + (fraction.isEmpty ? "" : "." + text(fraction))
        + (power.isEmpty ? "" : "e" + power))
  }

  init?(_ text: String) {
    let bytes = Array(text.utf8)
    var index = 0
    if let first = bytes.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      negative = first == UInt8(ascii: "-")
      index = 1
    }
    // An underscore may stand between digits, and between the base's prefix and a digit.
    var digitBefore = false
    if bytes.count > index + 1, bytes[index] == UInt8(ascii: "0"), bytes[index + 1] | 0x20 == UInt8(ascii: "x") {
      hexadecimal = true
      digitBefore = true
      index += 2
    }
    func isDigit(_ byte: UInt8, hexadecimal: Bool) -> Bool {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): true
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): hexadecimal
      default: false
      }
    }
    func digits(hexadecimal: Bool, after prefix: Bool) -> [UInt8]? {
      var result: [UInt8] = []
      var separable = prefix
      while index < bytes.count {
        if bytes[index] == UInt8(ascii: "_") {
          guard separable, index + 1 < bytes.count, isDigit(bytes[index + 1], hexadecimal: hexadecimal) else {
            return nil
          }
        } else if isDigit(bytes[index], hexadecimal: hexadecimal) {
          result.append(bytes[index])
          separable = true
        } else {
          break
        }
        index += 1
      }
      return result
    }
    guard let whole = digits(hexadecimal: hexadecimal, after: digitBefore) else { return nil }
    self.whole = whole
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      guard let fraction = digits(hexadecimal: hexadecimal, after: false) else { return nil }
      self.fraction = fraction
    }
    if whole.isEmpty && fraction.isEmpty { return nil }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: hexadecimal ? "p" : "e") {
      index += 1
      var sign: [UInt8] = []
      if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
        if bytes[index] == UInt8(ascii: "-") { sign = [bytes[index]] }
        index += 1
      }
      guard let power = digits(hexadecimal: false, after: false), !power.isEmpty else { return nil }
      exponent = sign + power
    } else if hexadecimal {
      return nil
    }
    if index < bytes.count { return nil }
  }
}
