import AsyncHTTPClient
import FoundationEssentials
import HTTPTypes
import NIOCore
import NIOHTTP1
import StrictJSON
import Subprocess
import Synchronization
import SystemPackage
import Testing

@testable import Gateway

/// `agentgate serve` as a process of its own, for the length of a test.
struct ServedGateway: Sendable {
  let port: Int
  let stateFolder: String
  let log: Output

  /// What the process has written to standard error.
  final class Output: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

    fileprivate func append(_ more: some Sequence<UInt8>) { bytes.withLock { $0 += more } }
  }

  /// - Parameters:
  ///   - folder: of the test's own: state, policy and `mcp.json` are put into it, and what is there stays
  ///   - servers: `mcpServers`
  ///   - policy: files by their path in the policy folder
  ///   - settings: by the environment's names: `AGENTGATE_…`
  static func run(
    _ folder: String, servers: JSONObject = [:], policy: [String: String] = MCPRouteTests.allowEverything,
    settings: [String: String] = [:], _ body: @Sendable @escaping (ServedGateway) async throws -> Void
  ) async throws {
    for (name, text) in policy { try Files.write(text, to: "\(folder)/policies/\(name)") }
    try Files.write(JSONValue.object(["mcpServers": .object(servers)]).serializedString(), to: folder + "/mcp.json")
    var environment = Self.environment(stateFolder: folder + "/state")
    environment["AGENTGATE_PORT"] = "0"
    for (name, value) in settings { environment[name] = value }
    let log = Output()
    let variables = Dictionary(
      environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
    _ = try await Subprocess.run(
      .path(FilePath(try AgentgateProcess.executable)),
      arguments: ["serve", "--policy", folder + "/policies", "--mcp", folder + "/mcp.json"],
      environment: .custom(variables), workingDirectory: FilePath(folder), input: .none, output: .discarded,
      error: .sequence
    ) { process in
      try await withThrowingTaskGroup(of: Void.self) { group in
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        group.addTask {
          // Read to its end, so that the process never waits for a reader.
          var text = ""
          for try await buffer in process.standardError {
            buffer.withUnsafeBytes { log.append($0) }
            text += buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            while let end = text.utf8.firstIndex(of: 0x0A) {
              let line = try? JSONValue(parsing: String(text[..<end]))
              text = String(text[text.utf8.index(after: end)...])
              let port = line?["port"] ?? line?["metadata"]?["port"]
              if let port = port?.intValue ?? port?.stringValue.flatMap({ Int($0) }) { found.yield(port) }
            }
          }
          found.finish()
        }
        let result: Result<Void, any Error>
        if let port = await ports.first(where: { _ in true }) {
          do {
            let gateway = ServedGateway(port: port, stateFolder: folder + "/state", log: log)
            try await gateway.serversAreReady()
            result = .success(try await body(gateway))
          } catch {
            result = .failure(error)
          }
        } else {
          result = .failure(Unexpected("the gateway has not started"))
        }
        try? process.send(signal: .terminate)
        try await group.waitForAll()
        try result.get()
      }
    }
  }

  /// On a busy machine a server may take longer than the gateway waits for it, or have to be started again.
  private func serversAreReady() async throws {
    while true {
      let servers = try await send(.get, "/health").json["upstreams"]?.objectValue ?? [:]
      if servers.members.allSatisfy({ $0.value["status"] == "ready" }) { return }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// What a process of `agentgate` needs to find this gateway's state, and Python.
  static func environment(stateFolder: String) -> [String: String] {
    [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "AGENTGATE_STATE_DIR": stateFolder,
      "AGENTGATE_ADMIN_API_KEY": GatewayFixture.adminKey, "PYTHONDONTWRITEBYTECODE": "1",
    ]
  }

  func send(
    _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, headers: HTTPFields = [:]
  ) async throws -> (status: Int, json: JSONValue, headers: HTTPFields) {
    let response = try await HTTPClient.shared.execute(request(method, path, body, headers), timeout: .seconds(60))
    let bytes = try await response.body.collect(upTo: 16 << 20)
    let json = (try? JSONValue(parsing: Array(bytes.readableBytesView))) ?? .null
    var fields = HTTPFields()
    for (name, value) in response.headers {
      if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
    }
    return (Int(response.status.code), json, fields)
  }

  /// What a GET with the admin key is answered, whatever it is.
  func bytes(_ path: String) async throws -> [UInt8] {
    let response = try await HTTPClient.shared.execute(
      request(.get, path, nil, [.apiKey: GatewayFixture.adminKey]), timeout: .seconds(60))
    return Array(try await response.body.collect(upTo: 64 << 20).readableBytesView)
  }

  func control(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil) async throws -> JSONValue {
    try await send(method, path, body, headers: [.apiKey: GatewayFixture.adminKey]).json
  }

  func mcp(_ request: MCPRequest) async throws -> JSONValue {
    try await send(.post, "/mcp", request.body.serializedString(), headers: request.headers).json
  }

  /// Opens a stream of events and tells `body` of it; afterwards it is closed.
  func listen(
    _ method: HTTPRequest.Method, _ body: String?, headers: HTTPFields,
    _ work: (inout Events) async throws -> Void
  ) async throws {
    let client = HTTPClient(eventLoopGroupProvider: .singleton)
    let result: Result<Void, any Error>
    do {
      let response = try await client.execute(request(method, "/mcp", body, headers), timeout: .seconds(60))
      #expect(response.status == .ok)
      var events = Events(bytes: response.body.makeAsyncIterator())
      result = .success(try await work(&events))
    } catch {
      result = .failure(error)
    }
    try? await client.shutdown()
    try result.get()
  }

  /// The messages of a stream as they come.
  struct Events {
    fileprivate var bytes: HTTPClientResponse.Body.AsyncIterator
    private var parser = ServerSentEventParser(maximumEventBytes: 1 << 20)
    private var ready: [JSONValue] = []

    fileprivate init(bytes: HTTPClientResponse.Body.AsyncIterator) { self.bytes = bytes }

    /// Absent when the stream has ended.
    mutating func next() async throws -> JSONValue? {
      while ready.isEmpty {
        guard let chunk = try await bytes.next() else { return nil }
        ready = try parser.events(in: Array(chunk.readableBytesView)).compactMap { try? JSONValue(parsing: $0.data) }
      }
      return ready.removeFirst()
    }
  }

  private func request(
    _ method: HTTPRequest.Method, _ path: String, _ body: String?, _ headers: HTTPFields
  ) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
    request.method = HTTPMethod(rawValue: method.rawValue)
    for field in headers { request.headers.add(name: field.name.rawName, value: field.value) }
    if let body {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(ByteBuffer(string: body))
    }
    return request
  }
}
