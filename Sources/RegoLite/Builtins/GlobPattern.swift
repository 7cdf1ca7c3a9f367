/// A pattern of `glob.match`, in RE2's syntax: `*` and `?` stop at delimiters, `**` doesn't, `[abc]`, `[!a-c]`,
/// `{a,{b,c}}`, and `\` takes the next character for itself.
struct GlobPattern {
  private(set) var re2: [UInt8] = []

  private static let deepestNesting = 500

  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var depth = 0
  private let anyCharacter: String
  private let delimiters: [Unicode.Scalar]

  /// What stands between two commas, and what stood between others in the same braces.
  private struct Alternatives {
    var items = 0
    var lastTakesNothing = false
    var someTakesNothing = false

    mutating func add(takesNothing: Bool) {
      items += 1
      lastTakesNothing = takesNothing
    }

    mutating func end() {
      if items == 1, lastTakesNothing { someTakesNothing = true }
      items = 0
    }
  }
  /// INVARIANT: the whole pattern, and the open braces in it; never empty.
  private var alternatives = [Alternatives()]

  init(_ pattern: Text, delimiters: [Unicode.Scalar]) throws(BuiltinError) {
    scalars = Array(pattern.string.unicodeScalars)
    if scalars.contains("\u{FFFD}") { throw .failure("could not read rune") }
    self.delimiters = delimiters
    anyCharacter = delimiters.isEmpty ? "(?s:.)" : "[^\(delimiters.map(Self.quoted).joined())]"
    append("\\A")
    while index < scalars.count { try item() }
    // As OPA's library, which closes what is left open.
    while depth > 0 { close() }
    append("\\z")
    // OPA's library finds a character in an empty text, U+FFFD, where the pattern asks for a single one.
    alternatives[0].end()
    if alternatives[0].someTakesNothing { append("|\\A\\z") }
  }

  private mutating func append(_ text: String) { re2 += Array(text.utf8) }

  private static func quoted(_ scalar: Unicode.Scalar) -> String { "\\x{\(String(scalar.value, radix: 16))}" }

  private mutating func item() throws(BuiltinError) {
    let scalar = scalars[index]
    index += 1
    switch scalar {
    case "*":
      if index < scalars.count, scalars[index] == "*" {
        index += 1
        append("(?s:.)*")
      } else {
        append(anyCharacter + "*")
      }
      add()
    case "?":
      append(anyCharacter)
      add(takesNothing: !delimiters.contains("\u{FFFD}"))
    case "[": try set()
    case "{":
      depth += 1
      if depth > Self.deepestNesting { throw .failure("glob nests too deeply") }
      append("(?:")
      alternatives.append(Alternatives())
    case "}" where depth > 0: close()
    case "," where depth > 0:
      append("|")
      alternatives[depth].end()
    case "\\":
      if index < scalars.count {
        append(Self.quoted(scalars[index]))
        index += 1
        add()
      }
    default:
      append(Self.quoted(scalar))
      add()
    }
  }

  private mutating func add(takesNothing: Bool = false) { alternatives[depth].add(takesNothing: takesNothing) }

  private mutating func close() {
    depth -= 1
    append(")")
    var group = alternatives.removeLast()
    group.end()
    add(takesNothing: group.someTakesNothing)
  }

  private mutating func next() throws(BuiltinError) -> Unicode.Scalar {
    guard index < scalars.count else { throw .failure("unexpected end of input") }
    defer { index += 1 }
    return scalars[index]
  }

  /// One range, or characters; not both.
  private mutating func set() throws(BuiltinError) {
    var first = try next()
    let isNegated = first == "!"
    if isNegated { first = try next() }
    var body = ""
    var takesNothing = isNegated
    if index < scalars.count, scalars[index] == "-" {
      index += 1
      let high = try next()
      if try next() != "]" { throw .failure("expected close range character") }
      if high < first { throw .failure("hi character '\(high)' should be greater than lo '\(first)'") }
      if first.value == 0 { throw .failure("could not parse range") }
      body = "\(Self.quoted(first))-\(Self.quoted(high))"
      takesNothing = (first...high).contains("\u{FFFD}") != isNegated
    } else {
      var scalar = first
      while scalar != "]" {
        if scalar == "\\" { scalar = try next() }
        body += Self.quoted(scalar)
        scalar = try next()
      }
      if body.isEmpty { throw .failure("could not parse range") }
    }
    append("[\(isNegated ? "^" : "")\(body)]")
    add(takesNothing: takesNothing)
  }
}
