import FoundationEssentials
import Glibc
public import HTTPExchange
import StrictJSON

/// The upstream servers, read from `mcp.json` as MCP clients have it:
/// `{"mcpServers": {NAME: {"command": …, "args": […], "env": {…}, "cwd": …}}}`, or `{"url": …, "headers": {…}}` for a
/// server over Streamable HTTP. What AgentGate alone knows stands in `"agentgate"`: see `UpstreamSettings`.
///
/// Keys that other clients put there are ignored; `"disabled": true` leaves a server out. The command `agentgate` is this
/// very executable. A relative `cwd` counts from the file's folder, and so does a relative command with a `/` in it,
/// unless there is a `cwd`.
public struct MCPConfiguration: Sendable, Equatable {
  public struct Server: Sendable, Equatable {
    /// Its key in `mcpServers`.
    public var name: String
    /// A path, or a name to look up in PATH; empty for a server over HTTP.
    public var command: String
    public var arguments: [String]
    /// Beside what every server inherits: `ChildEnvironment`.
    public var environment: [String: String]
    /// Absent: the gateway's own.
    public var workingDirectory: String?
    /// Absent for a process.
    public var endpoint: Endpoint?
    public var settings = UpstreamSettings()
    /// Part of the gateway itself: what it lists needs no approval.
    public var isBuiltIn = false

    /// Where a server over Streamable HTTP is.
    public struct Endpoint: Sendable, Equatable {
      public struct Header: Sendable, Equatable {
        public var name: String
        public var value: String
      }
      public var target: HTTPTarget
      /// Sent with every request. They may be secrets.
      public var headers: [Header]
    }

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
    var server = Server(name: "demo", command: executable, arguments: ["demo-tools", "--folder", folder])
    server.isBuiltIn = true
    return MCPConfiguration([server])
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
      let isRemote = entry["url"] != nil || ["http", "streamable-http"].contains(entry["type"]?.stringValue)
      let settings = UpstreamSettings(
        entry["agentgate"], path: "\(path).agentgate", folder: folder, isProcess: !isRemote, problems: &problems)
      if entry["type"]?.stringValue == "sse" {
        problems.append("\(path).type: the HTTP+SSE transport is not supported, Streamable HTTP is")
        return nil
      }
      if isRemote {
        let endpoint = endpoint(entry, path)
        var server = Server(name: name, command: "")
        server.endpoint = endpoint
        server.settings = settings
        return problems.count == before ? server : nil
      }
      let command = text(entry["command"], "\(path).command")
      if entry["command"] == nil { problems.append("\(path).command: is missing") }
      if command?.isEmpty == true { problems.append("\(path).command: must not be empty") }
      var server = Server(name: name, command: command ?? "")
      server.settings = settings
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

    private mutating func endpoint(_ entry: JSONValue, _ path: String) -> Server.Endpoint? {
      if entry["command"] != nil { problems.append("\(path): has both a command and a url") }
      guard let url = entry["url"] else {
        problems.append("\(path).url: is missing")
        return nil
      }
      guard let url = text(url, "\(path).url") else { return nil }
      let rest = ["http://", "https://"].first { url.lowercased().hasPrefix($0) }.map { url.dropFirst($0.count) }
      let isPlain = url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
      guard let rest, let first = rest.first, first != "/", isPlain, let target = HTTPTarget(url) else {
        problems.append("\(path).url: must be an http or https URL")
        return nil
      }
      if rest.prefix(while: { $0 != "/" }).contains("@") {
        // Not shown: it may be a password.
        problems.append("\(path).url: must hold no user or password; use headers")
      }
      var headers: [Server.Endpoint.Header] = []
      if let value = entry["headers"] {
        guard let object = value.objectValue else {
          problems.append("\(path).headers: must be an object of strings")
          return nil
        }
        for (name, value) in object.members {
          let place = "\(path).headers" + JSONError.path([.key(name)]).dropFirst()
          if name.isEmpty || !name.utf8.allSatisfy(Self.isTokenByte) {
            problems.append("\(place): is no name of a header")
          } else if Self.ownHeaders.contains(name.lowercased()) {
            problems.append("\(place): is set by the gateway itself")
          }
          guard let text = text(value, place) else { continue }
          if !text.utf8.allSatisfy({ $0 == 9 || ($0 >= 0x20 && $0 != 0x7F) }) {
            problems.append("\(place): holds control characters")
          }
          headers.append(.init(name: name, value: text))
        }
      }
      return Server.Endpoint(target: target, headers: headers)
    }

    private static let ownHeaders: Set<String> = [
      "accept", "connection", "content-length", "content-type", "host", "mcp-method", "mcp-name",
      "mcp-protocol-version",
      "mcp-session-id", "transfer-encoding",
    ]

    /// RFC 9110 section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
      }
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
