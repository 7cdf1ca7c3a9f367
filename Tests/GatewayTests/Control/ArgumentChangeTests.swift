import StrictJSON
import Testing

@testable import Gateway

struct ArgumentChangeTests {
  @Test(arguments: [
    (#"{"a":1}"#, #"{"a":1}"#, []),
    (#"{"a":1}"#, #"{"a":1.0}"#, []),
    (#"{"values":{"price":9}}"#, #"{"values":{"price":12}}"#, [#"{"path":"$.values.price","before":9,"now":12}"#]),
    (#"{"a":1}"#, #"{"b":null}"#, [#"{"path":"$.a","before":1}"#, #"{"path":"$.b","now":null}"#]),
    (#"{"a":[1,2,3]}"#, #"{"a":[1,4]}"#, [#"{"path":"$.a[1]","before":2,"now":4}"#, #"{"path":"$.a[2]","before":3}"#]),
    (#"{"a":{"b":1}}"#, #"{"a":[1]}"#, [#"{"path":"$.a","before":{"b":1},"now":[1]}"#]),
    // One letter, and a letter with a mark: they look the same.
    ("{\"a\":\"\u{E9}\"}", "{\"a\":\"e\u{301}\"}", ["{\"path\":\"$.a\",\"before\":\"\u{E9}\",\"now\":\"e\u{301}\"}"]),
  ])
  func between(_ before: String, _ now: String, _ changes: [String]) throws {
    let found = ArgumentChange.between(try JSONValue(parsing: before), try JSONValue(parsing: now))
    #expect(found.map { $0.json.serializedString() } == changes)
  }

  @Test func isBounded() {
    let many = JSONValue.array((0..<10_000).map { JSONValue($0) })
    #expect(ArgumentChange.between(["a": []], ["a": many]).count == ArgumentChange.limit)
  }
}
