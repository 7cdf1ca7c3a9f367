import Synchronization

/// Keeps events in a chain, and never changes or drops one. `OpenStores.swift` lists the implementations.
public protocol TraceStore: Sendable {
  /// Returns when the event is durable; cancelling the task doesn't hurry it. Throws when the event can't be written,
  /// within about two seconds for a store that another process has locked. Appending once more an event that is there,
  /// equal in every field, succeeds and changes nothing; another event with its id is a `conflict`.
  func append(_ event: TraceEvent) async throws(TraceStoreError)

  /// Durable note that a call has been decided and its tool is about to run; `append` with the same event id closes it.
  /// When the store is next opened, an intent without its event becomes one: executed, with the error
  /// `TraceEvent.interruptedError`, at its own time.
  func recordIntent(_ event: TraceEvent) async throws(TraceStoreError)

  /// Notes durably that a call that reads has been decided and that its tool runs; `finish` or `append` with the same event
  /// id closes it. The note is written while the tool works: what became of it shows later. When the store is next opened,
  /// a note without its event becomes one, as an intent does.
  func begin(_ event: TraceEvent) -> TraceNote

  /// Keeps the event of a call whose note `begin` has made durable, without waiting: it outlives the process, and every
  /// query of this process sees it. It is durable within `SQLiteTraceStore.delay`; a power cut before that leaves what the
  /// note says: that the call ran, and that its outcome isn't known. False when that can't be done; then `append` has to.
  func finish(_ event: TraceEvent) -> Bool

  /// The next events that match, ascending by time and, within a microsecond, by the event id's bytes. A cursor of
  /// nil starts; the pages that follow from it see the store as it was then.
  func events(
    matching query: TraceQuery, after cursor: TraceCursor?, limit: Int
  ) async throws(TraceStoreError) -> TracePage

  /// How many events there are: the last one's number in the chain.
  func size() async throws(TraceStoreError) -> Int64

  /// Where these events are in the tree over the first `size` events.
  ///
  /// - Parameter sequences: each in `1...size`
  func proofs(of sequences: [Int64], size: Int64) async throws(TraceStoreError) -> InclusionProofs

  /// Kills and un-kills of sessions in this time, ascending as events do: the latest ones when there are more than
  /// `limit`. Of the first `size` events alone, as what follows.
  func sessionKills(
    in times: ClosedRange<Int64>, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> [TraceEvent]

  /// Sessions whose first written event is of this time and names this agent or user, ascending by that time.
  func sessions(
    of name: TraceName, startedIn times: ClosedRange<Int64>, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> [String]

  /// How many calls an agent made, of this tool or of any, among the first `size` events; counts to `limit`.
  func callCount(
    agent: String, tool: String?, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> Int

  /// The next distinct ids that have at least one call, ascending by bytes, after the given one.
  func sessions(after: String?, limit: Int) async throws(TraceStoreError) -> [String]

  /// Tries a write that changes nothing.
  func isHealthy() async -> Bool

  /// Returns when what was asked for before is done and the files are closed. Whatever comes later throws `closed`.
  func close() async
}

/// A note that is written once it is started, or waited for.
public final class TraceNote: Sendable {
  private let outcome = FirstOf<TraceStoreError?>()
  private let write: Mutex<(@Sendable (TraceNote) -> Void)?>

  /// - Parameter write: writes the note, and settles it; called at most once
  public init(_ write: @escaping @Sendable (TraceNote) -> Void) { self.write = Mutex(write) }

  public func start() {
    let write = write.withLock { write in
      defer { write = nil }
      return write
    }
    write?(self)
  }

  /// The first outcome counts; nil for a note that is durable.
  public func settle(_ failure: TraceStoreError?) { outcome.set(failure) }

  /// Whether it has been written already, so that nobody has to wait.
  public var isDurable: Bool { if case .some(nil) = outcome.current { true } else { false } }

  /// Returns when the note is durable. For one task.
  public func wait() async throws(TraceStoreError) {
    start()
    if let failure = await outcome.value { throw failure }
  }
}

extension TraceStore {
  /// Every event of a session, its kills and un-kills among them. For sessions of any size read page by page.
  public func events(session: String) async throws(TraceStoreError) -> [TraceEvent] {
    var events: [TraceEvent] = []
    var cursor: TraceCursor?
    repeat {
      let page = try await self.events(matching: .session(session), after: cursor, limit: TracePage.usualLimit)
      events += page.events.map(\.event)
      cursor = page.next
    } while cursor != nil
    return events
  }

  public func sessions() async throws(TraceStoreError) -> [String] {
    var sessions: [String] = []
    while true {
      let page = try await self.sessions(after: sessions.last, limit: 1_000)
      sessions += page
      if page.count < 1_000 { return sessions }
    }
  }
}

public enum TraceQuery: Sendable {
  /// What carries this session id: its calls, its kills and un-kills.
  case session(String)
  /// What an operator did that concerns no session (pauses, resumes, tool kills and un-kills, reloads), in this time.
  case control(ClosedRange<Int64>)
  /// The event with this id, if there is one.
  case event(String)
}

/// Whom a session's calls are made for.
public enum TraceName: Sendable, Equatable {
  case agent(String)
  case user(String)
}

/// A place in the answer to a query, and the state of the store when the query began.
public struct TraceCursor: Sendable, Equatable {
  var timestamp: Int64
  var eventID: String
  var lastSequence: Int64
}

public struct TracePage: Sendable {
  public static let usualLimit = 512

  public var events: [ChainedEvent]
  /// Absent when there are no more.
  public var next: TraceCursor?
}

extension TraceEvent {
  public static let interruptedError = "interrupted: outcome unknown"

  /// What an intent becomes when its event never came.
  var interrupted: TraceEvent {
    var event = self
    event.executed = true
    event.durationMilliseconds = nil
    event.error = Self.interruptedError
    return event
  }
}
