public import Logging
import Synchronization

/// The calls that wait for a human, in an SQLite file (schema: `ApprovalSchema`). Several processes may use a file at
/// once. What a method changes is durable when it returns.
public final class ApprovalStore: Sendable {
  /// What an approval was worth to a call.
  public enum Consumption: String, Sendable {
    /// The call may pass. The approval is used up.
    case granted
    /// Nobody has decided yet.
    case pending
    case denied
    /// A call has passed on it already.
    case used
    case expired
    /// It is for another session, tool, agent, or other arguments.
    case mismatch
    case unknown
  }

  /// Undecided requests that a session may have at once.
  public static let maximumPendingPerSession = 1_000
  /// Undecided requests that all may have together.
  public static let maximumPending = 100_000
  /// How long what is denied, used or expired is kept, in microseconds.
  static let retention: Int64 = 7 * 86_400 * 1_000_000

  private let logger: Logger
  private let queue = BlockingQueue(label: "agentgate.approvals")
  private let database: Mutex<ApprovalDatabase>
  private let isFailing = Mutex(false)

  /// Opens the store, creating it (mode 0600) when there is no file, and deletes what is older than the retention.
  /// Refuses a file that isn't an approval store, or one of a newer version, and leaves it untouched. Blocks for up to
  /// a few seconds.
  public init(path: String, clock: WallClock = .system, logger: Logger) throws(ApprovalStoreError) {
    self.logger = logger
    let opened = try ApprovalDatabase(path: path, clock: clock)
    let deleted = try opened.deleteOld()
    if deleted > 0 { logger.info("old approval requests deleted", metadata: ["count": .stringConvertible(deleted)]) }
    database = Mutex(opened)
  }

  /// Keeps a request, which is pending whatever its status says.
  ///
  /// - Returns: the request; or, of the same session, tool, arguments and agent, the one that is open, undecided or
  ///   approved and unused, which then stands for both
  public func open(_ request: ApprovalRequest) async throws(ApprovalStoreError) -> ApprovalRequest {
    try await run { database throws(ApprovalStoreError) in try database.open(request) }
  }

  /// Absent when there is none of this id.
  public func request(_ id: String) async throws(ApprovalStoreError) -> ApprovalRequest? {
    try await run { database throws(ApprovalStoreError) in try database.request(id) }
  }

  /// The newest first.
  ///
  /// - Parameter status: absent, any
  public func list(
    status: ApprovalRequest.Status? = nil, limit: Int = 100
  ) async throws(ApprovalStoreError) -> [ApprovalRequest] {
    try await run { database throws(ApprovalStoreError) in
      try database.list(status, limit: limit)
    }
  }

  /// How many wait for a human.
  public func pendingCount() async throws(ApprovalStoreError) -> Int {
    try await run { database throws(ApprovalStoreError) in try database.pendingCount() }
  }

  /// Decides a request that is pending; fails with `settled` when it isn't.
  public func decide(
    _ id: String, approve: Bool, by decider: String, note: String? = nil
  ) async throws(ApprovalStoreError) -> ApprovalRequest {
    try await run { database throws(ApprovalStoreError) in
      try database.decide(id, approve: approve, by: decider, note: note)
    }
  }

  /// Uses up an approval that is for this very call. Of all who try, in all processes, one is granted it.
  public func consume(
    _ id: String, sessionID: String, toolName: String, argumentsHash: String, agentID: String?
  ) async throws(ApprovalStoreError) -> Consumption {
    try await run { database throws(ApprovalStoreError) in
      try database.consume(
        id, sessionID: sessionID, toolName: toolName, argumentsHash: argumentsHash, agentID: agentID)
    }
  }

  /// Returns when what was asked for before is done and the file is closed. Whatever comes later fails.
  public func close() async {
    await queue.run { self.database.withLock { $0.close() } }
  }

  private func run<Success: Sendable>(
    _ body: @escaping @Sendable (inout ApprovalDatabase) throws(ApprovalStoreError) -> Success
  ) async throws(ApprovalStoreError) -> Success {
    do throws(ApprovalStoreError) {
      let success = try await queue.run { () throws(ApprovalStoreError) in
        try self.database.withLock { database throws(ApprovalStoreError) in try body(&database) }
      }
      note(nil)
      return success
    } catch {
      note(error.reason == .unavailable ? error : nil)
      throw error
    }
  }

  private func note(_ failure: ApprovalStoreError?) {
    let hasChanged = isFailing.withLock { isFailing in
      defer { isFailing = failure != nil }
      return isFailing != (failure != nil)
    }
    guard hasChanged else { return }
    if let failure {
      logger.error("approvals are unavailable: no call gets one", metadata: ["error": "\(failure)"])
    } else {
      logger.notice("approvals are available again")
    }
  }
}

/// Why a request isn't kept, found or decided.
public struct ApprovalStoreError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Sendable, Equatable {
    /// No request of this id.
    case unknown
    /// The request isn't pending any more: it is what the status says.
    case settled(ApprovalRequest.Status)
    /// Too many requests are pending.
    case tooMany
    /// The id is another request's.
    case conflict
    /// The file can't be used. For the log: the message names it.
    case unavailable
  }

  public let reason: Reason
  public let message: String

  public init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }

  public var description: String { message }
}

extension Configuration {
  public var approvalsPath: String { stateDirectory + "/approvals.db" }
}
