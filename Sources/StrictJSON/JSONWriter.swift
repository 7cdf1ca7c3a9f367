extension JSONValue {
  /// Compact, in member order, numbers as written, only what RFC 8259 demands escaped.
  public func serialized() -> [UInt8] {
    var writer = JSONWriter()
    writer.bytes.reserveCapacity(512)
    writer.write(self)
    return writer.bytes
  }

  /// Appends the compact text.
  public func serialize(into bytes: inout [UInt8]) {
    var writer = JSONWriter()
    swap(&writer.bytes, &bytes)
    writer.write(self)
    swap(&writer.bytes, &bytes)
  }

  /// Appends the text as a JSON string, as RFC 8785 section 3.2.2.2 wants it.
  public static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
    JSONWriter.appendQuoted(text, to: &bytes)
  }

  public func serializedString() -> String { String(decoding: serialized(), as: UTF8.self) }

  /// One member or element a line, each level `indent` spaces further in.
  public func pretty(indent: Int = 2) -> String {
    var writer = JSONWriter()
    writer.indent = max(indent, 0)
    writer.write(self)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

struct JSONWriter {
  var bytes: [UInt8] = []
  /// Spaces per level; absent for compact text.
  var indent: Int?
  private var level = 0

  init() {}

  mutating func write(_ value: JSONValue) {
    switch value {
    case .null: bytes += "null".utf8
    case .boolean(let value): bytes += (value ? "true" : "false").utf8
    case .number(let number): write(number)
    case .string(let text): Self.appendQuoted(text, to: &bytes)
    case .array(let elements): write(elements)
    case .object(let object): write(object)
    }
  }

  private mutating func write(_ number: JSONNumber) {
    switch number.storage {
    case .integer(let value): bytes += String(value).utf8
    case .literal(let text): bytes += text.utf8
    }
  }

  private mutating func write(_ elements: [JSONValue]) {
    bytes.append(UInt8(ascii: "["))
    level += 1
    var isFirst = true
    for element in elements {
      separate(isFirst: isFirst)
      isFirst = false
      write(element)
    }
    level -= 1
    if !isFirst { breakLine() }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func write(_ object: JSONObject) {
    bytes.append(UInt8(ascii: "{"))
    level += 1
    var isFirst = true
    for (key, value) in object.members {
      separate(isFirst: isFirst)
      isFirst = false
      Self.appendQuoted(key, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      if indent != nil { bytes.append(UInt8(ascii: " ")) }
      write(value)
    }
    level -= 1
    if !isFirst { breakLine() }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func separate(isFirst: Bool) {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    breakLine()
  }

  private mutating func breakLine() {
    guard let indent else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * level))
  }

  /// Quoted as RFC 8785 section 3.2.2.2 wants it, which is the least that RFC 8259 allows.
  static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var copy = text
    copy.withUTF8 { utf8 in
      var start = 0
      for offset in 0..<utf8.count {
        let byte = utf8[offset]
        if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
        bytes.append(contentsOf: utf8[start..<offset])
        start = offset + 1
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        default:
          bytes += "u00".utf8
          bytes.append(hexDigit(byte >> 4))
          bytes.append(hexDigit(byte & 0xF))
        }
      }
      bytes.append(contentsOf: utf8[start...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
