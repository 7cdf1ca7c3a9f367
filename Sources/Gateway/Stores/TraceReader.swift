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
        SELECT \(TraceColumns.names), \(TraceColumns.linkNames) FROM traces WHERE \(condition) AND \(place) AND seq <= ?5
        ORDER BY timestamp, event_id LIMIT ?6
        """)
      switch query {
      case .session(let text), .event(let text):
        try statement.bind(text, at: 1)
      case .control(let times):
        try Self.bind(times, to: statement)
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
      page.events.append(try TraceColumns.chained(statement, repeats: &repeats))
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

  mutating func size() throws(TraceStoreError) -> Int64 {
    let connection = try connect()
    return try reading { () throws(SQLiteError) in try Self.lastSequence(connection) }
  }

  mutating func proofs(of sequences: [Int64], size: Int64) throws(TraceStoreError) -> InclusionProofs {
    let connection = try connect()
    return try reading { () throws(SQLiteError) in
      var reader = MerkleReader<SQLiteError>(size: size) { level, positions throws(SQLiteError) in
        try TraceChain.hashes(connection, level: level, positions)
      }
      return try InclusionProofs(of: sequences, in: &reader)
    }
  }

  mutating func sessionKills(
    in times: ClosedRange<Int64>, upTo size: Int64, limit: Int
  ) throws(TraceStoreError) -> [TraceEvent] {
    let connection = try connect()
    let statement = try reading { () throws(SQLiteError) in
      let statement = try connection.prepare(Lookup.sessionKills)
      try Self.bind(times, to: statement)
      try statement.bind(size, at: 3)
      try statement.bind(Int64(max(limit, 0)), at: 4)
      return statement
    }
    var events: [TraceEvent] = []
    var repeats = RepeatedTexts()
    while try reading({ () throws(SQLiteError) in try statement.step() }) {
      events.append(try TraceColumns.event(statement, repeats: &repeats))
    }
    return events.reversed()
  }

  mutating func sessions(
    of name: TraceName, startedIn times: ClosedRange<Int64>, upTo size: Int64, limit: Int
  ) throws(TraceStoreError) -> [String] {
    let connection = try connect()
    return try reading { () throws(SQLiteError) in
      let statement: Statement
      switch name {
      case .agent(let agent):
        statement = try connection.prepare(Lookup.sessionsOfAgent)
        try statement.bind(agent, at: 5)
      case .user(let user):
        statement = try connection.prepare(Lookup.sessionsOfUser)
        try statement.bind(user, at: 5)
      }
      try Self.bind(times, to: statement)
      try statement.bind(size, at: 3)
      try statement.bind(Int64(max(limit, 0)), at: 4)
      var sessions: [String] = []
      while try statement.step() {
        if let session = statement.column(0).textValue { sessions.append(session) }
      }
      return sessions
    }
  }

  mutating func callCount(
    agent: String, tool: String?, upTo size: Int64, limit: Int
  ) throws(TraceStoreError) -> Int {
    let connection = try connect()
    return try reading { () throws(SQLiteError) in
      let statement = try connection.prepare(tool == nil ? Lookup.callsOfAgent : Lookup.callsOfAgentAndTool)
      try statement.bind(agent, at: 1)
      try statement.bind(size, at: 2)
      try statement.bind(Int64(max(limit, 0)), at: 3)
      if let tool { try statement.bind(tool, at: 4) }
      var count = 0
      while try statement.step() { count += 1 }
      return count
    }
  }

  /// Statements that read no more rows than they are asked for, however many there are. `INDEXED BY` makes those fail that
  /// SQLite would answer in another way.
  enum Lookup {
    static let sessionKills = """
      SELECT \(TraceColumns.names) FROM traces INDEXED BY idx_kill
      WHERE kind IN ('kill', 'unkill') AND session_id IS NOT NULL AND timestamp >= ?1 AND timestamp <= ?2 AND seq <= ?3
      ORDER BY timestamp DESC, event_id DESC LIMIT ?4
      """
    static let sessionsOfAgent = sessions(by: "agent_id", "idx_agent_start")
    static let sessionsOfUser = sessions(by: "user_id", "idx_user_start")
    static let callsOfAgent = """
      SELECT 1 FROM traces INDEXED BY idx_agent WHERE agent_id = ?1 AND kind = 'tool_call' AND seq <= ?2 LIMIT ?3
      """
    static let callsOfAgentAndTool = """
      SELECT 1 FROM traces INDEXED BY idx_agent_tool
      WHERE agent_id = ?1 AND tool_name = ?4 AND kind = 'tool_call' AND seq <= ?2 LIMIT ?3
      """
    static let all = [sessionKills, sessionsOfAgent, sessionsOfUser, callsOfAgent, callsOfAgentAndTool]

    private static func sessions(by column: String, _ index: String) -> String {
      """
      SELECT session_id FROM traces INDEXED BY \(index)
      WHERE \(column) = ?5 AND session_seq = 1 AND timestamp >= ?1 AND timestamp <= ?2 AND seq <= ?3
      ORDER BY timestamp, event_id LIMIT ?4
      """
    }
  }

  private static func bind(_ times: ClosedRange<Int64>, to statement: Statement) throws(SQLiteError) {
    try statement.bind(ISOTimestamp.text(times.lowerBound), at: 1)
    try statement.bind(ISOTimestamp.text(times.upperBound), at: 2)
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
