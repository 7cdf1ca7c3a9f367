import Synchronization

/// The calls that an upstream works on now, and how many each session has.
final class CallsInFlight: Sendable {
  struct Entry: Sendable {
    /// The id of the call's event.
    let traceID: String
    let session: SessionID
    /// Absent for what calls no tool.
    let tool: ToolName?
    let agent: AgentID?
    /// Absent when no upstream has the tool.
    let server: String?
    let handle: CallHandle
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var bySession: [SessionID: Int] = [:]
  }
  private let state = Mutex(State())
  private let sessionLimit: Int

  /// - Parameter sessionLimit: calls at once of a session
  init(sessionLimit: Int) { self.sessionLimit = sessionLimit }

  /// False when the session has as many as it may have.
  func add(_ entry: Entry) -> Bool {
    state.withLock { state in
      guard state.bySession[entry.session, default: 0] < sessionLimit else { return false }
      state.bySession[entry.session, default: 0] += 1
      state.entries[entry.traceID] = entry
      return true
    }
  }

  func remove(_ traceID: String) {
    state.withLock { state in
      guard let entry = state.entries.removeValue(forKey: traceID) else { return }
      let left = (state.bySession[entry.session] ?? 1) - 1
      state.bySession[entry.session] = left > 0 ? left : nil
    }
  }

  /// Those that match, by the ids of their events, which ascend with time.
  func entries(where isAffected: (Entry) -> Bool) -> [Entry] {
    state.withLock { Array($0.entries.values) }.filter(isAffected).sorted { $0.traceID < $1.traceID }
  }
}
