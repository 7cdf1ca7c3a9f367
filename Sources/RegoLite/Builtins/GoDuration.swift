/// Durations as Go writes them, `1h15m30.918s`, and OPA's days, weeks and years of 365 days.
enum GoDuration {
  private static let units: [String: UInt64] = [
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
    "h": 3_600_000_000_000,
  ]
  private static let longUnits: [String: UInt64] = [
    "d": 86_400_000_000_000, "w": 604_800_000_000_000, "y": 31_536_000_000_000_000,
  ]

  /// In nanoseconds.
  static func parse(_ text: String) throws(BuiltinError) -> Int {
    // OPA reads what has a longer unit by itself, with a single message for all that may be wrong with it.
    let isLong = text.utf8.contains { "dwy".utf8.contains($0) }
    let invalid = "time: invalid duration \(isLong ? GoQuote.string(text) : GoTime.quoted(text))"
    var units = units
    if isLong {
      units.merge(longUnits) { first, _ in first }
      // The micro sign is known to it, the Greek letter isn't.
      units["\u{3BC}s"] = nil
    }
    var rest = Array(text.utf8)[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    if rest.elementsEqual("0".utf8) { return 0 }
    if rest.isEmpty { throw .failure(invalid) }
    var total: UInt64 = 0
    while !rest.isEmpty {
      let (whole, fraction, unitName) = (rest.digits(), rest.fraction(), rest.unit())
      if whole.isEmpty, fraction?.isEmpty ?? true { throw .failure(invalid) }
      guard let count = UInt64(whole.isEmpty ? "0" : String(decoding: whole, as: UTF8.self)), count <= limit else {
        throw .failure(invalid)
      }
      guard let unit = units[unitName] else {
        if isLong, !isWellFormed(text) { throw .failure(invalid) }
        let fault = unitName.isEmpty ? "missing unit" : "unknown unit \(GoTime.quoted(unitName))"
        throw .failure("time: \(fault) in duration \(GoTime.quoted(text))")
      }
      guard let value = value(count, fraction ?? [], unit), value <= limit - total else { throw .failure(invalid) }
      total += value
    }
    if isNegative { return Int(truncatingIfNeeded: 0 &- total) }
    guard let value = Int(exactly: total) else { throw .failure(invalid) }
    return value
  }

  /// What the smallest negative duration has.
  private static let limit: UInt64 = 1 << 63

  /// Whether all units could be some: a lower-case letter, or one of Go's with two.
  private static func isWellFormed(_ text: String) -> Bool {
    let signs = "+-".utf8
    var rest = Array(text.utf8)[...].drop { signs.contains($0) }
    while !rest.isEmpty {
      let (whole, fraction, unit) = (rest.digits(), rest.fraction(), rest.unit())
      if whole.isEmpty, fraction?.isEmpty ?? true { return false }
      let isLetter = unit.utf8.count == 1 && ("a"..."z").contains(unit)
      if units[unit] == nil, !isLetter { return false }
    }
    return true
  }

  /// Absent beyond 64 bits. The fraction is as exact as Go's.
  private static func value(_ count: UInt64, _ fraction: ArraySlice<UInt8>, _ unit: UInt64) -> UInt64? {
    let (product, overflow) = count.multipliedReportingOverflow(by: unit)
    if overflow || product > limit { return nil }
    var (digits, scale): (UInt64, Double) = (0, 1)
    for digit in fraction {
      let next = digits.multipliedReportingOverflow(by: 10)
      let sum = next.partialValue.addingReportingOverflow(UInt64(digit - 0x30))
      if next.overflow || sum.overflow || digits > (limit - 1) / 10 || sum.partialValue > limit { break }
      digits = sum.partialValue
      scale *= 10
    }
    let part = UInt64(Double(digits) * (Double(unit) / scale))
    return product + part <= limit ? product + part : nil
  }
}

extension ArraySlice<UInt8> {
  /// Takes the digits at the front.
  fileprivate mutating func digits() -> ArraySlice<UInt8> {
    let digits = prefix { (0x30...0x39).contains($0) }
    self = dropFirst(digits.count)
    return digits
  }

  /// Takes a point and the digits behind it; absent without a point.
  fileprivate mutating func fraction() -> ArraySlice<UInt8>? {
    guard first == UInt8(ascii: ".") else { return nil }
    self = dropFirst()
    return digits()
  }

  /// Takes all up to the next number.
  fileprivate mutating func unit() -> String {
    let unit = prefix { $0 != UInt8(ascii: ".") && !(0x30...0x39).contains($0) }
    self = dropFirst(unit.count)
    return String(decoding: unit, as: UTF8.self)
  }
}
