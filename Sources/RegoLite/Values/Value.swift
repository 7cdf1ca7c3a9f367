public import StrictJSON

/// A Rego value. "Undefined" is not one of them: it is the absence of a value.
public enum Value: Sendable {
  case null
  case boolean(Bool)
  case number(Number)
  case string(Text)
  case array([Value])
  case object(ObjectValue)
  case set(SetValue)
}

extension Value {
  public static func int(_ value: Int) -> Value { .number(Number(value)) }

  public static let emptyObject = Value.object(ObjectValue())
  public static let emptySet = Value.set(SetValue())

  public var isNull: Bool { if case .null = self { true } else { false } }
  public var asBool: Bool? { if case .boolean(let value) = self { value } else { nil } }
  public var asNumber: Number? { if case .number(let value) = self { value } else { nil } }
  /// The exact value of a number that is an integer and fits.
  public var asInt: Int? { asNumber?.intValue }
  public var asText: Text? { if case .string(let value) = self { value } else { nil } }
  public var asString: String? { asText?.string }
  public var asArray: [Value]? { if case .array(let value) = self { value } else { nil } }
  public var asObject: ObjectValue? { if case .object(let value) = self { value } else { nil } }
  public var asSet: SetValue? { if case .set(let value) = self { value } else { nil } }

  /// `null`, `boolean`, `number`, `string`, `array`, `object` or `set`.
  public var typeName: String {
    switch self {
    case .null: "null"
    case .boolean: "boolean"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    case .set: "set"
    }
  }

  /// Whether arrays, objects and sets lie inside each other more than `limit` times. Needs no stack itself: what builds
  /// values out of parts that it doesn't choose asks this before it hands on what nothing else could walk safely.
  public func isNested(deeperThan limit: Int = JSONReadingOptions.deepest) -> Bool { nesting(upTo: limit) > limit }

  /// How often arrays, objects and sets lie inside each other, 0 for a scalar; `limit + 1` for anything above it.
  func nesting(upTo limit: Int) -> Int {
    var level = children
    var depth = isContainer ? 1 : 0
    while !level.isEmpty, depth <= limit {
      level = level.filter(\.isContainer)
      if level.isEmpty { break }
      depth += 1
      level = level.flatMap(\.children)
    }
    return depth
  }

  private var isContainer: Bool {
    switch self {
    case .array, .object, .set: true
    default: false
    }
  }

  private var children: [Value] {
    switch self {
    case .array(let elements): elements
    case .set(let set): set.elements
    case .object(let object): object.keys + object.values
    default: []
    }
  }

  /// The type's place in the total order.
  fileprivate var rank: Int {
    switch self {
    case .null: 0
    case .boolean: 1
    case .number: 2
    case .string: 3
    case .array: 4
    case .object: 5
    case .set: 6
    }
  }
}

extension Value: Hashable {
  /// Numbers by value, strings by bytes, arrays, objects and sets by their elements.
  public static func == (a: Value, b: Value) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.boolean(let x), .boolean(let y)): x == y
    case (.number(let x), .number(let y)): x == y
    case (.string(let x), .string(let y)): x == y
    case (.array(let x), .array(let y)): areEqual(x, y)
    case (.object(let x), .object(let y)): x == y
    case (.set(let x), .set(let y)): x == y
    default: false
    }
  }

  // Not Array's own ==, whose generic layers take several times the stack per level in unoptimised builds.
  static func areEqual(_ a: [Value], _ b: [Value]) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count where a[index] != b[index] { return false }
    return true
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(UInt8(truncatingIfNeeded: rank))
    switch self {
    case .null: break
    case .boolean(let value): hasher.combine(value)
    case .number(let value): value.hash(into: &hasher)
    case .string(let value): value.hash(into: &hasher)
    case .array(let elements):
      hasher.combine(elements.count)
      for element in elements { element.hash(into: &hasher) }
    case .object(let value): value.hash(into: &hasher)
    case .set(let value): value.hash(into: &hasher)
    }
  }
}

/// Where one value stands to another in Rego's total order.
public enum Order: Int, Sendable {
  case ascending = -1
  case same = 0
  case descending = 1
}

extension Value: Comparable {
  /// OPA's order: null, false, true, numbers, strings, arrays, objects, sets; arrays element by element, then the
  /// shorter first; objects by the first key or value that differs in key order; sets as arrays of their elements.
  public static func < (a: Value, b: Value) -> Bool { a.compare(to: b) == .ascending }

  public func compare(to other: Value) -> Order {
    switch (self, other) {
    case (.null, .null): return .same
    case (.boolean(let x), .boolean(let y)): return x == y ? .same : y ? .ascending : .descending
    case (.number(let x), .number(let y)): return x.compare(to: y)
    case (.string(let x), .string(let y)): return x == y ? .same : x < y ? .ascending : .descending
    case (.array(let x), .array(let y)): return Self.compare(x, y)
    case (.object(let x), .object(let y)): return x.compare(to: y)
    case (.set(let x), .set(let y)): return Self.compare(x.elements, y.elements)
    default: return rank < other.rank ? .ascending : .descending
    }
  }

  static func compare(_ a: [Value], _ b: [Value]) -> Order {
    for index in 0..<min(a.count, b.count) {
      let order = a[index].compare(to: b[index])
      if order != .same { return order }
    }
    return a.count == b.count ? .same : a.count < b.count ? .ascending : .descending
  }
}

extension Value: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(integerLiteral value: Int) { self = .number(Number(value)) }
  /// Null when the literal is beyond every double.
  public init(floatLiteral value: Double) { self = Number(value).map { .number($0) } ?? .null }
  public init(stringLiteral value: String) { self = .string(Text(value)) }
  public init(arrayLiteral elements: Value...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (Value, Value)...) { self = .object(ObjectValue(elements)) }
}

extension Value: CustomStringConvertible {
  public var description: String { regoDescription }
}
