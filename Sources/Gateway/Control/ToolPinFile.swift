import StrictJSON

/// What `tools.json` says:
///
///     {
///       "version": 1,
///       "servers": {
///         "files": {
///           "known": true,
///           "tools": {
///             "read_file": {
///               "pinned": {"fingerprint": "5f0c…", "since": "2026-01-01T00:00:00+00:00", "definition": {…}},
///               "pending": {"fingerprint": "…", "since": "…", "definition": {…}}
///             }
///           }
///         }
///       }
///     }
///
/// A tool has a pin, a definition that waits for an operator, or both. Anything else that isn't as above, an unknown
/// key too, is an error and never ignored, and so is a fingerprint that isn't that of its definition.
struct ToolPinFile: Sendable {
  static let version = 1
  /// In bytes. A larger file is refused, and none is written.
  static let maximumSize = 64 << 20
  /// Names that a server may have here.
  static let maximumTools = 10_000

  struct Definition: Sendable, Equatable {
    let fingerprint: String
    /// Since when it is what it is here, as `ISOTimestamp` writes it, or as a hand wrote it.
    let since: String
    /// The members that count (`ToolFingerprint`), whole.
    let value: JSONValue
  }

  struct Tool: Sendable, Equatable {
    var pinned: Definition?
    var pending: Definition?
  }

  struct Server: Sendable, Equatable {
    /// Its new tools are pinned as they come; those of another server wait for an operator.
    var isKnown: Bool
    var tools: [ExactText: Tool] = [:]
  }

  var servers: [ExactText: Server] = [:]
}

extension ToolPinFile {
  /// Takes over what a server lists; of tools with the same name the first counts. False when that changes nothing.
  mutating func observe(_ tools: [ToolPins.Tool], of name: String, trusted: Bool, at now: String) -> Bool {
    let old = servers[ExactText(name)]
    var server = old ?? Server(isKnown: false)
    var listed: Set<ExactText> = []
    for tool in tools where listed.insert(ExactText(tool.name)).inserted {
      let key = ExactText(tool.name)
      let definition = Definition(fingerprint: tool.fingerprint, since: now, value: tool.definition)
      guard var entry = server.tools[key] ?? (server.tools.count < Self.maximumTools ? Tool() : nil) else { continue }
      if entry.pinned?.fingerprint == tool.fingerprint {
        entry.pending = nil
      } else if trusted || (entry.pinned == nil && server.isKnown) {
        entry = Tool(pinned: definition, pending: nil)
      } else if entry.pending?.fingerprint != tool.fingerprint {
        entry.pending = definition
      }
      server.tools[key] = entry
    }
    // Nobody is to approve what is listed no more, and a server that makes up names doesn't fill the file.
    server.tools = server.tools.filter { listed.contains($0.key) || $0.value.pinned != nil }
    guard server != old, old != nil || !server.tools.isEmpty else { return false }
    servers[ExactText(name)] = server
    return true
  }
}

extension ToolPinFile {
  init(parsing bytes: [UInt8]) throws(ToolPinFileError) {
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: bytes, options: Self.options)
    } catch {
      throw ToolPinFileError(place: "\(error.line):\(error.column)", message: "\(error.message) at \(error.path)")
    }
    let root = try Self.object(document, at: "$", keys: ["version", "servers"])
    guard let version = root["version"] else { throw ToolPinFileError(place: "$.version", message: "is missing") }
    guard version.intValue == Self.version else {
      throw ToolPinFileError(place: "$.version", message: "is not \(Self.version)")
    }
    for (name, value, path) in try Self.members(root["servers"], at: "$.servers") {
      let server = try Self.object(value, at: path, keys: ["known", "tools"])
      guard let isKnown = server["known"]?.boolValue else {
        throw ToolPinFileError(place: "\(path).known", message: "is not true or false")
      }
      var tools: [ExactText: Tool] = [:]
      for (name, value, path) in try Self.members(server["tools"], at: "\(path).tools") {
        tools[ExactText(name)] = try Self.tool(value, at: path)
      }
      servers[ExactText(name)] = Server(isKnown: isKnown, tools: tools)
    }
  }

  /// Readable, keys ascending by their bytes.
  var text: String {
    func members<Value>(_ values: [ExactText: Value], _ json: (Value) -> JSONValue) -> JSONValue {
      .object(JSONObject(values.sorted { $0.key < $1.key }.map { (key: $0.key.text, value: json($0.value)) }))
    }
    func definition(_ definition: Definition) -> JSONValue {
      [
        "fingerprint": .string(definition.fingerprint), "since": .string(definition.since),
        "definition": definition.value,
      ]
    }
    let document: JSONValue = [
      "version": JSONValue(Self.version),
      "servers": members(servers) { server in
        [
          "known": .boolean(server.isKnown),
          "tools": members(server.tools) { tool in
            var object = JSONObject()
            object["pinned"] = tool.pinned.map(definition)
            object["pending"] = tool.pending.map(definition)
            return .object(object)
          },
        ]
      },
    ]
    return document.pretty(indent: 2) + "\n"
  }

  /// A definition, which was read at up to the strict reader's depth, lies deeper here; and a number in it may be
  /// beyond every double.
  private static let options: JSONReadingOptions = {
    var options = JSONReadingOptions.strict
    options.maximumDepth = JSONReadingOptions.deepest
    options.rejectsNonFinite = false
    return options
  }()

  private static func tool(_ value: JSONValue, at path: String) throws(ToolPinFileError) -> Tool {
    let object = try object(value, at: path, keys: ["pinned", "pending"])
    let tool = Tool(
      pinned: try definition(object["pinned"], at: "\(path).pinned"),
      pending: try definition(object["pending"], at: "\(path).pending"))
    guard tool.pinned != nil || tool.pending != nil else {
      throw ToolPinFileError(place: path, message: "has neither \"pinned\" nor \"pending\"")
    }
    return tool
  }

  private static func definition(
    _ value: JSONValue?, at path: String
  ) throws(ToolPinFileError) -> Definition? {
    guard let value else { return nil }
    let members = try object(value, at: path, keys: ["fingerprint", "since", "definition"])
    func text(_ key: String) throws(ToolPinFileError) -> String {
      guard let text = members[key]?.stringValue else {
        throw ToolPinFileError(place: "\(path).\(key)", message: "is not a string")
      }
      return text
    }
    let fingerprint = try text("fingerprint")
    let since = try text("since")
    let definition = members["definition"] ?? .null
    _ = try object(definition, at: "\(path).definition", keys: Set(ToolFingerprint.members))
    guard ToolFingerprint.hash(definition).hasSameBytes(as: fingerprint) else {
      throw ToolPinFileError(place: "\(path).fingerprint", message: "is not that of the definition")
    }
    return Definition(fingerprint: fingerprint, since: since, value: definition)
  }

  private static func object(
    _ value: JSONValue, at path: String, keys: Set<String>
  ) throws(ToolPinFileError) -> JSONObject {
    guard let object = value.objectValue else { throw ToolPinFileError(place: path, message: "is not an object") }
    if let unknown = object.keys.first(where: { !keys.contains($0) }) {
      throw ToolPinFileError(place: path, message: "has the unknown key \(JSONValue.string(unknown))")
    }
    return object
  }

  private static func members(
    _ value: JSONValue?, at path: String
  ) throws(ToolPinFileError) -> [(key: String, value: JSONValue, path: String)] {
    guard let object = value?.objectValue else { throw ToolPinFileError(place: path, message: "is not an object") }
    return object.members.map { ($0.key, $0.value, "\(path)[\(JSONValue.string($0.key))]") }
  }
}

/// Why a text is no file of tool pins.
struct ToolPinFileError: Error, Equatable {
  /// `line:column` where the text is no JSON, a path (`$.servers["x"]`) where it says the wrong thing.
  let place: String
  let message: String
}
