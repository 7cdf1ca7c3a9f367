/// Gathers a pack's sections from a session's events, given one after the other in the timeline's order.
struct EvidenceAnalysis {
  /// Tools whose effect can be undone from what was there before.
  private static let reversibleTools: Set<String> = ["db_insert", "db_update", "file_write"]
  private static let burstSize = 10
  private static let burstMicroseconds: Int64 = 1_000_000

  private(set) var writeActions: [EvidencePack.WriteAction] = []
  private var summary = EvidencePack.Summary()
  private var tools: [ExactText: EvidencePack.ToolUse] = [:]
  private var rules: [ExactText: EvidencePack.RuleUse] = [:]
  private var users = Named()
  private var agents = Named()
  private var versions = FirstUse()
  private var revisions = FirstUse()
  private var defaultDenials = 0
  private var deniedAfterApproval: [String] = []
  private var denialSpikes = DenialSpikes()
  private var bursts: [EvidencePack.Anomaly] = []
  /// The latest `burstSize + 1` calls.
  private var recent: [(id: String, timestamp: Int64)] = []
  /// Calls since the last one that is known to be in a burst; at first, more than any window holds.
  private var callsSinceBurst = EvidenceAnalysis.burstSize + 1

  mutating func add(_ event: TraceEvent) {
    guard event.kind == .toolCall else { return }
    summary.calls += 1
    users.add(event.userID)
    agents.add(event.agentID)
    versions.add(event.policyVersion)
    revisions.add(event.policyRevision)
    if let decision = event.decision { add(decision, event) }
    if event.isWriteAction { addWrite(event) }
    addToBurst(event)
    denialSpikes.add(event)
  }

  private mutating func add(_ decision: Decision.Action, _ event: TraceEvent) {
    summary.byDecision[decision, default: 0] += 1
    var use = tools[ExactText(event.toolName ?? "")] ?? EvidencePack.ToolUse()
    switch decision {
    case .allow: use.allowed += 1
    case .deny: use.denied += 1
    case .requireApproval: use.requireApproval += 1
    }
    tools[ExactText(event.toolName ?? "")] = use

    let rule = event.matchedRule ?? "unknown"
    rules[ExactText(rule), default: EvidencePack.RuleUse()].count += 1
    rules[ExactText(rule)]?.decisions.insert(decision)
    if rule == "kill_switch" { summary.callsKilled += 1 }
    if decision == .deny, rule == "default_deny" || rule == "unknown" { defaultDenials += 1 }
  }

  private mutating func addWrite(_ event: TraceEvent) {
    summary.writesRequested += 1
    if event.decision == .deny, event.approvalTokenPresent { deniedAfterApproval.append(event.eventID) }
    guard event.executed else { return }
    let tool = event.toolName ?? ""
    let isReversible = Self.reversibleTools.contains(tool)
    if isReversible { summary.reversibleWrites += 1 } else { summary.irreversibleWrites += 1 }
    writeActions.append(
      EvidencePack.WriteAction(
        eventID: event.eventID, timestamp: event.timestamp, toolName: tool, isReversible: isReversible,
        hasToken: event.approvalTokenPresent, error: event.error))
  }

  /// A burst is the longest run of calls each of which is one of more than ten within a second.
  private mutating func addToBurst(_ event: TraceEvent) {
    recent.append((event.eventID, event.timestamp))
    if recent.count > Self.burstSize + 1 { recent.removeFirst() }
    guard recent.count == Self.burstSize + 1, event.timestamp - recent[0].timestamp <= Self.burstMicroseconds else {
      callsSinceBurst += 1
      return
    }
    // The window overlaps the last burst when that one ended within it.
    let new = recent.suffix(callsSinceBurst + 1).map(\.id)
    if new.count < recent.count, let last = bursts.indices.last {
      bursts[last].eventIDs += new
    } else {
      bursts.append(
        EvidencePack.Anomaly(
          kind: .rapidFire, eventIDs: new, description: "More than 10 tool calls within 1 second"))
    }
    callsSinceBurst = 0
  }

  // MARK: What was found

  var userID: String? { users.text }
  var agentID: String? { agents.text }

  var finishedSummary: EvidencePack.Summary {
    var summary = summary
    summary.byTool = tools.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value) }
    summary.policyVersions = versions.texts.isEmpty ? ["unknown"] : versions.texts
    summary.policyRevisions = revisions.texts
    return summary
  }

  func policyAnalysis(knownRules: [String], controlEvents: [ChainedEvent]) -> EvidencePack.PolicyAnalysis {
    EvidencePack.PolicyAnalysis(
      triggered: rules.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value) },
      untriggered: Set(knownRules.map(ExactText.init)).subtracting(rules.keys).sorted().map(\.text),
      defaultDenials: defaultDenials, controlEvents: controlEvents)
  }

  /// What shows in the session alone; `UnusualTools` and `KillEvasion` find what others tell.
  var anomalies: [EvidencePack.Anomaly] {
    var anomalies = bursts
    if !deniedAfterApproval.isEmpty {
      anomalies.append(
        EvidencePack.Anomaly(
          kind: .deniedAfterApproval, eventIDs: deniedAfterApproval,
          description: "Write action denied after approval token presented"))
    }
    return anomalies + denialSpikes.anomalies
  }

  /// None, one, or `multiple`.
  private struct Named {
    private(set) var text: String?
    private var isMultiple = false

    mutating func add(_ name: String?) {
      guard let name, !isMultiple else { return }
      guard let known = text else {
        text = name
        return
      }
      guard ExactText(known) != ExactText(name) else { return }
      text = "multiple"
      isMultiple = true
    }
  }

  private struct FirstUse {
    private(set) var texts: [String] = []
    private var seen: Set<ExactText> = []

    mutating func add(_ text: String) {
      if seen.insert(ExactText(text)).inserted { texts.append(text) }
    }
  }
}
