import StrictJSON

/// A key, anchor or URI as a dictionary's key: compared and hashed by its bytes.
struct Name: Hashable, Sendable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (a: Name, b: Name) -> Bool { a.text.hasSameBytes(as: b.text) }

  func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }
}

extension Name: ExpressibleByStringLiteral {
  init(stringLiteral value: String) { text = value }
}
