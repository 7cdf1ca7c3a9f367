/// Finds tools that neither the session nor its agent was used to, in events given in the timeline's order.
///
/// A tool is unusual when the session calls it for the first time after at least `minimumCalls` calls of others, and the
/// agent that calls it, if there is one, had as many calls before the session, and none of this tool before this one.
struct UnusualTools {
  static let minimumCalls = 20
  /// More than these are one anomaly, which isn't compared with the agents' pasts.
  static let maximumTools = 100

  private struct Use {
    var event: TraceEvent
    /// Calls of the session before it.
    var earlierCalls: Int
    /// The lowest number in the chain that a call of the tool has: the first one's event may be written after the next's.
    var firstSequence: Int64
  }

  private var uses: [ExactText: Use] = [:]
  private var tools: [ExactText] = []
  private var calls = 0
  private var firstSequence = Int64.max

  mutating func add(_ event: ChainedEvent) {
    firstSequence = min(firstSequence, event.link.sequence)
    guard event.kind == .toolCall, let tool = event.toolName.map(ExactText.init) else { return }
    defer { calls += 1 }
    // A tool that came early enough isn't unusual.
    if uses[tool] == nil {
      uses[tool] = Use(event: event.event, earlierCalls: calls, firstSequence: event.link.sequence)
      if calls >= Self.minimumCalls { tools.append(tool) }
    } else if let sequence = uses[tool]?.firstSequence, event.link.sequence < sequence {
      uses[tool]?.firstSequence = event.link.sequence
    }
  }

  func anomalies(_ store: any TraceStore) async throws(TraceStoreError) -> [EvidencePack.Anomaly] {
    var anomalies: [EvidencePack.Anomaly] = []
    var isKnown: [ExactText: Bool] = [:]
    for tool in tools.prefix(Self.maximumTools) {
      guard let use = uses[tool] else { continue }
      var text =
        "First call of tool \(EvidencePack.Anomaly.quoted(tool.text)), after \(use.earlierCalls) calls of other tools"
      if let agent = use.event.agentID {
        let hasPast: Bool
        if let known = isKnown[ExactText(agent)] {
          hasPast = known
        } else {
          let count = try await store.callCount(
            agent: agent, tool: nil, upTo: firstSequence - 1, limit: Self.minimumCalls)
          hasPast = count == Self.minimumCalls
          isKnown[ExactText(agent)] = hasPast
        }
        guard hasPast,
          try await store.callCount(agent: agent, tool: tool.text, upTo: use.firstSequence - 1, limit: 1) == 0
        else { continue }
        text += "; agent \(EvidencePack.Anomaly.quoted(agent)) had never called it before"
      }
      anomalies.append(EvidencePack.Anomaly(kind: .unusualTool, eventIDs: [use.event.eventID], description: text))
    }
    let rest = tools.dropFirst(Self.maximumTools)
    if !rest.isEmpty {
      anomalies.append(
        EvidencePack.Anomaly(
          kind: .unusualTool, eventIDs: rest.compactMap { uses[$0]?.event.eventID },
          description: "First calls of tools beyond the first \(Self.maximumTools), not looked for in the agent's past")
      )
    }
    return anomalies
  }
}
