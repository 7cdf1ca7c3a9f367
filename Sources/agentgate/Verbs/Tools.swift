import ArgumentParser
import Gateway
import StrictJSON

struct Tools: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the tools whose definitions are pinned, and approve those that are quarantined.",
    discussion: Manual(
      """
      A tool's definition is pinned when it is first seen. When it changes later, or belongs to a server that wasn't \
      there at the first start, the tool is quarantined: no call of it passes until an operator approves it here.

      Acts through the running server when it answers within two seconds, otherwise through tools.json in the state \
      folder, which a running server takes up within a second. Without a further verb it lists the tools.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/tools.json": "read and written when no server answers",
      ],
      variables: .client,
      exitCodes: [0: "it is done", 1: "neither the server nor the file could be asked, or there is no such tool"],
      examples: [
        "agentgate tools", "agentgate tools diff db_query", "agentgate tools approve customer --server notes",
        "agentgate tools approve --server notes", "agentgate tools scan tools-list.json",
      ]
    ).text,
    subcommands: [ToolList.self, ToolDiff.self, ToolApproval.self, ToolScanning.self],
    defaultSubcommand: ToolList.self)
}

private struct ToolList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the tools with their standing: pinned, changed or new_server.",
    discussion: Manual(
      """
      With --format json: {"tools": [{"server", "name", "standing", "pinned", "pending", "difference", …}]}.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/tools.json": "read and written when no server answers",
      ],
      variables: .client,
      exitCodes: [0: "the list is printed", 1: "neither the server nor the file could be asked"],
      examples: ["agentgate tools list", "agentgate tools list --format json"]
    ).text)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  @OptionGroup var settings: SettingsOptions

  @Option(name: .long, help: "How to print the result.")
  var format: Format = .pretty

  func run() async throws {
    let tools = try await PinnedTools.read(settings).entries
    switch format {
    case .json:
      print(JSONValue.object(["tools": .array(tools.map(\.json))]).serializedString())
    case .pretty:
      let rows = [["STANDING", "SERVER", "TOOL", "SINCE"]] + tools.map(\.columns)
      for line in Table.lines(rows) { print(line) }
      let count = tools.filter(\.isQuarantined).count
      if count > 0 { print("\(count) quarantined: `agentgate tools diff NAME` shows why") }
    }
  }
}

private struct ToolDiff: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show what is new in the definition of a quarantined tool.",
    discussion: Manual(
      """
      In long texts {+…+} marks what was added and [-…-] what was removed; what can't be seen is written as \\u{200B}.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/tools.json": "read and written when no server answers",
      ],
      variables: .client,
      exitCodes: [0: "the differences are printed", 1: "there is no such tool, or nobody could be asked"],
      examples: ["agentgate tools diff db_query", "agentgate tools diff db_query --server demo"]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Argument(help: "The server's own name for the tool.")
  var name: String

  @Option(name: .long, help: "The server's name, when several have such a tool.")
  var server: String?

  func run() async throws {
    let tools = try await PinnedTools.read(settings).all(name, of: server)
    for tool in tools {
      print(tool.headline)
      for line in tool.difference { print("  \(line)") }
    }
  }
}

private struct ToolApproval: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve", abstract: "Pin what a quarantined tool is now, so that calls of it pass.",
    discussion: Manual(
      """
      Without a name all quarantined tools of the server are approved, and what it gains later is pinned as it comes. \
      The tool is approved as it is while this runs; with --fingerprint, only as it was when it was looked at.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/tools.json": "read and written when no server answers",
      ],
      variables: .client,
      exitCodes: [0: "it is approved", 1: "there is no such quarantined tool, or nobody could be asked"],
      examples: ["agentgate tools approve customer --server notes", "agentgate tools approve --server notes"]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Argument(help: "The server's own name for the tool; nothing for all of the server's.")
  var name: String?

  @Option(name: .long, help: "The server's name; not needed when one server alone has such a quarantined tool.")
  var server: String?

  @Option(name: .long, help: "Of the definition to approve, as `tools list --format json` shows it.")
  var fingerprint: String?

  func validate() throws {
    guard name != nil || server != nil else { throw ValidationError("which tool? give its name, or --server for all") }
    guard name != nil || fingerprint == nil else { throw ValidationError("--fingerprint needs the name of a tool") }
  }

  func run() async throws {
    let tools = try await PinnedTools.read(settings)
    guard let name else {
      print(try await tools.approveAll(server ?? ""))
      return
    }
    let tool = try tools.quarantined(name, of: server)
    print(tool.headline)
    for line in tool.difference { print("  \(line)") }
    print(try await tools.approve(tool, fingerprint: fingerprint ?? tool.fingerprint))
  }
}

private struct ToolScanning: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan", abstract: "Look for what harms in tool definitions that lie in files.",
    discussion: Manual(
      """
      A file holds one definition, an array of them, or the result of tools/list: {"tools": […]}. Prints a line of \
      JSON for each file: {"file","findings":[{"tool","rule","severity","path","excerpt","message"}]}. Needs no server.
      """,
      exitCodes: [
        0: "nothing of severity high or critical was found", 1: "something was", 2: "a file can't be read",
      ],
      examples: ["agentgate tools scan tools-list.json"]
    ).text)

  @Argument(help: "The JSON files.")
  var files: [String]

  func run() throws {
    var isHarmful = false
    var isUnreadable = false
    for file in files {
      do throws(ErrorReport) {
        let findings = try Self.definitions(in: file).flatMap { definition in
          ToolScan.findings(in: definition.value).map { (definition, $0) }
        }
        isHarmful = isHarmful || findings.contains { ["high", "critical"].contains($1.severity.rawValue) }
        let json = findings.map { definition, finding in Self.json(finding, in: definition) }
        print(JSONValue.object(["file": .string(file), "findings": .array(json)]).serializedString())
      } catch {
        StandardError.print(error.text)
        isUnreadable = true
      }
    }
    if isUnreadable { throw ExitCode(2) }
    if isHarmful { throw ExitCode(1) }
  }

  private struct Definition {
    let name: String
    let value: JSONValue
    /// Where it is in the file: `$`, `$[3]`, `$.tools[3]`.
    let path: String
  }

  private static func definitions(in file: String) throws(ErrorReport) -> [Definition] {
    let bytes = try ErrorReport.reading { () throws(FileProblems) in try FileText.bytes(of: file) }
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: bytes)
    } catch {
      throw ErrorReport(file: "\(file):\(error.line):\(error.column)", "\(error.message) at \(error.path)")
    }
    let values: [(value: JSONValue, path: String)]
    if let array = document.arrayValue {
      values = array.enumerated().map { ($1, "$[\($0)]") }
    } else if let array = document["tools"]?.arrayValue {
      values = array.enumerated().map { ($1, "$.tools[\($0)]") }
    } else {
      values = [(document, "$")]
    }
    var definitions: [Definition] = []
    for (value, path) in values {
      // A file of something else must not look harmless.
      guard let name = value["name"]?.stringValue else {
        throw ErrorReport(file: file, "\(path) is no tool definition: it has no name")
      }
      definitions.append(Definition(name: name, value: value, path: path))
    }
    return definitions
  }

  private static func json(_ finding: ToolFinding, in definition: Definition) -> JSONValue {
    [
      "tool": .string(definition.name), "rule": .string(finding.rule), "severity": .string(finding.severity.rawValue),
      "path": .string(finding.path.hasPrefix("$") ? definition.path + finding.path.dropFirst() : finding.path),
      "excerpt": .string(finding.excerpt), "message": .string(finding.message),
    ]
  }
}

/// The pinned tools, as the server or, when it doesn't answer, the file tells of them.
private struct PinnedTools {
  struct Entry {
    /// As `ToolPins.Entry.json`.
    let json: JSONValue

    var server: String { json["server"]?.stringValue ?? "" }
    var name: String { json["name"]?.stringValue ?? "" }
    var standing: String { json["standing"]?.stringValue ?? "unknown" }
    var isQuarantined: Bool { json["pending"]?.objectValue != nil }
    /// What may be approved.
    var fingerprint: String? { json["pending"]?["fingerprint"]?.stringValue }
    var since: String { (isQuarantined ? json["pending"] : json["pinned"])?["since"]?.stringValue ?? "" }
    var difference: [String] { json["difference"]?.arrayValue?.compactMap(\.stringValue) ?? [] }

    var columns: [String] { [standing, server, name, since].map(VisibleText.of) }

    /// Its lines follow when it is quarantined.
    var headline: String {
      let tool = "tool \(VisibleText.quoted(name)) of server \(VisibleText.quoted(server))"
      let since = VisibleText.of(since)
      switch standing {
      case "pinned": return "\(tool) is as it was pinned at \(since)"
      case "new_server": return "\(tool) is new, on a server that is new, since \(since):"
      default: return "\(tool) has changed at \(since):"
      }
    }
  }

  let entries: [Entry]
  private let client: ControlClient
  /// What the entries were read from, unless the server gave them.
  private let pins: (ToolPins, because: ControlClient.ServerProblem)?

  static func read(_ settings: SettingsOptions) async throws -> PinnedTools {
    let client = ControlClient(configuration: try settings.read())
    return try await client.ask {
      () async throws(ControlClient.ServerProblem) in
      let answer = try await client.admin("GET", "/admin/tools", body: nil)
      return PinnedTools(
        entries: (answer["tools"]?.arrayValue ?? []).map(Entry.init), client: client, pins: nil)
    } orFiles: { problem in
      let pins = ToolPins(file: client.configuration.toolPinsPath, logger: .quiet)
      if let unreadable = pins.problem { throw Failure.failed("\(problem); and \(unreadable)") }
      return PinnedTools(
        entries: pins.entries.map { Entry(json: $0.json) }, client: client, pins: (pins, because: problem))
    }
  }

  /// All of this name. Fails when there is none.
  func all(_ name: String, of server: String?) throws -> [Entry] {
    let found = entries.filter { entry in
      Self.isSame(entry.name, name) && (server.map { Self.isSame(entry.server, $0) } ?? true)
    }
    guard found.isEmpty else { return found }
    let place = server.map { "server \(VisibleText.quoted($0))" } ?? "no server"
    throw Failure.failed("\(place) has \(server == nil ? "a" : "no") tool \(VisibleText.quoted(name))")
  }

  /// The one quarantined tool of this name. Fails when there is none, or more than one.
  func quarantined(_ name: String, of server: String?) throws -> Entry {
    let found = try all(name, of: server)
    let quarantined = found.filter(\.isQuarantined)
    if let only = quarantined.first, quarantined.count == 1 { return only }
    guard quarantined.isEmpty else {
      let servers = quarantined.map { VisibleText.quoted($0.server) }.joined(separator: ", ")
      throw Failure.failed(
        "tool \(VisibleText.quoted(name)) is quarantined on the servers \(servers): say which with --server")
    }
    throw Failure.failed(
      "tool \(VisibleText.quoted(name)) of server \(VisibleText.quoted(found[0].server)) is not quarantined")
  }

  /// Returns what was done and how.
  func approve(_ tool: Entry, fingerprint: String?) async throws -> String {
    let done = "approved tool \(VisibleText.quoted(tool.name)) of server \(VisibleText.quoted(tool.server))"
    return try await act(done) { () async throws(ControlClient.ServerProblem) in
      var body: JSONObject = ["server": .string(tool.server)]
      body["fingerprint"] = fingerprint.map { .string($0) }
      _ = try await client.admin(
        "POST", "/admin/tools/\(ControlClient.encoded(tool.name))/approve", body: .object(body))
    } file: { pins throws(ToolPinError) in
      try pins.approve(server: tool.server, tool: tool.name, fingerprint: fingerprint)
    }
  }

  /// Returns what was done and how.
  func approveAll(_ server: String) async throws -> String {
    let count = entries.filter { Self.isSame($0.server, server) && $0.isQuarantined }.count
    let done = "approved \(count) tool\(count == 1 ? "" : "s") of server \(VisibleText.quoted(server))"
    return try await act(done) { () async throws(ControlClient.ServerProblem) in
      _ = try await client.admin("POST", "/admin/servers/\(ControlClient.encoded(server))/approve", body: nil)
    } file: { pins throws(ToolPinError) in
      try pins.approveAll(server: server)
    }
  }

  /// The way that the entries came.
  private func act<Approved>(
    _ done: String, server: () async throws(ControlClient.ServerProblem) -> Void,
    file: (ToolPins) throws(ToolPinError) -> Approved
  ) async throws -> String {
    if let (pins, problem) = pins {
      do throws(ToolPinError) {
        _ = try file(pins)
      } catch {
        throw Failure.failed("\(problem); and \(error)")
      }
      return "\(done) in \(client.configuration.toolPinsPath) (\(problem))"
    }
    do throws(ControlClient.ServerProblem) {
      try await server()
    } catch {
      throw Failure.failed("\(error)")
    }
    return "\(done) through the server at \(client.address)"
  }

  private static func isSame(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
}

/// Columns that stand below each other.
enum Table {
  static func lines(_ rows: [[String]]) -> [String] {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      zip(row, widths).enumerated().map { index, cell in
        index == row.count - 1 ? cell.0 : cell.0 + String(repeating: " ", count: cell.1 - cell.0.count)
      }.joined(separator: "  ")
    }
  }
}
