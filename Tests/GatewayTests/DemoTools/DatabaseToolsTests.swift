import StrictJSON
import Testing

@testable import DemoTools

@Suite(.timeLimit(.minutes(2))) struct DatabaseToolsTests {
  @Test func queriesInsertsAndUpdatesForReal() async throws {
    try await DemoFixture.run { demo in
      let first = try await demo.call("db_query", ["query": "SELECT * FROM products ORDER BY id LIMIT 1"])
      #expect(
        first.value == [
          "rows": [["id": 1, "name": "Widget", "price": 9.99, "stock": 120]],
          "query": "SELECT * FROM products ORDER BY id LIMIT 1",
        ])
      let inserted = try await demo.call(
        "db_insert", ["table": "products", "values": ["name": "Bolt'; DROP TABLE products", "price": 1, "stock": 5]])
      #expect(inserted.value == ["inserted_id": 11, "table": "products"])
      let updated = try await demo.call(
        "db_update", ["table": "products", "data": ["stock": 6], "where": ["id": 11, "stock": 5]])
      #expect(updated.value == ["updated": 1, "table": "products"])
      let again = try await demo.call("db_query", ["query": "SELECT name, stock FROM products WHERE id > 10; -- end"])
      #expect(again.value?["rows"] == [["name": "Bolt'; DROP TABLE products", "stock": 6]])
    }
  }

  /// None of these may compile; all leave the table as it was.
  @Test(arguments: [
    "DELETE FROM products", "UPDATE products SET stock = 0", "INSERT INTO products (name) VALUES ('x')",
    "DROP TABLE products", "CREATE TABLE t (a)", "CREATE TEMP TABLE t (a)", "PRAGMA journal_mode = WAL",
    "PRAGMA query_only = OFF", "ATTACH '/tmp/other.db' AS o", "DETACH main", "BEGIN", "COMMIT", "SAVEPOINT a", "VACUUM",
    "VACUUM INTO '/tmp/copy.db'", "SELECT load_extension('x')", "SELECT 1; SELECT 2", "SELECT 1; DELETE FROM products",
    "WITH x AS (SELECT 1) DELETE FROM products", "REPLACE INTO products (id, name) VALUES (1, 'x')", "ANALYZE",
    "REINDEX", "EXPLAIN DELETE FROM products", "SELECT * FROM products WHERE id = ?", "", "-- nothing", "SELECT 1\u{0}",
    "SELECT zeroblob(100000000)", "SELECT * FROM pragma_query_only(0)",
  ])
  func onlyOneReadOnlyStatementRuns(query: String) async throws {
    try await DemoFixture.run { demo in
      let refused = try await demo.call("db_query", ["query": .string(query)])
      #expect(refused.error != nil, "\(refused)")
      let count = try await demo.call("db_query", ["query": "SELECT count(*) n, sum(stock) s FROM products"])
      #expect(count.value?["rows"] == [["n": 10, "s": 5435]])
    }
  }

  @Test(arguments: [
    ("SELECT x'00ff10' AS b", #"[{"b":"AP8Q"}]"#), ("SELECT x'00ff' AS b", #"[{"b":"AP8="}]"#),
    ("SELECT x'00' AS b, x'' AS c", #"[{"b":"AA==","c":""}]"#),
    ("SELECT 9223372036854775807 AS n", #"[{"n":9223372036854775807}]"#), ("SELECT 9e999 AS n", #"[{"n":"Infinity"}]"#),
    ("SELECT 1 AS a, 2 AS a, NULL AS a_2", #"[{"a":1,"a_2":2,"a_2_2":null}]"#), ("SELECT 1 AS a WHERE 0", "[]"),
    ("VALUES ('é')", #"[{"column1":"é"}]"#),
  ])
  func valuesBecomeJSON(query: String, rows: String) async throws {
    try await DemoFixture.run { demo in
      let result = try await demo.call("db_query", ["query": .string(query)])
      #expect(result.value?["rows"]?.serializedString() == rows)
    }
  }

  @Test func resultsAreBounded() async throws {
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)"
    try await DemoFixture.run { demo in
      let many = try await demo.call("db_query", ["query": .string("\(numbers) SELECT i FROM n")])
      #expect(many.value?["rows"]?.arrayValue?.count == 1_000)
      #expect(many.value?["truncated"] == true)
      let large = try await demo.call("db_query", ["query": .string("\(numbers) SELECT hex(zeroblob(9999)) FROM n")])
      #expect(large.error == "the rows are larger than 1 MiB")
      let slow = try await demo.call(
        "db_query",
        ["query": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"])
      #expect(slow.error == "the statement took longer than 5 s")
    }
  }

  @Test(arguments: [
    ("db_query", #"{}"#, "argument `query` is missing: it must be a string"),
    ("db_query", #"{"query":7}"#, "argument `query` must be a string"),
    ("db_query", #"{"query":"SELECT nope FROM products"}"#, "no such column: nope"),
    ("db_insert", #"{"table":"products"}"#, "argument `values` is missing"),
    ("db_insert", #"{"table":"products","values":{}}"#, "argument `values` must not be empty"),
    ("db_insert", #"{"table":"sqlite_schema","values":{"name":"x"}}"#, "no such table: sqlite_schema"),
    ("db_insert", #"{"table":"products\" --","values":{"name":"x"}}"#, "no such table"),
    ("db_insert", #"{"table":"products","values":{"name\") --":"x"}}"#, "has no column"),
    ("db_insert", #"{"table":"products","values":{"name":["x"]}}"#, "the value for name must be"),
    ("db_insert", #"{"table":"products","values":{"name":"x","price":-1}}"#, "CHECK constraint failed"),
    ("db_insert", #"{"table":"products","values":{"id":1,"name":"x"}}"#, "UNIQUE constraint failed"),
    ("db_update", #"{"table":"products","values":{"stock":1}}"#, "argument `where` is missing"),
    ("db_update", #"{"table":"products","values":{"stock":1},"where":{}}"#, "argument `where` must not be empty"),
    ("db_update", #"{"table":"products","values":{"stock":1},"where":{"1=1 OR id":1}}"#, "has no column"),
  ])
  func wrongArgumentsAreExplained(tool: String, arguments: String, text: String) async throws {
    try await DemoFixture.run { demo in
      let result = try await demo.call(tool, JSONValue(parsing: arguments))
      #expect(result.error?.contains(text) == true, "\(result)")
    }
  }
}
