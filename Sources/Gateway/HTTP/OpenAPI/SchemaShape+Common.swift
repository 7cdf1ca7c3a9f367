import StrictJSON

// Shapes that several operations share.
extension SchemaShape {
  /// `{"detail": "…"}`
  static let detail = component("Detail", .object([.required("detail", .text, "What is wrong, for people.")]))

  /// `{"status": "error", "message": "…"}`
  static let failure = component(
    "Failure", .object([.required("status", .exactly("error")), .required("message", .text)]))

  /// `FieldProblem`'s.
  static let problems = component(
    "Problems",
    .object([
      .required(
        "detail",
        .array(
          of: .object([
            .required("type", .text, "The kind of problem: `missing`, `string_type`, `value_error`, `json_invalid`, …"),
            .required(
              "loc", .array(of: .any(of: [.text, .integer])), "Where: `[\"body\", \"session_id\"]`."),
            .required("msg", .text, "What is wrong, for people."),
            .required("input", .anything, "What was there."),
            .optional("ctx", .object([], others: .anything), "Details of the problem."),
          ])))
    ]))

  /// A moment in UTC, to the microsecond; the fraction is left out when it is zero.
  static let time = component(
    "Time",
    text(
      pattern: #"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?\+00:00$"#, format: "date-time"
    ).described("A moment in UTC, to the microsecond; the fraction is left out when it is zero."))

  static let decision = component(
    "Decision",
    oneOf(["ALLOW", "DENY", "REQUIRE_APPROVAL"]).described("What was decided of a call, before it could run."))

  static let revision = text.described("SHA-256 over the policy's files and data.")

  static let sessionID = identifier(SessionID.self)
  static let agentID = identifier(AgentID.self)
  static let toolName = identifier(ToolName.self)

  private static func identifier<ID: StatedIdentifier>(_: ID.Type) -> SchemaShape {
    text(pattern: notBlank, length: 1...ID.maximumLength)
  }

  /// A character that isn't white space (Unicode's White_Space, which `\s` isn't everywhere).
  private static let notBlank = #"[^\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"#

  /// Something of this kind that wasn't recorded, though it holds.
  static let warning = text.described("There when the act holds, but the trace store couldn't keep it.")
}
