/// Finds what a person doesn't see in a text: invisible scalars, text that they encode, text behind blanks, control
/// characters, and letters that aren't what they look like.
enum HiddenText {
  struct Result {
    var suspicions: [Suspicion] = []
    /// What invisible scalars spelled, to be scanned in its turn.
    var decoded: [(text: String, range: Range<Int>)] = []
  }

  static func examine(_ text: ScalarText, _ folded: FoldedText, isName: Bool) -> Result {
    var reader = HiddenTextReader(text)
    reader.readScalars()
    var result = reader.result
    if !folded.homoglyphs.isEmpty {
      result.suspicions.append(
        Suspicion(rule: .homoglyph, severity: isName ? .high : .medium, range: folded.homoglyphs[0]))
    } else if let styled = folded.styled.first, isName || !reader.hasEastAsian {
      // Full width is how Latin letters are often written among East Asian ones.
      result.suspicions.append(Suspicion(rule: .homoglyph, severity: .medium, range: styled))
    }
    return result
  }
}

private struct HiddenTextReader {
  private enum Kind {
    case tag, bidiOverride, bidiEmbedding, directionMark, zeroWidth, variation, softHyphen, privateUse, filler, control
  }

  private let text: ScalarText
  private(set) var result = HiddenText.Result()
  private(set) var hasEastAsian = false
  private var hasRightToLeft = false
  private var needsJoiners = false
  private var privateUseCount = 0
  private var firstPrivateUse: Range<Int>?
  private var found: [ScanRule: Int] = [:]

  init(_ text: ScalarText) {
    self.text = text
    for scalar in text.scalars {
      switch scalar.value {
      case 0x590...0x8FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFE, 0x10800...0x10FFF, 0x1E800...0x1EFFF: hasRightToLeft = true
      case 0x900...0xDFF, 0xF00...0x109F, 0x1780...0x17FF: needsJoiners = true
      case 0x2E80...0x9FFF, 0xAC00...0xD7A3, 0x20000...0x3FFFF: hasEastAsian = true
      default: break
      }
    }
  }

  private mutating func report(
    _ rule: ScanRule, _ severity: ToolFinding.Severity, _ range: Range<Int>, revealed: String? = nil,
    message: String? = nil
  ) {
    if let index = found[rule] {
      guard result.suspicions[index].severity < severity else { return }
      result.suspicions[index] = Suspicion(
        rule: rule, severity: severity, range: range, revealed: revealed, message: message)
    } else {
      found[rule] = result.suspicions.count
      result.suspicions.append(
        Suspicion(rule: rule, severity: severity, range: range, revealed: revealed, message: message))
    }
  }

  mutating func readScalars() {
    var index = 0
    let count = text.count
    while index < count {
      let value = text.value(index)
      if isBlank(value) {
        index = readBlanks(from: index)
      } else if let kind = Self.kind(value) {
        var end = index + 1
        while end < count, Self.kind(text.value(end)) == kind { end += 1 }
        read(kind, index, end)
        index = end
      } else {
        index += 1
      }
    }
    if let firstPrivateUse { report(.hiddenUnicode, privateUseCount > 7 ? .high : .low, firstPrivateUse) }
  }

  private static func kind(_ value: UInt32) -> Kind? {
    if value < 0x80 {
      switch value {
      case 0x20...0x7E, 0x09, 0x0A, 0x0D: return nil
      default: return .control
      }
    }
    switch value {
    case 0xE0000...0xE007F: return .tag
    case 0x202D, 0x202E: return .bidiOverride
    case 0x202A...0x202C, 0x2066...0x2069: return .bidiEmbedding
    case 0x200E, 0x200F, 0x61C: return .directionMark
    case 0x200B...0x200D, 0x2060...0x2065, 0x206A...0x206F, 0xFEFF, 0x180E, 0x34F, 0x1D173...0x1D17A: return .zeroWidth
    case 0xFE00...0xFE0F, 0xE0100...0xE01EF: return .variation
    case 0xAD: return .softHyphen
    case 0xE000...0xF8FF, 0xF0000...0x10FFFF: return .privateUse
    case 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x17B4, 0x17B5: return .filler
    case 0x80...0x84, 0x86...0x9F, 0xFFF9...0xFFFB: return .control
    case 0xE0080...0xE00FF, 0xE01F0...0xE0FFF: return .zeroWidth
    default: return nil
    }
  }

  private mutating func read(_ kind: Kind, _ start: Int, _ end: Int) {
    let range = text.range(start, end)
    switch kind {
    case .tag: readTags(start, end, range)
    case .bidiOverride:
      report(
        .hiddenUnicode, .critical, range,
        message: "Bidirectional overrides make a person read the text in another order than a model.")
    case .bidiEmbedding: report(.hiddenUnicode, hasRightToLeft ? .low : .high, range)
    case .directionMark: if !hasRightToLeft { report(.hiddenUnicode, .medium, range) }
    case .zeroWidth: readZeroWidth(start, end, range)
    case .variation: readVariations(start, end, range)
    case .softHyphen:
      if end - start > 1 || (isWordCharacter(start - 1) && isWordCharacter(end)) {
        report(.hiddenUnicode, .medium, range, message: "Soft hyphens split a word unseen.")
      }
    case .privateUse:
      privateUseCount += end - start
      if firstPrivateUse == nil { firstPrivateUse = range }
    case .filler: report(.hiddenUnicode, end - start > 3 ? .high : .medium, range)
    case .control: readControls(start, end, range)
    }
  }

  private func isWordCharacter(_ index: Int) -> Bool {
    let value = text.value(index)
    return value > 0x7F
      ? Self.kind(value) == nil && !isBlank(value)
      : 0x61...0x7A ~= value | 0x20
        || 0x30...0x39 ~= value
  }

  // MARK: Tags

  /// England, Scotland and Wales are written with tags: the only honest use.
  private static let flags: Set<String> = ["gbeng", "gbsct", "gbwls"]

  private mutating func readTags(_ start: Int, _ end: Int, _ range: Range<Int>) {
    var hidden = ""
    for index in start..<end {
      let ascii = text.value(index) - 0xE0000
      if 0x20...0x7E ~= ascii { hidden.unicodeScalars.append(Unicode.Scalar(UInt8(ascii))) }
    }
    if text.value(start - 1) == 0x1F3F4, text.value(end - 1) == 0xE007F, Self.flags.contains(hidden) { return }
    report(
      .hiddenUnicode, .critical, range, revealed: "hidden: " + hidden,
      message: "Tag characters spell a text that no person sees.")
    if !hidden.isEmpty { result.decoded.append((hidden, range)) }
  }

  // MARK: Zero width

  private mutating func readZeroWidth(_ start: Int, _ end: Int, _ range: Range<Int>) {
    let first = text.value(start)
    if end - start == 1 {
      // A byte order mark, joined emoji, and scripts whose letters join or not by these.
      if first == 0xFEFF, start == 0 { return report(.hiddenUnicode, .low, range) }
      if first == 0x200C || first == 0x200D {
        if hasRightToLeft || needsJoiners { return }
        if first == 0x200D, isPictograph(start - 1), isPictograph(end) { return }
      }
      // Where a line may be broken in scripts without spaces.
      if first == 0x200B, text.value(start - 1) >= 0xE00, text.value(end) >= 0xE00 { return }
    }
    if let bytes = binary(start, end), let hidden = readable(bytes) {
      report(
        .hiddenUnicode, .critical, range, revealed: "hidden: " + hidden,
        message: "Zero-width characters spell a text that no person sees.")
      result.decoded.append((hidden, range))
    } else {
      let splitsWord = isWordCharacter(start - 1) && isWordCharacter(end)
      report(.hiddenUnicode, splitsWord || end - start > 2 ? .high : .medium, range)
    }
  }

  private func isPictograph(_ index: Int) -> Bool {
    let value = text.value(index)
    return value >= 0x1F000 || 0x2190...0x2BFF ~= value || 0xFE0F == value
  }

  /// Two kinds of zero-width characters taken for bits, the first one for 0, or the other way around.
  private func binary(_ start: Int, _ end: Int) -> [UInt8]? {
    guard end - start >= 16 else { return nil }
    let values = (start..<end).map { text.value($0) }
    guard let lowest = values.min(), let highest = values.max(), lowest != highest else { return nil }
    // Other ones stand between the bytes.
    let bits = values.filter { $0 == lowest || $0 == 0x200C || (values.count % 8 == 0 && $0 == highest) }
    for zero in [lowest, bits.first { $0 != lowest } ?? highest] {
      var bytes: [UInt8] = []
      var byte: UInt8 = 0
      for (place, bit) in bits.enumerated() {
        byte = byte << 1 | (bit == zero ? 0 : 1)
        if place % 8 == 7 {
          bytes.append(byte)
          byte = 0
        }
      }
      if readable(bytes) != nil { return bytes }
    }
    return nil
  }

  private func readable(_ bytes: [UInt8]) -> String? {
    guard bytes.count > 1, bytes.allSatisfy({ 0x20...0x7E ~= $0 || $0 == 0x0A }) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: Variation selectors

  private mutating func readVariations(_ start: Int, _ end: Int, _ range: Range<Int>) {
    let value = text.value(start)
    if end - start == 1 {
      let base = text.value(start - 1)
      // Forms of emoji, signs, digits on keycaps; of ideographs.
      let hasForms = base > 0x7F || 0x30...0x39 ~= base || base == 0x23 || base == 0x2A
      if value <= 0xFE0F, hasForms { return }
      if value >= 0xE0100, 0x2E80...0x9FFF ~= base || 0x20000...0x3FFFF ~= base { return }
      return report(.hiddenUnicode, .medium, range)
    }
    let bytes = (start..<end).map { index -> UInt8 in
      let value = text.value(index)
      return UInt8(truncatingIfNeeded: value >= 0xE0100 ? value - 0xE0100 + 16 : value - 0xFE00)
    }
    let hidden = readable(bytes)
    report(
      .hiddenUnicode, .critical, range, revealed: hidden.map { "hidden: " + $0 },
      message: "A run of variation selectors carries data that no person sees.")
    if let hidden { result.decoded.append((hidden, range)) }
  }

  // MARK: Controls

  private mutating func readControls(_ start: Int, _ end: Int, _ range: Range<Int>) {
    for index in start..<end {
      switch text.value(index) {
      case 0x1B where text.value(index + 1) == 0x5B || text.value(index + 1) == 0x5D, 0x9B, 0x9D, 0x90:
        report(.terminalEscape, .high, text.range(index, index + 1))
      case 0x08, 0x7F: report(.terminalEscape, .high, text.range(index, index + 1))
      default: report(.terminalEscape, .medium, range)
      }
    }
  }

  // MARK: Blanks

  private func isBlank(_ value: UInt32) -> Bool {
    switch value {
    case 0x20, 0x09, 0x0A, 0x0D: true
    case 0..<0x80: false
    case 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0x85: true
    default: false
    }
  }

  private mutating func readBlanks(from start: Int) -> Int {
    var (index, lines, widest, width) = (start, 0, 0, 0)
    let count = text.count
    while index < count, isBlank(text.value(index)) {
      switch text.value(index) {
      case 0x0A, 0x2028, 0x2029, 0x85:
        lines += 1
        width = 0
      case 0x0D:
        let next = text.value(index + 1)
        if next != 0x0A, index + 1 < count, !isBlank(next), index > 0 {
          report(.terminalEscape, .medium, text.range(index, index + 1))
        }
        width = 0
      case 0x09: width += 8
      default: width += 1
      }
      widest = max(widest, width)
      index += 1
    }
    guard index < count, index - start > 7 else { return index }
    if lines >= 20 || widest >= 120 {
      report(.paddedText, .high, text.range(start, min(count, index + 40)))
    } else if lines >= 8 || widest >= 60 {
      report(.paddedText, .medium, text.range(start, min(count, index + 40)))
    }
    return index
  }
}
