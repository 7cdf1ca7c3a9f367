import StrictJSON

/// One tool: what `tools/list` says about it, and what it does.
struct DemoTool: Sendable {
  let name: String
  let title: String
  let description: String
  /// It changes nothing.
  let isReadOnly: Bool
  /// The arguments' properties, each a JSON Schema, and those that must be there.
  let arguments: JSONValue
  let required: [String]
  /// The result's properties; all of them are always there unless `optional` names them.
  let result: JSONValue
  var optional: [String] = []
  let call: @Sendable (Arguments) async throws(ToolError) -> JSONValue

  var definition: JSONValue {
    let always = result.objectValue?.keys.filter { !optional.contains($0) } ?? []
    return [
      "name": .string(name), "title": .string(title), "description": .string(description),
      "inputSchema": [
        "type": "object", "properties": arguments, "required": .array(required.map { .string($0) }),
      ],
      "outputSchema": [
        "type": "object", "properties": result, "required": .array(always.map { .string($0) }),
      ],
      "annotations": [
        "readOnlyHint": .boolean(isReadOnly), "destructiveHint": .boolean(!isReadOnly && name != "db_insert"),
        "openWorldHint": false,
      ],
    ]
  }
}

/// Why a tool didn't do it: text for the caller.
struct ToolError: Error, CustomStringConvertible {
  let message: String
  var description: String { message }
  init(_ message: String) { self.message = message }
}

/// A call's arguments, read with errors that say what was expected.
struct Arguments: Sendable {
  let json: JSONValue

  init(_ json: JSONValue) throws(ToolError) {
    guard json.objectValue != nil else { throw ToolError("the arguments must be an object") }
    self.json = json
  }

  func string(_ name: String) throws(ToolError) -> String {
    guard let value = json[name] else { throw ToolError("argument `\(name)` is missing: it must be a string") }
    guard let string = value.stringValue else { throw ToolError("argument `\(name)` must be a string") }
    return string
  }

  /// The first of `names` that is there: they mean the same.
  func object(_ names: String...) throws(ToolError) -> JSONObject {
    guard let name = names.first(where: { json[$0] != nil }), let value = json[name] else {
      throw ToolError("argument `\(names[0])` is missing: it must be an object of column names and values")
    }
    guard let object = value.objectValue else { throw ToolError("argument `\(name)` must be an object") }
    guard !object.isEmpty else { throw ToolError("argument `\(name)` must not be empty") }
    return object
  }
}
