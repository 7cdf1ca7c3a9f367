/// How often each line's expressions were evaluated, and how long they took.
public struct Profile: Sendable {
  public struct Line: Sendable {
    /// The first expression on the line.
    public let location: Location
    /// Without what the expressions called took in rules of their own.
    public let time: Duration
    public let evaluations: Int
    /// How many different expressions were evaluated.
    public let expressions: Int
  }

  /// What lines are sorted by, greatest first; `file` and `line` as well.
  public enum Criterion: String, Sendable, CaseIterable {
    case time = "total_time_ns"
    case evaluations = "num_eval"
    case file
    case line
  }

  private struct Timing: Sendable {
    let point: TracePoint
    var time = Duration.zero
    var evaluations = 0
  }
  private var timings: [ObjectIdentifier: Timing] = [:]
  private var current: TracePoint?
  private var since = ContinuousClock.now

  init() {}

  /// The time from now on is the point's; absent for nobody's.
  mutating func pass(to point: TracePoint?) {
    let now = ContinuousClock.now
    if let current {
      timings[ObjectIdentifier(current), default: Timing(point: current)].time += since.duration(to: now)
    }
    current = point
    since = now
  }

  mutating func count(_ point: TracePoint) {
    timings[ObjectIdentifier(point), default: Timing(point: point)].evaluations += 1
  }

  /// The lines in the order of the criteria, those that are not named as OPA has them: time, evaluations, file, line.
  public func lines(by criteria: [Criterion] = []) -> [Line] {
    struct Place: Hashable {
      let file: String
      let row: Int
    }
    var byPlace: [Place: [Timing]] = [:]
    for timing in timings.values {
      byPlace[Place(file: timing.point.location.file, row: timing.point.location.row), default: []].append(timing)
    }
    let lines = byPlace.values.compactMap { timings -> Line? in
      let sorted = timings.sorted { $0.point.location.offset < $1.point.location.offset }
      guard let first = sorted.first else { return nil }
      return Line(
        location: first.point.location, time: timings.reduce(.zero) { $0 + $1.time },
        evaluations: timings.reduce(0) { $0 + $1.evaluations },
        expressions: Set(timings.map(\.point.location.offset)).count)
    }
    let order = criteria + Criterion.allCases.filter { !criteria.contains($0) }
    return lines.sorted { a, b in
      for criterion in order {
        switch criterion {
        case .time where a.time != b.time: return a.time > b.time
        case .evaluations where a.evaluations != b.evaluations: return a.evaluations > b.evaluations
        case .file where a.location.file != b.location.file: return a.location.file > b.location.file
        case .line where a.location.row != b.location.row: return a.location.row > b.location.row
        default: continue
        }
      }
      return false
    }
  }
}
