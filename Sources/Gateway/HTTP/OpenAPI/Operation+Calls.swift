import HTTPTypes
import StrictJSON

extension QueryParameter {
  /// Of `/tools/list`.
  static let listSession = QueryParameter(
    name: "session_id", description: "The session that the list is for; without one, for a new session.",
    shape: .optional(.sessionID))

  /// Of `/mcp`.
  static let mcpSession = QueryParameter(
    name: "session_id", description: "The session's name, for clients that can't send `X-AgentGate-Session`.",
    shape: .text)
}

extension SchemaShape {
  /// A query parameter's: an empty one counts as none.
  static func optional(_ shape: SchemaShape) -> SchemaShape { .any(of: [shape, .text(length: 0...0)]) }
}

extension Operation {
  static let callTool = Operation(
    id: "callTool", tag: .calls, summary: "Decide a call and, if it is allowed, run it",
    description: """
      The answer is 200 whatever was decided: `success` says whether the tool ran and succeeded, `error` why it didn't. \
      A call that waits for a human brings `approval_id`; once that is approved, the very same call passes once.

      A number in `arguments` has to be one that a double holds exactly, if it is an integer.
      """,
    body: .json(
      .component(
        "ToolCall",
        .object(
          [
            .required("session_id", .sessionID, "What kills, rate limits, approvals and evidence go by."),
            .required("tool_name", .toolName),
            .required("arguments", .map(of: .anything), "The tool's, checked against its schema."),
            .optional(
              "context", .map(of: .anything),
              "What the agent says of itself: `agent_id` and `user_id` are known, others are for the policy."),
            .optional("approval_token", .text.orNull, "What an approver handed on."),
          ], others: .anything)),
      examples: [
        (
          "read",
          [
            "session_id": "docs", "tool_name": "db_query",
            "arguments": ["query": "SELECT id, name FROM products LIMIT 2"],
          ]
        ), ("unknown tool", ["session_id": "docs", "tool_name": "hack_the_planet", "arguments": [:]]),
        (
          "write",
          [
            "session_id": "docs", "tool_name": "db_insert",
            "arguments": ["table": "products", "values": ["name": "Lamp", "price": 9]],
          ]
        ),
      ]),
    replies: [
      .json(
        .component(
          "ToolCallResult",
          .object([
            .required("success", .boolean), .required("result", .anything, "The tool's; null without success."),
            .required("error", .text.orNull, "Why there is no success, for people and models."),
            .required("trace_id", .text, "The id of the call's event in the evidence."),
            .optional("approval_id", .text, "There when the call waits for a human."),
            .optional("expires_at", .time, "When that request is void; there with `approval_id`."),
          ])), "What was decided, and what came of it.", headers: .rateLimit,
        links: [Operation.getApproval, .approve, .deny].map { Link(operation: $0, member: "approval_id") }),
      .invalid,
    ])

  static let listTools = Operation(
    id: "listTools", tag: .calls, summary: "The tools that this session's calls would get now",
    description: """
      `tools` names those that are allowed; `definitions` has what MCP servers say of them and of those that wait for a \
      human, with the decision. What is killed, quarantined or can't be called isn't in it.
      """,
    query: [.listSession],
    replies: [
      .json(
        .object([
          .required("tools", .array(of: .text)),
          .required(
            "definitions",
            .array(
              of: .object([
                .required("name", .text), .optional("title", .text), .optional("description", .text),
                .required("inputSchema", .anything, "A JSON Schema."), .required("decision", .decision),
                .required("reason", .text),
              ]))),
        ]), "The list."),
      .invalid,
    ])
}

extension [Operation.ReplyHeader] {
  /// There when the policy has a limit for the call's agent, session or tool.
  fileprivate static let rateLimit: Self = [
    .init(
      name: .rateLimitLimit, description: "Calls in a window. There where the policy has a limit.",
      shape: .count, isRequired: false),
    .init(name: .rateLimitRemaining, description: "Of them, left.", shape: .count, isRequired: false),
    .init(
      name: .rateLimitReset, description: "When there are more: seconds since 1970.", shape: .count,
      isRequired: false),
  ]
}
