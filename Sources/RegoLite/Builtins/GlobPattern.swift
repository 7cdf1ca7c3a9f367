/// A pattern of `glob.match`, in RE2's syntax: `*` and `?` stop at delimiters, `**` doesn't, `[abc]`, `[!a-c]`,
/// `{a,{b,c}}`, and `\` takes the next character for itself.
struct GlobPattern {
  private(set) var re2: [UInt8] = []

  private static let deepestNesting = 500

  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var depth = 0
  private let anyCharacter: String

  init(_ pattern: Text, delimiters: [Unicode.Scalar]) throws(BuiltinError) {
    scalars = Array(pattern.string.unicodeScalars)
    anyCharacter = delimiters.isEmpty ? "(?s:.)" : "[^\(delimiters.map(Self.quoted).joined())]"
    append("\\A")
    while index < scalars.count { try item() }
    // As OPA's library, which closes what is left open.
    for _ in 0..<depth { append(")") }
    append("\\z")
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
    case "?": append(anyCharacter)
    case "[": try set()
    case "{":
      depth += 1
      if depth > Self.deepestNesting { throw .failure("glob nests too deeply") }
      append("(?:")
    case "}" where depth > 0:
      depth -= 1
      append(")")
    case "," where depth > 0: append("|")
    case "\\":
      if index < scalars.count {
        append(Self.quoted(scalars[index]))
        index += 1
      }
    default: append(Self.quoted(scalar))
    }
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
    if index < scalars.count, scalars[index] == "-" {
      index += 1
      let high = try next()
      if try next() != "]" { throw .failure("expected close range character") }
      if high < first { throw .failure("hi character '\(high)' should be greater than lo '\(first)'") }
      if first.value == 0 { throw .failure("could not parse range") }
      body = "\(Self.quoted(first))-\(Self.quoted(high))"
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
  }
}
