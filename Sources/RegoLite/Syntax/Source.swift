/// The text of one module, query or data file, and what errors need to show of it.
public final class Source: Sendable {
  /// The path as the user gave it; empty for a query.
  public let file: String
  /// UTF-8, as read.
  public let bytes: [UInt8]
  /// The offset of each line's first byte.
  private let lineStarts: [Int]

  public init(file: String, bytes: [UInt8]) {
    self.file = file
    self.bytes = bytes
    var starts = [0]
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(index + 1) }
    lineStarts = starts
  }

  public convenience init(file: String, text: String) {
    self.init(file: file, bytes: Array(text.utf8))
  }

  /// The line, from 1, that holds the byte at `offset`.
  public func row(at offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low + 1
  }

  /// The column, from 1, in Unicode scalars as OPA counts them.
  public func column(at offset: Int) -> Int {
    let start = lineStarts[row(at: offset) - 1]
    var column = 1
    for byte in bytes[start..<min(offset, bytes.count)] where byte & 0xC0 != 0x80 { column += 1 }
    return column
  }

  /// The text of line `row` without its line break; empty past the end.
  public func line(_ row: Int) -> String {
    guard row >= 1, row <= lineStarts.count else { return "" }
    var end = row < lineStarts.count ? lineStarts[row] - 1 : bytes.count
    let start = lineStarts[row - 1]
    if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return String(decoding: bytes[start..<max(start, end)], as: UTF8.self)
  }
}

/// A stretch of a source's text.
public struct Location: Sendable {
  public let source: Source
  // Every term, expression and step has a location: half the size is what a module takes.
  private let start: UInt32
  private let size: UInt32

  /// Past `UInt32.max` both stay there: no such source is parsed.
  public init(_ source: Source, offset: Int, length: Int) {
    self.source = source
    start = UInt32(clamping: offset)
    size = UInt32(clamping: length)
  }

  /// The first byte's offset.
  public var offset: Int { Int(start) }
  /// In bytes.
  public var length: Int { Int(size) }

  public var file: String { source.file }
  public var row: Int { source.row(at: offset) }
  public var column: Int { source.column(at: offset) }

  /// The text as written.
  public var text: String {
    let end = min(source.bytes.count, offset + length)
    return String(decoding: source.bytes[min(offset, end)..<end], as: UTF8.self)
  }
}

extension Location: CustomStringConvertible {
  /// `policy.rego:3:5`; a query's is `3:5`.
  public var description: String { file.isEmpty ? "\(row):\(column)" : "\(file):\(row):\(column)" }
}
