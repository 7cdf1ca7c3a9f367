public import BigInt
public import StrictJSON

/// A Rego number: an integer of any size or a decimal, with the text that OPA would print for it.
///
/// Compared, ordered and hashed by exact value: `1`, `1.0` and `10e-1` are equal, `0.1` and
/// `0.10000000000000000000001` are not.
public struct Number: Sendable {
  enum Storage: Sendable {
    /// The text is this integer's shortest decimal form.
    case int(Int)
    case literal(NumberLiteral)
  }
  let storage: Storage

  init(storage: Storage) { self.storage = storage }

  public init(_ value: Int) { storage = .int(value) }
  public init(_ value: Int64) { storage = .int(Int(value)) }

  public init(_ value: BigInt) {
    if let int = Int(exactly: value) {
      storage = .int(int)
    } else {
      storage = .literal(NumberLiteral(wellFormed: String(value)))
    }
  }

  /// The double's shortest decimal; absent when `value` is infinite or no number.
  public init?(_ value: Double) {
    guard let number = JSONNumber(value) else { return nil }
    self.init(number)
  }

  /// Absent when `literal` is no number of JSON's grammar. The number prints as `literal`.
  public init?(literal: some StringProtocol) {
    guard let number = JSONNumber(literal: literal) else { return nil }
    self.init(number)
  }

  public init(_ number: JSONNumber) {
    if let value = number.shortInteger {
      storage = .int(value)
    } else {
      storage = .literal(NumberLiteral(wellFormed: number.literal))
    }
  }

  /// The exact value when it is an integer that fits: 1 for `1.0` and `1e0` as well.
  public var intValue: Int? {
    switch storage {
    case .int(let value): value
    case .literal(let literal): literal.int
    }
  }

  /// The exact value when it is an integer; absent for decimals, and for integers of more than
  /// `largestConversion` digits.
  public var bigInt: BigInt? {
    switch storage {
    case .int(let value): BigInt(value)
    case .literal(let literal): literal.bigInt
    }
  }

  /// The digits that conversion to binary goes up to, whose cost grows with their square: bit operations, remainders and
  /// text in another base. OPA takes literals of up to 30,103 digits in policies and has no limit for data.
  public static let largestConversion = 31_000

  /// The digits that sums, differences and products of integers are exact for.
  public static let largestExpansion = 4_000_000

  /// The nearest double; infinite beyond all of them.
  public var doubleValue: Double {
    switch storage {
    case .int(let value): Double(value)
    case .literal(let literal): Double(literal.text) ?? .infinity
    }
  }

  /// `1`, `1.0`, `10e-1`.
  public var isInteger: Bool {
    switch storage {
    case .int: true
    case .literal(let literal): literal.parts.isInteger
    }
  }

  public var isZero: Bool { intValue == 0 }

  public var isNegative: Bool {
    switch storage {
    case .int(let value): value < 0
    case .literal(let literal): literal.parts.isNegative
    }
  }

  /// `-0`, `-0.0`: equal to zero, but its quotients and products print with a sign.
  var isNegativeZero: Bool {
    if case .literal(let literal) = storage {
      literal.int == 0 && literal.text.utf8.first == UInt8(ascii: "-")
    } else {
      false
    }
  }
}

/// What a number that is no plain `Int` needs to know of itself.
final class NumberLiteral: Sendable {
  let text: String
  let parts: DecimalParts
  let int: Int?

  /// `text` follows JSON's grammar for numbers.
  init(wellFormed text: String) {
    self.text = text
    parts = DecimalParts(text)
    int = parts.intValue
  }

  var bigInt: BigInt? {
    guard parts.isInteger, parts.exponent <= Number.largestConversion else { return nil }
    let digits = String(decoding: parts.digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
    guard let value = BigInt(digits.isEmpty ? "0" : digits) else { return nil }
    let scaled = value * BigInt(10).power(max(parts.exponent - parts.digits.count, 0))
    return parts.isNegative ? -scaled : scaled
  }
}

extension Number: Hashable, Comparable {
  public static func == (a: Number, b: Number) -> Bool {
    switch (a.storage, b.storage) {
    case (.int(let x), .int(let y)): x == y
    case (.literal(let x), .literal(let y)): x.parts == y.parts
    case (.int(let x), .literal(let y)), (.literal(let y), .int(let x)): x == y.int
    }
  }

  public static func < (a: Number, b: Number) -> Bool { a.compare(to: b) == .ascending }

  public func compare(to other: Number) -> Order {
    if let x = intValue, let y = other.intValue { return x == y ? .same : x < y ? .ascending : .descending }
    let (x, y) = (parts, other.parts)
    return x == y ? .same : x < y ? .ascending : .descending
  }

  public func hash(into hasher: inout Hasher) {
    switch storage {
    case .int(let value): hasher.combine(value)
    case .literal(let literal):
      if let value = literal.int { hasher.combine(value) } else { hasher.combine(literal.parts) }
    }
  }

  var parts: DecimalParts {
    switch storage {
    case .int(let value): DecimalParts(value)
    case .literal(let literal): literal.parts
    }
  }
}

extension Number: CustomStringConvertible {
  /// As OPA prints it: as written, or as the operation that made it leaves it.
  public var description: String {
    switch storage {
    case .int(let value): String(value)
    case .literal(let literal): literal.text
    }
  }
}

extension Number: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(value) }
}

extension Number {
  /// The same literal.
  public var jsonNumber: JSONNumber {
    switch storage {
    case .int(let value): JSONNumber(value)
    case .literal(let literal): JSONNumber(wellFormed: literal.text)
    }
  }
}
