import StrictJSON

/// A limit that numbers are compared with, exactly.
struct Bound: Sendable {
  let number: JSONNumber
  private let integer: Int?
  private let double: Double
  private let parts: DecimalParts

  init(_ number: JSONNumber) {
    self.number = number
    integer = number.shortInteger
    double = number.doubleValue
    parts = DecimalParts(number.literal)
  }

  func isAbove(_ other: JSONNumber) -> Bool {
    if let integer, let other = other.shortInteger { return integer > other }
    // Rounding keeps the order: where the nearest doubles differ, the numbers differ alike.
    let nearest = other.doubleValue
    return nearest == double ? parts > DecimalParts(other.literal) : double > nearest
  }

  func isBelow(_ other: JSONNumber) -> Bool {
    if let integer, let other = other.shortInteger { return integer < other }
    let nearest = other.doubleValue
    return nearest == double ? parts < DecimalParts(other.literal) : double < nearest
  }
}
