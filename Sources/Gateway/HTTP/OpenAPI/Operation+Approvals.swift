import HTTPTypes
import StrictJSON

extension QueryParameter {
  static let approvalStatus = QueryParameter(
    name: "status", description: "Only those of this status.",
    shape: .optional(.oneOf(ApprovalRequest.Status.allCases.map(\.rawValue))))
}

extension NumberParameter {
  static let approvalLimit = NumberParameter(
    name: "limit", range: 1...1_000, usual: 100, description: "At most so many.")
}

extension BodyText {
  static let note = BodyText(
    name: "note", limit: ApprovalRequest.maximumNoteLength, description: "For the evidence.")
  static let decider = BodyText(
    name: "by", limit: ApprovalRequest.maximumNameLength,
    description: "Who decides. Not looked at with a key of one's own, whose owner it is.")
}

extension PathParameter {
  static let approval = PathParameter(description: "The request's id.", shape: .text(length: 1...256))
}

extension Operation {
  static let listApprovals = Operation(
    id: "listApprovals", tag: .approvals, summary: "Calls that wait for a human, or were decided",
    description: """
      The newest first. While a request is pending, `arguments` has what is to be approved, as long as this process \
      knows it, and `differs_from` what is new since the last approved call of this tool.
      """,
    query: [.approvalStatus, NumberParameter.approvalLimit.parameter],
    replies: [
      .json(.object([.required("approvals", .array(of: .approval))]), "The requests."), .invalid,
      .unavailable("The approvals can't be read."),
    ])

  static let getApproval = Operation(
    id: "getApproval", tag: .approvals, summary: "One of them", description: "As in the list.", path: .approval,
    replies: [
      .json(.approval, "The request."), .detail(.notFound, "There is no such request."),
      .unavailable("The approvals can't be read."),
    ])

  static let approve = decide(
    "approve", "Let a call pass, once",
    "The very same call then passes once, before the request expires. Who asked can't approve.",
    unavailable: "The approvals or the trace store can't be written: nothing is approved.")
  static let deny = decide(
    "deny", "Refuse a call", "The call is refused when it comes again.",
    unavailable: "The approvals can't be written.")

  private static func decide(
    _ id: String, _ summary: String, _ description: String, unavailable: String
  ) -> Operation {
    Operation(
      id: id, tag: .approvals, summary: summary, description: description, path: .approval,
      body: .texts(.decider, .note),
      replies: [
        .json(.decidedApproval, "The request as it is now."), .invalid,
        .detail(.forbidden, "The key's owner is who asks."), .detail(.notFound, "There is no such request."),
        .detail(.conflict, "It has been decided, used, or has expired."), .unavailable(unavailable),
      ])
  }
}

extension SchemaShape {
  fileprivate static let approval = component(
    "Approval",
    object(
      approvalMembers + [
        .optional(
          "arguments", .map(of: .anything).orNull,
          "While pending: what is to be approved; null when this process doesn't have it."),
        .optional("differs_from", .difference.orNull, "While pending: null when nothing was approved before."),
      ]))

  fileprivate static let decidedApproval = component(
    "DecidedApproval",
    object(
      approvalMembers + [
        .optional("approval_token", .text, "For the approver to hand on: a call that brings it goes by this approval."),
        .optional("warning", .warning),
      ]))

  private static let difference = object([
    .required("approval_id", .text), .required("decided_at", .time), .required("decided_by", .text),
    .required(
      "changes",
      .array(
        of: .object([
          .required("path", .text.example("$.values.price")),
          .optional("before", .anything, "Absent when the member is new."),
          .optional("now", .anything, "Absent when the member is gone."),
        ]))),
  ])

  /// `ApprovalRequest.json`
  private static let approvalMembers: [Member] = [
    .required("id", .text), .required("status", .oneOf(ApprovalRequest.Status.allCases.map(\.rawValue))),
    .required("session_id", .text), .required("tool_name", .text), .required("arguments_hash", .text),
    .optional("arguments_preview", .text), .required("agent_id", .text.orNull), .required("user_id", .text.orNull),
    .required("reason", .text, "Why the policy wants an approval."), .required("policy_revision", .revision),
    .required("created", .time), .required("expires", .time), .required("decided_at", .time.orNull),
    .required("decided_by", .text.orNull), .required("note", .text.orNull),
  ]
}
