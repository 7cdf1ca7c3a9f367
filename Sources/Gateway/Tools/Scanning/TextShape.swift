import RE2

/// What is known by its signs rather than its words: markup, paths, commands, code, keys. A pattern of RE2, which takes
/// time linear in the text.
struct TextShape: Sendable {
  let rule: ScanRule
  let severity: ToolFinding.Severity
  /// ASCII signs of which the text has at least one when the pattern matches; empty when there are none such.
  let signs: String
  let pattern: String
  /// Looked for only in a text in which the rule was found before.
  let isFollowUp: Bool

  init(
    _ rule: ScanRule, _ severity: ToolFinding.Severity, signs: String = "", isFollowUp: Bool = false,
    _ alternatives: [String]
  ) {
    self.rule = rule
    self.severity = severity
    self.signs = signs
    self.isFollowUp = isFollowUp
    pattern = alternatives.joined(separator: "|")
  }
}

/// The shapes, compiled.
final class ShapeTable: Sendable {
  private struct Entry {
    let shape: TextShape
    let signs: SignSet
    let pattern: RE2Pattern
  }

  private let entries: [Entry]
  /// The patterns that RE2 doesn't take; the tests hold that there are none.
  let broken: [String]

  private static let memoryLimit: Int64 = 8 << 20

  init(_ shapes: [TextShape]) {
    var (entries, broken): ([Entry], [String]) = ([], [])
    for shape in shapes {
      if let pattern = try? RE2Pattern(shape.pattern.utf8, memoryLimit: Self.memoryLimit) {
        entries.append(Entry(shape: shape, signs: SignSet(shape.signs.utf8), pattern: pattern))
      } else {
        broken.append(shape.pattern)
      }
    }
    (self.entries, self.broken) = (entries, broken)
  }

  /// The first match of each shape, but none of a rule that is known to be as severe. Ranges are of `text`.
  func matches(in text: [UInt8]) -> [Suspicion] {
    guard text.count > 2 else { return [] }
    let present = SignSet(text)
    var found: [Suspicion] = []
    text.withUnsafeBytes { bytes in
      for entry in entries where entry.signs.isEmpty || entry.signs.meets(present) {
        let shape = entry.shape
        if found.contains(where: { $0.rule == shape.rule && $0.severity >= shape.severity }) { continue }
        if shape.isFollowUp, !found.contains(where: { $0.rule == shape.rule }) { continue }
        guard case .match(let range) = entry.pattern.firstMatch(in: bytes) else { continue }
        found.append(Suspicion(rule: shape.rule, severity: shape.severity, range: range))
      }
    }
    return found
  }
}

/// Which ASCII signs there are.
private struct SignSet: Sendable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  init(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      if byte < 64 { low |= 1 << UInt64(byte) } else if byte < 128 { high |= 1 << UInt64(byte - 64) }
    }
  }

  var isEmpty: Bool { low == 0 && high == 0 }
  func meets(_ other: SignSet) -> Bool { low & other.low != 0 || high & other.high != 0 }
}
