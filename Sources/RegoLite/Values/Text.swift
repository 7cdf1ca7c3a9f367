import StrictJSON

/// A Rego string: compared, ordered and hashed by its UTF-8 bytes.
///
/// `String`'s own `==` takes canonically equivalent text for equal ("é" as one scalar or two), which Rego does not
/// and which would let a tool name pass as another.
public struct Text: Sendable {
  public var string: String

  public init(_ string: String) {
    self.string = string
    self.string.makeContiguousUTF8()
  }

  public var utf8: String.UTF8View { string.utf8 }
}

extension Text: Hashable {
  public static func == (a: Text, b: Text) -> Bool { a.string.hasSameBytes(as: b.string) }

  public func hash(into hasher: inout Hasher) {
    let hashed: Void? = string.utf8.withContiguousStorageIfAvailable {
      hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if hashed == nil { for byte in string.utf8 { hasher.combine(byte) } }
    hasher.combine(0xFF as UInt8)
  }
}

extension Text: Comparable {
  /// Byte by byte, which is also the order of the Unicode scalars.
  public static func < (a: Text, b: Text) -> Bool { a.string.hasBytes(before: b.string) }
}

extension Text: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}

extension Text: CustomStringConvertible {
  public var description: String { string }
}
