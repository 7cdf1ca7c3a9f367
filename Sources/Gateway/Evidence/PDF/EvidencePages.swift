import PDF

/// An evidence document under way: the pages, and how texts and tables look on them.
struct EvidencePages {
  /// Points, and greys and colours that stay apart on paper.
  enum Style {
    static let text = 7.5
    static let lineHeight = 9.5
    static let small = 5.5
    static let smallLineHeight = 7.2
    static let ink = PDFColor(gray: 0.1)
    static let label = PDFColor(gray: 0.42)
    static let rule = PDFColor(gray: 0.82)
    static let strongRule = PDFColor(gray: 0.35)
    static let error = PDFColor(red: 0.68, green: 0.1, blue: 0.1)
    static let act = PDFColor(red: 0.2, green: 0.3, blue: 0.48)

    static func color(_ action: Decision.Action) -> PDFColor {
      switch action {
      case .allow: PDFColor(red: 0.1, green: 0.42, blue: 0.22)
      case .deny: PDFColor(red: 0.72, green: 0.1, blue: 0.1)
      case .requireApproval: PDFColor(red: 0.68, green: 0.42, blue: 0)
      }
    }
  }

  /// A table's column, from its left edge; `width` is that of its text.
  struct Column {
    var title: String
    var x: Double
    var width: Double
    var isRight = false
  }

  /// Paragraphs, one below the other.
  struct Cell {
    var paragraphs: [(run: GlyphRun, size: Double, color: PDFColor)]
    var indent = 0.0

    init(_ run: GlyphRun, size: Double = Style.text, color: PDFColor = Style.ink) { paragraphs = [(run, size, color)] }
  }

  var flow: PageFlow
  let context: Context
  private(set) var columns: [Column] = []

  /// What holds for the whole pack, and therefore isn't said of each event.
  struct Context {
    /// Absent when there are several, outside: then each event says its own.
    private var userID: String??
    private var agentID: String??
    /// In the order of first use; events name their policy by its place when there are several.
    var policies: [(version: String, revision: String)] = []
    private var places: [ExactText: [ExactText: Int]] = [:]

    init(_ pack: EvidencePack) {
      let (user, agent) = (pack.metadata.userID, pack.metadata.agentID)
      userID = user == "multiple" ? .none : .some(user)
      agentID = agent == "multiple" ? .none : .some(agent)
      for event in pack.timeline { add(event.event) }
      for event in pack.policyAnalysis.controlEvents { add(event.event) }
    }

    private mutating func add(_ event: TraceEvent) {
      let (version, revision) = (ExactText(event.policyVersion), ExactText(event.policyRevision))
      guard places[version]?[revision] == nil else { return }
      policies.append((event.policyVersion, event.policyRevision))
      places[version, default: [:]][revision] = policies.count
    }

    /// Absent where it needn't be said.
    func user(of event: TraceEvent) -> String? { Self.difference(event.userID, userID, event.kind) }
    func agent(of event: TraceEvent) -> String? { Self.difference(event.agentID, agentID, event.kind) }

    private static func difference(_ name: String?, _ usual: String??, _ kind: TraceEvent.Kind) -> String? {
      if case .some(let usual) = usual, name.map(ExactText.init) == usual.map(ExactText.init) { return nil }
      // Operators' acts have none.
      return name ?? (kind == .toolCall ? "none" : nil)
    }

    /// From one.
    func place(of event: TraceEvent) -> Int? {
      places[ExactText(event.policyVersion)]?[ExactText(event.policyRevision)]
    }
  }

  init(_ pack: EvidencePack) {
    let session = VisibleText.of(pack.metadata.sessionID)
    let created = ISOTimestamp.text(pack.metadata.generatedAt).utf8.prefix(19)
      .filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    let information = PDFDocument.Information(
      title: "Evidence pack: session \(session)", subject: "Tool calls, decisions and acts of operators",
      creator: VisibleText.of(pack.metadata.generator), language: "en-GB",
      created: String(decoding: created, as: UTF8.self))
    flow = PageFlow(PDFDocument(information))
    context = Context(pack)
    let size = flow.layout.footerSize
    let ellipsis = flow.document.run("…")
    flow.footer = run("Evidence pack · session \(pack.metadata.sessionID)")
      .truncated(to: flow.layout.width * 0.75, size: size, ellipsis: ellipsis)
  }

  // MARK: Texts

  /// A stranger's text, with what can't be seen or printed of it written out.
  mutating func run(_ text: String, _ typeface: Typeface = .regular) -> GlyphRun {
    if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return flow.document.run(text, typeface) }
    let visible = VisibleText.of(text)
    let run = flow.document.run(visible, typeface)
    guard run.hasMissing else { return run }
    var printable = String.UnicodeScalarView()
    for scalar in visible.unicodeScalars {
      if typeface.covers(scalar) {
        printable.append(scalar)
      } else {
        printable += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars
      }
    }
    return flow.document.run(String(printable), typeface)
  }

  /// A dash for nothing.
  mutating func cell(_ text: String?, _ typeface: Typeface = .regular) -> Cell {
    guard let text else { return Cell(run("—"), color: Style.label) }
    return Cell(run(text, typeface))
  }

  mutating func cell(_ count: Int) -> Cell {
    Cell(run(String(count)), color: count == 0 ? Style.label : Style.ink)
  }

  /// A section's title, with something of what follows on the same page.
  mutating func addHeading(_ title: String) {
    flow.addSpace(16)
    flow.require(80)
    flow.addBookmark(title)
    flow.add([Band(height: 20, [.text(run(title, .bold), x: flow.layout.left, y: 11, size: 12, color: Style.ink)])])
  }

  mutating func addSubheading(_ title: String) {
    flow.addSpace(10)
    flow.require(60)
    flow.add([
      Band(height: 14, [.text(run(title, .bold), x: flow.layout.left, y: 8, size: 8, color: Style.ink)])
    ])
  }

  mutating func addParagraph(_ text: String, color: PDFColor = Style.label) {
    let run = run(text)
    for line in run.lines(width: flow.layout.width, size: Style.text) {
      flow.add([
        Band(
          height: Style.lineHeight + 0.5, [.text(line, x: flow.layout.left, y: 7, size: Style.text, color: color)])
      ])
    }
    flow.addSpace(4)
  }

  /// Labels on the left, values beside them.
  mutating func addValues(_ values: [(label: String, value: Cell)]) {
    let (left, labelWidth) = (flow.layout.left, 100.0)
    for (label, value) in values {
      let name = Cell(run(label), color: Style.label)
      flow.add(
        bands([
          (name, Column(title: "", x: left, width: labelWidth - 8)),
          (value, Column(title: "", x: left + labelWidth, width: flow.layout.width - labelWidth)),
        ]))
      flow.addSpace(2.5)
    }
  }

  // MARK: Tables

  /// `columns` are their titles, widths and whether they are set to the right. The head stands atop each page until the
  /// table ends.
  mutating func beginTable(_ columns: [(title: String, width: Double, isRight: Bool)]) {
    let gap = 8.0
    var x = flow.layout.left
    self.columns = columns.map { column in
      defer { x += column.width }
      return Column(title: column.title, x: x, width: column.width - gap, isRight: column.isRight)
    }
    // The last column ends at the margin.
    self.columns[columns.count - 1].width += gap
    var head = Band(height: 14)
    for column in self.columns {
      let title = run(column.title)
      let x = column.isRight ? column.x + column.width - title.width(size: 6.5) : column.x
      head.items.append(.text(title, x: x, y: 8, size: 6.5, color: Style.label))
    }
    head.items.append(rule(at: 12, thickness: 0.7, color: Style.strongRule))
    flow.require(60)
    flow.add([head])
    flow.head = [head]
  }

  mutating func endTable() { flow.head = [] }

  func rule(at y: Double, thickness: Double = 0.4, color: PDFColor = Style.rule) -> Band.Item {
    .rule(x: flow.layout.left, y: y, width: flow.layout.width, thickness: thickness, color: color)
  }

  /// A table's row of cells, without a rule.
  func bands(_ cells: [Cell]) -> [Band] { bands(Array(zip(cells, columns))) }

  mutating func addRow(_ cells: [Cell]) {
    flow.add(bands(cells) + [Band(height: 4, [rule(at: 2)])])
  }

  private func bands(_ cells: [(cell: Cell, column: Column)]) -> [Band] {
    var bands: [Band] = []
    for (cell, column) in cells {
      var index = 0
      for paragraph in cell.paragraphs {
        for line in paragraph.run.lines(width: column.width - cell.indent, size: paragraph.size) {
          if index == bands.count { bands.append(Band(height: Style.lineHeight)) }
          let x =
            column.isRight
            ? column.x + column.width - line.width(size: paragraph.size) : column.x + cell.indent
          bands[index].items.append(
            .text(line, x: x, y: 7.3, size: paragraph.size, color: paragraph.color))
          index += 1
        }
      }
    }
    return bands
  }
}
