import FoundationEssentials
import StrictJSON
import Subprocess
import SystemPackage
import Testing

@testable import Gateway

/// `Fixtures/http_server.py` on a port of this machine, for the length of a test.
struct MisbehavingHTTPServer: Sendable {
  let port: Int
  let log: ServerLog

  /// - Parameters:
  ///   - folder: for its log
  ///   - mode: `modern`, `modern-only` or `legacy`
  ///   - answers: `sse` or `json`
  ///   - port: 0 for any
  static func run<Value: Sendable>(
    _ folder: String, name: String = "http", mode: String = "modern", answers: String = "sse", port: Int = 0,
    _ body: @Sendable @escaping (MisbehavingHTTPServer) async throws -> Value
  ) async throws -> Value {
    let log = ServerLog(path: "\(folder)/\(name).log")
    let environment: [Environment.Key: String] = [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "LOG": log.path, "MODE": mode,
      "ANSWERS": answers, "PORT": String(port), "PYTHONDONTWRITEBYTECODE": "1",
    ]
    return try await Subprocess.run(
      .name("python3"), arguments: [MisbehavingServer.fixtures + "http_server.py"], environment: .custom(environment),
      input: .none, output: .discarded, error: .discarded
    ) { process in
      defer { try? process.send(signal: .kill) }
      guard let port = try await log.first("start")["port"]?.intValue else { throw Unexpected("no port") }
      return try await body(MisbehavingHTTPServer(port: port, log: log))
    }.closureResult
  }

  var url: String { "http://127.0.0.1:\(port)/mcp" }

  /// - Parameter headers: the operator's
  func configuration(
    name: String = "h", path: String = "/mcp", headers: JSONObject = [:], settings: JSONObject = [:]
  ) throws -> MCPConfiguration {
    let server: JSONValue = [
      "url": .string("http://127.0.0.1:\(port)\(path)"), "headers": .object(headers), "agentgate": .object(settings),
    ]
    let file: JSONValue = ["mcpServers": .object([name: server])]
    return try MCPConfiguration(parsing: file.serialized(), path: "mcp.json")
  }
}
