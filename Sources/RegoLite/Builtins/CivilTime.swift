/// A date and a time of day in the proleptic Gregorian calendar, in no particular zone.
struct CivilTime {
  var year: Int
  /// From 1.
  var month: Int
  var day: Int
  var hour = 0
  var minute = 0
  var second = 0

  static let secondsPerDay = 86_400

  /// The time that a clock showing UTC shows so many seconds after 1970.
  ///
  /// INVARIANT: `seconds` comes from 64 bits of nanoseconds, so the year lies within 1600...2400.
  init(seconds: Int) {
    let days = seconds.flooredQuotient(Self.secondsPerDay)
    let time = seconds - days * Self.secondsPerDay
    // Years start in March here, so that the leap day comes last.
    let shifted = days + 719_468
    let era = shifted.flooredQuotient(146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60)
  }

  init(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0, _ second: Int = 0) {
    (self.year, self.month, self.day, self.hour, self.minute, self.second) = (year, month, day, hour, minute, second)
  }

  /// The seconds since 1970 in UTC. Months and days may lie outside their ranges: October 32 is November 1. What is too
  /// large for 64 bits wraps around as in Go's `time.Date`, whose answers these are.
  var seconds: Int {
    let months = month &- 1
    let year = year &+ months.flooredQuotient(12)
    let month = months &- months.flooredQuotient(12) &* 12 &+ 1
    // Counted from a year so early that no time is negative, with years that start in March.
    let startsBefore = month < 3
    let absoluteYear = UInt64(bitPattern: Int64(year)) &- (startsBefore ? 1 : 0) &+ Self.absoluteYears
    let (century, yearOfCentury) = absoluteYear.quotientAndRemainder(dividingBy: 100)
    let dayOfCentury = 1461 * yearOfCentury / 4
    let dayOfYear = (979 * UInt64(startsBefore ? month + 12 : month) - 2919) >> 5
    let days =
      146_097 &* century / 4 &+ dayOfCentury &+ dayOfYear &+ UInt64(bitPattern: Int64(day &- 1))
    let time = hour &* 3600 &+ minute &* 60 &+ second
    return Int(truncatingIfNeeded: days &* UInt64(Self.secondsPerDay)) &+ time &- Self.absoluteToUnix
  }

  /// A multiple of 400.
  private static let absoluteYears: UInt64 = 292_277_022_400
  /// The seconds from the March 1 at that start to 1970: 306 days to the end of that year, and 1969 years.
  private static let absoluteToUnix: Int =
    (Int(absoluteYears / 400) &* 146_097 &+ 306 &+ 719_162) &* secondsPerDay

  /// From 1.
  var dayOfYear: Int { Self.daysBefore(month: month, year) + day }

  /// 0 for Sunday. Of a time within its ranges.
  var weekday: Int {
    let days = CivilTime(year, month, day).seconds.flooredQuotient(Self.secondsPerDay)
    return days + 4 - (days + 4).flooredQuotient(7) * 7
  }

  static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  static func days(inMonth month: Int, _ year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// The days of the year before its month; of the whole year for 13.
  static func daysBefore(month: Int, _ year: Int) -> Int { (1..<month).reduce(0) { $0 + days(inMonth: $1, year) } }

  static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
}

extension Int {
  /// The quotient, rounded towards negative infinity.
  func flooredQuotient(_ divisor: Int) -> Int {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
