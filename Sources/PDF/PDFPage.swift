/// A colour of the screen's three lights, each from 0 to 1.
public struct PDFColor: Sendable, Equatable {
  public var red: Double
  public var green: Double
  public var blue: Double

  public init(red: Double, green: Double, blue: Double) { (self.red, self.green, self.blue) = (red, green, blue) }
  public init(gray: Double) { self.init(red: gray, green: gray, blue: gray) }

  public static let black = PDFColor(gray: 0)
}

/// What is drawn on a page. Lengths are points, places count from the page's upper left corner, y downwards.
public struct PDFPage {
  /// A4.
  public static let width = 595.28
  public static let height = 841.89

  private(set) var content: [UInt8] = []
  // The graphics state, so that only changes of it are written.
  private var fillColor = PDFColor.black
  private var strokeColor = PDFColor.black
  private var lineWidth = 1.0
  private var font: (subset: UInt16, size: Double)?

  public init() { content.reserveCapacity(16_384) }

  /// Its baseline starts at the place.
  public mutating func draw(_ run: GlyphRun, x: Double, y: Double, size: Double, color: PDFColor = .black) {
    guard !run.isEmpty else { return }
    setFillColor(color)
    content.append("BT ")
    content.append(x)
    content.append(" ")
    content.append(Self.height - y)
    content.append(" Td")
    var index = run.glyphs.startIndex
    while index < run.glyphs.endIndex {
      let subset = run.glyphs[index].subset
      setFont(subset, size)
      content.append("(")
      while index < run.glyphs.endIndex, run.glyphs[index].subset == subset {
        let number = run.glyphs[index].number
        content.appendStringByte(UInt8(number >> 8))
        content.appendStringByte(UInt8(number & 0xFF))
        index += 1
      }
      content.append(")Tj")
    }
    content.append(" ET\n")
  }

  public mutating func fill(x: Double, y: Double, width: Double, height: Double, color: PDFColor) {
    setFillColor(color)
    content.append(x)
    content.append(" ")
    content.append(Self.height - y - height)
    content.append(" ")
    content.append(width)
    content.append(" ")
    content.append(height)
    content.append(" re f\n")
  }

  public mutating func line(
    fromX: Double, fromY: Double, toX: Double, toY: Double, width: Double = 0.5, color: PDFColor = .black
  ) {
    if color != strokeColor {
      strokeColor = color
      append(color)
      content.append("RG\n")
    }
    if width != lineWidth {
      lineWidth = width
      content.append(width)
      content.append(" w\n")
    }
    content.append(fromX)
    content.append(" ")
    content.append(Self.height - fromY)
    content.append(" m ")
    content.append(toX)
    content.append(" ")
    content.append(Self.height - toY)
    content.append(" l S\n")
  }

  /// How many pages the document has, as a number, once that is known. Its baseline starts at the place.
  public mutating func drawPageCount(x: Double, y: Double, size: Double, color: PDFColor = .black) {
    setFillColor(color)
    content.append("q ")
    content.append(size)
    content.append(" 0 0 ")
    content.append(size)
    content.append(" ")
    content.append(x)
    content.append(" ")
    content.append(Self.height - y)
    content.append(" cm /PageCount Do Q\n")
  }

  private mutating func setFillColor(_ color: PDFColor) {
    guard color != fillColor else { return }
    fillColor = color
    append(color)
    content.append("rg\n")
  }

  private mutating func append(_ color: PDFColor) {
    for part in [color.red, color.green, color.blue] {
      content.append(part)
      content.append(" ")
    }
  }

  private mutating func setFont(_ subset: UInt16, _ size: Double) {
    if let font, font.subset == subset, font.size == size { return }
    font = (subset, size)
    content.append("/F")
    content.append(Int(subset))
    content.append(" ")
    content.append(size)
    content.append(" Tf")
  }
}
