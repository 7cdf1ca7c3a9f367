/// Makes evidence packs. Reads the session page by page, and no other session, in time linear in its events.
public struct EvidenceBuilder: Sendable {
  private let store: any TraceStore
  private let clock: WallClock
  private let generator: String
  private let signingKey: [UInt8]
  private let knownRules: [String]

  /// `version` is the gateway's. Without a signing key (`AGENTGATE_SIGNING_KEY`; empty is none) packs are unsigned.
  /// Rules of `knownRules` that no call met are listed as untriggered.
  public init(
    store: any TraceStore, version: String, signingKey: [UInt8]?, clock: WallClock = .system,
    knownRules: [String] = EvidenceBuilder.standardRules
  ) {
    self.store = store
    self.clock = clock
    self.generator = "AgentGate v\(version)"
    self.signingKey = signingKey ?? []
    self.knownRules = knownRules
  }

  /// The rules of the gateway's checks and of the policy that it comes with.
  public static let standardRules = [
    "default_deny", "invalid_tool_name", "kill_switch", "opa_unavailable", "rate_limit", "read_only_tools",
    "unknown_tool", "write_requires_approval", "write_with_approval",
  ]

  /// A session that was never seen has an empty pack.
  public func pack(session: String) async throws(TraceStoreError) -> EvidencePack {
    var timeline: [TraceEvent] = []
    var analysis = EvidenceAnalysis()
    try await forEachPage(of: .session(session)) { events in
      for event in events { analysis.add(event) }
      timeline += events
    }
    var range: ClosedRange<Int64>?
    var control: [TraceEvent] = []
    if let first = timeline.first?.timestamp, let last = timeline.last?.timestamp {
      range = first...max(first, last)
      try await forEachPage(of: .control(first...max(first, last))) { control += $0 }
    }
    let now = clock.now()
    let (seal, signature) = await EvidenceSeal.seal(
      session: session, timeline: timeline, controlEvents: control, key: signingKey)
    return EvidencePack(
      metadata: EvidencePack.Metadata(
        generatedAt: now, generator: generator, sessionID: session, userID: analysis.userID,
        agentID: analysis.agentID, timeRange: range),
      summary: analysis.finishedSummary,
      timeline: timeline,
      policyAnalysis: analysis.policyAnalysis(knownRules: knownRules, controlEvents: control),
      writeActions: analysis.writeActions,
      anomalies: analysis.anomalies,
      integrity: EvidencePack.Integrity(
        eventCount: timeline.count, hash: seal, signature: signature, signedAt: signature == nil ? nil : now))
  }

  private func forEachPage(
    of query: TraceQuery, _ body: ([TraceEvent]) -> Void
  ) async throws(TraceStoreError) {
    var cursor: TraceCursor?
    repeat {
      let page = try await store.events(matching: query, after: cursor, limit: TracePage.usualLimit)
      body(page.events)
      cursor = page.next
    } while cursor != nil
  }
}
