import ArgumentParser
import RegoLite

struct Test: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the tests of Rego policies.",
    discussion: """
      Runs every rule named test_… in every package at the paths. A test passes when it is true, and fails when it is \
      undefined or anything else; todo_test_… is skipped; test_x[note] is a test with a case for each note. Prints what \
      doesn't pass (everything with --verbose) and the counts; with --format json a list of {"location", "package", \
      "name", "fail", "error", "skip", "duration", "sub_results"}, durations in nanoseconds.

      Exit codes: 0 when all pass, or when there are none; 2 when a test fails or is skipped, or when the policies don't \
      compile; 64 for usage.

      EXAMPLE
        agentgate test policies
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  @Argument(
    help: ArgumentHelp(
      "A .rego or .json file, or a folder of them, where JSON lies below data at its folder's path.", valueName: "path")
  )
  var paths: [String]

  @Option(
    name: [.customShort("r"), .customLong("run")],
    help: ArgumentHelp(
      "Only tests whose full name, data.pkg.test_x, this regular expression matches.", valueName: "regex"))
  var pattern: String?

  @Option(name: [.customShort("f"), .customLong("format")], help: "pretty or json.")
  var format: Format = .pretty

  @Flag(name: .shortAndLong, help: "Print the tests that pass, too.")
  var verbose = false

  @Option(
    name: .long,
    help: ArgumentHelp("How long one test may take, as 500ms, 5s, 1m; 0s for no limit.", valueName: "duration"))
  var timeout: TimeLimit = TimeLimit(duration: .seconds(5))

  @Option(name: .long, help: ArgumentHelp("How often to run every test.", valueName: "n"))
  var count: Int = 1

  @Flag(name: [.customShort("z"), .customLong("exit-zero-on-skipped")], help: "Skipped tests don't count as failed.")
  var exitZeroOnSkipped = false

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count must be 1 or more") }
  }

  func run() async throws {
    var tests: PolicyTestRun
    do throws(ErrorReport) {
      let sources = try PolicyPaths(paths: paths)
      do throws(PolicyErrors) {
        tests = try PolicyTestRun(modules: sources.modules, data: sources.data)
      } catch {
        throw ErrorReport(error)
      }
    } catch {
      switch format {
      case .pretty: StandardError.print(error.text)
      case .json: StandardError.print(error.json.json(pretty: true))
      }
      throw ExitCode(2)
    }
    if let pattern {
      do throws(PolicyTestRun.InvalidPattern) {
        try tests.select(matching: pattern)
      } catch {
        throw Failure.failed("--run: \(error)", code: 2)
      }
    }
    var outcomes: [PolicyTestRun.Outcome] = []
    for _ in 0..<count {
      for test in tests.tests { outcomes.append(tests.run(test, time: timeout.duration)) }
    }
    switch format {
    case .pretty: printLines(outcomes)
    case .json: print(Value.array(outcomes.map(Self.json)).json(pretty: true))
    }
    if outcomes.contains(where: isFailure) { throw ExitCode(2) }
  }

  private func isFailure(_ outcome: PolicyTestRun.Outcome) -> Bool {
    switch outcome.verdict {
    case .passed: false
    case .failed, .error: true
    case .skipped: !exitZeroOnSkipped
    }
  }

  // MARK: Text

  private func printLines(_ outcomes: [PolicyTestRun.Outcome]) {
    var counts: [(name: String, count: Int)] = [("PASS", 0), ("FAIL", 0), ("ERROR", 0), ("SKIPPED", 0)]
    var lines: [String] = []
    for outcome in outcomes {
      let name = outcome.test.fullName
      let time = Self.describe(outcome.duration)
      let index: Int
      switch outcome.verdict {
      case .passed:
        index = 0
        if verbose { lines.append("\(name): PASS (\(time))") }
      case .failed:
        index = 1
        lines.append("\(name): FAIL (\(time))")
      case .error(let error):
        index = 2
        lines += ["\(name): ERROR (\(time))", "  \(error)"]
      case .skipped:
        index = 3
        lines.append("\(name): SKIPPED")
      }
      counts[index].count += 1
      if verbose || index == 1 { lines += Self.describe(outcome.cases, indent: "  ") }
    }
    guard !outcomes.isEmpty else { return }
    if !lines.isEmpty { lines.append(String(repeating: "-", count: 80)) }
    lines += counts.filter { $0.count > 0 }.map { "\($0.name): \($0.count)/\(outcomes.count)" }
    print(lines.joined(separator: "\n"))
  }

  private static func describe(_ cases: [PolicyTestRun.Case], indent: String) -> [String] {
    cases.flatMap { item in
      ["\(indent)\(item.name): \(item.passed ? "PASS" : "FAIL")"] + describe(item.cases, indent: indent + "  ")
    }
  }

  /// As Go prints durations below a minute: `417ns`, `1.417µs`, `12.5ms`, `3s`.
  private static func describe(_ duration: Duration) -> String {
    let nanoseconds = Self.nanoseconds(duration)
    let (unit, name) =
      switch nanoseconds {
      case ..<1_000: (1, "ns")
      case ..<1_000_000: (1_000, "µs")
      case ..<1_000_000_000: (1_000_000, "ms")
      default: (1_000_000_000, "s")
      }
    let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: unit)
    guard rest > 0 else { return "\(whole)\(name)" }
    var fraction = String(unit + rest).dropFirst()
    while fraction.last == "0" { fraction = fraction.dropLast() }
    return "\(whole).\(fraction)\(name)"
  }

  private static func nanoseconds(_ duration: Duration) -> Int {
    let (seconds, attoseconds) = duration.components
    let (product, overflows) = Int(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflows ? .max : product + Int(attoseconds / 1_000_000_000)
  }

  // MARK: JSON

  private static func json(_ outcome: PolicyTestRun.Outcome) -> Value {
    var members: [(Value, Value)] = [
      ("location", ErrorReport.location(outcome.test.location)),
      ("package", .string(Text(outcome.test.package))), ("name", .string(Text(outcome.test.name))),
      ("duration", .int(nanoseconds(outcome.duration))),
    ]
    switch outcome.verdict {
    case .passed: break
    case .failed: members.append(("fail", .boolean(true)))
    case .error(let error): members.append(("error", ErrorReport.error(of: error)))
    case .skipped: members.append(("skip", .boolean(true)))
    }
    if !outcome.cases.isEmpty { members.append(("sub_results", json(outcome.cases))) }
    return .object(ObjectValue(members))
  }

  private static func json(_ cases: [PolicyTestRun.Case]) -> Value {
    .object(
      ObjectValue(
        cases.map { item in
          var members: [(Value, Value)] = [("name", .string(Text(item.name)))]
          if !item.passed { members.append(("fail", .boolean(true))) }
          if !item.cases.isEmpty { members.append(("sub_results", json(item.cases))) }
          return (.string(Text(item.name)), .object(ObjectValue(members)))
        }))
  }
}

/// A flag's duration: a number and ns, us, µs, ms, s, m or h.
struct TimeLimit: ExpressibleByArgument {
  /// Absent for no limit.
  let duration: Duration?

  init(duration: Duration?) { self.duration = duration }

  init?(argument: String) {
    let number = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let units: [Substring: Double] = ["ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600]
    guard let amount = Double(number), let unit = units[argument.dropFirst(number.count)], amount * unit < 1e9 else {
      return nil
    }
    duration = amount > 0 ? .seconds(amount * unit) : nil
  }

  var defaultValueDescription: String { "5s" }
}
