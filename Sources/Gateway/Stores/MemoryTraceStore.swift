import Synchronization

/// Events in memory, gone with the process.
public final class MemoryTraceStore: TraceStore {
  private struct State {
    var isClosed = false
    var events: [ExactText: ChainedEvent] = [:]
    var intents: Set<ExactText> = []
    /// Each ascending by time and id.
    var sessions: [ExactText: [ChainedEvent]] = [:]
    var control: [ChainedEvent] = []
    /// Sessions' first events, by whom they name.
    var agentStarts: [ExactText: [ChainedEvent]] = [:]
    var userStarts: [ExactText: [ChainedEvent]] = [:]
    /// Kills and un-kills of sessions.
    var kills: [ChainedEvent] = []
    /// The numbers of agents' calls, by tool and of all tools, ascending.
    var calls: [Caller: [Int64]] = [:]
    /// The events' hashes, in the chain's order.
    var hashes: [EventHash] = []
    /// The kept nodes of the tree, by level and position.
    var nodes: [Int: [EventHash]] = [:]
    var edge = MerkleEdge()
  }

  private struct Caller: Hashable {
    var agent: ExactText
    var tool: ExactText?
  }

  private let state = Mutex(State())
  private let clock: WallClock

  public init(clock: WallClock = .system) { self.clock = clock }

  public func append(_ event: TraceEvent) async throws(TraceStoreError) { try keep(event) }

  private func keep(_ event: TraceEvent) throws(TraceStoreError) {
    try event.checkTime()
    try state.withLock { state throws(TraceStoreError) in
      guard !state.isClosed else { throw .closed }
      if let earlier = state.events[ExactText(event.eventID)] {
        guard earlier.event == event else { throw .conflict(event.eventID) }
        return
      }
      let row = ChainedEvent(
        event: event,
        link: ChainLink(
          event, sequence: state.edge.size + 1,
          sessionSequence: event.sessionID.map { Int64(state.sessions[ExactText($0)]?.count ?? 0) + 1 },
          recordedAt: clock.now(), after: state.hashes.last ?? .zero))
      state.events[ExactText(event.eventID)] = row
      state.hashes.append(row.link.hash)
      for node in state.edge.append(row.link.hash) { state.nodes[node.level, default: []].append(node.hash) }
      if let session = event.sessionID {
        Self.insert(row, into: &state.sessions[ExactText(session), default: []])
      } else if event.kind != .toolCall {
        Self.insert(row, into: &state.control)
      }
      Self.index(row, in: &state)
    }
  }

  private static func index(_ row: ChainedEvent, in state: inout State) {
    if row.link.sessionSequence == 1 {
      if let agent = row.agentID { insert(row, into: &state.agentStarts[ExactText(agent), default: []]) }
      if let user = row.userID { insert(row, into: &state.userStarts[ExactText(user), default: []]) }
    }
    if row.kind == .kill || row.kind == .unkill, row.sessionID != nil { insert(row, into: &state.kills) }
    if row.kind == .toolCall, let agent = row.agentID.map(ExactText.init) {
      state.calls[Caller(agent: agent, tool: nil), default: []].append(row.link.sequence)
      if let tool = row.toolName {
        state.calls[Caller(agent: agent, tool: ExactText(tool)), default: []].append(row.link.sequence)
      }
    }
  }

  public func recordIntent(_ event: TraceEvent) async throws(TraceStoreError) {
    try event.checkTime()
    try state.withLock { state throws(TraceStoreError) in
      guard !state.isClosed else { throw .closed }
      guard state.intents.insert(ExactText(event.eventID)).inserted else { throw .conflict(event.eventID) }
    }
  }

  /// There is nothing that a crash could leave.
  public func begin(_ event: TraceEvent) -> TraceNote {
    TraceNote { $0.settle(nil) }
  }

  public func finish(_ event: TraceEvent) -> Bool { (try? keep(event)) != nil }

  public func events(
    matching query: TraceQuery, after cursor: TraceCursor?, limit: Int
  ) async throws(TraceStoreError) -> TracePage {
    try state.withLock { state throws(TraceStoreError) in
      guard !state.isClosed else { throw .closed }
      let lastSequence = cursor?.lastSequence ?? state.edge.size
      let rows: [ChainedEvent]
      var index = 0
      var end: Int
      switch query {
      case .session(let session):
        rows = state.sessions[ExactText(session)] ?? []
        end = rows.count
      case .event(let id):
        rows = state.events[ExactText(id)].map { [$0] } ?? []
        end = rows.count
      case .control(let times):
        rows = state.control
        index = Self.firstIndex(in: rows) { $0.timestamp >= times.lowerBound }
        end = Self.firstIndex(in: rows) { $0.timestamp > times.upperBound }
      }
      if let cursor {
        index = Self.firstIndex(in: rows) { Self.order($0.event) > (cursor.timestamp, ExactText(cursor.eventID)) }
      }
      end = max(index, end)
      var page = TracePage(events: [], next: nil)
      for row in rows[index..<end] where row.link.sequence <= lastSequence {
        if page.events.count == max(limit, 1), let last = page.events.last {
          page.next = TraceCursor(timestamp: last.timestamp, eventID: last.eventID, lastSequence: lastSequence)
          break
        }
        page.events.append(row)
      }
      return page
    }
  }

  public func size() async throws(TraceStoreError) -> Int64 {
    try state.withLock { state throws(TraceStoreError) in
      guard !state.isClosed else { throw .closed }
      return state.edge.size
    }
  }

  public func proofs(of sequences: [Int64], size: Int64) async throws(TraceStoreError) -> InclusionProofs {
    let (hashes, nodes) = try state.withLock { state throws(TraceStoreError) in
      guard !state.isClosed else { throw .closed }
      return (state.hashes, state.nodes)
    }
    var reader = MerkleReader<Never>(size: size) { level, positions in
      let kept = level == 0 ? hashes : nodes[level] ?? []
      return Array(kept[Int(positions.lowerBound)..<Int(positions.upperBound)])
    }
    return InclusionProofs(of: sequences, in: &reader)
  }

  public func sessionKills(
    in times: ClosedRange<Int64>, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> [TraceEvent] {
    try state.withLock { state throws(TraceStoreError) in
      guard !state.isClosed else { throw .closed }
      return Self.rows(state.kills, in: times, upTo: size).suffix(max(limit, 0)).map(\.event)
    }
  }

  public func sessions(
    of name: TraceName, startedIn times: ClosedRange<Int64>, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> [String] {
    try state.withLock { state throws(TraceStoreError) in
      guard !state.isClosed else { throw .closed }
      let starts =
        switch name {
        case .agent(let agent): state.agentStarts[ExactText(agent)]
        case .user(let user): state.userStarts[ExactText(user)]
        }
      return Self.rows(starts ?? [], in: times, upTo: size).compactMap(\.sessionID).prefix(max(limit, 0)).map { $0 }
    }
  }

  public func callCount(
    agent: String, tool: String?, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> Int {
    try state.withLock { state throws(TraceStoreError) in
      guard !state.isClosed else { throw .closed }
      let calls = state.calls[Caller(agent: ExactText(agent), tool: tool.map(ExactText.init))] ?? []
      return calls.prefix(max(limit, 0)).count { $0 <= size }
    }
  }

  public func sessions(after: String?, limit: Int) async throws(TraceStoreError) -> [String] {
    try state.withLock { state throws(TraceStoreError) in
      guard !state.isClosed else { throw .closed }
      let ids = state.sessions.filter { $0.value.contains { $0.event.kind == .toolCall } }.keys.sorted()
      let later = after.map { after in ids.filter { $0 > ExactText(after) } } ?? ids
      return later.prefix(max(limit, 0)).map(\.text)
    }
  }

  public func isHealthy() async -> Bool { state.withLock { !$0.isClosed } }

  public func close() async { state.withLock { $0.isClosed = true } }

  private static func order(_ event: TraceEvent) -> (Int64, ExactText) {
    (event.timestamp, ExactText(event.eventID))
  }

  private static func rows(
    _ rows: [ChainedEvent], in times: ClosedRange<Int64>, upTo size: Int64
  ) -> [ChainedEvent] {
    let start = firstIndex(in: rows) { $0.timestamp >= times.lowerBound }
    let end = firstIndex(in: rows) { $0.timestamp > times.upperBound }
    return rows[start..<max(start, end)].filter { $0.link.sequence <= size }
  }

  private static func insert(_ row: ChainedEvent, into rows: inout [ChainedEvent]) {
    rows.insert(row, at: firstIndex(in: rows) { order($0.event) > order(row.event) })
  }

  /// `isPast` is false for the rows up to some index and true from there on.
  private static func firstIndex(in rows: [ChainedEvent], where isPast: (ChainedEvent) -> Bool) -> Int {
    var (low, high) = (0, rows.count)
    while low < high {
      let middle = low + (high - low) / 2
      if isPast(rows[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension TraceStoreError {
  static var closed: TraceStoreError { TraceStoreError(.closed, "trace store is closed") }

  static func conflict(_ eventID: String) -> TraceStoreError {
    TraceStoreError(.conflict, "event id \(eventID) is taken by another event")
  }
}

extension TraceEvent {
  /// A time that has no text can't be kept.
  func checkTime() throws(TraceStoreError) {
    guard ISOTimestamp.range.contains(timestamp) else {
      throw TraceStoreError(.invalid, "event \(eventID) is outside the years 0000 to 9999")
    }
  }
}
