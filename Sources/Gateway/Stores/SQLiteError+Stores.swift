import SQLite

extension SQLiteError {
  /// What happened to a store, to stand after its name: `is damaged`.
  var predicate: String {
    switch kind {
    case .busy: "is locked by another process"
    case .full: "can't grow: the disk is full"
    case .readOnly: "is read-only"
    case .corrupt: "is damaged"
    case .cannotOpen: "can't be opened"
    case .inputOutput, .constraint, .interrupted, .other: "failed"
    }
  }

  static var noWriteAheadLog: SQLiteError {
    SQLiteError(code: 1, message: "the file system takes no write-ahead log")
  }
}

extension Connection {
  /// Has each commit durable, in a write-ahead log that is opened here.
  ///
  /// - Parameters:
  ///   - table: one that the database has
  ///   - logLimit: bytes that the log's file keeps when all of it has been taken over
  func openWriteAheadLog(reading table: String, logLimit: Int) throws(SQLiteError) {
    let mode = try prepare("PRAGMA journal_mode = WAL")
    guard try mode.step(), mode.column(0) == .text("wal") else { throw .noWriteAheadLog }
    mode.reset()
    try execute("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = \(logLimit)")
    try execute("SELECT 1 FROM \(table) LIMIT 1")
  }
}
