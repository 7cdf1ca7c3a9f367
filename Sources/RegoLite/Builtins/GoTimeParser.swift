/// Reads times by a layout, as Go's `time.Parse`.
struct GoTimeParser {
  private let layout: GoTimeLayout
  private let value: [UInt8]
  private var rest: ArraySlice<UInt8>

  private var year = 0
  private var (month, day, yearDay): (Int?, Int?, Int?)
  private var (hour, minute, second, nanosecond) = (0, 0, 0, 0)
  /// Whether the time was given as before or after noon.
  private var isPM: Bool?
  private var isUTC = false
  private var offset: Int?
  private var zoneName: String?

  /// The nanoseconds since 1970. Fails with Go's text, or OPA's when they don't fit in 64 bits.
  static func parse(_ text: String, _ layout: GoTimeLayout) throws(BuiltinError) -> Int {
    var parser = GoTimeParser(layout, text)
    let seconds = try parser.seconds()
    return try Builtins.Time.nanoseconds(seconds: seconds, parser.nanosecond)
  }

  private init(_ layout: GoTimeLayout, _ text: String) {
    self.layout = layout
    value = Array(text.utf8)
    rest = value[...]
  }

  private enum Fault: Error {
    case unreadable
    case outOfRange(String)
  }

  private mutating func seconds() throws(BuiltinError) -> Int {
    for (index, chunk) in layout.chunks.enumerated() {
      guard skip(chunk.literal) else { throw cannotParse(rest, as: chunk.literal) }
      guard let field = chunk.field else { break }
      let before = rest
      do {
        let next = index + 1 < layout.chunks.count ? layout.chunks[index + 1] : nil
        try read(field, next)
      } catch {
        switch error {
        case .unreadable: throw cannotParse(before, as: chunk.text)
        case .outOfRange(let part): throw fault("\(part) out of range")
        }
      }
    }
    if !rest.isEmpty { throw fault("extra text: \(GoTime.quoted(rest))") }
    if isPM == true, hour < 12 { hour += 12 }
    if isPM == false, hour == 12 { hour = 0 }
    try settleDay()
    let time = CivilTime(year, month ?? 1, day ?? 1, hour, minute, second).seconds
    if isUTC { return time }
    // Go marks an absent offset by -1, and so ignores that one.
    if let offset, offset != -1 { return time - offset }
    if let zoneName, let offset = TimeZoneFile.local.offset(named: zoneName, atLocal: time) { return time - offset }
    return time
  }

  private func cannotParse(_ value: ArraySlice<UInt8>, as part: ArraySlice<UInt8>) -> BuiltinError {
    let (whole, layout) = (GoTime.quoted(self.value), GoTime.quoted(layout.text))
    return .failure(
      "parsing time \(whole) as \(layout): cannot parse \(GoTime.quoted(value)) as \(GoTime.quoted(part))")
  }

  private func fault(_ message: String) -> BuiltinError {
    .failure("parsing time \(GoTime.quoted(value)): \(message)")
  }

  /// Takes the text, where any number of spaces, even none at the end, stands for a space.
  private mutating func skip(_ literal: ArraySlice<UInt8>) -> Bool {
    var literal = literal
    let space = UInt8(ascii: " ")
    while let byte = literal.first {
      if byte == space {
        if let first = rest.first, first != space { return false }
        literal = literal.drop { $0 == space }
        rest = rest.drop { $0 == space }
      } else {
        guard rest.first == byte else { return false }
        literal.removeFirst()
        rest.removeFirst()
      }
    }
    return true
  }

  private mutating func settleDay() throws(BuiltinError) {
    let isLeap = CivilTime.isLeap(year)
    if let yearDay {
      guard yearDay >= 1, yearDay <= (isLeap ? 366 : 365) else { throw fault("day-of-year out of range") }
      let ofDay = (1...12).last { CivilTime.daysBefore(month: $0, year) < yearDay } ?? 12
      let dayOfMonth = yearDay - CivilTime.daysBefore(month: ofDay, year)
      if let month, month != ofDay { throw fault("day-of-year does not match month") }
      if let day, day != dayOfMonth { throw fault("day-of-year does not match day") }
      (month, day) = (ofDay, dayOfMonth)
    }
    guard (1...CivilTime.days(inMonth: month ?? 1, year)).contains(day ?? 1) else { throw fault("day out of range") }
  }

  private mutating func read(_ field: GoTimeLayout.Field, _ next: GoTimeLayout.Chunk?) throws(Fault) {
    switch field {
    case .year:
      guard let first = rest.first, GoTime.isDigit(first) else { throw .unreadable }
      year = try signed(take(4))
    case .shortYear:
      let number = try signed(take(2))
      year = number + (number >= 69 ? 1900 : 2000)
    case .month: month = try index(in: CivilTime.months) + 1
    case .shortMonth: month = try index(in: CivilTime.months.map { String($0.prefix(3)) }) + 1
    case .numericMonth, .zeroMonth:
      month = try number(field == .zeroMonth, 1...12, "month")
    case .weekday: _ = try index(in: CivilTime.weekdays)
    case .shortWeekday: _ = try index(in: CivilTime.weekdays.map { String($0.prefix(3)) })
    case .day, .paddedDay, .zeroDay:
      if field == .paddedDay, rest.first == UInt8(ascii: " ") { rest.removeFirst() }
      // Whether the month has the day is known at the end.
      day = try number(field == .zeroDay, 0...99, "day")
    case .paddedYearDay, .zeroYearDay: try readYearDay(isPadded: field == .paddedYearDay)
    case .hour: hour = try number(false, 0...23, "hour")
    case .hour12, .zeroHour12: hour = try number(field == .zeroHour12, 0...12, "hour")
    case .minute, .zeroMinute: minute = try number(field == .zeroMinute, 0...59, "minute")
    case .second, .zeroSecond:
      second = try number(field == .zeroSecond, 0...59, "second")
      // A fraction may follow that the layout doesn't mention.
      if case .fraction = next?.field { return }
      try readFraction()
    case .upperPM, .lowerPM:
      let text = try String(decoding: take(2), as: UTF8.self)
      guard text == (field == .upperPM ? text.uppercased() : text.lowercased()) else { throw .unreadable }
      switch text.uppercased() {
      case "PM": isPM = true
      case "AM": isPM = isPM == true
      default: throw .unreadable
      }
    case .zoneName: try readZoneName()
    case .offset(let form): try readOffset(form)
    case .fraction(_, trims: true, _): try readFraction()
    case .fraction(let digits, trims: false, _): nanosecond = try nanoseconds(take(1 + digits))
    }
  }

  private mutating func take(_ count: Int) throws(Fault) -> ArraySlice<UInt8> {
    guard rest.count >= count else { throw .unreadable }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  /// The decimal number that the text is, with a sign if it has one.
  private func signed(_ text: ArraySlice<UInt8>) throws(Fault) -> Int {
    guard let number = Int(String(decoding: text, as: UTF8.self)) else { throw .unreadable }
    return number
  }

  /// One digit or two; two if fixed.
  private mutating func number(
    _ isFixed: Bool, _ range: ClosedRange<Int>, _ part: String
  ) throws(Fault) -> Int {
    let digits = rest.prefix(2).prefix { GoTime.isDigit($0) }
    guard digits.count == 2 || digits.count == 1 && !isFixed else { throw .unreadable }
    rest = rest.dropFirst(digits.count)
    let number = try signed(digits)
    guard range.contains(number) else { throw .outOfRange(part) }
    return number
  }

  private mutating func index(in names: [String]) throws(Fault) -> Int {
    for (index, name) in names.enumerated() where rest.count >= name.utf8.count {
      // Letters of either case; what is no letter has to be the same.
      let matches = zip(rest, name.utf8).allSatisfy { byte, expected in
        byte == expected || (byte | 0x20 == expected | 0x20 && (0x61...0x7A).contains(byte | 0x20))
      }
      if matches {
        rest = rest.dropFirst(name.utf8.count)
        return index
      }
    }
    throw .unreadable
  }

  private mutating func readYearDay(isPadded: Bool) throws(Fault) {
    for _ in 0..<2 where isPadded && rest.first == UInt8(ascii: " ") { rest.removeFirst() }
    let digits = rest.prefix(3).prefix { GoTime.isDigit($0) }
    guard digits.count == 3 || isPadded && !digits.isEmpty else { throw .unreadable }
    rest = rest.dropFirst(digits.count)
    yearDay = try signed(digits)
  }

  /// A separator and any number of digits, or nothing.
  private mutating func readFraction() throws(Fault) {
    guard let separator = rest.first, separator == UInt8(ascii: ".") || separator == UInt8(ascii: ","),
      let digit = rest.dropFirst().first, GoTime.isDigit(digit)
    else { return }
    let digits = rest.dropFirst().prefix { GoTime.isDigit($0) }
    nanosecond = try nanoseconds(take(1 + digits.count))
  }

  private func nanoseconds(_ text: ArraySlice<UInt8>) throws(Fault) -> Int {
    guard let separator = text.first, separator == UInt8(ascii: ".") || separator == UInt8(ascii: ",") else {
      throw .unreadable
    }
    let digits = text.dropFirst().prefix(9)
    let number = try signed(digits)
    if number < 0 { throw .outOfRange("fractional second") }
    return (digits.count..<9).reduce(number) { number, _ in number * 10 }
  }

  private mutating func readOffset(_ form: GoTimeLayout.Offset) throws(Fault) {
    if form.hasZ, rest.first == UInt8(ascii: "Z") {
      rest.removeFirst()
      isUTC = true
      return
    }
    let width = form.hasColons ? 3 : 2
    let text = Array(try take(1 + width * form.parts - (form.hasColons ? 1 : 0)))
    for part in 1..<max(form.parts, 1) where form.hasColons && text[part * width] != UInt8(ascii: ":") {
      throw .unreadable
    }
    var parts = [0, 0, 0]
    var isReadable = true
    for part in 0..<form.parts where isReadable {
      let digits = text[(1 + part * width)...].prefix(2)
      isReadable = digits.allSatisfy(GoTime.isDigit)
      if isReadable { parts[part] = try signed(digits) }
    }
    // 24 hours and 60 minutes are let through, as some write them.
    if parts[2] > 60 { throw .outOfRange("time zone offset second") }
    if parts[1] > 60 { throw .outOfRange("time zone offset minute") }
    if parts[0] > 24 { throw .outOfRange("time zone offset hour") }
    if !isReadable { throw .unreadable }
    let seconds = (parts[0] * 60 + parts[1]) * 60 + parts[2]
    switch text[0] {
    case UInt8(ascii: "+"): offset = seconds
    case UInt8(ascii: "-"): offset = -seconds
    default: throw .unreadable
    }
  }

  private mutating func readZoneName() throws(Fault) {
    if rest.starts(with: "UTC".utf8) {
      rest = rest.dropFirst(3)
      isUTC = true
      return
    }
    zoneName = try String(decoding: take(zoneNameLength()), as: UTF8.self)
  }

  private func zoneNameLength() throws(Fault) -> Int {
    guard rest.count >= 3 else { throw .unreadable }
    if rest.starts(with: "ChST".utf8) || rest.starts(with: "MeST".utf8) { return 4 }
    if rest.starts(with: "GMT".utf8) { return 3 + hourOffsetLength(rest.dropFirst(3)) }
    let length = hourOffsetLength(rest)
    if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
      if length == 0 { throw .unreadable }
      return length
    }
    let upper = rest.prefix(6).prefix { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    let endsInT = upper.last == UInt8(ascii: "T")
    switch upper.count {
    case 3: return 3
    case 4 where endsInT || upper.elementsEqual("WITA".utf8): return 4
    case 5 where endsInT: return 5
    default: throw .unreadable
    }
  }

  /// The length of `+3`, 0 when there is none or it is beyond 23.
  private func hourOffsetLength(_ text: ArraySlice<UInt8>) -> Int {
    guard text.first == UInt8(ascii: "+") || text.first == UInt8(ascii: "-") else { return 0 }
    let digits = text.dropFirst().prefix { GoTime.isDigit($0) }
    guard let hours = Int(String(decoding: digits, as: UTF8.self)), hours <= 23 else { return 0 }
    return 1 + digits.count
  }
}
