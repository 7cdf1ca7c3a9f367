/// A JSON document or a part of one. Strings are compared by their bytes, numbers by value, objects in any order.
public enum JSONValue: Sendable {
  case null
  case boolean(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

extension JSONValue: Equatable {
  public static func == (a: JSONValue, b: JSONValue) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.boolean(let x), .boolean(let y)): x == y
    case (.number(let x), .number(let y)): x == y
    case (.string(let x), .string(let y)): x.hasSameBytes(as: y)
    case (.array(let x), .array(let y)): areEqual(x, y)
    case (.object(let x), .object(let y)): x == y
    default: false
    }
  }

  // Not Array's own ==, whose generic layers take several times the stack per level in unoptimised builds.
  private static func areEqual(_ a: [JSONValue], _ b: [JSONValue]) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count where a[index] != b[index] { return false }
    return true
  }
}

extension JSONValue {
  public init(_ value: Bool) { self = .boolean(value) }
  public init(_ value: Int) { self = .number(JSONNumber(value)) }
  public init(_ value: Int64) { self = .number(JSONNumber(Int(value))) }
  /// Absent when `value` is infinite or no number.
  public init?(_ value: Double) {
    guard let number = JSONNumber(value) else { return nil }
    self = .number(number)
  }
  public init(_ value: String) { self = .string(value) }
  public init(_ value: [JSONValue]) { self = .array(value) }
  public init(_ value: JSONObject) { self = .object(value) }

  public var isNull: Bool { if case .null = self { true } else { false } }
  public var boolValue: Bool? { if case .boolean(let value) = self { value } else { nil } }
  public var numberValue: JSONNumber? { if case .number(let value) = self { value } else { nil } }
  /// The exact value of a number that is an integer and fits.
  public var intValue: Int? { numberValue?.intValue }
  public var doubleValue: Double? { numberValue?.doubleValue }
  public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  public var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  public var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }

  /// An object's member; absent in whatever is no object. Setting a member of what is no object does nothing.
  public subscript(key: String) -> JSONValue? {
    get { objectValue?[key] }
    set {
      guard case .object(var object) = self else { return }
      self = .null
      object[key] = newValue
      self = .object(object)
    }
  }

  /// An array's element; absent outside its bounds and in whatever is no array.
  public subscript(index: Int) -> JSONValue? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }
}

// Not by nil: that would make `condition ? value : nil` JSON's null where an absent value is meant.
extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
  public init(floatLiteral value: Double) { self = .number(JSONNumber(value) ?? 0) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
  }
}

extension JSONValue: CustomStringConvertible {
  public var description: String { serializedString() }
}
