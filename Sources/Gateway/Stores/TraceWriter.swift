import SQLite
import StrictJSON

/// The one connection that writes. Everything here blocks.
struct TraceWriter {
  enum Row: Sendable {
    case event(TraceEvent)
    case intent(TraceEvent)
    /// A call that reads and is about to run.
    case running(TraceEvent)
    /// The event of such a call.
    case finished(TraceEvent)
    /// Writes what is there already: a write that changes nothing.
    case probe
  }

  /// How long SQLite waits for another process.
  static let busyMilliseconds: Int32 = 1_000
  /// Of the write-ahead log, as SQLite has it by default.
  private static let checkpointPages = 1_000

  private struct Database {
    let connection: Connection
    let insertEvent: Statement
    let insertIntent: Statement
    let insertRunning: Statement
    let deleteRunning: Statement
    let files: DatabaseFiles
  }

  let path: String
  private let clock: WallClock
  private var database: Database?

  /// Opens the store, creating the file (mode 0600) when there is none.
  init(path: String, clock: WallClock) throws(TraceStoreError) {
    self.path = path
    self.clock = clock
    do throws(SystemError) {
      // INVARIANT: no connection of this process is open on the file yet: closing a descriptor of it would drop that
      // connection's locks (POSIX advisory locks belong to the process).
      try StateFile.create(path)
      try StateFile.syncFolder(of: path)
    } catch {
      throw TraceStoreError(.missing, "\(error)")
    }
    database = try open(creating: true)
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

  /// Makes an event of every intent and every note that has none, with its outcome where one is known; the number of
  /// those whose outcome isn't.
  func closeInterrupted(outcomes: [OutcomeLog.Outcome]) throws(TraceStoreError) -> Int {
    guard let database else { return 0 }
    return try TraceStoreError.of(path) { () throws(SQLiteError) in
      try database.connection.execute("BEGIN IMMEDIATE")
      do throws(SQLiteError) {
        try closeNotes(with: outcomes, in: database.connection)
        let count =
          try closeInterrupted("intents", in: database.connection)
          + closeInterrupted("running", in: database.connection)
        try database.connection.execute("DELETE FROM running; COMMIT")
        return count
      } catch {
        try? database.connection.execute("ROLLBACK")
        throw error
      }
    }
  }

  private func closeNotes(
    with outcomes: [OutcomeLog.Outcome], in connection: Connection
  ) throws(SQLiteError) {
    let statement = try connection.prepare(
      Self.closing("running", duration: "?3", details: "?4") + " AND event_id = ?5")
    for outcome in outcomes {
      defer { statement.reset() }
      try statement.bind(clock.nowText, at: 1)
      try statement.bind(outcome.error, at: 2)
      try statement.bind(outcome.durationMilliseconds.map(Int64.init), at: 3)
      try statement.bind(outcome.details?.text, at: 4)
      try statement.bind(outcome.eventID, at: 5)
      _ = try statement.step()
    }
  }

  private func closeInterrupted(_ table: String, in connection: Connection) throws(SQLiteError) -> Int {
    let statement = try connection.prepare(
      Self.closing(table, duration: "NULL", details: "details") + " ORDER BY timestamp, event_id")
    try statement.bind(clock.nowText, at: 1)
    try statement.bind(TraceEvent.interruptedError, at: 2)
    _ = try statement.step()
    return connection.changes
  }

  /// Makes events of the rows that have none, as `TraceEvent.interrupted` says it, column by column: `?1` is the time,
  /// `?2` the error.
  private static func closing(_ table: String, duration: String, details: String) -> String {
    """
    INSERT INTO traces (\(TraceColumns.names), created_at)
    SELECT event_id, timestamp, session_id, user_id, agent_id, tool_name, arguments_hash, policy_version,
      policy_decision, policy_reason, matched_rule, 1, \(duration), ?2, is_write_action, approval_token_present, kind,
      policy_revision, \(details), ?1
    FROM \(table) WHERE NOT EXISTS (SELECT 1 FROM traces WHERE traces.event_id = \(table).event_id)
    """
  }

  mutating func close() {
    drop()
  }

  private func write(_ rows: [Row], to database: Database) throws(SQLiteError) -> [TraceStoreError?] {
    let writtenAt = clock.nowText
    var outcomes: [TraceStoreError?] = []
    outcomes.reserveCapacity(rows.count)
    var hasWritten = false
    try database.connection.execute("BEGIN IMMEDIATE")
    for row in rows {
      switch row {
      case .event(let event), .finished(let event):
        if try insert(event, with: database.insertEvent, writtenAt) {
          outcomes.append(nil)
          hasWritten = true
        } else {
          let isThere = try stored(event.eventID, in: database) == event
          outcomes.append(isThere ? nil : .conflict(event.eventID))
        }
        guard case .finished = row else { continue }
        defer { database.deleteRunning.reset() }
        try database.deleteRunning.bind(event.eventID, at: 1)
        _ = try database.deleteRunning.step()
      case .running(let event):
        let isNew = try insert(event, with: database.insertRunning, writtenAt)
        outcomes.append(isNew ? nil : .conflict(event.eventID))
        if isNew { hasWritten = true }
      case .intent(let event):
        let isNew = try insert(event, with: database.insertIntent, writtenAt)
        outcomes.append(isNew ? nil : .conflict(event.eventID))
        if isNew { hasWritten = true }
      case .probe:
        outcomes.append(nil)
      }
    }
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
    let path = path
    let connection = try TraceStoreError.of(path) { () throws(SQLiteError) in
      let connection = try Connection(path: path, mode: .readWrite)
      try connection.setBusyTimeout(milliseconds: Self.busyMilliseconds)
      return connection
    }
    do throws(TraceStoreError) {
      try TraceSchema.prepare(connection, path: path, creating: creating)
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
      func insertion(_ table: String) throws(SQLiteError) -> Statement {
        try connection.prepare("INSERT INTO \(table) (\(TraceColumns.names), created_at) VALUES (\(values))")
      }
      // Reading opens the log, whose file is looked at below.
      try connection.execute("SELECT 1 FROM traces LIMIT 1")
      return Database(
        connection: connection, insertEvent: try insertion("traces"), insertIntent: try insertion("intents"),
        insertRunning: try insertion("running"),
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

extension SQLiteError {
  fileprivate static var noWriteAheadLog: SQLiteError {
    SQLiteError(code: 1, message: "the file system takes no write-ahead log")
  }
}
