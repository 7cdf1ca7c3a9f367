import StrictJSON

/// What has to stand at a keyword.
enum KeywordForm: Sendable {
  case value, values
  case string, strings, stringsMap
  case boolean
  /// A count is an integer that isn't negative: `3` and `3.0`.
  case number, positiveNumber, count
  /// One name of a type or several.
  case types
  /// Of `schemas` there is at least one.
  case schema, schemas, tuple, schemaOrTuple, schemaMap
  /// Each a schema or the names of properties.
  case dependencies

  /// What is wrong, below the keyword.
  struct Flaw {
    var steps: [JSONPathStep] = []
    var message: String
  }

  /// What the value lacks to have this form. Schemas in it are only looked at from outside.
  func flaw(in value: JSONValue) -> Flaw? {
    switch self {
    case .value: return nil
    case .values: return value.arrayValue == nil ? Flaw(message: "must be an array") : nil
    case .string: return value.stringValue == nil ? Flaw(message: "must be a string") : nil
    case .boolean: return value.boolValue == nil ? Flaw(message: "must be a boolean") : nil
    case .number: return value.numberValue == nil ? Flaw(message: "must be a number") : nil
    case .positiveNumber:
      guard let number = value.numberValue else { return Flaw(message: "must be a number") }
      let parts = DecimalParts(number.literal)
      return parts.isZero || parts.isNegative ? Flaw(message: "must be more than 0") : nil
    case .count:
      guard let number = value.numberValue, DecimalParts(number.literal).isInteger else {
        return Flaw(message: "must be an integer")
      }
      return DecimalParts(number.literal).isNegative ? Flaw(message: "must not be negative") : nil
    case .strings: return Self.flaw(inStrings: value)
    case .stringsMap: return Self.flaw(inMap: value, Self.flaw(inStrings:))
    case .types: return Self.flaw(inTypes: value)
    case .schema: return Self.flaw(inSchema: value)
    case .schemas:
      guard let elements = value.arrayValue else { return Flaw(message: "must be an array of schemas") }
      return elements.isEmpty ? Flaw(message: "must not be empty") : Self.flaw(inList: elements, Self.flaw(inSchema:))
    case .tuple:
      guard let elements = value.arrayValue else { return Flaw(message: "must be an array of schemas") }
      return Self.flaw(inList: elements, Self.flaw(inSchema:))
    case .schemaOrTuple:
      if let elements = value.arrayValue { return Self.flaw(inList: elements, Self.flaw(inSchema:)) }
      return Self.flaw(inSchema: value) == nil ? nil : Flaw(message: "must be a schema or an array of schemas")
    case .schemaMap: return Self.flaw(inMap: value, Self.flaw(inSchema:))
    case .dependencies:
      return Self.flaw(inMap: value) { $0.arrayValue == nil ? Self.flaw(inSchema: $0) : Self.flaw(inStrings: $0) }
    }
  }

  /// Calls `visit` with each schema that stands at the keyword, and its place below it. The value has this form.
  func forEachSchema(in value: JSONValue, _ visit: ([JSONPathStep], JSONValue) -> Void) {
    switch self {
    case .schema: visit([], value)
    case .schemas, .tuple, .schemaOrTuple:
      guard let elements = value.arrayValue else { return visit([], value) }
      for index in elements.indices { visit([.index(index)], elements[index]) }
    case .schemaMap, .dependencies:
      for member in value.objectValue?.members ?? [] where member.value.arrayValue == nil {
        visit([.key(member.key)], member.value)
      }
    default: break
    }
  }

  private static func flaw(inSchema value: JSONValue) -> Flaw? {
    switch value {
    case .object, .boolean: nil
    default: Flaw(message: "must be a schema: an object or a boolean")
    }
  }

  private static func flaw(inStrings value: JSONValue) -> Flaw? {
    guard let elements = value.arrayValue else { return Flaw(message: "must be an array of strings") }
    return flaw(inList: elements) { $0.stringValue == nil ? Flaw(message: "must be a string") : nil }
  }

  private static func flaw(inTypes value: JSONValue) -> Flaw? {
    func flaw(_ value: JSONValue) -> Flaw? {
      guard let name = value.stringValue else { return Flaw(message: "must be the name of a type") }
      return TypeSet(named: name) == nil ? Flaw(message: "\(value) is no type") : nil
    }
    guard let elements = value.arrayValue else { return flaw(value) }
    return elements.isEmpty ? Flaw(message: "must not be empty") : self.flaw(inList: elements, flaw)
  }

  private static func flaw(inList elements: [JSONValue], _ check: (JSONValue) -> Flaw?) -> Flaw? {
    for index in elements.indices {
      if var flaw = check(elements[index]) {
        flaw.steps.insert(.index(index), at: 0)
        return flaw
      }
    }
    return nil
  }

  private static func flaw(inMap value: JSONValue, _ check: (JSONValue) -> Flaw?) -> Flaw? {
    guard let object = value.objectValue else { return Flaw(message: "must be an object") }
    for member in object.members {
      if var flaw = check(member.value) {
        flaw.steps.insert(.key(member.key), at: 0)
        return flaw
      }
    }
    return nil
  }
}
