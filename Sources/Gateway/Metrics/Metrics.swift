/// What Prometheus reads of this process. `families` says what there is.
///
/// Counting costs a call well under a microsecond: counters and histograms take no lock, and a label whose values come
/// from outside takes one short one. What can be looked up when somebody asks is in no counter here but in the
/// `MetricsSnapshot` that `text(_:)` is given.
///
/// INVARIANT: nobody makes the text grow without bound: `LabelTable` says how.
public final class Metrics: Sendable {
  public enum ReloadResult: String, Sendable, CaseIterable {
    case activated
    /// The policy has mistakes; the one before it decides.
    case refused
    /// It couldn't be recorded, and so it didn't happen.
    case failed
  }

  public enum WebhookOutcome: String, Sendable, CaseIterable {
    case delivered
    /// It failed and will be tried again.
    case retried
    /// It failed and won't be tried again.
    case abandoned
  }

  private enum KillLevel: String, CaseIterable {
    case session, tool, agent, global

    init(_ target: KillTarget) {
      switch target {
      case .session: self = .session
      case .tool: self = .tool
      case .agent: self = .agent
      case .global: self = .global
      }
    }
  }

  /// What a call of a tool counts as that nobody knows: whoever makes up names makes no series.
  static let unknownTool = "unknown"
  /// What a decision without a rule counts as.
  static let noRule = "none"
  /// A policy that fails, so that the first failure is a rise.
  static let failureRule = "opa_unavailable"
  /// The rules of the gateway's own denials.
  static let ownRules = [
    "approval_refused", "credential_unavailable", "invalid_arguments", "invalid_input_schema", "invalid_tool_name",
    "kill_switch", failureRule, "rate_limit", "session_calls", "tool_quarantine", "trace_store_unavailable",
  ]
  static let webhookEvents = [
    "approval.requested", "health.degraded", "health.recovered", "kill_switch.activated", "policy.denied",
    "rate_limit.exceeded",
  ]

  private final class ToolSeries: Sendable {
    let calls = DecisionCounters()
    let rateLimitHits = MetricCounter()
  }

  private let tools = LabelTable(known: [unknownTool]) { ToolSeries() }
  private let denials = LabelTable(known: ownRules) { MetricCounter() }
  private let evaluations = LabelTable(known: [failureRule]) { DecisionCounters() }
  /// By the endpoints' raw values.
  private let requests = MetricEndpoint.allCases.map { _ in LatencyHistogram(.requests) }
  private let decisions = LatencyHistogram(.decisions)
  private let reloads = CounterSet<ReloadResult>()
  private let kills = CounterSet<KillLevel>()
  private let exports = CounterSet<EvidenceFormat>()
  private let events = MetricCounter()
  private let webhooks = LabelTable(known: webhookEvents) { CounterSet<WebhookOutcome>() }
  private let droppedWebhooks = MetricCounter()

  public init() {}

  // MARK: Counting

  /// A tool call got its answer.
  ///
  /// - Parameters:
  ///   - isKnown: an upstream has the tool, or the policy's data names it
  ///   - rule: that decided; absent when none matched
  public func callAnswered(tool: String, isKnown: Bool, action: Decision.Action, rule: String?) {
    series(tool, isKnown).calls[action].add()
    if action == .deny { denials.series(of: rule ?? Self.noRule).add() }
  }

  /// - Parameter isKnown: as for `callAnswered`
  public func rateLimitHit(tool: String, isKnown: Bool) { series(tool, isKnown).rateLimitHits.add() }

  /// The policy was asked about a call, or about what else an upstream is asked.
  public func policyDecided(_ action: Decision.Action, rule: String?, nanoseconds: Int64) {
    decisions.observe(nanoseconds: nanoseconds)
    evaluations.series(of: rule ?? Self.noRule)[action].add()
  }

  public func requestAnswered(_ endpoint: MetricEndpoint, nanoseconds: Int64) {
    requests[endpoint.rawValue].observe(nanoseconds: nanoseconds)
  }

  public func policyReloaded(_ result: ReloadResult) { reloads.add(result) }

  /// A kill or a pause is in force.
  public func killed(_ target: KillTarget) { kills.add(KillLevel(target)) }

  public func evidenceExported(_ format: EvidenceFormat) { exports.add(format) }

  /// An event is in the trace store.
  public func eventRecorded() { events.add() }

  /// - Parameter event: `policy.denied`
  public func webhookTried(_ event: String, _ outcome: WebhookOutcome) { webhooks.series(of: event).add(outcome) }

  public func webhooksDropped(_ count: Int) { droppedWebhooks.add(UInt64(max(0, count))) }

  private func series(_ tool: String, _ isKnown: Bool) -> ToolSeries {
    tools.series(of: isKnown ? tool : Self.unknownTool)
  }

  // MARK: Reading

  /// All families, in Prometheus' text format: `MetricsText.contentType`.
  public func text(_ snapshot: MetricsSnapshot) -> [UInt8] {
    var text = MetricsText()
    let tools = tools.all
    text.begin(.toolCalls)
    for (tool, series) in tools {
      for (action, count) in series.calls.all { text.sample(tool, action.rawValue, value: .whole(count)) }
    }
    text.begin(.deniedCalls)
    for (rule, counter) in denials.all { text.sample(rule, value: .whole(counter.value)) }
    text.begin(.requestDuration)
    for endpoint in MetricEndpoint.allCases {
      text.histogram(endpoint.label, reading: requests[endpoint.rawValue].reading)
    }
    text.begin(.callsInFlight)
    text.sample(value: .count(snapshot.callsInFlight))
    text.begin(.activeSessions)
    text.sample(value: .count(snapshot.activeSessions))

    text.begin(.policyEvaluations)
    for (rule, series) in evaluations.all {
      for (action, count) in series.all where count > 0 || (action == .deny && rule == Self.failureRule) {
        text.sample(action.rawValue, rule, value: .whole(count))
      }
    }
    text.begin(.decisionDuration)
    text.histogram(reading: decisions.reading)
    text.begin(.policyInfo)
    text.sample(snapshot.policyRevision, value: .whole(1))
    text.begin(.policyReloads)
    for (result, count) in reloads.all { text.sample(result, value: .whole(count)) }

    text.begin(.killSwitchActivations)
    for (level, count) in kills.all { text.sample(level, value: .whole(count)) }
    text.begin(.rateLimitHits)
    for (tool, series) in tools { text.sample(tool, value: .whole(series.rateLimitHits.value)) }
    text.begin(.approvalsPending)
    if let pending = snapshot.approvalsPending { text.sample(value: .count(pending)) }
    text.begin(.evidenceExports)
    for (format, count) in exports.all { text.sample(format, value: .whole(count)) }
    text.begin(.traceEvents)
    text.sample(value: .whole(events.value))

    write(health: snapshot, to: &text)

    text.begin(.webhookDeliveries)
    for (event, series) in webhooks.all {
      for (outcome, count) in series.all { text.sample(event, outcome, value: .whole(count)) }
    }
    text.begin(.webhookQueueLength)
    text.sample(value: .count(snapshot.webhookQueueLength))
    text.begin(.webhookDropped)
    text.sample(value: .whole(droppedWebhooks.value))

    text.begin(.buildInfo)
    text.sample(snapshot.version, value: .whole(1))
    write(snapshot.process, to: &text)
    return text.bytes
  }

  private func write(health snapshot: MetricsSnapshot, to text: inout MetricsText) {
    text.begin(.healthStatus)
    for dependency in snapshot.dependencies { text.sample(dependency.name, value: .flag(dependency.isHealthy)) }
    let upstreams = snapshot.upstreams.byLabel
    text.begin(.upstreamUp)
    for upstream in upstreams { text.sample(upstream.name, value: .flag(upstream.isUp)) }
    text.begin(.upstreamTools)
    for upstream in upstreams { text.sample(upstream.name, value: .count(upstream.tools)) }
  }

  private func write(_ process: ProcessStatistics, to text: inout MetricsText) {
    text.begin(.processCPU)
    if let time = process.cpuNanoseconds { text.sample(value: .nanoseconds(time)) }
    text.begin(.processMemory)
    if let size = process.residentBytes { text.sample(value: .whole(size)) }
    text.begin(.processOpenFiles)
    if let count = process.openFiles { text.sample(value: .whole(count)) }
    text.begin(.processMaxFiles)
    if let count = process.maximumFiles { text.sample(value: .whole(count)) }
    text.begin(.processStart)
    if let time = process.startNanoseconds { text.sample(value: .nanoseconds(time)) }
  }
}
