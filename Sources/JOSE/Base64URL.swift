/// Base64 in the alphabet for URLs without padding (RFC 4648 §5, RFC 7515 §2): one text for some bytes, and no other.
package enum Base64URL {
  package static func encode(_ bytes: [UInt8]) -> String { Base64.url.encode(bytes, padded: false) }

  /// Absent when the text isn't what `encode` writes: padding, white space, another alphabet, or bits left over that
  /// aren't zero.
  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count % 4 != 1 else { return nil }
    let digits = Array(text)
    let padding = repeatElement(UInt8(ascii: "="), count: -digits.count & 3)
    guard let bytes = try? Base64.url.decode(digits + padding), encode(bytes).utf8.elementsEqual(digits) else {
      return nil
    }
    return bytes
  }
}
