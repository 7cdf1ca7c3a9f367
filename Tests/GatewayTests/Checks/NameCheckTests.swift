import Testing

@testable import Gateway

struct NameCheckTests {
  @Test(arguments: [
    "db_query", "a", "A-b.c_9", "server.tool", ".", ".a", "a.", "0", String(repeating: "x", count: 128),
  ])
  func accepts(_ name: String) throws {
    #expect(try NameCheck.accepts(ToolName(name)))
  }

  @Test(arguments: [
    "..", "a..b", "...", "a/b", "../x", "a b", "a\n", "a\0", "é", "e\u{301}", "a\u{200B}", "ａ", "x;y", "%2e", "a\\b",
    "\"",
  ])
  func refuses(_ name: String) throws {
    #expect(try !NameCheck.accepts(ToolName(name)))
  }
}
