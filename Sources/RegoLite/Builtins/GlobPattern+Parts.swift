/// What OPA's rule index sees of `glob.match`: text in parts between delimiters, each of which is known or any.
extension GlobPattern {
  /// The text between delimiters that no `\` stands before; any character of `delimiters` is one.
  static func parts(of text: Text, delimiters: Text) -> [Text] {
    let delimiters = Set(delimiters.string.unicodeScalars)
    var parts: [Text] = []
    var part = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in text.string.unicodeScalars {
      if delimiters.contains(scalar), !isEscaped {
        parts.append(Text(String(part)))
        part = String.UnicodeScalarView()
      } else {
        part.append(scalar)
      }
      isEscaped = scalar == "\\" && !isEscaped
    }
    return parts + [Text(String(part))]
  }

  /// The part stands for more than itself.
  static func hasWildcards(_ part: Text) -> Bool {
    var isEscaped = false
    for scalar in part.string.unicodeScalars {
      if scalar == "\\" {
        isEscaped.toggle()
        continue
      }
      if !isEscaped, ["[", "?", "{", "*"].contains(scalar) { return true }
      isEscaped = false
    }
    return false
  }
}

extension Builtins.Globs {
  /// Whether a text's parts between delimiters are the wanted ones, of which `null` is any.
  static let consistsOfParts = Builtin(
    "internal.consists_of_parts", [.anything, .array(of: .anything), .string], .boolean
  ) { arguments, context throws(BuiltinError) in
    guard case .array(let wanted) = arguments.operand(2), case .string(let delimiters) = arguments.operand(3) else {
      return .boolean(false)
    }
    let parts: [Value]
    switch arguments.operand(1) {
    case .string(let text):
      try context.charge(bytes: text.utf8.count)
      parts = GlobPattern.parts(of: text, delimiters: delimiters).map { .string($0) }
    case .array(let items): parts = items
    default: return .boolean(false)
    }
    return .boolean(parts.count == wanted.count && zip(parts, wanted).allSatisfy { $1 == .null || $0 == $1 })
  }
}
