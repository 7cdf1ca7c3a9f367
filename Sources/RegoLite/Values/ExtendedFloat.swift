import BigInt
import StrictJSON

/// A binary float with 64 bits of mantissa and an exponent that no input can overflow; rounds half to even.
///
/// OPA does arithmetic on anything but integers in these (Go's big.Float at its default precision), so results agree
/// digit by digit. There is no infinity.
struct ExtendedFloat: Sendable {
  var isNegative: Bool
  /// Its top bit is set; 0 only for zero.
  private(set) var mantissa: UInt64
  /// The value is ±mantissa × 2^exponent.
  private(set) var exponent: Int

  static func zero(isNegative: Bool) -> ExtendedFloat {
    ExtendedFloat(isNegative: isNegative, magnitude: 0 as UInt128, exponent: 0, isInexact: false)
  }

  /// Rounds ±(magnitude + tail) × 2^exponent to `precision` bits, where the tail is above 0 and below 1 if `isInexact`,
  /// else 0. An inexact magnitude has 66 bits or more.
  init(isNegative: Bool, magnitude: UInt128, exponent: Int, isInexact: Bool, precision: Int = 64) {
    self.isNegative = isNegative
    let width = 128 - magnitude.leadingZeroBitCount
    guard width > precision else {
      mantissa = UInt64(truncatingIfNeeded: magnitude)
      let shift = mantissa == 0 ? 0 : mantissa.leadingZeroBitCount
      mantissa <<= UInt64(shift)
      self.exponent = mantissa == 0 ? 0 : exponent - shift
      return
    }
    let dropped = width - precision
    mantissa = UInt64(truncatingIfNeeded: magnitude >> dropped)
    self.exponent = exponent + dropped
    let tail = magnitude & ((1 << UInt128(dropped)) - 1)
    let half = (1 as UInt128) << (dropped - 1)
    if tail > half || (tail == half && (isInexact || mantissa & 1 == 1)) {
      let (sum, overflow) = mantissa.addingReportingOverflow(1)
      mantissa = overflow ? 1 << 63 : sum
      if overflow { self.exponent += 1 }
    }
    let shift = mantissa.leadingZeroBitCount
    mantissa <<= UInt64(shift)
    self.exponent -= shift
  }

  /// The product with `other`, rounded to `precision` bits.
  func multiplied(by other: ExtendedFloat, precision: Int) -> ExtendedFloat {
    ExtendedFloat(
      isNegative: isNegative != other.isNegative, magnitude: UInt128(mantissa) * UInt128(other.mantissa),
      exponent: exponent + other.exponent, isInexact: false, precision: precision)
  }

  init(isNegative: Bool, magnitude: BigUInt, exponent: Int, isInexact: Bool) {
    let excess = max(magnitude.bitWidth - 128, 0)
    let top = magnitude >> excess
    var wide: UInt128 = 0
    for word in top.words.reversed() { wide = wide << 64 | UInt128(word) }
    // What the shift drops makes the rest inexact.
    let isExact = excess == 0 || magnitude.trailingZeroBitCount >= excess
    self.init(
      isNegative: isNegative, magnitude: wide, exponent: exponent + excess, isInexact: isInexact || !isExact)
  }

  init(_ value: BigInt) {
    self.init(isNegative: value.sign == .minus, magnitude: value.magnitude, exponent: 0, isInexact: false)
  }

  var isZero: Bool { mantissa == 0 }

  /// Whether the value has no fraction.
  var isInteger: Bool { isZero || exponent >= 0 || mantissa.trailingZeroBitCount >= -exponent }
}

// MARK: - Arithmetic

extension ExtendedFloat {
  static prefix func - (a: ExtendedFloat) -> ExtendedFloat {
    var result = a
    result.isNegative.toggle()
    return result
  }

  static func + (a: ExtendedFloat, b: ExtendedFloat) -> ExtendedFloat {
    if a.isZero { return b.isZero ? zero(isNegative: a.isNegative && b.isNegative) : b }
    if b.isZero { return a }
    let (high, low) =
      a.exponent > b.exponent || (a.exponent == b.exponent && a.mantissa >= b.mantissa) ? (a, b) : (b, a)
    // One bit of room above for the carry, 63 below.
    let x = UInt128(high.mantissa) << 63
    let distance = high.exponent - low.exponent
    let wide = UInt128(low.mantissa) << 63
    let y = distance < 128 ? wide >> UInt128(distance) : 0
    let isInexact = distance >= 128 || y << UInt128(distance) != wide
    let exponent = high.exponent - 63
    if high.isNegative == low.isNegative {
      return ExtendedFloat(isNegative: high.isNegative, magnitude: x + y, exponent: exponent, isInexact: isInexact)
    }
    let difference = x - y - (isInexact ? 1 : 0)
    if difference == 0 { return zero(isNegative: false) }
    return ExtendedFloat(
      isNegative: high.isNegative, magnitude: difference, exponent: exponent, isInexact: isInexact)
  }

  static func - (a: ExtendedFloat, b: ExtendedFloat) -> ExtendedFloat { a + -b }

  static func * (a: ExtendedFloat, b: ExtendedFloat) -> ExtendedFloat {
    ExtendedFloat(
      isNegative: a.isNegative != b.isNegative, magnitude: UInt128(a.mantissa) * UInt128(b.mantissa),
      exponent: a.exponent + b.exponent, isInexact: false)
  }

  /// `b` is not zero.
  static func / (a: ExtendedFloat, b: ExtendedFloat) -> ExtendedFloat {
    let isNegative = a.isNegative != b.isNegative
    if a.isZero || b.isZero { return zero(isNegative: isNegative) }
    let divisor = UInt128(b.mantissa)
    var (quotient, rest) = (UInt128(a.mantissa) << 64).quotientAndRemainder(dividingBy: divisor)
    // Two more bits: 66 of them and whether anything is left decide the rounding.
    for _ in 0..<2 {
      rest <<= 1
      quotient <<= 1
      if rest >= divisor {
        rest -= divisor
        quotient |= 1
      }
    }
    return ExtendedFloat(
      isNegative: isNegative, magnitude: quotient, exponent: a.exponent - b.exponent - 66, isInexact: rest != 0)
  }
}

// MARK: - From and to decimal

extension ExtendedFloat {
  init(_ number: Number) {
    if case .int(let value) = number.storage {
      self.init(
        isNegative: value < 0, magnitude: UInt128(value.magnitude), exponent: 0, isInexact: false)
    } else {
      self.init(number.parts)
      if number.isNegativeZero { isNegative = true }
    }
  }

  /// The float nearest to `decimal`.
  init(_ decimal: DecimalParts) {
    let power = decimal.exponent - decimal.digits.count
    if decimal.digits.count <= 19, power.magnitude <= 27 {
      // Both operands are exact, so the one rounding of the operation is the right one.
      let digits = decimal.digits.reduce(0 as UInt64) { $0 * 10 + UInt64($1) }
      var five: UInt64 = 1
      for _ in 0..<power.magnitude { five *= 5 }
      let a = ExtendedFloat(
        isNegative: decimal.isNegative, magnitude: UInt128(digits), exponent: power, isInexact: false)
      let b = ExtendedFloat(isNegative: false, magnitude: UInt128(five), exponent: 0, isInexact: false)
      self = power < 0 ? a / b : a * b
      return
    }
    // Digits beyond the first 800 only tell that there is more.
    let digits = decimal.digits.prefix(800)
    var text = String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
    if digits.count < decimal.digits.count { text += "1" }
    let integer = BigUInt(text) ?? 0
    let scale = decimal.exponent - text.utf8.count
    let five = PowerOfFive(scale.magnitude)
    if scale >= 0 {
      self.init(
        isNegative: decimal.isNegative, magnitude: integer * five.digits, exponent: scale + five.exponent,
        isInexact: false)
    } else {
      let shift = max(five.digits.bitWidth - integer.bitWidth + 70, 0)
      let (quotient, rest) = (integer << shift).quotientAndRemainder(dividingBy: five.digits)
      self.init(
        isNegative: decimal.isNegative, magnitude: quotient, exponent: scale - five.exponent - shift,
        isInexact: !rest.isZero)
    }
  }

  /// The integer that is left without the fraction; absent when it has more than `Number.largestConversion` digits.
  var truncated: BigInt? {
    guard exponent <= Number.largestConversion * 3 else { return nil }
    let magnitude: BigUInt
    if exponent >= 0 {
      magnitude = BigUInt(mantissa) << exponent
    } else {
      magnitude = exponent > -64 ? BigUInt(mantissa >> UInt64(-exponent)) : 0
    }
    return BigInt(sign: isNegative && !magnitude.isZero ? .minus : .plus, magnitude: magnitude)
  }

  /// As OPA writes a result: integers in full, else the fewest digits that tell the float from its neighbours, with an
  /// exponent when that is below -4 or above 5. Integers too long to write in full have an exponent too.
  var text: String { text(precision: 64) }

  /// `precision` says how far away the neighbours are.
  func text(precision: Int) -> String {
    let sign = isNegative ? "-" : ""
    if isZero { return sign + "0" }
    let (digits, point) = shortestDigits(precision: precision)
    if isInteger, point <= Number.largestConversion {
      return sign + digits + String(repeating: "0", count: max(point - digits.utf8.count, 0))
    }
    let power = point - 1
    if power < -4 || power >= 6 {
      let magnitude = String(power.magnitude)
      return sign + digits.prefix(1) + (digits.utf8.count > 1 ? "." : "") + digits.dropFirst()
        + (power < 0 ? "e-" : "e+") + (magnitude.utf8.count < 2 ? "0" : "") + magnitude
    }
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
  }

  /// The shortest digits between the halfway points to the neighbours, both taken to be as far away as the next one up:
  /// the value is about 0.DIGITS × 10^point.
  private func shortestDigits(precision: Int) -> (digits: String, point: Int) {
    let gap = (1 as UInt128) << (64 - precision)
    let doubled = UInt128(mantissa) << 1
    let value = DecimalExpansion(doubled, exponent: exponent - 1)
    let lower = DecimalExpansion(doubled - gap, exponent: exponent - 1)
    let upper = DecimalExpansion(doubled + gap, exponent: exponent - 1)
    // Halfway points round to an even mantissa.
    let isInclusive = mantissa >> UInt64(64 - precision) & 1 == 0
    var rounded = value
    for (index, digit) in value.digits.enumerated() {
      let (low, high) = (lower.digit(index), upper.digit(index))
      let mayRoundDown = low != digit || (isInclusive && index + 1 == lower.digits.count)
      let mayRoundUp = digit != high && (isInclusive || digit + 1 < high || index + 1 < upper.digits.count)
      guard mayRoundDown || mayRoundUp else { continue }
      rounded.round(to: index + 1, up: mayRoundUp && (!mayRoundDown || value.isNearerAbove(index + 1)))
      break
    }
    return (String(decoding: rounded.digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self), rounded.point)
  }
}

/// The decimal digits of a binary number: 0.DIGITS × 10^point, without zeros at the end.
private struct DecimalExpansion {
  var digits: [UInt8]
  var point: Int

  /// Exact while the binary exponent is moderate; else the first 40 digits or more, and a 1 after them.
  init(_ magnitude: UInt128, exponent: Int) {
    let integer = BigUInt(words: [UInt(truncatingIfNeeded: magnitude), UInt(truncatingIfNeeded: magnitude >> 64)])
    var text: String
    if exponent.magnitude <= PowerOfFive.exactLimit {
      if exponent >= 0 {
        text = String(integer << exponent)
        point = text.utf8.count
      } else {
        text = String(integer * BigUInt(5).power(-exponent))
        point = text.utf8.count + exponent
      }
    } else {
      // log10(2) is close enough: a digit more or less does not matter.
      let scale = Int((Double(exponent) + 65) * 0.301029995663981195) - 45
      let five = PowerOfFive(scale.magnitude)
      if scale >= 0 {
        text = String((integer << (exponent - scale - five.exponent)) / five.digits)
      } else {
        let shift = exponent - scale + five.exponent
        let product = integer * five.digits
        text = String(shift >= 0 ? product << shift : product >> -shift)
      }
      point = text.utf8.count + scale
      text += "1"
    }
    digits = text.utf8.map { $0 - UInt8(ascii: "0") }
    while digits.last == 0 { digits.removeLast() }
  }

  func digit(_ index: Int) -> UInt8 { index < digits.count ? digits[index] : 0 }

  /// Whether rounding to `count` digits goes up: by half to even.
  func isNearerAbove(_ count: Int) -> Bool {
    guard count < digits.count else { return false }
    if digits[count] == 5, count + 1 == digits.count { return count > 0 && digits[count - 1] & 1 == 1 }
    return digits[count] >= 5
  }

  mutating func round(to count: Int, up: Bool) {
    guard count < digits.count else { return }
    digits.removeLast(digits.count - count)
    if up {
      while digits.last == 9 { digits.removeLast() }
      if let last = digits.popLast() {
        digits.append(last + 1)
      } else {
        digits = [1]
        point += 1
      }
    } else {
      while digits.last == 0 { digits.removeLast() }
    }
  }
}

/// 5^n as digits × 2^exponent: exact for small n, else the first 256 bits, so that no exponent costs much.
private struct PowerOfFive {
  static let exactLimit = 2_200

  let digits: BigUInt
  let exponent: Int

  init(_ n: UInt) {
    if n <= Self.exactLimit {
      digits = BigUInt(5).power(Int(n))
      exponent = 0
      return
    }
    var (result, resultExponent) = (BigUInt(1), 0)
    var (square, squareExponent) = (BigUInt(5), 0)
    var left = n
    while left > 0 {
      if left & 1 == 1 {
        result *= square
        resultExponent += squareExponent
        Self.shorten(&result, &resultExponent)
      }
      square *= square
      squareExponent *= 2
      Self.shorten(&square, &squareExponent)
      left >>= 1
    }
    digits = result
    exponent = resultExponent
  }

  private static func shorten(_ digits: inout BigUInt, _ exponent: inout Int) {
    let excess = digits.bitWidth - 256
    guard excess > 0 else { return }
    digits >>= excess
    exponent += excess
  }
}
