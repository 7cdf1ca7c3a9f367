/// Tells when something that the gateway needs has been out of order for a while, and when it has been in order again
/// for as long: what comes and goes quickly is no news. Pure.
public struct HealthWatch: Sendable {
  public enum State: Sendable, Equatable {
    case good
    /// In a few words, without anything secret.
    case bad(String)
    /// It is starting, or can't be asked: what was known of it holds.
    case unknown
  }

  public struct Change: Sendable, Equatable {
    public var dependency: String
    public var isDegraded: Bool
    /// What is wrong; of what has recovered, what was wrong last.
    public var problem: String
    /// Since when it has been out of order, or in order again: microseconds since 1970-01-01T00:00:00Z.
    public var since: Int64
  }

  private struct Dependency {
    var isDegraded = false
    var problem = ""
    /// When the state was first seen that differs from the one that was told: nanoseconds of `MonotonicClock`, and
    /// microseconds since 1970. Absent while it doesn't differ.
    var since: (monotonic: Int64, wall: Int64)?
  }

  /// Nanoseconds.
  private let patience: Int64
  private var dependencies: [String: Dependency] = [:]

  /// - Parameter patience: how long a state must last, in seconds
  public init(patience: Double = 3) { self.patience = Int64(patience * 1_000_000_000) }

  /// Takes the states of all dependencies by their names; of one that is missing nothing is told.
  ///
  /// - Parameters:
  ///   - now: nanoseconds of `MonotonicClock`
  ///   - time: microseconds since 1970-01-01T00:00:00Z
  /// - Returns: what is to be told, by name
  public mutating func note(_ states: [String: State], now: Int64, time: Int64) -> [Change] {
    var changes: [Change] = []
    for (name, state) in states.sorted(by: { $0.key < $1.key }) {
      var dependency = dependencies[name] ?? Dependency()
      defer { dependencies[name] = dependency }
      switch state {
      case .unknown:
        // What was bad goes on being so: one that hangs at its restart doesn't recover by that.
        if dependency.isDegraded { dependency.since = nil }
        guard dependency.since != nil else { continue }
      case .good:
        guard dependency.isDegraded else {
          dependency.since = nil
          continue
        }
      case .bad(let problem):
        dependency.problem = problem
        guard !dependency.isDegraded else {
          dependency.since = nil
          continue
        }
      }
      let since = dependency.since ?? (now, time)
      dependency.since = since
      guard now - since.monotonic >= patience else { continue }
      dependency.isDegraded.toggle()
      dependency.since = nil
      changes.append(
        Change(
          dependency: name, isDegraded: dependency.isDegraded, problem: dependency.problem, since: since.wall))
    }
    return changes
  }
}
