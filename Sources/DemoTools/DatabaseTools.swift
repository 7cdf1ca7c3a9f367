import NIOPosix
import SQLite
import StrictJSON
import Synchronization

/// `db_query`, `db_insert`, `db_update` on a SQLite database with a `products` table.
struct DatabaseTools: Sendable {
  let path: String
  let threads: NIOThreadPool

  static let maximumRows = 1_000
  /// Bytes of the rows' values.
  static let maximumResult = 1 << 20
  static let timeLimit = Duration.seconds(5)

  var tools: [DemoTool] {
    [
      DemoTool(
        name: "db_query", title: "Query the database",
        description: """
          Runs one read-only SQL statement (SQLite) and returns its rows. The table is products(id, name, price, stock). \
          At most 1000 rows; blobs come as base64.
          """,
        isReadOnly: true,
        arguments: ["query": ["type": "string", "description": "one SELECT statement"]], required: ["query"],
        result: [
          "rows": ["type": "array", "items": ["type": "object"]], "query": ["type": "string"],
          "truncated": ["type": "boolean", "description": "there are more rows than these"],
        ],
        optional: ["truncated"],
        call: { arguments throws(ToolError) in
          let query = try arguments.string("query")
          return try await self.run { connection throws(ToolError) in try Self.query(query, connection) }
        }),
      DemoTool(
        name: "db_insert", title: "Insert a row",
        description: "Inserts one row into a table, for example products.", isReadOnly: false,
        arguments: [
          "table": ["type": "string"],
          "values": ["type": "object", "description": "column names and their values"],
        ],
        required: ["table", "values"],
        result: ["inserted_id": ["type": "integer"], "table": ["type": "string"]],
        call: { arguments throws(ToolError) in
          let table = try arguments.string("table")
          let values = try arguments.object("values", "data", "record")
          return try await self.run { connection throws(ToolError) in try Self.insert(values, into: table, connection) }
        }),
      DemoTool(
        name: "db_update", title: "Update rows",
        description: "Changes the rows of a table whose columns equal those in `where`.", isReadOnly: false,
        arguments: [
          "table": ["type": "string"],
          "values": ["type": "object", "description": "column names and their new values"],
          "where": ["type": "object", "description": "column names and the values to look for"],
        ],
        required: ["table", "values", "where"],
        result: ["updated": ["type": "integer"], "table": ["type": "string"]],
        call: { arguments throws(ToolError) in
          let table = try arguments.string("table")
          let values = try arguments.object("values", "data", "record")
          let condition = try arguments.object("where")
          return try await self.run { connection throws(ToolError) in
            try Self.update(table, values, where: condition, connection)
          }
        }),
    ]
  }

  /// Makes the database with its first rows when it isn't there.
  static func seed(_ path: String) throws(SQLiteError) {
    let connection = try Connection(path: path, mode: .readWriteCreate)
    try connection.setBusyTimeout(milliseconds: 5_000)
    try connection.execute(
      """
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS products (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL NOT NULL DEFAULT 0 CHECK (price >= 0),
        stock INTEGER NOT NULL DEFAULT 0 CHECK (stock >= 0)) STRICT;
      INSERT INTO products (name, price, stock)
        SELECT column1, column2, column3 FROM (VALUES
          ('Widget', 9.99, 120), ('Gadget', 24.5, 40), ('Sprocket', 3.25, 900), ('Gear', 5.75, 310),
          ('Flange', 12.0, 75), ('Bracket', 2.1, 1500), ('Valve', 48.9, 22), ('Bearing', 7.3, 260),
          ('Spring', 1.15, 2200), ('Motor', 129.0, 8))
        WHERE NOT EXISTS (SELECT 1 FROM products);
      COMMIT
      """)
  }

  /// A connection of the call's own, on a thread that may block.
  private func run(
    _ body: @escaping @Sendable (Connection) throws(ToolError) -> JSONValue
  ) async throws(ToolError) -> JSONValue {
    let path = path
    let stop = ContinuousClock.now + Self.timeLimit
    let cancellation = Cancellation()
    do {
      return try await withTaskCancellationHandler {
        try await threads.runIfActive {
          let connection = try Connection(path: path, mode: .readWrite)
          try connection.setBusyTimeout(milliseconds: 5_000)
          connection.setProgressHandler { ContinuousClock.now > stop || cancellation.isRequested }
          return try body(connection)
        }
      } onCancel: {
        cancellation.request()
      }
    } catch let error as ToolError {
      throw error
    } catch let error as SQLiteError {
      throw Self.toolError(error)
    } catch {
      throw ToolError("the database is not available")
    }
  }

  fileprivate static func toolError(_ error: SQLiteError) -> ToolError {
    error.kind == .interrupted ? ToolError("the statement took longer than 5 s") : ToolError(error.message)
  }
}

/// A task's cancellation, to be seen from a thread that isn't the task's.
private final class Cancellation: Sendable {
  private let flag = Atomic(false)
  var isRequested: Bool { flag.load(ordering: .relaxed) }
  func request() { flag.store(true, ordering: .relaxed) }
}

// MARK: - Statements

extension DatabaseTools {
  private static func query(_ sql: String, _ connection: Connection) throws(ToolError) -> JSONValue {
    do throws(SQLiteError) {
      try connection.restrictToReading()
      let statement = try connection.prepare(sql)
      guard statement.isReadOnly, statement.columnCount > 0 else {
        throw SQLiteError(code: 0, message: "only queries are allowed")
      }
      guard statement.parameterCount == 0 else {
        throw SQLiteError(code: 0, message: "the query must not have parameters")
      }
      let columns = distinct(statement.columnNames)
      var rows: [JSONValue] = []
      var size = 0
      var isTruncated = false
      while try statement.step() {
        if rows.count == maximumRows {
          isTruncated = true
          break
        }
        var row: [JSONObject.Member] = []
        for (index, name) in columns.enumerated() {
          let value = json(statement.column(index))
          size += name.utf8.count + (value.stringValue?.utf8.count ?? 8)
          row.append((name, value))
        }
        guard size <= maximumResult else { throw SQLiteError(code: 0, message: "the rows are larger than 1 MiB") }
        rows.append(.object(JSONObject(row)))
      }
      var result: JSONValue = ["rows": .array(rows), "query": .string(sql)]
      if isTruncated { result["truncated"] = true }
      return result
    } catch {
      throw toolError(error)
    }
  }

  private static func insert(
    _ values: JSONObject, into table: String, _ connection: Connection
  ) throws(ToolError) -> JSONValue {
    try check(columns: values.keys, of: table, connection)
    let names = values.keys.map(quoted).joined(separator: ", ")
    let marks = values.keys.map { _ in "?" }.joined(separator: ", ")
    try run("INSERT INTO \(quoted(table)) (\(names)) VALUES (\(marks))", values.members, connection)
    return ["inserted_id": JSONValue(connection.lastInsertRowID), "table": .string(table)]
  }

  private static func update(
    _ table: String, _ values: JSONObject, where condition: JSONObject, _ connection: Connection
  ) throws(ToolError) -> JSONValue {
    try check(columns: values.keys + condition.keys, of: table, connection)
    let changes = values.keys.map { "\(quoted($0)) = ?" }.joined(separator: ", ")
    // IS, so that null finds null.
    let tests = condition.keys.map { "\(quoted($0)) IS ?" }.joined(separator: " AND ")
    try run("UPDATE \(quoted(table)) SET \(changes) WHERE \(tests)", values.members + condition.members, connection)
    return ["updated": JSONValue(connection.changes), "table": .string(table)]
  }

  private static func run(
    _ sql: String, _ values: [JSONObject.Member], _ connection: Connection
  ) throws(ToolError) {
    var bound: [SQLiteValue] = []
    for (key, value) in values { bound.append(try sqlite(value, for: key)) }
    do throws(SQLiteError) {
      let statement = try connection.prepare(sql)
      for (index, value) in bound.enumerated() { try statement.bind(value, at: index + 1) }
      while try statement.step() {}
    } catch {
      throw toolError(error)
    }
  }

  /// Names go into the statement's text only when the schema has them, byte for byte.
  private static func check(columns: [String], of table: String, _ connection: Connection) throws(ToolError) {
    let known = try texts(
      "SELECT c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name = ?", table,
      connection)
    guard !known.isEmpty, !table.lowercased().hasPrefix("sqlite_") else { throw ToolError("no such table: \(table)") }
    for column in columns where !known.contains(where: { $0.utf8.elementsEqual(column.utf8) }) {
      throw ToolError("table \(table) has no column \(column); its columns are \(known.joined(separator: ", "))")
    }
  }

  private static func texts(
    _ sql: String, _ argument: String, _ connection: Connection
  ) throws(ToolError) -> [String] {
    do throws(SQLiteError) {
      let statement = try connection.prepare(sql)
      try statement.bind(argument, at: 1)
      var texts: [String] = []
      while try statement.step() { texts.append(statement.column(0).textValue ?? "") }
      return texts
    } catch {
      throw toolError(error)
    }
  }

  private static func quoted(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  private static func distinct(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.map { name in
      var candidate = name
      var count = 1
      while !seen.insert(candidate).inserted {
        count += 1
        candidate = "\(name)_\(count)"
      }
      return candidate
    }
  }

  private static func sqlite(_ value: JSONValue, for key: String) throws(ToolError) -> SQLiteValue {
    switch value {
    case .null: return .null
    case .boolean(let value): return .integer(value ? 1 : 0)
    case .number(let number): return number.intValue.map { .integer(Int64($0)) } ?? .real(number.doubleValue)
    case .string(let text): return .text(text)
    case .array, .object: throw ToolError("the value for \(key) must be null, a boolean, a number or a string")
    }
  }

  private static func json(_ value: SQLiteValue) -> JSONValue {
    switch value {
    case .null: .null
    case .integer(let value): JSONValue(value)
    case .real(let value): JSONValue(value) ?? .string(value < 0 ? "-Infinity" : "Infinity")
    case .text(let text): .string(text)
    case .blob(let bytes): .string(base64(bytes))
    }
  }

  /// RFC 4648, section 4.
  static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
      bits <<= 8
      for index in 0..<4 {
        text.append(index <= group.count ? alphabet[Int(bits >> 26)] : UInt8(ascii: "="))
        bits <<= 6
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
