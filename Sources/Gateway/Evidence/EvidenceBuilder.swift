/// Makes evidence packs. Reads the session page by page, in time linear in its events; of others a bounded number of
/// events, for `UnusualTools` and `KillEvasion`.
public struct EvidenceBuilder: Sendable {
  private let store: any TraceStore
  private let clock: WallClock
  private let generator: String
  private let key: EvidenceKey
  private let knownRules: [String]

  /// `version` is the gateway's. Rules of `knownRules` that no call met are listed as untriggered.
  public init(
    store: any TraceStore, version: String, key: EvidenceKey, clock: WallClock = .system,
    knownRules: [String] = EvidenceBuilder.standardRules
  ) {
    self.store = store
    self.clock = clock
    self.generator = "AgentGate v\(version)"
    self.key = key
    self.knownRules = knownRules
  }

  /// The rules of the gateway's checks and of the policy that it comes with.
  public static let standardRules = [
    "default_deny", "invalid_tool_name", "kill_switch", "opa_unavailable", "rate_limit", "read_only_tools",
    "unknown_tool", "write_requires_approval", "write_with_approval",
  ]

  /// A session that was never seen has an empty pack.
  public func pack(session: String) async throws(TraceStoreError) -> EvidencePack {
    // What is written from now on is no part of the pack: the tree's head is of this moment.
    let size = try await store.size()
    var timeline: [ChainedEvent] = []
    var analysis = EvidenceAnalysis()
    var unusualTools = UnusualTools()
    var killEvasion = KillEvasion(session: session)
    try await forEachPage(of: .session(session), upTo: size) { events in
      for event in events {
        analysis.add(event.event)
        unusualTools.add(event)
        killEvasion.add(event.event)
      }
      timeline += events
    }
    var range: ClosedRange<Int64>?
    var control: [ChainedEvent] = []
    if let first = timeline.first?.timestamp, let last = timeline.last?.timestamp {
      range = first...max(first, last)
      try await forEachPage(of: .control(first...max(first, last)), upTo: size) { control += $0 }
    }
    let anomalies =
      analysis.anomalies + (try await unusualTools.anomalies(store))
      + (try await killEvasion.anomalies(store, upTo: size))
    let proofs = try await store.proofs(of: (timeline + control).map(\.link.sequence), size: size)
    let now = clock.now()
    guard let head = TreeHead(size: size, root: proofs.root, signedAt: now, key: key) else { throw .unsignable }
    var pack = EvidencePack(
      metadata: EvidencePack.Metadata(
        generatedAt: now, generator: generator, sessionID: session, userID: analysis.userID,
        agentID: analysis.agentID, timeRange: range),
      summary: analysis.finishedSummary,
      timeline: timeline,
      policyAnalysis: analysis.policyAnalysis(knownRules: knownRules, controlEvents: control),
      writeActions: analysis.writeActions,
      anomalies: anomalies,
      integrity: EvidencePack.Integrity(
        eventCount: timeline.count, treeHead: head, proofs: proofs, hash: .zero, signature: head.signature,
        signedAt: now))
    let hash = await EvidenceSeal.hash(of: pack)
    guard let signature = key.sign(.pack, hash) else { throw .unsignable }
    (pack.integrity.hash, pack.integrity.signature) = (hash, signature)
    return pack
  }

  private func forEachPage(
    of query: TraceQuery, upTo size: Int64, _ body: ([ChainedEvent]) -> Void
  ) async throws(TraceStoreError) {
    var cursor: TraceCursor?
    repeat {
      let page = try await store.events(matching: query, after: cursor, limit: TracePage.usualLimit)
      body(page.events.filter { $0.link.sequence <= size })
      cursor = page.next
    } while cursor != nil
  }
}

extension TraceStoreError {
  fileprivate static let unsignable = TraceStoreError(.other, "evidence can't be signed")
}
