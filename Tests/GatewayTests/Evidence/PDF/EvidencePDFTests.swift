import StrictJSON
import TestSupport
import Testing

@testable import Gateway

@Suite struct EvidencePDFTests {
  private static let start: Int64 = 1_767_225_600_000_000

  private func event(_ number: Int, _ change: (inout TraceEvent) -> Void = { _ in }) -> TraceEvent {
    var event = TraceEvent(
      eventID: "event-\(number)", timestamp: Self.start + Int64(number) * 1_500_000, kind: .toolCall, sessionID: "s",
      userID: "u", agentID: "a", toolName: "db_query", argumentsHash: String(repeating: "0a", count: 32),
      policyVersion: "v1", policyRevision: "r1", decision: .allow, reason: "Read-only tool",
      matchedRule: "read_only_tools", executed: true, durationMilliseconds: 3)
    change(&event)
    return event
  }

  private let key = EvidenceKey()

  private func pack(_ timeline: [TraceEvent], session: String = "s") throws -> EvidencePack {
    var analysis = EvidenceAnalysis()
    for event in timeline { analysis.add(event) }
    func chained(_ events: [TraceEvent]) -> [ChainedEvent] {
      events.enumerated().map { index, event in
        ChainedEvent(
          event: event,
          link: ChainLink(
            event, sequence: Int64(index) + 1, sessionSequence: nil, recordedAt: Self.start, after: .zero))
      }
    }
    let head = try #require(TreeHead(size: 0, root: .zero, signedAt: Self.start, key: key))
    var range: ClosedRange<Int64>?
    if let first = timeline.first, let last = timeline.last { range = first.timestamp...last.timestamp }
    return EvidencePack(
      metadata: EvidencePack.Metadata(
        generatedAt: Self.start, generator: "AgentGate v1.2.3", sessionID: session, userID: analysis.userID,
        agentID: analysis.agentID, timeRange: range),
      summary: analysis.finishedSummary, timeline: chained(timeline),
      policyAnalysis: analysis.policyAnalysis(
        knownRules: ["rate_limit"],
        controlEvents: timeline.isEmpty
          ? []
          : chained([
            TraceEvent(
              eventID: "paused", timestamp: Self.start, kind: .pause, policyVersion: "v1", policyRevision: "r1",
              reason: "Maintenance")
          ])),
      writeActions: analysis.writeActions, anomalies: analysis.anomalies,
      integrity: EvidencePack.Integrity(
        eventCount: timeline.count, treeHead: head, proofs: .none, hash: .zero, signature: head.signature,
        signedAt: Self.start))
  }

  /// A page's texts, those that stand below one another at the same left edge put together.
  private func columns(_ pack: EvidencePack) throws -> [[String]] {
    let file = try PDFFile(EvidencePDF(pack).bytes)
    return try file.pages().map { page in
      var columns: [(x: Double, text: String)] = []
      for text in try file.texts(ofPage: page) {
        if let index = columns.firstIndex(where: { $0.x == text.x }) {
          columns[index].text += text.text
        } else {
          columns.append((text.x, text.text))
        }
      }
      return columns.map(\.text)
    }
  }

  private func texts(_ pack: EvidencePack) throws -> [String] {
    let file = try PDFFile(EvidencePDF(pack).bytes)
    return try file.pages().flatMap { try file.texts(ofPage: $0) }.map(\.text)
  }

  @Test func sectionsAreThere() throws {
    let texts = try texts(
      try pack([
        event(1), event(2) { ($0.decision, $0.matchedRule) = (.deny, nil) },
        event(3) {
          ($0.toolName, $0.isWriteAction, $0.approvalTokenPresent, $0.error) = ("api_post", true, true, "no")
        },
      ]))
    for expected in [
      "Evidence pack", "Summary", "Decisions over time", "Policies", "Tools", "Anomalies", "None found.",
      "Policy analysis", "rate_limit", "Timeline", "ALLOW", "DENY", "Error: no", "2026-01-01", "00:00:01.500000",
      "pause", "Maintenance", "Write actions", "api_post", "token", "Integrity",
    ] {
      #expect(texts.contains { $0.trimmed == expected }, "\(expected)")
    }
    #expect(texts.joined().contains("thumbprint \(key.publicKey.thumbprint)"))
    let details = "event-1  ·  No. 1  ·  ran  ·  arguments " + String(repeating: "0a", count: 32)
    #expect(texts.contains { $0.hasPrefix(details) })
  }

  @Test func anEmptyPackIsADocument() throws {
    let texts = try texts(try pack([]))
    #expect(texts.contains("No events."))
    #expect(texts.contains("Page 1 of "))
  }

  @Test func whatDiffersFromThePackIsSaid() throws {
    let texts = try texts(
      try pack([
        event(1), event(2) { ($0.userID, $0.policyRevision) = (nil, "r2") },
        event(3) { ($0.userID, $0.agentID) = ("u", "multiple") },
        event(4) { ($0.kind, $0.decision, $0.userID, $0.agentID) = (.kill, nil, nil, nil) },
      ]))
    let details = texts.filter { $0.hasPrefix("event-") }
    try #require(details.count == 4)
    #expect(details[0].hasPrefix("event-1  ·  No. 1  ·  ran  ·  agent a  ·  policy 1"))
    #expect(details[1].hasPrefix("event-2  ·  No. 2  ·  ran  ·  user none  ·  agent a  ·  policy 2"))
    #expect(details[2].hasPrefix("event-3  ·  No. 3  ·  ran  ·  agent multiple"))
    #expect(details[3].hasPrefix("event-4  ·  No. 4  ·  kill  ·  ran  ·  policy 1"))
  }

  @Test func noTextIsLost() throws {
    let reason = (0..<800).map { "w\($0)" }.joined(separator: " ")
    let tool = String(repeating: "very_long_tool_name/", count: 30)
    let details = try CanonicalJSON(["text": .string(String(repeating: "d", count: 20_000))])
    let columns = try columns(
      try pack([
        event(1) { ($0.reason, $0.toolName, $0.details) = (reason, tool, details) }, event(2),
      ]))
    // A column goes on at the same place of the next page, after the table's head; long texts begin at the tool's.
    let all = columns.flatMap { $0 }
    for number in 0..<800 { #expect(all.contains { $0.contains("w\(number) ") || $0.contains("w799") }) }
    #expect(all.contains { $0.contains("Reason: w0 w1 w2 ") })
    #expect(all.contains { $0.contains("Tool: " + tool) })
    #expect(all.reduce(0) { $0 + $1.count { $0 == "d" } } >= 20_000)
  }

  @Test(arguments: [
    ("Zażółć 日本語 ✓", "Zażółć 日本語 ✓"),
    ("a\u{0}\u{7}\n\r\u{1B}[2J", #"a\u{0}\u{7}\u{A}\u{D}\u{1B}[2J"#),
    ("x\u{202E}y\u{200B}z\u{FEFF}", #"x\u{202E}y\u{200B}z\u{FEFF}"#),
    ("\u{1F680}\u{E0B0}", #"\u{1F680}\u{E0B0}"#),
    ("(\\) <</Type>> endstream endobj", "(\\) <</Type>> endstream endobj"),
    ("", ""),
  ])
  func hostileTextsAreShown(_ text: String, _ expected: String) throws {
    let columns = try columns(
      try pack(
        [
          event(1) {
            ($0.reason, $0.toolName, $0.matchedRule, $0.error) = (text, text, text, text)
            ($0.userID, $0.agentID, $0.policyVersion, $0.policyRevision) = (text, text, text, text)
            ($0.eventID, $0.isWriteAction) = (text, true)
          }
        ], session: text))
    #expect(columns.joined().contains { $0.contains(expected + "Error: " + expected) })
  }

  @Test func everyScalarCanBeShown() throws {
    let scalars = stride(from: 1, to: 0x11_0000, by: 37).compactMap(Unicode.Scalar.init)
    let text = String(String.UnicodeScalarView(scalars))
    _ = try texts(try pack([event(1) { ($0.reason, $0.toolName) = (text, text) }], session: text))
  }

  @Test func largePacksComeInPieces() throws {
    let pack = try self.pack((0..<5_000).map { event($0) })
    var sizes: [Int] = []
    var bytes: [UInt8] = []
    for piece in EvidencePDF(pack) {
      sizes.append(piece.count)
      bytes += piece
    }
    #expect(sizes.count > 4)
    #expect(sizes.dropLast().allSatisfy { (65_536..<200_000).contains($0) })
    #expect(bytes == EvidencePDF(pack).bytes)
    let file = try PDFFile(bytes)
    let pages = try file.pages()
    #expect(pages.count > 100)
    let middle = try file.texts(ofPage: pages[50]).map(\.text)
    #expect(middle.starts(with: ["Time (UTC)", "Tool", "Decision", "Reason", "Rule", "ms"]))
    let ids = try pages.flatMap { try file.texts(ofPage: $0) }.map(\.text).filter {
      $0.hasPrefix("event-") && $0.contains("·")
    }
    #expect(ids.count == 5_000)
  }
}

extension String {
  fileprivate var trimmed: Substring {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return text
  }
}
