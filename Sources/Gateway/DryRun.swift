public import Logging
public import StrictJSON

/// Decides a sample call as the gateway would, and runs nothing: the same checks but for the rate limit, the same policy.
public struct DryRun: Sendable {
  public struct Verdict: Sendable {
    public var decision: Decision
    /// The rules that made the decision; empty when a check before the policy made it.
    public var rules: [LoadedPolicy.Rule]
    public var policyRevision: String
  }

  private let policy: LoadedPolicy
  private let checks: StandardChecks

  /// - Parameter killSwitch: absent, kills and pauses aren't considered
  public init(policyDirectory: String, killSwitch: KillSwitch?, logger: Logger) throws(PolicyLoadError) {
    policy = try LoadedPolicy(directory: policyDirectory, logger: logger)
    checks = StandardChecks(previewingWith: killSwitch)
  }

  /// By the policy that decides now, for tools as they are.
  init(policy: LoadedPolicy, killSwitch: KillSwitch) {
    self.policy = policy
    checks = StandardChecks(previewing: killSwitch)
  }

  /// - Parameters:
  ///   - tool: what is called; absent when no upstream has it, or none is known
  ///   - hasApprovalToken: as if a valid token came along; the call's own is not looked at
  public func decide(_ call: ToolCall, to tool: ToolDefinition? = nil, hasApprovalToken: Bool) -> Verdict {
    if var refusal = checks.refusal(of: call, to: tool, under: policy) {
      refusal.isWriteAction = policy.data.isWrite(call.toolName)
      return Verdict(decision: refusal, rules: [], policyRevision: policy.revision)
    }
    let (decision, rules) = policy.explain(PolicyInput(call, to: tool, hasApprovalToken: hasApprovalToken))
    return Verdict(decision: decision, rules: rules, policyRevision: policy.revision)
  }
}

extension DryRun.Verdict {
  /// `{"action","reason","matched_rule","is_write_action","error","rules":[{"path","file","row","col"}],"policy_revision"}`;
  /// `error` is what the caller would be told, null when the tool would run.
  public var json: JSONValue {
    [
      "action": .string(decision.action.rawValue), "reason": .string(decision.reason),
      "matched_rule": decision.matchedRule.map { .string($0) } ?? .null,
      "is_write_action": .boolean(decision.isWriteAction),
      "error": decision.refusalText.map { .string($0) } ?? .null,
      "rules": .array(
        rules.map { rule in
          [
            "path": .string(rule.path), "file": .string(rule.file), "row": .init(rule.row), "col": .init(rule.column),
          ]
        }),
      "policy_revision": .string(policyRevision),
    ]
  }
}
