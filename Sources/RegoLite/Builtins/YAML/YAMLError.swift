/// Why a text is no YAML that is read.
public struct YAMLError: Error, Sendable, CustomStringConvertible {
  /// Lower case, without the place: `did not find expected key`.
  public let message: String
  /// From 1.
  public let line: Int
  /// From 1, in characters.
  public let column: Int

  public var description: String { "\(message) (line \(line), column \(column))" }

  init(message: String, line: Int, column: Int) {
    self.message = message
    self.line = line
    self.column = column
  }

  init(message: String, at offset: Int, in bytes: some Collection<UInt8>) {
    let before = String(decoding: bytes.prefix(max(offset, 0)), as: UTF8.self).unicodeScalars
    let lineStart = before.lastIndex(of: "\n").map(before.index(after:)) ?? before.startIndex
    self.init(message: message, line: before.count { $0 == "\n" } + 1, column: before[lineStart...].count + 1)
  }
}

extension Value {
  /// The first document of a YAML 1.1 text as OPA reads data and input: by way of JSON, so that an absent value is null
  /// and every key a string. Unlike OPA it refuses a mapping that has the same key twice.
  public static func parse(yaml bytes: some Collection<UInt8>) throws(YAMLError) -> Value {
    try YAMLReader.document(Array(bytes))
  }

  public static func parse(yaml text: String) throws(YAMLError) -> Value { try parse(yaml: text.utf8) }
}
