import FoundationEssentials
import StrictJSON
import Testing

@testable import Gateway

/// `Fixtures/hostile_server.py`, and what it says that it saw.
struct MisbehavingServer: Sendable {
  static let fixtures = Files.root + "/Tests/GatewayTests/Fixtures/"

  let configuration: MCPConfiguration.Server
  let log: ServerLog

  /// - Parameters:
  ///   - folder: for its log
  ///   - mode: `modern`, `modern-only` or `legacy`
  ///   - tools: those that it has; none means all
  init(
    _ name: String = "s", folder: String, mode: String = "modern", tools: [String] = [],
    environment: [String: String] = [:]
  ) {
    log = ServerLog(path: folder + "/\(name).log")
    configuration = MCPConfiguration.Server(
      name: name, command: "python3", arguments: [Self.fixtures + "hostile_server.py"] + tools,
      environment: environment.merging(
        ["LOG": log.path, "MODE": mode, "NAME": name, "PYTHONDONTWRITEBYTECODE": "1"]) { own, _ in own })
  }
}

/// The JSON lines that a server of the fixtures writes while it runs.
struct ServerLog: Sendable {
  let path: String

  var entries: [JSONValue] {
    // The last line may be in the middle of being written.
    (Files.text(path) ?? "").split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }
  }

  func entries(_ event: String, tag: String? = nil) -> [JSONValue] {
    entries.filter { $0["event"] == .string(event) && (tag == nil || $0["tag"] == tag.map { .string($0) }) }
  }

  /// Waits for the first such entry, as long as the test may run.
  @discardableResult
  func first(_ event: String, tag: String? = nil) async throws -> JSONValue {
    while true {
      if let entry = entries(event, tag: tag).first { return entry }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// The processes that have started, in order.
  var processes: [Int] { entries("start").compactMap { $0["pid"]?.intValue } }

  /// What a client must not do and did all the same.
  var violations: [JSONValue] { entries("violation") }
}

enum Processes {
  /// Waits until the process is gone and reaped, as long as the test may run.
  static func waitForEnd(of pid: Int) async throws {
    while FileManager.default.fileExists(atPath: "/proc/\(pid)") { try await Task.sleep(for: .milliseconds(20)) }
  }

  static func isRunning(_ pid: Int) -> Bool { FileManager.default.fileExists(atPath: "/proc/\(pid)") }
}
