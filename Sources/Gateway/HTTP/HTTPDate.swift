import Glibc

/// The time as the `Date` field has it (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
struct HTTPDate {
  private var second: Int?
  private var text = ""

  /// The present time's; made anew each second.
  mutating func now() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    if second != time.tv_sec {
      second = time.tv_sec
      text = Self.text(time.tv_sec)
    }
    return text
  }

  /// - Parameter second: since 1970-01-01T00:00:00Z
  static func text(_ second: Int) -> String {
    var (second, parts) = (second, tm())
    gmtime_r(&second, &parts)
    func digits(_ value: Int32, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    let day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][Int(parts.tm_wday)]
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Int(parts.tm_mon)]
    let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits($0, 2) }.joined(separator: ":")
    return "\(day), \(digits(parts.tm_mday, 2)) \(month) \(digits(parts.tm_year + 1_900, 4)) \(time) GMT"
  }
}
