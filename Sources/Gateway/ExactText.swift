import StrictJSON

/// A text that is equal to another when their bytes are, and ordered by them. `String` takes canonically equivalent
/// texts for equal, which would let one name stand for another.
struct ExactText: Hashable, Comparable, Sendable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (a: ExactText, b: ExactText) -> Bool { a.text.hasSameBytes(as: b.text) }
  static func < (a: ExactText, b: ExactText) -> Bool { a.text.hasBytes(before: b.text) }

  func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }
}
