import StrictJSON
import Testing

@testable import RegoLite

@Suite struct ValueJSONTests {
  // What OPA 1.20.2 answers.
  @Test(
    arguments: [
      ([1, "a", .null, true], #"[1,"a",null,true]"#),
      (.set([3, [1], .set([])]), "[3,[1],[]]"),
      (
        [1: "a", [1, 2]: 3, .set(["x"]): 4, true: 5, .null: 6, ["a": 1]: 7],
        #"{"1":"a","[\"x\"]":4,"[1,2]":3,"null":6,"true":5,"{\"a\":1}":7}"#
      ),
      ([1: "a", "1": "b"], #"{"1":"b"}"#),
      ([.set([[1: .set([2])]]): 1, [:]: 2, .set([]): 3], #"{"[]":3,"[{\"1\":[2]}]":1,"{}":2}"#),
      (
        "<>&\u{2028}\u{2029}\u{7f}é\u{1}\u{1f}\u{8}\u{c}\n\r\t\"\\/😀\u{feff}",
        #""\u003c\u003e\u0026\u2028\u2029\#u{7f}é\u0001\u001f\b\f\n\r\t\"\\/😀\#u{feff}""#
      ),
      (["\u{202a}<": 1], #"{"\#u{202a}\u003c":1}"#),
    ] as [(Value, String)])
  func writesAsOPA(value: Value, text: String) {
    #expect(value.json() == text)
    #expect(Array(text.utf8) == value.jsonBytes())
  }

  @Test func printsPretty() {
    let value: Value = ["a": ["b": [1, .set([2]), [:], [], .set([])]], "c": "<"]
    #expect(
      value.json(pretty: true) == #"""
        {
          "a": {
            "b": [
              1,
              [
                2
              ],
              {},
              [],
              []
            ]
          },
          "c": "\u003c"
        }
        """#)
    #expect((["a": [1]] as Value).json(indent: "\t", prefix: "> ") == "> {\n> \t\"a\": [\n> \t\t1\n> \t]\n> }")
  }

  // What OPA 1.20.2 answers.
  @Test(
    arguments: [
      (
        .set([1, "a", [1, 2], ["x": .set([]), 1: [:]], .null, true]),
        #"{null, true, 1, "a", [1, 2], {1: {}, "x": set()}}"#
      ),
      ([[:], .set([]), [], [1: .set([2])]], "[{}, set(), [], {1: {2}}]"),
      (
        "<>&\u{2028}\u{2029}\u{7f}\u{80}é\u{1}\u{1f}\u{8}\u{c}\n\r\t\"\\/`'",
        #""<>&\u2028\u2029\x7f\u0080é\x01\x1f\b\f\n\r\t\"\\/`'""#
      ),
      (
        "😀\u{200b}\u{fffd}\u{feff}\u{a0}\u{ad}\u{378}\u{e000}\u{0}\u{3000}\u{2003}\u{61c}\u{fff9}\u{e0001}\u{10ffff}\u{7}\u{b}",
        #""😀\u200b\#u{fffd}\ufeff\u00a0\u00ad\u0378\ue000\x00\u3000\u2003\u061c\ufff9\U000e0001\U0010ffff\a\v""#
      ),
      (["a\nb": ["é": 1]], #"{"a\nb": {"é": 1}}"#),
    ] as [(Value, String)])
  func quotesAsOPA(value: Value, text: String) {
    #expect(value.regoDescription == text)
  }

  @Test(
    arguments: [
      (#"{"b":1,"a":[true,null,"x"],"b":2}"#, ["a": [true, .null, "x"], "b": 2]),
      (#"["\ud800A","\udc00","\ud800\ud800\udc00"]"#, ["\u{FFFD}A", "\u{FFFD}", "\u{FFFD}\u{10000}"]),
      (" 1 ", 1),
    ] as [(String, Value)])
  func readsAsOPA(text: String, value: Value) throws {
    #expect(try Value.parse(json: text) == value)
    #expect(try Value.parse(json: AnyCollection(Array(text.utf8))) == value)
    #expect(Value(json: try JSONValue(parsing: text, options: .lenient)) == value)
  }

  @Test(arguments: [
    ("[1,\n{\"a\":[01]}]", "malformed number", "$[1].a[0]", 2, 7), ("", "empty document", "$", 1, 1),
    (#"{"a":1}x"#, "unexpected data after the document", "$", 1, 8),
    (#"{"a":1,"b"}"#, "expected : after a key", "$.b", 1, 11),
  ])
  func namesThePlace(text: String, message: String, path: String, line: Int, column: Int) {
    let error = #expect(throws: JSONError.self) { try Value.parse(json: text) }
    #expect(error?.message == message)
    #expect(error?.path == path)
    #expect(error?.line == line)
    #expect(error?.column == column)
  }

  @Test func readsStrictlyWhenAsked() {
    let error = #expect(throws: JSONError.self) { try Value.parse(json: #"{"a":{"b":1,"b":1}}"#, options: .strict) }
    #expect(error?.path == "$.a.b")
  }

  @Test func readsBackWhatItWrites() throws {
    var random = SeededGenerator(seed: 4)
    for _ in 0..<300 {
      let value = Value.random(depth: 3, using: &random)
      let json = try Value.parse(json: value.json())
      #expect(json.json() == value.json())
      #expect(Value(json: value.jsonValue) == json)
      #expect(try Value.parse(json: value.json(pretty: true)) == json)
    }
  }
}
