/// Text for an operator's eyes: short, on one line, and nothing in it invisible.
enum Excerpt {
  static let maximumLength = 160

  /// The part of `text` around a range of its UTF-8, at most 160 scalars.
  static func text(of text: String, around range: Range<Int>) -> String {
    let utf8 = text.utf8
    let count = utf8.count
    let lower = min(max(range.lowerBound, 0), count)
    let upper = min(max(range.upperBound, lower), count)
    let scalars = text.unicodeScalars
    var start = utf8.index(utf8.startIndex, offsetBy: lower)
    while start > utf8.startIndex, start < utf8.endIndex, utf8[start] & 0xC0 == 0x80 {
      start = utf8.index(before: start)
    }
    let end = utf8.index(utf8.startIndex, offsetBy: upper)

    // Two places are kept for the signs that something is left out.
    var room = maximumLength - 2
    var middle = ""
    var index = append(from: start, to: end, of: scalars, into: &middle, room: &room)
    var isCut = index < end
    var after = ""
    if !isCut {
      var share = room / 2
      let given = share
      index = append(from: index, to: scalars.endIndex, of: scalars, into: &after, room: &share)
      room -= given - share
      isCut = index < scalars.endIndex
    }
    var pieces: [String] = []
    index = start
    while index > scalars.startIndex {
      let previous = scalars.index(before: index)
      let piece = visible(scalars[previous])
      let length = piece.unicodeScalars.count
      guard length <= room else { break }
      room -= length
      pieces.append(piece)
      index = previous
    }
    return (index > scalars.startIndex ? "…" : "") + pieces.reversed().joined() + middle + after + (isCut ? "…" : "")
  }

  /// A member's name as a path shows it.
  static func key(_ key: String) -> String {
    var result = ""
    var room = 64
    let scalars = key.unicodeScalars
    let index = append(from: scalars.startIndex, to: scalars.endIndex, of: scalars, into: &result, room: &room)
    return index < scalars.endIndex ? result + "…" : result
  }

  /// Appends what there is room for; blanks in a row are shortened to `\u{20}×120`. The index that it came to.
  private static func append(
    from start: String.Index, to end: String.Index, of scalars: String.UnicodeScalarView, into result: inout String,
    room: inout Int
  ) -> String.Index {
    var index = start
    while index < end {
      let scalar = scalars[index]
      var next = scalars.index(after: index)
      var piece = visible(scalar)
      if scalar.properties.isWhitespace {
        var count = 1
        while next < end, scalars[next] == scalar {
          count += 1
          next = scalars.index(after: next)
        }
        if count > 3 {
          piece = "\\u{\(String(scalar.value, radix: 16, uppercase: true))}×\(count)"
        } else if count > 1 {
          piece = String(repeating: piece, count: count)
        }
      }
      let length = piece.unicodeScalars.count
      guard length <= room else { return index }
      room -= length
      result += piece
      index = next
    }
    return index
  }

  static func visible(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    case " ": return " "
    default: break
    }
    if scalar.isASCII, scalar.value >= 0x20, scalar.value != 0x7F { return String(Character(scalar)) }
    let properties = scalar.properties
    let isShown: Bool
    switch properties.generalCategory {
    case .control, .format, .privateUse, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
      isShown = false
    // On their own they would hang on whatever stands before.
    case .nonspacingMark, .enclosingMark: isShown = false
    default: isShown = !properties.isDefaultIgnorableCodePoint && scalar.value != 0x2800
    }
    return isShown ? String(Character(scalar)) : "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
  }
}
