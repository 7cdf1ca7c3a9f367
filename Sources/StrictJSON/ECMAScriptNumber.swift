/// How ECMAScript's Number::toString writes a double (RFC 8785 section 3.2.2.3).
enum ECMAScriptNumber {
  /// `value` is finite.
  static func format(_ value: Double) -> String {
    if value == 0 { return "0" }
    // The standard library prints the shortest digits that read back the same, the closest of them: 5e-324, 1e+21.
    let parts = DecimalParts(value.magnitude.description)
    let digits = String(decoding: parts.digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
    let (count, point) = (digits.count, parts.exponent)
    let sign = value < 0 ? "-" : ""
    if count <= point, point <= 21 {
      return sign + digits + String(repeating: "0", count: point - count)
    }
    if 0 < point, point <= 21 {
      return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }
    if -6 < point, point <= 0 {
      return sign + "0." + String(repeating: "0", count: -point) + digits
    }
    let exponent = point - 1
    let power = (exponent < 0 ? "e-" : "e+") + String(exponent.magnitude)
    return sign + digits.prefix(1) + (count > 1 ? "." : "") + digits.dropFirst(1) + power
  }
}
