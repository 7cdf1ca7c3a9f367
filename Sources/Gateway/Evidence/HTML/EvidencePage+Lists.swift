import StrictJSON

/// The page's lists. A long one is many tables, each laid out when it comes into view: a browser would be busy with a
/// single one of 100,000 rows for a minute.
extension EvidencePage {
  static let rowsPerTable = 100

  var lanes: some EvidencePageList { Lanes(page: self) }
  var tools: some EvidencePageList { Tools(page: self) }
  var rules: some EvidencePageList { Rules(rules: pack.policyAnalysis.triggered) }
  var controlEvents: some EvidencePageList { Events(isTimeline: false, events: pack.policyAnalysis.controlEvents) }
  var writeActions: some EvidencePageList { WriteActions(page: self) }
  var events: some EvidencePageList { Events(isTimeline: true, events: pack.timeline) }

  private struct Lanes: EvidencePageList {
    let page: EvidencePage
    var count: Int { page.chart?.lanes.count ?? 0 }

    func writeRow(_ index: Int, to html: inout HTMLWriter) { page.chart?.writeLane(index, page.pack, to: &html) }

    func writeEmpty(to html: inout HTMLWriter) {}
  }

  /// Where tables begin and end in a list of `count` rows.
  private struct Tables {
    let count: Int

    func begins(_ index: Int) -> Bool { index % EvidencePage.rowsPerTable == 0 }
    func ends(_ index: Int) -> Bool { begins(index + 1) || index + 1 == count }

    /// Only lists of more than one table are laid out lazily.
    var style: StaticString { count > EvidencePage.rowsPerTable ? "chunk lazy" : "chunk" }

    func rows(_ index: Int) -> Range<Int> { index..<min(index + EvidencePage.rowsPerTable, count) }

    func writeCaption(_ what: StaticString, _ index: Int, to html: inout HTMLWriter) {
      html.markup("<caption>")
      html.markup(what)
      if count > EvidencePage.rowsPerTable {
        html.markup(" ")
        html.count(index + 1)
        html.markup(" to ")
        html.count(rows(index).upperBound)
        html.markup(" of ")
        html.count(count)
      }
      html.markup("</caption>")
    }
  }

  // MARK: Tools

  private struct Tools: EvidencePageList {
    /// Rows with a bar.
    private static let mostBars = 40
    let page: EvidencePage
    var count: Int { page.toolUses.count }

    func writeRow(_ index: Int, to html: inout HTMLWriter) {
      let tables = Tables(count: count)
      let (tool, use) = page.toolUses[index]
      if index == 0 { html.markup("<section id=\"tools\"><h2>Tools</h2>") }
      if tables.begins(index) {
        html.markup("<div class=\"")
        html.markup(tables.style)
        html.markup("\"><table class=\"tools\">")
        tables.writeCaption("Tools, busiest first", index, to: &html)
        html.markup(
          """
          <thead><tr><th scope="col">Tool</th><th scope="col" class="r">Calls</th>\
          <th scope="col" class="r">Allowed</th><th scope="col" class="r">Denied</th><th scope="col" class="r">Asked</th>\
          <th scope="col" class="bar">Share</th></tr></thead><tbody>
          """)
      }
      html.markup("<tr><th scope=\"row\">")
      html.text(Optional(tool))
      html.markup("</th><td class=\"r\">")
      html.count(use.calls)
      for (number, kind) in [
        (use.allowed, "a" as StaticString), (use.denied, "d"), (use.requireApproval, "q"),
      ] {
        html.markup("</td><td class=\"r ")
        html.markup(number == 0 ? "zero" : kind)
        html.markup("\">")
        html.count(number)
      }
      html.markup("</td><td class=\"bar\">")
      if index < Self.mostBars { writeBar(use, to: &html) }
      html.markup("</td></tr>")
      if tables.ends(index) { html.markup("</tbody></table></div>") }
      if index + 1 == count { html.markup("</section>") }
    }

    private func writeBar(_ use: EvidencePack.ToolUse, to html: inout HTMLWriter) {
      let most = Double(max(page.toolUses.first?.use.calls ?? 1, 1))
      html.markup("<svg width=\"100%\" height=\"12\" aria-hidden=\"true\">")
      var x = 0.0
      for (number, kind) in [
        (use.allowed, "a" as StaticString), (use.denied, "d"), (use.requireApproval, "q"),
      ] where number > 0 {
        let width = Double(number) / most * 100
        html.markup("<rect class=\"")
        html.markup(kind)
        html.markup("\" y=\"1\" height=\"10\" x=\"")
        html.decimal(x)
        html.markup("%\" width=\"")
        html.decimal(width)
        html.markup("%\"/>")
        x += width
      }
      html.markup("</svg>")
    }

    func writeEmpty(to html: inout HTMLWriter) {
      html.markup("<section id=\"tools\"><h2>Tools</h2><p class=\"none\">No tool was called.</p></section>")
    }
  }

  // MARK: Rules

  private struct Rules: EvidencePageList {
    let rules: [(rule: String, use: EvidencePack.RuleUse)]
    var count: Int { rules.count }

    func writeRow(_ index: Int, to html: inout HTMLWriter) {
      let tables = Tables(count: count)
      let (rule, use) = rules[index]
      if index == 0 { writeTitle(to: &html) }
      if tables.begins(index) {
        html.markup("<div class=\"")
        html.markup(tables.style)
        html.markup("\"><table class=\"rules\">")
        tables.writeCaption("Rules that decided", index, to: &html)
        html.markup(
          """
          <thead><tr><th scope="col">Rule</th><th scope="col" class="r">Calls</th><th scope="col">Decisions</th></tr>\
          </thead><tbody>
          """)
      }
      html.markup("<tr><th scope=\"row\">")
      html.text(Optional(rule))
      html.markup("</th><td class=\"r\">")
      html.count(use.count)
      html.markup("</td><td>")
      for decision in Decision.Action.allCases where use.decisions.contains(decision) {
        html.decision(decision)
        html.markup(" ")
      }
      html.markup("</td></tr>")
      if tables.ends(index) { html.markup("</tbody></table></div>") }
    }

    func writeEmpty(to html: inout HTMLWriter) {
      writeTitle(to: &html)
      html.markup("<p class=\"none\">No rule decided anything.</p>")
    }

    private func writeTitle(to html: inout HTMLWriter) {
      html.markup("<section id=\"policy\"><h2>Policy Analysis</h2><h3>Rules that decided</h3>")
    }
  }

  // MARK: Writes

  private struct WriteActions: EvidencePageList {
    let page: EvidencePage
    var count: Int { page.pack.writeActions.count }

    func writeRow(_ index: Int, to html: inout HTMLWriter) {
      let tables = Tables(count: count)
      let write = page.pack.writeActions[index]
      if index == 0 { html.markup("<section id=\"writes\"><h2>Write Actions</h2>") }
      if tables.begins(index) {
        html.markup("<div class=\"")
        html.markup(tables.style)
        html.markup("\"><table class=\"writes cards\">")
        tables.writeCaption("Writes that ran, or were asked to", index, to: &html)
        html.markup(
          """
          <thead><tr><th scope="col">Time</th><th scope="col">Tool</th><th scope="col">Reversible</th>\
          <th scope="col">Approved by</th><th scope="col">State before</th>\
          <th scope="col">Error</th></tr></thead><tbody>
          """)
      }
      html.markup("<tr><td>")
      let place = page.places[ExactText(write.eventID)]
      if let place {
        html.markup("<a class=\"time\" href=\"#e")
        html.number(place)
        html.markup("\">")
      }
      html.timeOfDay(write.timestamp)
      if place != nil { html.markup("</a>") }
      html.markup("<small>")
      html.date(write.timestamp)
      html.markup("</small></td><td><b>")
      html.text(Optional(write.toolName))
      html.markup("</b><small class=\"id\">")
      html.text(write.eventID)
      html.markup("</small></td><td>")
      html.markup(write.isReversible ? "yes" : "<b class=\"no\">no</b>")
      html.markup("</td><td>")
      html.text(write.hasToken ? "token" : nil)
      html.markup("</td><td>")
      html.text(String?.none)
      html.markup("</td><td")
      html.markup(write.error == nil ? ">" : " class=\"error\">")
      html.text(write.error)
      html.markup("</td></tr>")
      if tables.ends(index) { html.markup("</tbody></table></div>") }
      if index + 1 == count { writeAfter(to: &html) }
    }

    func writeEmpty(to html: inout HTMLWriter) {
      html.markup("<section id=\"writes\"><h2>Write Actions</h2><p class=\"none\">No write ran.</p>")
      writeAfter(to: &html)
    }

    private func writeAfter(to html: inout HTMLWriter) {
      html.markup("</section>")
      if page.pack.anomalies.isEmpty { page.writeAnomalies(to: &html) }
    }
  }

  // MARK: Events

  /// The timeline, or the control events.
  private struct Events: EvidencePageList {
    let isTimeline: Bool
    let events: [ChainedEvent]
    var count: Int { events.count }

    func writeRow(_ index: Int, to html: inout HTMLWriter) {
      let tables = Tables(count: count)
      if index == 0 { writeTitle(to: &html) }
      if tables.begins(index) { writeTableBeginning(tables, index, to: &html) }
      write(events[index], index, to: &html)
      if tables.ends(index) { html.markup("</table></div>") }
      if index + 1 == count { html.markup("</section>") }
    }

    func writeEmpty(to html: inout HTMLWriter) {
      writeTitle(to: &html)
      html.markup(
        isTimeline ? "<p class=\"none\">None.</p></section>" : "<p class=\"none\">None meanwhile.</p></section>")
    }

    private func writeTitle(to html: inout HTMLWriter) {
      guard isTimeline else {
        return html.markup("<h3>Control events that concern no session</h3>")
      }
      html.markup("<section id=\"events\"><h2>Events</h2>")
      guard count > 0 else { return }
      // Beside the tables, so that the style sheet alone can choose what they show. `:has` would do it from anywhere, and
      // make a browser seven times as slow.
      html.markup(
        """
        <span>Show</span>\
        <input type="radio" name="show" id="fa" aria-label="Show all" checked><label for="fa">all</label>\
        <input type="radio" name="show" id="fd" aria-label="Show denied"><label for="fd">denied</label>\
        <input type="radio" name="show" id="fq" aria-label="Show asked for approval"><label for="fq">asked for \
        approval</label>\
        <input type="radio" name="show" id="fw" aria-label="Show writes"><label for="fw">writes</label>\
        <input type="radio" name="show" id="fe" aria-label="Show errors"><label for="fe">errors</label>\
        <input type="radio" name="show" id="fo" aria-label="Show operators"><label for="fo">operators</label>
        """)
    }

    private func writeTableBeginning(_ tables: Tables, _ index: Int, to html: inout HTMLWriter) {
      html.markup("<div class=\"")
      html.markup(tables.style)
      // What is in the table, for the filter.
      let rows = events[tables.rows(index)]
      if rows.contains(where: { $0.decision == .deny }) { html.markup(" hd") }
      if rows.contains(where: { $0.decision == .requireApproval }) { html.markup(" hq") }
      if rows.contains(where: { $0.isWriteAction }) { html.markup(" hw") }
      if rows.contains(where: { $0.error != nil }) { html.markup(" he") }
      if rows.contains(where: { $0.event.isAct }) { html.markup(" ho") }
      html.markup("\"><table class=\"events cards\">")
      tables.writeCaption(isTimeline ? "Events" : "Control events", index, to: &html)
      html.markup(
        """
        <thead><tr><th scope="col">Time</th><th scope="col">Tool, kind</th><th scope="col">Decision</th>\
        <th scope="col">Reason, rule</th><th scope="col" class="r">ms</th><th scope="col">User, agent</th></tr></thead>
        """)
    }

    private func write(_ chained: ChainedEvent, _ index: Int, to html: inout HTMLWriter) {
      let event = chained.event
      html.markup(isTimeline ? "<tbody id=\"e" : "<tbody id=\"c")
      html.number(index)
      html.markup("\" class=\"")
      html.markup(event.decision?.style ?? "o")
      if event.isWriteAction { html.markup(" w") }
      if event.error != nil { html.markup(" e") }
      html.markup("\"><tr><td>")
      html.timeOfDay(event.timestamp)
      html.markup("<small>")
      html.date(event.timestamp)
      html.markup("</small></td><td><b>")
      // An operator's act is told by its kind, a call by its tool.
      html.text(event.isAct ? event.kind.rawValue : event.toolName)
      html.markup("</b><small>")
      html.text(event.isAct ? event.toolName : event.kind.rawValue)
      html.markup("</small></td><td>")
      if let decision = event.decision { html.decision(decision) } else { html.text(String?.none) }
      html.markup("<small>")
      html.markup(event.executed ? "executed" : "not executed")
      html.markup(event.isWriteAction ? ", write" : ", no write")
      html.markup(event.approvalTokenPresent ? ", token" : ", no token")
      html.markup("</small></td><td>")
      html.text(Optional(event.reason))
      html.markup("<small>rule ")
      html.text(event.matchedRule)
      html.markup(event.error == nil ? ", error " : "</small><small class=\"error\">error ")
      html.text(event.error)
      html.markup("</small>")
      html.markup("</td><td class=\"r\">")
      if let duration = event.durationMilliseconds { html.count(duration) } else { html.text(String?.none) }
      html.markup("</td><td>")
      html.text(event.userID)
      html.markup("<small>")
      html.text(event.agentID)
      html.markup("</small></td></tr><tr class=\"ids\"><td colspan=\"6\">event ")
      html.text(Optional(event.eventID))
      html.markup(" \u{B7} arguments ")
      html.text(event.argumentsHash)
      html.markup(" \u{B7} policy ")
      html.text(Optional(event.policyVersion))
      html.markup(" \u{B7} revision ")
      html.text(Optional(event.policyRevision))
      html.markup(" \u{B7} details ")
      html.text(event.details?.text)
      html.markup(" \u{B7} number ")
      html.count(Int(chained.link.sequence))
      html.markup(" \u{B7} hash ")
      html.text(Optional(chained.link.hash.hexadecimal))
      html.markup("</td></tr></tbody>")
    }
  }
}

extension HTMLWriter {
  /// Its name beside its sign, which the style sheet draws.
  mutating func decision(_ decision: Decision.Action) {
    markup("<b class=\"")
    markup(decision.style)
    markup("\">")
    switch decision {
    case .allow: markup("ALLOW")
    case .deny: markup("DENY")
    case .requireApproval: markup("REQUIRE_<wbr>APPROVAL")
    }
    markup("</b>")
  }
}

extension Decision.Action {
  var style: StaticString {
    switch self {
    case .allow: "a"
    case .deny: "d"
    case .requireApproval: "q"
    }
  }
}
