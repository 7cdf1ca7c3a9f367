/// A setting as its users know it: by a variable, a member of the settings file and, some of them, a flag.
public struct Setting: Sendable {
  /// As the settings file has it: `port`.
  public let name: String
  /// What holds when it isn't set: a value, or in brackets what happens instead.
  public let fallback: String
  /// A line for `--help`.
  public let summary: String
  /// It can't stand in the settings file.
  public let isVariableAlone: Bool

  /// `AGENTGATE_PORT`
  public var variable: String { "AGENTGATE_" + name.uppercased() }

  init(_ name: String, _ fallback: String, _ summary: String, isVariableAlone: Bool = false) {
    (self.name, self.fallback, self.summary) = (name, fallback, summary)
    self.isVariableAlone = isVariableAlone
  }

  /// Every setting there is.
  public static let all = [
    Setting("host", "127.0.0.1", "address to listen on"),
    Setting("port", "8000", "port to listen on"),
    Setting("policy_path", "./policies", "folder of *.rego and data.json"),
    Setting("state_dir", "./state", "kill switch, traces, pins, approvals, generated keys, demo files"),
    Setting("trace_db", "<state>/traces.db", "the trace store"),
    Setting("mcp_config", "(demo tools)", "mcp.json with the upstream servers"),
    Setting("log_level", "INFO", "JSON lines on stderr from this level on"),
    Setting("policy_version", "v0", "a label for the evidence, beside the policy's hash"),
    Setting("rate_window_seconds", "60", "the window of rate_limits in data.json"),
    Setting(
      "allowed_origins", "(the machine's own)", "web pages whose scripts may use /mcp, with commas between"),
    Setting("kill_grace_seconds", "2", "for a server to acknowledge a killed call as cancelled, 0 to 60"),
    Setting("deadman_seconds", "(none)", "without a heartbeat for so long everything is paused (serve alone)"),
    Setting("session_calls", "64", "calls that a session may have under way at once"),
    Setting("approval_seconds", "3600", "until a request for approval, and its answer, is void"),
    Setting("admin_api_key", "(generated)", "key of the control endpoints; well-known ones are refused"),
    Setting("approval_token", "(none)", "static approval token; unset means there is none"),
    Setting("signing_key", "(none)", "HMAC key for evidence and receipts, beside the Ed25519 key"),
    Setting("metrics_token", "(none)", "bearer token that /metrics wants"),
    Setting("webhook_url", "(none)", "where webhooks are sent: https, or http on loopback"),
    Setting("webhook_secret", "(none)", "key of the webhooks' signatures"),
    Setting("webhook_events", "(all)", "types of events that are sent, with commas between"),
    Setting("approvers", "(none)", "file of approvers' keys; without it only the admin key approves"),
    Setting("agent_auth", "(by the address)", "required or off: whether agents must authenticate"),
    Setting("agent_keys", "(none)", "file of agents' keys"),
    Setting("agent_jwks", "(none)", "file or https URL with the keys of agents' JWTs; the next two are then needed"),
    Setting("agent_jwt_issuer", "(none)", "what iss must be"),
    Setting("agent_jwt_audience", "(none)", "what aud must be or have"),
    Setting("agent_jwt_agent_claim", "sub", "the claim that names the agent"),
    Setting("agent_jwt_user_claim", "(none)", "the claim that names the user"),
    Setting("agent_jwt_algorithms", "(all asymmetric)", "JWS algorithms, with commas between"),
    Setting("agent_token", "(none)", "the agent's own token, for agentgate mcp", isVariableAlone: true),
  ]
}
