extension Annotation {
  /// The metadata blocks among `comments`: a comment `METADATA` on a line of its own, and the ones right below it that
  /// begin in the same column. A block belongs to the first of `statements` after it, which are in source order.
  static func blocks(
    in source: Source, comments: [Lexer.Comment], statements: [(offset: Int, rule: Int?)]
  ) -> [Annotation] {
    var annotations: [Annotation] = []
    var index = 0
    var statement = 0
    while index < comments.count {
      let first = comments[index]
      index += 1
      guard isStart(first, in: source) else { continue }
      let column = source.column(at: first.start)
      var row = source.row(at: first.start)
      var lines: [String] = []
      var end = first.end
      while index < comments.count {
        let comment = comments[index]
        guard source.row(at: comment.start) == row + 1, source.column(at: comment.start) == column,
          !isStart(comment, in: source)
        else { break }
        lines.append(content(of: comment, in: source))
        row += 1
        end = comment.end
        index += 1
      }
      while statement < statements.count, statements[statement].offset < end { statement += 1 }
      annotations.append(
        Annotation(
          yaml: lines.joined(separator: "\n"),
          location: Location(source, offset: first.start, length: end - first.start),
          rule: statement < statements.count ? statements[statement].rule : nil))
    }
    return annotations
  }

  /// The comment is alone on its line and says `METADATA`.
  private static func isStart(_ comment: Lexer.Comment, in source: Source) -> Bool {
    var text = source.bytes[comment.start + 1..<comment.end]
    while let last = text.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { text.removeLast() }
    while let first = text.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") { text.removeFirst() }
    guard text.elementsEqual("METADATA".utf8) else { return false }
    var before = comment.start
    while before > 0, source.bytes[before - 1] != UInt8(ascii: "\n") {
      before -= 1
      if source.bytes[before] > UInt8(ascii: " ") { return false }
    }
    return true
  }

  private static func content(of comment: Lexer.Comment, in source: Source) -> String {
    let text = source.bytes[comment.start + 1..<comment.end]
    return String(decoding: text.first == UInt8(ascii: " ") ? text.dropFirst() : text, as: UTF8.self)
  }
}
