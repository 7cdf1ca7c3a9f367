import StrictJSON

/// What `kill-switch.json` says:
///
///     {
///       "version": 1,
///       "global": null,
///       "sessions": {"agent-7": {"reason": "runaway", "since": "2026-01-01T00:00:00+00:00"}},
///       "agents": {"crawler": {"reason": "runaway"}},
///       "tools": {"db_update": "a reason alone will do"}
///     }
///
/// Only `version` is required. Anything else that isn't as above, an unknown key too, is an error and never ignored: a
/// misspelt kill must not look like none. A longer reason than `Kill.maximumReasonLength` is cut, not refused.
struct KillSwitchFile: Equatable, Sendable {
  static let version = 1
  /// In bytes. A larger file is refused.
  static let maximumSize = 64 << 20

  var global: Kill?
  var sessions: [SessionID: Kill] = [:]
  var agents: [AgentID: Kill] = [:]
  var tools: [ToolName: Kill] = [:]

  subscript(target: KillTarget) -> Kill? {
    get {
      switch target {
      case .global: global
      case .session(let id): sessions[id]
      case .agent(let id): agents[id]
      case .tool(let name): tools[name]
      }
    }
    set {
      switch target {
      case .global: global = newValue
      case .session(let id): sessions[id] = newValue
      case .agent(let id): agents[id] = newValue
      case .tool(let name): tools[name] = newValue
      }
    }
  }
}

extension KillSwitchFile {
  init(parsing bytes: [UInt8]) throws(KillSwitchFileError) {
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: bytes, options: .strict)
    } catch {
      throw KillSwitchFileError(place: "\(error.line):\(error.column)", message: "\(error.message) at \(error.path)")
    }
    let root = try Self.object(document, at: "$", keys: ["version", "global", "sessions", "agents", "tools"])
    guard let version = root["version"] else { throw KillSwitchFileError(place: "$.version", message: "is missing") }
    guard version.intValue == Self.version else {
      throw KillSwitchFileError(place: "$.version", message: "is not \(Self.version)")
    }
    if let global = root["global"], global != .null {
      self.global = try Self.kill(global, at: "$.global", of: .global)
    }
    for (key, value, path) in try Self.members(root["sessions"], at: "$.sessions") {
      let id = try Self.identifier(at: path) { () throws(InvalidIdentifier) in try SessionID(key) }
      sessions[id] = try Self.kill(value, at: path, of: .session(id))
    }
    for (key, value, path) in try Self.members(root["agents"], at: "$.agents") {
      let id = try Self.identifier(at: path) { () throws(InvalidIdentifier) in try AgentID(key) }
      agents[id] = try Self.kill(value, at: path, of: .agent(id))
    }
    for (key, value, path) in try Self.members(root["tools"], at: "$.tools") {
      let name = try Self.identifier(at: path) { () throws(InvalidIdentifier) in try ToolName(key) }
      tools[name] = try Self.kill(value, at: path, of: .tool(name))
    }
  }

  /// What makes this of `old`, in no particular order.
  func changes(from old: KillSwitchFile) -> [KillSwitchChange] {
    guard self != old else { return [] }
    let targets =
      Set(sessions.keys).union(old.sessions.keys).map(KillTarget.session)
      + Set(agents.keys).union(old.agents.keys).map(KillTarget.agent)
      + Set(tools.keys).union(old.tools.keys).map(KillTarget.tool) + [.global]
    return targets.filter { self[$0] != old[$0] }.map { KillSwitchChange(target: $0, kill: self[$0]) }
  }

  /// Readable, keys ascending by their bytes.
  var text: String {
    func members(_ kills: [(key: String, kill: Kill)]) -> JSONValue {
      let sorted = kills.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      return .object(JSONObject(sorted.map { (key: $0.key, value: Self.json($0.kill)) }))
    }
    var document: JSONObject = [
      "version": JSONValue(Self.version),
      "global": global.map(Self.json) ?? .null,
      "sessions": members(sessions.map { ($0.key.rawValue, $0.value) }),
      "tools": members(tools.map { ($0.key.rawValue, $0.value) }),
    ]
    // Written only when there are some, so that an AgentGate that knows no agents' kills reads what has none.
    if !agents.isEmpty { document["agents"] = members(agents.map { ($0.key.rawValue, $0.value) }) }
    return JSONValue.object(document).pretty(indent: 2) + "\n"
  }

  private static func json(_ kill: Kill) -> JSONValue {
    var members: JSONObject = ["reason": .string(kill.reason)]
    if let since = kill.since { members["since"] = .string(since) }
    return .object(members)
  }

  private static func kill(
    _ value: JSONValue, at path: String, of target: KillTarget
  ) throws(KillSwitchFileError) -> Kill {
    if let reason = value.stringValue { return Kill(target, reason: reason, since: nil) }
    let members = try object(value, at: path, keys: ["reason", "since"])
    func text(_ key: String) throws(KillSwitchFileError) -> String? {
      guard let value = members[key] else { return nil }
      guard let text = value.stringValue else {
        throw KillSwitchFileError(place: "\(path).\(key)", message: "is not a string")
      }
      return text
    }
    return Kill(target, reason: try text("reason"), since: try text("since"))
  }

  private static func object(
    _ value: JSONValue, at path: String, keys: Set<String>
  ) throws(KillSwitchFileError) -> JSONObject {
    guard let object = value.objectValue else {
      throw KillSwitchFileError(place: path, message: "is not an object")
    }
    if let unknown = object.keys.first(where: { !keys.contains($0) }) {
      throw KillSwitchFileError(place: path, message: "has the unknown key \(JSONValue.string(unknown))")
    }
    return object
  }

  private static func members(
    _ value: JSONValue?, at path: String
  ) throws(KillSwitchFileError) -> [(key: String, value: JSONValue, path: String)] {
    guard let value else { return [] }
    guard let object = value.objectValue else { throw KillSwitchFileError(place: path, message: "is not an object") }
    return object.members.map { ($0.key, $0.value, "\(path)[\(JSONValue.string($0.key))]") }
  }

  private static func identifier<ID>(
    at path: String, _ make: () throws(InvalidIdentifier) -> ID
  ) throws(KillSwitchFileError) -> ID {
    do throws(InvalidIdentifier) {
      return try make()
    } catch {
      throw KillSwitchFileError(place: path, message: error.message)
    }
  }
}

/// Why a text is no kill-switch file.
struct KillSwitchFileError: Error, Equatable {
  /// `line:column` where the text is no JSON, a path (`$.tools["x"]`) where it says the wrong thing.
  let place: String
  let message: String
}
