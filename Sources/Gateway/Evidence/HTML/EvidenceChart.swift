/// What the timeline's picture shows: decisions over time, a lane for each tool, and what operators did meanwhile. Its
/// size doesn't depend on the number of events.
struct EvidenceChart {
  /// Equal parts of the time.
  static let columns = 120
  /// Lanes with a tool of their own, the busiest.
  static let namedLanes = 8
  /// Up to here each decision is drawn, unless too often there are more in a column than have room there.
  static let mostDots = 300
  static let mostDotsUp = 3
  static let mostDotsDown = 2
  static let mostCrowds = 16
  /// Marks closer than this part of the width are one.
  private static let markDistance = 1.5
  private static let mostSpans = 40

  /// Microseconds since 1970-01-01T00:00:00Z; never empty.
  let start: Int64
  let end: Int64
  private(set) var lanes: [Lane] = []
  private(set) var marks: [Mark] = []
  /// When something was stopped: a kill of the session, a pause, a tool's kill.
  private(set) var spans: [Span] = []
  /// Columns with bursts, ascending and apart from each other.
  private(set) var bursts: [ClosedRange<Int>] = []
  /// The highest number on either side of a lane's line in a column.
  private(set) var highest = 1
  /// Each decision is drawn, but for crowds, rather than each column.
  private(set) var hasDots = false

  struct Lane {
    /// Absent for the lane of all other tools.
    var name: String?
    var isRequest = false
    /// Tools in it.
    var tools = 1
    var use = EvidencePack.ToolUse()
    var cells: [Int: Cell] = [:]
  }

  struct Cell {
    var use = EvidencePack.ToolUse()
    /// Places in the timeline; when the chart has no dots, the first only.
    var events: [Int] = []
  }

  /// Acts of operators at about the same time.
  struct Mark {
    /// In percent of the width.
    var place: Double
    var acts: [Act]
    /// The one that it is named after.
    var main: Act { acts.max { $0.weight < $1.weight } ?? acts[0] }
  }

  struct Act {
    var event: TraceEvent
    var isOfTimeline: Bool
    /// In the timeline, or among the control events.
    var index: Int

    fileprivate var weight: Int {
      switch event.kind {
      case .kill: 5
      case .pause: 4
      case .unkill, .resume: 3
      case .reload: 2
      default: 1
      }
    }
  }

  struct Span {
    var from: Double
    var to: Double
    /// Of all lanes when absent.
    var lane: Int?
  }

  struct Tick {
    var time: Int64
    var place: Double
  }

  /// Nil when nothing happened. `places` says where an event's id is in the timeline.
  init?(_ pack: EvidencePack, places: [ExactText: Int]) {
    let acts = Self.acts(pack)
    let times = pack.timeline.lazy.map(\.timestamp)
    guard let first = times.min(), let last = times.max() else { return nil }
    let range = ISOTimestamp.range
    let from = min(max(first, range.lowerBound), range.upperBound)
    let to = min(max(last, range.lowerBound), range.upperBound)
    // A single moment stands in the middle of a second.
    start = from == to ? max(from - 500_000, range.lowerBound) : from
    end = from == to ? from + 500_000 : to
    addLanes(pack)
    addMarks(acts)
    addBursts(pack, places)
  }

  /// In percent of the width.
  func place(_ time: Int64) -> Double {
    let bounded = min(max(time, start), end)
    return Double(bounded - start) / Double(end - start) * 100
  }

  func column(_ time: Int64) -> Int {
    min(Int(place(time) / 100 * Double(Self.columns)), Self.columns - 1)
  }

  /// When a column begins.
  func time(ofColumn column: Int) -> Int64 {
    start + Int64(Double(end - start) * Double(column) / Double(Self.columns))
  }

  // MARK: Lanes

  private struct Name: Hashable {
    var name: ExactText
    var isRequest: Bool
  }

  private mutating func addLanes(_ pack: EvidencePack) {
    var names: [Name: Int] = [:]
    var uses: [(name: Name, count: Int)] = []
    let laneOfEvent = pack.timeline.map { event -> Int in
      guard event.decision != nil else { return -1 }
      let name = Name(name: ExactText(event.toolName ?? ""), isRequest: event.kind == .request)
      let number = names[name] ?? uses.count
      if number == uses.count {
        names[name] = number
        uses.append((name, 0))
      }
      uses[number].count += 1
      return number
    }
    let order = uses.indices.sorted { a, b in
      let (x, y) = (uses[a], uses[b])
      if x.count != y.count { return x.count > y.count }
      return x.name.name != y.name.name ? x.name.name < y.name.name : !x.name.isRequest && y.name.isRequest
    }
    // A lane for one other tool may as well bear its name.
    let named = uses.count == Self.namedLanes + 1 ? uses.count : min(uses.count, Self.namedLanes)
    var laneOfName = [Int](repeating: named, count: uses.count)
    for (lane, number) in order.prefix(named).enumerated() {
      laneOfName[number] = lane
      lanes.append(Lane(name: uses[number].name.name.text, isRequest: uses[number].name.isRequest))
    }
    if named < uses.count { lanes.append(Lane(name: nil, tools: uses.count - named)) }

    let decisions = uses.reduce(0) { $0 + $1.count }
    hasDots = decisions <= Self.mostDots
    for (index, event) in pack.timeline.enumerated() {
      guard let decision = event.decision else { continue }
      let lane = laneOfName[laneOfEvent[index]]
      let column = column(event.timestamp)
      lanes[lane].use.add(decision)
      lanes[lane].cells[column, default: Cell()].add(decision, index, keepingAll: hasDots)
    }
    var crowds = 0
    for lane in lanes {
      for cell in lane.cells.values {
        highest = max(highest, cell.use.allowed, cell.use.held)
        crowds += cell.use.allowed > Self.mostDotsUp || cell.use.held > Self.mostDotsDown ? 1 : 0
      }
    }
    if crowds > Self.mostCrowds { hasDots = false }
  }

  // MARK: Marks

  /// By time, then as they stand in the pack.
  static func acts(_ pack: EvidencePack) -> [Act] {
    var acts: [Act] = []
    for (index, event) in pack.timeline.enumerated() where event.event.isAct {
      acts.append(Act(event: event.event, isOfTimeline: true, index: index))
    }
    for (index, event) in pack.policyAnalysis.controlEvents.enumerated() where event.event.isAct {
      acts.append(Act(event: event.event, isOfTimeline: false, index: index))
    }
    return acts.enumerated().sorted {
      ($0.element.event.timestamp, $0.offset) < ($1.element.event.timestamp, $1.offset)
    }.map(\.element)
  }

  private mutating func addMarks(_ acts: [Act]) {
    var stoppedAt: [ExactText: Double] = [:]
    for act in acts {
      let place = place(act.event.timestamp)
      if let last = marks.last, place - last.place < Self.markDistance {
        marks[marks.count - 1].acts.append(act)
      } else {
        marks.append(Mark(place: place, acts: [act]))
      }
      guard let (key, lane) = stopped(by: act) else { continue }
      if act.event.kind == .kill || act.event.kind == .pause {
        if stoppedAt[key] == nil { stoppedAt[key] = place }
      } else if let from = stoppedAt.removeValue(forKey: key), spans.count < Self.mostSpans {
        spans.append(Span(from: from, to: place, lane: lane))
      }
    }
    for (key, from) in stoppedAt.sorted(by: { $0.key < $1.key }) where spans.count < Self.mostSpans {
      spans.append(Span(from: from, to: 100, lane: lane(ofStopped: key)))
    }
  }

  /// What a kill or a pause stops, and its lane if it is one tool; nil when it doesn't show in the lanes.
  private func stopped(by act: Act) -> (key: ExactText, lane: Int?)? {
    switch act.event.kind {
    case .pause, .resume: return (ExactText("pause"), nil)
    case .kill, .unkill:
      if act.isOfTimeline { return (ExactText("session"), nil) }
      guard let tool = act.event.toolName else { return act.event.agentID == nil ? (ExactText("all"), nil) : nil }
      let key = ExactText("tool " + tool)
      return lane(ofStopped: key).map { (key, $0) }
    default: return nil
    }
  }

  private func lane(ofStopped key: ExactText) -> Int? {
    lanes.firstIndex { lane in
      guard let name = lane.name, !lane.isRequest else { return false }
      return key == ExactText("tool " + name)
    }
  }

  private mutating func addBursts(_ pack: EvidencePack, _ places: [ExactText: Int]) {
    var isBusy = [Bool](repeating: false, count: Self.columns)
    for anomaly in pack.anomalies where anomaly.kind == .rapidFire {
      guard let first = anomaly.eventIDs.first.flatMap({ places[ExactText($0)] }),
        let last = anomaly.eventIDs.last.flatMap({ places[ExactText($0)] })
      else { continue }
      let (from, to) = (column(pack.timeline[first].timestamp), column(pack.timeline[last].timestamp))
      for column in min(from, to)...max(from, to) { isBusy[column] = true }
    }
    for column in isBusy.indices where isBusy[column] {
      if let last = bursts.last, last.upperBound == column - 1 {
        bursts[bursts.count - 1] = last.lowerBound...column
      } else {
        bursts.append(column...column)
      }
    }
  }

  // MARK: Ticks

  /// Microseconds between ticks; the last is for whatever is longer.
  private static let steps: [Int64] = {
    var steps: [Int64] = []
    var power: Int64 = 1
    while power < 1_000_000 {
      steps += [power, 2 * power, 5 * power]
      power *= 10
    }
    let seconds: [Int64] = [
      1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    ]
    let days: [Int64] = [1, 2, 7, 14, 30, 90, 180, 365, 730, 1_826, 3_652, 18_262, 36_524, 182_621, 730_484]
    return steps + seconds.map { $0 * 1_000_000 } + days.map { $0 * Self.day }
  }()
  static let day: Int64 = 86_400_000_000

  /// Of the step at most eight go into the time.
  var step: Int64 { Self.steps.first { (end - start) / $0 <= 7 } ?? Self.steps[Self.steps.count - 1] }

  var ticks: [Tick] {
    let step = step
    let rest = start % step
    var time = rest == 0 ? start : rest > 0 ? start - rest + step : start - rest
    var ticks: [Tick] = []
    while time <= end {
      ticks.append(Tick(time: time, place: place(time)))
      time += step
    }
    return ticks
  }
}

extension EvidenceChart.Cell {
  fileprivate mutating func add(_ decision: Decision.Action, _ index: Int, keepingAll: Bool) {
    use.add(decision)
    if keepingAll || events.isEmpty { events.append(index) }
  }
}

extension EvidencePack.ToolUse {
  fileprivate mutating func add(_ decision: Decision.Action) {
    switch decision {
    case .allow: allowed += 1
    case .deny: denied += 1
    case .requireApproval: requireApproval += 1
    }
  }

  var calls: Int { allowed + denied + requireApproval }
  /// Those that didn't go through.
  var held: Int { denied + requireApproval }
}

extension TraceEvent {
  /// An operator's, or what came of one.
  var isAct: Bool { kind != .toolCall && kind != .request }
}
