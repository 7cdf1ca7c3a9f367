public import NIOHTTP1

/// The head of an HTTP/1.1 message that can be read in one way only, and whose body has a length that it states.
///
/// Most messages of calls are such, and to read them so takes a fifth of what NIO's decoder takes. What this doesn't
/// know is no error: it is left to that decoder, which answers for everything that is unusual. So a doubt is always
/// resolved by absence here: bytes that aren't printable ASCII, lines that don't end in CR LF, a length that isn't stated
/// once and in digits, and every field that changes how the message is read (RFC 9112, sections 2.2, 5 and 6).
public struct PlainHead<Head> {
  public var head: Head
  /// Bytes of the head, its empty line included.
  public var size: Int
  public var bodySize: Int

  public init(_ head: Head, size: Int, bodySize: Int) {
    self.head = head
    self.size = size
    self.bodySize = bodySize
  }
}

/// Beyond them a head isn't plain.
public struct PlainHeadLimits: Sendable {
  /// Bytes of a field, its name included.
  public var fieldSize: Int
  /// Bytes of the whole head.
  public var size: Int
  public var fieldCount: Int

  public init(fieldSize: Int = 16_384, size: Int = 32_768, fieldCount: Int = 100) {
    self.fieldSize = fieldSize
    self.size = size
    self.fieldCount = fieldCount
  }
}

extension PlainHead<HTTPRequestHead> {
  /// Absent unless the bytes begin with a whole plain head.
  public init?(request bytes: UnsafeRawBufferPointer, limits: PlainHeadLimits) {
    var scanner = PlainScanner(bytes, limits)
    guard let method = scanner.method(), scanner.skip(" "), bytes.count > scanner.place,
      bytes[scanner.place] == UInt8(ascii: "/"), let target = scanner.visible(), scanner.skip(" HTTP/1.1\r\n"),
      let fields = scanner.fields()
    else { return nil }
    let head = HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: HTTPHeaders(fields))
    self.init(head, size: scanner.place, bodySize: scanner.contentLength ?? 0)
  }
}

extension PlainHead<HTTPResponseHead> {
  /// Absent unless the bytes begin with a whole plain head. To a request that wants a body.
  public init?(response bytes: UnsafeRawBufferPointer, limits: PlainHeadLimits) {
    var scanner = PlainScanner(bytes, limits)
    guard scanner.skip("HTTP/1.1 "), let code = scanner.number(digits: 3), code >= 200, code != 204, code != 304,
      scanner.skip(" "), scanner.line() != nil, let fields = scanner.fields(), let length = scanner.contentLength
    else { return nil }
    // Nobody may go by the reason that a server gives.
    let status = HTTPResponseStatus(statusCode: code)
    let head = HTTPResponseHead(version: .http1_1, status: status, headers: HTTPHeaders(fields))
    self.init(head, size: scanner.place, bodySize: length)
  }
}

private struct PlainScanner {
  private let bytes: UnsafeRawBufferPointer
  private let limits: PlainHeadLimits
  private(set) var place = 0
  private(set) var contentLength: Int?

  init(_ bytes: UnsafeRawBufferPointer, _ limits: PlainHeadLimits) {
    self.bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(limits.size))
    self.limits = limits
  }

  mutating func skip(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard bytes.count - place >= count else { return false }
    for index in 0..<count where bytes[place + index] != text.utf8Start[index] { return false }
    place += count
    return true
  }

  /// Of those that have a body of any length, or none.
  mutating func method() -> HTTPMethod? {
    if skip("POST") { return .POST }
    if skip("GET") { return .GET }
    if skip("DELETE") { return .DELETE }
    if skip("PUT") { return .PUT }
    return nil
  }

  mutating func number(digits: Int) -> Int? {
    guard bytes.count - place >= digits else { return nil }
    let number = Self.number(UnsafeRawBufferPointer(rebasing: bytes[place..<place + digits]))
    place += digits
    return number
  }

  private static func number(_ digits: UnsafeRawBufferPointer) -> Int? {
    // Fifteen digits can't overflow.
    guard (1...15).contains(digits.count) else { return nil }
    var number = 0
    for digit in digits {
      guard digit &- 0x30 < 10 else { return nil }
      number = number * 10 + Int(digit &- 0x30)
    }
    return number
  }

  /// Up to the next byte that is no visible ASCII.
  mutating func visible() -> String? {
    let start = place
    while place < bytes.count, bytes[place] &- 0x21 < 0x5E { place += 1 }
    return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<place]), as: UTF8.self)
  }

  /// The rest of the line, whose end is skipped.
  mutating func line() -> UnsafeRawBufferPointer? {
    let start = place
    skipText()
    let end = place
    guard skip("\r\n") else { return nil }
    // Space at the end belongs to the line for some, and not for others.
    guard end == start || bytes[end - 1] &- 0x21 < 0x5E else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
  }

  /// Printable ASCII and tabs, eight bytes at a time as long as there are no others.
  private mutating func skipText() {
    let (ones, highs) = (UInt64(0x0101_0101_0101_0101), UInt64(0x8080_8080_8080_8080))
    while place + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      // Below 0x20, 0x7F, or above: adding one to 0x7F sets the bit that those above have.
      guard ((word &- ones &* 0x20) | word | (word &+ ones)) & highs == 0 else { break }
      place += 8
    }
    while place < bytes.count, bytes[place] &- 0x20 < 0x5F || bytes[place] == 0x09 { place += 1 }
  }

  /// The fields, and the empty line after them.
  mutating func fields() -> [(String, String)]? {
    var fields: [(String, String)] = []
    fields.reserveCapacity(12)
    while !skip("\r\n") {
      let start = place
      while place < bytes.count, Self.isInNames(bytes[place]) { place += 1 }
      let name = UnsafeRawBufferPointer(rebasing: bytes[start..<place])
      guard !name.isEmpty, skip(":") else { return nil }
      while place < bytes.count, bytes[place] == 0x20 || bytes[place] == 0x09 { place += 1 }
      guard fields.count < limits.fieldCount, let value = line(), place - start <= limits.fieldSize,
        isPlain(name, value)
      else { return nil }
      fields.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
    }
    return fields
  }

  /// Those of RFC 9110's `tchar`.
  private static func isInNames(_ byte: UInt8) -> Bool {
    guard byte < 0x80 else { return false }
    // ! # $ % & ' * + - . 0-9 and A-Z ^ _ ` a-z | ~, a bit for each.
    let set: UInt64 = byte < 0x40 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
    return set >> UInt64(byte & 0x3F) & 1 == 1
  }

  /// Whether the message is read the same with the field as without it, but for its length, which is noted.
  private mutating func isPlain(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    switch name.count {
    case 14 where Self.isSame(name, "content-length"):
      guard contentLength == nil, let length = Self.number(value) else { return false }
      contentLength = length
      return true
    case 10 where Self.isSame(name, "connection"):
      return Self.isSame(value, "keep-alive") || Self.isSame(value, "close")
    case 17: return !Self.isSame(name, "transfer-encoding")
    case 16: return !Self.isSame(name, "proxy-connection")
    case 7: return !Self.isSame(name, "upgrade")
    case 6: return !Self.isSame(name, "expect")
    default: return true
    }
  }

  /// - Parameter text: in lower case
  private static func isSame(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    for index in 0..<bytes.count {
      let byte = bytes[index]
      guard (byte &- 0x41 < 26 ? byte | 0x20 : byte) == text.utf8Start[index] else { return false }
    }
    return true
  }
}
