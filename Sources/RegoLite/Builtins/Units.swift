import BigInt
import StrictJSON

extension Builtins {
  /// Amounts with SI and binary units.
  enum Units {
    static let rows: [Builtin] = [
      Builtin("units.parse", [.string], .number, parse),
      Builtin("units.parse_bytes", [.string], .number, parseBytes),
    ]

    private static let factors: [String: BigInt] = {
      var factors: [String: BigInt] = ["": 1]
      for (index, letter) in "kmgtpe".enumerated() {
        factors["\(letter)"] = BigInt(1000).power(index + 1)
        factors["\(letter)i"] = BigInt(1024).power(index + 1)
      }
      return factors
    }()

    /// An integer, or a decimal of ten places. `m` is milli, `M` mega; the case of all other letters is of no account.
    private static func parse(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      var amount = try Amount(try arguments.string(1), name: "units.parse", noun: "amount", &context)
      let isMilli = amount.unit == "m"
      let tail = amount.unit.dropFirst().lowercased()
      guard let factor = isMilli ? 1 : factors[amount.unit.prefix(1).lowercased() + tail] else {
        throw .failure("units.parse: unit \(amount.unit.prefix(1) + tail) not recognized")
      }
      if isMilli { amount.exponent -= 3 }
      let value = amount.digits * factor
      if amount.exponent >= 0 { return .number(Number(value * BigInt(10).power(amount.exponent))) }
      let divisor = BigInt(10).power(-amount.exponent)
      let (whole, rest) = value.quotientAndRemainder(dividingBy: divisor)
      if rest.isZero { return .number(Number(whole)) }
      return Number(literal: decimal(value, dividedBy: divisor)).map { .number($0) }
    }

    /// Rounded to ten places, halves away from zero.
    private static func decimal(_ value: BigInt, dividedBy divisor: BigInt) -> String {
      let places = 10
      let (scaled, rest) = (value.magnitude * BigUInt(10).power(places)).quotientAndRemainder(
        dividingBy: divisor.magnitude)
      var digits = String(rest * 2 >= divisor.magnitude ? scaled + 1 : scaled)
      digits = String(repeating: "0", count: max(places + 1 - digits.utf8.count, 0)) + digits
      return (value < 0 ? "-" : "") + digits.dropLast(places) + "." + digits.suffix(places)
    }

    /// A whole number of bytes: what lies behind the point is cut off.
    private static func parseBytes(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let amount = try Amount(try arguments.string(1), name: "units.parse_bytes", noun: "byte amount", &context)
      let unit = amount.unit.lowercased()
      // The final b may be left out, but not stand alone.
      guard let factor = factors[unit.count > 1 && unit.last == "b" ? String(unit.dropLast()) : unit] else {
        throw .failure("units.parse_bytes: byte unit \(unit) not recognized")
      }
      guard let number = Number(literal: "\(amount.digits)e\(amount.exponent)") else { return nil }
      let product = ExtendedFloat(number) * ExtendedFloat(factor)
      return product.truncated.map { .number(Number($0)) }
    }

    /// A decimal number and the unit behind it.
    private struct Amount {
      let digits: BigInt
      /// The power of ten that the digits are multiplied with.
      var exponent: Int
      let unit: String

      init(_ text: String, name: String, noun: String, _ context: inout BuiltinContext) throws(BuiltinError) {
        try context.charge(bytes: text.utf8.count)
        let text = text.utf8.filter { $0 != UInt8(ascii: "\"") }
        if text.contains(UInt8(ascii: " ")) { throw .failure("\(name): spaces not allowed in resource strings") }
        let end = Self.endOfNumber(text)
        unit = String(decoding: text[end...], as: UTF8.self)
        if end == 0 { throw .failure("\(name): no \(noun) provided") }
        guard let (mantissa, power, fraction) = Self.parts(text[..<end]) else {
          throw .failure("\(name): could not parse \(noun) to a number")
        }
        guard power.utf8.drop(while: { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }).count <= 6,
          let exponent = Int(power)
        else { throw .failure("\(name): exponent too large") }
        guard mantissa.utf8.count <= Number.largestConversion else {
          throw BuiltinError(code: .halt, message: "number is too large")
        }
        try context.charge(bits: (mantissa.utf8.count + abs(exponent)) * 4)
        guard let digits = BigInt(mantissa) else { throw .failure("\(name): could not parse \(noun) to a number") }
        self.digits = digits
        self.exponent = exponent - fraction
      }

      /// Digits, points and signs; an `e` belongs to the number when digits or a sign follow.
      private static func endOfNumber(_ text: [UInt8]) -> Int {
        var index = 0
        while index < text.count {
          switch text[index] {
          case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"):
            index += 1
          case UInt8(ascii: "e"), UInt8(ascii: "E"):
            guard index > 0, index + 1 < text.count else { return index }
            switch text[index + 1] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"): index += 2
            default: return index
            }
          default: return index
          }
        }
        return index
      }

      /// The digits with their sign but without the point, the exponent, and how many digits lay behind the point.
      private static func parts(_ text: ArraySlice<UInt8>) -> (mantissa: String, power: String, fraction: Int)? {
        var mantissa: [UInt8] = []
        var rest = text
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
          if sign == UInt8(ascii: "-") { mantissa.append(sign) }
          rest.removeFirst()
        }
        let signs = mantissa.count
        var fraction: Int?
        while let byte = rest.first, byte == UInt8(ascii: ".") || (0x30...0x39).contains(byte) {
          rest.removeFirst()
          if byte != UInt8(ascii: ".") {
            mantissa.append(byte)
            fraction? += 1
          } else if fraction == nil {
            fraction = 0
          } else {
            return nil
          }
        }
        if mantissa.count == signs { return nil }
        var power = "0"
        if let mark = rest.first {
          guard mark | 0x20 == UInt8(ascii: "e") else { return nil }
          rest.removeFirst()
          power = String(decoding: rest, as: UTF8.self)
          let digits = power.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
          guard power.utf8.count - digits.count <= 1, !digits.isEmpty, digits.allSatisfy({ (0x30...0x39) ~= $0 }) else {
            return nil
          }
        }
        return (String(decoding: mantissa, as: UTF8.self), power, fraction ?? 0)
      }
    }
  }
}
