/// What one metric is: the samples of a family differ in their labels' values alone.
public struct MetricFamily: Sendable, Equatable {
  public enum Kind: String, Sendable {
    case counter
    case gauge
    case histogram
  }

  public let name: String
  public let kind: Kind
  /// One sentence, for `# HELP`.
  public let help: String
  /// The labels' names, in the order in which samples have them; without a histogram's `le`.
  public let labels: [String]

  init(_ name: String, _ kind: Kind, labels: [String] = [], _ help: String) {
    self.name = name
    self.kind = kind
    self.help = help
    self.labels = labels
  }
}

extension Metrics {
  /// All families, in the order in which `text(_:)` has them.
  public static let families: [MetricFamily] = [
    .toolCalls, .deniedCalls, .requestDuration, .callsInFlight, .activeSessions,
    .policyEvaluations, .decisionDuration, .policyInfo, .policyReloads,
    .killSwitchActivations, .rateLimitHits, .approvalsPending, .evidenceExports, .traceEvents,
    .healthStatus, .upstreamUp, .upstreamTools,
    .webhookDeliveries, .webhookQueueLength, .webhookDropped,
    .buildInfo, .processCPU, .processMemory, .processOpenFiles, .processMaxFiles, .processStart,
  ]
}

extension MetricFamily {
  static let toolCalls = MetricFamily(
    "agentgate_tool_calls_total", .counter, labels: ["tool", "decision"],
    "Tool calls answered, by tool and decision; a tool that neither the policy nor an upstream knows is unknown.")
  static let deniedCalls = MetricFamily(
    "agentgate_denied_calls_total", .counter, labels: ["rule"],
    "Tool calls denied, by the rule that denied them: the policy's, or one of the gateway's own checks.")
  static let requestDuration = MetricFamily(
    "agentgate_request_duration_seconds", .histogram, labels: ["endpoint"],
    "From the start of a request to the start of its answer, the tool's own time included.")
  static let callsInFlight = MetricFamily(
    "agentgate_calls_in_flight", .gauge, "Calls that upstream servers work on now.")
  static let activeSessions = MetricFamily(
    "agentgate_active_sessions", .gauge, "Sessions that called a tool within the last five minutes.")

  static let policyEvaluations = MetricFamily(
    "agentgate_policy_evaluations_total", .counter, labels: ["result", "rule"],
    "Times that the policy was asked about a call, by its decision and the rule that matched.")
  static let decisionDuration = MetricFamily(
    "agentgate_decision_duration_seconds", .histogram, "What the policy takes to decide about a call.")
  static let policyInfo = MetricFamily(
    "agentgate_policy_info", .gauge, labels: ["revision"], "1 for the policy revision that decides.")
  static let policyReloads = MetricFamily(
    "agentgate_policy_reloads_total", .counter, labels: ["result"],
    "Orders to reload the policy: activated, refused for mistakes in the policy, or failed for want of a record.")

  static let killSwitchActivations = MetricFamily(
    "agentgate_kill_switch_activations_total", .counter, labels: ["level"],
    "Kills and pauses that took effect, by what they stop.")
  static let rateLimitHits = MetricFamily(
    "agentgate_rate_limit_hits_total", .counter, labels: ["tool"], "Tool calls refused over the tool's rate limit.")
  static let approvalsPending = MetricFamily(
    "agentgate_approvals_pending", .gauge, "Calls that wait for a human to approve them.")
  static let evidenceExports = MetricFamily(
    "agentgate_evidence_exports_total", .counter, labels: ["format"], "Evidence packs handed out, by format.")
  static let traceEvents = MetricFamily(
    "agentgate_trace_events_total", .counter, "Events that this process has written into the trace store.")

  static let healthStatus = MetricFamily(
    "agentgate_health_status", .gauge, labels: ["dependency"], "1 while the dependency is healthy, else 0.")
  static let upstreamUp = MetricFamily(
    "agentgate_upstream_up", .gauge, labels: ["server"], "1 while the upstream MCP server is ready, else 0.")
  static let upstreamTools = MetricFamily(
    "agentgate_upstream_tools", .gauge, labels: ["server"],
    "Tools that the upstream MCP server has; 0 while it is down.")

  static let webhookDeliveries = MetricFamily(
    "agentgate_webhook_deliveries_total", .counter, labels: ["event", "outcome"],
    "Attempts to deliver a webhook: delivered, retried (it failed and is repeated) or abandoned (it was the last).")
  static let webhookQueueLength = MetricFamily(
    "agentgate_webhook_queue_length", .gauge, "Webhooks that wait to be delivered.")
  static let webhookDropped = MetricFamily(
    "agentgate_webhook_dropped_total", .counter, "Webhooks that were never tried, as the queue was full.")

  static let buildInfo = MetricFamily(
    "agentgate_build_info", .gauge, labels: ["version"], "1 for the version of AgentGate that runs.")
  static let processCPU = MetricFamily(
    "process_cpu_seconds_total", .counter, "Processor time that the process has used, in user and system mode.")
  static let processMemory = MetricFamily("process_resident_memory_bytes", .gauge, "Resident memory of the process.")
  static let processOpenFiles = MetricFamily("process_open_fds", .gauge, "File descriptors that the process has open.")
  static let processMaxFiles = MetricFamily("process_max_fds", .gauge, "File descriptors that it may have open.")
  static let processStart = MetricFamily(
    "process_start_time_seconds", .gauge, "When the process started, since 1970-01-01T00:00:00Z.")
}
