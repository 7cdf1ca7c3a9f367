import CSQLite

/// A compiled statement. Parameters count from 1, columns from 0, as in SQLite.
public final class Statement {
  private let handle: OpaquePointer
  private let connection: Connection
  public let columnCount: Int

  init(_ handle: OpaquePointer, of connection: Connection) {
    self.handle = handle
    self.connection = connection
    columnCount = Int(sqlite3_column_count(handle))
  }

  deinit {
    sqlite3_finalize(handle)
  }

  /// It changes no database file by itself. A statement that is read-only may still change the connection (`BEGIN`,
  /// some pragmas).
  public var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }
  public var parameterCount: Int { Int(sqlite3_bind_parameter_count(handle)) }

  public var columnNames: [String] {
    (0..<columnCount).map { sqlite3_column_name(handle, Int32($0)).map { String(cString: $0) } ?? "" }
  }

  public func bind(_ value: SQLiteValue, at index: Int) throws(SQLiteError) {
    switch value {
    case .null: try check(sqlite3_bind_null(handle, Int32(clamping: index)))
    case .integer(let value): try check(sqlite3_bind_int64(handle, Int32(clamping: index), value))
    case .real(let value): try check(sqlite3_bind_double(handle, Int32(clamping: index), value))
    case .text(let text): try bindText(text, at: index)
    case .blob(let bytes):
      let code = bytes.withUnsafeBytes { bytes in
        // An empty array may have no address, and SQLite takes none for NULL.
        bytes.isEmpty
          ? sqlite3_bind_zeroblob(handle, Int32(clamping: index), 0)
          : sqlite3_bind_blob64(handle, Int32(clamping: index), bytes.baseAddress, UInt64(bytes.count), transient)
      }
      try check(code)
    }
  }

  public func bind(_ value: Int64?, at index: Int) throws(SQLiteError) {
    try bind(value.map { .integer($0) } ?? .null, at: index)
  }
  public func bind(_ value: Double?, at index: Int) throws(SQLiteError) {
    try bind(value.map { .real($0) } ?? .null, at: index)
  }
  public func bind(_ value: String?, at index: Int) throws(SQLiteError) {
    try bind(value.map { .text($0) } ?? .null, at: index)
  }
  public func bind(_ value: [UInt8]?, at index: Int) throws(SQLiteError) {
    try bind(value.map { .blob($0) } ?? .null, at: index)
  }

  /// Runs to the next row; false when there is none. After an error or the last row, `reset` before running again.
  public func step() throws(SQLiteError) -> Bool {
    let code = sqlite3_step(handle)
    switch code {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw SQLiteError(code: code, handle: sqlite3_db_handle(handle))
    }
  }

  /// Back to the start; the bindings stay.
  public func reset() {
    // The code repeats the last step's error, which has been thrown.
    sqlite3_reset(handle)
  }

  /// The current row's value; `null` outside the columns. Text that is no UTF-8 is mended with U+FFFD.
  public func column(_ index: Int) -> SQLiteValue {
    guard (0..<columnCount).contains(index) else { return .null }
    switch sqlite3_column_type(handle, Int32(index)) {
    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, Int32(index)))
    case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, Int32(index)))
    case SQLITE_TEXT: return .text(withTextBytes(index) { String(decoding: $0, as: UTF8.self) } ?? "")
    case SQLITE_BLOB:
      let start = sqlite3_column_blob(handle, Int32(index))
      let count = Int(sqlite3_column_bytes(handle, Int32(index)))
      return .blob(Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)))
    default: return .null
    }
  }

  /// The current row's text without a copy, for the length of `body`; nil when the value is no text.
  public func withTextBytes<R>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R? {
    guard (0..<columnCount).contains(index), sqlite3_column_type(handle, Int32(index)) == SQLITE_TEXT,
      let start = sqlite3_column_text(handle, Int32(index))
    else { return nil }
    let count = Int(sqlite3_column_bytes(handle, Int32(index)))
    return body(UnsafeBufferPointer(start: start, count: count))
  }

  private func bindText(_ text: String, at index: Int) throws(SQLiteError) {
    var copy = text
    // With its length, not up to a NUL: text may contain one.
    let code = copy.withUTF8 { utf8 in
      guard let start = UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self) else {
        return sqlite3_bind_text(handle, Int32(clamping: index), "", 0, transient)
      }
      return sqlite3_bind_text64(
        handle, Int32(clamping: index), start, UInt64(utf8.count), transient, UInt8(SQLITE_UTF8))
    }
    try check(code)
  }

  private func check(_ code: Int32) throws(SQLiteError) {
    try connection.check(code)
  }
}

/// SQLITE_TRANSIENT: SQLite takes a copy. The macro's cast isn't imported.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
