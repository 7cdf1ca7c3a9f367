import HTTPTypes
import StrictJSON

extension BodyText {
  static let killReason = BodyText(
    name: "reason", limit: Kill.maximumReasonLength, description: "Why; it goes into every denial that follows.")
}

extension PathParameter {
  static let session = PathParameter(description: "The session, as the agent names it.", shape: .sessionID)
  static let agent = PathParameter(description: "The agent, as it names itself or has proved to be.", shape: .agentID)
  static let tool = PathParameter(description: "The tool's name.", shape: .toolName)
}

extension Operation {
  // MARK: Kills

  static let killSession = kill("Session", .session, "a session", named: "session_id", .sessionID)
  static let unkillSession = unkill("Session", .session, "a session", named: "session_id", .sessionID)
  static let killAgent = kill("Agent", .agent, "an agent, in all its sessions", named: "agent_id", .agentID)
  static let unkillAgent = unkill("Agent", .agent, "an agent", named: "agent_id", .agentID)
  static let killTool = kill("Tool", .tool, "a tool, for everybody", named: "tool_name", .toolName)
  static let unkillTool = unkill("Tool", .tool, "a tool", named: "tool_name", .toolName)

  private static let calls = """
    From the answer on no later call passes, on any door; it survives the end of the process. Calls under way are \
    given up; the receipt says what became of them.
    """

  private static func kill(
    _ kind: String, _ path: PathParameter, _ target: String, named member: String, _ shape: SchemaShape
  ) -> Operation {
    Operation(
      id: "kill\(kind)", tag: .containment, summary: "Stop \(target)", description: calls, path: path,
      body: .texts(.killReason),
      replies: [
        .json(
          .object([.required("status", .exactly("killed")), .required(member, shape)] + .control),
          "It is stopped.", links: [.receipt]), .invalid,
        .unavailable("The kill switch can't be written: nothing was stopped."),
      ])
  }

  private static func unkill(
    _ kind: String, _ path: PathParameter, _ target: String, named member: String, _ shape: SchemaShape
  ) -> Operation {
    Operation(
      id: "unkill\(kind)", tag: .containment, summary: "Let \(target) go on",
      description: "It is no error when it wasn't stopped.", path: path,
      replies: [
        .json(.object([.required("status", .exactly("unkilled")), .required(member, shape)]), "It may go on."),
        .invalid, .unavailable("The kill switch or the trace store can't be written: the kill holds."),
      ])
  }

  static let pause = Operation(
    id: "pause", tag: .containment, summary: "Stop everything",
    description: calls, body: .texts(.killReason),
    replies: [
      .json(
        .object([.required("status", .exactly("paused"))] + .control), "Everything is stopped.",
        links: [.receipt]), .invalid,
      .unavailable("The kill switch can't be written: nothing was stopped."),
    ])

  static let resume = Operation(
    id: "resume", tag: .containment, summary: "End a pause",
    description: "What is killed by itself stays so. It is no error when there was no pause.",
    replies: [
      .json(.object([.required("status", .exactly("resumed"))]), "There is no pause any more."),
      .unavailable("The kill switch or the trace store can't be written: the pause holds."),
    ])

  static let heartbeat = Operation(
    id: "heartbeat", tag: .containment, summary: "Say that the supervisor is alive",
    description: "Without one for `AGENTGATE_DEADMAN_SECONDS` the gateway pauses everything.",
    replies: [
      .json(
        .object([
          .required("status", .exactly("ok")),
          .required("deadman_seconds", .integer.orNull, "Until the pause, without another one; null where none comes."),
        ]), "Noted.")
    ])

  static let containment = Operation(
    id: "containment", tag: .containment, summary: "The receipt of a kill or a pause, as it stands now",
    description: "`state` is `open` while verdicts may change. The receipt is signed as evidence is.",
    path: PathParameter(
      description: "What the answer to the kill has as `containment_id`.", shape: .text(length: 1...256)),
    replies: [
      .json(.receipt, "The receipt."), .detail(.notFound, "There is no such receipt."),
      .unavailable("The trace store can't be read."),
    ])

  // MARK: What is stopped

  static let listKills = Operation(
    id: "listKills", tag: .containment, summary: "What is stopped now",
    description: "`available` is false when the kill switch's file can't be read: then every call is denied.",
    replies: [
      .json(
        .object([
          .required("available", .boolean),
          .required("paused", .object([.required("reason", .text), .required("time", .time.orNull)]).orNull),
          .required("sessions", .kills), .required("agents", .kills), .required("tools", .kills),
        ]), "The kill switch.")
    ])
}

extension Operation.Link {
  fileprivate static let receipt = Self(operation: .containment, member: "containment_id")
}

extension [SchemaShape.Member] {
  /// What every answer to a kill or a pause has.
  fileprivate static let control: Self = [
    .required("containment_id", .text), .required("receipt", .receipt), .optional("warning", .warning),
  ]
}

extension SchemaShape {
  fileprivate static let kills = array(
    of: .object([.required("id", .text), .required("reason", .text), .required("time", .time.orNull)]))

  /// `ContainmentReceipt.json`
  fileprivate static let receipt = component(
    "ContainmentReceipt",
    object([
      .required("id", .text),
      .required(
        "target",
        .object([.required("kind", .oneOf(["session", "agent", "tool", "all"])), .optional("id", .text)])),
      .required("reason", .text), .required("state", .oneOf(["open", "settled"])), .required("started", .time),
      .required(
        "steps", .array(of: .object([.required("step", .text), .required("at_ms", .number)])),
        "What was done, in milliseconds from the kill."),
      .required(
        "calls",
        .array(
          of: .object([
            .required("trace_id", .text), .required("session_id", .text), .required("tool_name", .text.orNull),
            .required("server", .text.orNull),
            .required(
              "verdict",
              .oneOf(["never_sent", "cancelled", "completed_before", "outcome_unknown"]).orNull,
              "What became of the call; null while it isn't known."),
            .required("silent_ms", .number.orNull, "From the kill until nobody waited for it."),
            .optional("cancellation", .text, "What the server made of it."),
          ]))),
      .required("time_to_silence_ms", .number.orNull),
      .optional(
        "credentials",
        .object([
          .required("revoked", .count), .required("failed", .count), .required("not_possible", .count),
          .required("unconfirmed", .count),
        ])),
      .optional("final_event_id", .text, "The event that has, or will have, the settled receipt."),
      .required("hash", .text, "SHA-256 over the RFC 8785 canonical form of all but this and the signatures."),
      .required("signature", .text.orNull, "HMAC-SHA256, where there is an `AGENTGATE_SIGNING_KEY`."),
      .required("ed25519", .text.orNull),
    ]))
}
