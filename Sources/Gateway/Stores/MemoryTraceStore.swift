import Synchronization

/// Events in memory, gone with the process.
public final class MemoryTraceStore: TraceStore {
  private struct Row {
    var sequence: Int64
    var event: TraceEvent
  }

  private struct State {
    var isClosed = false
    var lastSequence: Int64 = 0
    var events: [ExactText: TraceEvent] = [:]
    var intents: Set<ExactText> = []
    /// Each ascending by time and id.
    var sessions: [ExactText: [Row]] = [:]
    var control: [Row] = []
  }

  private let state = Mutex(State())

  public init() {}

  public func append(_ event: TraceEvent) async throws(TraceStoreError) {
    try event.checkTime()
    try state.withLock { state throws(TraceStoreError) in
      guard !state.isClosed else { throw .closed }
      if let earlier = state.events[ExactText(event.eventID)] {
        guard earlier == event else { throw .conflict(event.eventID) }
        return
      }
      state.events[ExactText(event.eventID)] = event
      state.lastSequence += 1
      let row = Row(sequence: state.lastSequence, event: event)
      if let session = event.sessionID {
        Self.insert(row, into: &state.sessions[ExactText(session), default: []])
      } else if event.kind != .toolCall {
        Self.insert(row, into: &state.control)
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

  public func finish(_ event: TraceEvent, synced: Bool) async throws(TraceStoreError) { try await append(event) }

  public func events(
    matching query: TraceQuery, after cursor: TraceCursor?, limit: Int
  ) async throws(TraceStoreError) -> TracePage {
    try state.withLock { state throws(TraceStoreError) in
      guard !state.isClosed else { throw .closed }
      let lastSequence = cursor?.lastSequence ?? state.lastSequence
      let rows: [Row]
      var index = 0
      var end: Int
      switch query {
      case .session(let session):
        rows = state.sessions[ExactText(session)] ?? []
        end = rows.count
      case .event(let id):
        rows = state.events[ExactText(id)].map { [Row(sequence: 0, event: $0)] } ?? []
        end = rows.count
      case .control(let times):
        rows = state.control
        index = Self.firstIndex(in: rows) { $0.event.timestamp >= times.lowerBound }
        end = Self.firstIndex(in: rows) { $0.event.timestamp > times.upperBound }
      }
      if let cursor {
        index = Self.firstIndex(in: rows) { Self.order($0.event) > (cursor.timestamp, ExactText(cursor.eventID)) }
      }
      end = max(index, end)
      var page = TracePage(events: [], next: nil)
      for row in rows[index..<end] where row.sequence <= lastSequence {
        if page.events.count == max(limit, 1), let last = page.events.last {
          page.next = TraceCursor(timestamp: last.timestamp, eventID: last.eventID, lastSequence: lastSequence)
          break
        }
        page.events.append(row.event)
      }
      return page
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

  private static func insert(_ row: Row, into rows: inout [Row]) {
    rows.insert(row, at: firstIndex(in: rows) { order($0.event) > order(row.event) })
  }

  /// `isPast` is false for the rows up to some index and true from there on.
  private static func firstIndex(in rows: [Row], where isPast: (Row) -> Bool) -> Int {
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
