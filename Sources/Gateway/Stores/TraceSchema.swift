import SQLite

/// The tables, and how a file is told to be ours.
enum TraceSchema {
  static let version: Int64 = 4
  /// `AGTR`, in the file's header.
  static let applicationID: Int64 = 0x4147_5452

  /// Column names and texts as AgentGate 0.2's `traces`, with `kind`, `policy_revision`, `details` (JSON) and what
  /// `ChainLink` has added: `seq` is an event's number in the chain, `session_seq` its number in its session, and
  /// `created_at` when it was written. Times are `ISOTimestamp` texts, hashes 32 bytes.
  private static let traces = """
    CREATE TABLE traces (
      seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, \(facts), session_seq INTEGER,
      previous_hash BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
    CREATE INDEX idx_session ON traces (session_id, timestamp, event_id);
    CREATE UNIQUE INDEX idx_session_seq ON traces (session_id, session_seq) WHERE session_id IS NOT NULL;
    CREATE INDEX idx_agent ON traces (agent_id) WHERE agent_id IS NOT NULL AND kind = 'tool_call';
    CREATE INDEX idx_agent_tool ON traces (agent_id, tool_name) WHERE agent_id IS NOT NULL AND kind = 'tool_call';
    CREATE INDEX idx_agent_start ON traces (agent_id, timestamp, event_id)
      WHERE agent_id IS NOT NULL AND session_seq = 1;
    CREATE INDEX idx_user_start ON traces (user_id, timestamp, event_id)
      WHERE user_id IS NOT NULL AND session_seq = 1;
    CREATE INDEX idx_kill ON traces (timestamp, event_id)
      WHERE kind IN ('kill', 'unkill') AND session_id IS NOT NULL;
    """

  private static let facts = """
    timestamp TEXT NOT NULL, session_id TEXT, user_id TEXT,
    agent_id TEXT, tool_name TEXT, arguments_hash TEXT, policy_version TEXT NOT NULL, policy_decision TEXT,
    policy_reason TEXT NOT NULL, matched_rule TEXT, executed INTEGER NOT NULL, duration_ms INTEGER, error TEXT,
    is_write_action INTEGER NOT NULL, approval_token_present INTEGER NOT NULL, created_at TEXT NOT NULL,
    kind TEXT NOT NULL, policy_revision TEXT NOT NULL, details TEXT
    """

  /// Calls that run now: what a crash leaves here becomes an event. A row goes when its event comes.
  private static let running = """
    CREATE TABLE running (event_id TEXT PRIMARY KEY, \(facts)) STRICT, WITHOUT ROWID;
    """

  /// The tree over the events' hashes, as far as `MerkleTree` says that it is kept, and the head that was signed last.
  private static let tree = """
    CREATE TABLE tree (level INTEGER, position INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, position))
      STRICT, WITHOUT ROWID;
    CREATE TABLE head (
      id INTEGER PRIMARY KEY CHECK (id = 1), tree_size INTEGER NOT NULL, root_hash BLOB NOT NULL,
      signed_at TEXT NOT NULL, ed25519 BLOB NOT NULL, hmac BLOB, public_key BLOB NOT NULL) STRICT;
    """

  /// Refuse what would change or drop a row. The third one of `traces` is for INSERT OR REPLACE, which deletes without
  /// firing DELETE triggers; `seq` is below zero there when the statement leaves it to SQLite.
  private static let guards = """
    CREATE TRIGGER traces_no_update BEFORE UPDATE ON traces
      BEGIN SELECT RAISE(ABORT, 'traces is append-only'); END;
    CREATE TRIGGER traces_no_delete BEFORE DELETE ON traces
      BEGIN SELECT RAISE(ABORT, 'traces is append-only'); END;
    CREATE TRIGGER traces_no_replace BEFORE INSERT ON traces
      WHEN EXISTS (SELECT 1 FROM traces WHERE event_id = NEW.event_id)
        OR NEW.seq > 0 AND EXISTS (SELECT 1 FROM traces WHERE seq = NEW.seq)
      BEGIN SELECT RAISE(ABORT, 'traces is append-only'); END;
    CREATE TRIGGER tree_no_update BEFORE UPDATE ON tree
      BEGIN SELECT RAISE(ABORT, 'tree is append-only'); END;
    CREATE TRIGGER tree_no_delete BEFORE DELETE ON tree
      BEGIN SELECT RAISE(ABORT, 'tree is append-only'); END;
    """

  /// What makes a store's tables, indexes and triggers.
  static let definition = "\(traces)\n\(running)\n\(tree)\n\(guards)"

  private static var creation: String {
    """
    BEGIN IMMEDIATE;
    PRAGMA application_id = \(applicationID);
    PRAGMA user_version = \(version);
    \(definition)
    COMMIT;
    """
  }

  /// From an earlier version: the first had no `details`, the second no `running`, the third no chain, and both kinds of
  /// calls that run in tables of their own. What was there goes into `earlier_traces`, for `TraceChain` to take it over.
  private static func migration(from version: Int64) -> String {
    let names = TraceColumns.names
    let isFirst = version < 2
    return """
      \(isFirst ? "ALTER TABLE traces ADD COLUMN details TEXT; ALTER TABLE intents ADD COLUMN details TEXT;" : "")
      DROP TRIGGER traces_no_update; DROP TRIGGER traces_no_delete; DROP TRIGGER traces_no_replace;
      DROP TRIGGER intents_no_update; DROP TRIGGER intents_no_delete; DROP TRIGGER intents_no_replace;
      DROP INDEX idx_session;
      ALTER TABLE traces RENAME TO earlier_traces;
      \(version < 3 ? "" : "ALTER TABLE running RENAME TO earlier_running;")
      \(definition)
      INSERT INTO running (\(names), created_at) SELECT \(names), created_at FROM intents
        WHERE NOT EXISTS (SELECT 1 FROM earlier_traces WHERE earlier_traces.event_id = intents.event_id);
      \(version < 3 ? "" : "INSERT INTO running SELECT * FROM earlier_running; DROP TABLE earlier_running;")
      DROP TABLE intents;
      PRAGMA user_version = \(Self.version);
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
  ///
  /// - Parameter takeOver: puts the rows of `earlier_traces` into the chain, in the order of their `seq`
  static func prepare(
    _ connection: Connection, path: String, creating: Bool,
    _ takeOver: (Connection) throws(TraceStoreError) -> Void = { _ in }
  ) throws(TraceStoreError) {
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
        try migrate(connection, path: path, from: version, takeOver)
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

  private static func migrate(
    _ connection: Connection, path: String, from version: Int64,
    _ takeOver: (Connection) throws(TraceStoreError) -> Void
  ) throws(TraceStoreError) {
    try TraceStoreError.of(path) { () throws(SQLiteError) in
      try connection.execute("BEGIN IMMEDIATE")
      guard try connection.integer("PRAGMA user_version") == version else {
        throw SQLiteError(code: 1, message: "its version has changed")
      }
      try connection.execute(migration(from: version))
    }
    try takeOver(connection)
    try TraceStoreError.of(path) { () throws(SQLiteError) in
      try connection.execute("DROP TABLE earlier_traces; COMMIT")
    }
  }
}
