import PDF

/// A pack as a PDF document to read, to print and to file, with what the JSON pack says, in pieces that are made when
/// they are asked for. The same pack gives the same bytes.
///
/// What can't be seen or printed of a text is written out as `\u{200B}`. An event's user, agent and policy are shown
/// where they are not those of the whole pack.
public struct EvidencePDF: Sequence, Sendable {
  private let pack: EvidencePack

  public init(_ pack: EvidencePack) { self.pack = pack }

  /// The whole file at once.
  public var bytes: [UInt8] { reduce(into: []) { $0 += $1 } }

  public func makeIterator() -> Iterator { Iterator(pack) }

  public struct Iterator: IteratorProtocol {
    private enum Part {
      case overview
      case tools
      case anomalies
      case rules
      case controlEvents
      case timeline
      case writeActions
      case integrity
      case end
      case done
    }

    private static let pieceSize = 65_536
    private static let rowsPerStep = 128
    private let pack: EvidencePack
    private var pages: EvidencePages
    private var part = Part.overview
    private var index = 0

    fileprivate init(_ pack: EvidencePack) {
      self.pack = pack
      pages = EvidencePages(pack)
    }

    public mutating func next() -> [UInt8]? {
      while part != .done, pages.flow.document.available < Self.pieceSize { step() }
      let piece = pages.flow.document.take()
      return piece.isEmpty ? nil : piece
    }

    private mutating func step() {
      switch part {
      case .overview:
        pages.addOverview(pack)
        part = .tools
      case .tools:
        addRows(of: pack.summary.byTool, then: .anomalies, begin: { $0.beginTools() }) { $0.add($1.tool, $1.use) }
      case .anomalies:
        pages.add(pack.anomalies)
        part = .rules
      case .rules:
        let analysis = pack.policyAnalysis
        addRows(of: analysis.triggered, then: .controlEvents, begin: { $0.beginRules(analysis) }) {
          $0.add($1.rule, $1.use)
        }
      case .controlEvents:
        let events = pack.policyAnalysis.controlEvents
        addRows(of: events, then: .timeline, begin: { $0.beginControlEvents(events.count) }) { $0.add($1) }
      case .timeline:
        let count = pack.timeline.count
        addRows(of: pack.timeline, then: .writeActions, begin: { $0.beginTimeline(count) }) { $0.add($1) }
      case .writeActions:
        let count = pack.writeActions.count
        addRows(of: pack.writeActions, then: .integrity, begin: { $0.beginWriteActions(count) }) { $0.add($1) }
      case .integrity:
        pages.addIntegrity(pack.integrity.rows)
        part = .end
      case .end:
        pages.flow.finish()
        part = .done
      case .done: break
      }
    }

    /// Some rows of a table, and its beginning and end when it is time for them.
    private mutating func addRows<Element>(
      of elements: [Element], then next: Part, begin: (inout EvidencePages) -> Void,
      _ add: (inout EvidencePages, Element) -> Void
    ) {
      if index == 0 { begin(&pages) }
      let end = Swift.min(index + Self.rowsPerStep, elements.count)
      while index < end {
        add(&pages, elements[index])
        index += 1
      }
      guard index == elements.count else { return }
      pages.endTable()
      (part, index) = (next, 0)
    }
  }
}
