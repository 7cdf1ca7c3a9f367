public import NIOHTTP1

/// Header fields in the bytes that go out. Whoever adds one answers for its validity.
public struct HTTPFieldLines: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public init(_ headers: HTTPHeaders) {
    for (name, value) in headers { add(name, value) }
  }

  public mutating func add(_ name: String, _ value: String) {
    bytes.append(field: name, value)
  }
}

extension [UInt8] {
  /// `append(contentsOf: text.utf8)` goes by way of what any collection can.
  package mutating func append(text: String) {
    var text = text
    text.withUTF8 { append(contentsOf: $0) }
  }

  /// Whoever adds one answers for its validity.
  package mutating func append(field name: String, _ value: String) {
    append(text: name)
    append(UInt8(ascii: ":"))
    append(UInt8(ascii: " "))
    append(text: value)
    endLine()
  }

  package mutating func endLine() {
    append(0x0D)
    append(0x0A)
  }
}
