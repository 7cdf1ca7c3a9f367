/// All the rules on one string after the other. Keeps what they need between strings.
struct StringScan {
  private static let phrases = PhraseTable(
    InstructionPhrases.families + DataPhrases.families + CommandPhrases.families + ForeignPhrases.families,
    abbreviations: InstructionPhrases.abbreviations)
  private static let shapes = ShapeTable(SuspectShapes.all)

  private var matcher = PhraseMatcher(Self.phrases)

  /// Each rule's most severe suspicion, its first one where there are several.
  ///
  /// - Parameter isName: the string is a name, a title or a key, which are read as words but meant as a label
  mutating func suspicions(in string: String, isName: Bool) -> [Suspicion] {
    guard string.utf8.count > 1 else { return [] }
    let text = ScalarText(string)
    let folded = FoldedText(text)
    let hidden = HiddenText.examine(text, folded, isName: isName)
    let spoken = suspicions(in: folded, isName: isName)
    var found = hidden.suspicions + spoken
    for (decoded, range) in hidden.decoded {
      if let suspicion = encoded(decoded, at: range, isOpaque: true, beside: []) { found.append(suspicion) }
    }
    for decoded in EncodedText.decoded(in: text.bytes) {
      if let suspicion = encoded(decoded.text, at: decoded.range, isOpaque: decoded.isOpaque, beside: spoken) {
        found.append(suspicion)
      }
    }
    return Self.mostSevere(found)
  }

  private mutating func suspicions(in folded: FoldedText, isName: Bool) -> [Suspicion] {
    var found = matcher.matches(in: folded.bytes, isName: isName).map {
      Suspicion(rule: $0.rule, severity: $0.severity, range: $0.range)
    }
    found += Self.shapes.matches(in: folded.bytes)
    found += ExfiltrationTargets.suspicions(in: folded.bytes)
    for index in found.indices { found[index].range = folded.origin(of: found[index].range) }
    return found
  }

  /// What was decoded is scanned in its turn, but not decoded again.
  ///
  /// - Parameter known: what the text says without decoding, which isn't hidden
  private mutating func encoded(
    _ decoded: String, at range: Range<Int>, isOpaque: Bool, beside known: [Suspicion]
  ) -> Suspicion? {
    let text = ScalarText(decoded)
    let inner = suspicions(in: FoldedText(text), isName: false)
      .filter { own in
        own.severity >= .medium && !known.contains { $0.rule == own.rule && $0.severity >= own.severity }
      }
    if let worst = inner.max(by: { $0.severity < $1.severity }) {
      let start = Excerpt.text(of: decoded, around: worst.range)
      return Suspicion(
        rule: .encodedPayload, severity: .critical, range: range, revealed: "decoded: " + start,
        message: "The text hides what it says by encoding it; decoded, it trips \(worst.rule.rawValue).")
    }
    guard isOpaque, Self.isProse(text.bytes) else { return nil }
    return Suspicion(rule: .encodedPayload, severity: .medium, range: range, revealed: "decoded: " + decoded)
  }

  /// Four words and more with spaces between.
  private static func isProse(_ bytes: [UInt8]) -> Bool {
    var words = 0
    var letters = 0
    for byte in bytes {
      if 0x61...0x7A ~= byte | 0x20 {
        letters += 1
      } else {
        if letters > 1, byte == 0x20 || byte == 0x2C || byte == 0x2E { words += 1 }
        letters = 0
      }
    }
    return words + (letters > 1 ? 1 : 0) > 3
  }

  private static func mostSevere(_ suspicions: [Suspicion]) -> [Suspicion] {
    var kept: [Suspicion] = []
    for suspicion in suspicions {
      guard let index = kept.firstIndex(where: { $0.rule == suspicion.rule }) else {
        kept.append(suspicion)
        continue
      }
      let other = kept[index]
      if suspicion.severity > other.severity
        || (suspicion.severity == other.severity && suspicion.range.lowerBound < other.range.lowerBound)
      {
        kept[index] = suspicion
      }
    }
    return kept
  }
}
