import PDF
import StrictJSON

/// The tables of the timeline and of the writes.
extension EvidencePages {
  mutating func beginTimeline(_ count: Int) {
    addHeading("Timeline")
    guard count > 0 else { return addParagraph("No events.") }
    addParagraph(
      "\(Self.counted(count, "event")), in order of time (UTC). Below each are its id and whether the tool ran; its "
        + "user, agent and policy where they are not the pack's; and the SHA-256 of the arguments.")
    beginEvents()
  }

  mutating func beginControlEvents(_ count: Int) {
    guard count > 0 else { return }
    addSubheading("Acts of operators that concern no session, in the same time")
    beginEvents()
  }

  private mutating func beginEvents() {
    beginTable([
      ("Time (UTC)", 75, false), ("Tool", 106, false), ("Decision", 64, false), ("Reason", 152, false),
      ("Rule", flow.layout.width - 75 - 106 - 64 - 152 - 34, false), ("ms", 34, true),
    ])
  }

  mutating func add(_ chained: ChainedEvent) {
    let event = chained.event
    let (date, time) = Self.dateAndTime(event.timestamp)
    var below: [Band] = []
    let tool = cell("Tool", event.toolName, column: 1, &below)
    var reason = cell("Reason", event.reason, column: 3, &below)
    let rule = cell("Rule", event.matchedRule, column: 4, &below)
    if let error = event.error {
      reason.paragraphs += cell("Error", "Error: " + error, column: 3, color: Style.error, &below).paragraphs
    }
    var decision = Cell(
      run(event.decision?.rawValue ?? event.kind.rawValue, .bold), size: 6.5, color: color(event))
    // For the box before it.
    decision.indent = 8
    var bands = bands([
      Cell(run(time)), tool, decision, reason, rule, cell(event.durationMilliseconds.map { String($0) }),
    ])
    bands[0].items.append(.box(x: columns[2].x, y: 2.6, width: 4.5, height: 4.5, color: color(event)))
    addRow(bands + below + small(details(chained)), date: date)
  }

  /// What is too long for its column stands below the row, as wide as the page allows.
  private mutating func cell(
    _ label: String, _ text: String?, column: Int, color: PDFColor = Style.ink, _ below: inout [Band]
  ) -> Cell {
    guard let text else { return cell(nil) }
    let run = run(text)
    let mostLines = 6.0
    guard run.width(size: Style.text) > mostLines * columns[column].width else { return Cell(run, color: color) }
    let left = columns[1].x
    let named = color == Style.error ? run : self.run(label + ": ") + run
    for line in named.lines(width: flow.layout.right - left, size: Style.text) {
      below.append(
        Band(height: Style.lineHeight, [.text(line, x: left, y: 7.3, size: Style.text, color: color)]))
    }
    return Cell(self.run("\(label.lowercased()) below"), color: Style.label)
  }

  private func small(_ run: GlyphRun) -> [Band] {
    let left = columns[1].x
    return run.lines(width: flow.layout.right - left, size: Style.small).map { line in
      Band(height: Style.smallLineHeight, [.text(line, x: left, y: 5.6, size: Style.small, color: Style.label)])
    }
  }

  /// The date stands below the time.
  private mutating func addRow(_ bands: [Band], date: String) {
    var bands = bands
    if bands.count > 1 {
      bands[1].items.append(.text(run(date), x: flow.layout.left, y: 5.6, size: 6, color: Style.label))
    }
    flow.add(bands + [Band(height: 4.5, [rule(at: 2)])])
  }

  private func color(_ event: TraceEvent) -> PDFColor { event.decision.map(Style.color) ?? Style.act }

  /// In small below the row.
  private mutating func details(_ chained: ChainedEvent) -> GlyphRun {
    let event = chained.event
    let separator = "  ·  "
    var details = run(event.eventID, .monospaced) + run(separator + "No. \(chained.link.sequence)")
    if event.kind != .toolCall { details += run(separator + event.kind.rawValue) }
    if event.kind == .toolCall || event.executed {
      details += run(separator + (event.executed ? "ran" : "did not run"))
    }
    if event.isWriteAction { details += run(separator + "write") }
    if event.approvalTokenPresent { details += run(separator + "approval token") }
    if let user = context.user(of: event) { details += run(separator + "user " + user) }
    if let agent = context.agent(of: event) { details += run(separator + "agent " + agent) }
    if context.policies.count > 1, let place = context.place(of: event) {
      details += run(separator + "policy \(place)")
    }
    if let hash = event.argumentsHash { details += run(separator + "arguments ") + run(hash, .monospaced) }
    if let value = event.details { details += run(separator + "details ") + run(value.text, .monospaced) }
    details += run(separator + "hash ") + run(chained.link.hash.hexadecimal, .monospaced)
    return details
  }

  static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  private static func dateAndTime(_ microseconds: Int64) -> (date: String, time: String) {
    let text = ISOTimestamp.text(microseconds)
    return (String(text.prefix(10)), String(text.dropFirst(11).dropLast(6)))
  }

  // MARK: Writes

  mutating func beginWriteActions(_ count: Int) {
    addHeading("Write actions")
    guard count > 0 else { return addParagraph("No tool that changes something ran.") }
    addParagraph("\(Self.counted(count, "call")) that ran and change something, in order of time (UTC).")
    beginTable([
      ("Time (UTC)", 75, false), ("Tool", 150, false), ("Reversible", 56, false), ("Approved by", 64, false),
      ("Error", flow.layout.width - 75 - 150 - 56 - 64, false),
    ])
  }

  mutating func add(_ write: EvidencePack.WriteAction) {
    let (date, time) = Self.dateAndTime(write.timestamp)
    var below: [Band] = []
    var tool = cell("Tool", write.toolName, column: 1, &below)
    tool.paragraphs.append((run(write.eventID, .monospaced), Style.small, Style.label))
    let error = cell("Error", write.error, column: 4, color: Style.error, &below)
    let bands = bands([
      Cell(run(time)), tool, cell(write.isReversible ? "yes" : "no"), cell(write.hasToken ? "token" : nil), error,
    ])
    addRow(bands + below, date: date)
  }
}
