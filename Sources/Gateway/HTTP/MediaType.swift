/// A media type as header fields name it, without its parameters. Compared by bytes, without regard to ASCII case: a
/// request has several of them, and a `String`'s own comparisons are of characters.
struct MediaType {
  private let bytes: Substring.UTF8View

  /// - Parameter text: ` Application/JSON; charset=utf-8` is `application/json`
  init(_ text: Substring) {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    var bytes = text.utf8.prefix { $0 != UInt8(ascii: ";") }.drop(while: isBlank)
    while let last = bytes.last, isBlank(last) { bytes.removeLast() }
    self.bytes = bytes
  }

  /// The elements of a list, as `Accept` has them.
  static func list(_ text: String) -> [MediaType] {
    text.utf8.split(separator: UInt8(ascii: ",")).map { MediaType(Substring($0)) }
  }

  /// - Parameter name: in lower case
  func `is`(_ name: StaticString) -> Bool { bytes.count == name.utf8CodeUnitCount && hasPrefix(name) }

  /// - Parameter prefix: in lower case
  func hasPrefix(_ prefix: StaticString) -> Bool { Self.begins(bytes, with: prefix) }

  /// - Parameter suffix: in lower case
  func hasSuffix(_ suffix: StaticString) -> Bool { Self.begins(bytes.suffix(suffix.utf8CodeUnitCount), with: suffix) }

  private static func begins(_ bytes: Substring.UTF8View, with name: StaticString) -> Bool {
    var index = 0
    for byte in bytes {
      guard index < name.utf8CodeUnitCount else { return true }
      guard byte.asciiLowercased == name.utf8Start[index] else { return false }
      index += 1
    }
    return index == name.utf8CodeUnitCount
  }
}
