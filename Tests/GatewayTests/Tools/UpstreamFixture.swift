import FoundationEssentials
import Logging
import StrictJSON
import Testing

@testable import Gateway

/// Servers made of `Fixtures/mcp_server.py`, run for the length of a test; afterwards none of their processes is left.
struct UpstreamFixture {
  let servers: UpstreamServers

  static let script = String(#filePath.dropLast("Tools/UpstreamFixture.swift".count)) + "Fixtures/mcp_server.py"

  /// Quick to give up, for what is known to end in a time-out.
  static var impatient: UpstreamLimits {
    var limits = UpstreamLimits()
    limits.call = .seconds(3)
    limits.closing = .milliseconds(200)
    limits.terminating = .milliseconds(200)
    return limits
  }

  /// - Parameter modes: by the servers' names, each a mode of the script and the names of its tools
  static func run(
    _ modes: [String: [String]], limits: UpstreamLimits = UpstreamLimits(),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (UpstreamServers) async throws -> Void
  ) async throws {
    let pids = FileManager.default.temporaryDirectory.path + "/agentgate-pids-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: pids) }
    let configuration = MCPConfiguration(
      modes.map { name, arguments in
        .init(
          name: name, command: "python3", arguments: [script] + arguments, environment: ["PIDS": pids])
      })
    try await run(configuration, limits: limits, body)
    let started = String(decoding: FileManager.default.contents(atPath: pids) ?? Data(), as: UTF8.self)
      .split(separator: "\n")
    #expect(!started.isEmpty, sourceLocation: sourceLocation)
    for pid in started {
      // A grandchild that was killed is reaped by init in its own time; a zombie of ours would stay.
      for _ in 0..<500 where FileManager.default.fileExists(atPath: "/proc/\(pid)") {
        try await Task.sleep(for: .milliseconds(20))
      }
      let isLeft = FileManager.default.fileExists(atPath: "/proc/\(pid)")
      #expect(!isLeft, "process \(pid) is left", sourceLocation: sourceLocation)
    }
  }

  static func run(
    _ configuration: MCPConfiguration, limits: UpstreamLimits = UpstreamLimits(),
    _ body: (UpstreamServers) async throws -> Void
  ) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let folder = try TemporaryFolder()
    let pins = ToolPins(
      file: folder.path + "/tools.json", serversOfFirstStart: configuration.servers.map(\.name), logger: logger)
    let servers = UpstreamServers(configuration: configuration, pins: pins, limits: limits, logger: logger)
    let running = Task { try await servers.run() }
    await servers.settled()
    let result: Result<Void, any Error>
    do { result = .success(try await body(servers)) } catch { result = .failure(error) }
    running.cancel()
    try await running.value
    try result.get()
  }
}

extension UpstreamServers {
  func call(
    _ tool: String, _ arguments: JSONValue = [:], admit: @escaping @Sendable () -> Decision? = { nil }
  ) async throws -> ToolOutcome {
    try await run(UpstreamCall(tool: ToolName(tool), arguments: CanonicalJSON(arguments)), admit: admit)
  }

  /// Waits until the server is as asked.
  func waitUntil(_ server: String, _ condition: (UpstreamStatus) -> Bool) async throws {
    while let status = status[server], !condition(status) { try await Task.sleep(for: .milliseconds(20)) }
  }
}
