public import StrictJSON

/// The document that the policy knows as `input`. The approval token is not in it, only whether a valid one came along.
public struct PolicyInput: Sendable {
  public var toolName: String
  public var arguments: JSONValue
  public var sessionID: String
  public var context: JSONValue
  public var hasApprovalToken: Bool

  public init(
    toolName: String, arguments: JSONValue, sessionID: String, context: JSONValue, hasApprovalToken: Bool
  ) {
    self.toolName = toolName
    self.arguments = arguments
    self.sessionID = sessionID
    self.context = context
    self.hasApprovalToken = hasApprovalToken
  }

  public var json: JSONValue {
    [
      "tool_name": .string(toolName), "arguments": arguments, "session_id": .string(sessionID), "context": context,
      "has_approval_token": .boolean(hasApprovalToken),
    ]
  }
}

extension PolicyInput {
  init(_ call: ToolCall, hasApprovalToken: Bool) {
    self.init(
      toolName: call.toolName.rawValue, arguments: call.arguments.value, sessionID: call.sessionID.rawValue,
      context: call.context, hasApprovalToken: hasApprovalToken)
  }
}
