import PDF
import TestSupport
import Testing

@Suite struct PDFDocumentTests {
  private static let information = PDFDocument.Information(
    title: "Títle (one)", subject: "a\\b", creator: "Test", language: "en-GB", created: "20260101000000")

  /// A document of one page with these texts, one below the other.
  private func document(_ texts: [String], _ typeface: Typeface = .regular) throws -> PDFFile {
    var document = PDFDocument(Self.information)
    var page = PDFPage()
    for (index, text) in texts.enumerated() {
      let run = document.run(text, typeface)
      page.draw(run, x: 50, y: 50 + 20 * Double(index), size: 10)
    }
    document.add(page)
    document.finish()
    return try PDFFile(document.take())
  }

  @Test(arguments: Typeface.allCases)
  func textsComeBack(_ typeface: Typeface) throws {
    let texts = [
      "Zażółć gęślą jaźń 日本語 ✓", "(a) \\ b\r\n", "\u{0}\u{7F}\u{FFFD}\u{FFFF}", "𝗪𝟙 😀 𠀀 \u{10FFFF}",
      "A\u{391}\u{410} e\u{301} \u{E9} a\u{A0}b", "مرحبا שלום नमस्ते 한국어",
      String(String.UnicodeScalarView((0x20...0x3FF).compactMap(Unicode.Scalar.init))),
    ]
    let file = try document(texts, typeface)
    let pages = try file.pages()
    #expect(pages.count == 1)
    let found = try file.texts(ofPage: pages[0]).map(\.text)
    #expect(found.map { Array($0.utf8) } == texts.map { Array($0.utf8) })
  }

  @Test func everyStreamInflates() throws {
    let file = try document(["Zażółć 日本語 ✓"])
    var streams = 0
    for object in file.objects.indices where file.dictionary(object).contains("/FlateDecode") {
      _ = try file.stream(object)
      streams += 1
    }
    // The page, the page count, and a font file and a map for each of two fonts.
    #expect(streams == 6)
  }

  @Test func informationIsWritten() throws {
    let file = try document(["x"])
    let text = String(decoding: file.bytes, as: Unicode.ASCII.self)
    #expect(text.contains("/CreationDate (D:20260101000000Z)"))
    #expect(text.contains("/Subject (a\\\\b)"))
    #expect(text.contains("/Lang (en-GB)"))
    #expect(text.contains("/ViewerPreferences << /DisplayDocTitle true >>"))
    #expect(file.bytes.windowed(Array("/Title (".utf8) + [0xFE, 0xFF, 0, UInt8(ascii: "T"), 0, 0xED]))
    #expect(file.bytes.windowed([0, UInt8(ascii: "\\"), UInt8(ascii: "("), 0, UInt8(ascii: "o")]))
  }

  @Test func sameCallsMakeTheSameBytes() throws {
    #expect(try document(["Zażółć 日本語 ✓", "b"]).bytes == document(["Zażółć 日本語 ✓", "b"]).bytes)
  }

  @Test func anEmptyDocumentHasAPage() throws {
    var document = PDFDocument(Self.information)
    document.finish()
    document.finish()
    #expect(try PDFFile(document.take()).pages().count == 1)
  }

  @Test(arguments: [1, 63, 64, 65, 128, 1_000])
  func pagesAreInOrderAndKnowTheirCount(_ count: Int) throws {
    var flow = PageFlow(PDFDocument(Self.information))
    var bytes: [UInt8] = []
    for number in 0..<count {
      if number > 0 { flow.require(10_000) }
      flow.addBookmark("Section \(number)")
      flow.add([Band(height: 10, [.text(flow.document.run("body \(number)"), x: 50, y: 8, size: 8, color: .black)])])
      bytes += flow.document.take()
    }
    flow.finish()
    bytes += flow.document.take()
    let file = try PDFFile(bytes)
    let pages = try file.pages()
    #expect(pages.count == count)
    for (number, page) in pages.enumerated() {
      #expect(try file.texts(ofPage: page).map(\.text) == ["body \(number)", "Page \(number + 1) of "])
    }
    let forms = file.objects.indices.filter { file.dictionary($0).contains("/Subtype /Form") }
    #expect(forms.count == 1)
    #expect(try file.texts(inStream: forms[0]).map(\.text) == [String(count)])
    #expect(String(decoding: bytes, as: Unicode.ASCII.self).contains("/Type /Outlines"))
  }

  @Test func moreCharactersThanAFontCanNumber() throws {
    // None of the fonts has these: all of them are the first one's box.
    let scalars = (0xF_0000..<0xF_0000 + 40_000).compactMap(Unicode.Scalar.init)
    let text = String(String.UnicodeScalarView(scalars))
    let file = try document([text])
    #expect(try file.texts(ofPage: file.pages()[0]).map(\.text) == [text])
  }

  @Test func headsStandAtopEachPage() throws {
    var flow = PageFlow(PDFDocument(Self.information))
    let line = { (text: GlyphRun) in Band(height: 100, [.text(text, x: 50, y: 8, size: 8, color: .black)]) }
    let (head, body) = (flow.document.run("head"), flow.document.run("body"))
    flow.add([line(head)])
    flow.head = [line(head)]
    for _ in 0..<20 { flow.add([line(body)]) }
    flow.head = []
    flow.finish()
    let file = try PDFFile(flow.document.take())
    for page in try file.pages() { #expect(try file.texts(ofPage: page).first?.text == "head") }
    #expect(try file.pages().count == 4)
  }

  @Test func placesThatAreNoNumbersDoNoHarm() throws {
    var document = PDFDocument(Self.information)
    var page = PDFPage()
    page.draw(document.run("x"), x: .nan, y: .infinity, size: -1e300)
    page.fill(x: -1e300, y: 1e300, width: .infinity, height: .nan, color: PDFColor(gray: .nan))
    document.add(page)
    document.finish()
    #expect(try PDFFile(document.take()).pages().count == 1)
  }
}

extension [UInt8] {
  fileprivate func windowed(_ needle: [UInt8]) -> Bool {
    indices.contains { self[$0...].starts(with: needle) }
  }
}
