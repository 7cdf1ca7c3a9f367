/// A mail address as Go's `net/mail` takes it (RFC 5322 §3.4): `local@domain`, alone or in angle brackets after a name,
/// perhaps with comments. Groups of addresses are none.
struct MailAddress {
  private var rest: Substring.UnicodeScalarView

  static func isOne(_ text: String) -> Bool {
    var parser = MailAddress(rest: text.unicodeScalars[...])
    return parser.mailbox() && parser.comments() && parser.rest.isEmpty
  }

  private mutating func mailbox() -> Bool {
    let start = rest
    if address() { return true }
    rest = start
    space()
    if rest.first != "<", !phrase() { return false }
    space()
    return take("<") && address() && take(">")
  }

  private mutating func address() -> Bool {
    space()
    if rest.first == "\"" {
      guard let text = quoted(), !text.isEmpty else { return false }
    } else if !atom() {
      return false
    }
    guard take("@") else { return false }
    space()
    return rest.first == "[" ? addressInBrackets() : atom()
  }

  private mutating func addressInBrackets() -> Bool {
    let inner = rest.dropFirst().prefix { !"[]\\".unicodeScalars.contains($0) && Self.isVisible($0) }
    rest = rest[inner.endIndex...]
    guard take("]") else { return false }
    let text = String(inner)
    return IPAddress(text.hasPrefix("IPv6:") ? String(text.dropFirst(5)) : text) != nil
  }

  private mutating func phrase() -> Bool {
    var count = 0
    while true {
      if count > 0, !comments() { return false }
      space()
      guard rest.first == "\"" ? quoted() != nil : atom(isStrict: false) else { return count > 0 }
      count += 1
    }
  }

  private mutating func atom(isStrict: Bool = true) -> Bool {
    let atom = rest.prefix { Self.isVisible($0) && !"()<>[]:;@\\,\"".unicodeScalars.contains($0) }
    rest = rest[atom.endIndex...]
    if atom.isEmpty { return false }
    return !isStrict || atom.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
  }

  private mutating func quoted() -> [Unicode.Scalar]? {
    guard take("\"") else { return nil }
    var result: [Unicode.Scalar] = []
    while var scalar = rest.popFirst() {
      if scalar == "\"" { return result }
      if scalar == "\\" {
        guard let next = rest.popFirst() else { return nil }
        scalar = next
      }
      guard Self.isVisible(scalar) || Self.isSpace(scalar) else { return nil }
      result.append(scalar)
    }
    return nil
  }

  /// Spaces and comments, which may nest; false when one is left open.
  private mutating func comments() -> Bool {
    space()
    while take("(") {
      var depth = 1
      while depth > 0 {
        guard let scalar = rest.popFirst() else { return false }
        switch scalar {
        case "\\": if rest.popFirst() == nil { return false }
        case "(": depth += 1
        case ")": depth -= 1
        default: break
        }
      }
      space()
    }
    return true
  }

  private mutating func space() { rest = rest.drop(while: Self.isSpace) }

  private mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard rest.first == mark else { return false }
    rest.removeFirst()
    return true
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

  private static func isVisible(_ scalar: Unicode.Scalar) -> Bool { scalar.value > 0x20 && scalar.value != 0x7F }
}
