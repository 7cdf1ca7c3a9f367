import BigInt

// OPA's rules: integers, however written (`1e3`, `2.0`), are exact at any size; with anything else both operands become
// floats of 64 bits of mantissa, and so do the operands of a division and of the rounding functions.

extension Number {
  public static func + (a: Number, b: Number) -> Number {
    if let x = a.intValue, let y = b.intValue {
      let (sum, overflow) = x.addingReportingOverflow(y)
      if !overflow { return Number(sum) }
    }
    if let x = a.bigInt, let y = b.bigInt { return Number(bounded: x + y) }
    return Number(ExtendedFloat(a) + ExtendedFloat(b))
  }

  public static func - (a: Number, b: Number) -> Number {
    if let x = a.intValue, let y = b.intValue {
      let (difference, overflow) = x.subtractingReportingOverflow(y)
      if !overflow { return Number(difference) }
    }
    if let x = a.bigInt, let y = b.bigInt { return Number(bounded: x - y) }
    return Number(ExtendedFloat(a) - ExtendedFloat(b))
  }

  public static func * (a: Number, b: Number) -> Number {
    if let x = a.intValue, let y = b.intValue {
      let (product, overflow) = x.multipliedReportingOverflow(by: y)
      if !overflow { return Number(product) }
    }
    if let x = a.bigInt, let y = b.bigInt, x.bitWidth + y.bitWidth < 4 * largestExpansion {
      return Number(bounded: x * y)
    }
    return Number(ExtendedFloat(a) * ExtendedFloat(b))
  }

  /// Absent when `divisor` is zero.
  public func divided(by divisor: Number) -> Number? {
    if divisor.isZero { return nil }
    if let x = intValue, let y = divisor.intValue, y != -1, x != 0, x % y == 0 { return Number(x / y) }
    return Number(ExtendedFloat(self) / ExtendedFloat(divisor))
  }

  /// The remainder of the division that truncates toward zero: it has the sign of `self`. Absent when `divisor` is
  /// zero, when either is no integer, and when either has more than `largestExpansion` digits.
  public func remainder(by divisor: Number) -> Number? {
    if divisor.isZero { return nil }
    if let x = intValue, let y = divisor.intValue { return Number(y == -1 ? 0 : x % y) }
    guard let x = bigInt, let y = divisor.bigInt else { return nil }
    return Number(x % y)
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

  /// Rounded to 64 bits when it has too many digits to write in full.
  private init(bounded value: BigInt) {
    if value.bitWidth <= Self.largestExpansion * 3 {
      self.init(value)
    } else {
      self.init(ExtendedFloat(value))
    }
  }
}
