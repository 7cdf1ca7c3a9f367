import BigInt
import StrictJSON

// OPA's rules: integers, however written (`1e3`, `2.0`), are exact at any size; with anything else both operands become
// floats of 64 bits of mantissa, and so do the operands of a division and of the rounding functions.

extension Number {
  public static func + (a: Number, b: Number) -> Number {
    if let x = a.intValue, let y = b.intValue {
      let (sum, overflow) = x.addingReportingOverflow(y)
      if !overflow { return Number(sum) }
    }
    if a.isShort, b.isShort, let x = a.bigInt, let y = b.bigInt { return Number(x + y) }
    if let x = a.decimal, let y = b.decimal { return Number(x + y) }
    return Number(ExtendedFloat(a) + ExtendedFloat(b))
  }

  public static func - (a: Number, b: Number) -> Number {
    if let x = a.intValue, let y = b.intValue {
      let (difference, overflow) = x.subtractingReportingOverflow(y)
      if !overflow { return Number(difference) }
    }
    if a.isShort, b.isShort, let x = a.bigInt, let y = b.bigInt { return Number(x - y) }
    if let x = a.decimal, let y = b.decimal { return Number(x + -y) }
    return Number(ExtendedFloat(a) - ExtendedFloat(b))
  }

  public static func * (a: Number, b: Number) -> Number {
    if let x = a.intValue, let y = b.intValue {
      let (product, overflow) = x.multipliedReportingOverflow(by: y)
      if !overflow { return Number(product) }
    }
    if a.isShort, b.isShort, let x = a.bigInt, let y = b.bigInt { return Number(x * y) }
    if let x = a.decimal, let y = b.decimal, x.digits.count + y.digits.count <= largestExpansion {
      return Number(x * y)
    }
    return Number(ExtendedFloat(a) * ExtendedFloat(b))
  }

  /// OPA's `product`: exact for integers; with anything else, floats of 53 bits of mantissa, not of 64.
  static func product(of numbers: [Number]) -> Number {
    if numbers.allSatisfy({ $0.bigInt != nil }) { return numbers.reduce(1, *) }
    let product = numbers.reduce(ExtendedFloat(1 as Number)) { result, number in
      result.multiplied(by: ExtendedFloat(number), precision: 53)
    }
    return Number(literal: product.text(precision: 53)) ?? 0
  }

  /// Absent when `divisor` is zero.
  public func divided(by divisor: Number) -> Number? {
    if divisor.isZero { return nil }
    if let x = intValue, let y = divisor.intValue, y != -1, x != 0, x % y == 0 { return Number(x / y) }
    return Number(ExtendedFloat(self) / ExtendedFloat(divisor))
  }

  /// The remainder of the division that truncates toward zero: it has the sign of `self`. Absent when `divisor` is
  /// zero, when either is no integer, and when either has more than `largestConversion` digits.
  public func remainder(by divisor: Number) -> Number? {
    if divisor.isZero { return nil }
    if let x = intValue, let y = divisor.intValue { return Number(y == -1 ? 0 : x % y) }
    guard let x = bigInt, let y = divisor.bigInt else { return nil }
    return Number(x % y)
  }

  /// The integer times 2 to the power of `distance`, in decimal: what is long is not converted.
  func shiftedLeft(by distance: Int) -> Number {
    var (result, square, left) = (self, Number(2), distance)
    while left > 0 {
      if left & 1 == 1 { result = result * square }
      left >>= 1
      if left > 0 { square = square * square }
    }
    return result
  }

  public var negated: Number { 0 - self }

  public var abs: Number {
    if case .int(let value) = storage, value != .min { return Number(Swift.abs(value)) }
    var float = ExtendedFloat(self)
    float.isNegative = false
    return Number(float)
  }

  /// As OPA rounds up, which has 1 for what lies between -1 and 0.
  public var ceil: Number {
    rounded { float, whole in
      if whole.sign == .minus || float.isInteger { return whole }
      return whole + 1
    }
  }

  /// As OPA rounds down, which has 0 for what lies between -1 and 0.
  public var floor: Number {
    rounded { float, whole in
      if whole.sign == .plus || float.isInteger { return whole }
      return whole - 1
    }
  }

  /// To the nearest integer, halves away from zero.
  public var round: Number {
    if case .int = storage { return self }
    let half = Number(literal: isNegative ? "-0.5" : "0.5") ?? 0
    let float = ExtendedFloat(self) + ExtendedFloat(half)
    return float.truncated.map { Number(bounded: $0) } ?? Number(float)
  }

  private func rounded(_ adjust: (ExtendedFloat, _ truncated: BigInt) -> BigInt) -> Number {
    if case .int = storage { return self }
    let float = ExtendedFloat(self)
    return float.truncated.map { Number(bounded: adjust(float, $0)) } ?? Number(float)
  }

  init(_ float: ExtendedFloat) {
    // The text is a number of JSON's grammar.
    self = Number(literal: float.text) ?? 0
  }

  /// A conversion to binary and back costs less than decimal arithmetic.
  private var isShort: Bool {
    if case .literal(let literal) = storage { literal.parts.exponent <= 1_000 } else { true }
  }

  /// Absent for decimals, and for integers of more than `largestExpansion` digits.
  private var decimal: DecimalInteger? { DecimalInteger(parts) }

  private init(_ value: DecimalInteger) {
    // The text is a number of JSON's grammar.
    self = Number(literal: value.text) ?? 0
  }

  /// Rounded to 64 bits when it has too many digits to convert.
  private init(bounded value: BigInt) {
    if value.bitWidth <= Self.largestConversion * 3 {
      self.init(value)
    } else {
      self.init(ExtendedFloat(value))
    }
  }
}
