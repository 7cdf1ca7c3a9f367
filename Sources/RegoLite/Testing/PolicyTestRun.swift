import Synchronization

/// The tests among some modules: the rules named `test_…` of any package, as `opa test` has them. Those named
/// `todo_test_…` are skipped.
///
/// A name may go on: the definitions `test_sum[note] if { some note, tc in cases; … }` are one test with a case for each
/// `note`, and it passes when there are cases and every one of them passes.
public struct PolicyTestRun: Sendable {
  public struct Test: Sendable {
    /// `data.authz_test`
    public let package: String
    /// The rule's name, with dots if it has several parts.
    public let name: String
    /// The first definition's.
    public let location: Location
    public let isSkipped: Bool
    /// The package's, then the name's parts.
    fileprivate var path: [String]
    /// How many parts the cases' names have; 0 without cases.
    fileprivate var caseDepth: Int
    /// Every definition's head, and its `else` branches.
    fileprivate var places: Set<RulePlace>
    /// The variables that hold the parts of the cases' names, by definition; absent for other terms.
    fileprivate var caseVariables: [[String?]]

    public var fullName: String { "\(package).\(name)" }
  }

  public enum Verdict: Sendable {
    case passed
    /// Anything but true; absent when undefined.
    case failed(Value?)
    case error(EvaluationError)
    case skipped
  }

  /// A case of a test with several.
  public struct Case: Sendable {
    public let name: String
    public let passed: Bool
    /// In the order of their names; empty but for names of several parts.
    public let cases: [Case]
    /// As an outcome's.
    public let stops: [TraceEvent]
  }

  public struct Outcome: Sendable {
    public let test: Test
    public let verdict: Verdict
    public let duration: Duration
    /// In the order of their names.
    public let cases: [Case]
    /// What `print` said, a line each.
    public let output: [String]
    /// Where a failed test stopped: of each definition and `else` that was undefined, the last expression that it came
    /// to, with the values at hand. Empty for a test with cases, whose cases have their own.
    public let stops: [TraceEvent]
    /// Absent unless the test failed or an explanation was asked for.
    public let explanation: Explanation?
    /// Empty unless asked for.
    public let coverage: Coverage
  }

  /// What one run of a test costs.
  public struct Benchmark: Sendable {
    public let iterations: Int
    public let nanosecondsPerIteration: Int
  }

  /// Why the tests can't be chosen by a pattern.
  public struct InvalidPattern: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// In the order of the modules.
  public private(set) var tests: [Test] = []
  private let engine: PolicyEngine
  private let observed: ObservedEngine

  public init(
    modules: [PolicyEngine.ModuleSource], data: Value, options: PolicyEngine.Options = PolicyEngine.Options()
  ) throws(PolicyErrors) {
    var options = options
    options.keepsPrint = true
    options.isObserved = false
    var parsed = try PolicyEngine.parse(modules, version: options.version)
    let compiled = try PolicyEngine(parsed: parsed, data: data, options: options)
    var caseRules: [CaseRule] = []
    var positions: [String: Int] = [:]
    for (index, module) in parsed.enumerated() {
      for rule in module.rules {
        guard let test = Test(rule, in: module) else { continue }
        if let position = positions[test.fullName] {
          tests[position].add(test)
        } else {
          positions[test.fullName] = tests.count
          tests.append(test)
        }
        if test.caseDepth > 0 { caseRules.append(CaseRule(rule, module: index, names: test.caseDepth)) }
      }
    }
    let engine = Self.engine(&parsed, data, options, caseRules) ?? compiled
    self.engine = engine
    observed = ObservedEngine(modules: parsed, data: data, options: options)
  }

  /// Keeps the tests in whose full name, `data.authz_test.test_x`, the regular expression matches somewhere.
  public mutating func select(matching pattern: String) throws(InvalidPattern) {
    do throws(BuiltinError) {
      let expression = try RegularExpression(go: Text(pattern))
      var context = BuiltinContext(nowNanoseconds: 0, random: SystemRandomNumberGenerator(), stepsLeft: .max)
      var selected: [Test] = []
      for test in tests {
        if try expression.matches(Array(test.fullName.utf8), &context) { selected.append(test) }
      }
      tests = selected
    } catch {
      throw InvalidPattern(description: error.message)
    }
  }

  // MARK: Running

  /// - Parameters:
  ///   - time: How long the test may take before it ends with `eval_cancel_error`.
  ///   - detail: Runs the test observed, which takes longer, and explains it however it ends. Otherwise a test that
  ///     fails is run again to explain its failure.
  ///   - coverage: Runs the test observed and notes the lines that it reaches.
  public func run(
    _ test: Test, time: Duration?, explaining detail: Explanation.Detail? = nil, coverage: Bool = false
  ) -> Outcome {
    if test.isSkipped {
      return Outcome(
        test: test, verdict: .skipped, duration: .zero, cases: [], output: [], stops: [], explanation: nil,
        coverage: Coverage())
    }
    let budget = EvaluationBudget(steps: EvaluationBudget.interactive.steps, time: time)
    let isObserved = detail != nil || coverage
    let engine = isObserved ? observed.engine ?? self.engine : self.engine
    var observation = Observation(explaining: detail, coverage: coverage, profile: false, watching: test.places)
    let document = engine.prepare(document: test.path)
    let clock = ContinuousClock()
    let start = clock.now
    var verdict: Verdict
    var named: Value?
    var value: Value?
    do throws(EvaluationError) {
      value = try engine.decide(document, input: nil, budget: budget, observation: observation)
      verdict = value?.asBool == true ? .passed : .failed(value)
    } catch {
      verdict = .error(error)
    }
    let duration = start.duration(to: clock.now)
    let (output, coverage) = (observation.printed, observation.coverage)
    if test.caseDepth > 0, case .failed = verdict {
      do throws(EvaluationError) {
        named = try engine.decide(CaseRule.path(of: test.path), input: nil, budget: budget)
        let cases = Self.cases(named, value, depth: test.caseDepth)
        if !cases.isEmpty, cases.allSatisfy(\.passed) { verdict = .passed }
      } catch {
        verdict = .error(error)
      }
    }
    if case .failed = verdict {
      // One that passes may have meant to run into the error.
      if let error = observation.builtinErrors.first {
        verdict = .error(error)
      } else if !isObserved, let observed = observed.engine {
        observation = Observation(explaining: .fails, coverage: false, profile: false, watching: test.places)
        let document = observed.prepare(document: test.path)
        _ = try? observed.decide(document, input: nil, budget: budget, observation: observation)
      }
    }
    var stops: [TraceEvent] = []
    if case .failed = verdict, test.caseDepth == 0 {
      stops = observation.ruleRuns.filter { !$0.hasSucceeded }.compactMap { Self.furthest($0.failures) }
    }
    let failures = observation.ruleRuns.flatMap(\.failures)
    return Outcome(
      test: test, verdict: verdict, duration: duration,
      cases: Self.cases(named, value, depth: test.caseDepth) { test.furthest(failures, of: $0) }, output: output,
      stops: stops, explanation: observation.explanation, coverage: coverage)
  }

  /// The report on all that the outcomes reached.
  public func report(on coverage: Coverage) -> CoverageReport { engine.report(on: coverage) }

  /// Runs the test more and more often until that takes as long as `time`, and tells what the last runs took each.
  public func benchmark(_ test: Test, for time: Duration = .seconds(1)) throws(EvaluationError) -> Benchmark {
    let document = engine.prepare(document: test.path)
    let clock = ContinuousClock()
    var iterations = 1
    while true {
      let start = clock.now
      for _ in 0..<iterations { _ = try engine.decide(document, input: nil, budget: .interactive) }
      let taken = start.duration(to: clock.now)
      if taken >= time || iterations >= 1_000_000_000 {
        let (seconds, attoseconds) = taken.components
        let nanoseconds = Double(seconds) * 1e9 + Double(attoseconds) / 1e9
        return Benchmark(iterations: iterations, nanosecondsPerIteration: Int(nanoseconds / Double(iterations)))
      }
      // A fifth more than seems needed, at most a hundred times as often as before.
      let factor = taken > .zero ? time / taken * 1.2 : 100
      iterations = min(1_000_000_000, max(iterations + 1, Int(Double(iterations) * min(factor, 100))))
    }
  }

  /// The last expression in the source that had no result, as it was the first time.
  fileprivate static func furthest(_ failures: [TraceEvent]) -> TraceEvent? {
    failures.reduce(nil) { best, failure in
      guard let best else { return failure }
      return failure.location.offset > best.location.offset ? failure : best
    }
  }

  private static func cases(
    _ named: Value?, _ value: Value?, depth: Int, below path: [Value] = [],
    stop: ([Value]) -> TraceEvent? = { _ in nil }
  ) -> [Case] {
    guard depth > 0 else { return [] }
    let keys = Set((named?.asObject?.keys ?? []) + (value?.asObject?.keys ?? []))
    return keys.sorted().map { key in
      let name = key.asString ?? key.regoDescription
      let value = value?[key]
      guard depth > 1 else {
        let passed = value?.asBool == true
        return Case(name: name, passed: passed, cases: [], stops: passed ? [] : stop(path + [key]).map { [$0] } ?? [])
      }
      let cases = Self.cases(named?[key], value, depth: depth - 1, below: path + [key], stop: stop)
      return Case(name: name, passed: !cases.isEmpty && cases.allSatisfy(\.passed), cases: cases, stops: [])
    }
  }

  /// The modules compiled along with the rules that list the cases, which are added to them; absent, and nothing added,
  /// when that can't be done.
  private static func engine(
    _ modules: inout [Module], _ data: Value, _ options: PolicyEngine.Options, _ caseRules: [CaseRule]
  ) -> PolicyEngine? {
    let plain = modules
    func compiled(_ rules: [CaseRule]) -> (PolicyEngine, [Module])? {
      var modules = plain
      for rule in rules { modules[rule.module].rules.append(rule.rule) }
      guard let engine = try? PolicyEngine(parsed: modules, data: data, options: options) else { return nil }
      return (engine, modules)
    }
    var found = compiled(caseRules)
    if found == nil {
      // A body may name its cases before it says what they are: then more of it is needed.
      found = compiled(caseRules.compactMap { rule in rule.lengthened { compiled([$0]) != nil } })
    }
    guard let (engine, all) = found else { return nil }
    modules = all
    return engine
  }
}

/// The modules compiled to be observed, once somebody asks.
private final class ObservedEngine: Sendable {
  private let compiled = Mutex<PolicyEngine?>(nil)
  private let modules: [Module]
  private let data: Value
  private let options: PolicyEngine.Options

  init(modules: [Module], data: Value, options: PolicyEngine.Options) {
    self.modules = modules
    self.data = data
    self.options = options
  }

  /// Absent when observing is more than can be compiled.
  var engine: PolicyEngine? {
    compiled.withLock { compiled in
      if let compiled { return compiled }
      var options = options
      options.isObserved = true
      compiled = try? PolicyEngine(parsed: modules, data: data, options: options)
      return compiled
    }
  }
}

extension PolicyTestRun.Test {
  /// Absent when the rule is no test.
  fileprivate init?(_ rule: Rule, in module: Module) {
    guard rule.head.arguments == nil else { return nil }
    var parts = [rule.head.name.string]
    for term in rule.head.path {
      if Self.isName(parts[parts.count - 1]) { break }
      guard case .scalar(.string(let part)) = term.kind else { return nil }
      parts.append(part.string)
    }
    guard let last = parts.last, Self.isName(last) else { return nil }
    let packagePath = module.package.path.map { Value.string($0) }
    package = "data" + packagePath.map(RuleGroup.pathPart).joined()
    name = parts.joined(separator: ".")
    location = rule.head.location
    isSkipped = last.hasPrefix("todo_")
    path = module.package.path.map(\.string) + parts
    caseDepth = rule.head.path.count - (parts.count - 1)
    places = Set([rule.head.location].map(RulePlace.init) + rule.elseBranches.map { RulePlace($0.location) })
    caseVariables = [
      rule.head.path.suffix(caseDepth).map { term in
        if case .variable(let name) = term.kind { name.string } else { nil }
      }
    ]
  }

  /// Takes over what another definition says.
  fileprivate mutating func add(_ other: PolicyTestRun.Test) {
    caseDepth = max(caseDepth, other.caseDepth)
    places.formUnion(other.places)
    caseVariables += other.caseVariables
  }

  /// Where the case with the name stopped; absent when no failure is known to be its own.
  fileprivate func furthest(_ failures: [TraceEvent], of name: [Value]) -> TraceEvent? {
    let own = failures.filter { failure in
      let locals = Dictionary(failure.locals.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
      return caseVariables.contains { variables in
        let known = zip(variables, name).filter { variable, _ in variable.map { locals[$0] != nil } ?? false }
        return !known.isEmpty && known.allSatisfy { variable, part in variable.flatMap { locals[$0] } == part }
      }
    }
    return PolicyTestRun.furthest(own)
  }

  private static func isName(_ part: String) -> Bool { part.hasPrefix("test_") || part.hasPrefix("todo_test_") }
}

/// A rule that says which cases a definition has, whether they pass or not: the definition's name with a mark, and as
/// much of its body as it takes to name them.
private struct CaseRule {
  let module: Int
  private(set) var rule: Rule
  private let body: Body

  init(_ rule: Rule, module: Int, names: Int) {
    self.module = module
    self.rule = rule
    body = rule.body
    let constants = rule.head.path.count - names
    var missing: Set<String> = []
    for term in rule.head.path[constants...] {
      if case .variable(let name) = term.kind { missing.insert(name.string) }
    }
    var length = 0
    for expression in body where !missing.isEmpty {
      length += 1
      if case .someDeclaration = expression.kind { continue }
      let words = expression.location.text.split { !($0 == "_" || $0.isLetter || $0.isNumber) }
      missing.subtract(words.map(String.init))
    }
    self.rule.isDefault = false
    self.rule.body = Array(body.prefix(length))
    self.rule.elseBranches = []
    self.rule.head.kind = .value(nil)
    if constants == 0 {
      self.rule.head.name = Text(Self.marked(rule.head.name.string))
    } else if case .scalar(.string(let part)) = rule.head.path[constants - 1].kind {
      self.rule.head.path[constants - 1].kind = .scalar(.string(Text(Self.marked(part.string))))
    }
  }

  /// With as few more expressions as `isComplete` asks for; absent when the whole body doesn't do.
  func lengthened(until isComplete: (CaseRule) -> Bool) -> CaseRule? {
    for length in rule.body.count...body.count {
      var candidate = self
      candidate.rule.body = Array(body.prefix(length))
      if isComplete(candidate) { return candidate }
    }
    return nil
  }

  /// Where the cases of the test at the path are listed.
  static func path(of test: [String]) -> [String] { test.dropLast() + test.suffix(1).map(marked) }

  /// No rule can have this name.
  private static func marked(_ name: String) -> String { name + "$cases" }
}
