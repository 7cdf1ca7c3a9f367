/// A strip across a page that is not divided: a line of a text, a row of a table, a drawing. Places in it count from the
/// page's left edge and from its own upper one.
public struct Band {
  public enum Item {
    /// `y` is the baseline's.
    case text(GlyphRun, x: Double, y: Double, size: Double, color: PDFColor)
    case box(x: Double, y: Double, width: Double, height: Double, color: PDFColor)
    /// Across, from `x` to the right.
    case rule(x: Double, y: Double, width: Double, thickness: Double, color: PDFColor)
  }

  public var height: Double
  public var items: [Item]

  public init(height: Double, _ items: [Item] = []) { (self.height, self.items) = (height, items) }
}

/// Lays bands one below the other onto pages, each with its number and the document's page count at the foot.
public struct PageFlow {
  public struct Layout: Sendable {
    public var margin: Double
    public var footerSize: Double
    public var footerColor: PDFColor

    public init(margin: Double = 44, footerSize: Double = 7, footerColor: PDFColor = PDFColor(gray: 0.4)) {
      (self.margin, self.footerSize, self.footerColor) = (margin, footerSize, footerColor)
    }

    public var left: Double { margin }
    public var right: Double { PDFPage.width - margin }
    public var width: Double { right - left }
    public var top: Double { margin }
    /// Where bands end; the foot is below.
    public var bottom: Double { PDFPage.height - margin - 14 }
  }

  public let layout: Layout
  public var document: PDFDocument
  /// Stands at the top of every page that begins.
  public var head: [Band] = []
  /// Stands at the foot, on the right. Has to fit.
  public var footer: GlyphRun?
  private var page = PDFPage()
  private var y: Double
  /// Nothing but the head is on the page.
  private var isFresh = true

  public init(_ document: PDFDocument, layout: Layout = Layout()) {
    (self.document, self.layout) = (document, layout)
    y = layout.top
  }

  /// On one page when they need no more than half of it; otherwise they are divided where a page ends.
  public mutating func add(_ bands: [Band]) {
    let height = bands.reduce(into: 0) { $0 += $1.height }
    if height <= (layout.bottom - layout.top) / 2 { require(height) }
    for band in bands {
      require(band.height)
      draw(band)
      isFresh = false
    }
  }

  /// Nothing when a page begins here.
  public mutating func addSpace(_ height: Double) {
    guard !isFresh else { return }
    y += height
  }

  /// Begins a page when less than this is left of one.
  public mutating func require(_ height: Double) {
    if !isFresh, y + height > layout.bottom { beginPage() }
  }

  /// An entry of the outline that leads to what is added next.
  public mutating func addBookmark(_ title: String) { document.addBookmark(title, y: y) }

  /// Writes the last page and finishes the document.
  public mutating func finish() {
    endPage()
    document.finish()
  }

  private mutating func beginPage() {
    endPage()
    page = PDFPage()
    (y, isFresh) = (layout.top, true)
    for band in head { draw(band) }
  }

  private mutating func endPage() {
    let (size, color) = (layout.footerSize, layout.footerColor)
    let baseline = PDFPage.height - layout.margin + 4
    page.line(
      fromX: layout.left, fromY: baseline - size - 4, toX: layout.right, toY: baseline - size - 4, width: 0.4,
      color: PDFColor(gray: 0.75))
    let number = document.run("Page \(document.count + 1) of ")
    page.draw(number, x: layout.left, y: baseline, size: size, color: color)
    page.drawPageCount(x: layout.left + number.width(size: size), y: baseline, size: size, color: color)
    if let footer {
      page.draw(footer, x: layout.right - footer.width(size: size), y: baseline, size: size, color: color)
    }
    document.add(page)
  }

  private mutating func draw(_ band: Band) {
    for item in band.items {
      switch item {
      case .text(let run, let x, let offset, let size, let color):
        page.draw(run, x: x, y: y + offset, size: size, color: color)
      case .box(let x, let offset, let width, let height, let color):
        page.fill(x: x, y: y + offset, width: width, height: height, color: color)
      case .rule(let x, let offset, let width, let thickness, let color):
        page.line(fromX: x, fromY: y + offset, toX: x + width, toY: y + offset, width: thickness, color: color)
      }
    }
    y += band.height
  }
}
