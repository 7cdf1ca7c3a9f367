public import Logging
import SQLite
import Synchronization

/// Events in an SQLite file (schema: `TraceSchema`). One thread writes: what waits while it commits is committed
/// together next, up to `maximumBatch` rows with one fsync. Another thread reads, page by page.
///
/// Several processes may use a file at once. The first of them closes the intents that a crash left open; while another
/// lives, an open intent may be its.
public final class SQLiteTraceStore: TraceStore {
  static let maximumBatch = 256
  /// More waiting rows than this are refused: writing has stopped, and memory would run out next.
  static let maximumWaiting = 65_536

  private struct Waiting: Sendable {
    var row: TraceWriter.Row
    var done: CheckedContinuation<TraceStoreError?, Never>
  }

  private struct Queue {
    var waiting: [Waiting] = []
    var isWriting = false
    var isClosed = false
    var isFailing = false
  }

  private let logger: Logger
  private let writing = BlockingQueue(label: "agentgate.traces.write")
  private let reading = BlockingQueue(label: "agentgate.traces.read")
  private let queue = Mutex(Queue())
  private let writer: Mutex<TraceWriter>
  private let reader: Mutex<TraceReader>
  private let lock: Mutex<FileLock?>

  /// Opens the store, creating it when there is no file, and closes the intents that a crash left open. Refuses a file
  /// that isn't a trace store, or one of a newer version, and leaves it untouched. Blocks for up to a few seconds.
  public init(path: String, clock: WallClock = .system, logger: Logger) throws(TraceStoreError) {
    self.logger = logger
    try TraceSchema.checkHeader(path: path)
    let (lock, isFirst) = try Self.lock(path + ".lock")
    let opened = try TraceWriter(path: path, clock: clock)
    if isFirst {
      let interrupted = try opened.closeInterruptedIntents()
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
    try await write(.intent(event))
  }

  public func events(
    matching query: TraceQuery, after cursor: TraceCursor?, limit: Int
  ) async throws(TraceStoreError) -> TracePage {
    try await read { reader throws(TraceStoreError) in
      try reader.events(matching: query, after: cursor, limit: limit)
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
    // Behind the writing that has begun, which ends when nothing waits.
    await writing.run {
      self.writer.withLock { $0.close() }
      self.lock.withLock { $0 = nil }
    }
  }

  private func read<Success: Sendable>(
    _ body: @escaping @Sendable (inout TraceReader) throws(TraceStoreError) -> Success
  ) async throws(TraceStoreError) -> Success {
    try await reading.run { () throws(TraceStoreError) in
      guard !self.queue.withLock({ $0.isClosed }) else { throw .closed }
      return try self.reader.withLock { reader throws(TraceStoreError) in try body(&reader) }
    }
  }

  private func write(_ row: TraceWriter.Row) async throws(TraceStoreError) {
    let failure = await withCheckedContinuation { (done: CheckedContinuation<TraceStoreError?, Never>) in
      let (refusal, begins) = queue.withLock { queue -> (TraceStoreError?, Bool) in
        if queue.isClosed { return (.closed, false) }
        if queue.waiting.count >= Self.maximumWaiting {
          return (TraceStoreError(.overloaded, "\(Self.maximumWaiting) events wait for the trace store"), false)
        }
        queue.waiting.append(Waiting(row: row, done: done))
        let begins = !queue.isWriting
        queue.isWriting = true
        return (nil, begins)
      }
      if let refusal { done.resume(returning: refusal) }
      if begins { writing.start { self.writeWaiting() } }
    }
    if let failure { throw failure }
  }

  /// On the writing thread, until nothing waits.
  private func writeWaiting() {
    while true {
      let batch = queue.withLock { queue in
        let batch = Array(queue.waiting.prefix(Self.maximumBatch))
        queue.waiting.removeFirst(batch.count)
        if batch.isEmpty { queue.isWriting = false }
        return batch
      }
      if batch.isEmpty { return }
      let rows = batch.map(\.row)
      do throws(TraceStoreError) {
        let outcomes = try writer.withLock { writer throws(TraceStoreError) in try writer.write(rows) }
        note(nil)
        for (waiting, outcome) in zip(batch, outcomes) { waiting.done.resume(returning: outcome) }
      } catch {
        note(error)
        // INVARIANT: nobody waits for two failures. Who came meanwhile would meet the same one, and the waits add up.
        let others = queue.withLock { queue in
          defer { queue.waiting = [] }
          return queue.waiting
        }
        for waiting in batch + others { waiting.done.resume(returning: error) }
      }
    }
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
