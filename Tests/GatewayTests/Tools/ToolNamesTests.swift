import Testing

@testable import Gateway

@Suite struct ToolNamesTests {
  typealias Tool = ToolNames.Tool

  private func names(_ tools: (String, String)...) -> ToolNames {
    ToolNames(tools.map { Tool(server: $0.0, name: $0.1) })
  }

  @Test func uniqueNamesStay() {
    let names = names(("a", "x"), ("b", "y"))
    #expect(names.names == ["x": Tool(server: "a", name: "x"), "y": Tool(server: "b", name: "y")])
    #expect(names.leftOut.isEmpty)
  }

  @Test func collidingNamesArePrefixedForAllOfThem() {
    #expect(Set(names(("a", "x"), ("b", "x"), ("c", "x")).names.keys) == ["a_x", "b_x", "c_x"])
    #expect(Set(names(("my server", "x"), ("b", "x")).names.keys) == ["my_server_x", "b_x"])
  }

  @Test func aToolNamedLikeAPrefixedOneDoesNotTakeItsPlace() {
    let names = names(("a", "x"), ("b", "x"), ("c", "a_x"))
    #expect(names.names["a_x"] == Tool(server: "a", name: "x"))
    #expect(names.names["c_a_x"] == Tool(server: "c", name: "a_x"))
  }

  @Test func whatStillCollidesIsLeftOut() {
    let names = names(("a", "b_x"), ("c", "b_x"), ("a_b", "x"), ("d", "x"))
    #expect(Set(names.names.keys) == ["c_b_x", "d_x"])
    #expect(names.leftOut.count == 2)
  }

  @Test func noNameIsCut() {
    let long = String(repeating: "x", count: 127)
    #expect(names(("a", long)).names.count == 1)
    let colliding = names(("a", long), ("b", long))
    #expect(colliding.names.isEmpty)
    #expect(colliding.leftOut.count == 2)
  }

  @Test(arguments: ["", "a b", "a/b", "ä", "a..b", "a\n", String(repeating: "x", count: 129)])
  func unusableNamesAreLeftOut(name: String) {
    let names = names(("a", name), ("a", "fine"))
    #expect(Array(names.names.keys) == ["fine"])
    #expect(names.leftOut.count == 1)
  }

  @Test func aNameListedTwiceCountsOnce() {
    let names = names(("a", "x"), ("a", "x"))
    #expect(Array(names.names.keys) == ["x"])
  }
}
