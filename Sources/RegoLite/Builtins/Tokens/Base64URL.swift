/// Base64 in the alphabet for URLs (RFC 4648 §5), without padding as tokens have it.
enum Base64URL {
  static func encode(_ bytes: [UInt8]) -> String { Base64.url.encode(bytes, padded: false) }

  /// With or without padding. Fails with OPA's texts.
  static func decode(_ text: some Collection<UInt8>) throws(BuiltinError) -> [UInt8] {
    var digits = Array(text)
    if digits.last != padding {
      guard digits.count % 4 != 1 else {
        throw .failure("illegal base64url string: \(String(decoding: digits, as: UTF8.self))")
      }
      digits += repeatElement(padding, count: -digits.count & 3)
    }
    return try Base64.url.decode(digits)
  }

  /// In this alphabet or the standard one, padded or not, as keys come. Absent when it is neither.
  static func decodeLeniently(_ text: String) -> [UInt8]? {
    var digits = Array(text.utf8)
    while digits.last == padding { digits.removeLast() }
    guard digits.count % 4 != 1 else { return nil }
    digits += repeatElement(padding, count: -digits.count & 3)
    let isStandard = digits.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
    return try? (isStandard ? Base64.standard : Base64.url).decode(digits)
  }

  private static let padding = UInt8(ascii: "=")
}
