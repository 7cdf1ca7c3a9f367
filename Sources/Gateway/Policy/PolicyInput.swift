public import StrictJSON

/// The document that the policy knows as `input`. The approval token is not in it, only whether a valid one came along.
public struct PolicyInput: Sendable {
  public var toolName: String
  public var arguments: CanonicalJSON
  public var sessionID: String
  public var context: JSONValue
  public var hasApprovalToken: Bool
  /// MCP's method: `tools/call`, or `tools/list` when it is asked whether a tool is to be listed.
  public var method: String
  /// The text of `input.tool`; empty when no upstream has the tool.
  public var tool: [UInt8]
  public var extras: RequestExtras
  /// Absent where agents needn't prove who they are.
  public var identity: AgentIdentity?
  private var isTool = true
  private var server: String?

  public init(
    toolName: String, arguments: CanonicalJSON, sessionID: String, context: JSONValue, hasApprovalToken: Bool,
    method: String = "tools/call", tool: [UInt8] = [], extras: RequestExtras = RequestExtras(),
    identity: AgentIdentity? = nil
  ) {
    self.identity = identity
    self.method = method
    self.tool = tool
    self.extras = extras
    self.toolName = toolName
    self.arguments = arguments
    self.sessionID = sessionID
    self.context = context
    self.hasApprovalToken = hasApprovalToken
  }

  public var json: JSONValue { (try? JSONValue(parsing: bytes)) ?? .null }

  /// The text of `json`. The arguments' part of it are the bytes that are hashed and sent.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256 + arguments.bytes.count)
    if isTool {
      bytes += #"{"tool_name":"#.utf8
      JSONValue.string(toolName).serialize(into: &bytes)
      bytes += #","arguments":"#.utf8
    } else {
      bytes += #"{"server":"#.utf8
      (server.map { .string($0) } ?? JSONValue.null).serialize(into: &bytes)
      bytes += #","params":"#.utf8
    }
    bytes += arguments.bytes
    bytes += #","session_id":"#.utf8
    JSONValue.string(sessionID).serialize(into: &bytes)
    bytes += #","context":"#.utf8
    context.serialize(into: &bytes)
    bytes +=
      (hasApprovalToken ? #","has_approval_token":true,"method":"# : #","has_approval_token":false,"method":"#).utf8
    JSONValue.string(method).serialize(into: &bytes)
    if !tool.isEmpty {
      bytes += #","tool":"#.utf8
      bytes += tool
    }
    if let meta = extras.meta {
      bytes += #","meta":"#.utf8
      bytes += meta.bytes
    }
    if let responses = extras.inputResponses {
      bytes += #","input_responses":"#.utf8
      bytes += responses.bytes
    }
    if let identity {
      bytes += #","identity":"#.utf8
      bytes += identity.policyBytes
    }
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }
}

extension PolicyInput {
  /// Something else than a tool: `input.params` are the request's parameters, `input.server` is who would be asked, null
  /// when nobody would; there is no `input.tool_name`.
  init(_ ask: UpstreamAsk) {
    self.init(
      toolName: "", arguments: ask.params, sessionID: ask.sessionID.rawValue, context: ask.context,
      hasApprovalToken: false, method: ask.method, extras: ask.extras, identity: ask.identity)
    isTool = false
    server = ask.server
  }

  init(_ call: ToolCall, to tool: ToolDefinition?, hasApprovalToken: Bool) {
    self.init(
      toolName: call.toolName.rawValue, arguments: call.arguments, sessionID: call.sessionID.rawValue,
      context: call.context, hasApprovalToken: hasApprovalToken, tool: tool?.policyBytes ?? [], extras: call.extras,
      identity: call.identity)
  }
}
