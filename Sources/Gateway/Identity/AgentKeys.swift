import Logging

/// The keys of agents, or of approvers, that are in force, from an `AgentKeyFile` that may change at any time.
final class AgentKeys: Sendable {
  private struct Entry: Sendable {
    let identity: AgentIdentity
    let isDisabled: Bool
  }

  private let file: WatchedFile<[AgentTokenHash: Entry]>
  private let clock: WallClock

  /// Blocks. Fails when the file can't be taken.
  init(
    file path: String, holder: AgentKeyFile.Holder = .agent, clock: WallClock, monotonicClock: MonotonicClock,
    logger: Logger
  ) throws(KeyFileError) {
    self.clock = clock
    file = try WatchedFile(
      path, limit: AgentKeyFile.maximumSize, clock: monotonicClock, wallClock: clock, logger: logger
    ) { bytes throws(KeyFileError.Fault) in
      var entries: [AgentTokenHash: Entry] = [:]
      for key in try AgentKeyFile(parsing: bytes, holder).keys {
        let identity = AgentIdentity(
          agent: key.agent, user: key.user, method: .key, keyID: key.id, expires: key.notAfter)
        entries[key.hash] = Entry(identity: identity, isDisabled: key.isDisabled)
      }
      return entries
    }
  }

  /// Why the file can't be taken at present: keys may be in force that it no longer has.
  var problem: String? { file.problem }

  /// Whose token it is.
  func identity(of token: String) throws(AuthenticationFailure) -> AgentIdentity {
    guard let keys = file.content else { throw .unavailable("the key file has been unreadable for too long") }
    guard token.utf8.count >= AgentToken.minimumLength else { throw .invalid("token is too short to be a key") }
    guard let entry = keys[AgentTokenHash(of: token.utf8)] else { throw .invalid("token is no agent's key") }
    let id = entry.identity.keyID ?? ""
    if entry.isDisabled { throw .invalid("key \(id) is disabled") }
    if let end = entry.identity.expires, clock.now() >= end { throw .invalid("key \(id) has expired") }
    return entry.identity
  }
}
