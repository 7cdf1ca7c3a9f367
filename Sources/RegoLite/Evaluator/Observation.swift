/// What is learned by watching evaluations. Of any engine: what policies print, and the builtins' errors. Of one
/// compiled with `isObserved`, as asked for: an explanation, a profile, the lines reached.
///
/// Belongs to one thread. Several evaluations may add to one observation.
public final class Observation {
  /// In order, a line each.
  public private(set) var printed: [String] = []
  /// Builtin errors that made an expression undefined, in order; at most 1,000.
  public private(set) var builtinErrors: [EvaluationError] = []
  /// Absent unless asked for.
  public private(set) var explanation: Explanation?
  /// Empty unless asked for.
  public private(set) var coverage = Coverage()
  /// Absent unless asked for.
  public private(set) var profile: Profile?

  private let covers: Bool
  private var covered: Set<ObjectIdentifier> = []
  // Keeps the identifiers in `covered` from being given to other points.
  private var coveredPoints: [TracePoint] = []

  /// How many queries, rules and bodies are running.
  private var depth = 0
  /// The expressions that are running, innermost last.
  private var activations: [Activation] = []
  /// Queries, rules and bodies that are running and whose beginning the explanation doesn't show yet.
  private var pending: [TraceEvent] = []
  private let watched: Set<RulePlace>
  private var watches: [RuleWatch] = []
  /// Each time one of the watched rules ran.
  private(set) var ruleRuns: [RuleWatch] = []

  private struct Activation {
    let point: TracePoint
    var isReached = false
  }

  /// - Parameters:
  ///   - detail: What the explanation tells; absent for none.
  ///   - coverage: Notes the lines that are reached.
  ///   - profile: Times expressions.
  public convenience init(
    explaining detail: Explanation.Detail? = nil, coverage: Bool = false, profile: Bool = false
  ) {
    self.init(explaining: detail, coverage: coverage, profile: profile, watching: [])
  }

  /// Rules whose heads are at the places are watched.
  init(explaining detail: Explanation.Detail?, coverage: Bool, profile: Bool, watching watched: Set<RulePlace>) {
    explanation = detail.map { Explanation(detail: $0) }
    covers = coverage
    self.profile = profile ? Profile() : nil
    self.watched = watched
  }

  // MARK: What the evaluator tells

  func finish(printed lines: [String]) {
    printed += lines
    profile?.pass(to: nil)
    // An evaluation that ended in an error has left them behind.
    depth = 0
    activations = []
    pending = []
    ruleRuns += watches
    watches = []
  }

  func note(_ error: EvaluationError) {
    if builtinErrors.count < 1_000 { builtinErrors.append(error) }
  }

  func enter(_ point: TracePoint, _ values: () -> [Value?]) {
    if let explanation {
      let event = TraceEvent(.enter, point, depth: depth, values: values())
      if explanation.detail == .full { add(event) } else { pending.append(event) }
    }
    if point.kind == .everyBody, watches.last?.depth == depth { watches[watches.count - 1].depth += 1 }
    depth += 1
    if point.kind == .rule, !watched.isEmpty, watched.contains(RulePlace(point.location)) {
      watches.append(RuleWatch(depth: depth))
    }
  }

  func exit(_ point: TracePoint, _ values: () -> [Value?]) {
    if point.kind == .rule {
      cover(point)
      if watches.last?.depth == depth { watches[watches.count - 1].hasSucceeded = true }
    }
    if explanation?.detail == .full { add(TraceEvent(.exit, point, depth: depth - 1, values: values())) }
  }

  func leave(_ point: TracePoint) {
    if let watch = watches.last, watch.depth == depth {
      switch point.kind {
      case .rule:
        watches.removeLast()
        ruleRuns.append(watch)
      case .everyBody: watches[watches.count - 1].depth -= 1
      case .query, .body, .expression: break
      }
    }
    depth -= 1
    if let last = pending.last, last.depth == depth { pending.removeLast() }
  }

  func begin(_ point: TracePoint, _ values: () -> [Value?]) {
    activations.append(Activation(point: point))
    profile?.pass(to: point)
    if point.isContinuation { return }
    profile?.count(point)
    cover(point)
    if explanation?.detail == .full { add(TraceEvent(.eval, point, depth: depth, values: values())) }
  }

  func reached() {
    guard !activations.isEmpty else { return }
    activations[activations.count - 1].isReached = true
    profile?.pass(to: activations.dropLast().last?.point)
  }

  /// The expression on top goes on to its next result.
  func resume() { profile?.pass(to: activations.last?.point) }

  func end(_ values: () -> [Value?]) {
    guard let activation = activations.popLast() else { return }
    profile?.pass(to: activations.last?.point)
    if activation.isReached { return }
    let isWatched = watches.last.map { $0.depth == depth && $0.failures.count < RuleWatch.limit } ?? false
    let isExplained = explanation.map { $0.detail != .notes } ?? false
    guard isWatched || isExplained else { return }
    let event = TraceEvent(.fail, activation.point, depth: depth, values: values())
    if isWatched { watches[watches.count - 1].failures.append(event) }
    if isExplained { add(event) }
  }

  func note(_ message: String, _ point: TracePoint, _ values: () -> [Value?]) {
    guard let explanation, explanation.detail != .fails else { return }
    add(TraceEvent(.note, point, depth: depth, values: values(), message: message))
  }

  /// Adds an event after the beginnings that lead to it.
  private func add(_ event: TraceEvent) {
    for index in pending.indices where !pending[index].isShown {
      explanation?.append(pending[index])
      pending[index].isShown = true
    }
    explanation?.append(event)
  }

  private func cover(_ point: TracePoint) {
    guard covers, covered.insert(ObjectIdentifier(point)).inserted else { return }
    coveredPoints.append(point)
    coverage.insert(point.location)
  }
}

/// Where a rule's head is.
struct RulePlace: Hashable {
  let file: String
  let offset: Int

  init(_ location: Location) {
    file = location.file
    offset = location.offset
  }
}

/// One run of a watched rule.
struct RuleWatch {
  static let limit = 1_000
  /// Of the expressions in its body or, while that runs, in the body of an `every` in it.
  var depth: Int
  /// The expressions of these bodies that had no result, in order, the first thousand.
  var failures: [TraceEvent] = []
  var hasSucceeded = false
}
