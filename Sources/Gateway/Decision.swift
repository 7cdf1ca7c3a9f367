/// What becomes of a call. A refusal is a decision, never a thrown error.
public struct Decision: Sendable, Equatable {
  public enum Action: String, Sendable, CaseIterable {
    case allow = "ALLOW"
    case deny = "DENY"
    case requireApproval = "REQUIRE_APPROVAL"
  }

  public var action: Action
  /// Shown to the caller and kept in the evidence.
  public var reason: String
  /// The rule that decided, as the policy or the check names it; absent when none matched.
  public var matchedRule: String?
  /// The policy says that this call changes something. A call that the policy says nothing about is a write.
  public var isWriteAction: Bool
  /// What is taken out of the tool's result before it leaves; absent when nothing is.
  public var redaction: Redaction?
  /// To which a credential that the tool is lent is narrowed; absent when the policy says nothing of it.
  public var allowedScope: [String]?
  /// For how long such a credential is good at most, in seconds; absent when the policy says nothing of it.
  public var credentialTimeToLive: Int?

  public init(action: Action, reason: String, matchedRule: String?, isWriteAction: Bool = true) {
    self.action = action
    self.reason = reason
    self.matchedRule = matchedRule
    self.isWriteAction = isWriteAction
  }

  public static func deny(_ reason: String, rule: String?) -> Decision {
    Decision(action: .deny, reason: reason, matchedRule: rule)
  }
}
