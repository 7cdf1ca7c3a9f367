import JSONSchema
import StrictJSON

/// Refuses arguments that the tool's own schema doesn't allow, so that neither the policy nor the tool has to reckon with
/// them.
struct ArgumentsCheck: Check {
  func refusal(of call: ToolCall, to tool: ToolDefinition?, under policy: LoadedPolicy) -> Decision? {
    guard let tool else { return nil }
    guard let schema = tool.schema, tool.schemaProblem == nil else {
      return .deny("Tool has an input schema that can't be used", rule: "invalid_input_schema")
    }
    let problems = schema.problems(in: call.arguments.value, limit: 3)
    if problems.isEmpty { return nil }
    let text = problems.map { "\($0.path) \($0.message)" }.joined(separator: "; ")
    return .deny("Invalid arguments: \(String(text.unicodeScalars.prefix(1_000)))", rule: "invalid_arguments")
  }
}
