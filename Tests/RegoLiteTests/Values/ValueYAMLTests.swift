import RegoLite
import Testing

@Suite struct ValueYAMLTests {
  /// The text, and the value as JSON.
  private static let documents: [(String, String)] = [
    ("", "null"), ("a: [1, 2.50, yes, ~, x]", #"{"a": [1, 2.5, true, null, "x"]}"#), ("{1: a}", #"{"1": "a"}"#),
    ("a: &x {b: 1}\nc: *x", #"{"a": {"b": 1}, "c": {"b": 1}}"#),
    ("a: &x {b: 1}\nc: {<<: *x, b: 2}", #"{"a": {"b": 1}, "c": {"b": 2}}"#), ("a: 1\n---\na: 2\n", #"{"a": 1}"#),
  ]

  @Test(arguments: documents) func reads(_ text: String, _ json: String) throws {
    #expect(try Value.parse(yaml: text) == Value.parse(json: json))
  }

  /// Line and column count characters.
  @Test(arguments: [
    ("a: b: c", "1:5 mapping values are not allowed in this context"),
    ("a: 1\nb: [\n", "3:1 did not find expected node content"),
    ("äöü: {a: 1, b: 2, a: 3}", "1:19 duplicate key \"a\""),
    ("a: 1\n\"\\x61\": 2", "2:1 duplicate key \"a\""),
    ("1: a\n0x1: b", "2:1 duplicate key \"1\""),
    ("a: 1\nü: \u{01}", "2:4 control characters are not allowed"),
    ("a: *b", "1:4 unknown anchor 'b' referenced"),
    ("a: .inf", "1:4 json: unsupported value: +Inf"),
  ])
  func namesThePlace(_ text: String, _ problem: String) {
    let error = #expect(throws: YAMLError.self) { try Value.parse(yaml: text) }
    #expect(error.map { "\($0.line):\($0.column) \($0.message)" } == problem)
  }

  @Test func refusesBytesThatAreNoText() {
    let error = #expect(throws: YAMLError.self) { try Value.parse(yaml: Array("ä: 1\nb: ".utf8) + [0xFF]) }
    #expect(error?.line == 2)
    #expect(error?.column == 4)
  }

  /// Ten aliases of ten aliases of …: ten lines that would be 10^10 values.
  @Test func aliasesCostWhatTheyStandFor() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1..<10 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    let error = #expect(throws: YAMLError.self) { try Value.parse(yaml: text) }
    #expect(error?.message == "step budget exhausted")
  }
}
