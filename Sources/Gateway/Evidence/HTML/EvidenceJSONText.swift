import StrictJSON

/// A pack's JSON for people, as HTML: `EvidenceJSON`'s text, one member a line; of a
/// long pack, one event a line. What can't be seen is written as JSON's `\u202e`, so that it is visible, and the same
/// JSON still.
///
/// It is a list of `pre` elements, which end between two tokens: a browser lays out those that are looked at.
struct EvidenceJSONText: IteratorProtocol {
  private static let blockSize = 32_768
  /// A browser's page ends at 33,554,432 pixels: with more events than this, each has one line.
  private static let mostEvents = 5_000

  /// Deeper than this there are no lines: a stranger's document can be all brackets.
  private let deepestObject: Int
  private let deepestArray: Int
  private var pieces: EvidenceJSON.Iterator
  private var hasBegun = false
  private var isOver = false
  /// Bytes of a scalar whose end is in the next piece.
  private var rest: [UInt8] = []

  /// The brackets that are open: whether it is an array.
  private var open: [Bool] = []
  private var isInString = false
  private var isEscaped = false
  /// A bracket was opened, and whether there is anything in it isn't known yet.
  private var isOpening = false
  /// Of the block under way, what the pieces before this one have; less what this one has of the block before it.
  private var carried = 0

  init(_ pack: EvidencePack) {
    pieces = EvidenceJSON(pack).makeIterator()
    let isLong = pack.timeline.count + pack.policyAnalysis.controlEvents.count > Self.mostEvents
    // Of a long pack the sections, what is in them, and control events.
    (deepestObject, deepestArray) = isLong ? (2, 3) : (8, 8)
  }

  mutating func next() -> [UInt8]? {
    guard !isOver else { return nil }
    var html: [UInt8] = []
    guard let piece = pieces.next() else {
      isOver = true
      html += "</pre>".utf8
      return html
    }
    html.reserveCapacity(piece.count * 2)
    if hasBegun {
      write(rest + piece, to: &html)
    } else {
      hasBegun = true
      html += "<pre>".utf8
      write(piece, to: &html)
    }
    carried += html.count
    return html
  }

  private mutating func write(_ json: [UInt8], to html: inout [UInt8]) {
    // What isn't ASCII is looked at in whole runs.
    let end = (json.lastIndex { $0 < 0x80 } ?? -1) + 1
    rest = Array(json[end...])
    json.withUnsafeBufferPointer { json in
      var offset = 0
      while offset < end {
        offset = isInString ? writeString(json, from: offset, to: end, &html) : writeToken(json, at: offset, &html)
      }
    }
  }

  /// Returns the offset after the string's end, or `end`.
  private mutating func writeString(
    _ json: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int, _ html: inout [UInt8]
  ) -> Int {
    var copied = start
    var offset = start
    func copy(to html: inout [UInt8]) { html.append(contentsOf: json[copied..<offset]) }
    while offset < end {
      let byte = json[offset]
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
        offset += 1
        break
      }
      switch byte {
      case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
        copy(to: &html)
        html += (byte == UInt8(ascii: "<") ? "&lt;" : byte == UInt8(ascii: ">") ? "&gt;" : "&amp;").utf8
        copied = offset + 1
      case 0x7F...:
        copy(to: &html)
        copied = offset
        while offset < end, json[offset] >= 0x7F { offset += 1 }
        writeVisible(String(decoding: json[copied..<offset], as: UTF8.self), &html)
        copied = offset
        continue
      default: break
      }
      offset += 1
    }
    copy(to: &html)
    return offset
  }

  private func writeVisible(_ text: String, _ html: inout [UInt8]) {
    guard VisibleText.of(text).utf8.count != text.utf8.count else { return html += text.utf8 }
    for scalar in text.unicodeScalars {
      let alone = String(scalar)
      if VisibleText.of(alone).utf8.elementsEqual(alone.utf8) {
        html += alone.utf8
      } else {
        for unit in alone.utf16 {
          html += "\\u".utf8
          html += [UInt8(unit >> 8), UInt8(unit & 0xFF)].hexadecimalText.utf8
        }
      }
    }
  }

  private mutating func writeToken(
    _ json: UnsafeBufferPointer<UInt8>, at offset: Int, _ html: inout [UInt8]
  ) -> Int {
    let byte = json[offset]
    let isClosing = byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    let hasLines = breaks
    if isClosing, !open.isEmpty { open.removeLast() }
    if hasLines, isOpening != isClosing { breakLine(&html) }
    isOpening = false
    switch byte {
    case UInt8(ascii: "\""):
      isInString = true
      html.append(byte)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      open.append(byte == UInt8(ascii: "["))
      isOpening = true
      html.append(byte)
    case UInt8(ascii: ","):
      html.append(byte)
      if hasLines { breakLine(&html) } else { html.append(UInt8(ascii: " ")) }
    case UInt8(ascii: ":"):
      html.append(byte)
      html.append(UInt8(ascii: " "))
    // No other token has such a byte.
    case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): break
    default: html.append(byte)
    }
    return offset + 1
  }

  /// What is in the innermost bracket stands on lines of its own.
  private var breaks: Bool {
    guard let isArray = open.last else { return false }
    return open.count <= (isArray ? deepestArray : deepestObject)
  }

  private mutating func breakLine(_ html: inout [UInt8]) {
    if carried + html.count > Self.blockSize {
      html += "\n</pre><pre>".utf8
      carried = -html.count
    } else {
      html.append(UInt8(ascii: "\n"))
    }
    html.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * open.count))
  }
}
