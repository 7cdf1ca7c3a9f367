/// A zone of the IANA database: how its clocks have stood to UTC, and how they will.
struct TimeZone: Sendable {
  /// What the clocks show for a while.
  struct Period: Sendable, Equatable {
    /// `CET`.
    var name: String
    /// What the clocks are ahead of UTC, in seconds.
    var offset: Int
    var isDaylightSaving: Bool
    /// Seconds since 1970: the first, and the first that is no longer part of it.
    var start = Int.min
    var end = Int.max
  }

  struct Transition: Sendable {
    var time: Int
    var period: Int
  }

  private let periods: [Period]
  /// Ascending by time; never empty.
  private let transitions: [Transition]
  /// What holds after the last transition, when it goes on changing.
  private let rule: TimeZoneRule?

  static let utc = TimeZone(
    periods: [Period(name: "UTC", offset: 0, isDaylightSaving: false)], transitions: [], rule: nil)

  /// INVARIANT: there is a period, and each transition leads to one that there is.
  init(periods: [Period], transitions: [Transition], rule: TimeZoneRule?) {
    self.periods = periods
    self.transitions = transitions
    self.rule = rule
  }

  /// The period that the second lies in.
  func period(at seconds: Int) -> Period {
    guard let first = transitions.first, seconds >= first.time else {
      var period = periods[earliest]
      period.end = transitions.first?.time ?? Int.max
      return transitions.isEmpty ? rule?.period(at: seconds, since: Int.min) ?? period : period
    }
    var (low, high) = (0, transitions.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if seconds < transitions[middle].time { high = middle } else { low = middle }
    }
    let transition = transitions[low]
    if high == transitions.count, let period = rule?.period(at: seconds, since: transition.time) { return period }
    var period = periods[transition.period]
    period.start = transition.time
    period.end = high < transitions.count ? transitions[high].time : Int.max
    return period
  }

  /// The period before all transitions: the first one if none leads to it, else the first without daylight saving.
  private var earliest: Int {
    guard transitions.contains(where: { $0.period == 0 }) else { return 0 }
    if let first = transitions.first, periods[first.period].isDaylightSaving,
      let before = periods[..<first.period].lastIndex(where: { !$0.isDaylightSaving })
    {
      return before
    }
    return periods.firstIndex { !$0.isDaylightSaving } ?? 0
  }

  /// The seconds since 1970 at which clocks in the zone show the time. Of two, one that Go's `time.Date` takes; where
  /// clocks skip it, what one of the two offsets gives.
  func seconds(of time: CivilTime) -> Int {
    let local = time.seconds
    let near = period(at: local)
    if near.offset == 0 { return local }
    let seconds = local &- near.offset
    if seconds >= near.start, seconds < near.end { return seconds }
    return local &- period(at: seconds).offset
  }

  /// The offset that the zone's name means at a time, given as clocks that use it show it.
  func offset(named name: String, atLocal local: Int) -> Int? {
    for period in periods where period.name == name {
      let current = self.period(at: local &- period.offset)
      if current.name == name { return current.offset }
    }
    return periods.first { $0.name == name }?.offset
  }
}

/// The last line of a zone's file, in POSIX's notation: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct TimeZoneRule: Sendable {
  private struct Daylight: Sendable {
    var name: String
    var offset: Int
    var start: Day
    var end: Day
  }

  private struct Day: Sendable {
    enum Kind: Sendable {
      /// From 1, without February 29.
      case julian(Int)
      /// From 0.
      case ordinal(Int)
      /// The fifth week is the last one.
      case weekday(month: Int, week: Int, day: Int)
    }
    var kind: Kind
    /// Seconds of the clock that is in force before.
    var time: Int

    /// Since the start of the year, on the clock in force before.
    func seconds(in year: Int) -> Int {
      let days: Int
      switch kind {
      case .julian(let day): days = day - 1 + (CivilTime.isLeap(year) && day >= 60 ? 1 : 0)
      case .ordinal(let day): days = day
      case .weekday(let month, let week, let day):
        let first = CivilTime(year, month, 1).weekday
        var inMonth = (day - first + 7) % 7 + (week - 1) * 7
        if inMonth >= CivilTime.days(inMonth: month, year) { inMonth -= 7 }
        days = CivilTime.daysBefore(month: month, year) + inMonth
      }
      return days * CivilTime.secondsPerDay + time
    }
  }

  private var name: String
  private var offset: Int
  private var daylight: Daylight?

  /// Absent when the text is no rule.
  init?(_ text: String) {
    var reader = Reader(rest: Array(text.utf8)[...])
    guard let name = reader.name(), let offset = reader.time() else { return nil }
    (self.name, self.offset) = (name, -offset)
    if reader.rest.isEmpty { return }
    guard let daylightName = reader.name() else { return nil }
    var daylightOffset = -offset + 3600
    if let first = reader.rest.first, first != UInt8(ascii: ",") {
      guard let given = reader.time() else { return nil }
      daylightOffset = -given
    }
    // POSIX's default, which files for such zones leave out.
    if reader.rest.isEmpty { reader.rest = Array(",M3.2.0,M11.1.0".utf8)[...] }
    guard let start = reader.day(), let end = reader.day(), reader.rest.isEmpty else { return nil }
    daylight = Daylight(name: daylightName, offset: daylightOffset, start: start, end: end)
  }

  /// The period that the second lies in. Its limits are right near a change of the clocks; far from one they may be the
  /// year's.
  func period(at seconds: Int, since start: Int) -> TimeZone.Period? {
    guard let daylight else {
      return TimeZone.Period(name: name, offset: offset, isDaylightSaving: false, start: start)
    }
    // INVARIANT: clocks near 64 bits of seconds are only asked for by sums that wrapped around; any answer will do, as
    // such times are out of range.
    guard abs(seconds / CivilTime.secondsPerDay) < 1_000_000_000 else { return nil }
    let year = CivilTime(seconds: seconds).year
    let first = CivilTime(year, 1, 1).seconds
    let standard = TimeZone.Period(name: name, offset: offset, isDaylightSaving: false)
    let summer = TimeZone.Period(name: daylight.name, offset: daylight.offset, isDaylightSaving: true)
    let (on, off) = (
      first + daylight.start.seconds(in: year) - offset, first + daylight.end.seconds(in: year) - daylight.offset
    )
    // In the south, what starts first in a year is the end of the daylight saving.
    let (outer, inner) = off < on ? (summer, standard) : (standard, summer)
    let (from, to) = (min(on, off), max(on, off))
    var period = seconds < from || seconds >= to ? outer : inner
    if seconds < from {
      (period.start, period.end) = (first, from)
    } else if seconds >= to {
      (period.start, period.end) = (to, first + 365 * CivilTime.secondsPerDay)
    } else {
      (period.start, period.end) = (from, to)
    }
    return period
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    /// At least three letters, or anything between angle brackets.
    mutating func name() -> String? {
      if rest.first == UInt8(ascii: "<") {
        guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
      }
      let name = rest.prefix { !($0 <= UInt8(ascii: "9") && $0 >= UInt8(ascii: "+")) }
      if name.count < 3 { return nil }
      rest = rest[name.endIndex...]
      return String(decoding: name, as: UTF8.self)
    }

    private mutating func take(_ byte: Character) -> Bool {
      guard let first = rest.first, first == byte.asciiValue else { return false }
      rest.removeFirst()
      return true
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int? {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard digits.count < 5, let number = Int(String(decoding: digits, as: UTF8.self)), range.contains(number) else {
        return nil
      }
      rest = rest[digits.endIndex...]
      return number
    }

    /// Seconds from `[+-]hh[:mm[:ss]]`.
    mutating func time() -> Int? {
      let isNegative = take("-")
      if !isNegative { _ = take("+") }
      guard var seconds = number(0...168).map({ $0 * 3600 }) else { return nil }
      if take(":") {
        guard let minutes = number(0...59) else { return nil }
        seconds += minutes * 60
        if take(":") {
          guard let last = number(0...59) else { return nil }
          seconds += last
        }
      }
      return isNegative ? -seconds : seconds
    }

    /// `,M3.5.0/2`, `,J60`, `,59`.
    mutating func day() -> Day? {
      guard take(",") else { return nil }
      var kind: Day.Kind
      if take("M") {
        guard let month = number(1...12), take("."), let week = number(1...5), take("."), let day = number(0...6) else {
          return nil
        }
        kind = .weekday(month: month, week: week, day: day)
      } else if take("J") {
        guard let day = number(1...365) else { return nil }
        kind = .julian(day)
      } else {
        guard let day = number(0...365) else { return nil }
        kind = .ordinal(day)
      }
      if !take("/") { return Day(kind: kind, time: 7200) }
      return time().map { Day(kind: kind, time: $0) }
    }
  }
}
