import HTTPTypes
import JSONRPC
import StrictJSON

@testable import Gateway

/// A message to `/mcp` as a well-behaved client sends it. Tests change what is to be wrong with it.
struct MCPRequest: Sendable {
  /// Absent for a notification.
  var id: JSONValue? = 1
  var method: String
  var params: JSONObject
  var headers: HTTPFields = [.accept: "application/json, text/event-stream"]

  /// As a client of 2026-07-28 asks, with the headers that mirror the body.
  ///
  /// - Parameters:
  ///   - client: its name, which the gateway takes for the agent's id
  ///   - meta: members of `_meta` beside MCP's own
  static func modern(
    _ method: String, _ params: JSONObject = [:], client: String = "tester", session: String? = "s1",
    meta own: JSONObject = [:]
  ) -> MCPRequest {
    var meta: JSONObject = [
      MCPMeta.protocolVersion: "2026-07-28", MCPMeta.clientCapabilities: [:],
      MCPMeta.clientInfo: ["name": .string(client), "version": "1"],
    ]
    for (key, value) in own.members { meta[key] = value }
    var request = MCPRequest(method: method, params: params)
    request.params["_meta"] = .object(meta)
    request.headers[.mcpProtocolVersion] = "2026-07-28"
    request.headers[.mcpMethod] = method
    if let name = (method == "resources/read" ? params["uri"] : params["name"])?.stringValue {
      request.headers[.mcpName] = name
    }
    if let session { request.headers[.agentgateSession] = session }
    return request
  }

  static func modernCall(_ tool: String, _ arguments: JSONValue = [:], session: String? = "s1") -> MCPRequest {
    modern("tools/call", ["name": .string(tool), "arguments": arguments], session: session)
  }

  /// As a client of the legacy era asks.
  ///
  /// - Parameter token: what `initialize` gave as `Mcp-Session-Id`
  static func legacy(
    _ method: String, _ params: JSONObject? = nil, token: String?, version: String = "2025-11-25"
  ) -> MCPRequest {
    var request = MCPRequest(method: method, params: params ?? [:])
    request.headers[.mcpProtocolVersion] = version
    request.headers[.mcpSessionID] = token
    return request
  }

  static func initialize(_ version: String = "2025-11-25", client: String = "tester") -> MCPRequest {
    MCPRequest(
      method: "initialize",
      params: [
        "protocolVersion": .string(version), "capabilities": [:],
        "clientInfo": ["name": .string(client), "version": "1"],
      ])
  }

  /// The same with this in `params._meta`; absent, without it.
  func meta(_ key: String, _ value: JSONValue?) -> MCPRequest {
    var request = self
    request.params["_meta"]?[key] = value
    return request
  }

  func param(_ key: String, _ value: JSONValue?) -> MCPRequest {
    var request = self
    request.params[key] = value
    return request
  }

  func header(_ name: HTTPField.Name, _ value: String?) -> MCPRequest {
    var request = self
    request.headers[name] = value
    return request
  }

  var body: JSONValue {
    var body: JSONObject = ["jsonrpc": "2.0"]
    body["id"] = id
    body["method"] = .string(method)
    body["params"] = .object(params)
    return .object(body)
  }
}

extension GatewayFixture {
  func mcp(_ request: MCPRequest) async throws -> Reply {
    try await send(.post, "/mcp", request.body.serializedString(), headers: request.headers)
  }

  /// Begins a session of the legacy era. Returns its `Mcp-Session-Id`.
  ///
  /// - Parameter session: what the gateway is to call it; absent, as its id
  func initialized(_ version: String = "2025-11-25", client: String = "tester", session: String? = "s1") async throws
    -> String
  {
    let reply = try await mcp(.initialize(version, client: client).header(.agentgateSession, session))
    var notification = MCPRequest.legacy("notifications/initialized", token: reply.headers[.mcpSessionID])
    notification.id = nil
    _ = try await mcp(notification)
    return reply.headers[.mcpSessionID] ?? ""
  }
}

extension GatewayFixture.Reply {
  /// The messages of a stream.
  var messages: [JSONValue] {
    var parser = ServerSentEventParser(maximumEventBytes: 1 << 20)
    let events = (try? parser.events(in: Array(text.utf8))) ?? []
    return events.compactMap { try? JSONValue(parsing: $0.data) }
  }

  var result: JSONValue? { json["result"] }
  /// Of the JSON-RPC error.
  var code: Int? { json["error"]?["code"]?.intValue }
  var isError: Bool { result?["isError"] == true }
  /// Of the result's content.
  var content: String { result?["content"]?[0]?["text"]?.stringValue ?? "" }
  /// The id of the call's event, as the body names it.
  var traceID: String? {
    (result?["_meta"] ?? json["error"]?["data"])?["agentgate/trace_id"]?.stringValue
  }
  /// The names in a list of tools.
  var toolNames: [String] { (result?["tools"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue } }
}

extension HTTPField.Name {
  static let mcpMethod = HTTPField.Name("Mcp-Method")!
  static let mcpName = HTTPField.Name("Mcp-Name")!
}
