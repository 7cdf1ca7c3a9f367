import StrictJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Compiled policies and their base data, ready to decide. Immutable: safe to share between threads and calls.
///
/// Loading does all the work that doesn't need `input`; an evaluation only runs the plan.
public struct PolicyEngine: Sendable {
  /// Modules that the engine compiles together.
  public struct ModuleSource: Sendable {
    /// The path that errors name.
    public var file: String
    public var text: String
    public init(file: String, text: String) {
      self.file = file
      self.text = text
    }
  }

  public struct Options: Sendable {
    /// The language of modules that don't say `import rego.v1`, and of queries.
    public var version: RegoVersion
    /// A builtin's error ends the evaluation instead of leaving the expression undefined.
    public var strictBuiltinErrors: Bool
    /// Base data may stand where a rule is: the data then wins. Otherwise such a rule is an error.
    public var allowsDataConflicts: Bool

    public init(version: RegoVersion = .v1, strictBuiltinErrors: Bool = false, allowsDataConflicts: Bool = false) {
      self.version = version
      self.strictBuiltinErrors = strictBuiltinErrors
      self.allowsDataConflicts = allowsDataConflicts
    }
  }

  private let plan: Plan
  private let data: Value
  private var options: Options

  /// Parses and compiles the modules against the data. Throws every mistake that the first failing pass finds.
  public init(modules: [ModuleSource], data: Value, options: Options = Options()) throws(PolicyErrors) {
    try self.init(parsed: Self.parse(modules, version: options.version), data: data, options: options)
  }

  init(parsed: [Module], data: Value, options: Options = Options()) throws(PolicyErrors) {
    plan = try Compiler.compile(parsed, data: options.allowsDataConflicts ? .object(ObjectValue()) : data)
    self.data = data
    self.options = options
  }

  static func parse(_ modules: [ModuleSource], version: RegoVersion) throws(PolicyErrors) -> [Module] {
    var parsed: [Module] = []
    var errors: [PolicyError] = []
    for module in modules {
      do throws(SyntaxErrors) {
        parsed.append(try Parser.parseModule(Source(file: module.file, text: module.text), version: version))
      } catch {
        errors += error.errors.map { PolicyError(code: $0.code.rawValue, message: $0.message, location: $0.location) }
      }
    }
    if !errors.isEmpty { throw PolicyErrors(errors) }
    return parsed
  }

  /// The same policies, where a builtin's error ends the evaluation.
  func withStrictBuiltinErrors() -> PolicyEngine {
    var engine = self
    engine.options.strictBuiltinErrors = true
    return engine
  }

  // MARK: Documents

  /// A document's path, prepared to be asked for again and again.
  public struct PreparedDocument: Sendable {
    fileprivate let query: QueryPlan
    fileprivate let plan: Plan
    fileprivate let group: Int?
  }

  /// Prepares the document at a path below `data`: `["agentgate", "decision"]`.
  public func prepare(document path: [String]) -> PreparedDocument {
    let (query, plan) = Compiler.compile(document: path.map { Text($0) }, on: plan)
    let node = plan.tree.node(at: path.map { Value.string(Text($0)) })
    return PreparedDocument(query: query, plan: plan, group: node?.group?.id)
  }

  /// Rules define the document, or base data has it; a path without either is undefined for any input.
  public func hasDocument(at path: [String]) -> Bool {
    let keys = path.map { Value.string(Text($0)) }
    return plan.tree.node(at: keys) != nil || data.at(keys) != nil
  }

  /// The document's value for this input; absent when it is undefined.
  public func decide(
    _ document: PreparedDocument, input: Value?, budget: EvaluationBudget = .standard
  ) throws(EvaluationError) -> Value? {
    try evaluator(document.plan, input, budget).rows(document.query).first?.first
  }

  /// Also lists the rule definitions that gave the value, in the order of the policy.
  public func decide(
    _ document: PreparedDocument, input: Value?, budget: EvaluationBudget = .standard, rules: inout [RuleMatch]
  ) throws(EvaluationError) -> Value? {
    let evaluator = evaluator(document.plan, input, budget)
    evaluator.watchedGroup = document.group
    let value = try evaluator.rows(document.query).first?.first
    if let group = document.group {
      let name = plan.groups[group].group.name
      let matches = evaluator.matches.sorted { ($0.file, $0.offset) < ($1.file, $1.offset) }
      for location in matches {
        rules.append(RuleMatch(path: name, file: location.file, row: location.row, column: location.column))
      }
    }
    return value
  }

  public func decide(
    _ path: [String], input: Value?, budget: EvaluationBudget = .standard
  ) throws(EvaluationError) -> Value? {
    try decide(prepare(document: path), input: input, budget: budget)
  }

  public func decide(
    _ path: [String], input: Value?, budget: EvaluationBudget = .standard, rules: inout [RuleMatch]
  ) throws(EvaluationError) -> Value? {
    try decide(prepare(document: path), input: input, budget: budget, rules: &rules)
  }

  // MARK: Queries

  /// A query's text, compiled.
  public struct PreparedQuery: Sendable {
    fileprivate let query: QueryPlan
    fileprivate let plan: Plan
  }

  public func prepare(query text: String) throws(PolicyErrors) -> PreparedQuery {
    let body: Body
    do throws(SyntaxErrors) {
      body = try Parser.parseQuery(Source(file: "", text: text), version: options.version)
    } catch {
      throw PolicyErrors(
        error.errors.map { PolicyError(code: $0.code.rawValue, message: $0.message, location: $0.location) })
    }
    let (query, plan) = try Compiler.compile(query: body, on: plan)
    return PreparedQuery(query: query, plan: plan)
  }

  /// Every way in which the query holds; none when it is undefined.
  public func evaluate(
    _ prepared: PreparedQuery, input: Value?, budget: EvaluationBudget = .interactive
  ) throws(EvaluationError) -> [QueryResult] {
    let query = prepared.query
    let rows = try evaluator(prepared.plan, input, budget).rows(query)
    return rows.map { row in
      QueryResult(
        expressions: zip(query.expressions, row).map { location, value in
          QueryResult.Expression(value: value, text: location.text, row: location.row, column: location.column)
        },
        bindings: zip(query.variables, row[query.expressions.count...]).map { ($0.string, $1) })
    }
  }

  private func evaluator(_ plan: Plan, _ input: Value?, _ budget: EvaluationBudget) -> Evaluator {
    Evaluator(
      plan: plan, input: input, data: data, budget: budget, strictBuiltinErrors: options.strictBuiltinErrors,
      now: Self.now())
  }

  /// Nanoseconds since 1970; 0 when the system has no clock.
  private static func now() -> Int64 {
    var time = timespec()
    guard clock_gettime(CLOCK_REALTIME, &time) == 0 else { return 0 }
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// A rule definition that gave a document its value.
public struct RuleMatch: Sendable, Equatable {
  /// `data.agentgate.decision`
  public let path: String
  public let file: String
  /// From 1.
  public let row: Int
  /// From 1.
  public let column: Int
}

/// One way in which a query holds.
public struct QueryResult: Sendable {
  public struct Expression: Sendable {
    public let value: Value
    /// As the query has it.
    public let text: String
    public let row: Int
    public let column: Int
  }
  public let expressions: [Expression]
  /// By name; wildcards are left out.
  public let bindings: [(name: String, value: Value)]

  /// OPA's form: `{"expressions": [{"value", "text", "location": {"row", "col"}}], "bindings": {…}}`, where bindings
  /// are left out when there are none.
  public var value: Value {
    var pairs: [(Value, Value)] = [
      (
        "expressions",
        .array(
          expressions.map { expression in
            .object(
              ObjectValue([
                ("value", expression.value), ("text", .string(Text(expression.text))),
                (
                  "location",
                  .object(ObjectValue([("row", .int(expression.row)), ("col", .int(expression.column))]))
                ),
              ]))
          })
      )
    ]
    if !bindings.isEmpty {
      pairs.append(("bindings", .object(ObjectValue(bindings.map { (.string(Text($0.name)), $0.value) }))))
    }
    return .object(ObjectValue(pairs))
  }
}
