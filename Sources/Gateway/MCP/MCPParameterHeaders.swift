public import StrictJSON

/// The `Mcp-Param-…` headers that a tool's input schema asks for: its `x-mcp-header` annotations (MCP 2026-07-28,
/// "Custom Headers from Tool Parameters").
public struct ParameterHeaders: Sendable {
  static let prefix = "Mcp-Param-"
  static let annotation = "x-mcp-header"

  private struct Parameter {
    /// `Mcp-Param-Region`
    var header: String
    /// The names of the properties that lead from the arguments to the value.
    var path: [String]
    var isInteger: Bool

    /// `params.arguments.region`
    var place: String { "params.arguments" + JSONError.path(path.map { .key($0) }).dropFirst() }
  }

  private var parameters: [Parameter] = []

  /// Fails when an annotation is invalid: clients must then leave the tool out. Each must be a token (RFC 9110 section
  /// 5.6.2), case-insensitively unique, on a property of type string, integer or boolean that `properties` alone lead
  /// to. `$ref` is not followed. What is no schema has no annotations.
  public init(inputSchema: JSONValue) throws(InvalidParameterHeaders) {
    var names: [ExactText: String] = [:]
    var stack = [SchemaPosition(schema: inputSchema, steps: [], properties: [])]
    while let position = stack.popLast() {
      guard case .object(let schema) = position.schema else { continue }
      if let annotation = schema[Self.annotation] {
        let parameter = try Self.parameter(annotation, schema, position)
        if let other = names.updateValue(position.place, forKey: MCPHeaderFields.key(parameter.header)) {
          throw InvalidParameterHeaders(
            "\(position.place): \(MCPHeaderValue.shown(annotation.stringValue ?? "")) is also at \(other)")
        }
        parameters.append(parameter)
      }
      stack += position.children.reversed()
    }
  }

  public var isEmpty: Bool { parameters.isEmpty }

  /// The headers to send with a call, in the schema's order. Arguments that are absent or null have none, and neither
  /// have arrays and objects.
  public func headers(for arguments: JSONValue) -> [(name: String, value: String)] {
    parameters.compactMap { parameter in
      guard let value = arguments.value(at: parameter.path), let text = Self.rendered(value) else { return nil }
      return (parameter.header, MCPHeaderValue.encoded(text))
    }
  }

  /// How a call's headers differ from its arguments: "Mcp-Param-Region header 'eu' does not match the body's
  /// params.arguments.region 'us'"; absent when they don't. A header must be there exactly when the argument is.
  public func mismatch(arguments: JSONValue, headers: [(name: String, value: String)]) -> String? {
    if parameters.isEmpty { return nil }
    let fields = MCPHeaderFields(headers)
    for parameter in parameters {
      if let problem = Self.mismatch(parameter, arguments.value(at: parameter.path), fields[parameter.header]) {
        return problem
      }
    }
    return nil
  }

  private static func mismatch(
    _ parameter: Parameter, _ value: JSONValue?, _ field: MCPHeaderFields.Field?
  ) -> String? {
    let (header, place) = (parameter.header, parameter.place)
    let text = value.flatMap(rendered)
    guard let field else {
      guard text != nil else { return nil }
      return "\(header) header is missing, the body has \(place)"
    }
    if field.isDuplicated { return "\(header) header appears more than once" }
    guard let value else {
      return "\(header) header has nothing to match, the body has no \(place)"
    }
    guard let decoded = MCPHeaderValue.decoded(field.value) else {
      return MCPHeaderValue.malformed(header, field.value)
    }
    if let text, text.utf8.elementsEqual(decoded.utf8) { return nil }
    if parameter.isInteger, case .number(let number) = value, isSameInteger(decoded, number) { return nil }
    return "\(header) header does not match the body's \(place)"
  }

  /// Digits, and perhaps a fraction, that are exactly the number, which is an integer.
  private static func isSameInteger(_ text: String, _ number: JSONNumber) -> Bool {
    let parts = text.utf8.drop { $0 == UInt8(ascii: "-") }.split(
      separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard text.utf8.prefix(2).elementsEqual("--".utf8) == false, parts.count <= 2,
      parts.allSatisfy({ part in !part.isEmpty && part.allSatisfy { $0 &- UInt8(ascii: "0") <= 9 } })
    else { return false }
    let value = DecimalParts(number.literal)
    return value.isInteger && DecimalParts(text) == value
  }

  /// Strings as they are, booleans as JSON has them, integers in decimal, other numbers as they are written. Absent for
  /// what has no header.
  private static func rendered(_ value: JSONValue) -> String? {
    switch value {
    case .string(let text): text
    case .boolean(let value): value ? "true" : "false"
    case .number(let number): number.intValue.map { String($0) } ?? number.literal
    case .null, .array, .object: nil
    }
  }

  private static func parameter(
    _ annotation: JSONValue, _ schema: JSONObject, _ position: SchemaPosition
  ) throws(InvalidParameterHeaders) -> Parameter {
    let place = position.place
    guard let path = position.properties, !path.isEmpty else {
      throw InvalidParameterHeaders("\(place): must stand on a property that `properties` alone lead to")
    }
    guard case .string(let name) = annotation else { throw InvalidParameterHeaders("\(place): must be a string") }
    guard !name.isEmpty, name.utf8.allSatisfy(isTokenCharacter) else {
      throw InvalidParameterHeaders("\(place): \(MCPHeaderValue.shown(name)) is not a token")
    }
    let type = schema["type"]?.stringValue ?? ""
    guard ["string", "integer", "boolean"].contains(type) else {
      throw InvalidParameterHeaders("\(place): the property's type must be string, integer or boolean")
    }
    return Parameter(header: prefix + name, path: path, isInteger: type == "integer")
  }

  private static func isTokenCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

/// Why a tool's input schema can't be mirrored in headers.
public struct InvalidParameterHeaders: Error, Sendable, Equatable, CustomStringConvertible {
  /// `$.properties.limit["x-mcp-header"]: the property's type must be string, integer or boolean`
  public let problem: String

  init(_ problem: String) { self.problem = problem }

  public var description: String { problem }
}

/// A schema inside an input schema.
private struct SchemaPosition {
  var schema: JSONValue
  var steps: [JSONPathStep]
  /// The properties on the way, when there is nothing else on it.
  var properties: [String]?

  var place: String { JSONError.path(steps + [.key(ParameterHeaders.annotation)]) }

  /// The schemas right inside this one, by the keywords of JSON Schema 2020-12 and draft 7; data (`default`, `const`, …)
  /// is none, and neither is what `$ref` refers to.
  var children: [SchemaPosition] {
    guard case .object(let object) = schema else { return [] }
    var children: [SchemaPosition] = []
    for (keyword, value) in object.members {
      let steps = steps + [.key(keyword)]
      switch keyword {
      case "properties":
        for (name, property) in value.objectValue?.members ?? [] {
          children.append(
            .init(schema: property, steps: steps + [.key(name)], properties: properties.map { $0 + [name] }))
        }
      case "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions":
        for (name, inner) in value.objectValue?.members ?? [] {
          children.append(.init(schema: inner, steps: steps + [.key(name)], properties: nil))
        }
      case "items", "additionalItems", "contains", "unevaluatedItems", "additionalProperties", "propertyNames",
        "unevaluatedProperties", "not", "if", "then", "else", "contentSchema", "allOf", "anyOf", "oneOf", "prefixItems":
        children.append(.init(schema: value, steps: steps, properties: nil))
        for (index, inner) in (value.arrayValue ?? []).enumerated() {
          children.append(.init(schema: inner, steps: steps + [.index(index)], properties: nil))
        }
      default: break
      }
    }
    return children
  }
}

extension JSONValue {
  /// What is at the end of the members; absent when one of them is, and for null.
  fileprivate func value(at path: [String]) -> JSONValue? {
    var value = self
    for name in path {
      guard let member = value[name] else { return nil }
      value = member
    }
    return value.isNull ? nil : value
  }
}
