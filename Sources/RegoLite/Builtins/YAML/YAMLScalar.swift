/// What a scalar without quotes means in YAML 1.1, as Go's yaml.v2 decides it.
enum YAMLScalar {
  case null
  case boolean(Bool)
  case int(Int64)
  case unsigned(UInt64)
  case double(Double)
  /// A date, which is kept as text.
  case timestamp
  /// `<<`
  case merge
  case string

  init(_ text: String) {
    switch text {
    case "", "~", "null", "Null", "NULL": self = .null
    case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": self = .boolean(true)
    case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": self = .boolean(false)
    case ".nan", ".NaN", ".NAN": self = .double(.nan)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": self = .double(.infinity)
    case "-.inf", "-.Inf", "-.INF": self = .double(-.infinity)
    case "<<": self = .merge
    default: self = Self.number(text) ?? (Self.isTimestamp(text) ? .timestamp : .string)
    }
  }

  var isString: Bool { if case .string = self { true } else { false } }

  private static func number(_ text: String) -> YAMLScalar? {
    guard let first = text.utf8.first,
      first == UInt8(ascii: "+") || first == UInt8(ascii: "-")
        || first == UInt8(ascii: ".") || (0x30...0x39).contains(first), text.utf8.count <= 4_096
    else { return nil }
    // What begins with a point is a number of Go's, where each underscore separates two digits.
    if first == UInt8(ascii: "."), !separatesDigits(text) { return nil }
    let plain = String(text.unicodeScalars.filter { $0 != "_" })
    if first != UInt8(ascii: "."), let integer = integer(plain) { return integer }
    guard isFloat(plain), let value = Double(plain), value.isFinite else { return nil }
    return .double(value)
  }

  private static func separatesDigits(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.indices.allSatisfy { index in
      bytes[index] != UInt8(ascii: "_")
        || index > 0 && index + 1 < bytes.count
          && [bytes[index - 1], bytes[index + 1]].allSatisfy { (0x30...0x39).contains($0) }
    }
  }

  /// Decimal, or with Go's prefixes: `0x`, `0b`, `0o` or `0`.
  private static func integer(_ text: String) -> YAMLScalar? {
    var digits = Substring(text)
    var isNegative = false
    if let sign = digits.first, sign == "-" || sign == "+" {
      isNegative = sign == "-"
      digits = digits.dropFirst()
    }
    var radix = 10
    if digits.hasPrefix("0"), digits.utf8.count > 1 {
      let prefix = digits.dropFirst().first
      radix = prefix == "x" || prefix == "X" ? 16 : prefix == "b" || prefix == "B" ? 2 : 8
      digits = digits.dropFirst(radix == 8 && prefix != "o" && prefix != "O" ? 1 : 2)
    }
    // The sign has been read; `UInt64` would take another.
    guard let start = digits.utf8.first, start != UInt8(ascii: "+"), start != UInt8(ascii: "-"),
      let magnitude = UInt64(digits, radix: radix)
    else { return nil }
    if isNegative {
      guard magnitude <= UInt64(Int64.max) + 1 else { return nil }
      return .int(magnitude == UInt64(Int64.max) + 1 ? Int64.min : -Int64(magnitude))
    }
    if let value = Int64(exactly: magnitude) { return .int(value) }
    // Go's yaml takes a plus sign for signed integers alone.
    return text.hasPrefix("+") ? nil : .unsigned(magnitude)
  }

  /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
  private static func isFloat(_ text: String) -> Bool {
    var rest = text.utf8[...]
    func digits() -> Int {
      let count = rest.prefix { (0x30...0x39).contains($0) }.count
      rest = rest.dropFirst(count)
      return count
    }
    func take(_ bytes: UInt8...) -> Bool {
      guard let first = rest.first, bytes.contains(first) else { return false }
      rest = rest.dropFirst()
      return true
    }
    _ = take(UInt8(ascii: "+"), UInt8(ascii: "-"))
    let whole = digits()
    if take(UInt8(ascii: ".")) {
      if digits() == 0, whole == 0 { return false }
    } else if whole == 0 {
      return false
    }
    if take(UInt8(ascii: "e"), UInt8(ascii: "E")) {
      _ = take(UInt8(ascii: "+"), UInt8(ascii: "-"))
      if digits() == 0 { return false }
    }
    return rest.isEmpty
  }

  /// `2001-12-14`, `2001-12-14 21:59:43.1`, `2001-12-14T21:59:43Z`.
  private static func isTimestamp(_ text: String) -> Bool {
    var rest = text.utf8[...]
    func number(_ lengths: ClosedRange<Int>) -> Int? {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard lengths.contains(digits.count) else { return nil }
      rest = rest.dropFirst(digits.count)
      return Int(String(Substring(digits)))
    }
    func take(_ mark: Unicode.Scalar) -> Bool {
      guard rest.first == UInt8(ascii: mark) else { return false }
      rest = rest.dropFirst()
      return true
    }
    guard let year = number(4...4), take("-"), let month = number(1...2), take("-"), let day = number(1...2),
      (1...12).contains(month), day >= 1, day <= days(month, year)
    else { return false }
    if rest.isEmpty { return true }
    let hasZone = take("T") || take("t")
    guard hasZone || take(" "), let hour = number(1...2), hour < 24, take(":"), let minute = number(1...2), minute < 60,
      take(":"), let second = number(1...2), second < 60
    else { return false }
    if take("."), number(1...9) == nil { return false }
    if !hasZone || take("Z") { return rest.isEmpty }
    guard take("+") || take("-"), let zoneHour = number(2...2), zoneHour < 24, take(":"), let zoneMinute = number(2...2)
    else { return false }
    return zoneMinute < 60 && rest.isEmpty
  }

  /// A timestamp as RFC 3339 has it; without a zone it is UTC.
  static func normalizedTimestamp(_ text: String) -> String {
    guard isTimestamp(text) else { return text }
    var rest = text.utf8[...]
    func number(width: Int) -> String {
      let digits = String(Substring(rest.prefix { (0x30...0x39).contains($0) }))
      rest = rest.dropFirst(digits.utf8.count)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    func next(width: Int) -> String {
      rest = rest.dropFirst()
      return number(width: width)
    }
    let date = "\(number(width: 4))-\(next(width: 2))-\(next(width: 2))"
    if rest.isEmpty { return date + "T00:00:00Z" }
    var time = "\(next(width: 2)):\(next(width: 2)):\(next(width: 2))"
    if rest.first == UInt8(ascii: ".") {
      var fraction = next(width: 1)
      while fraction.hasSuffix("0") { fraction.removeLast() }
      if !fraction.isEmpty { time += "." + fraction }
    }
    let zone = String(Substring(rest))
    return date + "T" + time + (zone.isEmpty || zone.dropFirst() == "00:00" ? "Z" : zone)
  }

  private static func days(_ month: Int, _ year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// A number to the base of sixty, which yaml.v2 quotes though it doesn't read it: `1:30`, `190:20:30.15`.
  static func isSexagesimal(_ text: String) -> Bool {
    var body = Substring(text)
    if body.hasPrefix("+") || body.hasPrefix("-") { body = body.dropFirst() }
    let parts = body.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count > 1, let first = parts.first, let lead = first.first, (0x30...0x39).contains(lead),
      first.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") })
    else { return false }
    for (index, part) in parts.enumerated().dropFirst() {
      let isLast = index == parts.count - 1
      let pieces = part.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
      guard let whole = pieces.first, isLast || pieces.count == 1, (1...2).contains(whole.count),
        whole.allSatisfy({ (0x30...0x39).contains($0) }), whole.count == 1 || (whole.first ?? 0x39) < 0x36
      else { return false }
      if pieces.count == 2, !pieces[1].allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") }) {
        return false
      }
    }
    return true
  }

  /// A double as yaml.v2 writes it.
  static func text(_ value: Double) -> String {
    if value.isNaN { return ".nan" }
    if value.isInfinite { return value < 0 ? "-.inf" : "+.inf" }
    let text = GoFloat(value).text("g", precision: nil, sharp: false) ?? value.description
    return value.sign == .minus ? "-" + text : text
  }
}
