import StrictJSON

/// The events that aren't written yet, in memory: bounded, and with floods of denials folded. Pure.
///
/// The first denial of its kind goes on at once. Those that follow within `foldingTime` are one event, which goes on when
/// that time is over, with the first one's members, their `count`, and the last one's time as `until`. As long as the
/// flood lasts there is one such event for each such time.
struct WebhookIntake {
  /// Denials that are the same to a receiver.
  struct FoldKey: Hashable {
    let type: WebhookEvent.EventType
    let session: ExactText?
    let tool: ExactText?
    let rule: ExactText?

    init(_ type: WebhookEvent.EventType, _ event: TraceEvent) {
      self.type = type
      session = event.sessionID.map(ExactText.init)
      tool = event.toolName.map(ExactText.init)
      rule = event.matchedRule.map(ExactText.init)
    }
  }

  private struct Fold {
    /// Nanoseconds of `MonotonicClock`.
    var ends: Int64
    /// Absent as long as nothing followed.
    var event: WebhookEvent?
    var count = 0
    /// Microseconds since 1970-01-01T00:00:00Z.
    var until: Int64 = 0
  }

  /// Kinds of denials that are watched for more of the same at once; others go on unfolded.
  static let maximumFolds = 1_024

  /// Events that wait to be written.
  static func capacity(_ room: WebhookEvent.Room) -> Int { room == .denial ? 4_096 : 1_024 }

  private let foldingTime: Int64
  private var waiting: [WebhookEvent] = []
  private var counts = [Int](repeating: 0, count: WebhookEvent.Room.allCases.count)
  private var folds: [FoldKey: Fold] = [:]
  private var dropped: [WebhookEvent.EventType: Int] = [:]

  /// - Parameter foldingTime: nanoseconds
  init(foldingTime: Int64 = 10_000_000_000) { self.foldingTime = foldingTime }

  /// When the first fold is over: nanoseconds of `MonotonicClock`; absent without one.
  var nextEnd: Int64? { folds.values.map(\.ends).min() }

  mutating func add(_ event: WebhookEvent) {
    let room = event.type.room
    guard counts[room.rawValue] < Self.capacity(room) else {
      dropped[event.type, default: 0] += 1
      return
    }
    counts[room.rawValue] += 1
    waiting.append(event)
  }

  /// - Parameters:
  ///   - now: nanoseconds of `MonotonicClock`
  ///   - time: microseconds since 1970-01-01T00:00:00Z
  /// - Returns: false when it was folded, so that there is nothing new to write
  @discardableResult
  mutating func add(_ key: FoldKey, now: Int64, time: Int64, _ event: () -> WebhookEvent) -> Bool {
    // In place: a flood pays for one look at the table.
    if let index = folds.index(forKey: key), folds.values[index].ends > now {
      if folds.values[index].count == 0 { folds.values[index].event = event() }
      folds.values[index].count += 1
      folds.values[index].until = time
      return false
    }
    end(key, now: now)
    if folds[key] != nil {
      // What was folded goes on, and this is the first of the next time.
      add(key, now: now, time: time, event)
      return true
    }
    if folds.count < Self.maximumFolds { folds[key] = Fold(ends: now + foldingTime) }
    add(event())
    return true
  }

  /// All that is to be written now, in order.
  ///
  /// - Parameter endsFolds: also what is still being folded: the process ends
  mutating func take(now: Int64, endsFolds: Bool = false) -> [WebhookEvent] {
    for (key, fold) in folds where endsFolds || fold.ends <= now {
      end(key, now: now)
      if endsFolds { folds[key] = nil }
    }
    defer {
      waiting = []
      for room in counts.indices { counts[room] = 0 }
    }
    return waiting
  }

  /// What couldn't be written comes before what came meanwhile; for what has no room, later events are dropped.
  mutating func putBack(_ events: [WebhookEvent]) {
    let later = take(now: .min)
    for event in events + later { add(event) }
  }

  /// How many were dropped since this was last asked.
  mutating func takeDropped() -> [WebhookEvent.EventType: Int] {
    defer { dropped = [:] }
    return dropped
  }

  /// The flood goes on as long as something came within the time.
  private mutating func end(_ key: FoldKey, now: Int64) {
    guard let fold = folds.removeValue(forKey: key), var event = fold.event else { return }
    event.payload["count"] = JSONValue(fold.count)
    event.payload["until"] = .string(ISOTimestamp.text(fold.until))
    add(event)
    folds[key] = Fold(ends: now + foldingTime)
  }
}
