/// What Go's encoding/json says about a document that is no JSON, which is what OPA's users know.
struct GoJSONFault {
  private struct Fault: Error { let message: String }
  private enum Frame { case array, object }

  private let bytes: [UInt8]
  private var position = 0

  /// Absent when Go finds no fault.
  static func message(for bytes: [UInt8]) -> String? {
    var reader = GoJSONFault(bytes: bytes)
    do throws(Fault) {
      reader.skipSpace()
      if reader.peek == nil { return "EOF" }
      try reader.value()
      reader.skipSpace()
      guard let start = reader.peek.map({ _ in reader.position }) else { return nil }
      // OPA asks for one more token and names it.
      switch reader.bytes[start] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): reader.position += 1
      default: try reader.scalar()
      }
      let token = String(decoding: bytes[start..<reader.position], as: UTF8.self)
      let name =
        switch token {
        case "true", "false": "%!s(bool=\(token))"
        case _ where token.hasPrefix("\""): (try? Value.parse(json: token))?.asString ?? token
        default: token
        }
      return "error: invalid character '\(name)' after top-level value"
    } catch {
      return error.message
    }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  private func fault(_ place: String) -> Fault {
    guard let byte = peek else { return Fault(message: "unexpected EOF") }
    let character = GoQuote.character(Unicode.Scalar(byte))
    return Fault(message: "invalid character \(character) \(place)")
  }

  /// One value with what lies in it, on a stack of its own.
  private mutating func value() throws(Fault) {
    var frames: [Frame] = []
    repeat {
      skipSpace()
      if peek == UInt8(ascii: "[") {
        position += 1
        skipSpace()
        if peek != UInt8(ascii: "]") {
          frames.append(.array)
          continue
        }
        position += 1
      } else if peek == UInt8(ascii: "{") {
        position += 1
        skipSpace()
        if peek != UInt8(ascii: "}") {
          frames.append(.object)
          try key()
          continue
        }
        position += 1
      } else {
        try scalar()
      }
      try close(&frames)
    } while !frames.isEmpty
  }

  /// What follows a value: the ends of the frames around it, or a comma and, in an object, the next key.
  private mutating func close(_ frames: inout [Frame]) throws(Fault) {
    while let frame = frames.last {
      skipSpace()
      let end = UInt8(ascii: frame == .array ? "]" : "}")
      if peek == end {
        position += 1
        frames.removeLast()
      } else if peek == UInt8(ascii: ",") {
        position += 1
        if frame == .object { try key() }
        return
      } else {
        throw fault(frame == .array ? "after array element" : "after object key:value pair")
      }
    }
  }

  private mutating func key() throws(Fault) {
    skipSpace()
    guard peek == UInt8(ascii: "\"") else { throw fault("looking for beginning of object key string") }
    try string()
    skipSpace()
    guard peek == UInt8(ascii: ":") else { throw fault("after object key") }
    position += 1
  }

  private mutating func scalar() throws(Fault) {
    switch peek {
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    case UInt8(ascii: "-"): try number()
    case let digit? where (0x30...0x39).contains(digit): try number()
    default: throw fault("looking for beginning of value")
    }
  }

  private mutating func word(_ word: String) throws(Fault) {
    for expected in word.utf8 {
      if peek != expected {
        throw fault("in literal \(word) (expecting '\(Character(Unicode.Scalar(expected)))')")
      }
      position += 1
    }
  }

  private mutating func string() throws(Fault) {
    position += 1
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return
      case UInt8(ascii: "\\"):
        position += 1
        try escape()
      case 0..<0x20: throw fault("in string literal")
      default: position += 1
      }
    }
    throw fault("")
  }

  private mutating func escape() throws(Fault) {
    guard let byte = peek, #""\/bfnrtu"#.utf8.contains(byte) else { throw fault("in string escape code") }
    position += 1
    guard byte == UInt8(ascii: "u") else { return }
    for _ in 0..<4 {
      guard let digit = peek, Character(Unicode.Scalar(digit)).isHexDigit else {
        throw fault(#"in \u hexadecimal character escape"#)
      }
      position += 1
    }
  }

  private mutating func number() throws(Fault) {
    if peek == UInt8(ascii: "-") { position += 1 }
    if peek == UInt8(ascii: "0") { position += 1 } else { try digits("in numeric literal") }
    if peek == UInt8(ascii: ".") {
      position += 1
      try digits("after decimal point in numeric literal")
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      position += 1
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
      try digits("in exponent of numeric literal")
    }
  }

  private mutating func digits(_ place: String) throws(Fault) {
    guard let first = peek, (0x30...0x39).contains(first) else { throw fault(place) }
    while let digit = peek, (0x30...0x39).contains(digit) { position += 1 }
  }
}
