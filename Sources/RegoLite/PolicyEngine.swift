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
    /// The language of this module where it isn't that of `Options.version`, as a bundle's manifest may say.
    public var version: RegoVersion?
    public init(file: String, text: String, version: RegoVersion? = nil) {
      self.file = file
      self.text = text
      self.version = version
    }
  }

  public struct Options: Sendable {
    /// The language of modules that don't say `import rego.v1`, and of queries.
    public var version: RegoVersion
    /// A builtin's error ends the evaluation instead of leaving the expression undefined.
    public var strictBuiltinErrors: Bool
    /// Base data may stand where a rule is: the data then wins. Otherwise such a rule is an error.
    public var allowsDataConflicts: Bool
    /// What `print` says goes to the observation; otherwise `print` does nothing.
    public var keepsPrint = false
    /// Evaluations can be explained, profiled and measured for coverage, and take longer.
    public var isObserved = false
    /// Documents may be compiled against the base data, where the policy allows it: decisions then take a fraction of the
    /// time. `AGENTGATE_OPTIMIZE=off` is for finding a fault.
    public var optimizes = PolicyEngine.optimizes
    /// Queries, too: worth it for those that are asked many times.
    public var optimizesQueries = false
    /// Unused locals and imports, shadowed names and deprecated builtins are errors.
    public var strict: Bool
    /// Calls of builtins that RegoLite doesn't have yet compile, and end the evaluation that comes to one. Otherwise
    /// such a call is an error, unless a `with` somewhere in the modules replaces the builtin.
    public var allowsUnsupportedBuiltins: Bool

    public init(
      version: RegoVersion = .v1, strictBuiltinErrors: Bool = false, allowsDataConflicts: Bool = false,
      strict: Bool = false, allowsUnsupportedBuiltins: Bool = false
    ) {
      self.version = version
      self.strictBuiltinErrors = strictBuiltinErrors
      self.allowsDataConflicts = allowsDataConflicts
      self.strict = strict
      self.allowsUnsupportedBuiltins = allowsUnsupportedBuiltins
    }
  }

  private let plan: Plan
  private let data: Value
  private var options: Options

  /// Parses and compiles the modules against the data. Throws the syntax errors of all modules; without any, what the
  /// compiler's passes find: of a definition nothing that might only follow from what an earlier pass found in it.
  public init(modules: [ModuleSource], data: Value, options: Options = Options()) throws(PolicyErrors) {
    try self.init(parsed: Self.parse(modules, version: options.version), data: data, options: options)
  }

  init(parsed: [Module], data: Value, options: Options = Options()) throws(PolicyErrors) {
    plan = try Compiler.compile(parsed, data: data, options: options)
    self.data = data
    self.options = options
  }

  static func parse(_ modules: [ModuleSource], version: RegoVersion) throws(PolicyErrors) -> [Module] {
    var parsed: [Module] = []
    var errors: [PolicyError] = []
    for module in modules {
      do throws(SyntaxErrors) {
        let source = Source(file: module.file, text: module.text)
        parsed.append(try Parser.parseModule(source, version: module.version ?? version))
      } catch {
        errors += PolicyErrors(error).errors
      }
    }
    if !errors.isEmpty { throw PolicyErrors(errors) }
    return parsed
  }

  // MARK: Documents

  /// A document's path, prepared to be asked for again and again.
  public struct PreparedDocument: @unchecked Sendable {
    // INVARIANT: what `tables` points to doesn't change, and lives as long as `program`.
    fileprivate let query: QueryPlan
    fileprivate let plan: Plan
    fileprivate let group: Int?
    /// Absent when the evaluator has to run the plan itself.
    let program: Program?
    /// The program's.
    let tables: UnsafePointer<Program.Tables>?
  }

  /// Prepares the document at a path below `data`: `["agentgate", "decision"]`. With `compiling`, for decisions on text,
  /// of which there are many.
  public func prepare(document path: [String], compiling: Bool = false) -> PreparedDocument {
    let (query, plan) = Compiler.compile(document: path.map { Text($0) }, on: plan)
    let node = plan.tree.node(at: path.map { Value.string(Text($0)) })
    let program = program(query, on: plan, compiling && options.optimizes)
    return PreparedDocument(
      query: query, plan: plan, group: node?.group?.id, program: program, tables: program?.tables)
  }

  private func program(_ query: QueryPlan, on plan: Plan, _ optimizes: Bool) -> Program? {
    guard optimizes, !options.isObserved else { return nil }
    return ProgramCompiler.program(query, on: plan, data: data, isStrict: options.strictBuiltinErrors)
  }

  /// Rules define the document, or base data has it; a path without either is undefined for any input.
  public func hasDocument(at path: [String]) -> Bool {
    let keys = path.map { Value.string(Text($0)) }
    return plan.tree.node(at: keys) != nil || data.at(keys) != nil
  }

  /// The document's value for this input; absent when it is undefined.
  public func decide(
    _ document: PreparedDocument, input: Value?, budget: EvaluationBudget = .standard,
    observation: Observation? = nil
  ) throws(EvaluationError) -> Value? {
    try evaluator(document.plan, input, budget, observation).rows(document.query).first?.first
  }

  /// Also lists the rule definitions that gave the value, in the order of the policy.
  public func decide(
    _ document: PreparedDocument, input: Value?, budget: EvaluationBudget = .standard, rules: inout [RuleMatch]
  ) throws(EvaluationError) -> Value? {
    let evaluator = evaluator(document.plan, input, budget, nil)
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
    fileprivate let program: Program?
  }

  /// Where a query's names are looked up: as if it stood in a module of the package with the imports.
  public struct QueryContext: Sendable {
    /// `a.b`, without `data`; absent for none.
    public var package: String?
    /// As they stand after `import`: `data.lib.f`, `input.user as u`.
    public var imports: [String]

    public init(package: String? = nil, imports: [String] = []) {
      self.package = package
      self.imports = imports
    }
  }

  public func prepare(
    query text: String, in context: QueryContext = QueryContext()
  ) throws(PolicyErrors) -> PreparedQuery {
    let scope = try scope(of: context)
    let body: Body
    let source = Source(file: "", text: text)
    do throws(SyntaxErrors) {
      body = try Parser.parseQuery(source, version: scope.version)
    } catch {
      throw PolicyErrors(error)
    }
    if body.isEmpty {
      throw PolicyErrors([
        PolicyError(
          code: SyntaxError.Code.parse.rawValue, message: "cannot evaluate empty query",
          location: Location(source, offset: 0, length: 0))
      ])
    }
    let (query, plan) = try Compiler.compile(query: body, in: scope, on: plan, options: options)
    return PreparedQuery(query: query, plan: plan, program: program(query, on: plan, options.optimizesQueries))
  }

  private func scope(of context: QueryContext) throws(PolicyErrors) -> ModuleScope {
    if context.package == nil, context.imports.isEmpty {
      return ModuleScope(version: options.version, packagePath: [], globals: [:])
    }
    let header = ["package \(context.package ?? "query")"] + context.imports.map { "import \($0)" }
    do throws(SyntaxErrors) {
      let source = Source(file: "", text: header.joined(separator: "\n"))
      let module = try Parser.parseModule(source, version: options.version)
      return CollectRules.scope(of: module, ruleNames: context.package == nil ? [] : ruleNames(in: module.package.path))
    } catch {
      throw PolicyErrors(error)
    }
  }

  private func ruleNames(in package: [Text]) -> Set<Text> {
    var names: Set<Text> = []
    for group in plan.tree.groups {
      for definition in group.definitions + group.defaults where definition.module.packagePath == package {
        names.insert(definition.rule.head.name)
      }
    }
    return names
  }

  /// Every way in which the query holds; none when it is undefined.
  public func evaluate(
    _ prepared: PreparedQuery, input: Value?, budget: EvaluationBudget = .interactive, observation: Observation? = nil
  ) throws(EvaluationError) -> [QueryResult] {
    let query = prepared.query
    var known: [[Value]]?
    if let program = prepared.program, observation == nil {
      known = try program.rows(input: input, budget: budget)
    }
    let rows: [[Value]]
    if let known { rows = known } else { rows = try evaluator(prepared.plan, input, budget, observation).rows(query) }
    return rows.map { row in
      QueryResult(
        expressions: zip(query.expressions, row).map { location, value in
          QueryResult.Expression(value: value, text: location.text, row: location.row, column: location.column)
        },
        bindings: zip(query.variables, row[query.expressions.count...]).map { ($0.string, $1) })
    }
  }

  private func evaluator(
    _ plan: Plan, _ input: Value?, _ budget: EvaluationBudget, _ observation: Observation?
  ) -> Evaluator {
    Evaluator(
      plan: plan, input: input, data: data, budget: budget, strictBuiltinErrors: options.strictBuiltinErrors,
      now: Self.now(), observation: observation)
  }

  /// The report on what evaluations of this engine have reached: see `Observation.coverage`.
  public func report(on coverage: Coverage) -> CoverageReport { CoverageReport(coverage, of: plan.tree) }

  /// `AGENTGATE_OPTIMIZE` isn't `off`.
  public static let optimizes: Bool = {
    guard let setting = getenv("AGENTGATE_OPTIMIZE") else { return true }
    return strcmp(setting, "off") != 0
  }()

  /// Nanoseconds since 1970; 0 when the system has no clock.
  static func now() -> Int64 {
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
}
