public import Logging
import Synchronization

/// Stops a session, a tool or everything. Decisions are taken from memory; the file (`KillSwitchFile`) keeps them for
/// good. Several processes may change the file at once: each re-reads it under a lock before it writes.
///
/// What can't be read denies: while the file is malformed, missing or unreadable every call is refused, and no change
/// overwrites what is there.
public final class KillSwitch: Sendable {
  private struct Memory {
    /// What the file says, as last read or written.
    var saved = KillSwitchFile()
    /// What the file was when `saved` was taken from it.
    var stamp: StateFile.Stamp?
    /// Why the file can't be relied on.
    var problem: String? = Memory.unread
    static let unread = "the kill-switch file has not been read"
    /// Kills that are not in the file yet: being written, or the writing failed.
    var unsaved: [KillTarget: (kill: Kill, number: UInt64)] = [:]
    /// Counts the changes, in the order in which they were asked for.
    var changes: UInt64 = 0

    func kill(_ target: KillTarget) -> Kill? {
      if !unsaved.isEmpty, let entry = unsaved[target] { return entry.kill }
      return saved[target]
    }
  }

  /// Used on `writing` only, or before the value is shared.
  private struct Disk {
    /// What the file was when `Memory.saved` was taken from it; nil when it must be read again.
    var stamp: StateFile.Stamp?
    var isWatched = false
    /// Made by others and not yet reported.
    var foreignChanges: [KillSwitchChange] = []
    /// A write failed half-way: what the file says may not last, although it says the right thing.
    var mustWrite = false
    /// When saving what is unsaved was last tried.
    var lastAttempt = ContinuousClock.now
  }

  /// How long another process may hold the lock before a change fails.
  private static let lockMilliseconds = 1_000
  private static let watchInterval = Duration.milliseconds(200)
  private static let closeWatchInterval = Duration.milliseconds(20)
  private static let retryInterval = Duration.seconds(2)

  private let path: String
  private let lockPath: String
  private let followsClosely: Bool
  private let clock: WallClock
  private let logger: Logger
  private let writing = BlockingQueue(label: "agentgate.kill-switch")
  private let memory = Mutex(Memory())
  private let disk = Mutex(Disk())

  /// Reads the file, blocking. A missing file is created when `createIfMissing` says that this is the first start, or when
  /// its folder is missing too; otherwise somebody took it away, and everything is refused. The lock is beside it:
  /// `kill-switch.lock` for `kill-switch.json`.
  ///
  /// - Parameter followsClosely: kills come through another process: each verdict looks whether the file has changed, and
  ///   the watch looks more often
  public init(
    file path: String, createIfMissing: Bool = false, followsClosely: Bool = false, clock: WallClock = .system,
    logger: Logger
  ) {
    self.path = path
    self.followsClosely = followsClosely
    lockPath = (path.hasSuffix(".json") ? String(path.dropLast(5)) : path) + ".lock"
    self.clock = clock
    self.logger = logger
    do throws(KillSwitchError) {
      try create(anyway: createIfMissing)
      try disk.withLock { disk throws(KillSwitchError) in _ = try read(&disk) }
    } catch {
      // `read` and `create` have noted it.
    }
  }

  /// Whether a call may pass: nil when nothing stops it. Global comes before tool, tool before agent, agent before
  /// session. Takes no I/O, but a look at which file there is when others may change it (`followsClosely`).
  ///
  /// - Parameters:
  ///   - tool: absent for what calls no tool
  ///   - agent: absent when the caller states none
  public func verdict(session: SessionID?, tool: ToolName?, agent: AgentID? = nil) -> KillVerdict? {
    if followsClosely { catchUp() }
    return memory.withLock { memory in
      if memory.problem != nil { return .unavailable }
      if let kill = memory.kill(.global) { return KillVerdict(level: .global, reason: kill.reason) }
      if let tool, let kill = memory.kill(.tool(tool)) { return KillVerdict(level: .tool, reason: kill.reason) }
      if let agent, let kill = memory.kill(.agent(agent)) { return KillVerdict(level: .agent, reason: kill.reason) }
      if let session, let kill = memory.kill(.session(session)) {
        return KillVerdict(level: .session, reason: kill.reason)
      }
      return nil
    }
  }

  public var state: KillSwitchState {
    memory.withLock { memory in
      var all = memory.saved
      for (target, entry) in memory.unsaved { all[target] = entry.kill }
      return KillSwitchState(
        problem: memory.problem, global: all.global, tools: all.tools, agents: all.agents, sessions: all.sessions)
    }
  }

  // MARK: Changes

  /// In force at once; for good on return. The last reason counts. When it throws, the kill is in force all the same.
  public func kill(session: SessionID, reason: String? = nil) async throws(KillSwitchError) {
    try await kill(.session(session), reason: reason)
  }

  /// As `kill(session:reason:)`.
  public func kill(tool: ToolName, reason: String? = nil) async throws(KillSwitchError) {
    try await kill(.tool(tool), reason: reason)
  }

  /// As `kill(session:reason:)`.
  public func kill(agent: AgentID, reason: String? = nil) async throws(KillSwitchError) {
    try await kill(.agent(agent), reason: reason)
  }

  /// Stops everything, as `kill(session:reason:)`.
  public func pause(reason: String? = nil) async throws(KillSwitchError) {
    try await kill(.global, reason: reason)
  }

  /// In force, and for good, on return. False when the session wasn't killed. When it throws, the kill stays.
  @discardableResult
  public func unkill(session: SessionID) async throws(KillSwitchError) -> Bool {
    try await lift(.session(session))
  }

  /// As `unkill(session:)`.
  @discardableResult
  public func unkill(tool: ToolName) async throws(KillSwitchError) -> Bool {
    try await lift(.tool(tool))
  }

  /// As `unkill(session:)`.
  @discardableResult
  public func unkill(agent: AgentID) async throws(KillSwitchError) -> Bool {
    try await lift(.agent(agent))
  }

  /// Ends a pause, and nothing else, as `unkill(session:)`.
  @discardableResult
  public func resume() async throws(KillSwitchError) -> Bool {
    try await lift(.global)
  }

  /// Looks at the file every 200 ms until the task is cancelled, takes over what has changed, and tries again to save
  /// kills that could not be saved. `changed` is told what others did to the file, in the order in which it was found.
  public func watch(_ changed: @Sendable (KillSwitchChange) async -> Void = { _ in }) async {
    await writing.run { self.disk.withLock { $0.isWatched = true } }
    while !Task.isCancelled {
      for change in await writing.run({ self.refresh() }) { await changed(change) }
      do { try await Task.sleep(for: followsClosely ? Self.closeWatchInterval : Self.watchInterval) } catch { break }
    }
    await writing.run {
      self.disk.withLock { disk in
        disk.isWatched = false
        disk.foreignChanges = []
      }
    }
  }

  private func kill(_ target: KillTarget, reason: String?) async throws(KillSwitchError) {
    let kill = Kill(target, reason: reason, since: clock.nowText)
    // INVARIANT: from here on no verdict misses it, whatever becomes of the file.
    memory.withLock { memory in
      memory.changes += 1
      memory.unsaved[target] = (kill, memory.changes)
    }
    try await writing.run { () throws(KillSwitchError) in
      // An earlier change may have saved it along with its own.
      guard self.memory.withLock({ $0.unsaved[target] != nil }) else { return }
      _ = try self.disk.withLock { disk throws(KillSwitchError) in try self.save(&disk) }
    }
  }

  private func lift(_ target: KillTarget) async throws(KillSwitchError) -> Bool {
    let number = memory.withLock { memory in
      memory.changes += 1
      return memory.changes
    }
    return try await writing.run { () throws(KillSwitchError) in
      try self.disk.withLock { disk throws(KillSwitchError) in
        try self.save(&disk, lifting: target, number: number)
      }
    }
  }

  // MARK: The file. Everything from here on blocks, and runs on `writing` or in `init`.

  /// Brings the file up to date with what is unsaved, and without `lifted` unless it was killed again after change
  /// `number`. Returns whether `lifted` was killed.
  private func save(
    _ disk: inout Disk, lifting lifted: KillTarget? = nil, number: UInt64 = 0
  ) throws(KillSwitchError) -> Bool {
    disk.lastAttempt = .now
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    let before = try read(&disk)
    let unsaved = memory.withLock { $0.unsaved }
    var file = before
    if let lifted { file[lifted] = nil }
    for (target, entry) in unsaved where target != lifted || entry.number > number { file[target] = entry.kill }

    if file != before || disk.mustWrite {
      disk.mustWrite = true
      disk.stamp = nil
      do throws(SystemError) {
        try StateFile.replace(path, with: Array(file.text.utf8))
      } catch {
        logger.error("kill switch can't be saved", metadata: ["error": "\(error)"])
        // The file may or may not say already that the kill is lifted: it will say again that it isn't.
        if let lifted, let kill = before[lifted] {
          memory.withLock { memory in
            memory.changes += 1
            memory.unsaved[lifted] = memory.unsaved[lifted] ?? (kill, memory.changes)
          }
        }
        throw KillSwitchError(message: "\(error)")
      }
      disk.mustWrite = false
    }
    memory.withLock { memory in
      memory.saved = file
      for (target, entry) in unsaved where memory.unsaved[target]?.number == entry.number {
        memory.unsaved[target] = nil
      }
    }
    guard let lifted else { return false }
    return before[lifted] != nil || unsaved[lifted] != nil
  }

  /// Reads the file when it isn't the one that was read. Who is first reads, blocking, for all.
  private func catchUp() {
    let seen = memory.withLock { $0.stamp }
    guard let now = StateFile.stamp(path: path), now == seen else {
      // What is wrong has been noted.
      disk.withLock { disk in _ = try? read(&disk) }
      return
    }
  }

  private func refresh() -> [KillSwitchChange] {
    disk.withLock { disk in
      let stamp = StateFile.stamp(path: path)
      if stamp == nil || stamp != disk.stamp || stamp?.isSettled(at: clock.now()) != true {
        // What is wrong has been noted.
        _ = try? read(&disk)
      }
      let isUnsaved = memory.withLock { !$0.unsaved.isEmpty && $0.problem == nil } || disk.mustWrite
      if isUnsaved, disk.lastAttempt.duration(to: .now) >= Self.retryInterval { _ = try? save(&disk) }
      defer { disk.foreignChanges = [] }
      return disk.foreignChanges
    }
  }

  /// Takes over what the file says, or that it says nothing one can rely on.
  private func read(_ disk: inout Disk) throws(KillSwitchError) -> KillSwitchFile {
    disk.stamp = nil
    let file: KillSwitchFile
    do {
      let (bytes, stamp) = try StateFile.read(path, limit: KillSwitchFile.maximumSize)
      disk.stamp = stamp
      file = try KillSwitchFile(parsing: bytes)
    } catch let error as KillSwitchFileError {
      throw refuse("\(path):\(error.place): \(error.message)")
    } catch let error as SystemError where error.isMissing {
      throw refuse(
        "\(path) is missing: restore it, or write {\"version\":1} into it if nothing is to be killed")
    } catch {
      throw refuse("\(error)")
    }
    let (old, problem) = memory.withLock { memory in
      defer { (memory.saved, memory.problem, memory.stamp) = (file, nil, disk.stamp) }
      return (memory.saved, memory.problem)
    }
    if let problem, problem != Memory.unread {
      logger.notice("kill switch is available again", metadata: ["was": "\(problem)"])
    }
    if disk.isWatched { disk.foreignChanges += file.changes(from: old) }
    return file
  }

  private func create(anyway: Bool) throws(KillSwitchError) {
    do throws(SystemError) {
      let isNewFolder = try StateFile.createFolder(of: path)
      guard isNewFolder || anyway, StateFile.stamp(path: path) == nil else { return }
    } catch {
      throw refuse("\(error)")
    }
    let lock: FileLock
    do throws(KillSwitchError) {
      lock = try self.lock()
    } catch {
      throw refuse(error.message)
    }
    defer { withExtendedLifetime(lock) {} }
    guard StateFile.stamp(path: path) == nil else { return }
    do throws(SystemError) {
      try StateFile.replace(path, with: Array(KillSwitchFile().text.utf8))
    } catch {
      throw refuse("\(error)")
    }
  }

  private func lock() throws(KillSwitchError) -> FileLock {
    do throws(FileLock.Failure) {
      return try FileLock(path: lockPath, kind: .exclusive, waitingUpTo: Self.lockMilliseconds)
    } catch {
      throw KillSwitchError(message: "\(error)")
    }
  }

  /// From here on everything is denied, until the file can be read.
  private func refuse(_ problem: String) -> KillSwitchError {
    let isNew = memory.withLock { memory in
      defer { memory.problem = problem }
      return memory.problem != problem
    }
    if isNew { logger.error("kill switch is unavailable: everything is denied", metadata: ["problem": "\(problem)"]) }
    return KillSwitchError(message: problem)
  }
}
