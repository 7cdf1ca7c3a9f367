/// The formats that a schema can ask a string to have, as loosely as OPA checks them. One that isn't known holds.
enum SchemaFormat {
  static func matches(_ text: Text, _ format: String) -> Bool {
    let string = text.string
    switch format {
    case "date": return Moment.isDate(string)
    case "time": return Moment.isTime(string)
    case "date-time":
      return Moment.isDate(string) || Moment.isTime(string, zone: .optional) || Moment.isDateTime(string)
    case "email", "idn-email": return MailAddress.isOne(string)
    case "hostname": return isHostName(string)
    case "ipv4": return string.contains(".") && IPAddress(string) != nil
    case "ipv6": return string.contains(":") && IPAddress(string) != nil
    case "uri", "iri": return url(string) != nil && hasScheme(string)
    case "uri-reference", "iri-reference": return url(string) != nil
    case "uri-template": return url(string).map { hasPairedBraces($0.path) } ?? false
    case "uuid": return isUUID(string)
    case "regex": return (try? RegularExpression(go: text)) != nil
    case "json-pointer": return isPointer(string[...])
    case "relative-json-pointer": return isRelativePointer(string)
    default: return true
    }
  }

  private static func isHostName(_ text: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
    guard text.utf8.count < 256 else { return false }
    return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
      guard (1...63).contains(label.count), let first = label.first, let last = label.last else { return false }
      return isAlphanumeric(first) && isAlphanumeric(last)
        && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }
  }

  private static func hasScheme(_ text: String) -> Bool {
    guard let colon = text.firstIndex(of: ":"), let first = text.utf8.first, (first | 0x20) >= 0x61,
      (first | 0x20) <= 0x7A
    else { return false }
    return text[..<colon].utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "+-.".utf8.contains(byte)
    }
  }

  /// What Go's `url.Parse` takes, but for backslashes.
  private static func url(_ text: String) -> GoURL? {
    text.utf8.contains(UInt8(ascii: "\\")) ? nil : try? GoURL(Text(text))
  }

  private static func hasPairedBraces(_ bytes: [UInt8]) -> Bool {
    var isOpen = false
    for byte in bytes {
      switch (byte, isOpen) {
      case (UInt8(ascii: "{"), false): isOpen = true
      case (UInt8(ascii: "}"), true): isOpen = false
      default: break
      }
    }
    return !isOpen
  }

  private static func isUUID(_ text: String) -> Bool {
    let groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return groups.map(\.count) == [8, 4, 4, 4, 12]
      && groups.joined().allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
  }

  private static func isPointer(_ text: Substring) -> Bool {
    if text.isEmpty { return true }
    guard text.hasPrefix("/") else { return false }
    var isEscaped = false
    for byte in text.utf8 {
      if isEscaped, byte != UInt8(ascii: "0"), byte != UInt8(ascii: "1") { return false }
      isEscaped = byte == UInt8(ascii: "~")
    }
    return !isEscaped
  }

  private static func isRelativePointer(_ text: String) -> Bool {
    let digits = text.prefix { ("0"..."9").contains($0) }
    guard !digits.isEmpty, digits == "0" || !digits.hasPrefix("0") else { return false }
    let rest = text[digits.endIndex...]
    return rest == "#" || isPointer(rest)
  }
}

/// Dates and times in the layouts of RFC 3339.
private struct Moment {
  enum Zone { case required, optional }

  private var rest: Substring.UTF8View

  static func isDate(_ text: String) -> Bool {
    var moment = Moment(rest: text[...].utf8)
    return moment.date() && moment.rest.isEmpty
  }

  static func isTime(_ text: String, zone: Zone = .optional) -> Bool {
    var moment = Moment(rest: text[...].utf8)
    return moment.time(zone) && moment.rest.isEmpty
  }

  static func isDateTime(_ text: String) -> Bool {
    var moment = Moment(rest: text[...].utf8)
    return moment.date() && moment.take("T") && moment.time(.required) && moment.rest.isEmpty
  }

  private mutating func number(_ length: Int) -> Int? {
    let digits = rest.prefix(length)
    guard digits.count == length, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    rest = rest.dropFirst(length)
    return Int(String(Substring(digits)))
  }

  private mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: mark) else { return false }
    rest = rest.dropFirst()
    return true
  }

  private mutating func date() -> Bool {
    guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2),
      (1...12).contains(month), day >= 1
    else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return day <= [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  private mutating func time(_ zone: Zone) -> Bool {
    guard let hour = number(2) ?? number(1), hour < 24, take(":"), let minute = number(2), minute < 60, take(":"),
      let second = number(2), second < 60
    else { return false }
    if take(".") || take(",") {
      let digits = rest.prefix { (0x30...0x39).contains($0) }.count
      if digits == 0 { return false }
      rest = rest.dropFirst(digits)
    }
    if take("Z") { return true }
    guard take("+") || take("-") else { return zone == .optional }
    guard let zoneHour = number(2), zoneHour <= 24, take(":"), let zoneMinute = number(2) else { return false }
    return zoneMinute <= 60
  }
}
