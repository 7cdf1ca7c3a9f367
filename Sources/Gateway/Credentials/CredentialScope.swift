/// A scope (RFC 6749 section 3.3): tokens, none of them twice, and at least one.
public struct CredentialScope: Hashable, Sendable {
  public let tokens: [String]

  /// Absent when there is no token, or one of them is none. Doubles are left out.
  public init?(_ tokens: [String]) {
    guard !tokens.isEmpty, tokens.allSatisfy(Self.isToken) else { return nil }
    var seen: Set<ExactText> = []
    self.tokens = tokens.filter { seen.insert(ExactText($0)).inserted }
  }

  /// Absent when the text isn't tokens with spaces between them.
  public init?(_ text: String) {
    self.init(text.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) })
  }

  /// As requests and claims have it.
  public var text: String { tokens.joined(separator: " ") }

  /// Whether each of these tokens is among the other's.
  func isWithin(_ other: CredentialScope) -> Bool { common(with: other) == self }

  /// These tokens as far as the other has them; absent when it has none.
  func common(with other: CredentialScope) -> CredentialScope? {
    let others = Set(other.tokens.map(ExactText.init))
    return CredentialScope(tokens.filter { others.contains(ExactText($0)) })
  }

  /// %x21 / %x23-5B / %x5D-7E, which are ASCII: equal texts have equal bytes.
  private static func isToken(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
  }
}
