@testable import RegoLite

/// Tokens lie in the text one after the other, and what lies between them is white space and comments.
enum LexerTarget {
  static func test(_ bytes: [UInt8]) {
    let lexer = Lexer(Source(file: "fuzz.rego", bytes: bytes))
    require(lexer.tokens.last?.kind == .end, "the last token is no end")
    var offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var comments = lexer.comments[...]
    for token in lexer.tokens.dropLast() {
      require(token.kind != .end, "an end before the end")
      require(Int(token.start) >= offset && token.end <= bytes.count, "a token outside its place: \(token)")
      require(
        token.end > token.start || token.kind == .illegal || token.kind == .templateText,
        "an empty token: \(token)")
      gap(bytes, from: offset, to: Int(token.start), comments: &comments)
      if token.kind == .illegal { require(!lexer.messages[Int(token.payload)].isEmpty, "no message") }
      // What is illegal in a comment stands inside it.
      offset = max(offset, Int(token.end))
    }
    gap(bytes, from: offset, to: bytes.count, comments: &comments)
    alone(bytes, lexer.tokens)
  }

  private static func gap(_ bytes: [UInt8], from start: Int, to end: Int, comments: inout ArraySlice<Lexer.Comment>) {
    var offset = start
    while offset < end {
      if let comment = comments.first, comment.start <= offset {
        if comment.end > offset { offset = comment.end }
        comments.removeFirst()
      } else if bytes[offset] == UInt8(ascii: "#") {
        // A comment that an illegal token lies in ends after that.
        return
      } else {
        require([0x20, 0x09, 0x0D, 0x0A].contains(bytes[offset]), "a byte in no token at \(offset)")
        offset += 1
      }
    }
  }

  /// A name, number or string by itself is the same token.
  private static func alone(_ bytes: [UInt8], _ tokens: [Token]) {
    for token in tokens.prefix(64) where [.identifier, .number, .string, .rawString].contains(token.kind) {
      let text = Array(bytes[Int(token.start)..<Int(token.end)])
      let again = Lexer(Source(file: "", bytes: text)).tokens
      require(again.count == 2 && again[0].kind == token.kind, "read alone, \(token) is \(again)")
    }
  }
}
