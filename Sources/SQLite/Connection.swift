import CSQLite

/// One connection to an SQLite database, for use by one thread at a time. Closed when the last reference to it and to
/// its statements goes.
public final class Connection {
  public enum Mode: Sendable {
    case readOnly
    /// Fails when the file doesn't exist.
    case readWrite
    case readWriteCreate
  }

  let handle: OpaquePointer
  private var progressHandler: ProgressHandler?
  private var log: LogSize?

  /// `:memory:` is a database of this connection's own. The file is opened, but not read: what is no database shows at
  /// the first statement.
  public init(path: String, mode: Mode) throws(SQLiteError) {
    let flags =
      switch mode {
      case .readOnly: SQLITE_OPEN_READONLY
      case .readWrite: SQLITE_OPEN_READWRITE
      case .readWriteCreate: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      }
    guard !path.utf8.contains(0) else {
      throw SQLiteError(code: SQLITE_CANTOPEN, message: "path contains a NUL byte")
    }
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
    guard code == SQLITE_OK, let opened else {
      let error = opened.map { SQLiteError(code: code, handle: $0) } ?? SQLiteError(code: code)
      sqlite3_close_v2(opened)
      throw error
    }
    handle = opened
  }

  deinit {
    sqlite3_close_v2(handle)
  }

  /// Runs one or more statements and drops their rows.
  public func execute(_ sql: String) throws(SQLiteError) {
    guard !sql.utf8.contains(0) else { throw SQLiteError(code: SQLITE_ERROR, message: "SQL contains a NUL byte") }
    try check(sqlite3_exec(handle, sql, nil, nil, nil))
  }

  /// Compiles exactly one statement; comments and white space may surround it.
  public func prepare(_ sql: String) throws(SQLiteError) -> Statement {
    var text = sql
    let result: Result<OpaquePointer, SQLiteError> = text.withUTF8 { bytes in
      guard let base = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self),
        bytes.count <= Int(Int32.max)
      else { return .failure(SQLiteError(code: SQLITE_ERROR, message: "no SQL statement")) }
      let end = base + bytes.count
      // SQLite reads up to a NUL even before the given length: what follows one would go unseen.
      if bytes.contains(0) {
        return .failure(SQLiteError(code: SQLITE_ERROR, message: "SQL contains a NUL byte"))
      }
      var tail: UnsafePointer<CChar>? = base
      var first: OpaquePointer?
      while let start = tail, start < end {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v2(handle, start, Int32(end - start), &statement, &tail)
        guard code == SQLITE_OK else {
          let error = SQLiteError(code: code, handle: handle)
          sqlite3_finalize(first)
          return .failure(error)
        }
        guard let statement else {
          if tail == start { break }
          continue
        }
        guard first == nil else {
          sqlite3_finalize(statement)
          sqlite3_finalize(first)
          return .failure(SQLiteError(code: SQLITE_ERROR, message: "more than one SQL statement"))
        }
        first = statement
      }
      guard let first else { return .failure(SQLiteError(code: SQLITE_ERROR, message: "no SQL statement")) }
      return .success(first)
    }
    return Statement(try result.get(), of: self)
  }

  /// How long a statement waits for another connection's lock before it fails with `busy`.
  public func setBusyTimeout(milliseconds: Int32) throws(SQLiteError) {
    try check(sqlite3_busy_timeout(handle, milliseconds))
  }

  /// Asks `shouldStop` about every `instructions` steps of SQLite's machine; once it says so the statement fails with
  /// `interrupted`. Nil takes the question back.
  public func setProgressHandler(everyInstructions instructions: Int32 = 1_000, _ shouldStop: (() -> Bool)?) {
    guard let shouldStop else {
      sqlite3_progress_handler(handle, 0, nil, nil)
      progressHandler = nil
      return
    }
    let handler = ProgressHandler(shouldStop: shouldStop)
    progressHandler = handler
    sqlite3_progress_handler(
      handle, max(instructions, 1),
      { context in
        guard let context else { return 0 }
        return Unmanaged<ProgressHandler>.fromOpaque(context).takeUnretainedValue().shouldStop() ? 1 : 0
      }, Unmanaged.passUnretained(handler).toOpaque())
  }

  /// Leaves the write-ahead log in place when the last connection closes, where SQLite would delete it.
  public func keepWriteAheadLog() throws(SQLiteError) {
    var keep: Int32 = 1
    try check(sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep))
  }

  /// From now on commits leave the write-ahead log to `checkpoint`, where SQLite would do it in a commit now and then.
  public func checkpointByHand() {
    let size = LogSize()
    log = size
    _ = sqlite3_wal_hook(
      handle,
      { context, _, _, pages in
        if let context { Unmanaged<LogSize>.fromOpaque(context).takeUnretainedValue().pages = Int(pages) }
        return SQLITE_OK
      }, Unmanaged.passUnretained(size).toOpaque())
  }

  /// Pages in the write-ahead log after this connection's last commit; 0 without `checkpointByHand`.
  public var logPages: Int { log?.pages ?? 0 }

  /// Writes what is in the write-ahead log to the database, as far as nobody reads what came before it.
  public func checkpoint() throws(SQLiteError) {
    try check(sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil))
    log?.pages = 0
  }

  /// Rows that the last INSERT, UPDATE or DELETE touched.
  public var changes: Int { Int(sqlite3_changes64(handle)) }
  public var lastInsertRowID: Int64 { sqlite3_last_insert_rowid(handle) }
  public var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  func check(_ code: Int32) throws(SQLiteError) {
    guard code == SQLITE_OK else { throw SQLiteError(code: code, handle: handle) }
  }
}

private final class LogSize {
  var pages = 0
}

private final class ProgressHandler {
  let shouldStop: () -> Bool
  init(shouldStop: @escaping () -> Bool) { self.shouldStop = shouldStop }
}
