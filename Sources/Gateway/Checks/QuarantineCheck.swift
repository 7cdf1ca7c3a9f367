/// Refuses tools that aren't what they were when they were approved or first seen, and those of servers that nobody has
/// approved.
struct QuarantineCheck: Check {
  func refusal(of call: ToolCall, to tool: ToolDefinition?, under policy: LoadedPolicy) -> Decision? {
    switch tool?.standing {
    case nil, .pinned: nil
    case .changed: .deny("Tool definition has changed and is quarantined", rule: "tool_quarantine")
    case .newServer: .deny("Tool of a new server is quarantined", rule: "tool_quarantine")
    case .unavailable: .deny("Tool definitions can't be checked", rule: "tool_quarantine")
    }
  }
}

extension ToolDefinition {
  /// False for what every call is refused.
  var isCallable: Bool { standing == .pinned && schemaProblem == nil }
}
