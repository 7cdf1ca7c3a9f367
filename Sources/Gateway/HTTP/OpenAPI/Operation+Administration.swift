import HTTPTypes
import StrictJSON

extension BodyText {
  static let pinnedServer = BodyText(
    name: "server", limit: ToolPinRoutes.serverLimit,
    description: "May be absent while one server alone has a quarantined tool of this name.")
  static let fingerprint = BodyText(
    name: "fingerprint", limit: ToolPinRoutes.serverLimit,
    description: "With it, nothing but that definition is approved.")
}

extension Operation {
  // MARK: Tools' definitions

  static let listPins = Operation(
    id: "listPins", tag: .tools, summary: "The pinned tools, and what differs",
    description: "The names are the servers' own.",
    replies: [
      .json(
        .object([
          .required(
            "tools",
            .array(
              of: .object([
                .required("server", .text), .required("name", .text),
                .required("standing", .oneOf(["pinned", "changed", "new_server", "unavailable"])),
                .required("pinned", .definition.orNull), .required("pending", .definition.orNull),
                .required(
                  "difference", .array(of: .text).orNull, "Lines: what is new in the pending definition."),
              ])))
        ]), "The tools."), .unavailable("The pins can't be read."),
    ])

  static let approveTool = Operation(
    id: "approveTool", tag: .tools, summary: "Pin what is quarantined",
    description: "From then on calls of the tool pass to the policy.", path: .tool,
    body: .texts(.pinnedServer, .fingerprint),
    replies: [
      .json(
        .object([
          .required("status", .exactly("approved")), .required("server", .text), .required("tool_name", .text),
          .required("fingerprint", .text), .optional("warning", .warning),
        ]), "It is pinned."), .invalid, .detail(.notFound, "There is no such server or tool."),
      .detail(.conflict, "It isn't quarantined, several servers have it, or its definition is another one."),
      .unavailable("The pins can't be written."),
    ])

  static let approveServer = Operation(
    id: "approveServer", tag: .tools, summary: "Pin all that is quarantined of a server",
    description: "Makes the server a known one.",
    path: PathParameter(
      description: "The server's name in the configuration.", shape: .text(length: 1...ToolPinRoutes.serverLimit)),
    replies: [
      .json(
        .object([
          .required("status", .exactly("approved")), .required("server", .text),
          .required("tools", .array(of: .text)), .optional("warning", .warning),
        ]), "They are pinned."), .detail(.notFound, "There is no such server."),
      .detail(.conflict, "One of the definitions can't be kept."), .unavailable("The pins can't be written."),
    ])

  // MARK: Policy

  static let reloadPolicy = Operation(
    id: "reloadPolicy", tag: .policy, summary: "Load the policy folder anew",
    description: "A policy that doesn't compile is refused, and the old one keeps deciding.",
    replies: [
      .json(
        .object([
          .required("status", .exactly("reloaded")), .required("policy_path", .text),
          .required("tools_count", .count, "Tools that the policy knows."), .required("policy_revision", .revision),
        ]), "The new policy decides."),
      .json(
        .object([
          .required("detail", .text), .required("errors", .array(of: .policyProblem)),
        ]), "The policy is refused.", status: .conflict), .unavailable("The trace store can't be written."),
    ])

  static let decide = Operation(
    id: "decide", tag: .policy, summary: "What would this call get?",
    description: "Decides a call as the gateway would now, kills and pauses included, and runs and records nothing.",
    body: .json(
      .object(
        [
          .required("tool_name", .toolName), .optional("arguments", .map(of: .anything)),
          .optional("session_id", .sessionID, "A session of its own when there is none."),
          .optional("context", .map(of: .anything)),
          .optional("has_approval_token", .boolean, "As if a valid approval came along."),
        ], others: .anything), examples: [("a write", ["tool_name": "db_insert", "arguments": ["table": "products"]])]),
    replies: [
      .json(
        .object([
          .required("action", .decision), .required("reason", .text), .required("matched_rule", .text.orNull),
          .required("is_write_action", .boolean),
          .required("error", .text.orNull, "What the caller would be told; null when the tool would run."),
          .required(
            "rules",
            .array(
              of: .object([
                .required("path", .text), .required("file", .text), .required("row", .integer),
                .required("col", .integer),
              ])), "The rules that decided; none when a check before the policy did."),
          .required("policy_revision", .revision),
        ]), "The decision."), .invalid,
    ])
}

extension SchemaShape {
  fileprivate static let definition = object([.required("fingerprint", .text), .required("since", .text)])

  /// `PolicyLoadError.Problem.json`
  static let policyProblem = component(
    "PolicyProblem",
    object([
      .required("file", .text), .required("row", .integer.orNull), .required("col", .integer.orNull),
      .required("code", .text), .required("message", .text),
    ]))
}
