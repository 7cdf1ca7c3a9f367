/// One step of reading a document.
package enum JSONToken {
  case beginArray
  case endArray
  case beginObject
  case endObject
  /// A member's name; its value follows.
  case key(String)
  case null
  case boolean(Bool)
  case number(JSONNumber)
  case string(String)
  /// The document is over and nothing but white space follows.
  case end
}

/// Cuts a text into tokens and checks that they follow RFC 8259. Never recurses. Errors have no path yet, and no line.
package struct JSONTokenizer {
  private enum Expectation {
    case value
    case valueOrEnd
    case key
    case keyOrEnd
    case colon
    case commaOrEnd
    case nothing
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private let options: JSONReadingOptions
  private var offset = 0
  /// Where the latest token starts.
  package private(set) var tokenStart = 0
  private var expectation = Expectation.value
  /// For each open array or object, whether it is an object.
  private var isObject: [Bool] = []
  private let maximumDepth: Int

  /// `bytes` must outlive the tokenizer.
  package init(_ bytes: UnsafeBufferPointer<UInt8>, options: JSONReadingOptions) {
    self.bytes = bytes
    self.options = options
    isObject.reserveCapacity(32)
    maximumDepth = min(options.maximumDepth, JSONReadingOptions.deepest)
    if options.acceptsByteOrderMark, bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
      offset = 3
    }
  }

  package mutating func next() throws(JSONError) -> JSONToken {
    while true {
      skipWhiteSpace()
      tokenStart = offset
      guard offset < bytes.count else {
        if expectation == .nothing { return .end }
        throw error(bytes.isEmpty ? "empty document" : "unexpected end of document")
      }
      let byte = bytes[offset]
      switch expectation {
      case .nothing:
        throw error("unexpected data after the document")
      case .commaOrEnd:
        if byte == UInt8(ascii: ",") {
          offset += 1
          expectation = isObject[isObject.count - 1] ? .key : .value
          continue
        }
        let inObject = isObject[isObject.count - 1]
        guard byte == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
          throw error(inObject ? "expected , or } after a member" : "expected , or ] after an element")
        }
        return close()
      case .colon:
        guard byte == UInt8(ascii: ":") else { throw error("expected : after a key") }
        offset += 1
        expectation = .value
        continue
      case .keyOrEnd, .key:
        if byte == UInt8(ascii: "}"), expectation == .keyOrEnd { return close() }
        guard byte == UInt8(ascii: "\"") else { throw error("expected a key in quotes") }
        let key = try string()
        expectation = .colon
        return .key(key)
      case .value, .valueOrEnd:
        return try value(byte)
      }
    }
  }

  private mutating func value(_ byte: UInt8) throws(JSONError) -> JSONToken {
    switch byte {
    case UInt8(ascii: "{"):
      try open(object: true)
      expectation = .keyOrEnd
      return .beginObject
    case UInt8(ascii: "["):
      try open(object: false)
      expectation = .valueOrEnd
      return .beginArray
    case UInt8(ascii: "]") where expectation == .valueOrEnd:
      return close()
    case UInt8(ascii: "\""):
      let text = try string()
      valueEnded()
      return .string(text)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      let number = try number()
      valueEnded()
      return .number(number)
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: throw error("expected a value")
    }
  }

  private mutating func open(object: Bool) throws(JSONError) {
    guard isObject.count < maximumDepth else { throw error("nested deeper than \(maximumDepth) levels") }
    isObject.append(object)
    offset += 1
  }

  private mutating func close() -> JSONToken {
    offset += 1
    let object = isObject.removeLast()
    valueEnded()
    return object ? .endObject : .endArray
  }

  private mutating func valueEnded() { expectation = isObject.isEmpty ? .nothing : .commaOrEnd }

  private mutating func word(_ word: StaticString, _ token: JSONToken) throws(JSONError) -> JSONToken {
    for index in 0..<word.utf8CodeUnitCount {
      guard offset + index < bytes.count, bytes[offset + index] == word.utf8Start[index] else {
        throw error("expected a value")
      }
    }
    offset += word.utf8CodeUnitCount
    valueEnded()
    return token
  }

  private mutating func number() throws(JSONError) -> JSONNumber {
    guard let end = JSONNumber.end(of: bytes, from: offset) else { throw error("malformed number") }
    if end < bytes.count, bytes[end] &- UInt8(ascii: "0") <= 9 { throw error("malformed number") }  // 012
    let number = JSONNumber(wellFormed: bytes[offset..<end])
    if options.rejectsNonFinite, !number.doubleValue.isFinite { throw error("number is too large for a double") }
    offset = end
    return number
  }

  private mutating func skipWhiteSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  package func error(_ message: String, at place: Int? = nil) -> JSONError {
    JSONError(message: message, offset: place ?? offset)
  }
}

extension JSONTokenizer {
  /// The string that starts at the quote under `offset`.
  private mutating func string() throws(JSONError) -> String {
    offset += 1
    let start = offset
    var isASCII = true
    offset = plainEnd(from: offset)
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\"") {
        let end = offset
        if !isASCII {
          guard let text = String(validating: bytes[start..<end], as: UTF8.self) else {
            offset = start
            return try stringPiecewise()
          }
          offset = end + 1
          return text
        }
        offset += 1
        return String(decoding: bytes[start..<end], as: UTF8.self)
      }
      if byte == UInt8(ascii: "\\") {
        offset = start
        return try stringPiecewise()
      }
      if byte < 0x20 { throw error("control character in a string") }
      if byte >= 0x80 { isASCII = false }
      offset += 1
    }
    throw error("unterminated string")
  }

  /// Where the first quote, backslash, control character or byte that is no ASCII is, or the document's last seven bytes
  /// begin: what is before is plain text.
  private func plainEnd(from start: Int) -> Int {
    guard let base = UnsafeRawPointer(bytes.baseAddress) else { return start }
    let (ones, highs) = (UInt64(0x0101_0101_0101_0101), UInt64(0x8080_8080_8080_8080))
    func hasZero(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & highs }
    var place = start
    while place + 8 <= bytes.count {
      let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      let isControl = (word &- ones &* 0x20) & ~word
      let found = (word | isControl) & highs | hasZero(word ^ ones &* 0x22) | hasZero(word ^ ones &* 0x5C)
      // Subtracting may borrow from the bytes above one that is found, never from those below the first.
      if found != 0 { return place + found.trailingZeroBitCount / 8 }
      place += 8
    }
    return place
  }

  /// As `string`, for those with escapes or ill-formed text; `offset` is after the quote.
  private mutating func stringPiecewise() throws(JSONError) -> String {
    var text: [UInt8] = []
    while offset < bytes.count {
      let byte = bytes[offset]
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw error("control character in a string")
      case 0..<0x80:
        text.append(byte)
        offset += 1
      default:
        let length = scalarLength(at: offset)
        if length > 0 {
          text.append(contentsOf: bytes[offset..<offset + length])
          offset += length
        } else if options.rejectsInvalidUTF8 {
          throw error("invalid UTF-8")
        } else {
          text.append(contentsOf: "\u{FFFD}".utf8)
          offset += 1
        }
      }
    }
    throw error("unterminated string")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
    guard offset + 1 < bytes.count else { throw error("unterminated string") }
    switch bytes[offset + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(bytes[offset + 1])
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      guard let unit = codeUnit(at: offset) else { throw error("malformed escape") }
      var length = 6
      var scalar = Unicode.Scalar(unit)
      if unit & 0xFC00 == 0xD800, let low = codeUnit(at: offset + 6), low & 0xFC00 == 0xDC00 {
        scalar = Unicode.Scalar(0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF)))
        length = 12
      }
      if scalar == nil, options.rejectsLoneSurrogates { throw error("lone surrogate") }
      text.append(contentsOf: String(Character(scalar ?? "\u{FFFD}")).utf8)
      offset += length
      return
    default: throw error("malformed escape")
    }
    offset += 2
  }

  /// What the four hexadecimal digits of the `\u` escape at `place` are; absent when there is none.
  private func codeUnit(at place: Int) -> UInt16? {
    guard place + 6 <= bytes.count, bytes[place] == UInt8(ascii: "\\"), bytes[place + 1] == UInt8(ascii: "u") else {
      return nil
    }
    return bytes[place + 2..<place + 6].hexadecimalValue.map { UInt16($0) }
  }

  /// The length of the well-formed UTF-8 sequence (RFC 3629) of two bytes or more at `place`, 0 when there is none.
  private func scalarLength(at place: Int) -> Int {
    let first = bytes[place]
    let (length, low, high): (Int, UInt8, UInt8)
    switch first {
    case 0xC2...0xDF: (length, low, high) = (2, 0x80, 0xBF)
    case 0xE0: (length, low, high) = (3, 0xA0, 0xBF)
    case 0xED: (length, low, high) = (3, 0x80, 0x9F)
    case 0xE1...0xEF: (length, low, high) = (3, 0x80, 0xBF)
    case 0xF0: (length, low, high) = (4, 0x90, 0xBF)
    case 0xF1...0xF3: (length, low, high) = (4, 0x80, 0xBF)
    case 0xF4: (length, low, high) = (4, 0x80, 0x8F)
    default: return 0
    }
    guard place + length <= bytes.count, (low...high).contains(bytes[place + 1]) else { return 0 }
    for index in 2..<max(length, 2) where bytes[place + index] & 0xC0 != 0x80 { return 0 }
    return length
  }
}
