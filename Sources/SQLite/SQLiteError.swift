import CSQLite

public struct SQLiteError: Error, Equatable, Sendable {
  /// SQLite's extended result code.
  public let code: Int32
  /// SQLite's text, or ours: lower case, no period.
  public let message: String

  public init(code: Int32, message: String) {
    self.code = code
    self.message = message
  }

  init(code: Int32) {
    self.init(code: code, message: String(cString: sqlite3_errstr(code)))
  }

  init(code: Int32, handle: OpaquePointer) {
    // The connection keeps the text of its latest error only: of another's it would say the wrong thing.
    let isLatest = sqlite3_extended_errcode(handle) == code
    self.init(code: code, message: String(cString: isLatest ? sqlite3_errmsg(handle) : sqlite3_errstr(code)))
  }

  public enum Kind: Sendable {
    /// Another connection holds the lock.
    case busy
    case full
    case readOnly
    /// The file is damaged, or no database.
    case corrupt
    case cannotOpen
    case inputOutput
    case constraint
    case interrupted
    case other
  }

  public var kind: Kind {
    switch code & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED: .busy
    case SQLITE_FULL: .full
    case SQLITE_READONLY, SQLITE_PERM: .readOnly
    case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
    case SQLITE_CANTOPEN: .cannotOpen
    case SQLITE_IOERR: .inputOutput
    case SQLITE_CONSTRAINT: .constraint
    case SQLITE_INTERRUPT: .interrupted
    default: .other
    }
  }
}

extension SQLiteError: CustomStringConvertible {
  public var description: String { "\(message) (SQLite \(code))" }
}
