/// A layout of Go's `time` package, in which the reference time `Mon Jan 2 15:04:05 MST 2006` stands for the parts.
struct GoTimeLayout {
  enum Field: Equatable {
    case year, shortYear
    case month, shortMonth, numericMonth, zeroMonth
    case weekday, shortWeekday
    case day, paddedDay, zeroDay, paddedYearDay, zeroYearDay
    case hour, hour12, zeroHour12
    case minute, zeroMinute, second, zeroSecond
    case upperPM, lowerPM
    case zoneName
    /// `-0700`, `Z07:00`, `-07`, …
    case offset(Offset)
    /// `.000` has all digits, `.999` leaves the last zeros out.
    case fraction(digits: Int, trims: Bool, separator: UInt8)
  }

  struct Offset: Equatable {
    /// `Z` for UTC itself.
    var hasZ: Bool
    var hasColons: Bool
    /// 1 for hours, 2 with minutes, 3 with seconds.
    var parts: Int
  }

  struct Chunk {
    /// The text before the field.
    var literal: ArraySlice<UInt8>
    /// Absent at the end.
    var field: Field?
    /// How the layout writes the field.
    var text: ArraySlice<UInt8>
  }

  let text: String
  let chunks: [Chunk]

  init(_ text: String) {
    self.text = text
    let bytes = Array(text.utf8)
    var chunks: [Chunk] = []
    var (start, index) = (0, 0)
    while index < bytes.count {
      guard let found = Self.field(bytes[index...]) else {
        index += 1
        continue
      }
      let begin = index + found.skipped
      let end = begin + found.length
      chunks.append(Chunk(literal: bytes[start..<begin], field: found.field, text: bytes[begin..<end]))
      (start, index) = (end, end)
    }
    chunks.append(Chunk(literal: bytes[start...], field: nil, text: []))
    self.chunks = chunks
  }

  /// The layouts that OPA has by name.
  init(nameOrLayout text: String) { self.init(Self.named[text] ?? text) }

  static let rfc3339 = "2006-01-02T15:04:05Z07:00"
  static let rfc3339Nano = "2006-01-02T15:04:05.999999999Z07:00"

  private static let named = [
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": rfc3339,
    "RFC3339Nano": rfc3339Nano,
  ]

  private typealias Found = (field: Field, length: Int, skipped: Int)

  /// The field that starts at the front; `_2006` starts with a character of its own.
  private static func field(_ layout: ArraySlice<UInt8>) -> Found? {
    func at(_ text: StaticString) -> Bool { text.withUTF8Buffer { layout.starts(with: $0) } }
    func endsWord(_ length: Int) -> Bool {
      layout.dropFirst(length).first.map { !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? true
    }
    switch layout.first {
    case UInt8(ascii: "J"):
      if at("January") { return (.month, 7, 0) }
      if at("Jan"), endsWord(3) { return (.shortMonth, 3, 0) }
    case UInt8(ascii: "M"):
      if at("Monday") { return (.weekday, 6, 0) }
      if at("Mon"), endsWord(3) { return (.shortWeekday, 3, 0) }
      if at("MST") { return (.zoneName, 3, 0) }
    case UInt8(ascii: "0"):
      if at("002") { return (.zeroYearDay, 3, 0) }
      switch layout.dropFirst().first {
      case UInt8(ascii: "1"): return (.zeroMonth, 2, 0)
      case UInt8(ascii: "2"): return (.zeroDay, 2, 0)
      case UInt8(ascii: "3"): return (.zeroHour12, 2, 0)
      case UInt8(ascii: "4"): return (.zeroMinute, 2, 0)
      case UInt8(ascii: "5"): return (.zeroSecond, 2, 0)
      case UInt8(ascii: "6"): return (.shortYear, 2, 0)
      default: return nil
      }
    case UInt8(ascii: "1"): return at("15") ? (.hour, 2, 0) : (.numericMonth, 1, 0)
    case UInt8(ascii: "2"): return at("2006") ? (.year, 4, 0) : (.day, 1, 0)
    case UInt8(ascii: "_"):
      if at("_2006") { return (.year, 4, 1) }
      if at("_2") { return (.paddedDay, 2, 0) }
      if at("__2") { return (.paddedYearDay, 3, 0) }
    case UInt8(ascii: "3"): return (.hour12, 1, 0)
    case UInt8(ascii: "4"): return (.minute, 1, 0)
    case UInt8(ascii: "5"): return (.second, 1, 0)
    case UInt8(ascii: "P"): return at("PM") ? (.upperPM, 2, 0) : nil
    case UInt8(ascii: "p"): return at("pm") ? (.lowerPM, 2, 0) : nil
    case UInt8(ascii: "-"), UInt8(ascii: "Z"):
      let hasZ = layout.first == UInt8(ascii: "Z")
      let rest = layout.dropFirst()
      let forms: [(text: String, hasColons: Bool, parts: Int)] = [
        ("070000", false, 3), ("07:00:00", true, 3), ("0700", false, 2), ("07:00", true, 2), ("07", false, 1),
      ]
      guard let form = forms.first(where: { rest.starts(with: $0.text.utf8) }) else { return nil }
      let offset = Offset(hasZ: hasZ, hasColons: form.hasColons, parts: form.parts)
      return (.offset(offset), 1 + form.text.utf8.count, 0)
    case UInt8(ascii: "."), UInt8(ascii: ","): return fraction(layout)
    default: break
    }
    return nil
  }

  /// `.000` or `,999`, unless more digits follow.
  private static func fraction(_ layout: ArraySlice<UInt8>) -> Found? {
    guard let separator = layout.first, let digit = layout.dropFirst().first,
      digit == UInt8(ascii: "0") || digit == UInt8(ascii: "9")
    else { return nil }
    let digits = layout.dropFirst().prefix { $0 == digit }.count
    if let next = layout.dropFirst(1 + digits).first, GoTime.isDigit(next) { return nil }
    return (.fraction(digits: digits, trims: digit == UInt8(ascii: "9"), separator: separator), 1 + digits, 0)
  }
}

/// A moment, as a clock in some zone shows it.
struct GoTime {
  /// Since 1970 in UTC.
  let seconds: Int
  let nanoseconds: Int
  let civil: CivilTime
  let period: TimeZone.Period

  init(nanosecondsSince1970 total: Int, in zone: TimeZone) {
    let seconds = total.flooredQuotient(1_000_000_000)
    // The product may wrap around, and the difference then comes right again.
    self.init(seconds: seconds, total &- seconds &* 1_000_000_000, in: zone)
  }

  init(seconds: Int, _ nanoseconds: Int, in zone: TimeZone) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
    period = zone.period(at: seconds)
    civil = CivilTime(seconds: seconds + period.offset)
  }

  static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// As the messages of Go's `time` quote: whatever isn't plain ASCII as `\x` and two digits.
  static func quoted(_ text: some Collection<UInt8>) -> String {
    var result = "\""
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += "\\" + String(UnicodeScalar(byte))
      case 0x20..<0x80: result.unicodeScalars.append(UnicodeScalar(byte))
      default: result += (byte < 0x10 ? "\\x0" : "\\x") + String(byte, radix: 16)
      }
    }
    return result + "\""
  }

  static func quoted(_ text: String) -> String { quoted(text.utf8) }

  func formatted(_ layout: GoTimeLayout) -> String {
    var result: [UInt8] = []
    for chunk in layout.chunks {
      result += chunk.literal
      if let field = chunk.field { result += Array(text(of: field).utf8) }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private func text(of field: GoTimeLayout.Field) -> String {
    let hour12 = civil.hour % 12 == 0 ? 12 : civil.hour % 12
    switch field {
    case .year: return padded(civil.year, 4)
    case .shortYear: return padded(civil.year % 100, 2)
    case .month: return CivilTime.months[civil.month - 1]
    case .shortMonth: return String(CivilTime.months[civil.month - 1].prefix(3))
    case .numericMonth: return String(civil.month)
    case .zeroMonth: return padded(civil.month, 2)
    case .weekday: return CivilTime.weekdays[civil.weekday]
    case .shortWeekday: return String(CivilTime.weekdays[civil.weekday].prefix(3))
    case .day: return String(civil.day)
    case .paddedDay: return padded(civil.day, 2, " ")
    case .zeroDay: return padded(civil.day, 2)
    case .paddedYearDay: return padded(civil.dayOfYear, 3, " ")
    case .zeroYearDay: return padded(civil.dayOfYear, 3)
    case .hour: return padded(civil.hour, 2)
    case .hour12: return String(hour12)
    case .zeroHour12: return padded(hour12, 2)
    case .minute: return String(civil.minute)
    case .zeroMinute: return padded(civil.minute, 2)
    case .second: return String(civil.second)
    case .zeroSecond: return padded(civil.second, 2)
    case .upperPM: return civil.hour >= 12 ? "PM" : "AM"
    case .lowerPM: return civil.hour >= 12 ? "pm" : "am"
    case .zoneName: return period.name.isEmpty ? text(of: .init(hasZ: false, hasColons: false, parts: 2)) : period.name
    case .offset(let offset): return text(of: offset)
    case .fraction(let digits, let trims, let separator): return fraction(digits, trims, separator)
    }
  }

  private func text(of form: GoTimeLayout.Offset) -> String {
    let offset = period.offset
    if form.hasZ, offset == 0 { return "Z" }
    // Go looks at the minutes for the sign.
    let sign = offset / 60 < 0 ? "-" : "+"
    let (minutes, seconds) = (abs(offset / 60), abs(offset) % 60)
    let parts = [padded(minutes / 60, 2), padded(minutes % 60, 2), padded(seconds, 2)].prefix(form.parts)
    return sign + parts.joined(separator: form.hasColons ? ":" : "")
  }

  private func fraction(_ digits: Int, _ trims: Bool, _ separator: UInt8) -> String {
    var text = Array(padded(nanoseconds, 9).utf8.prefix(digits))
    if trims { while text.last == UInt8(ascii: "0") { text.removeLast() } }
    return text.isEmpty ? "" : String(decoding: [separator] + text, as: UTF8.self)
  }

  private func padded(_ number: Int, _ width: Int, _ padding: Character = "0") -> String {
    let digits = String(number)
    return String(repeating: padding, count: max(0, width - digits.utf8.count)) + digits
  }
}
