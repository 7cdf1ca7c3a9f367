import PDF

/// What stands before and after the timeline.
extension EvidencePages {
  mutating func addOverview(_ pack: EvidencePack) {
    let (left, metadata) = (flow.layout.left, pack.metadata)
    flow.add([
      Band(
        height: 34,
        [
          .text(run("Evidence pack", .bold), x: left, y: 20, size: 22, color: Style.ink),
          rule(at: 31, thickness: 1, color: Style.strongRule),
        ])
    ])
    flow.addSpace(6)
    addValues([
      ("Session", Cell(run(metadata.sessionID, .bold))),
      ("User", cell(metadata.userID)),
      ("Agent", cell(metadata.agentID)),
      ("First event", cell((metadata.timeRange?.lowerBound).map(ISOTimestamp.text))),
      ("Last event", cell((metadata.timeRange?.upperBound).map(ISOTimestamp.text))),
      ("Generated", cell(ISOTimestamp.text(metadata.generatedAt))),
      ("Generator", cell(metadata.generator)),
    ])
    addSummary(pack.summary)
    addChart(EvidencePDFChart(pack))
    addPolicies(pack.summary)
  }

  private mutating func addSummary(_ summary: EvidencePack.Summary) {
    addHeading("Summary")
    func count(_ action: Decision.Action) -> Int { summary.byDecision[action] ?? 0 }
    let figures: [(label: String, count: Int, color: PDFColor)] = [
      ("Tool calls", summary.calls, Style.ink),
      ("ALLOW", count(.allow), Style.color(.allow)),
      ("DENY", count(.deny), Style.color(.deny)),
      ("REQUIRE_APPROVAL", count(.requireApproval), Style.color(.requireApproval)),
      ("Stopped by kill or pause", summary.callsKilled, Style.ink),
    ]
    let width = flow.layout.width / Double(figures.count)
    var band = Band(height: 36)
    for (index, figure) in figures.enumerated() {
      let x = flow.layout.left + Double(index) * width
      band.items.append(.text(run(String(figure.count)), x: x, y: 15, size: 16, color: figure.color))
      band.items.append(.text(run(figure.label), x: x, y: 26, size: 6.5, color: Style.label))
    }
    flow.add([band])
    addValues([
      ("Writes requested", cell(summary.writesRequested)),
      ("Writes that ran", cell(summary.reversibleWrites + summary.irreversibleWrites)),
      ("Of them reversible", cell(summary.reversibleWrites)),
      ("Of them irreversible", cell(summary.irreversibleWrites)),
    ])
  }

  private mutating func addPolicies(_ summary: EvidencePack.Summary) {
    addSubheading("Policies")
    beginTable([("No.", 30, false), ("Version", 120, false), ("Revision", flow.layout.width - 150, false)])
    if context.policies.isEmpty {
      for version in summary.policyVersions { addRow([cell(nil), cell(version), cell(nil)]) }
    }
    for (index, policy) in context.policies.enumerated() {
      let revision = Cell(run(policy.revision, .monospaced), size: 6.5)
      addRow([cell(index + 1), cell(policy.version), revision])
    }
    endTable()
  }

  // MARK: Tools

  mutating func beginTools() {
    addSubheading("Tools")
    beginTable([
      ("Tool", flow.layout.width - 260, false), ("ALLOW", 50, true), ("DENY", 50, true),
      ("REQUIRE_APPROVAL", 100, true), ("Calls", 60, true),
    ])
  }

  mutating func add(_ tool: String, _ use: EvidencePack.ToolUse) {
    addRow([
      cell(tool), cell(use.allowed), cell(use.denied), cell(use.requireApproval),
      cell(use.allowed + use.denied + use.requireApproval),
    ])
  }

  // MARK: Anomalies

  mutating func add(_ anomalies: [EvidencePack.Anomaly]) {
    addHeading("Anomalies")
    guard !anomalies.isEmpty else { return addParagraph("None found.") }
    for anomaly in anomalies {
      flow.require(40)
      addParagraph(anomaly.description, color: Style.ink)
      addParagraph("\(anomaly.kind.rawValue), \(Self.counted(anomaly.eventIDs.count, "event")):")
      addIDs(anomaly.eventIDs)
      flow.addSpace(8)
    }
  }

  /// Three in a row when they are as short as usual.
  private mutating func addIDs(_ ids: [String]) {
    let width = flow.layout.width / 3
    var band = Band(height: 8.5)
    var place = 0
    for id in ids {
      let run = run(id, .monospaced)
      let isWide = run.width(size: 6.5) > width - 8
      if place == 3 || isWide, place > 0 {
        flow.add([band])
        (band.items, place) = ([], 0)
      }
      for line in run.lines(width: isWide ? flow.layout.width : width, size: 6.5) {
        let x = flow.layout.left + Double(place) * width
        band.items.append(.text(line, x: x, y: 6.5, size: 6.5, color: Style.ink))
        guard isWide else { continue }
        flow.add([band])
        band.items = []
      }
      if !isWide { place += 1 }
    }
    if place > 0 { flow.add([band]) }
  }

  // MARK: Policy

  mutating func beginRules(_ analysis: EvidencePack.PolicyAnalysis) {
    addHeading("Policy analysis")
    addValues([
      ("Denied by default", cell(analysis.defaultDenials)),
      ("Rules without a call", cell(analysis.untriggered.isEmpty ? nil : analysis.untriggered.joined(separator: ", "))),
    ])
    guard !analysis.triggered.isEmpty else { return }
    addSubheading("Rules that decided")
    beginTable([("Rule", flow.layout.width - 260, false), ("Decisions", 200, false), ("Calls", 60, true)])
  }

  mutating func add(_ rule: String, _ use: EvidencePack.RuleUse) {
    let decisions = Decision.Action.allCases.filter { use.decisions.contains($0) }
    addRow([cell(rule), cell(decisions.map(\.rawValue).joined(separator: ", ")), cell(use.count)])
  }

  // MARK: Integrity

  mutating func addIntegrity(_ rows: [(label: String, value: String)]) {
    addHeading("Integrity")
    var values: [(label: String, value: Cell)] = []
    for (label, value) in rows { values.append((label, Cell(run(value, .monospaced), size: 7))) }
    addValues(values)
    flow.addSpace(6)
    addParagraph(
      "This document shows what the pack in JSON says; hashes and signatures are over that. What can't be seen or "
        + "printed of a text is written out, as \\u{200B}.")
  }
}
