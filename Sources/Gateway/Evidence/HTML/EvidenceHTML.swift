/// A pack as one HTML page that needs nothing else: no network, no script, readable on screen and on paper. The pieces
/// are UTF-8 of about 64 kB, made when they are asked for; two renderings of one pack are the same bytes.
///
/// The title and the sections Timeline, Policy Analysis, Write Actions, Anomalies and Raw JSON are AgentGate 0.2's.
public struct EvidenceHTML: Sequence, Sendable {
  private let pack: EvidencePack

  public init(_ pack: EvidencePack) { self.pack = pack }

  /// The whole page at once.
  public var bytes: [UInt8] { reduce(into: []) { $0 += $1 } }

  public func makeIterator() -> Iterator { Iterator(pack) }

  public struct Iterator: IteratorProtocol {
    private enum Part: Int {
      case head
      case lanes
      case afterChart
      case tools
      case rules
      case afterRules
      case controlEvents
      case writeActions
      case events
      case integrity
      case json
      case end
    }

    private static let pieceSize = 65_536
    private let pack: EvidencePack
    /// Made with the first piece: it goes through all events.
    private var page: EvidencePage?
    private var json: EvidenceJSONText
    private var part: Part? = .head
    private var index = 0

    fileprivate init(_ pack: EvidencePack) {
      self.pack = pack
      json = EvidenceJSONText(pack)
    }

    public mutating func next() -> [UInt8]? {
      guard part != nil else { return nil }
      let page = self.page ?? EvidencePage(pack)
      self.page = page
      var html = HTMLWriter(capacity: Self.pieceSize + Self.pieceSize / 8)
      while html.bytes.count < Self.pieceSize, let part { write(part, of: page, to: &html) }
      return html.bytes
    }

    private mutating func write(_ part: Part, of page: EvidencePage, to html: inout HTMLWriter) {
      switch part {
      case .head: page.writeHead(to: &html)
      case .lanes: return write(page.lanes, to: &html)
      case .afterChart: page.writeAfterChart(to: &html)
      case .tools: return write(page.tools, to: &html)
      case .rules: return write(page.rules, to: &html)
      case .afterRules: page.writeAfterRules(to: &html)
      case .controlEvents: return write(page.controlEvents, to: &html)
      case .writeActions: return write(page.writeActions, to: &html)
      case .events: return write(page.events, to: &html)
      case .integrity: page.writeIntegrity(to: &html)
      case .json:
        guard let piece = json.next() else { break }
        return html.append(escaped: piece)
      case .end: page.writeEnd(to: &html)
      }
      self.part = Part(rawValue: part.rawValue + 1)
    }

    private mutating func write(_ list: some EvidencePageList, to html: inout HTMLWriter) {
      while html.bytes.count < Self.pieceSize, index < list.count {
        list.writeRow(index, to: &html)
        index += 1
      }
      guard index == list.count, let part else { return }
      if list.count == 0 { list.writeEmpty(to: &html) }
      (self.part, index) = (Part(rawValue: part.rawValue + 1), 0)
    }
  }
}

/// A part of the page that grows with the session and is written a row at a time.
protocol EvidencePageList {
  var count: Int { get }
  /// With whatever has to stand before or after it.
  func writeRow(_ index: Int, to html: inout HTMLWriter)
  /// What stands there when there is no row.
  func writeEmpty(to html: inout HTMLWriter)
}
