/// Reads elements of the Distinguished Encoding Rules (X.690) one after the other, as far as certificates and keys
/// need them: tags of one byte, lengths of up to four.
package struct DERReader {
  private var bytes: ArraySlice<UInt8>

  package init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  package enum Tag {
    package static let integer: UInt8 = 0x02
    package static let bitString: UInt8 = 0x03
    package static let octetString: UInt8 = 0x04
    package static let null: UInt8 = 0x05
    package static let objectIdentifier: UInt8 = 0x06
    package static let sequence: UInt8 = 0x30
    /// `[0]`, a certificate's version.
    package static let version: UInt8 = 0xA0
  }

  package var isAtEnd: Bool { bytes.isEmpty }
  package var nextTag: UInt8? { bytes.first }

  /// The next element's content; absent when its tag is another or it is cut short.
  package mutating func element(_ tag: UInt8) -> ArraySlice<UInt8>? {
    guard let element = anyElement(), element.tag == tag else { return nil }
    return element.content
  }

  package mutating func sequence() -> DERReader? { element(Tag.sequence).map { DERReader($0) } }

  /// The next element without its meaning.
  package mutating func skip() -> Bool { anyElement() != nil }

  /// The magnitude of an integer that isn't negative, without leading zeros.
  package mutating func magnitude() -> [UInt8]? {
    guard let content = element(Tag.integer), let first = content.first, first < 0x80 else { return nil }
    return Array(content.drop { $0 == 0 })
  }

  /// The bytes of a bit string that has a whole number of them.
  package mutating func wholeBitString() -> ArraySlice<UInt8>? {
    guard let content = element(Tag.bitString), content.first == 0 else { return nil }
    return content.dropFirst()
  }

  private mutating func anyElement() -> (tag: UInt8, content: ArraySlice<UInt8>)? {
    var rest = bytes
    guard let tag = rest.popFirst(), tag & 0x1F != 0x1F, let first = rest.popFirst() else { return nil }
    var length = Int(first)
    if first >= 0x80 {
      let count = Int(first & 0x7F)
      guard (1...4).contains(count), rest.count >= count else { return nil }
      length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(count)
    }
    guard rest.count >= length else { return nil }
    bytes = rest.dropFirst(length)
    return (tag, rest.prefix(length))
  }
}

/// Writes what `DERReader` reads.
package enum DERWriter {
  package static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    var length: [UInt8] = []
    if content.count < 0x80 {
      length = [UInt8(content.count)]
    } else {
      var rest = content.count
      while rest > 0 {
        length.insert(UInt8(truncatingIfNeeded: rest), at: 0)
        rest >>= 8
      }
      length.insert(0x80 | UInt8(length.count), at: 0)
    }
    return [tag] + length + content
  }

  package static func sequence(_ elements: [UInt8]...) -> [UInt8] {
    element(DERReader.Tag.sequence, elements.flatMap { $0 })
  }

  /// The integer with this magnitude.
  package static func integer(_ magnitude: [UInt8]) -> [UInt8] {
    var content = Array(magnitude.drop { $0 == 0 })
    if (content.first ?? 0x80) >= 0x80 { content.insert(0, at: 0) }
    return element(DERReader.Tag.integer, content)
  }
}
