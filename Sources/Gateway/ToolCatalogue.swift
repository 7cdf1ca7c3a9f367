import StrictJSON

/// The tools that the gateway knows, and what a session's call of each would get now.
public struct ToolCatalogue: Sendable {
  public struct Entry: Sendable {
    public var name: String
    /// Of a call without arguments and without an approval token; the rate limit isn't asked.
    public var decision: Decision
    /// Absent when no upstream has the tool.
    public var definition: ToolDefinition?
  }

  private let policy: PolicyGate
  private let killSwitch: KillSwitch
  private let tools: any ToolRunner

  public init(policy: PolicyGate, killSwitch: KillSwitch, tools: any ToolRunner) {
    self.policy = policy
    self.killSwitch = killSwitch
    self.tools = tools
  }

  /// Absent when no upstream has it.
  func tool(_ name: ToolName) -> ToolDefinition? { tools.tool(name) }

  /// The definitions that the session may see, in the order of their names: what the policy allows or would after an
  /// approval when it is asked with the method `tools/list`, and what is neither killed nor quarantined.
  func definitions(
    for session: SessionID, agent: AgentID?, context: JSONValue, identity: AgentIdentity?
  ) async -> [ToolDefinition] {
    let policy = policy.active
    return await tools.tools().filter { tool in
      guard let name = try? ToolName(tool.name), tool.isCallable,
        killSwitch.verdict(session: session, tool: name, agent: agent) == nil
      else { return false }
      let input = PolicyInput(
        toolName: tool.name, arguments: .emptyObject, sessionID: session.rawValue, context: context,
        hasApprovalToken: false, method: "tools/list", tool: tool.policyBytes, identity: identity)
      return policy.decide(input).action != .deny
    }
  }

  /// The tools that the policy allows now, or would after an approval, in the order of `all_known_tools`, or of the
  /// upstreams when the policy's data has no such list. Without a session, kills of sessions don't count.
  public func entries(for session: SessionID?, identity: AgentIdentity? = nil) async -> [Entry] {
    let policy = policy.active
    let definitions = await tools.tools()
    let byName = Dictionary(definitions.map { (Array($0.name.utf8), $0) }) { first, _ in first }
    let names = policy.data.allKnownTools.isEmpty ? definitions.map(\.name) : policy.data.allKnownTools
    var entries: [Entry] = []
    for name in names {
      let definition = byName[Array(name.utf8)]
      guard let tool = try? ToolName(name), NameCheck.accepts(tool),
        killSwitch.verdict(session: session, tool: tool, agent: identity?.agent) == nil, definition?.isCallable != false
      else { continue }
      let decision = policy.decide(
        PolicyInput(
          toolName: name, arguments: .emptyObject, sessionID: session?.rawValue ?? "",
          context: identity?.overriding([:]) ?? [:], hasApprovalToken: false, method: "tools/list",
          tool: definition?.policyBytes ?? [], identity: identity))
      guard decision.action != .deny else { continue }
      entries.append(Entry(name: name, decision: decision, definition: definition))
    }
    return entries
  }
}
