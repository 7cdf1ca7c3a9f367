import SQLite
import Testing

@Suite struct ConnectionTests {
  private let connection: Connection

  init() throws { connection = try Connection(path: ":memory:", mode: .readWriteCreate) }

  @Test(
    arguments: [
      .null, .integer(.min), .integer(.max), .real(-0.5), .text(""), .text("a\u{0}b\u{1F600}"), .blob([]),
      .blob([0, 255, 0]),
    ] as [SQLiteValue])
  func valuesComeBack(value: SQLiteValue) throws {
    let statement = try connection.prepare("SELECT ?1")
    try statement.bind(value, at: 1)
    #expect(try statement.step())
    #expect(statement.column(0) == value)
    #expect(statement.column(1) == .null)
    #expect(try !statement.step())
  }

  @Test(arguments: [
    ("", "no SQL statement"), (" -- nothing", "no SQL statement"),
    ("SELECT 1; SELECT 2", "more than one SQL statement"),
    ("SELECT 1; SELEC", "near \"SELEC\": syntax error"), ("SELECT 1\u{0}; DROP TABLE x", "SQL contains a NUL byte"),
  ])
  func preparesExactlyOneStatement(sql: String, message: String) {
    let error = #expect(throws: SQLiteError.self) { _ = try connection.prepare(sql) }
    #expect(error?.message == message)
  }

  @Test func commentsMaySurroundAStatement() throws {
    let statement = try connection.prepare("/* a */ SELECT 7 AS seven; -- b\n ")
    #expect(statement.columnNames == ["seven"])
    #expect(statement.isReadOnly)
  }

  @Test func bindingOutsideTheParametersFails() throws {
    let statement = try connection.prepare("SELECT ?1")
    #expect(throws: SQLiteError.self) { try statement.bind("x", at: 2) }
    #expect(throws: SQLiteError.self) { try statement.bind("x", at: .max) }
  }

  @Test func aProgressHandlerStopsAnEndlessQuery() throws {
    connection.setProgressHandler { true }
    let endless = try connection.prepare(
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n")
    let error = #expect(throws: SQLiteError.self) { _ = try endless.step() }
    #expect(error?.kind == .interrupted)
  }
}
