import Testing

@testable import RegoLite

@Suite struct SchemasTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      json.match_schema("x", {"type":"string"}) -> eval_builtin_error: invalid JSON string
      json.match_schema("\"x\"", {"type":"string"}) -> [true, []]
      json.match_schema({"a":1}, "x") -> eval_builtin_error: invalid JSON string
      json.match_schema({"a":1}, "true") -> [true, []]
      json.match_schema({"a":1}, "[]") -> eval_builtin_error: schema is invalid
      json.match_schema({"a":1.0}, {"properties":{"a":{"type":"integer"}}}) -> [true, []]
      json.match_schema({"a":1}, {"properties":1}) -> eval_builtin_error: Properties must be of type object
      json.match_schema({"a":1}, {"required":1}) -> eval_builtin_error: required must be of an array
      json.match_schema({"a":1}, {"required":["a","a"]}) -> eval_builtin_error: required items must be unique
      json.match_schema({"a":1}, {"enum":1}) -> eval_builtin_error: enum must be of an array
      json.match_schema({"a":1}, {"enum":[1,1]}) -> eval_builtin_error: enum items must be unique
      json.match_schema({"a":1}, {"minimum":"a"}) -> eval_builtin_error: minimum must be of a Number
      json.match_schema({"a":1}, {"minLength":-1}) -> eval_builtin_error: minLength must be greater than or equal to 0
      json.match_schema({"a":1}, {"minLength":1.5}) -> eval_builtin_error: minLength must be of an integer
      json.match_schema({"a":1}, {"minimum":3,"maximum":2}) -> [true, []]
      json.match_schema({"a":1}, {"multipleOf":0}) -> eval_builtin_error: multipleOf must be strictly greater than 0
      json.match_schema({"a":1}, {"pattern":"("}) -> eval_builtin_error: pattern must be a valid regex
      json.match_schema({"a":1}, {"pattern":1}) -> eval_builtin_error: Invalid type. Expected: string, given: pattern
      json.match_schema({"a":1}, {"pattern":"(?=a)"}) -> eval_builtin_error: pattern must be a valid regex
      json.match_schema({"a":1}, {"patternProperties":{"(":{}}}) -> eval_builtin_error: Invalid regex pattern '('
      json.match_schema({"a":1}, {"format":1}) -> eval_builtin_error: Invalid type. Expected: string, given: format
      json.match_schema({"a":1}, {"format":"foo"}) -> [true, []]
      json.match_schema({"a":1}, {"anyOf":1}) -> eval_builtin_error: anyOf must be of an array
      json.match_schema({"a":1}, {"anyOf":[]}) -> [true, []]
      json.match_schema({"a":1}, {"anyOf":[1]}) -> eval_builtin_error: Expected: Valid Schema, given: Invalid JSON
      json.match_schema({"a":1}, {"not":1}) -> eval_builtin_error: not must be of an object
      json.match_schema({"a":1}, {"title":1}) -> eval_builtin_error: Invalid type. Expected: string, given: title
      json.match_schema({"a":1}, {"$id":1}) -> eval_builtin_error: Invalid type. Expected: string, given: $id
      json.match_schema({"a":1}, {"$schema":1}) -> eval_builtin_error: $schema must be of type string
      json.match_schema({"a":1}, {"$schema":"foo"}) -> [true, []]
      json.match_schema({"a":1}, {"dependencies":1}) -> eval_builtin_error: dependencies must be of type object
      json.match_schema({"a":1}, {"minItems":"a"}) -> eval_builtin_error: minItems must be of an integer
      json.match_schema({"a":1}, {"minItems":5,"maxItems":1}) -> [true, []]
      json.match_schema({"a":1}, {"uniqueItems":1}) -> eval_builtin_error: uniqueItems must be of a boolean
      json.match_schema({"a":1}, {"type":["string","string"]}) -> eval_builtin_error: string type is duplicated
      json.match_schema({"a":1}, {"if":1}) -> eval_builtin_error: if must be of an object
      json.match_schema({"a":1}, {"contains":1}) -> eval_builtin_error: Expected: Valid Schema, given: Invalid JSON
      json.match_schema({"a":1}, {"readOnly":1}) -> [true, []]
      json.match_schema({"a":1}, {"$ref":1}) -> eval_builtin_error: Invalid type. Expected: string, given: $ref
      json.verify_schema("x") -> [false, "jsonschema: invalid JSON string"]
      json.verify_schema("[]") -> [false, "jsonschema: schema is invalid"]
      json.verify_schema("1") -> [false, "jsonschema: schema is invalid"]
      json.verify_schema("true") -> [true, null]
      json.match_schema("1 2", {}) -> eval_builtin_error: invalid JSON string
      json.match_schema({"a":5.5}, {"properties":{"a":{"multipleOf":0.1}}}) -> [true, []]
      json.match_schema({"a":1}, {"properties":{"a":{"enum":[1.0]}}}) -> [true, []]
      json.match_schema({"a":"2020-01-01"}, {"properties":{"a":{"format":"date-time"}}}) -> [true, []]
      json.match_schema({"a":"10:00:00"}, {"properties":{"a":{"format":"date-time"}}}) -> [true, []]
      json.match_schema({"a":"10:00:00Z"}, {"properties":{"a":{"format":"time"}}}) -> [true, []]
      json.match_schema({"a":"10:00:00"}, {"properties":{"a":{"format":"time"}}}) -> [true, []]
      json.match_schema({"a":"10:00:00.5+01:00"}, {"properties":{"a":{"format":"time"}}}) -> [true, []]
      json.match_schema({"a":"2020-01-01T10:00:00.123Z"}, {"properties":{"a":{"format":"date-time"}}}) -> [true, []]
      json.match_schema({"a":"a@b"}, {"properties":{"a":{"format":"email"}}}) -> [true, []]
      json.match_schema({"a":"A <a@b.c>"}, {"properties":{"a":{"format":"email"}}}) -> [true, []]
      json.match_schema({"a":"b_c"}, {"properties":{"a":{"format":"idn-hostname"}}}) -> [true, []]
      json.match_schema({"a":"::ffff:1.2.3.4"}, {"properties":{"a":{"format":"ipv4"}}}) -> [true, []]
      json.match_schema({"a":"a{b}"}, {"properties":{"a":{"format":"uri-template"}}}) -> [true, []]
      json.match_schema({"a":""}, {"properties":{"a":{"format":"regex"}}}) -> [true, []]
      json.match_schema({"a":"0/x"}, {"properties":{"a":{"format":"relative-json-pointer"}}}) -> [true, []]
      json.match_schema({"a":5}, {"properties":{"a":{"format":"ipv4"}}}) -> [true, []]
      json.match_schema({"a":[1,"x"]}, {"properties":{"a":{"items":[]}},"additionalItems":false}) -> [true, []]
      json.match_schema({"a":1}, {"$ref":"#/definitions/x","type":"string","definitions":{"x":{}}}) -> [true, []]
      json.match_schema({"a":1}, {"$ref":"#/title/0","title":"a"}) -> eval_builtin_error: Invalid token reference '0'
      json.match_schema({"a":1}, {"maximum":"x"}) -> eval_builtin_error: maximum must be of a Number
      json.match_schema({"a":1}, {"maxProperties":1.0}) -> eval_builtin_error: maxProperties must be of an integer
      json.match_schema({"a":1}, {"oneOf":1}) -> eval_builtin_error: oneOf must be of an array
      json.match_schema({"a":1}, {"allOf":[]}) -> [true, []]
      json.match_schema({"a":1}, {"not":[]}) -> eval_builtin_error: not must be of an object
      json.match_schema({"a":1}, {"then":1}) -> eval_builtin_error: then must be of an object
      json.match_schema({"a":1}, {"else":1}) -> eval_builtin_error: else must be of an object
      json.match_schema({"a":1}, {"type":[]}) -> [true, []]
      json.match_schema({"a":1}, {"enum":[{"a":1}]}) -> [true, []]
      json.match_schema({"a":{"b":1}}, {"properties":{"a":{"const":{"b":1.0}}}}) -> [true, []]
      """#))
  func answers(_ example: BuiltinCase) { example.check() }

  @Test(arguments: [
    ##"{"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}}"##,
    ##"{"properties":{"a":{"$ref":"#/properties/a"}}}"##, ##"{"$ref":"#"}"##,
  ])
  func aSchemaThatOnlyRefersToItselfEndsInAnError(schema: String) {
    var context = BuiltinContext.forTests()
    #expect(throws: BuiltinError(code: .builtin, message: "schema refers to itself without end")) {
      try BuiltinCase.call("json.match_schema", [#"{"a": 1}"#, .string(Text(schema))], &context)
    }
  }

  @Test func aSchemaMayReferToItself() throws {
    var context = BuiltinContext.forTests()
    let schema: Value = ##"{"properties":{"a":{"$ref":"#"}},"type":"object"}"##
    let result = try BuiltinCase.call("json.match_schema", [#"{"a":{"a":1}}"#, schema], &context)
    #expect(result?.asArray?[1].asArray?.first?.asObject?["field"] == "a.a")
  }
}
