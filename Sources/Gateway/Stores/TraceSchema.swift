import SQLite

/// The tables, and how a file is told to be ours.
enum TraceSchema {
  static let version: Int64 = 3
  /// `AGTR`, in the file's header.
  static let applicationID: Int64 = 0x4147_5452

  /// Column names and texts as AgentGate 0.2's `traces`, with `seq`, `kind`, `policy_revision` and
  /// `details` (JSON) added. `seq` ascends in
  /// the order of writing. Times are `ISOTimestamp` texts.
  private static let columns = """
    seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, \(facts)
    """

  private static let facts = """
    timestamp TEXT NOT NULL, session_id TEXT, user_id TEXT,
    agent_id TEXT, tool_name TEXT, arguments_hash TEXT, policy_version TEXT NOT NULL, policy_decision TEXT,
    policy_reason TEXT NOT NULL, matched_rule TEXT, executed INTEGER NOT NULL, duration_ms INTEGER, error TEXT,
    is_write_action INTEGER NOT NULL, approval_token_present INTEGER NOT NULL, created_at TEXT NOT NULL,
    kind TEXT NOT NULL, policy_revision TEXT NOT NULL, details TEXT
    """

  /// Calls that read and that run now: what a crash leaves here becomes an event. A row goes when its event comes.
  private static let running = """
    CREATE TABLE running (event_id TEXT PRIMARY KEY, \(facts)) STRICT, WITHOUT ROWID;
    """

  /// Refuses what would change or drop a row. The third one is for INSERT OR REPLACE, which deletes without firing
  /// DELETE triggers; `seq` is below zero there when the statement leaves it to SQLite.
  private static func guards(_ table: String) -> String {
    """
    CREATE TRIGGER \(table)_no_update BEFORE UPDATE ON \(table)
      BEGIN SELECT RAISE(ABORT, '\(table) is append-only'); END;
    CREATE TRIGGER \(table)_no_delete BEFORE DELETE ON \(table)
      BEGIN SELECT RAISE(ABORT, '\(table) is append-only'); END;
    CREATE TRIGGER \(table)_no_replace BEFORE INSERT ON \(table)
      WHEN EXISTS (SELECT 1 FROM \(table) WHERE event_id = NEW.event_id)
        OR NEW.seq > 0 AND EXISTS (SELECT 1 FROM \(table) WHERE seq = NEW.seq)
      BEGIN SELECT RAISE(ABORT, '\(table) is append-only'); END;
    """
  }

  private static var creation: String {
    """
    BEGIN IMMEDIATE;
    PRAGMA application_id = \(applicationID);
    PRAGMA user_version = \(version);
    CREATE TABLE traces (\(columns)) STRICT;
    CREATE INDEX idx_session ON traces (session_id, timestamp, event_id);
    CREATE TABLE intents (\(columns)) STRICT;
    \(running)
    \(guards("traces"))
    \(guards("intents"))
    COMMIT;
    """
  }

  /// From an earlier version: the first had no `details`, the second no `running`.
  private static func migration(from version: Int64) -> String {
    """
    BEGIN IMMEDIATE;
    \(version < 2 ? "ALTER TABLE traces ADD COLUMN details TEXT; ALTER TABLE intents ADD COLUMN details TEXT;" : "")
    \(running)
    PRAGMA user_version = \(Self.version);
    COMMIT;
    """
  }

  /// Refuses a file that holds something else by reading its header, so that such a file isn't touched at all.
  static func checkHeader(path: String) throws(TraceStoreError) {
    switch DatabaseFiles.owner(of: path, applicationID: applicationID) {
    case .nobody, .ours: return
    case .unreadable(let error): throw TraceStoreError(.missing, "\(error)")
    case .noFile: throw TraceStoreError(.foreign, "\(path) is not a file")
    case .others: throw TraceStoreError(.foreign, "\(path) is not an AgentGate trace store")
    }
  }

  /// Makes `connection` ready: creates the tables in an empty database when `creating`, checks them otherwise.
  static func prepare(_ connection: Connection, path: String, creating: Bool) throws(TraceStoreError) {
    let (id, version, isEmpty): (Int64?, Int64?, Bool) = try TraceStoreError.of(path) { () throws(SQLiteError) in
      (
        try connection.integer("PRAGMA application_id"), try connection.integer("PRAGMA user_version"),
        try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
      )
    }
    if creating, id == 0, version == 0, isEmpty {
      // In the rollback journal's mode, so that the header names us before there is a write-ahead log.
      try TraceStoreError.of(path) { () throws(SQLiteError) in try connection.execute(creation) }
      return
    }
    guard id == applicationID else {
      throw TraceStoreError(.foreign, "\(path) is not an AgentGate trace store")
    }
    if creating, let version, (1..<Self.version).contains(version) {
      do throws(TraceStoreError) {
        try TraceStoreError.of(path) { () throws(SQLiteError) in try connection.execute(migration(from: version)) }
      } catch {
        try? connection.execute("ROLLBACK")
        // Another process may have done it meanwhile.
        let now = try TraceStoreError.of(path) { () throws(SQLiteError) in
          try connection.integer("PRAGMA user_version")
        }
        guard now == Self.version else { throw error }
      }
      return
    }
    guard version == Self.version else {
      throw TraceStoreError(
        .foreign,
        "trace store \(path) has schema version \(version ?? 0); this agentgate understands version \(Self.version)")
    }
  }
}
