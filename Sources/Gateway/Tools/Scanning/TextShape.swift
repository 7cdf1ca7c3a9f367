import CRE2

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
///
/// INVARIANT: immutable after `init`, and RE2 lets several threads search with one pattern.
final class ShapeTable: @unchecked Sendable {
  private struct Entry {
    let shape: TextShape
    let signs: SignSet
    let pattern: OpaquePointer
  }

  private var entries: [Entry] = []
  /// The patterns that RE2 doesn't take; the tests hold that there are none.
  private(set) var broken: [String] = []

  private static let memoryLimit: Int64 = 8 << 20

  init(_ shapes: [TextShape]) {
    for shape in shapes {
      var source = shape.pattern
      let pattern = source.withUTF8 { utf8 in
        utf8.withMemoryRebound(to: CChar.self) { cre2_compile($0.baseAddress, $0.count, Self.memoryLimit) }
      }
      guard let pattern, cre2_get_status(pattern) == CRE2_OK else {
        if let pattern { cre2_free(pattern) }
        broken.append(shape.pattern)
        continue
      }
      entries.append(Entry(shape: shape, signs: SignSet(shape.signs.utf8), pattern: pattern))
    }
  }

  deinit { for entry in entries { cre2_free(entry.pattern) } }

  /// The first match of each shape, but none of a rule that is known to be as severe. Ranges are of `text`.
  func matches(in text: [UInt8]) -> [Suspicion] {
    guard text.count > 2 else { return [] }
    let present = SignSet(text)
    var found: [Suspicion] = []
    text.withUnsafeBytes { bytes in
      let characters = bytes.bindMemory(to: CChar.self).baseAddress
      for entry in entries where entry.signs.isEmpty || entry.signs.meets(present) {
        let shape = entry.shape
        if found.contains(where: { $0.rule == shape.rule && $0.severity >= shape.severity }) { continue }
        if shape.isFollowUp, !found.contains(where: { $0.rule == shape.rule }) { continue }
        var span = cre2_span(start: -1, end: -1)
        guard cre2_search(entry.pattern, characters, bytes.count, 0, &span, 1) > 0, span.start >= 0 else { continue }
        found.append(Suspicion(rule: shape.rule, severity: shape.severity, range: Int(span.start)..<Int(span.end)))
      }
    }
    return found
  }
}

/// Which ASCII signs there are.
private struct SignSet {
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
