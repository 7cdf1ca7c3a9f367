/// A block of text between `-----BEGIN …-----` and `-----END …-----` lines (RFC 7468), as Go's `pem.Decode` finds it.
package struct PEMBlock {
  package let label: String
  package let bytes: [UInt8]
  /// Whether anything follows the line that ends the block.
  package let hasMore: Bool

  /// The first block in the text.
  package init?(in text: String) {
    // By bytes: a Character may hold a line end and what comes before it.
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
    var start = 0
    while start < lines.count {
      defer { start += 1 }
      guard let label = Self.label(lines[start], after: "-----BEGIN ") else { continue }
      guard
        let end = lines[(start + 1)...].firstIndex(where: { Self.label($0, after: "-----END ") == label })
      else { continue }
      var body = lines[(start + 1)..<end]
      // Headers (`Proc-Type: …`) end with an empty line.
      while let line = body.first, line.contains(":") { body = body.dropFirst() }
      let digits = body.joined().filter { !$0.isWhitespace }
      guard digits.utf8.count % 4 == 0, !digits.contains("-"), !digits.contains("_"),
        let bytes = Base64.decodeLeniently(digits)
      else { continue }
      self.label = label
      self.bytes = bytes
      let rest = lines[(end + 1)...]
      hasMore = rest.count > 1 || rest.first?.isEmpty == false
      return
    }
    return nil
  }

  private static func label(_ line: Substring, after start: String) -> String? {
    let trimmed = line.reversed().drop { $0 == " " || $0 == "\t" }
    let text = String(String(trimmed).reversed())
    guard text.hasPrefix(start), text.hasSuffix("-----") else { return nil }
    return String(text.dropFirst(start.count).dropLast(5))
  }
}
