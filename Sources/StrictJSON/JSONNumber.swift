/// A JSON number, exactly as written.
public struct JSONNumber: Sendable {
  enum Storage: Sendable {
    /// The literal is this integer's shortest decimal form.
    case integer(Int)
    case literal(String)
  }
  let storage: Storage

  init(storage: Storage) { self.storage = storage }

  public init(_ value: Int) { storage = .integer(value) }

  /// The shortest literal that reads back as `value`; absent when it is infinite or no number. -0 is `0`.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    if let integer = Int(exactly: value), integer.magnitude < 1 << 53 {
      storage = .integer(integer)
    } else {
      storage = .literal(ECMAScriptNumber.format(value))
    }
  }

  /// Absent when `literal` is no number of RFC 8259's grammar.
  public init?(literal: some StringProtocol) {
    var copy = String(literal)
    let number = copy.withUTF8 { bytes -> JSONNumber? in
      guard let end = JSONNumber.end(of: bytes, from: 0), end == bytes.count else { return nil }
      return JSONNumber(wellFormed: bytes[...])
    }
    guard let number else { return nil }
    self = number
  }

  /// `bytes` follow the grammar.
  init(wellFormed bytes: Slice<UnsafeBufferPointer<UInt8>>) {
    let isNegative = bytes.first == UInt8(ascii: "-")
    let digits = isNegative ? bytes.dropFirst() : bytes
    // 18 digits can't overflow an Int. "-0" is not Int's way to write it.
    if digits.count <= 18, !(isNegative && digits.first == UInt8(ascii: "0")) {
      var value = 0
      var isInteger = true
      for byte in digits {
        let digit = byte &- UInt8(ascii: "0")
        if digit > 9 {
          isInteger = false
          break
        }
        value = value &* 10 &+ Int(digit)
      }
      if isInteger {
        storage = .integer(isNegative ? -value : value)
        return
      }
    }
    storage = .literal(String(decoding: bytes, as: UTF8.self))
  }

  /// The offset after the longest number that starts at `start`; absent when none does.
  static func end(of bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    let count = bytes.count
    var offset = start
    func isDigit(_ offset: Int) -> Bool { offset < count && bytes[offset] &- UInt8(ascii: "0") <= 9 }
    if offset < count, bytes[offset] == UInt8(ascii: "-") { offset += 1 }
    guard isDigit(offset) else { return nil }
    if bytes[offset] == UInt8(ascii: "0") {
      offset += 1
    } else {
      while isDigit(offset) { offset += 1 }
    }
    if offset < count, bytes[offset] == UInt8(ascii: ".") {
      offset += 1
      guard isDigit(offset) else { return nil }
      while isDigit(offset) { offset += 1 }
    }
    if offset < count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      offset += 1
      if offset < count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") { offset += 1 }
      guard isDigit(offset) else { return nil }
      while isDigit(offset) { offset += 1 }
    }
    return offset
  }

  /// As written.
  public var literal: String {
    switch storage {
    case .integer(let value): String(value)
    case .literal(let text): text
    }
  }

  /// The exact value when it is an integer that fits: 3 for `3`, `3.0` and `0.3e1`.
  public var intValue: Int? {
    switch storage {
    case .integer(let value): value
    case .literal(let text): DecimalParts(text).intValue
    }
  }

  /// The nearest double; infinite when the number is beyond all of them.
  public var doubleValue: Double {
    switch storage {
    case .integer(let value): Double(value)
    case .literal(let text): Double(text) ?? .infinity
    }
  }
}

extension JSONNumber: Equatable {
  /// By value, exactly: `1`, `1.0` and `10e-1` are equal.
  public static func == (a: JSONNumber, b: JSONNumber) -> Bool {
    if case .integer(let x) = a.storage, case .integer(let y) = b.storage { return x == y }
    return DecimalParts(a.literal) == DecimalParts(b.literal)
  }
}

extension JSONNumber: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(value) }
}

extension JSONNumber: CustomStringConvertible {
  public var description: String { literal }
}

extension JSONNumber {
  /// `text` follows the grammar.
  package init(wellFormed text: String) {
    var copy = text
    self = copy.withUTF8 { JSONNumber(wellFormed: $0[...]) }
  }

  /// The value when the literal is its shortest decimal form and it fits; absent for `1.0` and `-0`.
  package var shortInteger: Int? { if case .integer(let value) = storage { value } else { nil } }
}
