import Testing

@testable import PDF

@Suite struct TrueTypeTests {
  @Test(arguments: Typeface.fonts.indices)
  func fontsAreRead(_ face: Int) {
    let font = Typeface.fonts[face]
    #expect(font.glyphCount > 3_000)
    #expect([256, 2_048].contains(font.unitsPerEm))
    #expect(face == 3 || font.glyph(for: "A") > 0)
    #expect(font.glyph(for: "\u{10FFFF}") == 0)
    #expect(font.ascentAndDescent.ascent > 700 && font.ascentAndDescent.descent < 0)
  }

  @Test func widthsAreTheFonts() {
    let font = Typeface.fonts[0]
    // DejaVu Sans: 651 of 2,048 units for a space.
    #expect(font.metrics(of: font.glyph(for: " ")).advance == 651)
    #expect(font.thousandths(651) == 318)
    #expect(font.outline(of: font.glyph(for: " ")).isEmpty)
    #expect(font.outline(of: Int.max).isEmpty)
  }

  /// A subset's file read as a font: its glyphs are there, and so are the parts of composite ones.
  @Test func subsetsAreFonts() throws {
    var table = GlyphTable()
    let text = "Ażéÿǻ✓ A"
    let glyphs = text.unicodeScalars.map { table.glyph(for: $0, in: .regular) }
    let subset = try #require(table.subsets.first)
    #expect(subset.outlines.count == 8)
    let file = TrueTypeSubset.file(subset)
    // Of the whole file 0xB1B0AFBA, by the specification.
    var sum: UInt32 = 0
    for (index, byte) in file.enumerated() { sum &+= UInt32(byte) << (24 - 8 * UInt32(index & 3)) }
    #expect(sum == 0xB1B0_AFBA)

    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: file.count)
    defer { memory.deallocate() }
    memory.initialize(from: file, count: file.count)
    let font = TrueTypeFont(name: "subset", start: memory, count: file.count)
    #expect(font.glyphCount > subset.outlines.count)
    for (glyph, scalar) in zip(glyphs, text.unicodeScalars) {
      let original = subset.font.glyph(for: scalar)
      #expect(font.metrics(of: Int(glyph.number)).advance == subset.font.metrics(of: original).advance)
      let (outline, expected) = (font.outline(of: Int(glyph.number)), subset.font.outline(of: original))
      #expect(outline.isEmpty == expected.isEmpty)
      #expect(innermost(outline, in: font).starts(with: innermost(expected, in: subset.font)))
    }
  }

  /// A glyph's first part, that one's first part, and so on: the parts have other numbers in a subset, and are the same.
  private func innermost(_ outline: [UInt8], in font: TrueTypeFont) -> [UInt8] {
    var outline = outline
    for _ in 0..<8 where outline.count >= 14 && outline[0] & 0x80 != 0 {
      outline = font.outline(of: Int(outline[12]) << 8 | Int(outline[13]))
    }
    return outline
  }

  @Test func brokenFontsDoNoHarm() throws {
    var table = GlyphTable()
    for scalar in "Aż".unicodeScalars { _ = table.glyph(for: scalar, in: .regular) }
    let file = TrueTypeSubset.file(try #require(table.subsets.first))
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: file.count)
    defer { memory.deallocate() }
    for place in 0..<200 {
      memory.initialize(from: file, count: file.count)
      memory[place] = 0xFF
      for count in [place, file.count] {
        let font = TrueTypeFont(name: "broken", start: memory, count: count)
        for glyph in 0..<8 {
          _ = font.outline(of: glyph)
          _ = font.metrics(of: glyph)
        }
        _ = (font.glyph(for: "A"), font.bounds, font.ascentAndDescent, font.table("prep"))
      }
    }
  }
}
