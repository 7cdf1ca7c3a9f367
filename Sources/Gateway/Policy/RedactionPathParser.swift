import StrictJSON

/// Reads RFC 9535's grammar, as far as `RedactionPath` has it.
struct RedactionPathParser {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func segments() throws(JSONPathError) -> [RedactionPath.Segment] {
    guard take("$") else { throw error("a path starts with $") }
    var segments: [RedactionPath.Segment] = []
    while true {
      let end = offset
      skipBlanks()
      guard let byte = current else {
        offset = end
        guard end == bytes.count else { throw error("white space after the path") }
        return segments
      }
      switch byte {
      case UInt8(ascii: "["): segments.append(.init(isDescendant: false, selectors: try bracketed()))
      case UInt8(ascii: "."):
        offset += 1
        let isDescendant = take(".")
        if isDescendant, current == UInt8(ascii: "[") {
          segments.append(.init(isDescendant: true, selectors: try bracketed()))
        } else {
          segments.append(.init(isDescendant: isDescendant, selectors: [try shorthand()]))
        }
      default: throw error("expected . or [")
      }
      if segments.count > RedactionPath.maximumSegments {
        throw error("a path has at most \(RedactionPath.maximumSegments) segments")
      }
    }
  }

  /// `*` or a name as it may stand after a dot.
  private mutating func shorthand() throws(JSONPathError) -> RedactionPath.Selector {
    if take("*") { return .wildcard }
    let start = offset
    while let byte = current, Self.isNameByte(byte, isFirst: offset == start) { offset += 1 }
    guard offset > start else { throw error("expected a name or *; other names are written ['…']") }
    return .name(String(decoding: bytes[start..<offset], as: UTF8.self))
  }

  private static func isNameByte(_ byte: UInt8, isFirst: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 0x80...: true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): !isFirst
    default: false
    }
  }

  private mutating func bracketed() throws(JSONPathError) -> [RedactionPath.Selector] {
    offset += 1
    var selectors: [RedactionPath.Selector] = []
    repeat {
      skipBlanks()
      selectors.append(try selector())
      skipBlanks()
    } while take(",")
    guard take("]") else { throw error("expected , or ]") }
    return selectors
  }

  private mutating func selector() throws(JSONPathError) -> RedactionPath.Selector {
    guard let byte = current else { throw error("expected a selector") }
    switch byte {
    case UInt8(ascii: "*"):
      offset += 1
      return .wildcard
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return .name(try quoted())
    case UInt8(ascii: "?"): throw error("filters are not supported")
    case UInt8(ascii: "("): throw error("scripts are not supported")
    case UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try indexOrSlice()
    default: throw error("expected *, a quoted name, an index or a slice")
    }
  }

  private mutating func indexOrSlice() throws(JSONPathError) -> RedactionPath.Selector {
    let start = try integer()
    let end = offset
    skipBlanks()
    guard take(":") else {
      offset = end
      guard let start else { throw error("expected an index") }
      return .index(start)
    }
    skipBlanks()
    let stop = try integer()
    skipBlanks()
    var step: Int?
    if take(":") {
      skipBlanks()
      step = try integer()
    }
    guard step != 0 else { throw error("a slice with the step 0 selects nothing") }
    return .slice(start: start, end: stop, step: step ?? 1)
  }

  /// Absent where none starts.
  private mutating func integer() throws(JSONPathError) -> Int? {
    let start = offset
    let isNegative = take("-")
    let digits = offset
    var value = 0
    while let byte = current, byte &- UInt8(ascii: "0") <= 9 {
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
      guard value < 1 << 53 else { throw error("the integer is beyond 2^53 - 1") }
      offset += 1
    }
    guard offset > digits else {
      if isNegative { throw error("expected a digit") }
      return nil
    }
    if bytes[digits] == UInt8(ascii: "0"), offset - digits > 1 || isNegative {
      offset = start
      throw error("an integer has no zero in front")
    }
    return isNegative ? -value : value
  }

  private mutating func quoted() throws(JSONPathError) -> String {
    let start = offset
    let quote = bytes[offset]
    offset += 1
    var name: [UInt8] = []
    while let byte = current {
      switch byte {
      case quote:
        offset += 1
        return String(decoding: name, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(quote, into: &name)
      case 0..<0x20: throw error("control character in a name")
      default:
        name.append(byte)
        offset += 1
      }
    }
    offset = start
    throw error("unterminated name")
  }

  private mutating func escape(_ quote: UInt8, into name: inout [UInt8]) throws(JSONPathError) {
    guard offset + 1 < bytes.count else { throw error("unterminated name") }
    switch bytes[offset + 1] {
    case quote, UInt8(ascii: "\\"), UInt8(ascii: "/"): name.append(bytes[offset + 1])
    case UInt8(ascii: "b"): name.append(0x08)
    case UInt8(ascii: "f"): name.append(0x0C)
    case UInt8(ascii: "n"): name.append(0x0A)
    case UInt8(ascii: "r"): name.append(0x0D)
    case UInt8(ascii: "t"): name.append(0x09)
    case UInt8(ascii: "u"):
      guard let escape = UnicodeEscape(bytes, at: offset) else { throw error("malformed escape") }
      name += String(escape.scalar).utf8
      offset += escape.length
      return
    default: throw error("malformed escape")
    }
    offset += 2
  }

  private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard current == UInt8(ascii: scalar) else { return false }
    offset += 1
    return true
  }

  private mutating func skipBlanks() {
    while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { offset += 1 }
  }

  private func error(_ message: String) -> JSONPathError {
    JSONPathError(message: "\(message) (at byte \(offset + 1))")
  }
}
