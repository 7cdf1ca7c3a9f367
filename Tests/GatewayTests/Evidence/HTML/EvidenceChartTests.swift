import Testing

@testable import Gateway

@Suite struct EvidenceChartTests {
  private static let start: Int64 = 1_767_225_600_000_000
  private static let second: Int64 = 1_000_000

  private func pack(_ timeline: [TraceEvent], control: [TraceEvent] = []) async throws -> EvidencePack {
    let store = MemoryTraceStore()
    var pack = try await EvidenceBuilder(
      store: store, version: "1", key: EvidenceKey(), clock: WallClock { Self.start }
    ).pack(session: "s")
    pack.timeline = timeline.map(Self.chained)
    pack.policyAnalysis.controlEvents = control.map(Self.chained)
    return pack
  }

  private static func chained(_ event: TraceEvent) -> ChainedEvent {
    ChainedEvent(
      event: event, link: ChainLink(event, sequence: 1, sessionSequence: nil, recordedAt: start, after: .zero))
  }

  private func chart(_ pack: EvidencePack) throws -> EvidenceChart {
    try #require(EvidencePage(pack).chart)
  }

  private func svg(_ pack: EvidencePack) throws -> String {
    let chart = try chart(pack)
    var html = HTMLWriter()
    chart.writeBeginning(pack, to: &html)
    for index in chart.lanes.indices { chart.writeLane(index, pack, to: &html) }
    chart.writeEnd(to: &html)
    return String(decoding: html.bytes, as: UTF8.self)
  }

  private func call(_ second: Int64, _ tool: String, _ decision: Decision.Action = .allow) -> TraceEvent {
    var event = TraceEvent.call("\(second)\(tool)", at: Self.start + second * Self.second, tool: tool)
    event.decision = decision
    return event
  }

  @Test func lanesAreTheBusiestTools() async throws {
    var events: [TraceEvent] = []
    for tool in 0..<12 {
      for index in 0...tool { events.append(call(Int64(events.count), "t\(tool)", index == 0 ? .deny : .allow)) }
    }
    let chart = try chart(try await pack(events))
    #expect(chart.lanes.map(\.name) == ["t11", "t10", "t9", "t8", "t7", "t6", "t5", "t4", nil])
    #expect(chart.lanes.map(\.use.calls) == [12, 11, 10, 9, 8, 7, 6, 5, 10])
    #expect(chart.lanes[0].use == EvidencePack.ToolUse(allowed: 11, denied: 1, requireApproval: 0))
    #expect(chart.lanes[8].tools == 4)
    // One more than there are named lanes has its name too.
    let nine = try self.chart(try await pack(events.filter { ($0.toolName?.count ?? 0) == 2 && $0.toolName != "t0" }))
    #expect(nine.lanes.map(\.name) == ["t9", "t8", "t7", "t6", "t5", "t4", "t3", "t2", "t1"])
  }

  @Test func namesAreToldApartByTheirBytes() async throws {
    let lanes = try chart(try await pack([call(0, "\u{E9}"), call(1, "e\u{301}"), call(2, "e\u{301}")])).lanes
    #expect(lanes.map { $0.name.map { Array($0.utf8) } } == [Array("e\u{301}".utf8), Array("\u{E9}".utf8)])
  }

  @Test func columnsShareTheTimeEqually() async throws {
    let chart = try chart(try await pack([call(0, "a"), call(60, "a", .deny), call(119, "a"), call(120, "a")]))
    #expect(chart.lanes[0].cells.keys.sorted() == [0, 60, 119])
    #expect(chart.lanes[0].cells[119]?.use.allowed == 2)
    #expect(chart.lanes[0].cells[60]?.use.denied == 1)
    #expect(chart.place(chart.start) == 0 && chart.place(chart.end) == 100)
    #expect(chart.place(.min) == 0 && chart.place(.max) == 100)
  }

  @Test func aMomentHasASecond() async throws {
    let chart = try chart(try await pack([call(0, "a")]))
    #expect(chart.end - chart.start == Self.second)
    #expect(chart.lanes[0].cells.keys.sorted() == [60])
    #expect(EvidencePage(try await pack([])).chart == nil)
  }

  @Test(
    arguments: [
      (0, 3, 500_000), (0, 60, 10_000_000), (0, 600, 120_000_000), (0, 86_400, 21_600_000_000),
      (0, 30 * 86_400, 604_800_000_000),
    ] as [(Int64, Int64, Int64)])
  func ticksAreRoundAndFew(from: Int64, to: Int64, step: Int64) async throws {
    let chart = try chart(try await pack([call(from, "a"), call(to, "a")]))
    #expect(chart.step == step)
    #expect((2...8).contains(chart.ticks.count))
    #expect(chart.ticks.allSatisfy { $0.time % step == 0 && (0...100).contains($0.place) })
  }

  @Test func anyTimesHaveAChart() async throws {
    let range = ISOTimestamp.range
    for times in [[Int64.min, .max], [range.lowerBound, range.upperBound], [.max], [.min], [-1, 0], [7, 3, 5]] {
      let events = times.map { TraceEvent.call("\($0)", at: $0) }
      let chart = try chart(try await pack(events))
      #expect(chart.start < chart.end)
      #expect(chart.ticks.count <= 8)
      #expect(try !svg(try await pack(events)).isEmpty)
    }
  }

  @Test func actsAreMarksAndWhatTheyStopIsShaded() async throws {
    func act(_ kind: TraceEvent.Kind, _ second: Int64, session: String? = nil, tool: String? = nil) -> TraceEvent {
      var event = TraceEvent.act("\(kind)\(second)", kind, at: Self.start + second * Self.second, session: session)
      event.toolName = tool
      return event
    }
    let pack = try await pack(
      [
        call(0, "a"), act(.kill, 50, session: "s"), act(.containment, 50, session: "s"), act(.unkill, 60, session: "s"),
        call(100, "b"),
      ],
      control: [
        act(.pause, 10), act(.resume, 20), act(.kill, 75, tool: "b"), act(.kill, 80, tool: "c"), act(.reload, 90),
      ])
    let chart = try chart(pack)
    #expect(chart.marks.map(\.place) == [10, 20, 50, 60, 75, 80, 90])
    #expect(chart.marks[2].acts.count == 2 && chart.marks[2].main.event.kind == .kill)
    #expect(chart.spans.map(\.from) == [10, 50, 75])
    #expect(chart.spans.map(\.to) == [20, 60, 100])
    #expect(chart.spans.map(\.lane) == [nil, nil, 1])
    let svg = try svg(pack)
    for word in [">pause<", ">resume<", ">kill +1<", ">unkill<", ">tool kill<", ">reload<"] {
      #expect(svg.contains(word), "\(word)")
    }
    #expect(svg.contains("href=\"#e1\"") && svg.contains("href=\"#c0\""))
  }

  @Test func eachDecisionHasItsSign() async throws {
    let svg = try svg(try await pack([call(0, "a"), call(50, "a", .deny), call(100, "a", .requireApproval)]))
    #expect(
      svg.contains("<circle class=\"a\"") && svg.contains("<path class=\"d\"") && svg.contains("<path class=\"q\""))
    #expect(svg.contains("a: 1 allowed, 1 denied, 1 asked for approval."))
  }

  /// Where dots have no room there is a bar with its number.
  @Test func crowdsAreBars() async throws {
    let svg = try svg(try await pack((0..<9).map { _ in call(0, "a") } + [call(100, "b", .deny)]))
    #expect(svg.contains("<rect class=\"a\"") && svg.contains(">9</text>") && svg.contains("<path class=\"d\""))
    #expect(!svg.contains("<circle"))
  }

  @Test func sizeDoesNotGrowWithTheEvents() async throws {
    var timeline: [TraceEvent] = []
    var control: [TraceEvent] = []
    timeline.reserveCapacity(110_000)
    for index in 0..<100_000 {
      timeline.append(
        call(Int64(index), "tool \(index % 40)", Decision.Action.allCases[index / 40 % 3]))
      if index % 10 == 0 { timeline.append(.act("k\(index)", .kill, at: timeline[index].timestamp, session: "s")) }
      if index % 50 == 0 { control.append(.act("p\(index)", .pause, at: timeline[index].timestamp)) }
    }
    let pack = try await pack(timeline, control: control)
    let chart = try chart(pack)
    #expect(!chart.hasDots)
    #expect(chart.lanes.count == EvidenceChart.namedLanes + 1)
    #expect(chart.lanes.reduce(0) { $0 + $1.use.calls } == 100_000)
    let svg = try svg(pack)
    let nodes = svg.utf8.count { $0 == UInt8(ascii: "<") }
    // Each column of each lane: a link, its title, three bars; both ends of most tags.
    #expect(nodes < 9 * EvidenceChart.columns * 8 + 1_000)
    #expect(svg.utf8.count < 1_000_000)
  }
}
