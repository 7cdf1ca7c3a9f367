import StrictJSON
import Testing

@testable import Gateway

@Suite struct EvidenceHTMLTests {
  private static let start: Int64 = 1_767_225_600_000_000
  private let store = MemoryTraceStore(clock: WallClock { start })
  private let key = EvidenceKey(signingKey: "key")

  private func pack(_ session: String = "s") async throws -> EvidencePack {
    try await EvidenceBuilder(
      store: store, version: "1.2.3", key: key, clock: WallClock { Self.start + 60_000_000 }
    ).pack(session: session)
  }

  private func add(_ event: TraceEvent, _ change: (inout TraceEvent) -> Void = { _ in }) async throws {
    var event = event
    change(&event)
    try await store.append(event)
  }

  /// A session with one of everything, each text of a stranger's being `text`.
  private func fill(_ text: String, session: String = "s") async throws {
    for (index, decision) in Decision.Action.allCases.enumerated() {
      let id = "\(index)" + text
      try await add(.call(id, at: Self.start + Int64(index) * 1_000_000, session: session, tool: text)) {
        ($0.userID, $0.agentID, $0.decision, $0.reason, $0.matchedRule) = (text, text, decision, text, text)
        ($0.isWriteAction, $0.approvalTokenPresent, $0.executed) = (true, true, decision == .allow)
        ($0.error, $0.argumentsHash, $0.policyVersion, $0.policyRevision) = (text, text, text, text)
        $0.details = try? CanonicalJSON([text: .array([.string(text), .null, [:], [1]])])
      }
    }
    for index in 0..<12 {
      try await add(.call("b\(index)", at: Self.start + 2_000_000 + Int64(index), session: session, tool: text)) {
        $0.matchedRule = text
      }
    }
    try await add(.act("k" + text, .kill, at: Self.start + 500_000, session: session)) { $0.reason = text }
    try await add(.act("p" + text, .pause, at: Self.start + 600_000)) { $0.reason = text }
    try await add(.act("t" + text, .kill, at: Self.start + 1_700_000)) { ($0.toolName, $0.reason) = (text, text) }
  }

  private func page(_ pack: EvidencePack) -> String { String(decoding: EvidenceHTML(pack).bytes, as: UTF8.self) }

  @Test func sectionsAreThere() async throws {
    try await fill("db_insert")
    let page = page(try await pack())
    #expect(page.contains("<title>AgentGate Evidence Pack</title>"))
    for (id, title) in [
      ("timeline", "Timeline"), ("tools", "Tools"), ("policy", "Policy Analysis"), ("writes", "Write Actions"),
      ("anomalies", "Anomalies"), ("events", "Events"), ("integrity", "Integrity"), ("json", "Raw JSON"),
    ] {
      #expect(page.components(of: " id=\"\(id)\"").count == 2, "\(id)")
      #expect(page.contains("<h2>\(title)"), "\(title)")
      #expect(page.contains("href=\"#\(id)\""), "\(id)")
    }
    #expect(page.contains("agentgate verify PACK.json"))
    for (label, value) in try await pack().integrity.rows {
      var html = HTMLWriter()
      html.text(value)
      #expect(page.contains(label) && page.contains(String(decoding: html.bytes, as: UTF8.self)), "\(label)")
    }
    // Anomalies come first when there are any.
    let sections = page.components(of: "<section id=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
    #expect(sections.first == "anomalies")
    #expect(Markup(page).faults == [])
  }

  @Test func anEmptySessionHasAllSections() async throws {
    let page = page(try await pack("never seen"))
    #expect(
      page.components(of: "<section id=\"").dropFirst().map { $0.prefix { $0 != "\"" } } == [
        "timeline", "tools", "policy", "writes", "anomalies", "events", "integrity", "json",
      ])
    #expect(!page.contains("<svg"))
    #expect(Markup(page).faults == [])
  }

  /// Nothing outside is asked for, and nothing runs.
  @Test func pageNeedsNothingElse() async throws {
    try await fill("https://example.com/<script src=//example.com></script>")
    let markup = Markup(page(try await pack()))
    let policy = markup.tags.first { $0.name == "meta" && $0.text.contains("Content-Security-Policy") }
    #expect(policy?.text.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:;") == true)
    let names = Set(markup.tags.map(\.name))
    #expect(names.isDisjoint(with: ["script", "link", "img", "iframe", "object", "embed", "form", "base", "use"]))
    for tag in markup.tags where tag.name != "meta" {
      for attribute in [" href=\"", " src=\"", " srcset=\"", " style=\"", " on"] where tag.text.contains(attribute) {
        #expect(attribute == " href=\"" && tag.text.contains(" href=\"#"), "\(tag.text)")
      }
    }
    #expect(!EvidenceStyle.sheet.description.contains("url("))
    #expect(!EvidenceStyle.sheet.description.contains("@import"))
  }

  private static let hostile = [
    "<script>alert(1)</script>", "</title></style></svg></pre></details><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)", "' onfocus='alert(1)", "<!-- --> ]]> <![CDATA[", "&lt;b&gt; &amp;#60;",
    "\u{0}\u{1B}[2J\u{7F}\r\n\t", "a\u{202E}b\u{200B}\u{2028}\u{FEFF}\u{E0041}", "\\u{202E}", "javascript:alert(1)",
    "Zażółć 日本語 ✓", "שלום", "<\u{338}e\u{301}>\u{338}", "\u{FFFE}\u{10FFFF}\u{E000}",
  ]

  @Test(arguments: hostile) func strangersTextsStayTexts(_ text: String) async throws {
    try await fill(text, session: text)
    let pack = try await pack(text)
    #expect(pack.timeline.count == 16 && pack.policyAnalysis.controlEvents.count == 2)
    let page = page(pack)
    let markup = Markup(page)
    #expect(markup.faults == [])

    let other = EvidenceHTMLTests()
    try await other.fill("plain", session: "plain")
    let plain = Markup(other.page(try await other.pack("plain")))
    // Another text, the same tags.
    let isSame = markup.shape == plain.shape
    #expect(isSame)
    for scalar in page.unicodeScalars where !(0x20...0x7E).contains(scalar.value) && scalar != "\n" {
      #expect(VisibleText.of(String(scalar)).utf8.elementsEqual(String(scalar).utf8), "\(scalar.value)")
    }
  }

  @Test func whatCanNotBeSeenDiffersFromItsName() {
    func html(_ text: String?) -> String {
      var html = HTMLWriter()
      html.text(text)
      return String(decoding: html.bytes, as: UTF8.self)
    }
    #expect(html("a\u{202E}\u{0}b") == "<bdi>a<i class=\"u\">\\u{202E}\\u{0}</i>b</bdi>")
    #expect(html("a\\u{202E}b") == "a\\u{202E}b")
    #expect(html("\\\u{202E}}<é") == "<bdi>\\<i class=\"u\">\\u{202E}</i>}&lt;é</bdi>")
    #expect(html("<&>\"'") == "&lt;&amp;&gt;&quot;&#39;")
    #expect(html(nil) == "<i class=\"n\">\u{2013}</i>")
    #expect(html("") == "<i class=\"n\">empty</i>")
    var attribute = HTMLWriter()
    attribute.attribute("\"'<>&\u{202E}")
    #expect(String(decoding: attribute.bytes, as: UTF8.self) == "&quot;&#39;&lt;&gt;&amp;\\u{202E}")
  }

  @Test func numbersAreWritten() {
    func html(_ write: (inout HTMLWriter) -> Void) -> String {
      var html = HTMLWriter()
      write(&html)
      return String(decoding: html.bytes, as: UTF8.self)
    }
    #expect(
      [0, 7, 999, 1_000, 1_234_567, -1_234].map { n in html { $0.count(n) } }
        == ["0", "7", "999", "1,000", "1,234,567", "-1,234"])
    #expect(html { $0.number(.min) } == "-9223372036854775808")
    #expect(
      [0, 1.5, 33.333, 99.999, -0.05, .nan, 1e300].map { n in html { $0.decimal(n) } }
        == ["0", "1.5", "33.33", "100", "-0.05", "0", "1000000000"])
    #expect(html { $0.timeOfDay(Self.start + 1_500_000) } == "00:00:01.500000")
    #expect(html { $0.date(.max) } == "9999-12-31")
  }

  // MARK: The JSON

  /// What is copied out of the page is the pack's JSON.
  @Test(arguments: hostile + ["plain"]) func rawJSONIsTheJSON(_ text: String) async throws {
    try await fill(text)
    let pack = try await pack()
    let raw = try #require(JSONValue(parsing: Self.json(in: page(pack))).objectValue)
    #expect(raw.keys.first == "$schema")
    #expect(raw["$schema"] == .string(EvidenceSchema.identifier))
    let expected = try #require(JSONValue(parsing: EvidenceJSON(pack).bytes).objectValue)
    #expect(raw.keys == expected.keys)
    for key in expected.keys { #expect(raw[key] == expected[key], "\(key)") }
  }

  @Test func rawJSONHasLinesAndBlocks() async throws {
    for index in 0..<300 {
      try await add(.call("e\(index)", at: Self.start + Int64(index))) {
        $0.reason = String(repeating: "é\u{202E}", count: 40)
      }
    }
    let page = page(try await pack())
    let text = String(decoding: Self.json(in: page), as: UTF8.self)
    #expect(
      text.hasPrefix("{\n  \"$schema\": \"https://agentgate.dev/schemas/evidence-pack-v1.json\",\n  \"metadata\": {\n"))
    #expect(text.contains("\n    {\n      \"event_id\": \"e299\",\n"))
    #expect(text.contains("é\\u202eé\\u202e"))
    #expect(page.components(of: "<pre>").count > 5)
    #expect(try JSONValue(parsing: Array(text.utf8))["timeline"]?.arrayValue?.count == 300)
  }

  private static func json(in page: String) -> [UInt8] {
    let pieces = page.components(of: "class=\"raw\"").last?.components(of: "<pre>").dropFirst() ?? []
    var text = ""
    for piece in pieces { text += piece.components(of: "</pre>")[0] }
    for (reference, character) in [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")] {
      text = text.components(of: reference).joined(separator: character)
    }
    return Array(text.utf8)
  }

  // MARK: The page as a whole

  @Test func piecesAreThePageAndTheSameEachTime() async throws {
    try await fill("Zażółć 日本語 ✓")
    for index in 0..<400 { try await add(.call("more\(index)", at: Self.start + 3_000_000 + Int64(index) * 70_000)) }
    let pack = try await pack()
    let pieces = Array(EvidenceHTML(pack))
    #expect(pieces.count > 4)
    for piece in pieces { #expect(!piece.isEmpty && piece.count < 262_144) }
    #expect(Array(pieces.joined()) == EvidenceHTML(pack).bytes)
    #expect(Array(pieces.joined()) == EvidenceHTML(try await self.pack()).bytes)
  }

  @Test func eachEventHasARowThatLinksReach() async throws {
    try await fill("db_insert")
    let pack = try await pack()
    let markup = Markup(page(pack))
    let targets = Set(markup.tags.compactMap { $0.value(of: "id") })
    for index in pack.timeline.indices { #expect(targets.contains("e\(index)")) }
    for index in pack.policyAnalysis.controlEvents.indices { #expect(targets.contains("c\(index)")) }
    for tag in markup.tags {
      guard let link = tag.value(of: "href") else { continue }
      #expect(targets.contains(String(link.dropFirst())), "\(link)")
    }
    #expect(targets.count == markup.tags.compactMap { $0.value(of: "id") }.count)
  }

  /// One event a line, and nothing deeper: a page can't be higher than 33,554,432 pixels.
  @Test func rawJSONOfALongPackHasAnEventALine() async throws {
    try await fill("plain")
    var pack = try await pack()
    pack.timeline += (0..<5_000).map { number in
      let event = TraceEvent.call("m\(number)", at: Self.start + 4_000_000)
      return ChainedEvent(
        event: event, link: ChainLink(event, sequence: 1, sessionSequence: 1, recordedAt: 0, after: .zero))
    }
    var text: [UInt8] = []
    var json = EvidenceJSONText(pack)
    while let piece = json.next() { text += piece }
    let lines = String(decoding: text, as: UTF8.self).components(of: "\n")
    #expect(
      lines.contains {
        $0.hasPrefix("    {\"event_id\": \"m4999\", \"timestamp\": ") && $0.contains("\"details\": null")
      })
    #expect(lines.contains { $0.hasPrefix("      {\"event_id\": \"pplain\"") })
    #expect(lines.count < pack.timeline.count + 300)
  }

  @Test func longListsAreManyTables() async throws {
    for index in 0..<250 {
      try await add(.call("e\(index)", at: Self.start + Int64(index) * 1_000_000, tool: "t\(index)"))
    }
    let page = page(try await pack())
    #expect(page.components(of: "<table class=\"events cards\">").count == 4)
    #expect(page.components(of: "<table class=\"tools\">").count == 4)
    #expect(page.contains("<caption>Events 201 to 250 of 250</caption>"))
    #expect(Markup(page).faults == [])
  }
}

// MARK: Reading HTML

/// The tags of a page, and what is wrong with them.
private struct Markup {
  struct Tag {
    var name: String
    var text: String
    var isClosing: Bool

    func value(of attribute: String) -> String? {
      let parts = text.components(of: " \(attribute)=\"")
      return parts.count < 2 ? nil : parts[1].components(of: "\"")[0]
    }
  }

  private(set) var tags: [Tag] = []
  private(set) var faults: [String] = []
  private static let empty: Set<String> = ["input", "meta", "wbr"]

  init(_ page: String) {
    let bytes = Array(page.utf8)
    var open: [String] = []
    var offset = 0
    while let start = bytes[offset...].firstIndex(of: UInt8(ascii: "<")) {
      // Between tags no angle bracket, and each ampersand begins a reference.
      var text = String(decoding: bytes[offset..<start], as: UTF8.self)
      if open.last != "style" {
        for reference in ["&lt;", "&gt;", "&amp;", "&quot;", "&#39;"] { text = text.components(of: reference).joined() }
        if text.contains("&") || text.contains(">") { faults.append("text: \(text)") }
      }
      guard let end = bytes[start...].firstIndex(of: UInt8(ascii: ">")) else {
        faults.append("a tag without an end")
        return
      }
      offset = end + 1
      let tag = String(decoding: bytes[start...end], as: UTF8.self)
      if tag == "<!DOCTYPE html>" { continue }
      let isClosing = tag.hasPrefix("</")
      let isEmpty = tag.hasSuffix("/>")
      let name = String(tag.dropFirst(isClosing ? 2 : 1).prefix { $0.isLetter || $0.isNumber })
      if tag.components(of: "\"").count % 2 == 0 || name.isEmpty { faults.append(tag) }
      tags.append(Tag(name: name, text: tag, isClosing: isClosing))
      if isClosing {
        if open.popLast() != name { faults.append("\(tag) doesn't end what is open") }
      } else if !isEmpty, !Self.empty.contains(name) {
        open.append(name)
      }
    }
    if !open.isEmpty { faults.append("not closed: \(open)") }
  }

  /// The tags without those that a text brings with it: the marks of what can't be seen, and what keeps it to itself.
  var shape: [String] {
    var shape: [String] = []
    var isMark = false
    for tag in tags where tag.name != "bdi" {
      if tag.name == "i" {
        if tag.isClosing, isMark {
          isMark = false
          continue
        }
        isMark = !tag.isClosing && tag.text == "<i class=\"u\">"
        if isMark { continue }
      }
      shape.append(tag.text)
    }
    return shape
  }
}

extension String {
  /// Split at each occurrence of `separator`, by bytes.
  fileprivate func components(of separator: String) -> [String] {
    let (bytes, separator) = (Array(utf8), Array(separator.utf8))
    var parts: [String] = []
    var (start, offset) = (0, 0)
    while offset + separator.count <= bytes.count {
      if bytes[offset] == separator[0], bytes[offset..<(offset + separator.count)].elementsEqual(separator) {
        parts.append(String(decoding: bytes[start..<offset], as: UTF8.self))
        offset += separator.count
        start = offset
      } else {
        offset += 1
      }
    }
    return parts + [String(decoding: bytes[start...], as: UTF8.self)]
  }
}
