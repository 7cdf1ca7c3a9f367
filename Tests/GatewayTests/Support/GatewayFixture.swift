import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import StrictJSON
import Testing

@testable import Gateway

/// A gateway with the shipped policy, a kill switch on disk, traces in memory and scripted tools.
struct GatewayFixture: Sendable {
  static let adminKey = "a-key-for-tests-0123456789"
  static let token = "a-token-for-tests"

  let assembly: Assembly
  private let runner: any ToolRunner
  let traces: FragileTraceStore
  let clock: ManualClock
  let log: LogRecorder
  let client: any TestClientProtocol
  /// A copy of the policy folder that the gateway runs on.
  let policyFolder: String
  let stateFolder: String

  /// - Parameters:
  ///   - policy: files by their path in the policy folder; absent, the shipped ones
  ///   - setup: `.router` asks the responder, `.live` a server on a socket
  static func run(
    policy: [String: String]? = nil, tools: any ToolRunner = ScriptedTools(), setup: TestingSetup = .router,
    configure: (inout Configuration) -> Void = { _ in },
    _ body: @Sendable @escaping (GatewayFixture) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    let policyFolder = folder.path + "/policies"
    let files =
      try policy
      ?? ["default.rego", "data.json"].reduce(into: [:]) { files, name in
        let text: String = try #require(Files.text(Files.root + "/policies/" + name))
        files[name] = text
      }
    for (name, text) in files { try Files.write(text, to: "\(policyFolder)/\(name)") }
    var configuration = Configuration()
    configuration.policyPath = policyFolder
    configuration.stateDirectory = folder.path + "/state"
    configuration.adminKey = adminKey
    configuration.approvalToken = token
    configure(&configuration)
    let traces = FragileTraceStore()
    let clock = ManualClock()
    let log = LogRecorder()
    let assembly = try Assembly(
      configuration, tools: tools, traces: traces, clock: clock.wall, monotonic: clock.monotonic, logger: log.logger)
    let server = HTTPServer(
      responder: assembly.responder, host: "127.0.0.1", port: 0, logger: log.logger, onReady: { _ in })
    let stateFolder = configuration.stateDirectory
    try await server.application.test(setup) { client in
      try await body(
        GatewayFixture(
          assembly: assembly, runner: tools, traces: traces, clock: clock, log: log, client: client,
          policyFolder: policyFolder, stateFolder: stateFolder))
    }
  }

  /// Only for tests that run on scripted tools.
  var tools: ScriptedTools {
    guard let tools = runner as? ScriptedTools else { preconditionFailure("the tools are not scripted") }
    return tools
  }

  struct Reply {
    let status: Int
    let headers: HTTPFields
    let text: String

    var json: JSONValue { (try? JSONValue(parsing: text)) ?? .null }
  }

  func send(
    _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, key: String? = nil,
    contentType: String? = "application/json", headers extra: HTTPFields = [:]
  ) async throws -> Reply {
    try await send(method, path, bytes: body.map { Array($0.utf8) }, key: key, contentType: contentType, headers: extra)
  }

  func send(
    _ method: HTTPRequest.Method, _ path: String, bytes: [UInt8]?, key: String? = nil,
    contentType: String? = "application/json", headers extra: HTTPFields = [:]
  ) async throws -> Reply {
    var headers = extra
    if bytes != nil, let contentType { headers[.contentType] = contentType }
    if let key { headers[.apiKey] = key }
    return try await client.execute(
      uri: path, method: method, headers: headers, body: bytes.map { ByteBuffer(bytes: $0) }
    ) { response in
      Reply(
        status: Int(response.status.code), headers: response.headers, text: String(buffer: response.body))
    }
  }

  /// As the operator, with the key.
  func control(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil) async throws -> Reply {
    try await send(method, path, body, key: Self.adminKey)
  }

  func call(
    _ tool: String, session: String = "s1", arguments: JSONValue = [:], context: JSONValue = [:], token: String? = nil,
    headers: HTTPFields = [:]
  ) async throws -> Reply {
    var body: JSONObject = [
      "session_id": .string(session), "tool_name": .string(tool), "arguments": arguments, "context": context,
    ]
    body["approval_token"] = token.map { .string($0) }
    return try await send(.post, "/tools/call", JSONValue.object(body).serializedString(), headers: headers)
  }

  func events(_ session: String = "s1") async throws -> [TraceEvent] { try await traces.events(session: session) }

  func controlEvents() async throws -> [TraceEvent] {
    try await traces.events(matching: .control(0...ISOTimestamp.range.upperBound), after: nil, limit: 1_000).events.map(
      \.event)
  }
}
