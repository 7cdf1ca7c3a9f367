/// The picture itself. Across it is measured in percent, down in pixels: it fits every width, and its text and its dots
/// keep their size. What went through stands above a lane's line, what didn't below it.
extension EvidenceChart {
  // In pixels.
  private static let laneHeight = 58
  private static let above = 22
  private static let below = 14
  private static let labelHeight = 16
  private static let flagHeight = 16
  private static let axisHeight = 36
  private static let dotDistance = 7

  func writeBeginning(_ pack: EvidencePack, to html: inout HTMLWriter) {
    let flags = flags
    let top = top(flags)
    let bottom = top + lanes.count * Self.laneHeight
    html.markup("<svg class=\"chart\" role=\"img\" aria-labelledby=\"ct cd\" width=\"100%\" height=\"")
    html.number(bottom + Self.axisHeight)
    html.markup("\"><title id=\"ct\">Decisions over time</title><desc id=\"cd\">")
    writeDescription(pack, to: &html)
    html.markup(
      """
      </desc><defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" \
      patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern></defs>
      """)
    for lane in lanes.indices where lane % 2 == 0 {
      html.markup("<rect class=\"band\" x=\"-1%\" width=\"102%\" y=\"")
      html.number(top + lane * Self.laneHeight)
      html.markup("\" height=\"")
      html.number(Self.laneHeight)
      html.markup("\"/>")
    }
    writeSpans(top, bottom, to: &html)
    writeBursts(top, bottom, to: &html)
    writeAxis(top, bottom, to: &html)
    writeMarks(flags, bottom, to: &html)
  }

  func writeEnd(to html: inout HTMLWriter) { html.markup("</svg>") }

  /// The same that the picture tells, for who can't see it.
  private func writeDescription(_ pack: EvidencePack, to html: inout HTMLWriter) {
    html.markup("From ")
    html.attribute(ISOTimestamp.text(start))
    html.markup(" to ")
    html.attribute(ISOTimestamp.text(end))
    html.markup(". ")
    for lane in lanes {
      writeName(of: lane, to: &html)
      html.markup(": ")
      lane.use.write(to: &html)
      html.markup(". ")
    }
    html.count(marks.reduce(0) { $0 + $1.acts.count })
    html.markup(" acts of operators. The table of all events has each of them.")
  }

  private func writeName(of lane: Lane, to html: inout HTMLWriter) {
    if let name = lane.name {
      html.attribute(name)
      if lane.isRequest { html.markup(" (MCP request)") }
    } else {
      html.count(lane.tools)
      html.markup(" other tools")
    }
  }

  // MARK: Lanes

  func writeLane(_ index: Int, _ pack: EvidencePack, to html: inout HTMLWriter) {
    guard lanes.indices.contains(index) else { return }
    let lane = lanes[index]
    let top = top(flags) + index * Self.laneHeight
    let line = top + Self.labelHeight + Self.above
    html.markup("<text class=\"lane\" y=\"")
    html.number(top + 12)
    html.markup("\">")
    if let name = lane.name {
      html.attribute(Self.shortened(name, columns: 30))
      if lane.isRequest { html.markup(" (MCP)") }
      html.markup("<title>")
      writeName(of: lane, to: &html)
      html.markup("</title>")
    } else {
      writeName(of: lane, to: &html)
    }
    html.markup("</text><text class=\"count\" x=\"100%\" y=\"")
    html.number(top + 12)
    html.markup("\">")
    html.count(lane.use.calls)
    html.markup("</text><line class=\"base\" x2=\"100%\" y1=\"")
    html.number(line)
    html.markup("\" y2=\"")
    html.number(line)
    html.markup("\"/>")
    for column in lane.cells.keys.sorted() {
      guard let cell = lane.cells[column] else { continue }
      if hasDots {
        writeDots(cell, of: lane, column, line, pack, to: &html)
      } else if let first = cell.events.first {
        writeBars(cell.use, first, of: lane, column, line, withNumbers: false, to: &html)
      }
    }
  }

  private func writeDots(
    _ cell: Cell, of lane: Lane, _ column: Int, _ line: Int, _ pack: EvidencePack, to html: inout HTMLWriter
  ) {
    // Where dots have no room there is a bar, and its number.
    var crowd = EvidencePack.ToolUse()
    if cell.use.allowed > Self.mostDotsUp { crowd.allowed = cell.use.allowed }
    if cell.use.held > Self.mostDotsDown {
      (crowd.denied, crowd.requireApproval) = (cell.use.denied, cell.use.requireApproval)
    }
    if crowd.calls > 0 {
      let first = cell.events.first { (pack.timeline[$0].decision == .allow) == (crowd.allowed > 0) }
      writeBars(crowd, first ?? cell.events[0], of: lane, column, line, withNumbers: true, to: &html)
    }
    var (up, down) = (0, 0)
    for index in cell.events {
      let event = pack.timeline[index]
      guard let decision = event.decision else { continue }
      let y: Int
      if decision == .allow {
        guard crowd.allowed == 0 else { continue }
        y = line - 5 - up * Self.dotDistance
        up += 1
      } else {
        guard crowd.held == 0 else { continue }
        y = line + 6 + down * Self.dotDistance
        down += 1
      }
      writeLink(to: index, &html)
      html.markup("<svg overflow=\"visible\" x=\"")
      html.decimal(place(event.timestamp))
      html.markup("%\" y=\"")
      html.number(y)
      switch decision {
      case .allow: html.markup("\"><circle class=\"a\" r=\"3.5\"/>")
      case .deny: html.markup("\"><path class=\"d\" d=\"M-3.2-3.2L3.2 3.2M3.2-3.2L-3.2 3.2\"/>")
      case .requireApproval: html.markup("\"><path class=\"q\" d=\"M0-4.2L4.2 0 0 4.2-4.2 0Z\"/>")
      }
      html.markup("<title>")
      html.timeOfDay(event.timestamp)
      html.markup(" ")
      html.attribute(Self.shortened(event.toolName ?? "", columns: 80))
      html.markup(": ")
      html.attribute(decision.rawValue)
      html.markup(", ")
      html.attribute(Self.shortened(event.reason, columns: 160))
      html.markup("</title></svg></a>")
    }
  }

  private func writeBars(
    _ use: EvidencePack.ToolUse, _ first: Int, of lane: Lane, _ column: Int, _ line: Int, withNumbers: Bool,
    to html: inout HTMLWriter
  ) {
    writeLink(to: first, &html)
    html.markup("<title>")
    html.date(time(ofColumn: column))
    html.markup(" ")
    html.timeOfDay(time(ofColumn: column))
    html.markup(" to ")
    html.timeOfDay(time(ofColumn: column + 1))
    html.markup(", ")
    if let name = lane.name {
      html.attribute(Self.shortened(name, columns: 80))
    } else {
      html.markup("other tools")
    }
    html.markup(": ")
    use.write(to: &html)
    html.markup("</title>")
    if use.allowed > 0 {
      let height = height(use.allowed, Self.above)
      writeBar("a", column, Double(line) - 1 - height, height, to: &html)
      if withNumbers { writeNumber(use.allowed, column, line - 10, to: &html) }
    }
    if use.held > 0 {
      let height = height(use.held, Self.below)
      let denied = height * Double(use.denied) / Double(use.held)
      if use.denied > 0 { writeBar("d", column, Double(line) + 1, denied, to: &html) }
      if use.requireApproval > 0 {
        writeBar("q", column, Double(line) + 1.5 + denied, max(height - denied - 1, 1), to: &html)
      }
      if withNumbers { writeNumber(use.held, column, line + 13, to: &html) }
    }
    html.markup("</a>")
  }

  private func writeNumber(_ number: Int, _ column: Int, _ y: Int, to html: inout HTMLWriter) {
    html.markup("<text class=\"many\" dx=\"3\" x=\"")
    html.decimal((Double(column) + 0.9) * 100 / Double(Self.columns))
    html.markup("%\" y=\"")
    html.number(y)
    html.markup("\">")
    html.count(number)
    html.markup("</text>")
  }

  /// As the square root of the number, so that a single call beside thousands is still seen.
  private func height(_ count: Int, _ most: Int) -> Double {
    max(4, Double(most) * (Double(count) / Double(highest)).squareRoot())
  }

  private func writeBar(
    _ kind: StaticString, _ column: Int, _ y: Double, _ height: Double, to html: inout HTMLWriter
  ) {
    html.markup("<rect class=\"")
    html.markup(kind)
    html.markup("\" x=\"")
    html.decimal((Double(column) + 0.1) * 100 / Double(Self.columns))
    html.markup("%\" width=\"")
    html.decimal(80 / Double(Self.columns))
    html.markup("%\" y=\"")
    html.decimal(y)
    html.markup("\" height=\"")
    html.decimal(height)
    html.markup("\"/>")
  }

  /// For the mouse; the keyboard has the table, and no hundred stops on its way there.
  private func writeLink(to event: Int, _ html: inout HTMLWriter) {
    html.markup("<a href=\"#e")
    html.number(event)
    html.markup("\" tabindex=\"-1\">")
  }

  // MARK: Around the lanes

  private func writeSpans(_ top: Int, _ bottom: Int, to html: inout HTMLWriter) {
    for span in spans {
      let y = span.lane.map { top + $0 * Self.laneHeight } ?? top
      html.markup("<rect class=\"stopped\" fill=\"url(#hatch)\" x=\"")
      html.decimal(span.from)
      html.markup("%\" width=\"")
      html.decimal(max(span.to - span.from, 0.2))
      html.markup("%\" y=\"")
      html.number(y)
      html.markup("\" height=\"")
      html.number(span.lane == nil ? bottom - top : Self.laneHeight)
      html.markup("\"><title>Stopped</title></rect>")
    }
  }

  private func writeBursts(_ top: Int, _ bottom: Int, to html: inout HTMLWriter) {
    for burst in bursts {
      html.markup("<rect class=\"burst\" x=\"")
      html.decimal(Double(burst.lowerBound) * 100 / Double(Self.columns))
      html.markup("%\" width=\"")
      html.decimal(Double(burst.count) * 100 / Double(Self.columns))
      html.markup("%\" y=\"")
      html.number(top)
      html.markup("\" height=\"")
      html.number(bottom - top)
      html.markup("\"><title>More than 10 calls within a second</title></rect>")
    }
  }

  private func writeAxis(_ top: Int, _ bottom: Int, to html: inout HTMLWriter) {
    let step = step
    html.markup("<g class=\"axis\"><line x2=\"100%\" y1=\"")
    html.number(bottom)
    html.markup("\" y2=\"")
    html.number(bottom)
    html.markup("\"/></g>")
    var day: Int64?
    for (index, tick) in ticks.enumerated() {
      html.markup(index % 2 == 0 ? "<g class=\"axis\">" : "<g class=\"axis odd\">")
      html.markup("<line x1=\"")
      html.decimal(tick.place)
      html.markup("%\" x2=\"")
      html.decimal(tick.place)
      html.markup("%\" y1=\"")
      html.number(top)
      html.markup("\" y2=\"")
      html.number(bottom + 4)
      html.markup("\"/>")
      writeAxisText(tick.place, bottom + 17, to: &html) { html in
        if step >= Self.day { html.date(tick.time) } else { writeTime(tick.time, step, to: &html) }
      }
      html.markup("</g>")
      let date = tick.time / Self.day
      if step < Self.day, date != day {
        html.markup("<g class=\"axis\">")
        writeAxisText(tick.place, bottom + 31, to: &html) { $0.date(tick.time) }
        html.markup("</g>")
      }
      day = date
    }
  }

  private func writeAxisText(
    _ place: Double, _ y: Int, to html: inout HTMLWriter, _ body: (inout HTMLWriter) -> Void
  ) {
    html.markup(place < 4 ? "<text class=\"from\" x=\"" : place > 96 ? "<text class=\"to\" x=\"" : "<text x=\"")
    html.decimal(place)
    html.markup("%\" y=\"")
    html.number(y)
    html.markup("\">")
    body(&html)
    html.markup("</text>")
  }

  private func writeTime(_ time: Int64, _ step: Int64, to html: inout HTMLWriter) {
    let digits = Array(ISOTimestamp.text(time).utf8)
    let end =
      step % 60_000_000 == 0
      ? 16 : step % 1_000_000 == 0 || digits.count < 26 ? 19 : step % 1_000 == 0 ? 23 : 26
    html.attribute(String(decoding: digits[11..<min(end, digits.count)], as: UTF8.self))
  }

  /// A mark's word stands in the first row that has room for it, in the narrowest window even.
  private struct Flag {
    /// Absent when no row has.
    var row: Int?
    var isLeft: Bool
  }

  private static let mostRows = 4

  private var flags: [Flag] {
    var taken = [Double](repeating: -1, count: Self.mostRows)
    return marks.map { mark in
      // A letter is about 2 % of a telephone's width.
      let width = Double(mark.main.word.utf8CodeUnitCount + (mark.acts.count > 1 ? 4 : 0)) * 2 + 3
      let isLeft = mark.place + width > 100
      let (from, to) = isLeft ? (mark.place - width, mark.place) : (mark.place, mark.place + width)
      let row = taken.firstIndex { $0 < from }
      if let row { taken[row] = to }
      return Flag(row: row, isLeft: isLeft)
    }
  }

  private func top(_ flags: [Flag]) -> Int {
    guard !flags.isEmpty else { return 0 }
    return ((flags.compactMap(\.row).max() ?? 0) + 1) * Self.flagHeight + 4
  }

  private func writeMarks(_ flags: [Flag], _ bottom: Int, to html: inout HTMLWriter) {
    for (mark, flag) in zip(marks, flags) {
      let main = mark.main
      html.markup("<a href=\"")
      html.markup(main.isOfTimeline ? "#e" : "#c")
      html.number(main.index)
      html.markup("\" tabindex=\"-1\" class=\"")
      html.markup(main.style)
      html.markup("\"><title>")
      for (number, act) in mark.acts.prefix(8).enumerated() {
        if number > 0 { html.markup("; ") }
        html.timeOfDay(act.event.timestamp)
        html.markup(" ")
        html.markup(act.word)
        html.markup(": ")
        html.attribute(Self.shortened(act.event.reason, columns: 120))
      }
      if mark.acts.count > 8 { html.markup("; and more") }
      html.markup("</title><line x1=\"")
      html.decimal(mark.place)
      html.markup("%\" x2=\"")
      html.decimal(mark.place)
      html.markup("%\" y1=\"")
      html.number((flag.row ?? 0) * Self.flagHeight + 2)
      html.markup("\" y2=\"")
      html.number(bottom)
      html.markup("\"/>")
      if let row = flag.row {
        html.markup(flag.isLeft ? "<text class=\"to\" dx=\"-4\" x=\"" : "<text dx=\"4\" x=\"")
        html.decimal(mark.place)
        html.markup("%\" y=\"")
        html.number(row * Self.flagHeight + 12)
        html.markup("\">")
        html.markup(main.word)
        if mark.acts.count > 1 {
          html.markup(" +")
          html.count(mark.acts.count - 1)
        }
        html.markup("</text>")
      }
      html.markup("</a>")
    }
  }

  // MARK: Texts

  /// About as wide as so many letters.
  static func shortened(_ text: String, columns: Int) -> String {
    var width = 0
    for index in text.unicodeScalars.indices {
      width += text.unicodeScalars[index].value < 0x300 ? 1 : 2
      if width > columns {
        return text.unicodeScalars[..<index].reduce(into: "") { $0.unicodeScalars.append($1) } + "…"
      }
    }
    return text
  }
}

extension EvidenceChart.Act {
  var word: StaticString {
    switch event.kind {
    case .kill:
      isOfTimeline ? "kill" : event.toolName != nil ? "tool kill" : event.agentID != nil ? "agent kill" : "kill"
    case .unkill: "unkill"
    case .pause: "pause"
    case .resume: "resume"
    case .reload: "reload"
    case .containment: "contained"
    case .toolApproval: "tool approved"
    case .approval: "approval"
    case .export: "export"
    case .toolCall: "call"
    case .request: "request"
    }
  }

  fileprivate var style: StaticString {
    switch event.kind {
    case .kill: "mark kill"
    case .pause: "mark pause"
    case .approval, .toolApproval: "mark approval"
    default: "mark"
    }
  }
}

extension EvidencePack.ToolUse {
  /// `12 allowed, 3 denied, 1 asked for approval`
  func write(to html: inout HTMLWriter) {
    html.count(allowed)
    html.markup(" allowed, ")
    html.count(denied)
    html.markup(" denied, ")
    html.count(requireApproval)
    html.markup(" asked for approval")
  }
}
