/// A decimal number's exact value in one form only: ±0.DIGITS × 10^exponent, no zero at either end of the digits.
package struct DecimalParts: Hashable, Sendable {
  /// Always false for zero.
  package let isNegative: Bool
  /// The values 0 to 9; none for zero.
  package let digits: [UInt8]
  /// 0 for zero. Exponents in the text beyond ±`exponentLimit` count as that.
  package let exponent: Int

  package static let exponentLimit = 1 << 50

  /// `literal` follows JSON's grammar for numbers.
  package init(_ literal: String) {
    var isNegative = false
    var digits: [UInt8] = []
    var pointAt: Int?
    var written = 0
    var power = 0
    var isPowerNegative = false
    var inPower = false
    digits.reserveCapacity(literal.utf8.count)
    for byte in literal.utf8 {
      switch byte {
      case UInt8(ascii: "-"): if inPower { isPowerNegative = true } else { isNegative = true }
      case UInt8(ascii: "."): pointAt = written
      case UInt8(ascii: "e"), UInt8(ascii: "E"): inPower = true
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let digit = byte - UInt8(ascii: "0")
        if inPower {
          power = min(power * 10 + Int(digit), Self.exponentLimit)
        } else {
          digits.append(digit)
          written += 1
        }
      default: break
      }
    }
    let leading = digits.firstIndex { $0 != 0 } ?? digits.count
    let end = (digits.lastIndex { $0 != 0 } ?? -1) + 1
    if leading >= end {
      (self.isNegative, self.digits, self.exponent) = (false, [], 0)
    } else {
      self.isNegative = isNegative
      self.digits = leading == 0 && end == digits.count ? digits : Array(digits[leading..<end])
      self.exponent = (pointAt ?? written) - leading + (isPowerNegative ? -power : power)
    }
  }

  package init(_ value: Int) { self.init(String(value)) }

  package var isZero: Bool { digits.isEmpty }
  package var isInteger: Bool { digits.count <= exponent || isZero }

  /// The value when it is an integer that fits.
  package var intValue: Int? {
    guard isInteger, exponent <= 19 else { return nil }
    var value = 0
    for position in 0..<max(exponent, 0) {
      let digit = position < digits.count ? Int(digits[position]) : 0
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      // Downwards, so that Int.min fits.
      let (next, overflow2) = tens.subtractingReportingOverflow(digit)
      if overflow || overflow2 { return nil }
      value = next
    }
    if isNegative { return value }
    return value == .min ? nil : -value
  }
}

extension DecimalParts: Comparable {
  package static func < (a: DecimalParts, b: DecimalParts) -> Bool {
    if a.isZero || b.isZero || a.isNegative != b.isNegative { return a.sign < b.sign }
    let (low, high) = a.isNegative ? (b, a) : (a, b)
    if low.exponent != high.exponent { return low.exponent < high.exponent }
    return low.digits.lexicographicallyPrecedes(high.digits)
  }

  private var sign: Int { isZero ? 0 : isNegative ? -1 : 1 }
}
