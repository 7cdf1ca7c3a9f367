import JSONRPC
import StrictJSON

/// Who asks over MCP, and what it can be answered.
struct MCPCaller: Sendable {
  var session: SessionID
  var version: MCPVersion
  /// As it says itself; absent when it doesn't.
  var clientInfo: JSONValue?
  /// What it declares that it can do; absent for a legacy client, which nothing is asked of.
  var capabilities: JSONValue?
  var transport: Transport
  /// Who it is, as it has proved; absent where agents needn't.
  var identity: AgentIdentity?
  /// The token that proves it.
  var agentToken: LentSecret?
  var correlationID: String

  enum Transport: String, Sendable {
    case http
    case stdio
  }

  /// `ToolCall.context`: the client's name is the agent's id, as long as nothing better is known of it.
  var context: JSONValue {
    var context: JSONObject = ["transport": .string(transport.rawValue), "protocol_version": .string(version.rawValue)]
    if let clientInfo {
      context["client"] = clientInfo
      if let name = clientInfo["name"]?.stringValue { context["agent_id"] = .string(name) }
    }
    return identity?.overriding(.object(context)) ?? .object(context)
  }

  var agent: AgentID? {
    identity?.agent ?? clientInfo?["name"]?.stringValue.flatMap { try? AgentID($0) }
  }
}

/// One request under way, as its transport sees it.
struct MCPExchange: Sendable {
  let handle: CallHandle
  /// Sends a notification to the client before the answer; dropped when the transport can't.
  let send: @Sendable (JSONRPCMessage) -> Void
}

/// What a request comes to.
enum MCPAnswer: Sendable {
  case result(JSONValue, traceID: String?)
  case error(JSONRPCError, traceID: String?)

  static func error(_ code: Int, _ message: String, data: JSONValue? = nil) -> MCPAnswer {
    .error(JSONRPCError(code: code, message: message, data: data), traceID: nil)
  }

  func message(id: JSONRPCID) -> JSONRPCMessage {
    switch self {
    case .result(let result, _): .result(id: id, result)
    case .error(let error, _): .error(id: id, error)
    }
  }

  /// Absent for what leaves no event.
  var traceID: String? {
    switch self {
    case .result(_, let id), .error(_, let id): id
    }
  }
}
