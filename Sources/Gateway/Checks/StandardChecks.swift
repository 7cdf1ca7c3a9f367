/// What is checked before the policy is asked, in the order in which it is checked; the first refusal stands.
public struct StandardChecks: Sendable {
  private let checks: [any Check]

  public init(killSwitch: KillSwitch, rateLimiter: RateLimiter) {
    checks = [
      NameCheck(),
      KillCheck(killSwitch: killSwitch),
      RateCheck(rateLimiter: rateLimiter),
      QuarantineCheck(),
      ArgumentsCheck(),
    ]
  }

  /// The checks for a tool that would be called, whichever the session: nothing counts and nothing is charged.
  public init(previewingWith killSwitch: KillSwitch?) {
    checks = [NameCheck()] + (killSwitch.map { [KillCheck(killSwitch: $0)] } ?? [])
  }

  /// All but the rate limit, which nothing is charged to.
  init(previewing killSwitch: KillSwitch) {
    checks = [NameCheck(), KillCheck(killSwitch: killSwitch), QuarantineCheck(), ArgumentsCheck()]
  }

  /// The first check's refusal; absent when the call may go on to the policy.
  ///
  /// - Parameter tool: absent when no upstream has it
  func refusal(of call: ToolCall, to tool: ToolDefinition?, under policy: LoadedPolicy) -> Decision? {
    for check in checks {
      if let refusal = check.refusal(of: call, to: tool, under: policy) { return refusal }
    }
    return nil
  }
}

/// A reason to refuse a call that needs no policy.
protocol Check: Sendable {
  /// The refusal; absent when this check has nothing against the call.
  func refusal(of call: ToolCall, to tool: ToolDefinition?, under policy: LoadedPolicy) -> Decision?
}
