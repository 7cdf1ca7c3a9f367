import SQLite

/// The table, and how a file is told to be ours.
enum ApprovalSchema {
  static let version: Int64 = 1
  /// `AGAP`, in the file's header.
  static let applicationID: Int64 = 0x4147_4150

  /// Times are microseconds since 1970-01-01T00:00:00Z. `status` is never `expired`, which `expires` says. The trigger
  /// holds whatever program writes: what a request is for never changes, and nothing is decided or used twice.
  private static let creation = """
    BEGIN IMMEDIATE;
    PRAGMA application_id = \(applicationID);
    PRAGMA user_version = \(version);
    CREATE TABLE approvals (
      id TEXT NOT NULL PRIMARY KEY, session_id TEXT NOT NULL, tool_name TEXT NOT NULL, arguments_hash TEXT NOT NULL,
      agent_id TEXT, user_id TEXT, reason TEXT NOT NULL, policy_revision TEXT NOT NULL, arguments_preview TEXT,
      created INTEGER NOT NULL, expires INTEGER NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'used')),
      decided_at INTEGER, decided_by TEXT, note TEXT, used_at INTEGER
    ) STRICT;
    CREATE INDEX approvals_call ON approvals (session_id, tool_name, arguments_hash);
    CREATE INDEX approvals_status ON approvals (status, created, id);
    CREATE INDEX approvals_pending ON approvals (session_id, expires) WHERE status = 'pending';
    CREATE TRIGGER approvals_one_way BEFORE UPDATE ON approvals
      WHEN NOT (OLD.status = 'pending' AND NEW.status IN ('approved', 'denied')
          OR OLD.status = 'approved' AND NEW.status = 'used')
        OR (NEW.id, NEW.session_id, NEW.tool_name, NEW.arguments_hash, NEW.agent_id, NEW.created, NEW.expires)
          IS NOT (OLD.id, OLD.session_id, OLD.tool_name, OLD.arguments_hash, OLD.agent_id, OLD.created, OLD.expires)
      BEGIN SELECT RAISE(ABORT, 'a request is decided once and used once'); END;
    COMMIT;
    """

  /// Refuses a file that holds something else by reading its header, so that such a file isn't touched at all.
  static func checkHeader(path: String) throws(ApprovalStoreError) {
    switch DatabaseFiles.owner(of: path, applicationID: applicationID) {
    case .nobody, .ours: return
    case .unreadable(let error): throw ApprovalStoreError(.unavailable, "\(error)")
    case .noFile: throw ApprovalStoreError(.unavailable, "\(path) is not a file")
    case .others: throw foreign(path)
    }
  }

  /// Makes `connection` ready: creates the table in an empty database when `creating`, checks it otherwise.
  static func prepare(_ connection: Connection, path: String, creating: Bool) throws(ApprovalStoreError) {
    let (id, version, isEmpty): (Int64?, Int64?, Bool) = try ApprovalStoreError.of(path) { () throws(SQLiteError) in
      (
        try connection.integer("PRAGMA application_id"), try connection.integer("PRAGMA user_version"),
        try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
      )
    }
    if creating, id == 0, version == 0, isEmpty {
      // In the rollback journal's mode, so that the header names us before there is a write-ahead log.
      try ApprovalStoreError.of(path) { () throws(SQLiteError) in try connection.execute(creation) }
      return
    }
    guard id == applicationID else { throw foreign(path) }
    guard version == Self.version else {
      throw ApprovalStoreError(
        .unavailable,
        "approval store \(path) has schema version \(version ?? 0); this agentgate understands version \(Self.version)")
    }
  }

  private static func foreign(_ path: String) -> ApprovalStoreError {
    ApprovalStoreError(.unavailable, "\(path) is not an AgentGate approval store")
  }
}

/// A request as columns.
enum ApprovalColumns {
  /// In the order of `bind` and `request`.
  static let names = """
    id, session_id, tool_name, arguments_hash, agent_id, user_id, reason, policy_revision, arguments_preview, created, \
    expires, status, decided_at, decided_by, note
    """
  static let count = 15

  /// Binds a pending request to parameters 1 to `count`.
  static func bind(_ request: ApprovalRequest, to statement: Statement) throws(SQLiteError) {
    try statement.bind(request.id, at: 1)
    try statement.bind(request.sessionID, at: 2)
    try statement.bind(request.toolName, at: 3)
    try statement.bind(request.argumentsHash, at: 4)
    try statement.bind(request.agentID, at: 5)
    try statement.bind(request.userID, at: 6)
    try statement.bind(request.reason, at: 7)
    try statement.bind(request.policyRevision, at: 8)
    try statement.bind(request.argumentsPreview, at: 9)
    try statement.bind(request.created, at: 10)
    try statement.bind(request.expires, at: 11)
    try statement.bind(ApprovalRequest.Status.pending.rawValue, at: 12)
    for index in 13...count { try statement.bind(.null, at: index) }
  }

  /// The request in the current row's first `count` columns, as it stands at the time `now`. Absent when the row says
  /// what none of ours does.
  static func request(_ row: Statement, now: Int64) -> ApprovalRequest? {
    guard let id = row.column(0).textValue, let session = row.column(1).textValue, let tool = row.column(2).textValue,
      let hash = row.column(3).textValue, let reason = row.column(6).textValue,
      let revision = row.column(7).textValue, let created = row.column(9).integerValue,
      let expires = row.column(10).integerValue,
      let status = row.column(11).textValue.flatMap(ApprovalRequest.Status.init(rawValue:))
    else { return nil }
    var request = ApprovalRequest(
      id: id, sessionID: session, toolName: tool, argumentsHash: hash, agentID: row.column(4).textValue,
      userID: row.column(5).textValue, reason: reason, policyRevision: revision,
      argumentsPreview: row.column(8).textValue, created: created, expires: expires)
    let isOpen = status == .pending || status == .approved
    request.status = isOpen && expires <= now ? .expired : status
    request.decidedAt = row.column(12).integerValue
    request.decidedBy = row.column(13).textValue
    request.note = row.column(14).textValue
    return request
  }

  /// What is true of the rows that are in this status at the time `now`, and the values of its parameters.
  static func condition(_ status: ApprovalRequest.Status?, now: Int64) -> (String, [SQLiteValue]) {
    guard let status else { return ("TRUE", []) }
    switch status {
    case .pending, .approved: return ("status = ? AND expires > ?", [.text(status.rawValue), .integer(now)])
    case .denied, .used: return ("status = ?", [.text(status.rawValue)])
    case .expired: return ("status IN ('pending', 'approved') AND expires <= ?", [.integer(now)])
    }
  }
}
