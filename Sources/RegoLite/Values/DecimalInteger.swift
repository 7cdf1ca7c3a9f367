import StrictJSON

/// An integer in decimal digits: sums and products of long ones need no conversion to binary and back, which takes time
/// that grows with the square of their length.
struct DecimalInteger: Sendable {
  /// Always false for zero.
  private(set) var isNegative: Bool
  /// The values 0 to 9, the least significant first; the last one isn't 0.
  private(set) var digits: [UInt8]

  init(isNegative: Bool, digits: [UInt8]) {
    self.digits = digits
    while self.digits.last == 0 { self.digits.removeLast() }
    self.isNegative = isNegative && !self.digits.isEmpty
  }

  /// Absent for what is no integer or has more than `Number.largestExpansion` digits.
  init?(_ parts: DecimalParts) {
    guard parts.isInteger, parts.exponent <= Number.largestExpansion else { return nil }
    digits = [UInt8](repeating: 0, count: max(parts.exponent - parts.digits.count, 0)) + parts.digits.reversed()
    isNegative = parts.isNegative
  }

  var text: String {
    if digits.isEmpty { return "0" }
    let sign: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
    return String(decoding: sign + digits.reversed().map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
  }
}

extension DecimalInteger {
  static prefix func - (a: DecimalInteger) -> DecimalInteger {
    DecimalInteger(isNegative: !a.isNegative, digits: a.digits)
  }

  static func + (a: DecimalInteger, b: DecimalInteger) -> DecimalInteger {
    if a.isNegative == b.isNegative {
      return DecimalInteger(isNegative: a.isNegative, digits: sum(a.digits, b.digits))
    }
    return isLess(a.digits, b.digits)
      ? DecimalInteger(isNegative: b.isNegative, digits: difference(b.digits, a.digits))
      : DecimalInteger(isNegative: a.isNegative, digits: difference(a.digits, b.digits))
  }

  static func * (a: DecimalInteger, b: DecimalInteger) -> DecimalInteger {
    if a.digits.isEmpty || b.digits.isEmpty { return DecimalInteger(isNegative: false, digits: []) }
    return DecimalInteger(isNegative: a.isNegative != b.isNegative, digits: NumberTransform.product(a.digits, b.digits))
  }

  private static func isLess(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count ? a.reversed().lexicographicallyPrecedes(b.reversed()) : a.count < b.count
  }

  private static func sum(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(max(a.count, b.count) + 1)
    var carry: UInt8 = 0
    for position in 0..<max(a.count, b.count) {
      let digit = carry + (position < a.count ? a[position] : 0) + (position < b.count ? b[position] : 0)
      carry = digit > 9 ? 1 : 0
      result.append(digit > 9 ? digit - 10 : digit)
    }
    if carry > 0 { result.append(carry) }
    return result
  }

  /// `a` is `b` or more.
  private static func difference(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
    var result = a
    var borrow: UInt8 = 0
    for position in 0..<a.count {
      let taken = borrow + (position < b.count ? b[position] : 0)
      if taken == 0, position >= b.count { break }
      borrow = result[position] < taken ? 1 : 0
      result[position] = result[position] &+ (borrow > 0 ? 10 : 0) &- taken
    }
    return result
  }
}

/// Products by the number-theoretic transform modulo 2^64 - 2^32 + 1, six decimal digits to a place.
private enum NumberTransform {
  private static let modulus: UInt64 = 0xFFFF_FFFF_0000_0001
  /// 2^32 - 1, which 2^64 is congruent to.
  private static let epsilon: UInt64 = 0xFFFF_FFFF

  /// INVARIANT: a place's sum is below 10^12 times the places of the shorter factor, so far below the modulus: up to
  /// 10^8 digits.
  static func product(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
    let length = (a.count + 5) / 6 + (b.count + 5) / 6
    var size = 2
    while size < length { size *= 2 }
    var x = places(a, size: size)
    var y = places(b, size: size)
    let roots = roots(size)
    transform(&x, roots)
    transform(&y, roots)
    for index in 0..<size { x[index] = multiply(x[index], y[index]) }
    restore(&x, roots)
    let scale = power(UInt64(size), modulus - 2)
    var digits: [UInt8] = []
    digits.reserveCapacity(length * 6)
    var carry: UInt64 = 0
    for index in 0..<length {
      let value = multiply(x[index], scale) + carry
      carry = value / 1_000_000
      var rest = value % 1_000_000
      for _ in 0..<6 {
        digits.append(UInt8(truncatingIfNeeded: rest % 10))
        rest /= 10
      }
    }
    return digits
  }

  private static func places(_ digits: [UInt8], size: Int) -> [UInt64] {
    var places = [UInt64](repeating: 0, count: size)
    var index = digits.count
    while index > 0 {
      index -= 1
      places[index / 6] = places[index / 6] * 10 + UInt64(digits[index])
    }
    return places
  }

  private static func multiply(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (high, low) = a.multipliedFullWidth(by: b)
    var (rest, borrow) = low.subtractingReportingOverflow(high >> 32)
    if borrow { rest &-= epsilon }
    let (sum, carry) = rest.addingReportingOverflow((high & epsilon) &* epsilon)
    let result = carry ? sum &+ epsilon : sum
    return result >= modulus ? result - modulus : result
  }

  private static func add(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (sum, carry) = a.addingReportingOverflow(b)
    return carry || sum >= modulus ? sum &- modulus : sum
  }

  private static func subtract(_ a: UInt64, _ b: UInt64) -> UInt64 { a >= b ? a - b : a &- b &+ modulus }

  private static func power(_ base: UInt64, _ exponent: UInt64) -> UInt64 {
    var (result, square, left): (UInt64, UInt64, UInt64) = (1, base, exponent)
    while left > 0 {
      if left & 1 == 1 { result = multiply(result, square) }
      square = multiply(square, square)
      left >>= 1
    }
    return result
  }

  /// The first half of the powers of a root of unity of order `size`.
  private static func roots(_ size: Int) -> [UInt64] {
    // 7 generates the multiplicative group.
    let root = power(7, (modulus - 1) / UInt64(size))
    var roots: [UInt64] = [1]
    roots.reserveCapacity(size / 2)
    while roots.count < size / 2 { roots.append(multiply(roots[roots.count - 1], root)) }
    return roots
  }

  /// The result's places are in bit-reversed order.
  private static func transform(_ values: inout [UInt64], _ roots: [UInt64]) {
    let count = values.count
    values.withUnsafeMutableBufferPointer { values in
      roots.withUnsafeBufferPointer { roots in
        var half = count / 2
        while half > 0 {
          let step = count / (2 * half)
          for start in stride(from: 0, to: count, by: 2 * half) {
            for offset in 0..<half {
              let (a, b) = (values[start + offset], values[start + offset + half])
              values[start + offset] = add(a, b)
              values[start + offset + half] = multiply(subtract(a, b), roots[offset * step])
            }
          }
          half /= 2
        }
      }
    }
  }

  /// The inverse but for the factor `size`, from bit-reversed order to the natural one.
  private static func restore(_ values: inout [UInt64], _ roots: [UInt64]) {
    let count = values.count
    values.withUnsafeMutableBufferPointer { values in
      roots.withUnsafeBufferPointer { roots in
        var half = 1
        while half < count {
          let step = count / (2 * half)
          for start in stride(from: 0, to: count, by: 2 * half) {
            for offset in 0..<half {
              // The inverse of root^n is -root^(size/2 - n).
              let index = offset * step
              let inverse = index == 0 ? 1 : modulus - roots[count / 2 - index]
              let a = values[start + offset]
              let b = multiply(values[start + offset + half], inverse)
              values[start + offset] = add(a, b)
              values[start + offset + half] = subtract(a, b)
            }
          }
          half *= 2
        }
      }
    }
  }
}
