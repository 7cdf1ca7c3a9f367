import CallExecution
import Dispatch
import Glibc
public import Logging
import SQLite
import Synchronization

/// Events in an SQLite file (schema: `TraceSchema`). One thread writes: what waits while it commits is committed
/// together next, up to `maximumBatch` rows with one fsync. Another thread reads, page by page.
///
/// The outcome of a call whose note is durable is kept in an `OutcomeLog` first, and in the database within `delay`.
///
/// Several processes may use a file at once. The first of them closes what a crash left open; while another lives, a call
/// that runs may be its.
public final class SQLiteTraceStore: TraceStore {
  static let maximumBatch = 256
  /// More waiting rows than this are refused: writing has stopped, and memory would run out next.
  static let maximumWaiting = 65_536

  /// The longest that a call's outcome is in this process's log alone, while the database can be written.
  static let delay: DispatchTimeInterval = .milliseconds(10)

  private struct Waiting: Sendable {
    var row: TraceWriter.Row
    /// Absent when nobody waits: the row is in the log.
    var done: (@Sendable (TraceStoreError?) -> Void)?
  }

  private struct Queue: ~Copyable {
    var waiting: [Waiting] = []
    /// Rows that wait, or are being written, and that the log has.
    var logged = 0
    var log: OutcomeLog?
    var isWriting = false
    /// Somebody will look after what waits.
    var isTimed = false
    /// What the log has is to be written too. Not the same as that nobody is timed: somebody may be timed anew, for what
    /// came since, before this is written.
    var isDue = false
    var isClosed = false
    var isFailing = false
    var checkpoint = Checkpoint.none

    /// What is written next, together. Notes go alone while nothing else is due: calls wait for them, and what the log has
    /// costs less the more of it is written at once. Everything else goes in the order in which it came.
    mutating func takeBatch() -> [Waiting] {
      if !isDue, logged < SQLiteTraceStore.maximumBatch,
        waiting.allSatisfy({ $0.done == nil || $0.row.isNote })
      {
        let notes = waiting.filter(\.row.isNote)
        waiting.removeAll(where: \.row.isNote)
        return notes
      }
      let batch = Array(waiting.prefix(SQLiteTraceStore.maximumBatch))
      waiting.removeFirst(batch.count)
      isDue = waiting.contains { $0.done == nil }
      return batch
    }
  }

  private enum Checkpoint {
    case none
    /// The most of the write-ahead log is taken into the database, while the writing goes on.
    case running
    /// The rest is to be taken on the writing thread: once nothing is left the log begins anew.
    case due
  }

  let path: String
  private let key: EvidenceKey
  private let logger: Logger
  private let writing = BlockingQueue(label: "agentgate.traces.write")
  private let reading = BlockingQueue(label: "agentgate.traces.read")
  private let checkpointing = BlockingQueue(label: "agentgate.traces.checkpoint")
  private let queue = Mutex(Queue())
  private let writer: Mutex<TraceWriter>
  private let reader: Mutex<TraceReader>
  private let lock: Mutex<FileLock?>

  /// Opens the store, creating it when there is no file, and closes the calls that a crash left open. Refuses a file
  /// that isn't a trace store, or one of a newer version, and leaves it untouched. Blocks for up to a few seconds.
  ///
  /// - Parameter key: signs the chain's head
  public init(
    path: String, key: EvidenceKey, clock: WallClock = .system, logger: Logger
  ) throws(TraceStoreError) {
    self.path = path
    self.key = key
    self.logger = logger
    try TraceSchema.checkHeader(path: path)
    let (lock, isFirst) = try Self.lock(path + ".lock")
    // Whoever can change the file can take the seal away as well: it isn't worth a refusal, but nobody is to miss it.
    if isFirst, let finding = StoreFileSeal.finding(of: path, publicKey: key.publicKey) {
      logger.critical(
        "the trace store was changed while no gateway had it open: keep a copy, and see `agentgate verify --store`",
        metadata: ["problem": "\(finding)"])
    }
    StoreFileSeal.remove(of: path)
    let opened = try TraceWriter(path: path, key: key, clock: clock)
    if isFirst {
      let (outcomes, logs) = Self.outcomesLeft(database: path, logger)
      let interrupted = try opened.closeInterrupted(outcomes: outcomes)
      for log in logs { unlink(log) }
      if interrupted > 0 {
        logger.warning(
          "calls were running when the gateway stopped: outcome unknown", metadata: ["calls": "\(interrupted)"])
      }
      try Self.lockErrors { () throws(FileLock.Failure) in try lock.share() }
    }
    writer = Mutex(opened)
    reader = Mutex(TraceReader(path: path))
    self.lock = Mutex(lock)
  }

  public func append(_ event: TraceEvent) async throws(TraceStoreError) {
    try event.checkTime()
    try await write(.event(event))
  }

  public func recordIntent(_ event: TraceEvent) async throws(TraceStoreError) {
    try event.checkTime()
    try await write(.running(event))
  }

  public func begin(_ event: TraceEvent) -> TraceNote {
    let note = TraceNote { note in
      do throws(TraceStoreError) {
        try event.checkTime()
        self.enqueue(Waiting(row: .running(event)) { note.settle($0) })
      } catch {
        note.settle(error)
      }
    }
    // The call goes out first: waking the writing thread takes time. Not later than right afterwards: a timer would take
    // the processor from the tool's server.
    CallExecutor.next { note.start() }
    return note
  }

  public func finish(_ event: TraceEvent) -> Bool { (try? event.checkTime()) != nil && log(event) }

  public func events(
    matching query: TraceQuery, after cursor: TraceCursor?, limit: Int
  ) async throws(TraceStoreError) -> TracePage {
    try await read { reader throws(TraceStoreError) in
      try reader.events(matching: query, after: cursor, limit: limit)
    }
  }

  public func size() async throws(TraceStoreError) -> Int64 {
    try await read { reader throws(TraceStoreError) in try reader.size() }
  }

  public func proofs(of sequences: [Int64], size: Int64) async throws(TraceStoreError) -> InclusionProofs {
    try await read { reader throws(TraceStoreError) in try reader.proofs(of: sequences, size: size) }
  }

  public func sessionKills(
    in times: ClosedRange<Int64>, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> [TraceEvent] {
    try await read { reader throws(TraceStoreError) in
      try reader.sessionKills(in: times, upTo: size, limit: limit)
    }
  }

  public func sessions(
    of name: TraceName, startedIn times: ClosedRange<Int64>, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> [String] {
    try await read { reader throws(TraceStoreError) in
      try reader.sessions(of: name, startedIn: times, upTo: size, limit: limit)
    }
  }

  public func callCount(
    agent: String, tool: String?, upTo size: Int64, limit: Int
  ) async throws(TraceStoreError) -> Int {
    try await read { reader throws(TraceStoreError) in
      try reader.callCount(agent: agent, tool: tool, upTo: size, limit: limit)
    }
  }

  public func sessions(after: String?, limit: Int) async throws(TraceStoreError) -> [String] {
    try await read { reader throws(TraceStoreError) in try reader.sessions(after: after, limit: limit) }
  }

  public func isHealthy() async -> Bool {
    do throws(TraceStoreError) {
      try await write(.probe)
      return true
    } catch {
      return false
    }
  }

  public func close() async {
    queue.withLock { $0.isClosed = true }
    await reading.run { self.reader.withLock { $0.close() } }
    await checkpointing.run {}
    await writing.run {
      self.queue.withLock { $0.isDue = true }
      self.writeWaiting()
      self.writer.withLock { $0.close() }
      self.queue.withLock { queue in
        // What the database couldn't take is taken from the log next time.
        if queue.logged == 0, let log = queue.log.take() { log.remove() }
      }
      self.lock.withLock { $0 = nil }
      // Alone with the file: nobody else writes to it any more. A child that is being started has the lock for a moment.
      if let lock = try? FileLock(path: self.path + ".lock", kind: .exclusive, waitingUpTo: 200) {
        StoreFileSeal.write(for: self.path, key: self.key)
        withExtendedLifetime(lock) {}
      }
    }
  }

  private func read<Success: Sendable>(
    _ body: @escaping @Sendable (inout TraceReader) throws(TraceStoreError) -> Success
  ) async throws(TraceStoreError) -> Success {
    // What the log has is in the database first.
    if queue.withLock({ $0.logged > 0 }) { _ = await isHealthy() }
    return try await reading.run { () throws(TraceStoreError) in
      guard !self.queue.withLock({ $0.isClosed }) else { throw .closed }
      return try self.reader.withLock { reader throws(TraceStoreError) in try body(&reader) }
    }
  }

  private func write(_ row: TraceWriter.Row) async throws(TraceStoreError) {
    let failure = await withCheckedContinuation { (done: CheckedContinuation<TraceStoreError?, Never>) in
      enqueue(Waiting(row: row) { done.resume(returning: $0) })
    }
    if let failure { throw failure }
  }

  private func enqueue(_ waiting: Waiting) {
    let (refusal, begins) = queue.withLock { queue -> (TraceStoreError?, Bool) in
      if queue.isClosed { return (.closed, false) }
      if queue.waiting.count >= Self.maximumWaiting {
        return (TraceStoreError(.overloaded, "\(Self.maximumWaiting) events wait for the trace store"), false)
      }
      queue.waiting.append(waiting)
      let begins = !queue.isWriting
      queue.isWriting = true
      return (nil, begins)
    }
    if let refusal { waiting.done?(refusal) }
    if begins { writing.start { self.writeWaiting() } }
  }

  /// False when the log can't be had or written: then the database has to have the event at once.
  private func log(_ event: TraceEvent) -> Bool {
    let (isKept, isFirst) = queue.withLock { queue in
      guard !queue.isClosed, !queue.isFailing, queue.waiting.count < Self.maximumWaiting else { return (false, false) }
      if queue.log == nil { queue.log = try? OutcomeLog(database: path) }
      guard queue.log?.append(event) == true else { return (false, false) }
      queue.waiting.append(Waiting(row: .event(event), done: nil))
      queue.logged += 1
      let isFirst = !queue.isTimed
      queue.isTimed = true
      return (true, isFirst)
    }
    // The answer goes out first.
    if isFirst { CallExecutor.later { self.lookAgain(after: Self.delay) } }
    return isKept
  }

  private func lookAgain(after delay: DispatchTimeInterval) {
    writing.start(after: delay) {
      self.queue.withLock { queue in
        queue.isTimed = false
        queue.isDue = true
      }
      self.writeWaiting()
    }
  }

  /// On the writing thread, until nothing waits.
  private func writeWaiting() {
    while true {
      checkpoint()
      let batch = queue.withLock { queue in
        let batch = queue.takeBatch()
        queue.isWriting = !batch.isEmpty
        if queue.logged == 0 { queue.log?.settle() }
        return batch
      }
      if batch.isEmpty { return }
      let rows = batch.map(\.row)
      do throws(TraceStoreError) {
        let outcomes = try writer.withLock { writer throws(TraceStoreError) in try writer.write(rows) }
        note(nil)
        queue.withLock { queue in queue.logged -= batch.count { $0.done == nil } }
        for (waiting, outcome) in zip(batch, outcomes) { waiting.done?(outcome) }
      } catch {
        note(error)
        fail(batch, error)
        return
      }
    }
  }

  /// Keeps the write-ahead log from growing without holding up commits for longer than the syncs take.
  private func checkpoint() {
    let isNeeded = writer.withLock { $0.needsCheckpoint }
    let (begins, ends) = queue.withLock { queue in
      defer {
        if queue.checkpoint == .due {
          queue.checkpoint = .none
        } else if isNeeded {
          queue.checkpoint = .running
        }
      }
      return (isNeeded && queue.checkpoint == .none, queue.checkpoint == .due)
    }
    if ends { writer.withLock { $0.checkpoint() } }
    if begins {
      checkpointing.start {
        TraceWriter.checkpoint(path: self.path)
        self.queue.withLock { $0.checkpoint = .due }
      }
    }
  }

  /// INVARIANT: nobody waits for two failures. Who came meanwhile would meet the same one, and the waits add up.
  private func fail(_ batch: [Waiting], _ error: TraceStoreError) {
    let (failed, isFirst) = queue.withLock { queue in
      let all = batch + queue.waiting
      // What the log has is tried again.
      queue.waiting = all.filter { $0.done == nil }
      queue.isWriting = false
      let isFirst = !queue.waiting.isEmpty && !queue.isTimed && !queue.isClosed
      if isFirst { queue.isTimed = true }
      return (all, isFirst)
    }
    for waiting in failed { waiting.done?(error) }
    if isFirst { lookAgain(after: .seconds(1)) }
  }

  private func note(_ failure: TraceStoreError?) {
    let hasChanged = queue.withLock { queue in
      defer { queue.isFailing = failure != nil }
      return queue.isFailing != (failure != nil)
    }
    guard hasChanged else { return }
    if let failure {
      logger.error("traces can't be written: calls are denied", metadata: ["error": "\(failure)"])
    } else {
      logger.notice("traces can be written again")
    }
  }

  /// What the logs of processes that are gone say, and the paths of those that could be read.
  private static func outcomesLeft(
    database: String, _ logger: Logger
  ) -> (outcomes: [OutcomeLog.Outcome], logs: [String]) {
    var outcomes: [OutcomeLog.Outcome] = []
    var logs: [String] = []
    for path in OutcomeLog.left(database: database) {
      do throws(SystemError) {
        outcomes += try OutcomeLog.outcomes(in: path)
        logs.append(path)
      } catch {
        logger.warning("outcomes of calls could not be read", metadata: ["problem": "\(error)"])
      }
    }
    return (outcomes, logs)
  }

  /// Exclusive for who is alone with the file, so that nobody else's intents are open.
  private static func lock(_ path: String) throws(TraceStoreError) -> (FileLock, isFirst: Bool) {
    try lockErrors { () throws(FileLock.Failure) in
      do throws(FileLock.Failure) {
        return (try FileLock(path: path, kind: .exclusive, waitingUpTo: 200), true)
      } catch .heldElsewhere {
        return (try FileLock(path: path, kind: .shared, waitingUpTo: 2_000), false)
      }
    }
  }

  private static func lockErrors<Success>(
    _ body: () throws(FileLock.Failure) -> Success
  ) throws(TraceStoreError) -> Success {
    do throws(FileLock.Failure) {
      return try body()
    } catch {
      throw TraceStoreError(.locked, "\(error)")
    }
  }
}
