import Crypto
import Synchronization

/// Counts the calls of each caller and tool within a sliding window.
///
/// The subject is the agent that has proved who it is, else the session. What a call says of itself in
/// `context.user_id` counts for nothing: a caller could lift its limit by changing it, or use up another user's. Refused
/// calls are not counted. A subject's calls are counted whatever the limit, so that a reload which leaves a limit alone or
/// changes it forgets none.
///
/// Memory is bounded: at most `capacity` calls are remembered. When that many lie within the window, further calls of
/// rate-limited tools are refused rather than older ones forgotten, as forgetting would lift somebody's limit.
public final class RateLimiter: Sendable {
  /// A subject's state, as the `X-RateLimit-` headers tell it.
  public struct Status: Sendable, Equatable {
    public var limit: Int
    public var remaining: Int
    /// When the oldest call leaves the window: seconds since 1970-01-01T00:00:00Z, rounded up.
    public var resetAt: Int64

    public init(limit: Int, remaining: Int, resetAt: Int64) {
      self.limit = limit
      self.remaining = remaining
      self.resetAt = resetAt
    }
  }

  /// Whose calls are counted together.
  public enum Caller: Sendable, Hashable {
    case session(SessionID)
    /// One that has proved who it is: a new session doesn't lift its limit.
    case agent(AgentID)

    init(_ call: ToolCall) { self = call.identity.map { .agent($0.agent) } ?? .session(call.sessionID) }
  }

  public static let standardCapacity = 131_072

  private let window: Int64
  private let capacity: Int
  private let clock: WallClock
  private let monotonic: MonotonicClock
  private let state = Mutex(State())

  public init(
    windowSeconds: Int, capacity: Int = RateLimiter.standardCapacity, clock: WallClock = .system,
    monotonic: MonotonicClock = .system
  ) {
    window = Int64(windowSeconds) * 1_000_000_000
    self.capacity = capacity
    self.clock = clock
    self.monotonic = monotonic
  }

  /// Counts a call and returns true, or refuses it, uncounted.
  public func admit(_ caller: Caller, tool: ToolName, limit: Int) -> Bool {
    let subject = Subject(caller, tool)
    let now = monotonic.now()
    return state.withLock { state in
      state.forget(before: now - window)
      guard state.count(of: subject) < limit, state.total < capacity else { return false }
      state.record(subject, at: now)
      return true
    }
  }

  /// What is left before another call.
  public func status(of caller: Caller, tool: ToolName, limit: Int) -> Status {
    let subject = Subject(caller, tool)
    let now = monotonic.now()
    let (count, oldest) = state.withLock { state in
      state.forget(before: now - window)
      return (state.count(of: subject), state.oldest(of: subject))
    }
    let wait = (oldest ?? now) + window - now
    let reset = clock.now() * 1_000 + wait
    return Status(limit: limit, remaining: max(0, limit - count), resetAt: (reset + 999_999_999) / 1_000_000_000)
  }

  /// How many calls are remembered at this time.
  var remembered: Int {
    let now = monotonic.now()
    return state.withLock { state in
      state.forget(before: now - window)
      return state.total
    }
  }

  /// A caller and a tool in a fixed size, however long their names are.
  private struct Subject: Hashable {
    let digest: SIMD4<UInt64>

    init(_ caller: Caller, _ tool: ToolName) {
      let (kind, name) =
        switch caller {
        case .session(let session): ("session ", session.rawValue)
        case .agent(let agent): ("agent ", agent.rawValue)
        }
      var hash = SHA256()
      // The tool's length first: no two pairs make the same text.
      withUnsafeBytes(of: UInt32(clamping: tool.rawValue.utf8.count)) { hash.update(bufferPointer: $0) }
      for text in [tool.rawValue, kind, name] {
        var text = text
        text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
      }
      digest = hash.finalize().withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
    }
  }

  /// INVARIANT: `order` holds the remembered calls of all subjects by time, and each subject's own calls are those
  /// of its entries, in the same order.
  private struct State {
    private var order = Queue<(subject: Subject, time: Int64)>()
    private var calls: [Subject: Queue<Int64>] = [:]

    var total: Int { order.count }
    func count(of subject: Subject) -> Int { calls[subject]?.count ?? 0 }
    func oldest(of subject: Subject) -> Int64? { calls[subject]?.first }

    mutating func record(_ subject: Subject, at time: Int64) {
      order.append((subject, time))
      calls[subject, default: Queue()].append(time)
    }

    /// Forgets the calls at `limit` and earlier.
    mutating func forget(before limit: Int64) {
      while let first = order.first, first.time <= limit {
        order.removeFirst()
        calls[first.subject]?.removeFirst()
        if calls[first.subject]?.isEmpty == true { calls[first.subject] = nil }
      }
    }
  }

  /// First in, first out, each in constant time on average.
  private struct Queue<Element> {
    private var elements: [Element] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { count == 0 }
    var first: Element? { isEmpty ? nil : elements[head] }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func removeFirst() {
      guard !isEmpty else { return }
      head += 1
      if head > 32, head * 2 > elements.count {
        elements.removeFirst(head)
        head = 0
      }
    }
  }
}
