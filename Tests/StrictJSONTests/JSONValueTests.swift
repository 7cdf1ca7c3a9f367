import StrictJSON
import Testing

@Suite struct JSONValueTests {
  @Test(arguments: [
    ("1", "1.0", true), ("1", "10e-1", true), ("0", "-0.0", true), ("100", "1E2", true), ("1", "-1", false),
    ("0.1", "0.10000000000000000000001", false), ("9007199254740993", "9007199254740992", false),
    ("1e400", "10e399", true), ("123456789012345678901234567890", "123456789012345678901234567891", false),
  ])
  func comparesNumbersByValue(a: String, b: String, areEqual: Bool) throws {
    let (x, y) = (try #require(JSONNumber(literal: a)), try #require(JSONNumber(literal: b)))
    #expect((x == y) == areEqual)
    #expect(x.literal == a)
  }

  @Test(arguments: ["", "-", "+1", "01", "1.", ".5", "1e", "0x1", "1 ", "NaN", "٣"])
  func refusesLiteral(text: String) { #expect(JSONNumber(literal: text) == nil) }

  @Test(
    arguments: [
      ("3", 3, 3.0), ("3.0", 3, 3), ("0.3e1", 3, 3), ("3.5", nil, 3.5), ("-9223372036854775808", Int.min, -0x1p63),
      ("9223372036854775808", nil, 0x1p63), ("1e400", nil, .infinity), ("-0", 0, 0),
      ("1e18", 1_000_000_000_000_000_000, 1e18),
      ("1e99999999999999999999", nil, .infinity), ("1e-99999999999999999999", nil, 0),
    ] as [(String, Int?, Double)])
  func converts(literal: String, int: Int?, double: Double) throws {
    let number = try #require(JSONNumber(literal: literal))
    #expect(number.intValue == int)
    #expect(number.doubleValue == double)
  }

  @Test func comparesObjectsInAnyOrderAndTextByBytes() {
    #expect(["a": 1, "b": 2] as JSONValue == ["b": 2, "a": 1])
    #expect(["a": 1, "b": 2] as JSONValue != ["b": 1, "a": 2])
    #expect(["a": 1] as JSONValue != ["a": 1, "b": 2])
    #expect(["\u{e9}": 1] as JSONValue != ["e\u{301}": 1])
    #expect("\u{e9}" as JSONValue != "e\u{301}")
  }

  @Test func keepsMemberOrder() {
    var object: JSONObject = ["b": 1, "a": 2, "c": 3]
    object["a"] = nil
    object["d"] = 4
    object["b"] = 5
    #expect(JSONValue.object(object).serializedString() == #"{"b":5,"c":3,"d":4}"#)
    #expect(JSONObject([(key: "x", value: 1), (key: "y", value: 2), (key: "x", value: 3)]) == ["x": 3, "y": 2])
  }

  @Test func writes() {
    let value: JSONValue = ["a": [1, "\u{1}\u{1F}\"\\/<é\u{2028}\u{7F}", []], "b": [:], "c": [["d": .null]]]
    #expect(
      value.serializedString() == #"{"a":[1,"\u0001\u001f\"\\/<é\#u{2028}\#u{7F}",[]],"b":{},"c":[{"d":null}]}"#)
    #expect(
      (["a": [1, [:]], "b": []] as JSONValue).pretty() == """
        {
          "a": [
            1,
            {}
          ],
          "b": []
        }
        """)
  }

  @Test func reachesInside() {
    var value: JSONValue = ["a": [1, ["b": "x"]]]
    #expect(value["a"]?[1]?["b"]?.stringValue == "x")
    #expect(value["a"]?[2] == nil)
    #expect(value["a"]?[-1] == nil)
    #expect(value["z"] == nil)
    value["c"] = true
    #expect(value["c"]?.boolValue == true)
    value["a"] = nil
    #expect(value == ["c": true])
  }
}
