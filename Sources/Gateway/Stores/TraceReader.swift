import SQLite

/// A connection that only reads. Everything here blocks.
struct TraceReader {
  private struct Database {
    let connection: Connection
    let files: DatabaseFiles
  }

  let path: String
  private var database: Database?

  init(path: String) { self.path = path }

  mutating func events(
    matching query: TraceQuery, after cursor: TraceCursor?, limit: Int
  ) throws(TraceStoreError) -> TracePage {
    let connection = try connect()
    let limit = max(limit, 1)
    let (statement, lastSequence) = try reading { () throws(SQLiteError) in
      let lastSequence = if let cursor { cursor.lastSequence } else { try Self.lastSequence(connection) }
      let condition =
        switch query {
        case .session: "session_id = ?1 AND ?2 IS NULL"
        case .event: "event_id = ?1 AND ?2 IS NULL"
        case .control: "session_id IS NULL AND kind <> 'tool_call' AND timestamp >= ?1 AND timestamp <= ?2"
        }
      let place = cursor == nil ? "?3 IS NULL AND ?4 IS NULL" : "(timestamp, event_id) > (?3, ?4)"
      let statement = try connection.prepare(
        """
        SELECT \(TraceColumns.names) FROM traces WHERE \(condition) AND \(place) AND seq <= ?5
        ORDER BY timestamp, event_id LIMIT ?6
        """)
      switch query {
      case .session(let text), .event(let text):
        try statement.bind(text, at: 1)
      case .control(let times):
        try statement.bind(ISOTimestamp.text(times.lowerBound), at: 1)
        try statement.bind(ISOTimestamp.text(times.upperBound), at: 2)
      }
      if let cursor {
        try statement.bind(ISOTimestamp.text(cursor.timestamp), at: 3)
        try statement.bind(cursor.eventID, at: 4)
      }
      try statement.bind(lastSequence, at: 5)
      // One more than asked for shows whether there is more.
      try statement.bind(Int64(limit) + 1, at: 6)
      return (statement, lastSequence)
    }
    var page = TracePage(events: [], next: nil)
    var repeats = RepeatedTexts()
    while try reading({ () throws(SQLiteError) in try statement.step() }) {
      if page.events.count == limit, let last = page.events.last {
        page.next = TraceCursor(timestamp: last.timestamp, eventID: last.eventID, lastSequence: lastSequence)
        break
      }
      page.events.append(try TraceColumns.event(statement, repeats: &repeats))
    }
    return page
  }

  /// Steps from id to id through the index: the cost is that of the ids, not of the events.
  mutating func sessions(after: String?, limit: Int) throws(TraceStoreError) -> [String] {
    let connection = try connect()
    return try reading { () throws(SQLiteError) in
      let first = try connection.prepare("SELECT min(session_id) FROM traces")
      let later = try connection.prepare("SELECT min(session_id) FROM traces WHERE session_id > ?1")
      let call = try connection.prepare(
        "SELECT 1 FROM traces INDEXED BY idx_session WHERE session_id = ?1 AND kind = 'tool_call' LIMIT 1")
      var sessions: [String] = []
      var latest = after
      while sessions.count < limit {
        let next = latest == nil ? first : later
        next.reset()
        if let latest { try next.bind(latest, at: 1) }
        guard try next.step(), let session = next.column(0).textValue else { break }
        latest = session
        call.reset()
        try call.bind(session, at: 1)
        if try call.step() { sessions.append(session) }
      }
      return sessions
    }
  }

  mutating func close() {
    database = nil
  }

  private mutating func connect() throws(TraceStoreError) -> Connection {
    let files = DatabaseFiles(path: path)
    if let database, database.files == files { return database.connection }
    database = nil
    let path = path
    let connection = try TraceStoreError.of(path) { () throws(SQLiteError) in
      let connection = try Connection(path: path, mode: .readOnly)
      try connection.setBusyTimeout(milliseconds: TraceWriter.busyMilliseconds)
      return connection
    }
    try TraceSchema.prepare(connection, path: path, creating: false)
    database = Database(connection: connection, files: DatabaseFiles(path: path))
    return connection
  }

  /// After an error the next read opens the file afresh.
  private mutating func reading<Success>(
    _ body: () throws(SQLiteError) -> Success
  ) throws(TraceStoreError) -> Success {
    do throws(SQLiteError) {
      return try body()
    } catch {
      database = nil
      throw TraceStoreError(error, path: path)
    }
  }

  private static func lastSequence(_ connection: Connection) throws(SQLiteError) -> Int64 {
    let statement = try connection.prepare("SELECT max(seq) FROM traces")
    return try statement.step() ? statement.column(0).integerValue ?? 0 : 0
  }
}
