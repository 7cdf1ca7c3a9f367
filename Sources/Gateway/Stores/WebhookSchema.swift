import SQLite

/// The tables of the queue of webhooks, and how a file is told to be ours.
enum WebhookSchema {
  static let version: Int64 = 1
  /// `AGWH`, in the file's header.
  static let applicationID: Int64 = 0x4147_5748

  /// Times are microseconds since 1970-01-01T00:00:00Z. `body` is what is sent, byte by byte. `kills` says which process
  /// told of a kill last.
  private static let creation = """
    BEGIN IMMEDIATE;
    PRAGMA application_id = \(applicationID);
    PRAGMA user_version = \(version);
    CREATE TABLE events (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, room INTEGER NOT NULL,
      created INTEGER NOT NULL, body BLOB NOT NULL, failures INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL DEFAULT 0,
      problem TEXT, lease_owner TEXT, lease_until INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX events_due ON events (room, sequence, due, lease_until, type);
    CREATE TABLE kills (kill TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, time INTEGER NOT NULL) STRICT;
    COMMIT;
    """

  /// Refuses a file that holds something else by reading its header, so that such a file isn't touched at all.
  static func checkHeader(path: String) throws(WebhookStoreError) {
    switch DatabaseFiles.owner(of: path, applicationID: applicationID) {
    case .nobody, .ours: return
    case .unreadable(let error): throw WebhookStoreError("\(error)")
    case .noFile: throw WebhookStoreError("\(path) is not a file")
    case .others: throw foreign(path)
    }
  }

  /// Makes `connection` ready: creates the tables in an empty database, checks others.
  static func prepare(_ connection: Connection, path: String) throws(WebhookStoreError) {
    let (id, version, isEmpty): (Int64?, Int64?, Bool) = try WebhookStoreError.of(path) { () throws(SQLiteError) in
      (
        try connection.integer("PRAGMA application_id"), try connection.integer("PRAGMA user_version"),
        try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
      )
    }
    if id == 0, version == 0, isEmpty {
      // In the rollback journal's mode, so that the header names us before there is a write-ahead log.
      try WebhookStoreError.of(path) { () throws(SQLiteError) in try connection.execute(creation) }
      return
    }
    guard id == applicationID else { throw foreign(path) }
    guard version == Self.version else {
      throw WebhookStoreError(
        "webhook queue \(path) has schema version \(version ?? 0); this agentgate understands version \(Self.version)")
    }
  }

  private static func foreign(_ path: String) -> WebhookStoreError {
    WebhookStoreError("\(path) is not an AgentGate webhook queue")
  }
}
