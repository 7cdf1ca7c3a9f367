import StrictJSON

/// What numbers have to be a multiple of, decided exactly: 0.3 is three times 0.1.
struct Divisor: Sendable {
  let number: JSONNumber
  private let integer: Int?
  /// The divisor is `digits` × 10^`exponent`.
  private let digits: UInt64
  private let exponent: Int

  /// `number` is above 0. Absent when it has more than 18 digits that count, which no double has.
  init?(_ number: JSONNumber) {
    let parts = DecimalParts(number.literal)
    guard !parts.isZero, parts.digits.count <= 18 else { return nil }
    self.number = number
    integer = number.shortInteger
    digits = parts.digits.reduce(0) { $0 * 10 + UInt64($1) }
    exponent = parts.exponent - parts.digits.count
  }

  func divides(_ number: JSONNumber) -> Bool {
    if let integer, let number = number.shortInteger { return number % integer == 0 }
    let parts = DecimalParts(number.literal)
    if parts.isZero { return true }
    // The number is N × 10^n, and N doesn't end in 0: with fewer places than the divisor has it can't be a multiple.
    let places = parts.exponent - parts.digits.count - exponent
    guard places >= 0 else { return false }
    var remainder: UInt64 = 0
    for digit in parts.digits { remainder = (remainder * 10 + UInt64(digit)) % digits }
    return product(remainder, powerOfTen(places)) == 0
  }

  /// 10^`power`, modulo the digits.
  private func powerOfTen(_ power: Int) -> UInt64 {
    var result = 1 % digits
    var square = 10 % digits
    var power = power
    while power > 0 {
      if power & 1 == 1 { result = product(result, square) }
      square = product(square, square)
      power >>= 1
    }
    return result
  }

  /// Modulo the digits, which both are below.
  private func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
    digits.dividingFullWidth(a.multipliedFullWidth(by: b)).remainder
  }
}
