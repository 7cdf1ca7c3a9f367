#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A finite double in the forms of Go's `strconv.FormatFloat`, without its sign.
struct GoFloat {
  private let value: Double

  init(_ value: Double) { self.value = value.magnitude }

  /// Absent when `verb` is none for floating-point numbers. `sharp` is the `#` flag: always a decimal point, and for the
  /// forms that would drop zeros at the end, as many digits as the precision says.
  func text(_ verb: Unicode.Scalar, precision: Int?, sharp: Bool) -> String? {
    switch verb {
    case "b": return binary
    case "e", "E", "f": return sharpened(decimal(verb, precision ?? 6), digits: 0, sharp)
    case "F": return sharpened(decimal("f", precision ?? 6), digits: 0, sharp)
    case "v", "g", "G":
      let text = precision.map { decimal(verb == "v" ? "g" : verb, $0) } ?? shortest(verb == "G" ? "E" : "e")
      return sharpened(text, digits: precision ?? 6, sharp)
    case "x": return sharpened(hexadecimal(precision), digits: precision ?? 6, sharp)
    case "X": return sharpened(hexadecimal(precision).uppercased(), digits: precision ?? 0, sharp)
    default: return nil
    }
  }

  /// C's conversion rounds the exact value as Go's does, and writes exponents alike.
  private func decimal(_ conversion: Unicode.Scalar, _ precision: Int) -> String {
    withVaList([Int32(clamping: precision), value]) { arguments in
      // The longest are `%f` of 309 digits, the point and the precision.
      let capacity = 330 + precision
      return String(unsafeUninitializedCapacity: capacity) { buffer in
        buffer.withMemoryRebound(to: CChar.self) { characters in
          max(0, min(Int(vsnprintf(characters.baseAddress, capacity, "%.*\(conversion)", arguments)), capacity - 1))
        }
      }
    }
  }

  /// The fewest digits that give the value back, with an exponent from 1e+06 on, and below 1e-04.
  private func shortest(_ mark: Character) -> String {
    let (digits, exponent) = shortestDigits
    return Self.shortest(digits, exponent, mark)
  }

  /// Digits, of which the first stands for the power of ten, in the layout of `shortest`.
  static func shortest(_ significant: [UInt8], _ exponent: Int, _ mark: Character = "e") -> String {
    var digits = significant
    if (-4..<6).contains(exponent) {
      if exponent < 0 {
        return "0." + String(repeating: "0", count: -exponent - 1) + String(decoding: digits, as: UTF8.self)
      }
      while digits.count <= exponent { digits.append(UInt8(ascii: "0")) }
      let whole = String(decoding: digits[...exponent], as: UTF8.self)
      let fraction = digits[(exponent + 1)...]
      return fraction.isEmpty ? whole : whole + "." + String(decoding: fraction, as: UTF8.self)
    }
    let fraction = digits.count > 1 ? "." + String(decoding: digits[1...], as: UTF8.self) : ""
    let power = String(exponent.magnitude)
    return String(decoding: digits[..<1], as: UTF8.self) + fraction + String(mark) + (exponent < 0 ? "-" : "+")
      + (power.utf8.count < 2 ? "0" : "") + power
  }

  /// Significant digits, and the power of ten of the first one.
  private var shortestDigits: (digits: [UInt8], exponent: Int) {
    let parts = value.description.utf8.split(separator: UInt8(ascii: "e"))
    let power = parts.count > 1 ? Int(String(Substring(parts[1]))) ?? 0 : 0
    var digits: [UInt8] = []
    var wholeDigits = 0
    var isPastPoint = false
    for byte in parts[0] {
      if byte == UInt8(ascii: ".") {
        isPastPoint = true
      } else {
        digits.append(byte)
        if !isPastPoint { wholeDigits += 1 }
      }
    }
    let leading = digits.prefix { $0 == UInt8(ascii: "0") }.count
    if leading == digits.count { return ([UInt8(ascii: "0")], 0) }
    digits.removeFirst(leading)
    while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return (digits, wholeDigits - leading - 1 + power)
  }

  /// The mantissa as an integer and a power of two: `6755399441055744p-52`.
  private var binary: String {
    let isNormal = value.exponentBitPattern > 0
    let mantissa = value.significandBitPattern | (isNormal ? 1 << 52 : 0)
    let exponent = Int(max(value.exponentBitPattern, 1)) - 1075
    return "\(mantissa)p\(exponent < 0 ? "" : "+")\(exponent)"
  }

  /// `0x1.8p+00`.
  private func hexadecimal(_ precision: Int?) -> String {
    var exponent = value == 0 ? 0 : Int(value.exponent)
    // 52 bits of fraction below the leading one, rounded half to even.
    var mantissa = value == 0 ? 0 : value.significand.significandBitPattern | 1 << 52
    if let precision, precision < 13 {
      let dropped = UInt64(52 - 4 * precision)
      let rest = mantissa & (1 << dropped - 1)
      let half = UInt64(1) << (dropped - 1)
      mantissa >>= dropped
      if rest > half || (rest == half && mantissa & 1 == 1) { mantissa += 1 }
      mantissa <<= dropped
      if mantissa >> 53 != 0 {
        mantissa >>= 1
        exponent += 1
      }
    }
    var fraction = String(mantissa & (1 << 52 - 1), radix: 16)
    fraction = String(repeating: "0", count: 13 - fraction.utf8.count) + fraction
    if let precision {
      fraction = String(fraction.prefix(precision)) + String(repeating: "0", count: max(precision - 13, 0))
    } else {
      while fraction.utf8.last == UInt8(ascii: "0") { fraction.removeLast() }
    }
    let power = String(exponent.magnitude)
    return "0x\(mantissa >> 52)" + (fraction.isEmpty ? "" : "." + fraction) + "p" + (exponent < 0 ? "-" : "+")
      + (power.utf8.count < 2 ? "0" : "") + power
  }

  private func sharpened(_ text: String, digits wanted: Int, _ sharp: Bool) -> String {
    if !sharp { return text }
    let isHexadecimal = text.utf8.contains { $0 | 0x20 == UInt8(ascii: "x") }
    let exponentMark = UInt8(ascii: isHexadecimal ? "p" : "e")
    var number = Array(text.utf8)
    var tail: [UInt8] = []
    if let mark = number.firstIndex(where: { $0 | 0x20 == exponentMark }) {
      tail = Array(number[mark...])
      number.removeSubrange(mark...)
    }
    // Go counts the `x` of a hexadecimal number as one of its digits.
    let significant = number.filter { $0 != UInt8(ascii: ".") }.drop { $0 == UInt8(ascii: "0") }.count
    var missing = wanted - significant
    if !number.contains(UInt8(ascii: ".")) {
      if number == [UInt8(ascii: "0")] { missing -= 1 }
      number.append(UInt8(ascii: "."))
    }
    number += repeatElement(UInt8(ascii: "0"), count: max(missing, 0))
    return String(decoding: number + tail, as: UTF8.self)
  }
}
