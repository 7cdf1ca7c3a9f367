import HTTPTypes
import StrictJSON

extension NumberParameter {
  static let recentEvents = NumberParameter(
    name: "recent", range: 0...EventFeed.capacity, usual: 100, description: "So many of the last events come first.")
  static let sessionLimit = NumberParameter(
    name: "limit", range: 1...SessionActivity.capacity, usual: 100, description: "At most so many.")
}

extension Operation {
  static let health = Operation(
    id: "health", tag: .observation, summary: "State of policy, kill switch, trace store and MCP servers",
    description: "`status` is `ok` when all of it is. The answer is 200 all the same.",
    replies: [
      .json(
        .object([
          .required("status", .oneOf(["ok", "degraded"])), .required("version", .text),
          .required("opa", .exactly(true), "The policy engine, which is inside."),
          .required("redis", .boolean, "Whether the kill switch can be used."), .required("policy", .policyHealth),
          .required(
            "kill_switch",
            .object([
              .required("status", .oneOf(["ok", "unavailable"])), .required("paused", .boolean),
              .required("killed_sessions", .count), .required("killed_tools", .count),
              .required("killed_agents", .count), .optional("problem", .text),
            ])),
          .required(
            "agent_auth",
            .object([.required("required", .boolean), .required("status", .oneOf(["ok", "stale"]))])),
          .required("trace_store", .object([.required("status", .oneOf(["ok", "unavailable"]))])),
          .required(
            "upstreams",
            .map(
              of: .object([
                .required("status", .oneOf(["starting", "ready", "down", "stopped"])), .optional("tools", .count),
              ])), "By the server's name."),
        ]), "The state.")
    ])

  static let metrics = Operation(
    id: "metrics", tag: .observation, summary: "Metrics for Prometheus",
    description: "In the text format, version 0.0.4.",
    replies: [
      Reply(content: [("text/plain", .text)], description: "The metrics.", status: .ok)
    ])

  static let listEvents = Operation(
    id: "listEvents", tag: .observation, summary: "What goes on, as it goes on",
    description: """
      A stream of server-sent events, which stays open. First the last ones in order, then an event `live` with the \
      data `{}`, then each as it comes. An event's `id` is its `event_id`; comments keep the connection open.

      `decision` is about a call, `control` about what an operator did. There are at most \(EventFeed.watcherLimit) \
      streams: one more ends the oldest.
      """,
    query: [NumberParameter.recentEvents.parameter],
    replies: [
      Reply(
        content: [
          (
            "text/event-stream",
            .any(of: [
              .event(named: "decision", .decisionEvent), .event(named: "control", .controlEvent),
              .event(named: "live", .object([])),
            ])
          )
        ], description: "The stream.", status: .ok), .invalid,
      .unavailable("The gateway is about to end."),
    ])

  static let listActivity = Operation(
    id: "listActivity", tag: .observation, summary: "What the sessions have done lately",
    description: "What this process has seen since `since`, the latest call first. The evidence has all of it.",
    query: [NumberParameter.sessionLimit.parameter],
    replies: [
      .json(
        .object([
          .required("since", .time),
          .required(
            "sessions",
            .array(
              of: .object([
                .required("session_id", .text), .required("agent_id", .text.orNull),
                .required("first_call", .time),
                .required("last_call", .time),
                .required(
                  "calls",
                  .object([
                    .required("ALLOW", .count), .required("DENY", .count), .required("REQUIRE_APPROVAL", .count),
                  ])),
                .required("in_flight", .count, "Calls under way."),
                .required("tools", .array(of: .object([.required("name", .text), .required("calls", .count)]))),
                .required("killed", .text.orNull, "The reason, when the session is."),
              ]))),
        ]), "The sessions."), .invalid,
    ])
}

extension SchemaShape {
  fileprivate static let decisionEvent = component(
    "DecisionEvent",
    object([
      .required("event_id", .text), .required("timestamp", .time),
      .required("kind", .oneOf(["tool_call", "mcp_request"])), .required("session_id", .text),
      .required("agent_id", .text.orNull), .required("user_id", .text.orNull),
      .required("tool_name", .text, "MCP's method for an `mcp_request`."), .required("decision", .decision),
      .required("reason", .text), .required("matched_rule", .text.orNull), .required("executed", .boolean),
      .required("duration_ms", .number.orNull), .required("error", .text.orNull),
      .required("is_write_action", .boolean), .required("approval_id", .text.orNull),
      .required("policy_revision", .revision),
    ]))

  fileprivate static let controlEvent = component(
    "ControlEvent",
    object([
      .required("event_id", .text), .required("timestamp", .time),
      .required(
        "kind",
        .oneOf([
          "kill", "unkill", "pause", "resume", "reload", "containment", "tool_approval", "approval", "evidence_export",
        ])), .required("session_id", .text.orNull), .required("agent_id", .text.orNull),
      .required("tool_name", .text.orNull), .required("reason", .text), .required("error", .text.orNull),
    ]))

  fileprivate static let policyHealth = object([
    .required("status", .oneOf(["ok", "reload_refused"])), .required("revision", .revision),
    .required("load_ms", .number), .required("compiled_bytes", .integer.orNull),
    .optional(
      "refused",
      .object([
        .required("revision", .text.orNull), .required("time", .time), .required("errors", .array(of: .policyProblem)),
      ]), "The policy that was refused since; the active one keeps deciding."),
  ])
}
