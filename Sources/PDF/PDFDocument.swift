/// A PDF 1.7 file (PDF 32000-1), made page by page: what is finished can be taken at once, so that a large document is
/// never in memory as a whole. The same calls make the same bytes.
///
/// Texts are set from left to right, one glyph for each Unicode scalar. Scripts whose letters change with their
/// neighbours (Arabic, those of India) or that run from right to left are not shaped: they can be copied, not well read.
public struct PDFDocument {
  public struct Information: Sendable {
    public var title: String
    public var subject: String?
    public var creator: String?
    /// RFC 3066, as `en-GB`.
    public var language: String
    /// The UTC time as `YYYYMMDDhhmmss`; left out when absent, or anything else.
    public var created: String?

    public init(
      title: String, subject: String? = nil, creator: String? = nil, language: String, created: String? = nil
    ) {
      (self.title, self.subject, self.creator) = (title, subject, creator)
      (self.language, self.created) = (language, created)
    }
  }

  // Objects that are referred to before they are written.
  private static let catalog = 1
  private static let pageTree = 2
  private static let fonts = 3
  private static let pageCount = 4
  private static let information = 5
  private static let pagesPerNode = 64

  public let information: Information
  /// Pages so far.
  public var count: Int { pages.count }
  private var glyphs = GlyphTable()
  // A higher level takes longer for a few per cent.
  private let deflater = Deflater(level: 4)
  private var bytes: [UInt8] = []
  /// Bytes that were taken.
  private var taken = 0
  /// By an object's number, where it starts in the file; absent as long as it isn't written.
  private var offsets: [Int?] = Array(repeating: nil, count: PDFDocument.information + 1)
  /// The page tree's inner nodes; the last one takes more pages.
  private var nodes: [Int] = []
  private var nodePages: [Int] = []
  /// The pages' objects.
  private var pages: [Int] = []
  private var bookmarks: [(title: String, page: Int, y: Double)] = []
  private var isFinished = false

  public init(_ information: Information) {
    self.information = information
    // The comment's high bytes tell that the file is binary.
    bytes.append("%PDF-1.7\n%")
    bytes += [0xE2, 0xE3, 0xCF, 0xD3, 0x0A]
  }

  /// The file's next bytes, as far as it is finished.
  public mutating func take() -> [UInt8] {
    taken += bytes.count
    defer { bytes = [] }
    return bytes
  }

  /// Bytes that can be taken.
  public var available: Int { bytes.count }

  public mutating func run(_ text: String, _ typeface: Typeface = .regular) -> GlyphRun {
    var run: [Glyph] = []
    run.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars { run.append(glyphs.glyph(for: scalar, in: typeface)) }
    return GlyphRun(glyphs: run[...])
  }

  /// Does nothing once the document is finished.
  public mutating func add(_ page: PDFPage) {
    guard !isFinished else { return }
    if nodePages.count == Self.pagesPerNode { writeNode() }
    if nodePages.isEmpty { nodes.append(reserve()) }
    let content = reserve()
    let object = reserve()
    write(content) { [deflater] in $0.appendStream(page.content, deflater) }
    write(object) { [node = nodes[nodes.count - 1]] in
      $0.append("<< /Type /Page /Parent \(node) 0 R /Contents \(content) 0 R >>")
    }
    nodePages.append(object)
    pages.append(object)
  }

  /// An entry of the outline that leads to the place on the page that is added next.
  public mutating func addBookmark(_ title: String, y: Double) { bookmarks.append((title, count, y)) }

  /// Writes what is known only now: the fonts, the page tree, the outline, the table of objects. Nothing can be added
  /// afterwards. A document without pages gets an empty one.
  public mutating func finish() {
    guard !isFinished else { return }
    if count == 0 { add(PDFPage()) }
    isFinished = true
    writePageCount()
    if !nodePages.isEmpty { writeNode() }
    write(Self.pageTree) { [nodes, count] in
      $0.append("<< /Type /Pages /Count \(count) /Kids [\(Self.references(nodes))] ")
      $0.append("/MediaBox [0 0 ")
      $0.append(PDFPage.width)
      $0.append(" ")
      $0.append(PDFPage.height)
      $0.append(
        "] /Resources << /Font \(Self.fonts) 0 R /XObject << /PageCount \(Self.pageCount) 0 R >> >> >>")
    }
    writeFonts()
    let outline = writeOutline()
    write(Self.information) { [information] in
      $0.append("<< /Title ")
      $0.appendTextString(information.title)
      for (key, text) in [("/Subject", information.subject), ("/Creator", information.creator)] {
        guard let text else { continue }
        $0.append(" \(key) ")
        $0.appendTextString(text)
      }
      if let created = information.created, created.utf8.count == 14,
        created.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
      {
        $0.append(" /CreationDate (D:\(created)Z)")
      }
      $0.append(" >>")
    }
    write(Self.catalog) { [information] in
      $0.append("<< /Type /Catalog /Pages \(Self.pageTree) 0 R /Lang ")
      $0.appendTextString(information.language)
      $0.append(" /ViewerPreferences << /DisplayDocTitle true >>")
      if let outline { $0.append(" /Outlines \(outline) 0 R") }
      $0.append(" >>")
    }
    writeTrailer()
  }

  // MARK: Objects

  private mutating func reserve() -> Int {
    offsets.append(nil)
    return offsets.count - 1
  }

  private mutating func write(_ object: Int, _ body: (inout [UInt8]) -> Void) {
    offsets[object] = taken + bytes.count
    bytes.append("\(object) 0 obj\n")
    body(&bytes)
    bytes.append("\nendobj\n")
  }

  private mutating func add(_ body: (inout [UInt8]) -> Void) -> Int {
    let object = reserve()
    write(object, body)
    return object
  }

  private static func references(_ objects: [Int]) -> String {
    objects.map { "\($0) 0 R" }.joined(separator: " ")
  }

  private mutating func writeNode() {
    write(nodes[nodes.count - 1]) { [nodePages] in
      $0.append(
        "<< /Type /Pages /Parent \(Self.pageTree) 0 R /Count \(nodePages.count) "
          + "/Kids [\(Self.references(nodePages))] >>")
    }
    nodePages = []
  }

  private mutating func writePageCount() {
    // One point high: each page scales it.
    var page = PDFPage()
    page.draw(run(String(count)), x: 0, y: PDFPage.height, size: 1)
    // It takes the page's colour.
    write(Self.pageCount) { [deflater] in
      $0.appendStream(
        page.content, deflater,
        "/Type /XObject /Subtype /Form /BBox [0 -1 20 2] /Resources << /Font \(Self.fonts) 0 R >> ")
    }
  }

  private mutating func writeFonts() {
    let objects = glyphs.subsets.enumerated().map { write($1, number: $0) }
    write(Self.fonts) {
      $0.append("<<")
      for (index, object) in objects.enumerated() { $0.append(" /F\(index) \(object) 0 R") }
      $0.append(" >>")
    }
  }

  /// A Type 0 font over a CIDFontType2 (PDF 32000-1, 9.7).
  private mutating func write(_ subset: FontSubset, number: Int) -> Int {
    let font = subset.font
    let name = "\(Self.tag(number))+\(font.name)"
    let data = TrueTypeSubset.file(subset)
    let file = add { [deflater] in $0.appendStream(data, deflater, "/Length1 \(data.count) ") }
    let map = add { [deflater] in $0.appendStream(ToUnicode.map(subset.scalars), deflater) }
    let descriptor = add {
      let (left, bottom, right, top) = font.bounds
      let (ascent, descent) = font.ascentAndDescent
      $0.append(
        "<< /Type /FontDescriptor /FontName /\(name) /Flags \(font.isMonospaced ? 5 : 4) "
          + "/FontBBox [\(left) \(bottom) \(right) \(top)] /ItalicAngle 0 /Ascent \(ascent) /Descent \(descent) "
          + "/CapHeight 729 /StemV \(font.isBold ? 140 : 80) /FontFile2 \(file) 0 R >>")
    }
    let descendant = add {
      $0.append(
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /\(name) "
          + "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
          + "/FontDescriptor \(descriptor) 0 R /CIDToGIDMap /Identity /W [0 [")
      for (index, outline) in subset.outlines.enumerated() {
        if index > 0 { $0.append(index % 32 == 0 ? "\n" : " ") }
        $0.append(font.thousandths(font.metrics(of: outline).advance))
      }
      $0.append("]] >>")
    }
    return add {
      $0.append(
        "<< /Type /Font /Subtype /Type0 /BaseFont /\(name) /Encoding /Identity-H "
          + "/DescendantFonts [\(descendant) 0 R] /ToUnicode \(map) 0 R >>")
    }
  }

  /// Six letters that differ from subset to subset.
  private static func tag(_ number: Int) -> String {
    var tag: [UInt8] = []
    var rest = number
    for _ in 0..<6 {
      tag.insert(UInt8(ascii: "A") + UInt8(rest % 26), at: 0)
      rest /= 26
    }
    return String(decoding: tag, as: UTF8.self)
  }

  /// Absent without bookmarks. Those of a page that was never added lead nowhere and are left out.
  private mutating func writeOutline() -> Int? {
    let entries = bookmarks.filter { $0.page < count }
    guard !entries.isEmpty else { return nil }
    let root = reserve()
    let items = entries.map { _ in reserve() }
    for (index, entry) in entries.enumerated() {
      write(items[index]) { [pages] in
        $0.append("<< /Title ")
        $0.appendTextString(entry.title)
        $0.append(" /Parent \(root) 0 R")
        if index > 0 { $0.append(" /Prev \(items[index - 1]) 0 R") }
        if index + 1 < items.count { $0.append(" /Next \(items[index + 1]) 0 R") }
        $0.append(" /Dest [\(pages[entry.page]) 0 R /XYZ 0 ")
        $0.append(PDFPage.height - entry.y)
        $0.append(" 0] >>")
      }
    }
    write(root) {
      $0.append(
        "<< /Type /Outlines /First \(items[0]) 0 R /Last \(items[items.count - 1]) 0 R /Count \(items.count) >>")
    }
    return root
  }

  private mutating func writeTrailer() {
    let start = taken + bytes.count
    bytes.append("xref\n0 \(offsets.count)\n0000000000 65535 f \n")
    for offset in offsets.dropFirst() {
      // What was reserved has been written by now; if not, it is marked as free.
      let digits = String(offset ?? 0)
      bytes.append(String(repeating: "0", count: max(10 - digits.utf8.count, 0)))
      bytes.append(digits)
      bytes.append(offset == nil ? " 00000 f \n" : " 00000 n \n")
    }
    bytes.append(
      "trailer\n<< /Size \(offsets.count) /Root \(Self.catalog) 0 R /Info \(Self.information) 0 R >>\n"
        + "startxref\n\(start)\n%%EOF\n")
  }
}

extension [UInt8] {
  /// `entries` are those of its dictionary beside the usual ones.
  fileprivate mutating func appendStream(_ content: [UInt8], _ deflater: Deflater, _ entries: String = "") {
    let compressed = deflater.compressed(content)
    let data = compressed ?? content
    append("<< \(entries)/Length \(data.count)\(compressed == nil ? "" : " /Filter /FlateDecode") >>\nstream\n")
    append(contentsOf: data)
    append("\nendstream")
  }
}
