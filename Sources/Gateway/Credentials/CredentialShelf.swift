/// The credentials that are lent, and those that are no longer lent and not over yet. Not thread-safe.
struct CredentialShelf {
  struct Key: Hashable {
    /// Of the settings: the issuer, the client and the audience among them.
    var settings: ExactText
    var server: ExactText
    var scope: CredentialScope?
    var timeToLive: Int?
    var session: SessionID
    var agent: AgentID?
    /// Whom it is for; empty when the settings say so.
    var subject: ExactText
  }

  struct Entry {
    let credential: Credential
    let key: Key
    /// Absent when nobody can revoke it.
    let client: OAuthClient?
    /// From then on it is no longer lent, then it is no longer to be used, then the issuer no longer takes it.
    /// Nanoseconds.
    let lapses: Int64
    let over: Int64
    let dead: Int64
  }

  /// Of entries.
  let capacity: Int
  private var entries: [Key: (entry: Entry, used: UInt64)] = [:]
  private var retired: [Entry] = []
  private var uses: UInt64 = 0

  init(capacity: Int) { self.capacity = max(capacity, 1) }

  var count: Int { entries.count + retired.count }

  mutating func credential(for key: Key, at now: Int64) -> Credential? {
    guard let known = entries[key], now < known.entry.lapses else { return nil }
    uses += 1
    entries[key]?.used = uses
    return known.entry.credential
  }

  /// - Returns: what had to make room
  mutating func put(_ entry: Entry, at now: Int64) -> [Entry] {
    uses += 1
    // A call may still use the one before.
    if let before = entries.updateValue((entry, uses), forKey: entry.key)?.entry, now < before.dead {
      retired.append(before)
    }
    var removed: [Entry] = []
    while count > capacity {
      if !retired.isEmpty {
        removed.append(retired.removeFirst())
      } else if let oldest = entries.min(by: { $0.value.used < $1.value.used })?.key,
        let entry = entries.removeValue(forKey: oldest)?.entry
      {
        removed.append(entry)
      }
    }
    return removed
  }

  /// Takes out what is over.
  mutating func takeOver(at now: Int64) -> [Entry] { take { $0.over <= now } }

  mutating func take(where isTaken: (Entry) -> Bool) -> [Entry] {
    var taken = retired.filter(isTaken)
    retired.removeAll(where: isTaken)
    for (key, value) in entries where isTaken(value.entry) {
      taken.append(value.entry)
      entries[key] = nil
    }
    return taken
  }
}
