/// Finds times in which an agent was refused as often as not, in calls given in the timeline's order.
///
/// A spike is a run of denied calls, each of which is one of at least `minimum` within some `window` that are at least
/// half of all calls in it.
struct DenialSpikes {
  static let minimum = 10
  /// Microseconds.
  static let window: Int64 = 60_000_000

  private var spikes: [EvidencePack.Anomaly] = []
  private var calls: [(timestamp: Int64, isDenied: Bool)] = []
  /// The window is `calls[first...]`, with so many denied calls.
  private var first = 0
  private var denied = 0
  private var deniedIDs: [String] = []
  /// The last spike ends before this one of `deniedIDs`.
  private var spikeEnd = 0

  mutating func add(_ event: TraceEvent) {
    if let last = calls.last, last.timestamp < event.timestamp {
      check()
      moveWindow(to: event.timestamp - Self.window)
    }
    let isDenied = event.decision == .deny
    calls.append((event.timestamp, isDenied))
    if isDenied {
      denied += 1
      deniedIDs.append(event.eventID)
    }
  }

  var anomalies: [EvidencePack.Anomaly] {
    var copy = self
    copy.check()
    copy.moveWindow(to: .max)
    return copy.spikes
  }

  /// Of the windows that end before the next call each begins later than the one before it; `start` is where the first
  /// begins that ends with that call.
  private mutating func moveWindow(to start: Int64) {
    while first < calls.count, calls[first].timestamp < start {
      let (timestamp, isDenied) = calls[first]
      first += 1
      if isDenied { denied -= 1 }
      let isLastOfItsTime = first == calls.count || calls[first].timestamp > timestamp
      if isLastOfItsTime, timestamp + 1 < start { check() }
    }
  }

  private mutating func check() {
    guard denied >= Self.minimum, 2 * denied >= calls.count - first, deniedIDs.count > spikeEnd else { return }
    let start = deniedIDs.count - denied
    if start < spikeEnd, let last = spikes.indices.last {
      spikes[last].eventIDs += deniedIDs[spikeEnd...]
    } else {
      spikes.append(
        EvidencePack.Anomaly(
          kind: .denialSpike, eventIDs: Array(deniedIDs[start...]),
          description: "At least 10 calls denied within 60 seconds, and at least half of all calls in that time"))
    }
    spikeEnd = deniedIDs.count
  }
}
