import JSONSchema
import Testing

@Suite struct DialectTests {
  @Test(arguments: [
    (draft4, Case("{'minimum': 1, 'exclusiveMinimum': true}", valid: ["1.1"], invalid: ["1"])),
    (draft4, Case("{'maximum': 1, 'exclusiveMaximum': false}", valid: ["1"], invalid: ["1.1"])),
    (draft4, Case("{'exclusiveMaximum': true}", valid: ["1"])),
    (draft4, Case("{'const': 1, 'contains': 2, 'propertyNames': 3, 'if': 4, '$id': 5}", valid: ["[]", "{'a': 1}"])),
    (
      draft4,
      Case(
        "{'id': 'http://x/a', 'properties': {'b': {'$ref': 'b'}}, 'definitions': {'b': {'id': 'b', 'type': 'null'}}}",
        valid: ["{'b': null}"], invalid: ["{'b': 1}"])
    ),
    (
      draft4,
      Case(
        "{'items': [{'$ref': '#foo'}], 'definitions': {'b': {'id': '#foo', 'type': 'null'}}}", valid: ["[null]"],
        invalid: ["[1]"])
    ),
    (draft4, Case("{'type': 'integer'}", valid: ["1.0"], invalid: ["1.5"])),
    (draft6, Case("{'exclusiveMinimum': 1, 'if': false, 'else': false}", valid: ["2"], invalid: ["1"])),
    (draft6, Case("{'const': 1, 'contains': true, 'propertyNames': true}", valid: ["1.0"], invalid: ["[]"])),
    (
      draft7,
      Case(
        "{'items': [{'type': 'null'}], 'additionalItems': {'type': 'integer'}}", valid: ["[null, 1]"],
        invalid: ["[1]", "[null, null]"])
    ),
    (draft7, Case("{'items': {'type': 'null'}, 'additionalItems': false}", valid: ["[null, null]"], invalid: ["[1]"])),
    (draft7, Case("{'additionalItems': false}", valid: ["[1]"])),
    (draft7, Case("{'items': []}", valid: ["[1]"])),
    (
      draft7,
      Case(
        "{'dependencies': {'a': ['b'], 'c': {'maxProperties': 1}, 'd': false}}",
        valid: ["{'a': 1, 'b': 1}", "{'c': 1}"], invalid: ["{'a': 1}", "{'c': 1, 'b': 1}", "{'d': 1}"])
    ),
    (draft7, Case("{'if': {'const': 1}, 'then': false}", valid: ["2"], invalid: ["1"])),
    (
      draft7,
      Case("{'prefixItems': 1, 'minContains': 'a', 'unevaluatedProperties': 3, 'dependentRequired': 4}", valid: ["[1]"])
    ),
    // Beside `$ref` nothing counts, not even `$id`.
    (
      draft7,
      Case(
        "{'properties': {'a': {'$ref': '#/definitions/a', 'type': 'string'}}, 'definitions': {'a': {'type': 'null'}}}",
        valid: ["{'a': null}"], invalid: ["{'a': 'b'}"])
    ),
    (
      draft7,
      Case(
        "{'$id': 'http://x/a', 'allOf': [{'$id': 'http://x/y/', '$ref': 'b'}], 'definitions': {'b': {'$id': 'http://x/b', 'type': 'null'}}}",
        valid: ["null"], invalid: ["1"])
    ),
    (
      draft7,
      Case("{'$ref': '#/definitions/a', 'definitions': {'a': {'type': 'null'}}}", valid: ["null"], invalid: ["1"])
    ),
    (
      draft2019,
      Case(
        "{'items': [{'type': 'null'}], 'additionalItems': false}", valid: ["[null]"], invalid: ["[1]", "[null, null]"])
    ),
    (draft2019, Case("{'items': [true], 'unevaluatedItems': false}", valid: ["[1]"], invalid: ["[1, 2]"])),
    (draft2019, Case("{'contains': {'type': 'null'}, 'unevaluatedItems': false}", valid: [], invalid: ["[null]"])),
    (
      draft2019,
      Case(
        "{'$ref': '#/$defs/a', 'type': 'integer', '$defs': {'a': {'minimum': 1}}}", valid: ["1"], invalid: ["0", "1.5"])
    ),
    (
      draft2019,
      Case(
        "{'dependencies': {'a': ['b']}, 'dependentRequired': {'c': ['d']}}", valid: ["{'a': 1}"], invalid: ["{'c': 1}"])
    ),
    (draft2019, Case("{'contains': true, 'minContains': 2}", valid: ["[1, 2]"], invalid: ["[1]"])),
    (
      draft2020,
      Case("{'dependencies': {'a': ['b']}, 'additionalItems': false, '$recursiveRef': 1}", valid: ["{'a': 1}", "[1]"])
    ),
  ])
  func meansWhatTheDraftSays(dialect: String, test: Case) throws { try test.check(in: dialect) }

  @Test(arguments: [draft4, draft6, draft7, draft2019, draft2020])
  func takesEitherSchemeAndAnEmptyFragment(dialect: String) throws {
    let name = dialect.replacing("http://", with: "").replacing("https://", with: "").replacing("#", with: "")
    for uri in ["http://\(name)", "https://\(name)", "http://\(name)#", "https://\(name)#"] {
      try Case("{'type': 'null'}", valid: ["null"], invalid: ["1"]).check(in: uri)
    }
  }

  @Test func embeddedResourceHasItsOwnDialect() throws {
    try Case(
      """
      {"properties": {"old": {"$id": "http://x/old", "$schema": "http://json-schema.org/draft-04/schema#", "id": "http://x/old",
        "minimum": 1, "exclusiveMinimum": true}, "new": {"exclusiveMinimum": 1}}}
      """,
      valid: ["{'old': 2, 'new': 2}"], invalid: ["{'old': 1}", "{'new': 1}"]
    ).check()
  }

  /// As long as what it looks at has no children of its own, the extension isn't heard of.
  @Test func recursiveReferenceGoesToTheOutermostAnchor() throws {
    let tree = """
      {"$id": "http://x/tree", "$recursiveAnchor": true, "type": "object",
        "properties": {"children": {"items": {"$recursiveRef": "#"}}}}
      """
    let strict = """
      {"$schema": "\(draft2019)", "$id": "http://x/strict", "$recursiveAnchor": true, "$ref": "tree",
        "unevaluatedProperties": false, "$defs": {"tree": \(tree)}}
      """
    try Case(strict, valid: ["{'children': [{}]}"], invalid: ["{'a': 1}", "{'children': [{'a': 1}]}"]).check()
    let lax = strict.replacing(#""$recursiveAnchor": true, "$ref""#, with: #""$ref""#)
    try Case(lax, valid: ["{'children': [{'a': 1}]}"], invalid: ["{'a': 1}"]).check()
    let error = #expect(throws: JSONSchemaError.self) {
      try JSONSchema(Case.json(strict.replacing(##""$recursiveRef": "#""##, with: #""$recursiveRef": "a""#)))
    }
    #expect(error?.message == ##"must be "#""##)
  }

  @Test func dynamicReferenceGoesToTheOutermostAnchor() throws {
    let tree = """
      {"$id": "http://x/tree", "$dynamicAnchor": "node", "type": "object",
        "properties": {"children": {"items": {"$dynamicRef": "#node"}}}}
      """
    let strict = """
      {"$id": "http://x/strict", "$dynamicAnchor": "node", "$ref": "tree", "unevaluatedProperties": false,
        "$defs": {"tree": \(tree)}}
      """
    try Case(strict, valid: ["{'children': [{}]}"], invalid: ["{'a': 1}", "{'children': [{'a': 1}]}"]).check()
    // Without the same anchor outside, or without a dynamic one inside, it is a plain reference.
    for lax in [
      strict.replacing(#""$dynamicAnchor": "node", "$ref""#, with: #""$ref""#),
      strict.replacing(#""$dynamicAnchor": "node", "type""#, with: #""$anchor": "node", "type""#),
    ] {
      try Case(lax, valid: ["{'children': [{'a': 1}]}"], invalid: ["{'a': 1}"]).check()
    }
  }

  @Test func dynamicReferenceTakesTypeParameters() throws {
    let list = """
      {"$id": "list", "items": {"$dynamicRef": "#item"}, "$defs": {"any": {"$dynamicAnchor": "item"}}}
      """
    let numbers = """
      {"$id": "http://x/numbers", "$ref": "list", "$defs":
        {"number": {"$dynamicAnchor": "item", "type": "number"}, "list": \(list)}}
      """
    try Case(numbers, valid: ["[1]", "[]"], invalid: ["['a']"]).check()
  }
}
