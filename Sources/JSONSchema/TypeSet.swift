import StrictJSON

/// The types that a schema admits. What is a number is either an integer (`1`, `1.0`) or a fraction.
struct TypeSet: OptionSet, Sendable {
  let rawValue: UInt8

  static let null = TypeSet(rawValue: 1 << 0)
  static let boolean = TypeSet(rawValue: 1 << 1)
  static let integer = TypeSet(rawValue: 1 << 2)
  static let fraction = TypeSet(rawValue: 1 << 3)
  static let string = TypeSet(rawValue: 1 << 4)
  static let array = TypeSet(rawValue: 1 << 5)
  static let object = TypeSet(rawValue: 1 << 6)

  static let number: TypeSet = [.integer, .fraction]
  static let all: TypeSet = [.null, .boolean, .number, .string, .array, .object]

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init?(named name: String) {
    switch name {
    case "null": self = .null
    case "boolean": self = .boolean
    case "integer": self = .integer
    case "number": self = .number
    case "string": self = .string
    case "array": self = .array
    case "object": self = .object
    default: return nil
    }
  }

  func admits(_ value: JSONValue) -> Bool {
    switch value {
    case .null: contains(.null)
    case .boolean: contains(.boolean)
    case .string: contains(.string)
    case .array: contains(.array)
    case .object: contains(.object)
    case .number(let number): admits(number)
    }
  }

  private func admits(_ number: JSONNumber) -> Bool {
    if contains(.number) { return true }
    if isDisjoint(with: .number) { return false }
    return contains(number.shortInteger != nil || DecimalParts(number.literal).isInteger ? .integer : .fraction)
  }
}

extension TypeSet: CustomStringConvertible {
  /// `a string or null`.
  var description: String {
    var names: [String] = []
    if contains(.string) { names.append("a string") }
    if contains(.number) { names.append("a number") } else if contains(.integer) { names.append("an integer") }
    if contains(.boolean) { names.append("a boolean") }
    if contains(.array) { names.append("an array") }
    if contains(.object) { names.append("an object") }
    if contains(.null) { names.append("null") }
    guard names.count > 1, let last = names.popLast() else { return names.first ?? "nothing" }
    return names.joined(separator: ", ") + " or " + last
  }
}
