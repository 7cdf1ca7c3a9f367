import SQLite
import StrictJSON

/// The connection of a queue of webhooks. Everything here blocks.
struct WebhookDatabase {
  /// How long SQLite waits for another process.
  private static let busyMilliseconds: Int32 = 2_000
  /// How long another process may take to open the same queue.
  private static let lockMilliseconds = 3_000
  /// Longer than any event's wait.
  private static let longestWait = 2 * WebhookRetries().longestAskedFor
  /// Within this time a kill of the same target for the same reason, seen by another process, is the same kill.
  private static let sameKill: Int64 = 5_000_000
  /// What a later version may write besides is left to that.
  private static let isOurType =
    "type IN (" + WebhookEvent.EventType.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ") + ")"

  private struct Database {
    let connection: Connection
    let files: DatabaseFiles
  }

  private let path: String
  private let clock: WallClock
  /// What this process's leases are known by.
  private let owner: String
  private let lease: Int64
  private var database: Database?
  private var isClosed = false

  /// Opens the queue, creating the file (mode 0600) when there is none.
  ///
  /// - Parameter lease: in microseconds
  init(path: String, clock: WallClock, owner: String, lease: Int64) throws(WebhookStoreError) {
    self.path = path
    self.clock = clock
    self.owner = owner
    self.lease = lease
    database = try open()
  }

  /// - Returns: how many had no room
  mutating func append(_ events: [WebhookEvent]) throws(WebhookStoreError) -> [WebhookEvent.EventType: Int] {
    let (clock, owner) = (clock, owner)
    return try write(durably: true) { connection throws(SQLiteError) in
      let now = clock.now()
      var counts = [Int](repeating: 0, count: WebhookEvent.Room.allCases.count)
      let count = try connection.prepare("SELECT room, count(*) FROM events GROUP BY room")
      while try count.step() {
        guard let room = count.column(0).integerValue, counts.indices.contains(Int(room)) else { continue }
        counts[Int(room)] = Int(count.column(1).integerValue ?? 0)
      }
      let insertion = try connection.prepare(
        "INSERT INTO events (id, type, room, created, body) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO NOTHING")
      var dropped: [WebhookEvent.EventType: Int] = [:]
      for event in events {
        if event.type == .killSwitchActivated,
          try Self.isKnown(event, by: connection, owner: owner, now: now)
        {
          continue
        }
        let room = event.type.room
        guard counts[room.rawValue] < WebhookStore.capacity(room) else {
          dropped[event.type, default: 0] += 1
          continue
        }
        insertion.reset()
        try insertion.bind(event.id, at: 1)
        try insertion.bind(event.type.rawValue, at: 2)
        try insertion.bind(Int64(room.rawValue), at: 3)
        try insertion.bind(now, at: 4)
        try insertion.bind(event.body, at: 5)
        _ = try insertion.step()
        counts[room.rawValue] += connection.changes
      }
      return dropped
    }
  }

  /// A kill is seen by every process that shares the folder: whether another one has told of this one.
  private static func isKnown(
    _ event: WebhookEvent, by connection: Connection, owner: String, now: Int64
  ) throws(SQLiteError) -> Bool {
    let members = ["level", "target", "reason"].map { event.payload[$0] ?? .null }
    let kill = JSONValue.array(members).serializedString()
    let earlier = try connection.prepare(
      "SELECT 1 FROM kills WHERE kill = ?1 AND owner <> ?2 AND time BETWEEN ?3 AND ?4")
    try earlier.bind(kill, at: 1)
    try earlier.bind(owner, at: 2)
    try earlier.bind(now - sameKill, at: 3)
    try earlier.bind(now + sameKill, at: 4)
    if try earlier.step() { return true }
    let note = try connection.prepare("INSERT OR REPLACE INTO kills (kill, owner, time) VALUES (?1, ?2, ?3)")
    try note.bind(kill, at: 1)
    try note.bind(owner, at: 2)
    try note.bind(now, at: 3)
    _ = try note.step()
    let cleaning = try connection.prepare("DELETE FROM kills WHERE time NOT BETWEEN ?1 AND ?2")
    try cleaning.bind(now - sameKill, at: 1)
    try cleaning.bind(now + sameKill, at: 2)
    _ = try cleaning.step()
    return false
  }

  mutating func claim(limit: Int) throws(WebhookStoreError) -> WebhookStore.Claim {
    let (clock, owner, lease) = (clock, owner, lease)
    // Looked for first: a write would hold up other processes for nothing.
    if try due(clock.now(), limit: 1).isEmpty { return WebhookStore.Claim(nextDue: try nextDue()) }
    let events = try write(durably: false) { connection throws(SQLiteError) in
      // Not before the lock is there: others may have leased meanwhile.
      let now = clock.now()
      let events = try Self.due(connection, now, lease: lease, limit: limit)
      let update = try connection.prepare("UPDATE events SET lease_owner = ?2, lease_until = ?3 WHERE sequence = ?1")
      for event in events {
        update.reset()
        try update.bind(event.sequence, at: 1)
        try update.bind(owner, at: 2)
        try update.bind(now + lease, at: 3)
        _ = try update.step()
      }
      return events
    }
    return WebhookStore.Claim(events: events, nextDue: try nextDue())
  }

  mutating func settle(
    _ event: WebhookStore.Claimed, _ settlement: WebhookStore.Settlement
  ) throws(WebhookStoreError) {
    let owner = owner
    try write(durably: false) { connection throws(SQLiteError) in
      let statement: Statement
      switch settlement {
      case .done: statement = try connection.prepare("DELETE FROM events WHERE sequence = ?1 AND lease_owner = ?2")
      case .release:
        statement = try connection.prepare(
          "UPDATE events SET lease_owner = NULL, lease_until = 0 WHERE sequence = ?1 AND lease_owner = ?2")
      case .retry(let due, let problem):
        statement = try connection.prepare(
          """
          UPDATE events SET lease_owner = NULL, lease_until = 0, failures = failures + 1, due = ?3, problem = ?4
          WHERE sequence = ?1 AND lease_owner = ?2
          """)
        try statement.bind(due, at: 3)
        try statement.bind(problem, at: 4)
      }
      try statement.bind(event.sequence, at: 1)
      try statement.bind(owner, at: 2)
      _ = try statement.step()
    }
  }

  mutating func count() throws(WebhookStoreError) -> Int {
    Int(try read { connection throws(SQLiteError) in try connection.integer("SELECT count(*) FROM events") } ?? 0)
  }

  mutating func list(limit: Int) throws(WebhookStoreError) -> [WebhookStore.Waiting] {
    try read { connection throws(SQLiteError) in
      let statement = try connection.prepare(
        "SELECT id, type, created, failures, due, problem, body FROM events ORDER BY room, sequence LIMIT ?1")
      try statement.bind(Int64(max(limit, 0)), at: 1)
      var events: [WebhookStore.Waiting] = []
      while try statement.step() {
        var body: [UInt8] = []
        if case .blob(let bytes) = statement.column(6) { body = bytes }
        events.append(
          WebhookStore.Waiting(
            id: statement.column(0).textValue ?? "", type: statement.column(1).textValue ?? "",
            created: statement.column(2).integerValue ?? 0, failures: Int(statement.column(3).integerValue ?? 0),
            due: statement.column(4).integerValue ?? 0, problem: statement.column(5).textValue, body: body))
      }
      return events
    }
  }

  mutating func close() {
    isClosed = true
    drop()
  }

  // MARK: Statements

  private mutating func due(_ now: Int64, limit: Int) throws(WebhookStoreError) -> [WebhookStore.Claimed] {
    let lease = lease
    return try read { connection throws(SQLiteError) in try Self.due(connection, now, lease: lease, limit: limit) }
  }

  /// What may be delivered, the most urgent first. A time that is too far off was written when the clock was wrong.
  private static func due(
    _ connection: Connection, _ now: Int64, lease: Int64, limit: Int
  ) throws(SQLiteError) -> [WebhookStore.Claimed] {
    let statement = try connection.prepare(
      """
      SELECT sequence, id, type, created, failures, body FROM events
      WHERE (due <= ?1 OR due > ?1 + ?3) AND (lease_until <= ?1 OR lease_until > ?1 + 2 * ?4) AND \(isOurType)
      ORDER BY room, sequence LIMIT ?2
      """)
    try statement.bind(now, at: 1)
    try statement.bind(Int64(limit), at: 2)
    try statement.bind(longestWait, at: 3)
    try statement.bind(lease, at: 4)
    var events: [WebhookStore.Claimed] = []
    while try statement.step() {
      guard let sequence = statement.column(0).integerValue, let id = statement.column(1).textValue,
        let type = statement.column(2).textValue.flatMap(WebhookEvent.EventType.init(rawValue:)),
        case .blob(let body) = statement.column(5)
      else { continue }
      events.append(
        WebhookStore.Claimed(
          sequence: sequence, id: id, type: type, created: statement.column(3).integerValue ?? 0,
          failures: Int(statement.column(4).integerValue ?? 0), body: body))
    }
    return events
  }

  /// When something may be delivered that isn't being delivered; absent when nothing waits.
  private mutating func nextDue() throws(WebhookStoreError) -> Int64? {
    try read { connection throws(SQLiteError) in
      try connection.integer("SELECT min(max(due, lease_until)) FROM events WHERE \(Self.isOurType)")
    }
  }

  // MARK: The connection

  private mutating func read<Success>(
    _ body: (Connection) throws(SQLiteError) -> Success
  ) throws(WebhookStoreError) -> Success {
    let database = try current()
    do throws(SQLiteError) {
      return try body(database.connection)
    } catch {
      if error.kind != .busy { drop() }
      throw WebhookStoreError(error, path: path)
    }
  }

  /// Runs `body` as one transaction, which is undone when it fails.
  ///
  /// - Parameter durably: else a power cut may undo it, which makes a delivery happen twice
  private mutating func write<Success>(
    durably: Bool, _ body: (Connection) throws(SQLiteError) -> Success
  ) throws(WebhookStoreError) -> Success {
    let database = try current()
    let result: Success
    do throws(SQLiteError) {
      try database.connection.execute("PRAGMA synchronous = \(durably ? "FULL" : "NORMAL"); BEGIN IMMEDIATE")
      result = try body(database.connection)
      try database.connection.execute("COMMIT")
    } catch {
      try? database.connection.execute("ROLLBACK")
      if error.kind != .busy { drop() }
      throw WebhookStoreError(error, path: path)
    }
    // SQLite goes on writing to a file that was removed: what it has kept is gone.
    guard DatabaseFiles(path: path) == database.files else {
      drop()
      throw WebhookStoreError("webhook queue \(path) was removed or replaced while in use")
    }
    return result
  }

  private mutating func current() throws(WebhookStoreError) -> Database {
    guard !isClosed else { throw WebhookStoreError("webhook queue \(path) is closed") }
    if let database, DatabaseFiles(path: path) == database.files { return database }
    drop()
    let opened = try open()
    database = opened
    return opened
  }

  private func open() throws(WebhookStoreError) -> Database {
    let lock: FileLock
    do throws(FileLock.Failure) {
      // Who finds an empty file makes the tables: one at a time.
      lock = try FileLock(path: path + ".lock", kind: .exclusive, waitingUpTo: Self.lockMilliseconds)
    } catch {
      throw WebhookStoreError("\(error)")
    }
    defer { withExtendedLifetime(lock) {} }
    try WebhookSchema.checkHeader(path: path)
    do throws(SystemError) {
      try StateFile.create(path)
      try StateFile.syncFolder(of: path)
    } catch {
      throw WebhookStoreError("\(error)")
    }
    let connection = try WebhookStoreError.of(path) { () throws(SQLiteError) in
      let connection = try Connection(path: path, mode: .readWrite)
      try connection.setBusyTimeout(milliseconds: Self.busyMilliseconds)
      return connection
    }
    do throws(WebhookStoreError) {
      try WebhookSchema.prepare(connection, path: path)
    } catch {
      // What isn't ours is left as it is, its log too.
      try? connection.keepWriteAheadLog()
      throw error
    }
    return try WebhookStoreError.of(path) { () throws(SQLiteError) in
      // Its file is looked at below.
      try connection.openWriteAheadLog(reading: "events", logLimit: 4194304)
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

extension WebhookStoreError {
  init(_ error: SQLiteError, path: String) {
    self.init("webhook queue \(path) \(error.predicate): \(error)")
  }

  /// What `body` throws, as an error of the queue at `path`.
  static func of<Success>(
    _ path: String, _ body: () throws(SQLiteError) -> Success
  ) throws(WebhookStoreError) -> Success {
    do throws(SQLiteError) {
      return try body()
    } catch {
      throw WebhookStoreError(error, path: path)
    }
  }
}
