/// A text as glyphs, one for each of its scalars, in their order. It belongs to the document that made it.
public struct GlyphRun {
  var glyphs: ArraySlice<Glyph>

  public var isEmpty: Bool { glyphs.isEmpty }

  /// None of the fonts has some of its characters.
  public var hasMissing: Bool { glyphs.contains { $0.isMissing } }

  /// Points, when set in this size.
  public func width(size: Double) -> Double {
    Double(glyphs.reduce(into: 0) { $0 += Int($1.advance) }) * size / 1_000
  }

  public static func + (a: GlyphRun, b: GlyphRun) -> GlyphRun { GlyphRun(glyphs: a.glyphs + b.glyphs) }
  public static func += (a: inout GlyphRun, b: GlyphRun) { a.glyphs += b.glyphs }

  /// The whole text in lines of at most this width: broken after spaces and between ideographs, in words that are too
  /// long after punctuation, and elsewhere only when nothing else is left. Nothing is dropped: the space at which a line
  /// is broken stays at its end, where it may stand out. At least one line, each but that of an empty text with at least
  /// one glyph.
  public func lines(width: Double, size: Double) -> [GlyphRun] {
    let limit = Int(max(width, 0) * 1_000 / max(size, 0.01))
    var lines: [GlyphRun] = []
    var start = glyphs.startIndex
    // Where the line may end, after a word or within one; `start` for nowhere.
    var (wordEnd, softEnd) = (start, start)
    var length = 0
    var index = start
    while index < glyphs.endIndex {
      let glyph = glyphs[index]
      let next = length + Int(glyph.advance)
      if next > limit, index > start, glyph.kind != .mark {
        let end: Int
        if glyph.kind == .space, length <= limit {
          end = index + 1
        } else if glyph.kind == .ideograph {
          end = index
        } else {
          end = wordEnd > start ? wordEnd : softEnd > start ? softEnd : index
        }
        lines.append(GlyphRun(glyphs: glyphs[start..<end]))
        (start, wordEnd, softEnd, length, index) = (end, end, end, 0, end)
        continue
      }
      switch glyph.kind {
      case .space, .ideograph: wordEnd = index + 1
      case .punctuation: softEnd = index + 1
      case .mark where wordEnd == index: wordEnd = index + 1
      case .mark where softEnd == index: softEnd = index + 1
      case .letter, .mark: break
      }
      length = next
      index += 1
    }
    if start < glyphs.endIndex || lines.isEmpty { lines.append(GlyphRun(glyphs: glyphs[start...])) }
    return lines
  }

  /// As much of it as fits, with an ellipsis when that isn't all. `ellipsis` is of the same document.
  public func truncated(to width: Double, size: Double, ellipsis: GlyphRun) -> GlyphRun {
    guard self.width(size: size) > width else { return self }
    let room = Int((width - ellipsis.width(size: size)) * 1_000 / size)
    var length = 0
    let kept = glyphs.prefix {
      length += Int($0.advance)
      return length <= room
    }
    return GlyphRun(glyphs: kept + ellipsis.glyphs)
  }
}

struct Glyph {
  enum Kind: UInt8 {
    case letter
    case space
    /// A long word may be broken after it.
    case punctuation
    /// A line may be broken before and after it.
    case ideograph
    /// Stays with what it stands after.
    case mark
  }

  /// Index of the document's subset.
  var subset: UInt16
  /// Its number there: what the page's content says.
  var number: UInt16
  /// In thousandths of the text's size.
  var advance: UInt16
  var kind: Kind
  var isMissing: Bool
}

extension Glyph.Kind {
  init(_ scalar: Unicode.Scalar) {
    switch scalar.value {
    case 0x20: self = .space
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E:
      self = scalar == "(" || scalar == "[" ? .letter : .punctuation
    case ..<0x300: self = .letter
    case 0x2E80...0xABFF, 0xF900...0xFAFF, 0xFE30...0xFFEF, 0x1F000...0x3FFFF:
      self = scalar.properties.generalCategory.isMark ? .mark : .ideograph
    default: self = scalar.properties.generalCategory.isMark ? .mark : .letter
    }
  }
}

extension Unicode.GeneralCategory {
  fileprivate var isMark: Bool { self == .nonspacingMark || self == .enclosingMark || self == .spacingMark }
}
