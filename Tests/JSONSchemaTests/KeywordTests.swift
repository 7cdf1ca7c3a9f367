import Testing

@Suite struct KeywordTests {
  @Test(arguments: [
    Case("true", valid: ["null", "{}"]),
    Case("false", invalid: ["null", "{}"]),
    Case("{'type': 'null'}", valid: ["null"], invalid: ["false", "0", "''"]),
    Case("{'type': 'boolean'}", valid: ["true", "false"], invalid: ["0", "'true'", "null"]),
    Case(
      "{'type': 'integer'}", valid: ["0", "-1", "1.0", "1e2", "-0.0", "1e30"], invalid: ["1.5", "1e-1", "'1'", "true"]),
    Case("{'type': 'number'}", valid: ["0", "1.5", "1e30"], invalid: ["'1'", "null", "false"]),
    Case("{'type': ['string', 'array']}", valid: ["''", "[]"], invalid: ["{}", "1"]),
    Case("{'type': ['integer', 'number']}", valid: ["1", "1.5"], invalid: ["''"]),

    Case("{'const': 1}", valid: ["1", "1.0", "10e-1"], invalid: ["true", "2", "'1'"]),
    Case("{'const': false}", valid: ["false"], invalid: ["0", "null"]),
    Case(
      "{'const': {'a': [1], 'b': null}}", valid: ["{'b': null, 'a': [1.0]}"],
      invalid: ["{'a': [1]}", "{'a': [true], 'b': null}"]),
    Case("{'const': 'é'}", valid: ["'é'"], invalid: ["'e\u{301}'"]),
    Case(
      "{'enum': [1, 'a', null, [0], {'a': 1}]}", valid: ["1.0", "'a'", "null", "[0]", "{'a': 1}"],
      invalid: ["0", "'b'", "false", "[false]", "{}"]),
    Case("{'enum': ['a','b','c','d','e','f',1]}", valid: ["'a'", "'f'", "1"], invalid: ["'g'", "''", "2"]),
    Case("{'enum': [1, 2], 'const': 2}", valid: ["2"], invalid: ["1"]),
    Case("{'enum': [1, 2], 'const': 3}", invalid: ["1", "3"]),

    Case("{'minimum': 1}", valid: ["1", "1.0", "2", "'0'"], invalid: ["0.9999999999999999999999", "0", "-5"]),
    Case(
      "{'maximum': 9007199254740993}", valid: ["9007199254740993"], invalid: ["9007199254740994", "9007199254740993.1"]),
    Case("{'minimum': -0.0}", valid: ["0", "-0"], invalid: ["-1e-400"]),
    Case("{'exclusiveMaximum': 0.3}", valid: ["0.29999999999999999999"], invalid: ["0.3", "0.30", "3e-1"]),
    Case("{'exclusiveMinimum': 1e300}", valid: ["1.1e300", "1e400"], invalid: ["1e300", "-1e400"]),
    Case(
      "{'multipleOf': 0.1}", valid: ["0.3", "1", "0", "1e30", "-0.7", "123456789012345678901234567890.1"],
      invalid: ["0.35", "1e-2"]),
    Case(
      "{'multipleOf': 3}", valid: ["9", "-9", "0.0", "9e0", "12345678901234567890123", "3e1000000"],
      invalid: ["10", "1e1000000", "4.5"]),
    Case("{'multipleOf': 1.5}", valid: ["3", "4.5", "0.15e1"], invalid: ["2", "1"]),
    Case("{'multipleOf': 1e2}", valid: ["100", "1e2", "3e2"], invalid: ["10", "150"]),
    Case("{'multipleOf': 1e-8}", valid: ["12391239123", "1e308"], invalid: ["1e-9"]),
    Case(
      "{'multipleOf': 999999999999999989}", valid: ["999999999999999989e5", "1999999999999999978"],
      invalid: ["999999999999999988e5"]),

    Case("{'minLength': 2}", valid: ["'ab'", "'éé'", "'😀😀'", "1"], invalid: ["'é'", "'😀'", "''"]),
    Case("{'maxLength': 2}", valid: ["'ab'", "'😀😀'", "''"], invalid: ["'abc'", "'e\u{301}é'", "'👩‍👩'"]),
    Case("{'maxLength': 2.0, 'minLength': 1e0}", valid: ["'a'"], invalid: ["''", "'abc'"]),
    Case("{'minLength': 1e30}", invalid: ["'a'"]),
    Case("{'maxLength': 1e30}", valid: ["'a'"]),
  ])
  func scalars(test: Case) throws { try test.check() }

  @Test(arguments: [
    Case("{'minItems': 1, 'maxItems': 2}", valid: ["[1]", "[1, 2]", "{}"], invalid: ["[]", "[1, 2, 3]"]),
    Case(
      "{'uniqueItems': true}", valid: ["[]", "[1, true, '1', [1], [true], null]"],
      invalid: ["[1, 1.0]", "[{'a': 1, 'b': 2}, {'b': 2, 'a': 1}]", "['a', 'b', 'a']"]),
    Case(
      "{'uniqueItems': true}", valid: ["[1, 2, 3, 4, 5, 6, 7, 8, 'é', 'e\u{301}', 0, false]"],
      invalid: [
        "[1, 2, 3, 4, 5, 6, 7, 8, 10e-1]", "[1, 2, 3, 4, 5, 6, {'x': [1.0]}, {'x': [1]}]",
        "[[1], [true], [1], 1, 2, 3, 4]", "[0.1, 1, 2, 3, 4, 5, 6, 1e-1]",
      ]),
    Case("{'uniqueItems': false}", valid: ["[1, 1]"]),
    Case("{'items': {'type': 'integer'}}", valid: ["[]", "[1, 2]", "{'a': 'b'}"], invalid: ["[1, 'a']"]),
    Case(
      "{'prefixItems': [{'type': 'integer'}, {'type': 'string'}]}", valid: ["[]", "[1]", "[1, 'a', null]"],
      invalid: ["['a']", "[1, 2]"]),
    Case("{'prefixItems': [true], 'items': {'type': 'string'}}", valid: ["[1, 'a']"], invalid: ["[1, 2]"]),
    Case("{'contains': {'minimum': 5}}", valid: ["[1, 5]", "{}"], invalid: ["[]", "[1, 4]"]),
    Case(
      "{'contains': {'minimum': 5}, 'minContains': 2, 'maxContains': 3}", valid: ["[5, 6]", "[5, 1, 6, 7]"],
      invalid: ["[5]", "[5, 6, 7, 8]"]),
    Case("{'contains': false, 'minContains': 0}", valid: ["[]", "[1]"]),
    Case(
      "{'contains': {'type': 'string'}, 'minContains': 0, 'maxContains': 1}", valid: ["[1]", "['a']"],
      invalid: ["['a', 'b']"]),
    Case("{'minContains': 2, 'maxContains': 0}", valid: ["[]", "[1]"]),
  ])
  func arrays(test: Case) throws { try test.check() }

  @Test(arguments: [
    Case(
      "{'minProperties': 1, 'maxProperties': 2}", valid: ["{'a': 1}", "[]"],
      invalid: ["{}", "{'a': 1, 'b': 2, 'c': 3}"]),
    Case(
      "{'required': ['a', 'a', 'é']}", valid: ["{'a': null, 'é': 1}", "1"],
      invalid: ["{'a': 1}", "{'a': 1, 'e\u{301}': 1}"]),
    Case(
      "{'properties': {'a': {'type': 'string'}, 'b': false}}", valid: ["{}", "{'a': 'x', 'c': 1}"],
      invalid: ["{'a': 1}", "{'b': 1}"]),
    Case(
      "{'properties': {'a': true}, 'patternProperties': {'^x': {'type': 'null'}}, 'additionalProperties': {'type': 'integer'}}",
      valid: ["{'a': 'a', 'x1': null, 'b': 1}"], invalid: ["{'x1': 1}", "{'b': 'b'}"]),
    Case(
      "{'properties': {'ax': {'minimum': 1}}, 'patternProperties': {'x': {'maximum': 2}}}", valid: ["{'ax': 1}"],
      invalid: ["{'ax': 0}", "{'ax': 3}", "{'bx': 3}"]),
    Case("{'additionalProperties': false}", valid: ["{}"], invalid: ["{'': 1}"]),
    Case(
      "{'propertyNames': {'pattern': '^[a-z]+$', 'type': 'string'}}", valid: ["{'a': 1}", "{}"], invalid: ["{'A': 1}"]),
    Case("{'propertyNames': false}", valid: ["{}"], invalid: ["{'a': 1}"]),
    Case(
      "{'dependentRequired': {'a': ['b', 'c'], 'd': []}}",
      valid: ["{}", "{'b': 1}", "{'a': 1, 'b': 1, 'c': 1}", "{'d': 1}"], invalid: ["{'a': 1, 'b': 1}"]),
    Case(
      "{'dependentSchemas': {'a': {'maxProperties': 1}, 'b': false}}", valid: ["{'a': 1}", "{'c': 1, 'd': 1}"],
      invalid: ["{'a': 1, 'c': 1}", "{'b': 1}"]),
    Case(
      "{'properties': {'__proto__': {'type': 'number'}, 'constructor': {'type': 'number'}}}",
      valid: ["{'__proto__': 1}"], invalid: ["{'__proto__': 'a'}", "{'constructor': 'a'}"]),
    // More names than are looked at one by one.
    Case(
      "{'properties': {'a':{'type':'null'},'b':{},'c':{},'d':{},'e':{},'f':{},'g':{},'h':{},'i':{},'j':{},'k':{},'l':{},'m':{'type':'null'},'é':{'type':'null'},'z':{}},'required':['a','m','z'],'additionalProperties':false}",
      valid: ["{'m': null, 'a': null, 'é': null, 'k': 1, 'z': 1}"],
      invalid: [
        "{'a': null, 'm': null}", "{'a': null, 'm': null, 'z': 1, 'y': 1}",
        "{'a': null, 'e\u{301}': null, 'm': null, 'z': 1}",
      ]),
  ])
  func objects(test: Case) throws { try test.check() }

  @Test(arguments: [
    Case("{'allOf': [{'minimum': 1}, {'maximum': 2}]}", valid: ["1", "'a'"], invalid: ["0", "3"]),
    Case("{'anyOf': [{'type': 'string'}, {'minimum': 2}]}", valid: ["'a'", "2", "null"], invalid: ["1"]),
    Case("{'oneOf': [{'type': 'integer'}, {'minimum': 2}]}", valid: ["1", "2.5"], invalid: ["2", "1.5"]),
    Case("{'not': {'type': 'integer'}}", valid: ["'a'", "1.5"], invalid: ["1"]),
    Case("{'not': {'not': {'type': 'integer'}}}", valid: ["1"], invalid: ["'a'"]),
    Case(
      "{'if': {'minimum': 5}, 'then': {'multipleOf': 2}, 'else': {'multipleOf': 3}}", valid: ["6", "3", "0"],
      invalid: ["7", "4"]),
    Case("{'if': false, 'then': false}", valid: ["1"]),
    Case("{'if': true, 'else': false}", valid: ["1"]),
    Case("{'then': false, 'else': false}", valid: ["1"]),
  ])
  func applicators(test: Case) throws { try test.check() }

  @Test(arguments: [
    Case("{'properties': {'a': true}, 'unevaluatedProperties': false}", valid: ["{'a': 1}"], invalid: ["{'b': 1}"]),
    Case(
      "{'allOf': [{'properties': {'a': true}}], 'properties': {'b': true}, 'unevaluatedProperties': {'type': 'null'}}",
      valid: ["{'a': 1, 'b': 1, 'c': null}"], invalid: ["{'c': 1}"]),
    Case(
      "{'anyOf': [{'properties': {'a': {'const': 1}}, 'required': ['a']}, {'properties': {'b': true}}], 'unevaluatedProperties': false}",
      valid: ["{'a': 1, 'b': 1}", "{'b': 1}"], invalid: ["{'a': 2}"]),
    Case(
      "{'oneOf': [{'required': ['a'], 'properties': {'a': true}}, {'required': ['b'], 'properties': {'b': true}}], 'unevaluatedProperties': false}",
      valid: ["{'a': 1}", "{'b': 1}"], invalid: ["{'a': 1, 'c': 1}", "{'a': 1, 'b': 1}"]),
    Case(
      "{'not': {'not': {'properties': {'a': true}}}, 'unevaluatedProperties': false}", valid: ["{}"],
      invalid: ["{'a': 1}"]),
    Case(
      "{'if': {'properties': {'a': {'const': 1}}, 'required': ['a']}, 'then': {'properties': {'b': true}}, 'else': {'properties': {'c': true}}, 'unevaluatedProperties': false}",
      valid: ["{'a': 1, 'b': 1}", "{'c': 1}"], invalid: ["{'a': 1, 'c': 1}", "{'a': 2}"]),
    Case(
      "{'dependentSchemas': {'a': {'properties': {'a': true, 'b': true}}}, 'unevaluatedProperties': false}",
      valid: ["{'a': 1, 'b': 1}"], invalid: ["{'b': 1}"]),
    Case(
      "{'patternProperties': {'^a': true}, 'unevaluatedProperties': false}", valid: ["{'ab': 1}"],
      invalid: ["{'ba': 1}"]),
    Case("{'allOf': [{'additionalProperties': true}], 'unevaluatedProperties': false}", valid: ["{'a': 1}"]),
    Case(
      "{'allOf': [{'unevaluatedProperties': {'type': 'integer'}}], 'unevaluatedProperties': false}",
      valid: ["{'a': 1}"], invalid: ["{'a': 'b'}"]),
    // A cousin sees nothing of what its neighbours looked at.
    Case(
      "{'allOf': [{'properties': {'a': true}}, {'unevaluatedProperties': false}]}", valid: ["{}"], invalid: ["{'a': 1}"]
    ),
    Case(
      "{'$ref': '#/$defs/a', 'properties': {'b': true}, 'unevaluatedProperties': false, '$defs': {'a': {'properties': {'a': true}}}}",
      valid: ["{'a': 1, 'b': 1}"], invalid: ["{'c': 1}"]),
    Case(
      "{'properties': {'a': {'properties': {'b': true}}}, 'unevaluatedProperties': false}", valid: ["{'a': {'c': 1}}"],
      invalid: ["{'b': 1}"]),

    Case("{'prefixItems': [true], 'unevaluatedItems': false}", valid: ["[1]"], invalid: ["[1, 2]"]),
    Case(
      "{'allOf': [{'prefixItems': [true, true]}], 'prefixItems': [true], 'unevaluatedItems': {'type': 'null'}}",
      valid: ["[1, 2, null]"], invalid: ["[1, 2, 3]"]),
    Case("{'items': true, 'unevaluatedItems': false}", valid: ["[1]"]),
    Case("{'contains': {'type': 'string'}, 'unevaluatedItems': false}", valid: ["['a', 'b']"], invalid: ["['a', 1]"]),
    Case(
      "{'contains': {'type': 'string'}, 'minContains': 0, 'unevaluatedItems': {'type': 'integer'}}",
      valid: ["['a', 1]", "[1]"], invalid: ["['a', null]"]),
    Case(
      "{'anyOf': [{'prefixItems': [{'const': 1}]}, {'prefixItems': [true, {'const': 2}]}], 'unevaluatedItems': false}",
      valid: ["[1]", "[0, 2]", "[1, 2]"], invalid: ["[1, 2, 3]", "[1, 3]"]),
    Case(
      "{'unevaluatedItems': {'prefixItems': [true], 'unevaluatedItems': false}}", valid: ["[[1]]"],
      invalid: ["[[1, 2]]"]),
  ])
  func unevaluated(test: Case) throws { try test.check() }

  @Test func cascadesOfUnevaluatedAreNotReported() throws {
    let schema = """
      {"anyOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"a": {"const": 2}}}], "unevaluatedProperties": false}
      """
    #expect(try problems(schema, "{'a': 3}") == ["$: matches none of the 2 alternatives"])
  }
}
