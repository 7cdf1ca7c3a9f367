import SQLite
import StrictJSON

/// The one connection that writes. Everything here blocks.
struct TraceWriter {
  enum Row: Sendable {
    case event(TraceEvent)
    /// A call that is about to run: its event closes it.
    case running(TraceEvent)
    /// Writes what is there already: a write that changes nothing.
    case probe

    /// A call that runs: no part of the chain, and in no order with anything.
    var isNote: Bool { if case .running = self { true } else { false } }
  }

  /// How long SQLite waits for another process.
  static let busyMilliseconds: Int32 = 1_000
  /// Of the write-ahead log, as SQLite has it by default.
  private static let checkpointPages = 1_000

  private struct Database {
    let connection: Connection
    let chain: TraceChain
    let insertRunning: Statement
    let deleteRunning: Statement
    let files: DatabaseFiles
  }

  let path: String
  private let clock: WallClock
  private let key: EvidenceKey
  private var database: Database?

  /// Opens the store, creating the file (mode 0600) when there is none. Fails when its chain can't go on.
  ///
  /// - Parameter key: signs the chain's head
  init(path: String, key: EvidenceKey, clock: WallClock) throws(TraceStoreError) {
    self.path = path
    self.key = key
    self.clock = clock
    do throws(SystemError) {
      // INVARIANT: no connection of this process is open on the file yet: closing a descriptor of it would drop that
      // connection's locks (POSIX advisory locks belong to the process).
      try StateFile.create(path)
      try StateFile.syncFolder(of: path)
    } catch {
      throw TraceStoreError(.missing, "\(error)")
    }
    let opened = try open(creating: true)
    database = opened
    // Not at the first call only.
    try TraceStoreError.of(path) { () throws(SQLiteError) in
      try opened.connection.execute("BEGIN")
      defer { try? opened.connection.execute("ROLLBACK") }
      try opened.chain.begin()
    }
  }

  /// The write-ahead log has grown so far that `checkpoint` is due.
  var needsCheckpoint: Bool { (database?.connection.logPages ?? 0) >= Self.checkpointPages }

  /// Commits the rows together; durable on return. The answer has an element a row: nil, or why this row alone could not
  /// be kept. When it throws, none of them was, and the next call tries afresh.
  mutating func write(_ rows: [Row]) throws(TraceStoreError) -> [TraceStoreError?] {
    if database == nil { database = try open(creating: false) }
    guard let database else { throw .closed }
    let outcomes: [TraceStoreError?]
    do throws(SQLiteError) {
      outcomes = try write(rows, to: database)
    } catch {
      try? database.connection.execute("ROLLBACK")
      if error.kind != .busy { drop() }
      throw TraceStoreError(error, path: path)
    }
    // SQLite goes on writing to a file that was removed: what it has kept is gone.
    guard DatabaseFiles(path: path) == database.files else {
      drop()
      throw TraceStoreError(.missing, "trace store \(path) was removed or replaced while in use")
    }
    return outcomes
  }

  /// Takes the log into the database as far as nobody reads what was before. Nothing depends on it but the log's size:
  /// what fails is tried again after the next commit.
  func checkpoint() { try? database?.connection.checkpoint() }

  /// The same, on a connection of its own, while others write.
  static func checkpoint(path: String) {
    guard let connection = try? Connection(path: path, mode: .readWrite) else { return }
    // The log is opened by reading.
    guard (try? connection.integer("PRAGMA user_version")) != nil else { return }
    try? connection.checkpoint()
  }

  /// Makes an event of every call that was running, with its outcome where one is known; the number of those whose
  /// outcome isn't.
  func closeInterrupted(outcomes: [OutcomeLog.Outcome]) throws(TraceStoreError) -> Int {
    guard let database else { return 0 }
    let running = try interrupted(in: database)
    guard !running.isEmpty else { return 0 }
    let known = Dictionary(outcomes.map { (ExactText($0.eventID), $0) }) { $1 }
    var unknown = 0
    let now = clock.now()
    return try TraceStoreError.of(path) { () throws(SQLiteError) in
      try database.connection.execute("BEGIN IMMEDIATE")
      do throws(SQLiteError) {
        try database.chain.begin()
        for note in running {
          var event = note.interrupted
          if let outcome = known[ExactText(note.eventID)] {
            event.durationMilliseconds = outcome.durationMilliseconds
            event.error = outcome.error
            event.details = outcome.details
          } else {
            unknown += 1
          }
          // Its event may be there: written without its note in the way.
          if try !database.chain.append(event, at: now), known[ExactText(note.eventID)] == nil { unknown -= 1 }
        }
        try database.chain.end(at: now)
        try database.connection.execute("DELETE FROM running; COMMIT")
        return unknown
      } catch {
        try? database.connection.execute("ROLLBACK")
        throw error
      }
    }
  }

  private func interrupted(in database: Database) throws(TraceStoreError) -> [TraceEvent] {
    let rows = try TraceStoreError.of(path) { () throws(SQLiteError) in
      try database.connection.prepare("SELECT \(TraceColumns.names) FROM running ORDER BY timestamp, event_id")
    }
    var events: [TraceEvent] = []
    var repeats = RepeatedTexts()
    while try TraceStoreError.of(path, { () throws(SQLiteError) in try rows.step() }) {
      events.append(try TraceColumns.event(rows, repeats: &repeats))
    }
    return events
  }

  mutating func close() {
    drop()
  }

  private func write(_ rows: [Row], to database: Database) throws(SQLiteError) -> [TraceStoreError?] {
    let now = clock.now()
    var outcomes: [TraceStoreError?] = []
    outcomes.reserveCapacity(rows.count)
    var hasWritten = false
    try database.connection.execute("BEGIN IMMEDIATE")
    // Notes leave the chain as it is. A probe says whether it could go on.
    let isOfChain = !rows.allSatisfy(\.isNote)
    if isOfChain { try database.chain.begin() }
    for row in rows {
      switch row {
      case .event(let event):
        if try database.chain.append(event, at: now) {
          outcomes.append(nil)
          hasWritten = true
        } else {
          let isThere = try stored(event.eventID, in: database) == event
          outcomes.append(isThere ? nil : .conflict(event.eventID))
        }
        defer { database.deleteRunning.reset() }
        try database.deleteRunning.bind(event.eventID, at: 1)
        _ = try database.deleteRunning.step()
      case .running(let event):
        let isNew = try insert(event, with: database.insertRunning, ISOTimestamp.text(now))
        outcomes.append(isNew ? nil : .conflict(event.eventID))
        if isNew { hasWritten = true }
      case .probe:
        outcomes.append(nil)
      }
    }
    // Else what it signed would be the chain as the last transaction left it, which others may have gone on from.
    if isOfChain { try database.chain.end(at: now) }
    if !hasWritten {
      try database.connection.execute("PRAGMA user_version = \(TraceSchema.version)")
    }
    try database.connection.execute("COMMIT")
    return outcomes
  }

  /// False when the event's id is taken.
  private func insert(
    _ event: TraceEvent, with statement: Statement, _ writtenAt: String
  ) throws(SQLiteError) -> Bool {
    defer { statement.reset() }
    try TraceColumns.bind(event, to: statement)
    try statement.bind(writtenAt, at: TraceColumns.count + 1)
    do throws(SQLiteError) {
      _ = try statement.step()
      return true
    } catch {
      guard error.kind == .constraint else { throw error }
      return false
    }
  }

  private func stored(_ eventID: String, in database: Database) throws(SQLiteError) -> TraceEvent? {
    let statement = try database.connection.prepare(
      "SELECT \(TraceColumns.names) FROM traces WHERE event_id = ?1")
    try statement.bind(eventID, at: 1)
    guard try statement.step() else { return nil }
    var repeats = RepeatedTexts()
    return try? TraceColumns.event(statement, repeats: &repeats)
  }

  private func open(creating: Bool) throws(TraceStoreError) -> Database {
    let (path, key) = (path, key)
    let connection = try TraceStoreError.of(path) { () throws(SQLiteError) in
      let connection = try Connection(path: path, mode: .readWrite)
      try connection.setBusyTimeout(milliseconds: Self.busyMilliseconds)
      return connection
    }
    do throws(TraceStoreError) {
      try TraceSchema.prepare(connection, path: path, creating: creating) { connection throws(TraceStoreError) in
        let chain = try TraceStoreError.of(path) { () throws(SQLiteError) in try TraceChain(connection, key: key) }
        try chain.takeOver(path: path)
      }
    } catch {
      // What isn't ours is left as it is, its log too.
      try? connection.keepWriteAheadLog()
      throw error
    }
    return try TraceStoreError.of(path) { () throws(SQLiteError) in
      let mode = try connection.prepare("PRAGMA journal_mode = WAL")
      guard try mode.step(), mode.column(0) == .text("wal") else { throw SQLiteError.noWriteAheadLog }
      mode.reset()
      try connection.execute("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864")
      connection.checkpointByHand()
      let values = Array(repeating: "?", count: TraceColumns.count + 1).joined(separator: ", ")
      // Reading opens the log, whose file is looked at below.
      try connection.execute("SELECT 1 FROM traces LIMIT 1")
      return Database(
        connection: connection, chain: try TraceChain(connection, key: key),
        insertRunning: try connection.prepare(
          "INSERT INTO running (\(TraceColumns.names), created_at) VALUES (\(values))"),
        deleteRunning: try connection.prepare("DELETE FROM running WHERE event_id = ?"),
        files: DatabaseFiles(path: path))
    }
  }

  private mutating func drop() {
    guard let database else { return }
    // A log that is deleted by its path may be another database's by now.
    if DatabaseFiles(path: path) != database.files { try? database.connection.keepWriteAheadLog() }
    self.database = nil
  }
}
