import JSONSchema
import StrictJSON
import Testing

@Suite struct JSONSchemaTests {
  private static let tool = """
    {"type": "object", "required": ["path", "mode"], "additionalProperties": false, "properties": {
      "path": {"type": "string", "minLength": 1, "x-mcp-header": "Path"},
      "mode": {"enum": ["read", "write"]},
      "limit": {"type": "integer", "minimum": 1, "maximum": 100},
      "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}, "uniqueItems": true}}}
    """

  @Test(arguments: [
    ("{'path': '/a', 'mode': 'read'}", []),
    ("{'tags': ['a', 'b'], 'path': '/a', 'mode': 'write', 'limit': 100.0}", []),
    ("[]", ["$: must be an object"]),
    ("{}", ["$.path: is missing", "$.mode: is missing"]),
    ("{'mode': 1, 'path': ''}", [#"$.mode: is not one of "read", "write""#, "$.path: has fewer than 1 character"]),
    ("{'path': 'a', 'mode': 'read', 'more or less': 1}", [#"$["more or less"]: is not a known property"#]),
    ("{'path': 'a', 'mode': 'read', 'limit': 0.5}", ["$.limit: must be an integer", "$.limit: must be at least 1"]),
    (
      "{'path': 'a', 'mode': 'read', 'tags': ['abcdef', 1]}",
      [
        "$.tags[0]: has more than 5 characters", "$.tags[1]: must be a string",
      ]
    ),
    ("{'path': 'a', 'mode': 'read', 'tags': ['a', 'b', 'a']}", ["$.tags: has the same item at 0 and 2"]),
  ])
  func tellsWhatIsWrongWithArguments(value: String, expected: [String]) throws {
    #expect(try problems(Self.tool, value) == expected)
  }

  @Test(arguments: [
    ("false", "1", "$: is not allowed"),
    ("{'type': ['string', 'null']}", "1", "$: must be a string or null"),
    ("{'type': ['integer', 'boolean', 'array']}", "{}", "$: must be an integer, a boolean or an array"),
    ("{'const': {'a': 1}}", "{}", #"$: must be {"a":1}"#),
    ("{'enum': ['a']}", "'b'", #"$: must be "a""#),
    ("{'enum': []}", "1", "$: is not allowed"),
    ("{'enum': [1,2,3,4,5,6,7,8,9,10,11]}", "0", "$: is not one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …"),
    ("{'maximum': 2.50}", "2.51", "$: must be at most 2.50"),
    ("{'exclusiveMinimum': 0}", "0", "$: must be more than 0"),
    ("{'exclusiveMaximum': 1}", "1", "$: must be less than 1"),
    ("{'multipleOf': 0.1}", "0.15", "$: must be a multiple of 0.1"),
    ("{'pattern': '^a'}", "'b'", #"$: does not match the pattern "^a""#),
    ("{'minItems': 2}", "[]", "$: has fewer than 2 items"),
    ("{'maxItems': 1}", "[1, 2]", "$: has more than 1 item"),
    ("{'minProperties': 1}", "{}", "$: has fewer than 1 property"),
    ("{'maxProperties': 0}", "{'a': 1}", "$: has more than 0 properties"),
    ("{'contains': {'type': 'null'}}", "[1]", "$: has fewer than 1 item of the kind asked for"),
    ("{'contains': true, 'maxContains': 2}", "[1, 2, 3]", "$: has more than 2 items of the kind asked for"),
    ("{'propertyNames': {'maxLength': 2}}", "{'abc': 1}", "$.abc: name has more than 2 characters"),
    ("{'dependentRequired': {'a': ['b']}}", "{'a': 1}", #"$.b: is missing, which "a" asks for"#),
    ("{'not': {}}", "1", "$: is excluded by the schema"),
    (
      "{'oneOf': [{'type': 'integer'}, {'minimum': 0}]}", "1",
      "$: matches several of the 2 alternatives, not exactly one"
    ),
    ("{'anyOf': [{'type': 'string'}, {'type': 'null'}]}", "1", "$: must be a string or null"),
    ("{'anyOf': [{'maxLength': 1}, {'pattern': 'x'}]}", "'ab'", "$: matches none of the 2 alternatives"),
    // The one alternative for objects says more than that none matches.
    (
      "{'anyOf': [{'type': 'null'}, {'type': 'object', 'required': ['a']}]}", "{}", "$.a: is missing"
    ),
    ("{'if': {'required': ['a']}, 'then': {'required': ['b']}}", "{'a': 1}", "$.b: is missing"),
    ("{'unevaluatedProperties': false}", "{'a': 1}", "$.a: is not a known property"),
    ("{'prefixItems': [true], 'items': false}", "[1, 2]", "$[1]: is not allowed"),
    (
      "{'$ref': 'http://json-schema.org/draft-07/schema'}", "{'a': 1, 'not': {'type': 'x'}}",
      #"$.not.type: "x" is no type"#
    ),
  ])
  func wordsEveryProblem(schema: String, value: String, expected: String) throws {
    #expect(try problems(schema, value) == [expected])
  }

  @Test func stopsAtTheLimit() throws {
    let schema = "{'items': {'type': 'string'}, 'minItems': 9}"
    #expect(try problems(schema, "[1, 2, 3, 4]", limit: 3).count == 3)
    #expect(try problems(schema, "[1, 2, 3, 4]", limit: 1) == ["$: has fewer than 9 items"])
    #expect(try problems(schema, "[1, 2, 3, 4]", limit: 0).count == 1)
    #expect(try problems(schema, "[1, 2, 3, 4]", limit: -1).count == 1)
    #expect(try problems(schema, "[1, 2, 3, 4]").count == 5)
  }

  @Test func neverShowsTheValue() throws {
    let schema = """
      {"type": "object", "properties": {"a": {"enum": ["x", "y"], "pattern": "^z", "maxLength": 2, "not": {}}}}
      """
    #expect(try !problems(schema, "{'a': 'secret'}").contains { $0.contains("secret") })
  }

  @Test(arguments: [
    ("1", "$: must be a schema: an object or a boolean"),
    ("{'type': 'strin'}", #"$.type: "strin" is no type"#),
    ("{'type': ['string', 1]}", "$.type[1]: must be the name of a type"),
    ("{'type': []}", "$.type: must not be empty"),
    ("{'properties': {'a': {'required': true}}}", "$.properties.a.required: must be an array of strings"),
    ("{'properties': {'a b': 1}}", #"$.properties["a b"]: must be a schema: an object or a boolean"#),
    ("{'properties': []}", "$.properties: must be an object"),
    ("{'items': {'minLength': 1.5}}", "$.items.minLength: must be an integer"),
    ("{'minLength': -1}", "$.minLength: must not be negative"),
    ("{'minimum': '1'}", "$.minimum: must be a number"),
    ("{'multipleOf': 0}", "$.multipleOf: must be more than 0"),
    ("{'multipleOf': 1.0000000000000000001}", "$.multipleOf: must not have more than 18 digits"),
    ("{'uniqueItems': 1}", "$.uniqueItems: must be a boolean"),
    ("{'enum': 'a'}", "$.enum: must be an array"),
    ("{'required': ['a', 1]}", "$.required[1]: must be a string"),
    ("{'dependentRequired': {'a': [1]}}", "$.dependentRequired.a[0]: must be a string"),
    ("{'allOf': []}", "$.allOf: must not be empty"),
    ("{'anyOf': {}}", "$.anyOf: must be an array of schemas"),
    ("{'items': [true]}", "$.items: must be a schema: an object or a boolean"),
    (
      "{'items': 1, '$schema': 'http://json-schema.org/draft-07/schema#'}",
      "$.items: must be a schema or an array of schemas"
    ),
    ("{'pattern': '('}", "$.pattern: is no regular expression: missing )"),
    ("{'patternProperties': {'[': true}}", #"$.patternProperties["["]: is no regular expression: missing ]"#),
    ("{'$defs': {'a': {'pattern': '*'}}}", #"$["$defs"].a.pattern: is no regular expression: nothing to repeat"#),
    (
      "{'$schema': 'http://json-schema.org/draft-03/schema#'}",
      #"$["$schema"]: names a dialect of JSON Schema that is not supported"#
    ),
    ("{'$schema': 7}", #"$["$schema"]: must be a string"#),
    ("{'$id': 'a#b'}", #"$["$id"]: must not have a fragment"#),
    ("{'exclusiveMinimum': true}", "$.exclusiveMinimum: must be a number"),
  ])
  func refusesSchema(schema: String, expected: String) throws {
    let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(Case.json(schema)) }
    #expect(error?.description == expected)
  }

  @Test(arguments: [
    "{'default': 1, 'title': 2, 'x': {'type': 3}, 'format': 4, '$comment': 5, 'examples': 6, '$vocabulary': 7}",
    "{'contentEncoding': 'base64', 'deprecated': 1, 'readOnly': 'yes', 'const': {'$ref': 8}, 'enum': [{'type': 9}]}",
  ])
  func ignoresWhatIsNoKeywordOrNoSchema(schema: String) throws {
    _ = try JSONSchema(Case.json(schema))
  }

  @Test func formatIsAnAnnotation() throws {
    try Case("{'format': 'email'}", valid: ["'nobody'", "1"]).check()
  }

  @Test func problemsAreTheSameFromManyThreads() async throws {
    let schema = try JSONSchema(Case.json("{'items': {'pattern': '^a+$'}}"))
    let value = try Case.json("['a', 'b', 'aa']")
    await withTaskGroup(of: [JSONSchema.Problem].self) { group in
      for _ in 0..<50 { group.addTask { schema.problems(in: value) } }
      for await problems in group { #expect(problems.map(\.path) == ["$[1]"]) }
    }
  }
}
