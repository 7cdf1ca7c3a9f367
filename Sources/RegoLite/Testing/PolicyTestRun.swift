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

    public var fullName: String { "\(package).\(name)" }
  }

  public enum Verdict: Sendable {
    case passed
    /// Undefined, or anything but true.
    case failed
    case error(EvaluationError)
    case skipped
  }

  /// A case of a test with several.
  public struct Case: Sendable {
    public let name: String
    public let passed: Bool
    /// In the order of their names; empty but for names of several parts.
    public let cases: [Case]
  }

  public struct Outcome: Sendable {
    public let test: Test
    public let verdict: Verdict
    public let duration: Duration
    /// In the order of their names.
    public let cases: [Case]
  }

  /// Why the tests can't be chosen by a pattern.
  public struct InvalidPattern: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// In the order of the modules.
  public private(set) var tests: [Test] = []
  private let engine: PolicyEngine

  public init(modules: [PolicyEngine.ModuleSource], data: Value) throws(PolicyErrors) {
    let parsed = try PolicyEngine.parse(modules, version: .v1)
    let compiled = try PolicyEngine(parsed: parsed, data: data)
    var caseRules: [CaseRule] = []
    var positions: [String: Int] = [:]
    for (index, module) in parsed.enumerated() {
      for rule in module.rules {
        guard let test = Test(rule, in: module) else { continue }
        if let position = positions[test.fullName] {
          tests[position].caseDepth = max(tests[position].caseDepth, test.caseDepth)
        } else {
          positions[test.fullName] = tests.count
          tests.append(test)
        }
        if test.caseDepth > 0 { caseRules.append(CaseRule(rule, module: index, names: test.caseDepth)) }
      }
    }
    engine = Self.engine(parsed, data, caseRules) ?? compiled
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

  /// - Parameter time: How long the test may take before it ends with `eval_cancel_error`.
  public func run(_ test: Test, time: Duration?) -> Outcome {
    if test.isSkipped { return Outcome(test: test, verdict: .skipped, duration: .zero, cases: []) }
    let budget = EvaluationBudget(steps: EvaluationBudget.interactive.steps, time: time)
    let clock = ContinuousClock()
    let start = clock.now
    var verdict: Verdict
    var cases: [Case] = []
    do throws(EvaluationError) {
      let value = try engine.decide(test.path, input: nil, budget: budget)
      if test.caseDepth == 0 {
        verdict = value?.asBool == true ? .passed : .failed
      } else {
        let named = try engine.decide(CaseRule.path(of: test.path), input: nil, budget: budget)
        cases = Self.cases(named, value, depth: test.caseDepth)
        verdict = !cases.isEmpty && cases.allSatisfy(\.passed) ? .passed : .failed
      }
    } catch {
      verdict = .error(error)
    }
    let duration = start.duration(to: clock.now)
    if case .failed = verdict, let error = builtinError(in: test, budget) { verdict = .error(error) }
    return Outcome(test: test, verdict: verdict, duration: duration, cases: cases)
  }

  /// A builtin's error that a test which failed ran into. One that passes may have meant to.
  private func builtinError(in test: Test, _ budget: EvaluationBudget) -> EvaluationError? {
    do throws(EvaluationError) {
      _ = try engine.withStrictBuiltinErrors().decide(test.path, input: nil, budget: budget)
      return nil
    } catch {
      return error
    }
  }

  private static func cases(_ named: Value?, _ value: Value?, depth: Int) -> [Case] {
    let keys = Set((named?.asObject?.keys ?? []) + (value?.asObject?.keys ?? []))
    return keys.sorted().map { key in
      let name = key.asString ?? key.regoDescription
      let value = value?[key]
      guard depth > 1 else { return Case(name: name, passed: value?.asBool == true, cases: []) }
      let cases = Self.cases(named?[key], value, depth: depth - 1)
      return Case(name: name, passed: !cases.isEmpty && cases.allSatisfy(\.passed), cases: cases)
    }
  }

  /// The modules compiled along with the rules that list the cases; absent when that can't be done.
  private static func engine(_ modules: [Module], _ data: Value, _ caseRules: [CaseRule]) -> PolicyEngine? {
    func compiled(_ rules: [CaseRule]) -> PolicyEngine? {
      var modules = modules
      for rule in rules { modules[rule.module].rules.append(rule.rule) }
      return try? PolicyEngine(parsed: modules, data: data)
    }
    if let engine = compiled(caseRules) { return engine }
    // A body may name its cases before it says what they are: then more of it is needed.
    let longer = caseRules.compactMap { rule in rule.lengthened { compiled([$0]) != nil } }
    return compiled(longer)
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
