import Testing

@testable import PDF

@Suite struct GlyphRunTests {
  private static let information = PDFDocument.Information(title: "t", language: "en")

  /// The lines of a text in a monospaced type of ten points, `characters` wide.
  private func lines(_ text: String, characters: Double) -> [String] {
    var document = PDFDocument(Self.information)
    let run = document.run(text, .monospaced)
    let width = document.run("x", .monospaced).width(size: 10) * characters + 0.01
    var scalars = text.unicodeScalars[...]
    return run.lines(width: width, size: 10).map { line in
      defer { scalars = scalars.dropFirst(line.glyphs.count) }
      return String(String.UnicodeScalarView(scalars.prefix(line.glyphs.count)))
    }
  }

  @Test(arguments: [
    ("", 5, [""]),
    ("one", 5, ["one"]),
    ("one two", 5, ["one ", "two"]),
    ("one  two", 3, ["one ", " ", "two"]),
    ("one two", 7, ["one two"]),
    ("abcdefgh", 3, ["abc", "def", "gh"]),
    ("ab_cdef", 4, ["ab_", "cdef"]),
    ("x ab_cd", 6, ["x ", "ab_cd"]),
    ("x", 0, ["x"]),
    ("xyz", 0, ["x", "y", "z"]),
    ("   ", 1, ["  ", " "]),
  ])
  func linesAreBroken(_ text: String, _ characters: Int, _ expected: [String]) {
    #expect(lines(text, characters: Double(characters)) == expected)
  }

  @Test func ideographsBreakAnywhere() {
    #expect(lines("ab 日本語", characters: 5.5).first == "ab 日")
    #expect(lines("日本語日本語", characters: 5).allSatisfy { $0.unicodeScalars.count <= 3 })
  }

  @Test func nothingIsLost() {
    var state: UInt64 = 7
    func next(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % count
    }
    let alphabet = Array("ab  _/-(日本e\u{301}\u{903}\u{10FFFF}…".unicodeScalars)
    for _ in 0..<2_000 {
      let text = String(String.UnicodeScalarView((0..<next(40)).map { _ in alphabet[next(alphabet.count)] }))
      let lines = lines(text, characters: Double(next(8)))
      #expect(lines.joined().unicodeScalars.elementsEqual(text.unicodeScalars))
      #expect(text.isEmpty || lines.allSatisfy { !$0.isEmpty })
    }
  }

  @Test func truncatedRunsFit() {
    var document = PDFDocument(Self.information)
    let (run, ellipsis) = (document.run(String(repeating: "wide ", count: 40)), document.run("…"))
    let cut = run.truncated(to: 100, size: 8, ellipsis: ellipsis)
    #expect(cut.width(size: 8) <= 100)
    #expect(cut.glyphs.count > 10)
    #expect(run.truncated(to: 10_000, size: 8, ellipsis: ellipsis).glyphs.count == 200)
    #expect(run.truncated(to: 0, size: 8, ellipsis: ellipsis).glyphs.count == 1)
  }

  @Test func missingCharactersAreKnown() {
    var document = PDFDocument(Self.information)
    #expect(!document.run("Zażółć 日本語 ✓").hasMissing)
    #expect(document.run("a\u{10FFFF}").hasMissing)
    #expect(!Typeface.regular.covers("\u{10FFFF}"))
    #expect(Typeface.bold.covers("語"))
  }
}
