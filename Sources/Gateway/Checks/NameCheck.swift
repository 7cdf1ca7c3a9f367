/// Refuses names that no tool can have, so that none of them reaches the policy, an upstream or a file name.
struct NameCheck: Check {
  func refusal(of call: ToolCall, to tool: ToolDefinition?, under policy: LoadedPolicy) -> Decision? {
    Self.accepts(call.toolName) ? nil : .deny("Invalid tool name", rule: "invalid_tool_name")
  }

  /// ASCII letters, digits, `_`, `.` and `-`, without `..`.
  static func accepts(_ name: ToolName) -> Bool {
    var last: UInt8 = 0
    for byte in name.rawValue.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        break
      case UInt8(ascii: "."):
        if last == byte { return false }
      default:
        return false
      }
      last = byte
    }
    return true
  }
}
