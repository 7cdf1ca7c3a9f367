/// What a metadata block may belong to.
enum AnnotatedStatement {
  case package
  case `import`
  /// By its index among the module's rules; absent when the text there was no rule.
  case rule(Int?)
}

extension Annotation {
  /// The metadata blocks among `comments`: a comment `METADATA` in the first column, and the ones right below it there.
  /// A block belongs to the first of `statements` after it, which are in source order.
  static func blocks(
    in source: Source, comments: [Lexer.Comment], statements: [(offset: Int, kind: AnnotatedStatement)],
    errors: inout [SyntaxError]
  ) -> [Annotation] {
    var annotations: [Annotation] = []
    var index = 0
    var statement = 0
    while index < comments.count {
      let first = comments[index]
      index += 1
      guard isStart(first, in: source) else { continue }
      var row = source.row(at: first.start)
      var lines: [String] = []
      var starts: [Int] = []
      var end = first.end
      while index < comments.count {
        let comment = comments[index]
        guard source.row(at: comment.start) == row + 1, source.column(at: comment.start) == 1,
          !isStart(comment, in: source)
        else { break }
        let content = content(of: comment, in: source)
        lines.append(String(decoding: content, as: UTF8.self))
        starts.append(content.startIndex)
        row += 1
        end = comment.end
        index += 1
      }
      while statement < statements.count, statements[statement].offset < end { statement += 1 }
      let block = Location(source, offset: first.start, length: end - first.start)
      let yaml = lines.joined(separator: "\n")
      let reader = AnnotationReader(yaml: yaml, lines: starts, source: source, block: block)
      errors += reader.errors
      guard reader.errors.isEmpty else { continue }
      let target = statement < statements.count ? statements[statement].kind : nil
      if let annotation = Annotation(reader, yaml: yaml, location: block, target: target, errors: &errors) {
        annotations.append(annotation)
      }
    }
    return annotations
  }

  /// Absent, with an error added, when the scope isn't one of what the block belongs to.
  private init?(
    _ reader: AnnotationReader, yaml: String, location: Location, target: AnnotatedStatement?,
    errors: inout [SyntaxError]
  ) {
    let name: String
    switch target {
    case _ where reader.scope != nil: name = reader.scope?.name ?? ""
    case .rule?: name = reader.isEntrypoint ? "document" : "rule"
    case .package?: name = "package"
    case .import?: name = "import"
    case nil: name = ""
    }
    let place = reader.scope?.location ?? location
    guard let scope = Scope(rawValue: name) else {
      errors.append(
        SyntaxError(
          "invalid annotation scope '\(name)'. Use one of 'rule', 'document', 'package', or 'subpackages'", at: place))
      return nil
    }
    let have =
      switch target {
      case .rule?: " (have rule)"
      case .package?: " (have package)"
      case .import?: " (have import)"
      case nil: ""
      }
    var rule: Int?
    switch (scope, target) {
    case (.rule, .rule(let index)?), (.document, .rule(let index)?): rule = index
    case (.package, .package?), (.subpackages, .package?): rule = nil
    case (.rule, _), (.document, _):
      errors.append(SyntaxError("annotation scope '\(name)' must be applied to rule\(have)", at: place))
      return nil
    case (.package, _), (.subpackages, _):
      errors.append(SyntaxError("annotation scope '\(name)' must be applied to package\(have)", at: place))
      return nil
    }
    if reader.isEntrypoint, scope == .rule || scope == .subpackages {
      errors.append(
        SyntaxError("annotation entrypoint applied to non-document or package scope '\(name)'", at: place))
      return nil
    }
    self.init(
      yaml: yaml, location: location, rule: rule, scope: scope,
      fields: .object(ObjectValue(reader.fields + [("scope", .string(Text(name)))])))
  }

  /// The comment is in the first column and says `METADATA`.
  private static func isStart(_ comment: Lexer.Comment, in source: Source) -> Bool {
    guard comment.start == 0 || source.bytes[comment.start - 1] == UInt8(ascii: "\n") else { return false }
    var text = source.bytes[comment.start + 1..<comment.end]
    while let last = text.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { text.removeLast() }
    while let first = text.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") { text.removeFirst() }
    return text.elementsEqual("METADATA".utf8)
  }

  private static func content(of comment: Lexer.Comment, in source: Source) -> ArraySlice<UInt8> {
    let text = source.bytes[comment.start + 1..<comment.end]
    return text.first == UInt8(ascii: " ") ? text.dropFirst() : text
  }
}
