import StrictJSON
import Testing

@testable import Gateway

@Suite struct MCPParameterHeadersTests {
  private func headers(_ schema: String) throws -> ParameterHeaders {
    try ParameterHeaders(inputSchema: JSONValue(parsing: schema))
  }

  private static let schema = #"""
    {"type": "object", "properties": {
      "region": {"type": "string", "x-mcp-header": "Region"},
      "query": {"type": "string"},
      "page": {"type": "object", "properties": {
        "x-mcp-header": {"type": "integer", "x-mcp-header": "Limit"},
        "all": {"type": "boolean", "x-mcp-header": "All"}}}},
     "default": {"x-mcp-header": 1}}
    """#

  @Test(arguments: [
    ("{}", []),
    ("null", []),
    (#"{"region": null, "page": 1}"#, []),
    (#"{"region": "us", "query": "q"}"#, ["Mcp-Param-Region: us"]),
    (#"{"page": {"all": false, "x-mcp-header": 42}}"#, ["Mcp-Param-Limit: 42", "Mcp-Param-All: false"]),
    (#"{"region": " é"}"#, ["Mcp-Param-Region: =?base64?IMOp?="]),
    (#"{"page": {"x-mcp-header": -7.00}}"#, ["Mcp-Param-Limit: -7"]),
    (#"{"page": {"x-mcp-header": 1.2e1}}"#, ["Mcp-Param-Limit: 12"]),
    (#"{"page": {"x-mcp-header": 1e999999999}}"#, ["Mcp-Param-Limit: 1e999999999"]),
    (#"{"region": 1.50, "page": {"all": [true]}}"#, ["Mcp-Param-Region: 1.50"]),
  ])
  func headersOfArguments(arguments: String, expected: [String]) throws {
    let parameters = try headers(Self.schema)
    let arguments = try JSONValue(parsing: arguments, options: .lenient)
    let headers = parameters.headers(for: arguments)
    #expect(headers.map { "\($0.name): \($0.value)" } == expected)
    #expect(parameters.mismatch(arguments: arguments, headers: headers) == nil)
    #expect(!parameters.isEmpty)
  }

  @Test(arguments: [
    (#"{"region": "us"}"#, ["mcp-param-REGION: us", "Mcp-Param-Other: x"], nil),
    (#"{"region": "us"}"#, ["Mcp-Param-Region: =?base64?dXM=?="], nil),
    (
      #"{"region": "us"}"#, ["Mcp-Param-Region: eu"],
      "Mcp-Param-Region header does not match the body's params.arguments.region"
    ),
    (#"{"region": "us"}"#, [], "Mcp-Param-Region header is missing, the body has params.arguments.region"),
    (
      "{}", ["Mcp-Param-Region: us"],
      "Mcp-Param-Region header has nothing to match, the body has no params.arguments.region"
    ),
    (
      #"{"region": null}"#, ["Mcp-Param-Region: null"],
      "Mcp-Param-Region header has nothing to match, the body has no params.arguments.region"
    ),
    (
      #"{"region": "us"}"#, ["Mcp-Param-Region: us", "mcp-param-region: us"],
      "Mcp-Param-Region header appears more than once"
    ),
    (
      #"{"region": "us"}"#, ["Mcp-Param-Region: =?base64?dXM?="],
      "Mcp-Param-Region header is not base64 of UTF-8"
    ),
    (
      #"{"region": ["us"]}"#, ["Mcp-Param-Region: us"],
      "Mcp-Param-Region header does not match the body's params.arguments.region"
    ),
    (#"{"region": "42"}"#, ["Mcp-Param-Region: 42.0"], "Mcp-Param-Region header does not match"),
    (#"{"page": {"x-mcp-header": 42}}"#, ["Mcp-Param-Limit: 42.0"], nil),
    (#"{"page": {"x-mcp-header": 42.0}}"#, ["Mcp-Param-Limit: 042"], nil),
    (#"{"page": {"x-mcp-header": 0}}"#, ["Mcp-Param-Limit: -0.00"], nil),
    (#"{"page": {"x-mcp-header": 9007199254740993}}"#, ["Mcp-Param-Limit: 9007199254740993.0"], nil),
    (
      #"{"page": {"x-mcp-header": 9007199254740993}}"#, ["Mcp-Param-Limit: 9007199254740992"],
      #"Mcp-Param-Limit header does not match the body's params.arguments.page["x-mcp-header"]"#
    ),
    (#"{"page": {"x-mcp-header": 1000}}"#, ["Mcp-Param-Limit: 1e3"], "Mcp-Param-Limit header does not match"),
    (#"{"page": {"x-mcp-header": 42}}"#, ["Mcp-Param-Limit: +42"], "Mcp-Param-Limit header does not match"),
    (#"{"page": {"x-mcp-header": 42}}"#, ["Mcp-Param-Limit: 42."], "Mcp-Param-Limit header does not match"),
    (#"{"page": {"x-mcp-header": -42}}"#, ["Mcp-Param-Limit: --42"], "Mcp-Param-Limit header does not match"),
    (#"{"page": {"x-mcp-header": 42}}"#, ["Mcp-Param-Limit: 42.5"], "Mcp-Param-Limit header does not match"),
    (#"{"page": {"all": true}}"#, ["Mcp-Param-All: True"], "Mcp-Param-All header does not match"),
  ])
  func mismatchesAreNamed(arguments: String, headers: [String], problem: String?) throws {
    let pairs = headers.map { header -> (name: String, value: String) in
      let parts = header.split(separator: ": ", maxSplits: 1)
      return (String(parts[0]), String(parts[1]))
    }
    let found = try self.headers(Self.schema).mismatch(arguments: JSONValue(parsing: arguments), headers: pairs)
    if let problem {
      #expect(found?.hasPrefix(problem) == true, "\(found ?? "none")")
    } else {
      #expect(found == nil)
    }
  }

  @Test(arguments: [
    (
      #"{"x-mcp-header": "A", "type": "string"}"#,
      #"$["x-mcp-header"]: must stand on a property that `properties` alone lead to"#
    ),
    (
      #"{"properties": {"a": {"type": "string", "x-mcp-header": 1}}}"#,
      #"$.properties.a["x-mcp-header"]: must be a string"#
    ),
    (
      #"{"properties": {"a": {"type": "string", "x-mcp-header": ""}}}"#,
      #"$.properties.a["x-mcp-header"]: '' is not a token"#
    ),
    (
      #"{"properties": {"a": {"type": "string", "x-mcp-header": "a\r\nb"}}}"#,
      #"$.properties.a["x-mcp-header"]: 'a\u{d}\u{a}b' is not a token"#
    ),
    (
      #"{"properties": {"a": {"type": "string", "x-mcp-header": "ä"}}}"#,
      #"$.properties.a["x-mcp-header"]: 'ä' is not a token"#
    ),
    (
      #"{"properties": {"a": {"type": "number", "x-mcp-header": "A"}}}"#,
      #"$.properties.a["x-mcp-header"]: the property's type must be string, integer or boolean"#
    ),
    (
      #"{"properties": {"a": {"type": ["string", "null"], "x-mcp-header": "A"}}}"#,
      #"$.properties.a["x-mcp-header"]: the property's type must be string, integer or boolean"#
    ),
    (
      #"{"properties": {"a": {"x-mcp-header": "A"}}}"#,
      #"$.properties.a["x-mcp-header"]: the property's type must be string, integer or boolean"#
    ),
    (
      #"{"properties": {"a": {"type": "string", "x-mcp-header": "Ab"}, "#
        + #""b": {"properties": {"c": {"type": "string", "x-mcp-header": "aB"}}}}}"#,
      #"$.properties.b.properties.c["x-mcp-header"]: 'aB' is also at $.properties.a["x-mcp-header"]"#
    ),
    (
      #"{"properties": {"a": {"type": "array", "items": {"type": "string", "x-mcp-header": "A"}}}}"#,
      #"$.properties.a.items["x-mcp-header"]: must stand on a property that `properties` alone lead to"#
    ),
    (
      #"{"properties": {"a": {"items": {"properties": {"b": {"type": "string", "x-mcp-header": "A"}}}}}}"#,
      #"$.properties.a.items.properties.b["x-mcp-header"]: must stand on"#
    ),
    (#"{"oneOf": [{"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}]}"#, "$.oneOf[0].properties.a"),
    (#"{"$defs": {"d": {"type": "string", "x-mcp-header": "A"}}}"#, #"$["$defs"].d"#),
    (#"{"if": {"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}}"#, "$.if.properties.a"),
    (#"{"additionalProperties": {"type": "string", "x-mcp-header": "A"}}"#, "$.additionalProperties"),
  ])
  func invalidAnnotationsAreNamed(schema: String, problem: String) throws {
    let error = #expect(throws: InvalidParameterHeaders.self) { try headers(schema) }
    #expect(error?.problem.hasPrefix(problem) == true, "\(error?.problem ?? "")")
  }

  @Test(arguments: [
    "null", "true", "{}", #"{"properties": []}"#, #"{"properties": {"a": true, "x-mcp-header": {"type": "string"}}}"#,
    #"{"default": {"x-mcp-header": ""}, "enum": [{"x-mcp-header": 1}], "examples": [{"x-mcp-header": 1}]}"#,
  ])
  func schemasWithoutAnnotations(schema: String) throws {
    let parameters = try headers(schema)
    #expect(parameters.isEmpty)
    #expect(parameters.headers(for: ["a": 1]).isEmpty)
    #expect(parameters.mismatch(arguments: [:], headers: [(name: "Mcp-Param-A", value: "x")]) == nil)
  }
}
