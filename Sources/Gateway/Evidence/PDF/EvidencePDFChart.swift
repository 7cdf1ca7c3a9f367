import PDF

/// How many calls were decided how, over time: equal spans from the first event to the last.
struct EvidencePDFChart {
  private static let spans = 60
  let range: ClosedRange<Int64>
  /// For each span, the decisions in the order of `Decision.Action.allCases`.
  private(set) var counts: [[Int]]

  /// Absent when there is no time to show.
  init?(_ pack: EvidencePack) {
    guard let range = pack.metadata.timeRange, range.lowerBound < range.upperBound else { return nil }
    self.range = range
    counts = Array(repeating: Array(repeating: 0, count: Decision.Action.allCases.count), count: Self.spans)
    let length = Double(range.upperBound) - Double(range.lowerBound)
    for event in pack.timeline {
      guard event.kind == .toolCall, let decision = event.decision, range.contains(event.timestamp),
        let place = Decision.Action.allCases.firstIndex(of: decision)
      else { continue }
      let position = (Double(event.timestamp) - Double(range.lowerBound)) / length * Double(Self.spans)
      counts[min(Int(position), Self.spans - 1)][place] += 1
    }
  }

  var highest: Int { counts.map { $0.reduce(0, +) }.max() ?? 0 }

  /// As `1.5 s`: with one decimal, or none when there is no need.
  var span: String {
    let seconds = (Double(range.upperBound) - Double(range.lowerBound)) / Double(Self.spans) / 1_000_000
    let (value, unit) =
      switch seconds {
      case ..<1: (seconds * 1_000, "ms")
      case ..<120: (seconds, "s")
      case ..<7_200: (seconds / 60, "min")
      case ..<172_800: (seconds / 3_600, "h")
      default: (seconds / 86_400, "days")
      }
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
  }
}

extension EvidencePages {
  mutating func addChart(_ chart: EvidencePDFChart?) {
    guard let chart, chart.highest > 0 else { return }
    addSubheading("Decisions over time")
    let (left, width, height) = (flow.layout.left, flow.layout.width, 56.0)
    let bar = width / Double(chart.counts.count)
    var band = Band(height: height + 24)
    let highest = run(Self.counted(chart.highest, "call"))
    band.items.append(.text(highest, x: left, y: 6, size: 6, color: Style.label))
    band.items.append(rule(at: 9))
    for (index, counts) in chart.counts.enumerated() {
      var top = 9 + height
      for (action, count) in zip(Decision.Action.allCases, counts) where count > 0 {
        let part = height * Double(count) / Double(chart.highest)
        top -= part
        band.items.append(
          .box(
            x: left + Double(index) * bar + 0.6, y: top, width: bar - 1.2, height: part, color: Style.color(action)))
      }
    }
    band.items.append(rule(at: 9 + height, thickness: 0.7, color: Style.strongRule))
    let (start, end) = (run(ISOTimestamp.text(chart.range.lowerBound)), run(ISOTimestamp.text(chart.range.upperBound)))
    let middle = run("each bar \(chart.span)")
    let baseline = height + 18
    band.items.append(.text(start, x: left, y: baseline, size: 6, color: Style.label))
    band.items.append(
      .text(middle, x: left + (width - middle.width(size: 6)) / 2, y: baseline, size: 6, color: Style.label))
    band.items.append(.text(end, x: left + width - end.width(size: 6), y: baseline, size: 6, color: Style.label))
    var x = left + width
    for action in Decision.Action.allCases.reversed() {
      let name = run(action.rawValue)
      x -= name.width(size: 6)
      band.items.append(.text(name, x: x, y: 6, size: 6, color: Style.label))
      x -= 7
      band.items.append(.box(x: x, y: 1.4, width: 4.5, height: 4.5, color: Style.color(action)))
      x -= 10
    }
    flow.add([band])
  }
}
