import ArgumentParser
import RegoLite

/// What `agentgate eval` can tell about an evaluation beside its result.
struct ObservationOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Explain the result: notes is what trace() says, fails the expressions without a result, full everything.",
      valueName: "detail"))
  var explain: ExplainDetail?

  @Flag(name: .long, help: "Print which lines of the policies were reached.")
  var coverage = false

  @Flag(
    name: .long,
    help: """
      Print how often each line was evaluated and how long that took, without the rules it called. num_redo is always 0: \
      nothing is evaluated again to find a further result.
      """)
  var profile = false

  @Option(
    name: .customLong("profile-limit"),
    help: ArgumentHelp("How many lines to print; 0 for all. Implies --profile. (default: 10)", valueName: "n"))
  var profileLimit: Int?

  @Option(
    name: .customLong("profile-sort"),
    help: ArgumentHelp(
      "What to sort by, greatest first: total_time_ns, num_eval, file, line. Repeatable; commas separate. Implies "
        + "--profile.", valueName: "criterion"))
  var profileSort: [String] = []

  func validate() throws {
    for name in sortNames where Profile.Criterion(rawValue: name) == nil && name != Self.redo {
      throw ValidationError("--profile-sort: there is no \(name)")
    }
    guard profileLimit ?? 0 >= 0 else { throw ValidationError("--profile-limit must be 0 or more") }
  }

  /// OPA's criterion, by which all lines are the same.
  private static let redo = "num_redo"
  private var sortNames: [String] { profileSort.flatMap { $0.split(separator: ",").map(String.init) } }

  var criteria: [Profile.Criterion] { sortNames.compactMap(Profile.Criterion.init(rawValue:)) }
  /// Absent for no limit.
  var lineLimit: Int? { profileLimit == 0 ? nil : profileLimit ?? 10 }
  var profiles: Bool { profile || profileLimit != nil || !profileSort.isEmpty }
  /// The plan has to be an observed one.
  var isObserving: Bool { explain != nil || coverage || profiles }

  func observation() -> Observation {
    Observation(explaining: explain?.detail, coverage: coverage, profile: profiles)
  }
}

/// The values of `--explain`.
enum ExplainDetail: String, ExpressibleByArgument, CaseIterable {
  case notes, fails, full

  var detail: Explanation.Detail {
    switch self {
    case .notes: .notes
    case .fails: .fails
    case .full: .full
    }
  }
}
