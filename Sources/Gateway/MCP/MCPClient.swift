import JSONRPC
import StrictJSON

/// What the gateway asks of an MCP server, over a connection that carries JSON-RPC.
struct MCPClient: Sendable {
  let connection: StdioConnection
  let limits: UpstreamLimits
  /// `clientInfo` of the handshake.
  let clientVersion: String

  struct Failure: Error {
    let message: String
    init(_ message: String) { self.message = message }
  }

  /// The lifecycle's first step. Returns whether the server has tools, after telling it that we are ready.
  func initialize() async throws(Failure) -> Bool {
    let params: JSONValue = [
      "protocolVersion": .string(MCPVersion.latest.rawValue),
      "capabilities": [:],
      "clientInfo": ["name": "agentgate", "title": "AgentGate", "version": .string(clientVersion)],
    ]
    let result = try await ask("initialize", params, timeout: limits.initialize)
    guard let version = result["protocolVersion"]?.stringValue else {
      throw Failure("its answer to initialize has no protocolVersion")
    }
    guard MCPVersion(rawValue: version) != nil else {
      throw Failure("it speaks MCP \(version.prefix(40)), which is not supported")
    }
    connection.notify("notifications/initialized")
    return result["capabilities"]?["tools"] != nil
  }

  /// All pages of `tools/list`, as the server sent them.
  func listTools() async throws(Failure) -> [JSONValue] {
    var tools: [JSONValue] = []
    var cursor: String?
    for _ in 0..<limits.pages {
      let params: JSONValue = if let cursor { ["cursor": .string(cursor)] } else { [:] }
      let result = try await ask("tools/list", params, timeout: limits.list)
      guard let page = result["tools"]?.arrayValue else {
        throw Failure("its answer to tools/list has no list of tools")
      }
      tools += page
      guard tools.count <= limits.tools else { throw Failure("it lists more than \(limits.tools) tools") }
      let next = result["nextCursor"]?.stringValue
      guard let next else { return tools }
      guard next != cursor else { throw Failure("its tools/list repeats a page") }
      cursor = next
    }
    throw Failure("its tools/list has more than \(limits.pages) pages")
  }

  /// Calls a tool by the server's own name for it. The bytes of `arguments` go out as they are.
  func callTool(
    _ name: String, arguments: CanonicalJSON, admit: @escaping @Sendable () -> Decision?
  ) async -> StdioConnection.Reply {
    var params = Array("{\"name\":".utf8)
    params += JSONValue.string(name).serialized()
    params += Array(",\"arguments\":".utf8)
    params += arguments.bytes
    params.append(UInt8(ascii: "}"))
    return await connection.request("tools/call", params: params, timeout: limits.call, admit: admit)
  }

  private func ask(_ method: String, _ params: JSONValue, timeout: Duration) async throws(Failure) -> JSONValue {
    switch await connection.request(method, params: params.serialized(), timeout: timeout) {
    case .result(let value): return value
    case .error(let error):
      throw Failure("it answered \(method) with error \(error.code): \(error.message.prefix(300))")
    case .lost(let reason), .notSent(let reason): throw Failure("\(method): \(reason)")
    case .refused(let decision): throw Failure("\(method): \(decision.reason)")
    }
  }
}
