import Gateway
import Synchronization

/// A trace store in memory that fails on demand, and tells what it was asked for in which order.
final class FragileTraceStore: TraceStore {
  enum Step: Equatable {
    case intent(String)
    case event(String)
    case begun(String)
    case finished(String)
  }

  private struct State {
    var failsIntents = false
    var failsEvents = false
    var steps: [Step] = []
  }

  private let store = MemoryTraceStore()
  private let state = Mutex(State())

  var steps: [Step] { state.withLock { $0.steps } }
  func fail(intents: Bool, events: Bool) {
    state.withLock { state in
      state.failsIntents = intents
      state.failsEvents = events
    }
  }

  func append(_ event: TraceEvent) async throws(TraceStoreError) {
    if state.withLock({ $0.failsEvents }) { throw TraceStoreError(.full, "no space left") }
    try await store.append(event)
    state.withLock { $0.steps.append(.event(event.eventID)) }
  }

  func recordIntent(_ event: TraceEvent) async throws(TraceStoreError) {
    if state.withLock({ $0.failsIntents }) { throw TraceStoreError(.full, "no space left") }
    try await store.recordIntent(event)
    state.withLock { $0.steps.append(.intent(event.eventID)) }
  }

  func begin(_ event: TraceEvent) -> TraceNote {
    let fails = state.withLock { state in
      if !state.failsIntents { state.steps.append(.begun(event.eventID)) }
      return state.failsIntents
    }
    return TraceNote { $0.settle(fails ? TraceStoreError(.full, "no space left") : nil) }
  }

  func finish(_ event: TraceEvent) -> Bool {
    if state.withLock({ $0.failsEvents }) { return false }
    guard store.finish(event) else { return false }
    state.withLock { $0.steps.append(.finished(event.eventID)) }
    return true
  }

  func events(
    matching query: TraceQuery, after cursor: TraceCursor?, limit: Int
  ) async throws(TraceStoreError) -> TracePage {
    try await store.events(matching: query, after: cursor, limit: limit)
  }

  func size() async throws(TraceStoreError) -> Int64 { try await store.size() }

  func proofs(of sequences: [Int64], size: Int64) async throws(TraceStoreError) -> InclusionProofs {
    try await store.proofs(of: sequences, size: size)
  }

  func sessionKills(
    in times: ClosedRange<Int64>, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> [TraceEvent] {
    try await store.sessionKills(in: times, upTo: size, limit: limit)
  }

  func sessions(
    of name: TraceName, startedIn times: ClosedRange<Int64>, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> [String] {
    try await store.sessions(of: name, startedIn: times, upTo: size, limit: limit)
  }

  func callCount(
    agent: String, tool: String?, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> Int {
    try await store.callCount(agent: agent, tool: tool, upTo: size, limit: limit)
  }

  func sessions(after: String?, limit: Int) async throws(TraceStoreError) -> [String] {
    try await store.sessions(after: after, limit: limit)
  }

  func isHealthy() async -> Bool { !state.withLock { $0.failsEvents } }

  func close() async { await store.close() }
}
