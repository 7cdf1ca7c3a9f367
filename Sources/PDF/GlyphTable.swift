/// Which glyphs a document uses. Each scalar has a number of its own in its font's subset, even where it looks like
/// another one, so that text which is copied from the document is the text that was put in.
struct GlyphTable {
  private(set) var subsets: [FontSubset] = []
  /// For each font, the number of its subset that takes more.
  private var open: [Int?]
  private var numbers: [[UInt32: Glyph]]
  /// For each typeface, by a scalar's upper bits, where the glyphs of its 256 neighbours start in `glyphs`.
  private var blocks: [[Int32]]
  private var glyphs: [Glyph?] = []

  init() {
    open = Array(repeating: nil, count: Typeface.fonts.count)
    numbers = Array(repeating: [:], count: Typeface.fonts.count)
    blocks = Array(repeating: Array(repeating: -1, count: 0x1100), count: Typeface.allCases.count)
  }

  mutating func glyph(for scalar: Unicode.Scalar, in typeface: Typeface) -> Glyph {
    let (block, place) = (Int(scalar.value >> 8), Int(scalar.value & 0xFF))
    var start = Int(blocks[typeface.rawValue][block])
    if start < 0 {
      start = glyphs.count
      blocks[typeface.rawValue][block] = Int32(start)
      glyphs += repeatElement(nil, count: 256)
    }
    if let glyph = glyphs[start + place] { return glyph }
    let glyph = add(scalar, typeface)
    glyphs[start + place] = glyph
    return glyph
  }

  private mutating func add(_ scalar: Unicode.Scalar, _ typeface: Typeface) -> Glyph {
    let (face, outline) = Typeface.find(scalar, in: typeface.faces)
    if let known = numbers[face][scalar.value] { return known }
    let subset: Int
    if let usable = open[face], !subsets[usable].isFull {
      subset = usable
    } else {
      subset = subsets.count
      open[face] = subset
      subsets.append(FontSubset(face: face))
    }
    let font = Typeface.fonts[face]
    let glyph = Glyph(
      subset: UInt16(clamping: subset), number: subsets[subset].add(scalar, outline: outline),
      advance: UInt16(clamping: font.thousandths(font.metrics(of: outline).advance)), kind: Glyph.Kind(scalar),
      isMissing: outline == 0)
    numbers[face][scalar.value] = glyph
    return glyph
  }
}

/// What a document uses of a font: its glyphs from number one on, for number zero is the missing character's box.
struct FontSubset {
  // Numbers have 16 bits; the rest is for parts of composite glyphs.
  private static let limit = 0x8000
  /// Index of `Typeface.fonts`.
  let face: Int
  /// The font's own numbers of the glyphs.
  private(set) var outlines = [0]
  private(set) var scalars: [Unicode.Scalar?] = [nil]

  init(face: Int) { self.face = face }

  var font: TrueTypeFont { Typeface.fonts[face] }
  var isFull: Bool { scalars.count >= Self.limit }

  fileprivate mutating func add(_ scalar: Unicode.Scalar, outline: Int) -> UInt16 {
    outlines.append(outline)
    scalars.append(scalar)
    return UInt16(clamping: scalars.count - 1)
  }
}
