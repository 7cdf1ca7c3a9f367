import ArgumentParser
import FoundationEssentials
import RegoLite
import Synchronization

struct Test: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the tests of Rego policies.",
    discussion: Manual(
      """
      Runs every rule named test_… in every package at the paths. A test passes when it is true; it fails when it is \
      undefined or anything else, and is an error when a builtin's error made it fail, when rules conflict or when it \
      takes longer than --timeout. todo_test_… is skipped; test_x[note] is a test with a case for each note.

      Prints what doesn't pass (everything with --verbose), for a failed test the expression at which it stopped and \
      the values there, what print() said, and the counts. --verbose also shows which expressions failed on the way.

      With --coverage the lines reached are printed instead, as JSON: a line counts when an expression or a rule's head \
      begins on it; heads are covered once the rule has succeeded, expressions once they were evaluated.
      """,
      formats: [
        "pretty": "lines, as above",
        "json": """
        a list of {"location", "package", "name", "fail", "failed_at", "error", "skip", "duration", "trace", \
        "output", "sub_results"}; durations in nanoseconds, output in base64, trace with --explain or --verbose
        """,
        "junit": "JUnit's XML: a suite for each package",
      ],
      exitCodes: [
        0: "all pass, or there are none",
        2: "a test fails, errs or is skipped, coverage is below --threshold, or the policies don't load",
      ],
      examples: [
        "agentgate test policies", "agentgate test -v -r test_unknown policies",
        "agentgate test --coverage --threshold 80 policies", "agentgate test --format junit policies > tests.xml",
      ]
    ).text)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json, junit
  }

  @Argument(
    help: ArgumentHelp(
      PolicyPaths.help, valueName: "path"))
  var paths: [String]

  @Flag(name: [.customShort("b"), .customLong("bundle")], help: "The paths are bundles.")
  var bundle = false

  @OptionGroup var options: PolicyOptions

  @Option(
    name: [.customShort("r"), .customLong("run")],
    help: ArgumentHelp(
      "Only tests whose full name, data.pkg.test_x, this regular expression matches.", valueName: "regex"))
  var pattern: String?

  @Option(name: [.customShort("f"), .customLong("format")], help: "How to print the results.")
  var format: Format = .pretty

  @Flag(name: .shortAndLong, help: "Print the tests that pass, too, and how failed ones came to fail.")
  var verbose = false

  @Option(
    name: .long,
    help: ArgumentHelp("Explain how tests went: notes, fails or full. They take longer then.", valueName: "detail"))
  var explain: ExplainDetail?

  @Flag(name: .customLong("var-values"), help: "Show values in explanations.")
  var varValues = false

  @Flag(name: [.customShort("c"), .customLong("coverage")], help: "Print which lines the tests reach.")
  var coverage = false

  @Option(
    name: .long, help: ArgumentHelp("Fail when less than this share of the lines is covered.", valueName: "percent"))
  var threshold: Double?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How long one test may take, as 500ms, 5s, 1m30s; 0 for no limit. (default: 5s)", valueName: "duration"))
  var timeout: GoDuration?

  @Option(name: .long, help: ArgumentHelp("How often to run every test.", valueName: "n"))
  var count: Int = 1

  @Flag(name: .long, help: "Measure how long each test takes, over a second or more.")
  var bench = false

  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp("How many tests to run at a time. (default: the number of processors)", valueName: "n"))
  var parallel: Int?

  @Flag(name: [.customShort("z"), .customLong("exit-zero-on-skipped")], help: "Skipped tests don't count as failed.")
  var exitZeroOnSkipped = false

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count must be 1 or more") }
    guard parallel ?? 1 > 0 else { throw ValidationError("--parallel must be 1 or more") }
    if let threshold, !(0...100).contains(threshold) { throw ValidationError("--threshold must be 0 to 100") }
    guard !bench || format == .pretty && !coversLines else {
      throw ValidationError("--bench prints lines: give no --format, --coverage or --threshold with it")
    }
    guard !coversLines || format != .junit else {
      throw ValidationError("coverage is printed as JSON, not JUnit's XML")
    }
  }

  private var coversLines: Bool { coverage || threshold ?? 0 > 0 }

  func run() async throws {
    let tests = try load()
    if bench { return try benchmark(tests) }
    let outcomes = await outcomes(tests)
    if coversLines { return try printCoverage(tests, outcomes) }
    let text = report.text(outcomes)
    if !text.isEmpty { print(text) }
    if outcomes.contains(where: isFailure) { throw ExitCode(2) }
  }

  private var report: any TestReport {
    switch format {
    case .pretty: PrettyTestReport(isVerbose: verbose, explains: explain != nil, showsValues: varValues)
    case .json: JSONTestReport(explains: verbose || explain != nil)
    case .junit: JUnitTestReport()
    }
  }

  private func load() throws -> PolicyTestRun {
    var tests = try ErrorReport.exiting(as: format == .json ? .json : .pretty) { () throws(ErrorReport) in
      let sources = try PolicyPaths(
        paths: bundle ? [] : paths, bundles: bundle ? paths : [], ignored: options.ignored, includesTests: true)
      do throws(PolicyErrors) {
        return try PolicyTestRun(modules: sources.modules, data: sources.data, options: options.engine())
      } catch {
        throw ErrorReport(error)
      }
    }
    if let pattern {
      do throws(PolicyTestRun.InvalidPattern) {
        try tests.select(matching: pattern)
      } catch {
        throw Failure.failed("--run: \(error)", code: 2)
      }
    }
    return tests
  }

  private func isFailure(_ outcome: PolicyTestRun.Outcome) -> Bool {
    switch outcome.verdict {
    case .passed: false
    case .failed, .error: true
    case .skipped: !exitZeroOnSkipped
    }
  }

  /// In the order of the tests, whichever ended first.
  private func outcomes(_ tests: PolicyTestRun) async -> [PolicyTestRun.Outcome] {
    let all = (0..<count).flatMap { _ in tests.tests }
    let workers = min(parallel ?? ProcessInfo.processInfo.activeProcessorCount, all.count)
    let time = timeout.map(\.duration) ?? .seconds(5)
    let next = Counter()
    return await withTaskGroup(of: [(Int, PolicyTestRun.Outcome)].self) { group in
      for _ in 0..<workers {
        group.addTask {
          var own: [(Int, PolicyTestRun.Outcome)] = []
          while let index = next.take(below: all.count) {
            own.append((index, tests.run(all[index], time: time, explaining: explain?.detail, coverage: coversLines)))
          }
          return own
        }
      }
      var outcomes: [(Int, PolicyTestRun.Outcome)] = []
      for await own in group { outcomes += own }
      return outcomes.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private final class Counter: Sendable {
    private let value = Mutex(0)

    func take(below limit: Int) -> Int? {
      value.withLock { value in
        guard value < limit else { return nil }
        value += 1
        return value - 1
      }
    }
  }

  // MARK: Coverage

  private func printCoverage(_ tests: PolicyTestRun, _ outcomes: [PolicyTestRun.Outcome]) throws {
    var reached = Coverage()
    for outcome in outcomes { reached.formUnion(outcome.coverage) }
    let report = tests.report(on: reached)
    print(report.value.jsonValue.goText(pretty: true))
    let failures = outcomes.filter(isFailure)
    for outcome in failures {
      StandardError.print(([PrettyTestReport.line(outcome)] + outcome.reasons(indent: "  ")).joined(separator: "\n"))
    }
    // Both in hundredths of a percent, so that 83.33 reaches a threshold of 83.33.
    let isBelow = threshold.map { Double(report.hundredths) < $0 * 100 } ?? false
    if isBelow, let threshold {
      StandardError.print(
        "coverage threshold not met: got \(report.percentage) instead of \(threshold.formattedPercentage)")
    }
    if isBelow || !failures.isEmpty { throw ExitCode(2) }
  }

  // MARK: Benchmarks

  private func benchmark(_ tests: PolicyTestRun) throws {
    var failed = false
    for test in (0..<count).flatMap({ _ in tests.tests }) {
      let outcome = tests.run(test, time: timeout.map(\.duration) ?? .seconds(30))
      guard case .passed = outcome.verdict else {
        print(([PrettyTestReport.line(outcome)] + outcome.reasons(indent: "  ")).joined(separator: "\n"))
        failed = failed || isFailure(outcome)
        continue
      }
      do throws(EvaluationError) {
        let result = try tests.benchmark(test)
        print(
          "\(test.fullName)\t\(Self.right(result.iterations, 10))\t\(Self.right(result.nanosecondsPerIteration, 12)) ns/op"
        )
      } catch {
        print("\(test.fullName): ERROR\n  \(error)")
        failed = true
      }
    }
    if failed { throw ExitCode(2) }
  }

  private static func right(_ number: Int, _ width: Int) -> String {
    let text = "\(number)"
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

extension Double {
  /// `80` and `83.5`, without a needless `.0`.
  fileprivate var formattedPercentage: String { self == rounded() ? "\(Int(self))" : "\(self)" }
}
