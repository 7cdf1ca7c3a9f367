import SQLite

/// The connection of an approval store. Everything here blocks.
struct ApprovalDatabase {
  /// How long SQLite waits for another process.
  private static let busyMilliseconds: Int32 = 1_000
  /// How long another process may take to open the same store.
  private static let lockMilliseconds = 3_000
  /// How often a store that stays open deletes what is old, in microseconds.
  private static let cleaningInterval: Int64 = 3_600 * 1_000_000

  private struct Database {
    let connection: Connection
    let files: DatabaseFiles
  }

  private let path: String
  private let clock: WallClock
  private var database: Database?
  private var isClosed = false
  private var cleanedAt: Int64

  /// Opens the store, creating the file (mode 0600) when there is none.
  init(path: String, clock: WallClock) throws(ApprovalStoreError) {
    self.path = path
    self.clock = clock
    cleanedAt = clock.now()
    let lock: FileLock
    do throws(FileLock.Failure) {
      // Who finds an empty file makes the table: one at a time.
      lock = try FileLock(path: path + ".lock", kind: .exclusive, waitingUpTo: Self.lockMilliseconds)
    } catch {
      throw ApprovalStoreError(.unavailable, "\(error)")
    }
    defer { withExtendedLifetime(lock) {} }
    try ApprovalSchema.checkHeader(path: path)
    do throws(SystemError) {
      try StateFile.create(path)
      try StateFile.syncFolder(of: path)
    } catch {
      throw ApprovalStoreError(.unavailable, "\(error)")
    }
    database = try open(creating: true)
  }

  mutating func open(_ request: ApprovalRequest) throws(ApprovalStoreError) -> ApprovalRequest {
    let now = clock.now()
    if now - cleanedAt >= Self.cleaningInterval {
      cleanedAt = now
      _ = try write { connection throws(SQLiteError) in .success(try Self.deleteOld(connection, now: now)) }
    }
    return try write { connection throws(SQLiteError) in
      let earlier = try connection.prepare(
        """
        SELECT \(ApprovalColumns.names) FROM approvals
        WHERE session_id = ?1 AND tool_name = ?2 AND arguments_hash = ?3 AND agent_id IS ?4
          AND policy_revision = ?6 AND status IN ('pending', 'approved') AND expires > ?5
        ORDER BY status = 'approved' DESC, created, id LIMIT 1
        """)
      try earlier.bind(request.sessionID, at: 1)
      try earlier.bind(request.toolName, at: 2)
      try earlier.bind(request.argumentsHash, at: 3)
      try earlier.bind(request.agentID, at: 4)
      try earlier.bind(now, at: 5)
      try earlier.bind(request.policyRevision, at: 6)
      if try earlier.step(), let earlier = ApprovalColumns.request(earlier, now: now) { return .success(earlier) }
      if let excess = try Self.excess(of: request.sessionID, connection, now: now) { return .failure(excess) }
      let values = Array(repeating: "?", count: ApprovalColumns.count).joined(separator: ", ")
      let insertion = try connection.prepare("INSERT INTO approvals (\(ApprovalColumns.names)) VALUES (\(values))")
      try ApprovalColumns.bind(request, to: insertion)
      do throws(SQLiteError) {
        _ = try insertion.step()
      } catch {
        guard error.kind == .constraint else { throw error }
        return .failure(
          ApprovalStoreError(.conflict, "approval request \(VisibleText.of(request.id)) is another one"))
      }
      return try Self.request(request.id, connection, now: now)
    }
  }

  mutating func request(_ id: String) throws(ApprovalStoreError) -> ApprovalRequest? {
    try list("id = ?", [.text(id)], order: "id", now: clock.now(), limit: 1).first
  }

  mutating func list(
    _ status: ApprovalRequest.Status?, limit: Int
  ) throws(ApprovalStoreError) -> [ApprovalRequest] {
    let now = clock.now()
    let (condition, values) = ApprovalColumns.condition(status, now: now)
    return try list(condition, values, order: "created DESC, id DESC", now: now, limit: limit)
  }

  mutating func pendingCount() throws(ApprovalStoreError) -> Int {
    let database = try current()
    do throws(SQLiteError) {
      return Int(try Self.pendingCount(database.connection, now: clock.now()))
    } catch {
      drop()
      throw ApprovalStoreError(error, path: path)
    }
  }

  mutating func decide(
    _ id: String, approve: Bool, by decider: String, note: String?
  ) throws(ApprovalStoreError) -> ApprovalRequest {
    let now = clock.now()
    return try write { connection throws(SQLiteError) in
      let update = try connection.prepare(
        """
        UPDATE approvals SET status = ?2, decided_at = ?3, decided_by = ?4, note = ?5
        WHERE id = ?1 AND status = 'pending' AND expires > ?3
        """)
      try update.bind(id, at: 1)
      try update.bind((approve ? ApprovalRequest.Status.approved : .denied).rawValue, at: 2)
      try update.bind(now, at: 3)
      try update.bind(decider, at: 4)
      try update.bind(note.flatMap { $0.isEmpty ? nil : $0 }, at: 5)
      _ = try update.step()
      let isDecided = connection.changes == 1
      let request = try Self.request(id, connection, now: now)
      guard case .success(let found) = request, !isDecided else { return request }
      return .failure(.settled(id, found.status))
    }
  }

  mutating func consume(
    _ id: String, sessionID: String, toolName: String, argumentsHash: String, agentID: String?
  ) throws(ApprovalStoreError) -> ApprovalStore.Consumption {
    let now = clock.now()
    return try write { connection throws(SQLiteError) in
      let update = try connection.prepare(
        """
        UPDATE approvals SET status = 'used', used_at = ?2
        WHERE id = ?1 AND status = 'approved' AND expires > ?2
          AND session_id = ?3 AND tool_name = ?4 AND arguments_hash = ?5 AND agent_id IS ?6
        """)
      try update.bind(id, at: 1)
      try update.bind(now, at: 2)
      try update.bind(sessionID, at: 3)
      try update.bind(toolName, at: 4)
      try update.bind(argumentsHash, at: 5)
      try update.bind(agentID, at: 6)
      _ = try update.step()
      if connection.changes == 1 { return .success(.granted) }
      switch try Self.request(id, connection, now: now) {
      case .failure(let error): return error.reason == .unknown ? .success(.unknown) : .failure(error)
      case .success(let found):
        // What has become of a request is told to its own call alone.
        guard ExactText(found.sessionID) == ExactText(sessionID), ExactText(found.toolName) == ExactText(toolName),
          ExactText(found.argumentsHash) == ExactText(argumentsHash),
          found.agentID.map(ExactText.init) == agentID.map(ExactText.init)
        else { return .success(.mismatch) }
        switch found.status {
        case .pending: return .success(.pending)
        case .denied: return .success(.denied)
        case .used: return .success(.used)
        case .expired: return .success(.expired)
        // The statement above would have taken it.
        case .approved: return .success(.mismatch)
        }
      }
    }
  }

  /// How many were old.
  func deleteOld() throws(ApprovalStoreError) -> Int {
    guard let database else { return 0 }
    return try ApprovalStoreError.of(path) { () throws(SQLiteError) in
      try Self.deleteOld(database.connection, now: clock.now())
    }
  }

  mutating func close() {
    isClosed = true
    drop()
  }

  // MARK: Statements

  private static func deleteOld(_ connection: Connection, now: Int64) throws(SQLiteError) -> Int {
    let statement = try connection.prepare(
      """
      DELETE FROM approvals WHERE status IN ('denied', 'used') AND coalesce(used_at, decided_at, created) < ?1
        OR status IN ('pending', 'approved') AND expires < ?1
      """)
    try statement.bind(now - ApprovalStore.retention, at: 1)
    _ = try statement.step()
    return connection.changes
  }

  private static func excess(
    of session: String, _ connection: Connection, now: Int64
  ) throws(SQLiteError) -> ApprovalStoreError? {
    let own = try connection.prepare(
      "SELECT count(*) FROM approvals WHERE status = 'pending' AND session_id = ?1 AND expires > ?2")
    try own.bind(session, at: 1)
    try own.bind(now, at: 2)
    if try own.step(), own.column(0).integerValue ?? 0 >= ApprovalStore.maximumPendingPerSession {
      return ApprovalStoreError(
        .tooMany, "\(ApprovalStore.maximumPendingPerSession) approval requests of the session are pending")
    }
    if try pendingCount(connection, now: now) >= ApprovalStore.maximumPending {
      return ApprovalStoreError(.tooMany, "\(ApprovalStore.maximumPending) approval requests are pending")
    }
    return nil
  }

  private static func pendingCount(_ connection: Connection, now: Int64) throws(SQLiteError) -> Int64 {
    let statement = try connection.prepare("SELECT count(*) FROM approvals WHERE status = 'pending' AND expires > ?1")
    try statement.bind(now, at: 1)
    return try statement.step() ? statement.column(0).integerValue ?? 0 : 0
  }

  private static func request(
    _ id: String, _ connection: Connection, now: Int64
  ) throws(SQLiteError) -> Result<ApprovalRequest, ApprovalStoreError> {
    let statement = try connection.prepare("SELECT \(ApprovalColumns.names) FROM approvals WHERE id = ?1")
    try statement.bind(id, at: 1)
    guard try statement.step() else {
      return .failure(ApprovalStoreError(.unknown, "there is no approval request \(VisibleText.of(id))"))
    }
    guard let request = ApprovalColumns.request(statement, now: now) else { return .failure(.unreadable(id)) }
    return .success(request)
  }

  private mutating func list(
    _ condition: String, _ values: [SQLiteValue], order: String, now: Int64, limit: Int
  ) throws(ApprovalStoreError) -> [ApprovalRequest] {
    let database = try current()
    let result: Result<[ApprovalRequest], ApprovalStoreError>
    do throws(SQLiteError) {
      let statement = try database.connection.prepare(
        "SELECT \(ApprovalColumns.names) FROM approvals WHERE \(condition) ORDER BY \(order) LIMIT ?")
      for (index, value) in (values + [.integer(Int64(max(limit, 0)))]).enumerated() {
        try statement.bind(value, at: index + 1)
      }
      result = try Self.requests(statement, now: now)
    } catch {
      drop()
      throw ApprovalStoreError(error, path: path)
    }
    return try result.get()
  }

  private static func requests(
    _ statement: Statement, now: Int64
  ) throws(SQLiteError) -> Result<[ApprovalRequest], ApprovalStoreError> {
    var requests: [ApprovalRequest] = []
    while try statement.step() {
      guard let request = ApprovalColumns.request(statement, now: now) else {
        return .failure(.unreadable("\(statement.column(0))"))
      }
      requests.append(request)
    }
    return .success(requests)
  }

  // MARK: The connection

  /// Runs `body` as one transaction, which is durable on return and undone when it fails.
  private mutating func write<Success>(
    _ body: (Connection) throws(SQLiteError) -> Result<Success, ApprovalStoreError>
  ) throws(ApprovalStoreError) -> Success {
    let database = try current()
    let result: Result<Success, ApprovalStoreError>
    do throws(SQLiteError) {
      try database.connection.execute("BEGIN IMMEDIATE")
      result = try body(database.connection)
      try database.connection.execute(Self.isSuccess(result) ? "COMMIT" : "ROLLBACK")
    } catch {
      try? database.connection.execute("ROLLBACK")
      if error.kind != .busy { drop() }
      throw ApprovalStoreError(error, path: path)
    }
    // SQLite goes on writing to a file that was removed: what it has kept is gone.
    guard DatabaseFiles(path: path) == database.files else {
      drop()
      throw .replaced(path)
    }
    return try result.get()
  }

  private static func isSuccess<Success>(_ result: Result<Success, ApprovalStoreError>) -> Bool {
    if case .success = result { true } else { false }
  }

  private mutating func current() throws(ApprovalStoreError) -> Database {
    guard !isClosed else { throw ApprovalStoreError(.unavailable, "approval store \(path) is closed") }
    if let database, DatabaseFiles(path: path) == database.files { return database }
    drop()
    let opened = try open(creating: false)
    database = opened
    return opened
  }

  private func open(creating: Bool) throws(ApprovalStoreError) -> Database {
    let connection = try ApprovalStoreError.of(path) { () throws(SQLiteError) in
      let connection = try Connection(path: path, mode: .readWrite)
      try connection.setBusyTimeout(milliseconds: Self.busyMilliseconds)
      return connection
    }
    do throws(ApprovalStoreError) {
      try ApprovalSchema.prepare(connection, path: path, creating: creating)
    } catch {
      // What isn't ours is left as it is, its log too.
      try? connection.keepWriteAheadLog()
      throw error
    }
    return try ApprovalStoreError.of(path) { () throws(SQLiteError) in
      // Its file is looked at below.
      try connection.openWriteAheadLog(reading: "approvals", logLimit: 16777216)
      return Database(connection: connection, files: DatabaseFiles(path: path))
    }
  }

  private mutating func drop() {
    guard let database else { return }
    // A log that is deleted by its path may be another database's by now.
    if DatabaseFiles(path: path) != database.files { try? database.connection.keepWriteAheadLog() }
    self.database = nil
  }
}

extension ApprovalStoreError {
  init(_ error: SQLiteError, path: String) {
    self.init(.unavailable, "approval store \(path) \(error.predicate): \(error)")
  }

  /// What `body` throws, as an error of the store at `path`.
  static func of<Success>(
    _ path: String, _ body: () throws(SQLiteError) -> Success
  ) throws(ApprovalStoreError) -> Success {
    do throws(SQLiteError) {
      return try body()
    } catch {
      throw ApprovalStoreError(error, path: path)
    }
  }

  static func settled(_ id: String, _ status: ApprovalRequest.Status) -> ApprovalStoreError {
    let what = status == .expired ? "has expired" : "is already \(status.rawValue)"
    return ApprovalStoreError(.settled(status), "approval request \(VisibleText.of(id)) \(what)")
  }

  fileprivate static func replaced(_ path: String) -> ApprovalStoreError {
    ApprovalStoreError(.unavailable, "approval store \(path) was removed or replaced while in use")
  }

  fileprivate static func unreadable(_ id: String) -> ApprovalStoreError {
    ApprovalStoreError(.unavailable, "approval store has a request \(VisibleText.of(id)) that can't be understood")
  }
}
