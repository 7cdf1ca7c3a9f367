/// Times as the traces, the evidence and the kill-switch file write them: `2026-01-01T00:00:00.123456+00:00`, without
/// the fraction when it is zero. Of two such texts the earlier time's has the lower bytes.
public enum ISOTimestamp {
  /// What four digits of a year can say, in microseconds since 1970-01-01T00:00:00Z: years 0000 to 9999.
  public static let range: ClosedRange<Int64> = -62_167_219_200_000_000...253_402_300_799_999_999

  /// Clamped to `range`.
  public static func text(_ microseconds: Int64) -> String {
    let time = min(max(microseconds, range.lowerBound), range.upperBound)
    let (seconds, fraction) = floorDivide(time, 1_000_000)
    let (days, secondOfDay) = floorDivide(seconds, 86_400)
    let (year, month, day) = date(daysSinceEpoch: days)
    return String(unsafeUninitializedCapacity: 32) { buffer in
      var count = 0
      func append(_ byte: UInt8) {
        buffer[count] = byte
        count += 1
      }
      func append(_ value: Int64, digits: Int) {
        var rest = value
        for index in stride(from: count + digits - 1, through: count, by: -1) {
          buffer[index] = UInt8(ascii: "0") + UInt8(rest % 10)
          rest /= 10
        }
        count += digits
      }
      append(year, digits: 4)
      append(UInt8(ascii: "-"))
      append(month, digits: 2)
      append(UInt8(ascii: "-"))
      append(day, digits: 2)
      append(UInt8(ascii: "T"))
      append(secondOfDay / 3_600, digits: 2)
      append(UInt8(ascii: ":"))
      append(secondOfDay / 60 % 60, digits: 2)
      append(UInt8(ascii: ":"))
      append(secondOfDay % 60, digits: 2)
      if fraction != 0 {
        append(UInt8(ascii: "."))
        append(fraction, digits: 6)
      }
      for byte in "+00:00".utf8 { append(byte) }
      return count
    }
  }

  /// Microseconds since 1970-01-01T00:00:00Z; nil for anything that `text` doesn't write.
  public static func microseconds(_ text: some Collection<UInt8>) -> Int64? {
    let bytes = Array(text)
    guard bytes.count == 25 || bytes.count == 32 else { return nil }
    func number(_ range: Range<Int>) -> Int64? {
      var value: Int64 = 0
      for byte in bytes[range] {
        guard case UInt8(ascii: "0")...UInt8(ascii: "9") = byte else { return nil }
        value = value * 10 + Int64(byte - UInt8(ascii: "0"))
      }
      return value
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
      let minute = number(14..<16), let second = number(17..<19),
      let fraction = bytes.count == 32 ? number(20..<26) : 0, (1...12).contains(month)
    else { return nil }
    let seconds = daysSinceEpoch(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
    let result = seconds * 1_000_000 + fraction
    // Writing it again finds whatever is out of place: separators, the 30th of February, a fraction of zero.
    guard range.contains(result), self.text(result).utf8.elementsEqual(bytes) else { return nil }
    return result
  }

  // The Gregorian calendar counted from 1 March of year 0, so that the leap day is a year's last.

  private static func date(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floorDivide(days + daysToEpoch, daysPerEra)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
    let (era, yearOfEra) = floorDivide(month <= 2 ? year - 1 : year, 400)
    let monthFromMarch = month > 2 ? month - 3 : month + 9
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    return era * daysPerEra + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - daysToEpoch
  }

  private static let daysPerEra: Int64 = 146_097
  /// From 0000-03-01 to 1970-01-01.
  private static let daysToEpoch: Int64 = 719_468

  private static func floorDivide(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
    return remainder < 0 ? (quotient - 1, remainder + b) : (quotient, remainder)
  }
}
