import StrictJSON
import Testing

@testable import Gateway

@Suite struct RedactionPathTests {
  /// The values that a path selects, in the order of the document.
  private func selected(_ path: RedactionPath, in value: JSONValue, _ states: RedactionPath.States) -> [JSONValue] {
    var found = path.selects(states) ? [value] : []
    switch value {
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        found += selected(path, in: element, path.states(states, index: index, count: elements.count))
      }
    case .object(let object):
      for member in object.members { found += selected(path, in: member.value, path.states(states, key: member.key)) }
    default: break
    }
    return found
  }

  @Test(arguments: [
    ("$.a", #"{"a":1,"b":2}"#, "[1]"),
    ("$['a']", #"{"a":1,"b":2}"#, "[1]"),
    (#"$["a"]"#, #"{"a":1,"b":2}"#, "[1]"),
    ("$ [ 'a' , 'b' ] .c", #"{"a":{"c":1},"b":{"c":2}}"#, "[1,2]"),
    (#"$['\'\u00e9\uD83D\uDE00\\\/']"#, #"{"'é😀\\/":1}"#, "[1]"),
    ("$.été._x1", #"{"été":{"_x1":3}}"#, "[3]"),
    ("$.*", #"{"a":1,"b":[2]}"#, "[1,[2]]"),
    ("$[*]", #"{"a":1}"#, "[1]"),
    ("$[0,-1]", "[1,2,3]", "[1,3]"),
    ("$[-4]", "[1,2,3]", "[]"),
    ("$[0]", #"{"0":1}"#, "[]"),
    ("$[1:3]", "[0,1,2,3]", "[1,2]"),
    ("$[-2:]", "[0,1,2,3]", "[2,3]"),
    ("$[:-1]", "[0,1,2]", "[0,1]"),
    ("$[::2]", "[0,1,2,3,4]", "[0,2,4]"),
    ("$[3:0:-2]", "[0,1,2,3,4]", "[1,3]"),
    ("$[::-1]", "[0,1]", "[0,1]"),
    ("$[9007199254740991:]", "[0]", "[]"),
    ("$..a", #"{"a":{"a":1},"b":[{"a":2}]}"#, #"[{"a":1},1,2]"#),
    ("$..*", #"{"a":[1]}"#, "[[1],1]"),
    ("$..[0]", "[[1,2],3]", "[[1,2],1]"),
    ("$..a..b", #"{"a":{"a":{"b":1}}}"#, "[1]"),
    ("$..a.b", #"{"a":{"a":{"b":1},"b":2}}"#, "[1,2]"),
  ])
  func selects(path: String, document: String, expected: String) throws {
    let path = try RedactionPath(path)
    #expect(try selected(path, in: JSONValue(parsing: document), path.start) == JSONValue(parsing: expected).arrayValue)
  }

  @Test(arguments: [
    ("", "a path starts with $ (at byte 1)"),
    ("a.b", "a path starts with $ (at byte 1)"),
    ("$a", "expected . or [ (at byte 2)"),
    ("$.", "expected a name or *; other names are written ['…'] (at byte 3)"),
    ("$...a", "expected a name or *; other names are written ['…'] (at byte 4)"),
    ("$.a-b", "expected . or [ (at byte 4)"),
    ("$.1", "expected a name or *; other names are written ['…'] (at byte 3)"),
    ("$.a ", "white space after the path (at byte 4)"),
    ("$[", "expected a selector (at byte 3)"),
    ("$[]", "expected *, a quoted name, an index or a slice (at byte 3)"),
    ("$[a]", "expected *, a quoted name, an index or a slice (at byte 3)"),
    ("$['a'", "expected , or ] (at byte 6)"),
    ("$['a", "unterminated name (at byte 3)"),
    (#"$['\x']"#, "malformed escape (at byte 4)"),
    (#"$['\ud800']"#, "malformed escape (at byte 4)"),
    (#"$['\""#, "malformed escape (at byte 4)"),
    ("$['\n']", "control character in a name (at byte 4)"),
    ("$[01]", "an integer has no zero in front (at byte 3)"),
    ("$[-0]", "an integer has no zero in front (at byte 3)"),
    ("$[-]", "expected a digit (at byte 4)"),
    ("$[9007199254740992]", "the integer is beyond 2^53 - 1 (at byte 18)"),
    ("$[::0]", "a slice with the step 0 selects nothing (at byte 6)"),
    ("$[?@.a]", "filters are not supported (at byte 3)"),
    ("$[(@.length-1)]", "scripts are not supported (at byte 3)"),
  ])
  func refuses(path: String, problem: String) {
    #expect(throws: JSONPathError(message: problem)) { try RedactionPath(path) }
  }

  @Test func asManySegmentsAsThereAreBits() throws {
    let most = "$" + String(repeating: "..*", count: RedactionPath.maximumSegments)
    var value: JSONValue = "end"
    for _ in 0..<RedactionPath.maximumSegments { value = [value] }
    let path = try RedactionPath(most)
    #expect(selected(path, in: value, path.start) == ["end"])
    #expect(throws: JSONPathError.self) { try RedactionPath(most + ".a") }
  }
}
