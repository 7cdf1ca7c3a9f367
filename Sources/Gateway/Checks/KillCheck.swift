/// Refuses what has been killed or paused.
struct KillCheck: Check {
  let killSwitch: KillSwitch

  func refusal(of call: ToolCall, to tool: ToolDefinition?, under policy: LoadedPolicy) -> Decision? {
    killSwitch.verdict(session: call.sessionID, tool: call.toolName, agent: call.agent).map(Decision.killed)
  }
}

extension Decision {
  /// The denial that a kill brings about.
  static func killed(by verdict: KillVerdict) -> Decision {
    .deny("Kill switch: \(verdict.reason)", rule: "kill_switch")
  }
}
