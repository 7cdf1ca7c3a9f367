import JSONSchema
import StrictJSON
import Testing

@testable import struct JSONSchema.URIReference

@Suite struct ReferenceTests {
  private static let definitions =
    "'$defs': {'a': {'type': 'null'}, 'x/y': {'type': 'null'}, 'x~y': {'type': 'null'}, '%': {'type': 'null'}, '': {'type': 'null'}, 'é': {'type': 'null'}, 'list': {'prefixItems': [true, {'type': 'null'}]}}"

  @Test(arguments: [
    "#/$defs/a", "#/$defs/x~1y", "#/$defs/x~0y", "#/$defs/%25", "#/$defs/", "#/$defs/é", "#/$defs/%C3%A9",
    "#/%24defs/a", "#/$defs/list/prefixItems/1",
  ])
  func followsPointer(reference: String) throws {
    try Case("{'items': {'$ref': '\(reference)'}, \(Self.definitions)}", valid: ["[null]"], invalid: ["[1]"]).check()
  }

  @Test(arguments: [
    ("#/$defs/b", "leads to no schema"), ("#/$defs/list/prefixItems/01", "leads to no schema"),
    ("#/$defs/list/prefixItems/2", "leads to no schema"), ("#/$defs/list/prefixItems/-1", "leads to no schema"),
    ("#/$defs/list/prefixItems", "leads to no schema"), ("#a", "leads to no schema"),
    ("#/$defs/e\u{301}", "leads to no schema"), ("#/$defs/%zz", "has a fragment that cannot be decoded"),
    ("#/$defs/%ff", "has a fragment that cannot be decoded"), ("#/$defs/%2", "has a fragment that cannot be decoded"),
    ("http://example.com/a.json", "leads outside of the schema"), ("a.json#/b", "leads outside of the schema"),
    ("file:///etc/passwd", "leads outside of the schema"),
    ("http://json-schema.org/draft-07/schema#/definitions/nonNegativeInteger", "leads outside of the schema"),
  ])
  func refusesReference(reference: String, message: String) throws {
    let error = #expect(throws: JSONSchemaError.self) {
      try JSONSchema(Case.json("{'items': {'$ref': '\(reference)'}, \(Self.definitions)}"))
    }
    #expect(error?.description == #"$.items["$ref"]: \#(message)"#)
  }

  @Test(arguments: [
    // To anchors and embedded resources, by whichever way to write their URI.
    Case(
      "{'items': {'$ref': '#a'}, '$defs': {'x': {'$anchor': 'a', 'type': 'null'}}}", valid: ["[null]"], invalid: ["[1]"]
    ),
    Case(
      "{'$id': 'http://x/d/root', 'items': {'$ref': '../d/./b'}, '$defs': {'x': {'$id': 'b', 'type': 'null'}}}",
      valid: ["[null]"], invalid: ["[1]"]),
    Case(
      "{'$id': 'http://x/d/root', 'items': {'$ref': '/d/b#/$defs/y'}, '$defs': {'x': {'$id': 'b', '$defs': {'y': {'type': 'null'}}}}}",
      valid: ["[null]"], invalid: ["[1]"]),
    Case(
      "{'items': {'$ref': 'b#c'}, '$defs': {'x': {'$id': 'b', '$defs': {'y': {'$anchor': 'c', 'type': 'null'}}}}}",
      valid: ["[null]"], invalid: ["[1]"]),
    Case(
      "{'$id': 'urn:uuid:deadbeef-1234', 'items': {'$ref': '#/$defs/a'}, '$defs': {'a': {'$ref': 'urn:uuid:deadbeef-4321'}, 'b': {'$id': 'urn:uuid:deadbeef-4321', 'type': 'null'}}}",
      valid: ["[null]"], invalid: ["[1]"]),
    // A reference counts from the resource that it stands in.
    Case(
      "{'$defs': {'a': {'type': 'string'}, 'x': {'$id': 'b', 'items': {'$ref': '#/$defs/a'}, '$defs': {'a': {'type': 'null'}}}}, '$ref': 'b'}",
      valid: ["[null]"], invalid: ["['']"]),
    // Through keywords that nobody knows, and into what is there; identifiers there name nothing.
    Case(
      "{'items': {'$ref': '#/x/0/y'}, 'x': [{'y': {'items': {'$ref': '#/x/1'}}}, {'type': 'null', '$id': 'http://z/'}]}",
      valid: ["[[null]]"], invalid: ["[[1]]"]),
    Case("{'properties': {'$ref': {'type': 'null'}}}", valid: ["{'$ref': null}"], invalid: ["{'$ref': 1}"]),
    Case(
      "{'enum': [{'$ref': '#/nowhere'}], 'const': {'$ref': '#/nowhere'}}", valid: ["{'$ref': '#/nowhere'}"],
      invalid: ["1"]),
    // Recursion with a step into the value.
    Case(
      "{'type': 'object', 'additionalProperties': {'$ref': '#'}}", valid: ["{'a': {'b': {}}}"],
      invalid: ["{'a': {'b': 1}}"]),
    Case(
      "{'$ref': '#/$defs/a', '$defs': {'a': {'$ref': '#/$defs/b'}, 'b': {'$ref': '#/$defs/c'}, 'c': {'type': 'null'}}}",
      valid: ["null"], invalid: ["1"]),
    // The same schema with the same name, as some libraries write it out.
    Case(
      "{'properties': {'a': {'$id': 'T', 'type': 'null'}, 'b': {'$id': 'T', 'type': 'null'}, 'c': {'$ref': 'T'}}}",
      valid: ["{'c': null}"], invalid: ["{'b': 1}", "{'c': 1}"]),
    Case(
      "{'properties': {'a': {'$id': 'T', 'type': 'null'}, 'b': {'$id': 'T', 'type': 'string'}}}",
      valid: ["{'a': null, 'b': ''}"], invalid: ["{'a': ''}"]),
    Case(
      "{'$ref': 'https://json-schema.org/draft/2020-12/schema'}",
      valid: ["true", "{'type': 'string', 'x': 1}", "{'items': {'minLength': 1.0}}"],
      invalid: ["1", "{'type': 'x'}", "{'$defs': {'a': {'allOf': [1]}}}", "{'properties': {'a': {'items': [{}]}}}"]),
    Case(
      "{'$ref': 'http://json-schema.org/draft-07/schema#', '$schema': 'http://json-schema.org/draft-07/schema#'}",
      valid: ["{'items': [{}]}"], invalid: ["{'items': [1]}", "{'dependencies': {'a': [1]}}"]),
  ])
  func leadsTo(test: Case) throws { try test.check() }

  @Test(arguments: [
    "{'properties': {'a': {'$id': 'T', 'type': 'null'}, 'b': {'$id': 'T'}, 'c': {'$ref': 'T'}}}",
    "{'properties': {'a': {'$anchor': 't'}, 'b': {'$anchor': 't'}, 'c': {'$ref': '#t'}}}",
  ])
  func refusesAmbiguousReference(schema: String) throws {
    let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(Case.json(schema)) }
    #expect(error?.description == #"$.properties.c["$ref"]: leads to several schemas"#)
  }

  @Test(arguments: [
    "{'$ref': '#'}", "{'allOf': [{'$ref': '#'}]}", "{'not': {'anyOf': [{'oneOf': [{'$ref': '#'}]}]}}",
    "{'if': {'$ref': '#'}}", "{'if': true, 'else': {'$ref': '#'}}", "{'dependentSchemas': {'a': {'$ref': '#'}}}",
    "{'$defs': {'a': {'$ref': '#/$defs/b'}, 'b': {'$ref': '#/$defs/a'}}}", "{'$dynamicRef': '#'}",
    "{'$schema': '\(draft2019)', '$recursiveRef': '#'}",
    "{'$schema': '\(draft4)', 'dependencies': {'a': {'$ref': '#'}}}",
  ])
  func refusesLoop(schema: String) throws {
    let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(Case.json(schema)) }
    #expect(error?.message == "leads back to itself without a step into the value")
  }

  // RFC 3986 sections 5.4.1 and 5.4.2, and what follows from them.
  @Test(arguments: [
    ("g:h", "g:h"), ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
    ("//g", "http://g"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("#s", "http://a/b/c/d;p?q"),
    ("g#s", "http://a/b/c/g"), (";x", "http://a/b/c/;x"), ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"),
    ("./", "http://a/b/c/"), ("..", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"),
    ("../../g", "http://a/g"), ("../../../g", "http://a/g"), ("/./g", "http://a/g"), ("/../g", "http://a/g"),
    ("g.", "http://a/b/c/g."), ("..g", "http://a/b/c/..g"), ("./g/.", "http://a/b/c/g/"), ("g/../h", "http://a/b/c/h"),
    ("g?y/../x", "http://a/b/c/g?y/../x"), ("1:2", "http://a/b/c/1:2"),
  ])
  func resolves(reference: String, expected: String) {
    let base = URIReference("http://a/b/c/d;p?q")
    #expect(URIReference(reference).resolved(against: base).textWithoutFragment == expected)
  }
}
