import StrictJSON
import Testing

@testable import Gateway

@Suite struct PolicyDataTests {
  @Test(arguments: [
    ("reads", true), ("writes", true), ("known", true), ("limited", true), ("caf\u{E9}", true), ("cafe\u{301}", false),
    ("READS", false), ("made_up", false),
  ])
  func aToolIsNamedWhereverItStands(tool: String, isNamed: Bool) throws {
    let data = try PolicyData([
      "read_only_tools": ["reads"], "write_tools": ["writes"], "all_known_tools": ["known", "caf\u{E9}"],
      "rate_limits": ["limited": 1],
    ])
    #expect(data.names(try ToolName(tool)) == isNamed)
  }
}
