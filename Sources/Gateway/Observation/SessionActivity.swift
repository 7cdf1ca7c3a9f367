import Synchronization

/// What each session has done lately, as far as this process has seen: for those who watch, not for evidence.
final class SessionActivity: Sendable {
  struct Session: Sendable {
    var id: SessionID
    /// Who called last; absent when nobody says.
    var agentID: String?
    /// Microseconds since 1970-01-01T00:00:00Z, as `lastCall`.
    var firstCall: Int64
    var lastCall: Int64
    var allowed = 0
    var denied = 0
    var approvalsRequired = 0
    /// How often each tool was asked for; at most `toolLimit` of them.
    var tools: [ExactText: Int] = [:]
  }

  /// Sessions that are remembered; when there are more, those go that have been silent longest.
  static let capacity = 4_096
  static let toolLimit = 32
  /// A session is active for so long after its last call, in microseconds.
  static let activeTime: Int64 = 300 * 1_000_000

  private let sessions = Mutex([SessionID: Session]())

  func note(_ event: TraceEvent, of id: SessionID) {
    sessions.withLock { sessions in
      if sessions[id] == nil, sessions.count >= Self.capacity { Self.forgetSilent(&sessions) }
      var session =
        sessions.removeValue(forKey: id)
        ?? Session(
          id: id, firstCall: event.timestamp, lastCall: event.timestamp)
      session.lastCall = max(session.lastCall, event.timestamp)
      if let agent = event.agentID { session.agentID = agent }
      switch event.decision {
      case .allow: session.allowed += 1
      case .deny: session.denied += 1
      case .requireApproval: session.approvalsRequired += 1
      case nil: break
      }
      if let tool = event.toolName.map(ExactText.init),
        session.tools[tool] != nil || session.tools.count < Self.toolLimit
      {
        session.tools[tool, default: 0] += 1
      }
      sessions[id] = session
    }
  }

  /// Many at once: whoever makes up a new session for each call doesn't have all of them looked through each time.
  private static func forgetSilent(_ sessions: inout [SessionID: Session]) {
    for session in sessions.values.sorted(by: { $0.lastCall < $1.lastCall }).prefix(capacity / 8) {
      sessions[session.id] = nil
    }
  }

  /// The latest call first.
  func latest(_ limit: Int) -> [Session] {
    Array(sessions.withLock { Array($0.values) }.sorted { $0.lastCall > $1.lastCall }.prefix(limit))
  }

  /// How many have made a call within `activeTime`.
  func activeCount(now: Int64) -> Int {
    sessions.withLock { sessions in sessions.values.count { now - $0.lastCall < Self.activeTime } }
  }
}
