public import Logging
import Synchronization

/// The events that wait for the operator's receiver, in an SQLite file (schema: `WebhookSchema`). Several processes may
/// use a file at once: each event is delivered by the one that holds its lease.
public final class WebhookStore: Sendable {
  /// An event that this process may deliver, until its lease is over.
  struct Claimed: Sendable {
    let sequence: Int64
    let id: String
    let type: WebhookEvent.EventType
    /// Microseconds since 1970-01-01T00:00:00Z.
    let created: Int64
    /// Attempts that failed.
    let failures: Int
    let body: [UInt8]
  }

  struct Claim: Sendable {
    var events: [Claimed] = []
    /// When there may be more to do: microseconds since 1970-01-01T00:00:00Z; absent when nothing waits.
    var nextDue: Int64?
  }

  /// What is to become of a claimed event. When its lease is over and another process has it, nothing.
  enum Settlement: Sendable {
    /// It waits no more.
    case done
    /// The attempt failed.
    case retry(at: Int64, problem: String)
    /// There was no attempt.
    case release
  }

  /// An event that waits, for an operator.
  public struct Waiting: Sendable {
    public let id: String
    public let type: String
    /// Microseconds since 1970-01-01T00:00:00Z.
    public let created: Int64
    /// Attempts that failed.
    public let failures: Int
    /// When the next attempt is due: microseconds since 1970-01-01T00:00:00Z; 0 before the first.
    public let due: Int64
    /// What the last attempt met; absent before it.
    public let problem: String?
    public let body: [UInt8]
  }

  /// Events that may wait: 10,000 together. Floods can't fill what kills need.
  static func capacity(_ room: WebhookEvent.Room) -> Int { room == .denial ? 8_000 : 1_000 }

  /// How long an event is one process's: longer than an attempt takes. After a crash others have to wait for so long.
  static let leaseTime: Int64 = 30_000_000

  private let logger: Logger
  private let queue = BlockingQueue(label: "agentgate.webhooks")
  private let database: Mutex<WebhookDatabase>
  private let isFailing = Mutex(false)
  private let count: Atomic<Int>

  /// Opens the queue, creating it (mode 0600) when there is no file. Refuses a file that is none, or one of a newer
  /// version, and leaves it untouched. Blocks for up to a few seconds.
  public convenience init(path: String, clock: WallClock = .system, logger: Logger) throws(WebhookStoreError) {
    try self.init(path: path, clock: clock, lease: Self.leaseTime, logger: logger)
  }

  /// - Parameter lease: in microseconds
  init(path: String, clock: WallClock, lease: Int64, logger: Logger) throws(WebhookStoreError) {
    self.logger = logger
    var opened = try WebhookDatabase(path: path, clock: clock, owner: UUIDText.random(), lease: lease)
    count = Atomic(try opened.count())
    database = Mutex(opened)
  }

  /// How many wait, as of the last look at the file.
  var waiting: Int { count.load(ordering: .relaxed) }

  /// What is kept is durable on return.
  ///
  /// - Returns: how many had no room
  func append(_ events: [WebhookEvent]) async throws(WebhookStoreError) -> [WebhookEvent.EventType: Int] {
    try await run { database throws(WebhookStoreError) in try database.append(events) }
  }

  /// Takes the most urgent ones that are due, which no other process has.
  func claim(limit: Int) async throws(WebhookStoreError) -> Claim {
    try await run { database throws(WebhookStoreError) in try database.claim(limit: limit) }
  }

  func settle(_ event: Claimed, _ settlement: Settlement) async throws(WebhookStoreError) {
    try await run { database throws(WebhookStoreError) in try database.settle(event, settlement) }
  }

  /// In the order in which they are delivered when all are due.
  public func list(limit: Int) async throws(WebhookStoreError) -> [Waiting] {
    try await run { database throws(WebhookStoreError) in try database.list(limit: limit) }
  }

  /// Returns when what was asked for before is done and the file is closed. Whatever comes later fails.
  public func close() async {
    await queue.run { self.database.withLock { $0.close() } }
  }

  private func run<Success: Sendable>(
    _ body: @escaping @Sendable (inout WebhookDatabase) throws(WebhookStoreError) -> Success
  ) async throws(WebhookStoreError) -> Success {
    do throws(WebhookStoreError) {
      let success = try await queue.run { () throws(WebhookStoreError) in
        try self.database.withLock { database throws(WebhookStoreError) in
          let success = try body(&database)
          self.count.store(try database.count(), ordering: .relaxed)
          return success
        }
      }
      note(nil)
      return success
    } catch {
      note(error)
      throw error
    }
  }

  private func note(_ failure: WebhookStoreError?) {
    let hasChanged = isFailing.withLock { isFailing in
      defer { isFailing = failure != nil }
      return isFailing != (failure != nil)
    }
    guard hasChanged else { return }
    if let failure {
      logger.error(
        "the queue of webhooks is unavailable: events wait in memory", metadata: ["problem": "\(failure)"])
    } else {
      logger.notice("the queue of webhooks is available again")
    }
  }
}

/// Why the queue can't be used. For the log: it names the file.
public struct WebhookStoreError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

extension Configuration {
  public var webhooksPath: String { stateDirectory + "/webhooks.db" }
}
