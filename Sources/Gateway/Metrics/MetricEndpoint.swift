/// The groups of endpoints whose requests are measured together.
public enum MetricEndpoint: Int, Sendable, CaseIterable {
  case toolsCall
  case mcp
  case toolsList
  /// Kills and pauses, and what takes them back.
  case control
  case approvals
  case evidence
  /// What else needs the admin key.
  case admin
  case health
  case metrics
  /// Pages, documents, and what doesn't exist.
  case other

  /// As the label `endpoint` has it.
  var label: String {
    switch self {
    case .toolsCall: "tools_call"
    case .mcp: "mcp"
    case .toolsList: "tools_list"
    case .control: "control"
    case .approvals: "approvals"
    case .evidence: "evidence"
    case .admin: "admin"
    case .health: "health"
    case .metrics: "metrics"
    case .other: "other"
    }
  }

  /// - Parameter pattern: a route's path: `/sessions/{id}/kill`
  public init(pattern: String) {
    let parts = pattern.split(separator: "/")
    switch (parts.first, parts.last) {
    case ("tools", "call"): self = .toolsCall
    case ("tools", "list"): self = .toolsList
    case ("mcp", _): self = .mcp
    case (_, "kill"), ("system", _), ("containments", _): self = .control
    case ("approvals", _): self = .approvals
    case (_, "evidence"): self = .evidence
    case ("admin", _), ("sessions", _): self = .admin
    case ("health", "health"): self = .health
    case ("metrics", "metrics"): self = .metrics
    default: self = .other
    }
  }
}
