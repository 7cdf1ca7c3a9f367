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
    /// Calls that a kill met between its fence and its taking stock of them, oldest first.
    var met: [Entry] = []
    /// Those under way that stock was taken of: their kill knows of them.
    var taken: Set<String> = []
  }
  /// Nobody asks for more of them: stock is taken within milliseconds.
  private static let metLimit = 4_096

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

  /// - Parameter isMet: a kill met it: it is listed once more by `takeStock`
  func remove(_ traceID: String, isMet: Bool) {
    state.withLock { state in
      guard let entry = state.entries.removeValue(forKey: traceID) else { return }
      if state.taken.remove(traceID) == nil, isMet {
        state.met.append(entry)
        if state.met.count > Self.metLimit { state.met.removeFirst() }
      }
      let left = (state.bySession[entry.session] ?? 1) - 1
      state.bySession[entry.session] = left > 0 ? left : nil
    }
  }

  var count: Int { state.withLock { $0.entries.count } }

  func count(of session: SessionID) -> Int { state.withLock { $0.bySession[session] ?? 0 } }

  /// Those that match and are under way, or that a kill has met since stock was last taken of them, by the ids of their
  /// events, which ascend with time.
  func takeStock(where isAffected: (Entry) -> Bool) -> [Entry] {
    let (running, met) = state.withLock { ($0.entries.values.map(\.self), $0.met) }
    let affected = running.filter(isAffected)
    let ended = met.filter(isAffected)
    let endedIDs = Set(ended.map(\.traceID))
    return state.withLock { state in
      // What has ended since is among those that were met by now, and is listed here.
      for entry in affected where state.entries[entry.traceID] != nil { state.taken.insert(entry.traceID) }
      let affectedIDs = Set(affected.map(\.traceID))
      state.met.removeAll { endedIDs.contains($0.traceID) || affectedIDs.contains($0.traceID) }
      return (affected + ended).sorted { $0.traceID < $1.traceID }
    }
  }
}
