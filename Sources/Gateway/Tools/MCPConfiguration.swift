import FoundationEssentials
import Glibc
import StrictJSON

/// The upstream servers, read from `mcp.json` as MCP clients have it:
/// `{"mcpServers": {NAME: {"command": …, "args": […], "env": {…}, "cwd": …}}}`.
///
/// Keys that other clients put there are ignored; `"disabled": true` leaves a server out. The command `agentgate` is this
/// very executable. A relative `cwd` counts from the file's folder, and so does a relative command with a `/` in it,
/// unless there is a `cwd`.
public struct MCPConfiguration: Sendable, Equatable {
  public struct Server: Sendable, Equatable {
    /// Its key in `mcpServers`.
    public var name: String
    /// A path, or a name to look up in PATH.
    public var command: String
    public var arguments: [String]
    /// Beside what every server inherits: `ChildEnvironment`.
    public var environment: [String: String]
    /// Absent: the gateway's own.
    public var workingDirectory: String?

    public init(
      name: String, command: String, arguments: [String] = [], environment: [String: String] = [:],
      workingDirectory: String? = nil
    ) {
      self.name = name
      self.command = command
      self.arguments = arguments
      self.environment = environment
      self.workingDirectory = workingDirectory
    }
  }

  /// Ascending by the bytes of their names; no two the same.
  public let servers: [Server]

  /// Reads the file. Fails with every problem that it has.
  public init(contentsOf path: String) throws(MCPConfigurationError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw MCPConfigurationError(problems: ["\(path): the file cannot be read"])
    }
    try self.init(parsing: Array(data), path: path)
  }

  /// - Parameter path: where the bytes come from: named in errors, and what relative paths count from
  public init(parsing bytes: [UInt8], path: String) throws(MCPConfigurationError) {
    let file: JSONValue
    do throws(JSONError) {
      file = try JSONValue(parsing: bytes)
    } catch {
      throw MCPConfigurationError(problems: ["\(path):\(error.line):\(error.column): \(error.message)"])
    }
    guard let entries = file["mcpServers"]?.objectValue else {
      throw MCPConfigurationError(problems: ["\(path): $.mcpServers: must be an object of servers"])
    }
    var reader = Reader(folder: Self.folder(of: path))
    let servers = entries.members.compactMap { reader.server($0.key, $0.value) }
    for name in Dictionary(grouping: servers, by: \.name).filter({ $0.value.count > 1 }).keys {
      reader.problems.append("$.mcpServers: two servers have the name \(name) in different Unicode forms")
    }
    guard reader.problems.isEmpty else {
      throw MCPConfigurationError(problems: reader.problems.map { "\(path): \($0)" })
    }
    self.servers = servers.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// What runs when there is no `mcp.json`: the server `demo`, the executable's own tools.
  ///
  /// - Parameter folder: where the tools keep their files and database
  public static func demo(executable: String = thisExecutable, folder: String) -> MCPConfiguration {
    MCPConfiguration([
      Server(name: "demo", command: executable, arguments: ["demo-tools", "--folder", folder])
    ])
  }

  /// The running program's file.
  public static var thisExecutable: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments.first
      ?? "agentgate"
  }

  /// For servers known at compile time: their names differ.
  init(_ servers: [Server]) {
    self.servers = servers.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func folder(of path: String) -> String {
    let absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    return String(absolute[..<(absolute.lastIndex(of: "/") ?? absolute.startIndex)])
  }
}

/// Why `mcp.json` can't be used: each problem names the file, and the line and column or the JSON path.
public struct MCPConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  public let problems: [String]
  public var description: String { problems.joined(separator: "\n") }
}

extension MCPConfiguration {
  private struct Reader {
    let folder: String
    var problems: [String] = []

    /// Absent when the server is disabled or has a problem.
    mutating func server(_ name: String, _ entry: JSONValue) -> Server? {
      let path = JSONError.path([.key("mcpServers"), .key(name)])
      let before = problems.count
      guard entry.objectValue != nil else {
        problems.append("\(path): must be an object")
        return nil
      }
      if entry["disabled"]?.boolValue == true { return nil }
      if name.isEmpty { problems.append("\(path): a server needs a name") }
      if entry["url"] != nil || ["http", "sse", "streamable-http"].contains(entry["type"]?.stringValue) {
        problems.append("\(path)\(entry["url"] == nil ? ".type" : ".url"): HTTP upstreams are not supported yet")
        return nil
      }
      let command = text(entry["command"], "\(path).command")
      if entry["command"] == nil { problems.append("\(path).command: is missing") }
      if command?.isEmpty == true { problems.append("\(path).command: must not be empty") }
      var server = Server(name: name, command: command ?? "")
      server.arguments = arguments(entry["args"], "\(path).args")
      server.environment = environment(entry["env"], "\(path).env")
      server.workingDirectory = text(entry["cwd"], "\(path).cwd").map { absolute($0, in: folder) }
      if server.command == "agentgate" {
        server.command = MCPConfiguration.thisExecutable
      } else if server.command.contains("/") {
        server.command = absolute(server.command, in: server.workingDirectory ?? folder)
      }
      return problems.count == before ? server : nil
    }

    private mutating func arguments(_ value: JSONValue?, _ path: String) -> [String] {
      guard let value else { return [] }
      guard let list = value.arrayValue else {
        problems.append("\(path): must be an array of strings")
        return []
      }
      return list.enumerated().compactMap { text($0.element, "\(path)[\($0.offset)]") }
    }

    private mutating func environment(_ value: JSONValue?, _ path: String) -> [String: String] {
      guard let value else { return [:] }
      guard let object = value.objectValue else {
        problems.append("\(path): must be an object of strings")
        return [:]
      }
      var environment: [String: String] = [:]
      for (key, value) in object.members {
        if key.isEmpty || key.contains("=") || key.contains("\0")
          || key.utf8.first.map({ (48...57).contains($0) }) == true
        {
          problems.append("\(path): \(key) is no name of an environment variable")
        }
        if let value = text(value, path + JSONError.path([.key(key)]).dropFirst()) { environment[key] = value }
      }
      return environment
    }

    private mutating func text(_ value: JSONValue?, _ path: String) -> String? {
      guard let value else { return nil }
      guard let text = value.stringValue else {
        problems.append("\(path): must be a string")
        return nil
      }
      // The value isn't shown: it may be a secret.
      if text.unicodeScalars.contains("\0") { problems.append("\(path): must not contain U+0000") }
      return text
    }

    private func absolute(_ path: String, in folder: String) -> String {
      path.hasPrefix("/") ? path : folder + "/" + path
    }
  }
}
