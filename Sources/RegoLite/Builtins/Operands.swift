import BigInt
import StrictJSON

extension BuiltinError {
  /// `operand 1 must be set but got string`, `operand 1 must be one of {set, array} but got string`.
  static func operand(_ position: Int, mustBe expected: String..., got value: Value) -> BuiltinError {
    let types = expected.count == 1 ? expected[0] : "one of {\(expected.joined(separator: ", "))}"
    return operand(position, "must be \(types) but got \(value.typeName)")
  }

  /// `operand 1 must be array of numbers but got array containing string`.
  static func operand(_ position: Int, mustHold type: String, in collection: Value, got: Value) -> BuiltinError {
    let kind = collection.typeName
    return operand(position, "must be \(kind) of \(type)s but got \(kind) containing \(got.typeName)")
  }

  static func operand(_ position: Int, _ fault: String) -> BuiltinError {
    BuiltinError(code: .type, message: "operand \(position) \(fault)")
  }

  static func failure(_ message: String) -> BuiltinError { BuiltinError(code: .builtin, message: message) }
}

/// The operands by position, counted from 1 as OPA's messages do, each as the type that the builtin wants.
///
/// INVARIANT: the compiler has checked the number of arguments.
extension [Value] {
  func operand(_ position: Int) -> Value { self[position - 1] }

  func text(_ position: Int) throws(BuiltinError) -> Text {
    guard case .string(let text) = operand(position) else {
      throw .operand(position, mustBe: "string", got: operand(position))
    }
    return text
  }

  func string(_ position: Int) throws(BuiltinError) -> String { try text(position).string }
  func utf8(_ position: Int) throws(BuiltinError) -> [UInt8] { try [UInt8](text(position).utf8) }

  func number(_ position: Int) throws(BuiltinError) -> Number {
    guard case .number(let number) = operand(position) else {
      throw .operand(position, mustBe: "number", got: operand(position))
    }
    return number
  }

  func array(_ position: Int) throws(BuiltinError) -> [Value] {
    guard case .array(let array) = operand(position) else {
      throw .operand(position, mustBe: "array", got: operand(position))
    }
    return array
  }

  func set(_ position: Int) throws(BuiltinError) -> SetValue {
    guard case .set(let set) = operand(position) else {
      throw .operand(position, mustBe: "set", got: operand(position))
    }
    return set
  }

  func object(_ position: Int) throws(BuiltinError) -> ObjectValue {
    guard case .object(let object) = operand(position) else {
      throw .operand(position, mustBe: "object", got: operand(position))
    }
    return object
  }

  /// The elements of a set or an array.
  func elements(_ position: Int) throws(BuiltinError) -> [Value] {
    switch operand(position) {
    case .array(let elements): return elements
    case .set(let set): return set.elements
    case let other: throw .operand(position, mustBe: "set", "array", got: other)
    }
  }

  /// The texts of a set or an array of strings.
  func texts(_ position: Int) throws(BuiltinError) -> [Text] {
    var texts: [Text] = []
    for element in try elements(position) {
      guard case .string(let text) = element else {
        throw .operand(position, mustHold: "string", in: operand(position), got: element)
      }
      texts.append(text)
    }
    return texts
  }

  /// A machine integer, for offsets and counts: as OPA, refuses `1e0` but not `1.0`.
  func int(_ position: Int) throws(BuiltinError) -> Int {
    guard let value = try number(position).plainInt else {
      throw .operand(position, "must be integer number but got floating-point number")
    }
    return value
  }

  func bigInt(_ position: Int, in context: inout BuiltinContext) throws(BuiltinError) -> BigInt {
    guard case .number(let number) = operand(position) else {
      throw .operand(position, mustBe: "integer", got: operand(position))
    }
    try context.charge(converting: number)
    guard let value = number.bigInt else {
      throw .operand(position, "must be integer number but got floating-point number")
    }
    return value
  }
}

extension Number {
  /// The value of an integer that fits, as OPA reads indexes: written without an exponent, and with a fraction (`1.0`)
  /// only in fewer than 20 characters.
  var plainInt: Int? {
    guard let value = intValue else { return nil }
    var (length, hasFraction) = (0, false)
    for byte in description.utf8 {
      if byte | 0x20 == UInt8(ascii: "e") { return nil }
      if byte == UInt8(ascii: ".") { hasFraction = true }
      if byte != UInt8(ascii: "-") { length += 1 }
    }
    return hasFraction && length >= 20 ? nil : value
  }

  /// Written with digits only.
  var isPlainInteger: Bool {
    description.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
  }

  /// About the bits that exact arithmetic needs for the number; 0 when it is an integer that fits a machine word.
  var bitEstimate: Int {
    if intValue != nil { return 0 }
    let digits = max(min(parts.exponent, Number.largestConversion), parts.digits.count)
    return digits * 10 / 3
  }
}

extension Text {
  /// The string of bytes that may be no UTF-8: as Go's conversion to runes, every byte that starts no character becomes
  /// one U+FFFD.
  init(repairing bytes: [UInt8]) {
    if let string = String(validating: bytes, as: UTF8.self) {
      self.init(string)
      return
    }
    var repaired: [UInt8] = []
    repaired.reserveCapacity(bytes.count + bytes.count / 2)
    var index = 0
    while index < bytes.count {
      let length = Text.scalarLength(bytes, at: index)
      if length > 0 {
        repaired += bytes[index..<index + length]
        index += length
      } else {
        repaired += "\u{FFFD}".utf8
        index += 1
      }
    }
    self.init(String(decoding: repaired, as: UTF8.self))
  }

  /// The length of the character at `index` (RFC 3629); 0 when none starts there or it is cut short.
  private static func scalarLength(_ bytes: [UInt8], at index: Int) -> Int {
    let (length, low, high): (Int, UInt8, UInt8) =
      switch bytes[index] {
      case 0..<0x80: (1, 0, 0)
      case 0xC2..<0xE0: (2, 0x80, 0xBF)
      case 0xE0: (3, 0xA0, 0xBF)
      case 0xED: (3, 0x80, 0x9F)
      case 0xE1..<0xF0: (3, 0x80, 0xBF)
      case 0xF0: (4, 0x90, 0xBF)
      case 0xF1..<0xF4: (4, 0x80, 0xBF)
      case 0xF4: (4, 0x80, 0x8F)
      default: (0, 0, 0)
      }
    guard length > 0, index + length <= bytes.count else { return 0 }
    if length == 1 { return 1 }
    guard (low...high).contains(bytes[index + 1]) else { return 0 }
    for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 { return 0 }
    return length
  }
}
