/// Finds whether an agent or a user whose session was killed went on in another one, given a session's events in the
/// timeline's order.
///
/// A session evades a kill when it begins within `window` after another session was killed, while that kill isn't lifted,
/// and both are of the same agent or user. The packs of both sessions say so.
struct KillEvasion {
  /// Microseconds.
  static let window: Int64 = 3_600_000_000
  /// Of other sessions these many are looked at in either direction: those killed last, and those begun first.
  static let maximumSessions = 64
  /// Kills and un-kills that are looked at: the last ones before the session began.
  static let maximumKills = 256
  /// A killed session's names are those of this many events.
  static let firstEvents = 20

  private let session: String
  private var names = Names()
  private var first: TraceEvent?
  private var kills = Kills()

  init(session: String) { self.session = session }

  mutating func add(_ event: TraceEvent) {
    if first == nil { first = event }
    names.add(event)
    kills.add(event)
  }

  /// - Parameter size: of the store, without what was written later
  func anomalies(
    _ store: any TraceStore, upTo size: Int64
  ) async throws(TraceStoreError) -> [EvidencePack.Anomaly] {
    try await killsBefore(store, upTo: size) + (try await sessionsAfter(store, upTo: size))
  }

  private func killsBefore(
    _ store: any TraceStore, upTo size: Int64
  ) async throws(TraceStoreError) -> [EvidencePack.Anomaly] {
    guard let first, !names.all.isEmpty else { return [] }
    let acts = try await store.sessionKills(
      in: (first.timestamp - Self.window)...(first.timestamp - 1), upTo: size, limit: Self.maximumKills)
    var killed: [ExactText: Kills] = [:]
    for act in acts {
      guard let other = act.sessionID, ExactText(other) != ExactText(session) else { continue }
      killed[ExactText(other), default: Kills()].add(act)
    }
    let latest = killed.compactMap { other, kills in
      kills.list.last { $0.liftedAt == nil }.map { (session: other.text, kill: $0.event) }
    }
    .sorted { ($0.kill.timestamp, ExactText($0.kill.eventID)) > ($1.kill.timestamp, ExactText($1.kill.eventID)) }
    var anomalies: [EvidencePack.Anomaly] = []
    for (other, kill) in latest.prefix(Self.maximumSessions) {
      guard let name = names.first(in: try await Self.names(of: other, store, upTo: size)) else { continue }
      anomalies.append(
        EvidencePack.Anomaly(
          kind: .killEvasion, eventIDs: [first.eventID],
          description: "Began within 60 minutes after session \(EvidencePack.Anomaly.quoted(other)), of the same "
            + "\(Self.text(name)), was killed at \(ISOTimestamp.text(kill.timestamp))"))
    }
    return anomalies
  }

  private func sessionsAfter(
    _ store: any TraceStore, upTo size: Int64
  ) async throws(TraceStoreError) -> [EvidencePack.Anomaly] {
    var anomalies: [EvidencePack.Anomaly] = []
    var seen: Set<ExactText> = [ExactText(session)]
    for kill in kills.list.prefix(Self.maximumSessions) {
      let start = kill.event.timestamp + 1
      let end = min(kill.event.timestamp + Self.window, (kill.liftedAt ?? .max) - 1)
      guard start <= end else { continue }
      for name in names.all {
        let others = try await store.sessions(
          of: name, startedIn: start...end, upTo: size, limit: Self.maximumSessions)
        for other in others where seen.insert(ExactText(other)).inserted {
          // The event that was written first need not be the first.
          let page = try await store.events(matching: .session(other), after: nil, limit: 1)
          guard let begin = page.events.first?.timestamp, begin >= start else { continue }
          anomalies.append(
            EvidencePack.Anomaly(
              kind: .killEvasion, eventIDs: [kill.event.eventID],
              description: "Killed, and the same \(Self.text(name)) went on within 60 minutes in session "
                + "\(EvidencePack.Anomaly.quoted(other)), which began at \(ISOTimestamp.text(begin))"))
          if anomalies.count == Self.maximumSessions { return anomalies }
        }
      }
    }
    return anomalies
  }

  private static func names(
    of session: String, _ store: any TraceStore, upTo size: Int64
  ) async throws(TraceStoreError) -> Names {
    let page = try await store.events(matching: .session(session), after: nil, limit: firstEvents)
    var names = Names()
    for event in page.events where event.link.sequence <= size { names.add(event.event) }
    return names
  }

  private static func text(_ name: TraceName) -> String {
    switch name {
    case .agent(let agent): "agent \(EvidencePack.Anomaly.quoted(agent))"
    case .user(let user): "user \(EvidencePack.Anomaly.quoted(user))"
    }
  }

  /// A session's kills, and what lifted them.
  private struct Kills {
    private(set) var list: [(event: TraceEvent, liftedAt: Int64?)] = []
    /// `list[standing...]` are in force, `list[lifted..<standing]` were lifted last.
    private var lifted = 0
    private var standing = 0

    mutating func add(_ event: TraceEvent) {
      switch (event.kind, event.error) {
      case (.kill, _):
        list.append((event, nil))
      case (.unkill, nil):
        for index in standing..<list.count { list[index].liftedAt = event.timestamp }
        (lifted, standing) = (standing, list.count)
      case (.unkill, _):
        // An un-kill is recorded before it is done: this one says that the one before it couldn't be.
        for index in lifted..<standing { list[index].liftedAt = nil }
        standing = lifted
      default: break
      }
    }
  }

  /// Whom a session is of: the agents and users that its events name first.
  private struct Names {
    private static let maximum = 8
    private var agents: [ExactText] = []
    private var users: [ExactText] = []

    mutating func add(_ event: TraceEvent) {
      Self.add(event.agentID, to: &agents)
      Self.add(event.userID, to: &users)
    }

    var all: [TraceName] { agents.map { .agent($0.text) } + users.map { .user($0.text) } }

    /// The first of these names that is among others too.
    func first(in others: Names) -> TraceName? {
      agents.first(where: others.agents.contains).map { .agent($0.text) }
        ?? users.first(where: others.users.contains).map { .user($0.text) }
    }

    private static func add(_ name: String?, to names: inout [ExactText]) {
      guard names.count < maximum, let name = name.map(ExactText.init), !names.contains(name) else { return }
      names.append(name)
    }
  }
}
