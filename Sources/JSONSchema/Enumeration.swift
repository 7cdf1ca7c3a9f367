import StrictJSON

/// The values of `enum` or `const`, compared by value: 1 is 1.0, and objects have no order.
struct Enumeration: Sendable {
  let values: [JSONValue]
  private let strings: Set<Name>
  private let others: [JSONValue]
  /// How much there is to compare in a value that is no string, in steps.
  let weight: Int

  init(_ values: [JSONValue]) {
    self.values = values
    strings = Set(values.compactMap { $0.stringValue.map { Name($0) } })
    others = values.filter { $0.stringValue == nil }
    weight = others.reduce(0) { $0 + $1.weight }
  }

  func contains(_ value: JSONValue) -> Bool {
    guard case .string(let text) = value else { return others.contains(value) }
    // One or a few are found sooner without a hash.
    if values.count <= 4 {
      for other in values {
        if case .string(let known) = other, known.hasSameBytes(as: text) { return true }
      }
      return false
    }
    return strings.contains(Name(text))
  }
}

extension JSONValue {
  /// Its scalars, arrays and objects; a long text counts for more.
  var weight: Int {
    switch self {
    case .null, .boolean: 1
    case .number(let number): number.shortInteger == nil ? 2 + number.literal.utf8.count >> 4 : 1
    case .string(let text): 1 + text.utf8.count >> 6
    case .array(let elements): elements.reduce(1) { $0 + $1.weight }
    case .object(let object): object.members.reduce(1) { $0 + 1 + $1.key.utf8.count >> 6 + $1.value.weight }
    }
  }

  /// Equal values have the same hash, whichever way their numbers are written and their members are ordered.
  func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0 as UInt8)
    case .boolean(let value):
      hasher.combine(1 as UInt8)
      hasher.combine(value)
    case .number(let number):
      hasher.combine(2 as UInt8)
      if let integer = number.shortInteger {
        hasher.combine(integer)
      } else {
        let parts = DecimalParts(number.literal)
        if let integer = parts.intValue { hasher.combine(integer) } else { hasher.combine(parts) }
      }
    case .string(let text):
      hasher.combine(3 as UInt8)
      Name(text).hash(into: &hasher)
    case .array(let elements):
      hasher.combine(4 as UInt8)
      hasher.combine(elements.count)
      for element in elements { element.hash(into: &hasher) }
    case .object(let object):
      hasher.combine(5 as UInt8)
      hasher.combine(object.count)
      var sum = 0
      for member in object.members {
        var inner = Hasher()
        inner.combine(Name(member.key))
        member.value.hash(into: &inner)
        sum &+= inner.finalize()
      }
      hasher.combine(sum)
    }
  }

  /// Two equal ones among the values, the earlier one first; absent when all differ.
  static func equalPair(in values: [JSONValue]) -> (Int, Int)? {
    if values.count <= 6 {
      for later in values.indices {
        for earlier in 0..<later where values[earlier] == values[later] { return (earlier, later) }
      }
      return nil
    }
    var indices: [Int: [Int]] = [:]
    for later in values.indices {
      var hasher = Hasher()
      values[later].hash(into: &hasher)
      let hash = hasher.finalize()
      for earlier in indices[hash] ?? [] where values[earlier] == values[later] { return (earlier, later) }
      indices[hash, default: []].append(later)
    }
    return nil
  }
}
