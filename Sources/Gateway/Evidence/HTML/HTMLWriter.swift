/// HTML in the making.
///
/// INVARIANT: markup is what stands in the source, a `StaticString`. Whatever is known only at run time comes in by
/// `text`, `attribute` or a number, none of which can end the element or the attribute that it stands in.
struct HTMLWriter {
  private(set) var bytes: [UInt8] = []

  init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  mutating func markup(_ markup: StaticString) {
    markup.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  /// An element's text. What can't be seen is written out as `VisibleText` does, marked so that the same text written
  /// by its author looks different. What isn't ASCII stands alone, so that nothing beside it changes its direction.
  mutating func text(_ text: String) {
    guard !appendPlain(text) else { return }
    markup("<bdi>")
    appendVisible(text, opening: "<i class=\"u\">", closing: "</i>")
    markup("</bdi>")
  }

  /// As `text`, but a dash when there is none, and a word when it is empty.
  mutating func text(_ text: String?) {
    guard let text else { return markup("<i class=\"n\">\u{2013}</i>") }
    if text.isEmpty { markup("<i class=\"n\">empty</i>") } else { self.text(text) }
  }

  /// The text of a value between double quotes, or of an element that can't hold others, such as `title`.
  mutating func attribute(_ text: String) {
    guard !appendPlain(text) else { return }
    appendVisible(text, opening: "", closing: "")
  }

  mutating func number(_ value: Int) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    appendDigits(value.magnitude, grouped: false)
  }

  /// For people: `12,345`.
  mutating func count(_ value: Int) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    appendDigits(value.magnitude, grouped: true)
  }

  /// With up to two decimals; 0 for what isn't finite.
  mutating func decimal(_ value: Double) {
    let bounded = value.isFinite ? min(max(value, -1e9), 1e9) : 0
    let hundredths = Int((bounded * 100).rounded())
    if hundredths < 0 { bytes.append(UInt8(ascii: "-")) }
    let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
    appendDigits(whole, grouped: false)
    guard rest > 0 else { return }
    bytes.append(UInt8(ascii: "."))
    bytes.append(UInt8(ascii: "0") + UInt8(rest / 10))
    if rest % 10 > 0 { bytes.append(UInt8(ascii: "0") + UInt8(rest % 10)) }
  }

  /// UTF-8 that is escaped already.
  mutating func append(escaped piece: [UInt8]) { bytes += piece }

  // MARK: Escaping

  /// Bytes below 64 that can't stand for themselves: controls and `"`, `&`, `'`, `<`, `>`.
  private static let special: UInt64 = 0xFFFF_FFFF | 1 << 0x22 | 1 << 0x26 | 1 << 0x27 | 1 << 0x3C | 1 << 0x3E

  /// Writes nothing and says so when there is more in the text than printable ASCII.
  private mutating func appendPlain(_ text: String) -> Bool {
    var copy = text
    return copy.withUTF8 { utf8 in
      let before = bytes.count
      var start = 0
      for offset in 0..<utf8.count {
        let byte = utf8[offset]
        if byte < 0x40 ? (Self.special >> UInt64(byte)) & 1 == 0 : byte < 0x7F { continue }
        guard byte >= 0x20, byte < 0x7F else {
          bytes.removeSubrange(before...)
          return false
        }
        bytes.append(contentsOf: utf8[start..<offset])
        start = offset + 1
        appendReference(byte)
      }
      bytes.append(contentsOf: utf8[start...])
      return true
    }
  }

  private mutating func appendVisible(_ text: String, opening: StaticString, closing: StaticString) {
    let visible = VisibleText.of(text)
    var isOpen = false
    var shown = visible.unicodeScalars.makeIterator()
    for scalar in text.unicodeScalars {
      guard let next = shown.next() else { break }
      // A backslash is never written out, so that one in another scalar's place begins what stands for that scalar.
      let isWrittenOut = next != scalar
      if isWrittenOut != isOpen { markup(isWrittenOut ? opening : closing) }
      isOpen = isWrittenOut
      append(next)
      while isWrittenOut, let rest = shown.next() {
        append(rest)
        if rest == "}" { break }
      }
    }
    if isOpen { markup(closing) }
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    if scalar.value < 0x40, (Self.special >> UInt64(scalar.value)) & 1 == 1 {
      appendReference(UInt8(scalar.value))
    } else {
      bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
  }

  private mutating func appendReference(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "<"): markup("&lt;")
    case UInt8(ascii: ">"): markup("&gt;")
    case UInt8(ascii: "&"): markup("&amp;")
    case UInt8(ascii: "\""): markup("&quot;")
    case UInt8(ascii: "'"): markup("&#39;")
    default: markup("\u{FFFD}")
    }
  }

  private mutating func appendDigits(_ value: UInt, grouped: Bool) {
    if value < 10 { return bytes.append(UInt8(ascii: "0") + UInt8(value)) }
    let start = bytes.count
    var rest = value
    var digits = 0
    repeat {
      if grouped, digits > 0, digits % 3 == 0 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
      digits += 1
    } while rest > 0
    bytes[start...].reverse()
  }
}

extension HTMLWriter {
  /// `12:00:04.123456`, UTC.
  mutating func timeOfDay(_ microseconds: Int64) {
    appendTimestamp(microseconds) { $0[11..<($0.count - 6)] }
  }

  /// `2026-01-01`, UTC.
  mutating func date(_ microseconds: Int64) {
    appendTimestamp(microseconds) { $0[0..<10] }
  }

  private mutating func appendTimestamp(
    _ microseconds: Int64, _ part: (UnsafeBufferPointer<UInt8>) -> Slice<UnsafeBufferPointer<UInt8>>
  ) {
    var text = ISOTimestamp.text(microseconds)
    text.withUTF8 { bytes.append(contentsOf: part($0)) }
  }
}
