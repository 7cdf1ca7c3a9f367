import CSQLite

extension Connection {
  /// From now on only queries compile on this connection: no writing, attaching, pragma or loading of extensions, and no
  /// text or blob over 1 MiB. For statements whose text comes from outside.
  public func restrictToReading() throws(SQLiteError) {
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 1 << 20)
    sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, 1 << 17)
    sqlite3_limit(handle, SQLITE_LIMIT_EXPR_DEPTH, 200)
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0)
    sqlite3_limit(handle, SQLITE_LIMIT_WORKER_THREADS, 0)
    try execute("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF")
    try check(
      sqlite3_set_authorizer(
        handle,
        { _, action, _, name, _, _ in
          switch action {
          case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: SQLITE_OK
          case SQLITE_FUNCTION: name.map { String(cString: $0) } == "load_extension" ? SQLITE_DENY : SQLITE_OK
          default: SQLITE_DENY
          }
        }, nil))
  }
}
