import StrictJSON
import TestSupport
import Testing

@testable import JSONSchema

@Suite struct HostileSchemaTests {
  private static let costly = [JSONSchema.Problem(path: "$", message: "is too costly to check")]
  private static let deep = [JSONSchema.Problem(path: "$", message: "is nested too deeply to check")]

  /// Each definition asks the one before it twice: 2^40 checks of one number.
  private static func fanOut(_ keyword: String) throws -> JSONSchema {
    try JSONSchema(["$defs": definitions(keyword), "$ref": "#/$defs/a40"])
  }

  private static func definitions(_ keyword: String) -> JSONValue {
    var definitions: [JSONObject.Member] = [("a0", ["type": "integer"])]
    for level in 1...40 {
      let reference: JSONValue = ["$ref": .string("#/$defs/a\(level - 1)")]
      definitions.append(("a\(level)", [keyword: [reference, reference]]))
    }
    return .object(JSONObject(definitions))
  }

  @Test(arguments: ["allOf", "oneOf"]) func fanOutIsBounded(keyword: String) throws {
    #expect(try Self.fanOut(keyword).problems(in: 1, steps: 20_000) == Self.costly)
  }

  @Test func whatIsTooCostlyIsRefusedUnderNotAsWell() throws {
    let definition = Self.definitions("allOf")
    for keyword in ["not", "if", "contains", "propertyNames"] {
      var schema: JSONObject = ["$defs": definition, "anyOf": [[keyword: ["$ref": "#/$defs/a40"]], true]]
      if keyword == "not" { schema["anyOf"] = [["not": ["$ref": "#/$defs/a40"]]] }
      let value: JSONValue = keyword == "contains" ? [1] : keyword == "propertyNames" ? ["a": 1] : 1
      let problems = try JSONSchema(.object(schema)).problems(in: value, steps: 20_000)
      // A text fails the first of them at once.
      #expect(problems == (keyword == "propertyNames" ? [] : Self.costly), "\(keyword)")
    }
  }

  @Test func dynamicLoopIsRefused() throws {
    let schema = try JSONSchema(
      Case.json(
        """
        {"$id": "http://x/a", "$dynamicAnchor": "n", "$ref": "b",
          "$defs": {"b": {"$id": "b", "$defs": {"c": {"$dynamicAnchor": "n"}}, "allOf": [{"$dynamicRef": "#n"}]}}}
        """))
    #expect(schema.problems(in: 1) == Self.deep)
  }

  /// `open` as often as the reader lets it through, the middle, and `close`.
  private static func nested(_ open: String, _ middle: String, _ close: String, _ count: Int) throws -> JSONValue {
    let text = String(repeating: open, count: count) + middle + String(repeating: close, count: count)
    return try JSONValue(parsing: text.replacing("'", with: "\""), options: .lenient)
  }

  // As many levels as there may be, and a problem below all of them.
  @Test(arguments: [
    ("{'not': {'not': ", "}}"), ("{'allOf': [{'anyOf': [{'type': 'null'}, ", "]}]}"), ("{'allOf': [true, ", "]}"),
    ("{'if': true, 'then': {'oneOf': [", "]}}"), ("{'dependentSchemas': {'a': ", "}}"),
    ("{'unevaluatedProperties': true, 'allOf': [", "]}"), ("{'additionalProperties': true, 'allOf': [", "]}"),
  ])
  func deepSchemasFitASmallStack(open: String, close: String) throws {
    let levels = (JSONSchema.maximumDepth - 2) / close.count
    let schema = try Self.nested(open, "{'required': ['b']}", close, levels)
    let problems = onSmallStack { (try? JSONSchema(schema))?.problems(in: ["a": 1]) }
    #expect(problems??.isEmpty == false)
    #expect(problems != .some(Self.deep))
  }

  @Test(arguments: [
    "{'type': 'object', 'properties': {'a': {'$ref': '#'}}}",
    "{'type': 'object', 'additionalProperties': {'$ref': '#'}}",
    "{'type': 'object', 'patternProperties': {'a': {'$ref': '#'}}}",
    "{'type': 'object', 'unevaluatedProperties': {'$ref': '#'}}",
    "{'type': 'object', 'allOf': [{'anyOf': [{'properties': {'a': {'$ref': '#'}}}]}]}",
    "{'anyOf': [{'type': 'object', 'unevaluatedProperties': {'$ref': '#'}}]}",
    "{'type': 'object', 'dependentSchemas': {'a': {'not': {'not': {'properties': {'a': {'$ref': '#'}}}}}}}",
    "{'type': 'object', 'if': {'properties': {'a': {'$ref': '#'}}}, 'then': true, 'else': false}",
    "{'$dynamicAnchor': 'n', 'type': 'object', 'oneOf': [{'additionalProperties': {'$dynamicRef': '#n'}}]}",
  ]) func deepObjectsFitASmallStack(schema: String) throws {
    let schema = try JSONSchema(Case.json(schema))
    let value = try Self.nested("{'a': ", "1", "}", JSONReadingOptions.deepest)
    #expect(onSmallStack { schema.problems(in: value) }?.isEmpty == false)
    // Where it is not as deep, the problem is found.
    let half = try Self.nested("{'a': ", "1", "}", 40)
    #expect(onSmallStack { schema.problems(in: half) }.map { $0 != Self.deep && !$0.isEmpty } == true)
  }

  @Test(arguments: [
    "{'type': 'array', 'items': {'$ref': '#'}}", "{'type': 'array', 'contains': {'$ref': '#'}}",
    "{'type': 'array', 'prefixItems': [{'$ref': '#'}]}", "{'type': 'array', 'unevaluatedItems': {'$ref': '#'}}",
    "{'type': 'array', 'anyOf': [{'oneOf': [{'items': {'$ref': '#'}}]}]}",
  ]) func deepArraysFitASmallStack(schema: String) throws {
    let schema = try JSONSchema(Case.json(schema))
    let value = try Self.nested("[", "1", "]", JSONReadingOptions.deepest)
    #expect(onSmallStack { schema.problems(in: value) }?.isEmpty == false)
    let comparing = try JSONSchema(["uniqueItems": true, "const": value])
    #expect(onSmallStack { comparing.problems(in: value) } == [])
  }

  @Test func legalDepthOfArgumentsIsChecked() throws {
    let deepest = try Self.nested("{'a': ", "{}", "}", JSONReadingOptions.strict.maximumDepth - 1)
    let object = try JSONSchema(Case.json("{'type': 'object', 'additionalProperties': {'$ref': '#'}}"))
    #expect(object.problems(in: deepest).isEmpty)
    let optional = try JSONSchema(
      Case.json("{'anyOf': [{'type': 'null'}, {'type': 'object', 'additionalProperties': {'$ref': '#'}}]}"))
    #expect(optional.problems(in: deepest) == Self.deep)
    #expect(optional.problems(in: try Self.nested("{'a': ", "null", "}", 90)).isEmpty)
  }

  @Test func longChainOfReferencesIsShort() throws {
    var definitions: [JSONObject.Member] = [("a0", ["type": "integer"])]
    for index in 1...20_000 { definitions.append(("a\(index)", ["$ref": .string("#/$defs/a\(index - 1)")])) }
    let schema = try JSONSchema(["$defs": .object(JSONObject(definitions)), "$ref": "#/$defs/a20000"])
    #expect(schema.problems(in: 1).isEmpty)
    #expect(schema.problems(in: "a").map(\.message) == ["must be an integer"])
  }

  @Test func longLoopOfReferencesIsFound() throws {
    let definitions = (0..<5_000).map { index -> JSONObject.Member in
      ("a\(index)", ["allOf": [["$ref": .string("#/$defs/a\((index + 1) % 5_000)")]]])
    }
    #expect(throws: JSONSchemaError.self) { try JSONSchema(["$defs": .object(JSONObject(definitions))]) }
  }

  @Test func manyLargePatternsAreRefused() {
    let properties = (0..<2_000).map { index -> JSONObject.Member in
      ("a\(index)", ["pattern": .string("^[a-z]{1,500}\(index)$")])
    }
    let error = #expect(throws: JSONSchemaError.self) {
      try JSONSchema(["properties": .object(JSONObject(properties))])
    }
    #expect(error?.message == "the patterns are too large together")
  }

  @Test func nestedQuantifiersTakeLinearTime() throws {
    let schema = try JSONSchema(["pattern": "^(a+)+$", "maxLength": 1_000_000])
    #expect(schema.problems(in: .string(String(repeating: "a", count: 50_000) + "b")).count == 1)
  }

  @Test(.timeLimit(.minutes(1))) func largeValuesAreCheckedOrRefused() throws {
    let many = JSONValue.array((0..<40_000).map { .init($0) })
    #expect(try JSONSchema(["items": ["type": "integer"], "uniqueItems": true]).problems(in: many).isEmpty)
    let members = JSONObject((0..<5_000).map { (key: "key\($0)", value: JSONValue($0)) })
    let allOf = JSONValue.array((0..<2_000).map { ["properties": ["x\($0)": true]] })
    #expect(try JSONSchema(["allOf": allOf]).problems(in: .object(members), steps: 50_000) == Self.costly)
    let required = JSONValue.array((0..<5_000).map { .string("other\($0)") })
    #expect(try JSONSchema(["required": required]).problems(in: .object(members)).count == 10)
    let text = JSONValue.string(String(repeating: "é", count: 50_000))
    let texts = JSONValue.array((0..<2_000).map { ["minLength": 20_000, "maxLength": .init(60_000 + $0)] })
    #expect(try JSONSchema(["allOf": texts]).problems(in: text, steps: 50_000) == Self.costly)
    let long = try #require(JSONNumber(literal: "0." + String(repeating: "1", count: 50_000)))
    let bounds = JSONValue.array((0..<2_000).map { _ in ["multipleOf": 0.1] })
    #expect(!(try JSONSchema(["allOf": bounds]).problems(in: .number(long)).isEmpty))
  }

  @Test func keysOfAJSONPointerNeverTrap() throws {
    for pointer in ["#/99999999999999999999", "#/-", "#/~", "#/~2", "#//", "#/%00", "#/type/0"] {
      #expect(throws: JSONSchemaError.self) { try JSONSchema(["type": "null", "items": ["$ref": .string(pointer)]]) }
    }
  }
}
