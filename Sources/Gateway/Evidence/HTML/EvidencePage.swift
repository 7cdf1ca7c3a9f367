/// A pack's page: what stands before, between and after its lists.
struct EvidencePage {
  let pack: EvidencePack
  let chart: EvidenceChart?
  /// Where an event stands in the timeline. Of two with one id, the first.
  let places: [ExactText: Int]
  /// Busiest first.
  let toolUses: [(tool: String, use: EvidencePack.ToolUse)]
  let acts: [EvidenceChart.Act]

  init(_ pack: EvidencePack) {
    self.pack = pack
    var places: [ExactText: Int] = [:]
    places.reserveCapacity(pack.timeline.count)
    for (index, event) in pack.timeline.enumerated() {
      let id = ExactText(event.eventID)
      if places[id] == nil { places[id] = index }
    }
    self.places = places
    chart = EvidenceChart(pack, places: places)
    acts = EvidenceChart.acts(pack)
    toolUses = pack.summary.byTool.enumerated().sorted {
      ($1.element.use.calls, $0.offset) < ($0.element.use.calls, $1.offset)
    }.map(\.element)
  }

  /// Nothing is fetched and nothing runs: the page is what it is.
  static let contentSecurityPolicy: StaticString =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

  // MARK: Before the chart

  func writeHead(to html: inout HTMLWriter) {
    html.markup(
      """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="
      """)
    html.markup(Self.contentSecurityPolicy)
    html.markup(
      """
      ">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="referrer" content="no-referrer">
      <meta name="color-scheme" content="light dark">
      <title>AgentGate Evidence Pack</title>
      <style>
      """)
    html.markup(EvidenceStyle.sheet)
    html.markup(
      """
      </style></head><body>
      <a class="skip" href="#main">Skip to the evidence</a>
      <header class="top"><h1>AgentGate Evidence Pack</h1>
      <p class="session"><span>Session</span>
      """)
    html.text(Optional(pack.metadata.sessionID))
    html.markup("</p><p class=\"lead\">")
    writeLead(to: &html)
    html.markup("</p><dl class=\"facts\">")
    writeFacts(to: &html)
    html.markup(
      """
      </dl></header>
      <nav aria-label="Sections"><a href="#timeline">Timeline</a><a href="#tools">Tools</a>\
      <a href="#policy">Policy Analysis</a><a href="#writes">Write Actions</a><a href="#anomalies">Anomalies</a>\
      <a href="#events">Events</a><a href="#integrity">Integrity</a><a href="#json">Raw JSON</a></nav>
      <main id="main">
      """)
    if !pack.anomalies.isEmpty { writeAnomalies(to: &html) }
    writeTiles(to: &html)
    html.markup("<section id=\"timeline\"><h2>Timeline</h2>")
    guard let chart else {
      html.markup("<p class=\"none\">This session has no events.</p>")
      return
    }
    html.markup(
      """
      <figure><p class="legend"><span class="a">allowed, above the line</span><span class="d">denied, below it</span>\
      <span class="q">asked for approval, below it</span>
      """)
    if !chart.spans.isEmpty { html.markup("<span class=\"s\">stopped by a kill or a pause</span>") }
    if !chart.bursts.isEmpty { html.markup("<span class=\"b\">burst of calls</span>") }
    html.markup("</p>")
    chart.writeBeginning(pack, to: &html)
  }

  private func writeLead(to html: inout HTMLWriter) {
    let summary = pack.summary
    guard summary.calls > 0 else { return html.markup("No calls were recorded.") }
    html.count(summary.calls)
    html.markup(summary.calls == 1 ? " call" : " calls")
    if let range = pack.metadata.timeRange {
      html.markup(" in ")
      html.duration(range.upperBound.subtractingReportingOverflow(range.lowerBound).partialValue)
    }
    html.markup(": ")
    EvidencePack.ToolUse(
      allowed: summary.byDecision[.allow] ?? 0, denied: summary.byDecision[.deny] ?? 0,
      requireApproval: summary.byDecision[.requireApproval] ?? 0
    ).write(to: &html)
    html.markup(". ")
    let writes = summary.reversibleWrites + summary.irreversibleWrites
    html.count(writes)
    html.markup(writes == 1 ? " write ran." : " writes ran.")
  }

  private func writeFacts(to html: inout HTMLWriter) {
    let metadata = pack.metadata
    func fact(_ label: StaticString, _ values: [String?], _ html: inout HTMLWriter) {
      html.markup("<div><dt>")
      html.markup(label)
      html.markup("</dt>")
      for value in values {
        html.markup("<dd>")
        html.text(value)
        html.markup("</dd>")
      }
      html.markup("</div>")
    }
    fact("User", [metadata.userID], &html)
    fact("Agent", [metadata.agentID], &html)
    fact("First event", [(metadata.timeRange?.lowerBound).map(ISOTimestamp.text)], &html)
    fact("Last event", [(metadata.timeRange?.upperBound).map(ISOTimestamp.text)], &html)
    fact("Made at", [ISOTimestamp.text(metadata.generatedAt)], &html)
    fact("Made by", [metadata.generator], &html)
    fact("Pack version", [EvidencePage.packVersion], &html)
    fact("Policy version", pack.summary.policyVersions, &html)
    fact("Policy revision", pack.summary.policyRevisions.isEmpty ? [nil] : pack.summary.policyRevisions, &html)
  }

  private static let packVersion = "1.0.0"

  private func writeTiles(to html: inout HTMLWriter) {
    let summary = pack.summary
    let writes = summary.reversibleWrites + summary.irreversibleWrites
    html.markup("<section class=\"tiles\" aria-label=\"Summary\">")
    tile("", "Calls", summary.calls, &html) { html in
      html.count(pack.summary.byTool.count)
      html.markup(pack.summary.byTool.count == 1 ? " tool" : " tools")
    }
    tile("a", "Allowed", summary.byDecision[.allow] ?? 0, &html) { share(&$0, of: .allow) }
    tile("d", "Denied", summary.byDecision[.deny] ?? 0, &html) { share(&$0, of: .deny) }
    tile("q", "Asked for approval", summary.byDecision[.requireApproval] ?? 0, &html) {
      share(&$0, of: .requireApproval)
    }
    tile("", "Writes", writes, &html) { html in
      html.count(summary.writesRequested)
      html.markup(" requested, ")
      html.count(summary.irreversibleWrites)
      html.markup(" can\u{2019}t be undone")
    }
    let kills = acts.reduce(0) { $0 + ($1.event.kind == .kill ? 1 : 0) }
    let pauses = acts.reduce(0) { $0 + ($1.event.kind == .pause ? 1 : 0) }
    tile("k", "Kills", kills, &html) { html in
      html.count(pauses)
      html.markup(pauses == 1 ? " pause, " : " pauses, ")
      html.count(summary.callsKilled)
      html.markup(summary.callsKilled == 1 ? " call stopped" : " calls stopped")
    }
    html.markup("</section>")

    func share(_ html: inout HTMLWriter, of decision: Decision.Action) {
      guard summary.calls > 0 else { return html.markup("of no calls") }
      html.decimal((Double(summary.byDecision[decision] ?? 0) * 1_000 / Double(summary.calls)).rounded() / 10)
      html.markup(" % of calls")
    }
  }

  private func tile(
    _ kind: StaticString, _ label: StaticString, _ value: Int, _ html: inout HTMLWriter,
    _ note: (inout HTMLWriter) -> Void
  ) {
    html.markup("<div class=\"tile ")
    html.markup(kind)
    html.markup("\"><h3>")
    html.markup(label)
    html.markup("</h3><p class=\"big\">")
    html.count(value)
    html.markup("</p><p>")
    note(&html)
    html.markup("</p></div>")
  }

  // MARK: After the chart

  private static let mostActs = 12

  func writeAfterChart(to html: inout HTMLWriter) {
    if let chart {
      chart.writeEnd(to: &html)
      html.markup("<figcaption>Times are UTC. ")
      html.markup(
        chart.hasDots
          ? "Each sign is one decision, each bar several of one moment. "
          : "Each bar is 1/120 of the time; its height grows with the square root of the number. ")
      html.markup("<span class=\"screen\">Point at one for more, click to see its row.</span></figcaption></figure>")
      writeActs(to: &html)
    }
    html.markup("</section>")
  }

  /// The chart's marks in words.
  private func writeActs(to html: inout HTMLWriter) {
    guard !acts.isEmpty else { return }
    html.markup("<h3>What operators did</h3><ol class=\"acts\">")
    for act in acts.prefix(Self.mostActs) {
      html.markup("<li><a href=\"#")
      html.markup(act.isOfTimeline ? "e" : "c")
      html.number(act.index)
      html.markup("\">")
      html.timeOfDay(act.event.timestamp)
      html.markup("</a> <b>")
      html.markup(act.word)
      html.markup("</b> <span>")
      if let tool = act.event.toolName {
        html.markup("<code>")
        html.text(tool)
        html.markup("</code> ")
      }
      html.text(act.event.reason)
      html.markup("</span></li>")
    }
    html.markup("</ol>")
    if acts.count > Self.mostActs {
      html.markup("<p class=\"none\">And ")
      html.count(acts.count - Self.mostActs)
      html.markup(
        " more, in the tables of <a href=\"#policy\">control events</a> and <a href=\"#events\">events</a>.</p>")
    }
  }

  func writeAfterRules(to html: inout HTMLWriter) {
    let analysis = pack.policyAnalysis
    html.markup("<h3>Rules that no call met</h3>")
    if analysis.untriggered.isEmpty {
      html.markup("<p class=\"none\">None: each known rule was met.</p>")
    } else {
      html.markup("<ul class=\"chips\">")
      for rule in analysis.untriggered {
        html.markup("<li>")
        html.text(Optional(rule))
        html.markup("</li>")
      }
      html.markup("</ul>")
    }
    html.markup("<p>Denied because no rule spoke for them: <b>")
    html.count(analysis.defaultDenials)
    html.markup("</b></p>")
  }

  // MARK: Anomalies

  /// Links to an anomaly's events; the JSON has all of them.
  private static let mostLinks = 14

  func writeAnomalies(to html: inout HTMLWriter) {
    html.markup("<section id=\"anomalies\"")
    html.markup(pack.anomalies.isEmpty ? ">" : " class=\"alarm\">")
    html.markup("<h2>Anomalies")
    guard !pack.anomalies.isEmpty else {
      return html.markup("</h2><p class=\"none\">None were found.</p></section>")
    }
    html.markup(" <span class=\"badge\">")
    html.count(pack.anomalies.count)
    html.markup("</span></h2><ul>")
    for anomaly in pack.anomalies.prefix(Self.mostAnomalies) {
      html.markup("<li><b>")
      html.text(Optional(anomaly.description))
      html.markup("</b> <code>")
      html.text(anomaly.kind.rawValue)
      html.markup("</code><p>")
      html.count(anomaly.eventIDs.count)
      html.markup(anomaly.eventIDs.count == 1 ? " event: " : " events: ")
      let ends = anomaly.eventIDs.count <= Self.mostLinks
      for id in anomaly.eventIDs.prefix(ends ? Self.mostLinks : Self.mostLinks - 1) { writeLink(to: id, &html) }
      if !ends, let last = anomaly.eventIDs.last {
        html.markup("\u{2026} ")
        writeLink(to: last, &html)
      }
      html.markup("</p></li>")
    }
    html.markup("</ul>")
    if pack.anomalies.count > Self.mostAnomalies {
      html.markup("<p>And ")
      html.count(pack.anomalies.count - Self.mostAnomalies)
      html.markup(" more, in the <a href=\"#json\">raw JSON</a>.</p>")
    }
    html.markup("</section>")
  }

  private static let mostAnomalies = 20

  private func writeLink(to id: String, _ html: inout HTMLWriter) {
    guard let place = places[ExactText(id)] else {
      html.text(id)
      return html.markup(" ")
    }
    html.markup("<a class=\"time\" href=\"#e")
    html.number(place)
    html.markup("\">")
    html.timeOfDay(pack.timeline[place].timestamp)
    html.markup("</a> ")
  }

  // MARK: The end

  func writeIntegrity(to html: inout HTMLWriter) {
    html.markup("<section id=\"integrity\"><h2>Integrity</h2><dl class=\"lines\">")
    for (label, value) in pack.integrity.rows {
      html.markup("<div><dt>")
      html.text(label)
      html.markup("</dt><dd>")
      html.text(value)
      html.markup("</dd></div>")
    }
    html.markup(
      """
      </dl><p>This page is for reading. To check that nothing was changed, left out or put in, take the pack as JSON \
      and run</p><pre class="command">agentgate verify PACK.json</pre></section>
      <section id="json"><h2>Raw JSON</h2><details><summary>The pack as JSON</summary>\
      <div class="raw" tabindex="0" role="region" aria-label="The pack as JSON">
      """)
  }

  func writeEnd(to html: inout HTMLWriter) {
    html.markup(
      "</div></details><p class=\"paper\">The raw JSON isn\u{2019}t printed unless it is open.</p></section></main>")
    html.markup("<footer>")
    html.text(pack.metadata.generator)
    html.markup(", ")
    html.text(ISOTimestamp.text(pack.metadata.generatedAt))
    html.markup("</footer></body></html>\n")
  }
}

extension HTMLWriter {
  /// A time's two largest units: `9 min 3 s`.
  fileprivate mutating func duration(_ microseconds: Int64) {
    guard microseconds >= 1_000_000 else {
      count(Int(max(microseconds, 0) / 1_000))
      return markup(" ms")
    }
    let seconds = Int(microseconds / 1_000_000)
    let units: [(seconds: Int, name: StaticString)] = [(86_400, " d"), (3_600, " h"), (60, " min"), (1, " s")]
    guard let first = units.firstIndex(where: { seconds >= $0.seconds }) else { return }
    count(seconds / units[first].seconds)
    markup(units[first].name)
    guard first + 1 < units.count else { return }
    let rest = seconds % units[first].seconds / units[first + 1].seconds
    guard rest > 0 else { return }
    markup(" ")
    count(rest)
    markup(units[first + 1].name)
  }
}
