private import CFonts

/// The fonts that texts are set in: DejaVu Sans, and for what it doesn't have others, character by character.
public enum Typeface: Int, Sendable, CaseIterable {
  case regular
  case bold
  case monospaced

  /// Whether any of the fonts has the character. What none has is shown as a box.
  public func covers(_ scalar: Unicode.Scalar) -> Bool { Self.find(scalar, in: faces).glyph != 0 }

  /// Indices of `fonts`, the first choice first.
  var faces: [Int] {
    switch self {
    case .regular: [0, 3]
    case .bold: [1, 0, 3]
    case .monospaced: [2, 0, 3]
    }
  }

  static let fonts = [
    TrueTypeFont(name: "DejaVuSans", fonts_dejavu_sans),
    TrueTypeFont(name: "DejaVuSans-Bold", isBold: true, fonts_dejavu_sans_bold),
    TrueTypeFont(name: "DejaVuSansMono", isMonospaced: true, fonts_dejavu_sans_mono),
    TrueTypeFont(name: "DroidSansFallback", fonts_droid_fallback),
  ]

  /// Glyph zero of the first font when none has the character.
  static func find(_ scalar: Unicode.Scalar, in faces: [Int]) -> (face: Int, glyph: Int) {
    for face in faces {
      let glyph = fonts[face].glyph(for: scalar)
      if glyph != 0 { return (face, glyph) }
    }
    return (faces[0], 0)
  }
}

extension TrueTypeFont {
  fileprivate init(name: String, isBold: Bool = false, isMonospaced: Bool = false, _ file: fonts_file) {
    self.init(name: name, isBold: isBold, isMonospaced: isMonospaced, start: file.bytes, count: file.count)
  }
}
