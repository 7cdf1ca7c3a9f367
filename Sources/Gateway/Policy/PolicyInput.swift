public import StrictJSON

/// The document that the policy knows as `input`. The approval token is not in it, only whether a valid one came along.
public struct PolicyInput: Sendable {
  public var toolName: String
  public var arguments: CanonicalJSON
  public var sessionID: String
  public var context: JSONValue
  public var hasApprovalToken: Bool

  public init(
    toolName: String, arguments: CanonicalJSON, sessionID: String, context: JSONValue, hasApprovalToken: Bool
  ) {
    self.toolName = toolName
    self.arguments = arguments
    self.sessionID = sessionID
    self.context = context
    self.hasApprovalToken = hasApprovalToken
  }

  public var json: JSONValue {
    [
      "tool_name": .string(toolName), "arguments": arguments.value, "session_id": .string(sessionID),
      "context": context, "has_approval_token": .boolean(hasApprovalToken),
    ]
  }

  /// The text of `json`. The arguments' part of it are the bytes that are hashed and sent.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256 + arguments.bytes.count)
    bytes += #"{"tool_name":"#.utf8
    JSONValue.string(toolName).serialize(into: &bytes)
    bytes += #","arguments":"#.utf8
    bytes += arguments.bytes
    bytes += #","session_id":"#.utf8
    JSONValue.string(sessionID).serialize(into: &bytes)
    bytes += #","context":"#.utf8
    context.serialize(into: &bytes)
    bytes += (hasApprovalToken ? #","has_approval_token":true}"# : #","has_approval_token":false}"#).utf8
    return bytes
  }
}

extension PolicyInput {
  init(_ call: ToolCall, hasApprovalToken: Bool) {
    self.init(
      toolName: call.toolName.rawValue, arguments: call.arguments, sessionID: call.sessionID.rawValue,
      context: call.context, hasApprovalToken: hasApprovalToken)
  }
}
