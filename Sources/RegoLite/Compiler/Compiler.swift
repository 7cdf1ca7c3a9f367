/// The passes in order, from syntax trees to a plan. A definition with mistakes is left out of the later passes, which go
/// on with the others: so that one run shows the mistakes of all stages.
enum Compiler {
  static func compile(
    _ modules: [Module], data: Value, options: PolicyEngine.Options
  ) throws(PolicyErrors) -> Plan {
    try ThreadStack.withRoom { () throws(PolicyErrors) in try plan(modules, data: data, options: options) }
  }

  static func compile(
    query: Body, in scope: ModuleScope, on plan: Plan, options: PolicyEngine.Options
  ) throws(PolicyErrors) -> (QueryPlan, Plan) {
    try ThreadStack.withRoom { () throws(PolicyErrors) in
      try self.plan(query: query, in: scope, on: plan, options: options)
    }
  }

  static func compile(document path: [Text], on plan: Plan) -> (QueryPlan, Plan) {
    ThreadStack.withRoom { self.plan(document: path, on: plan) }
  }

  // Trees of a module may be too deep for the stack of the thread that asks.

  private static func plan(
    _ modules: [Module], data: Value, options: PolicyEngine.Options
  ) throws(PolicyErrors) -> Plan {
    let collected = CollectRules(modules, isStrict: options.strict)
    let tree = RuleTree(root: collected.root, groups: collected.groups)
    var planner = Planner(tree: tree, options: PlanOptions(options))
    var plan = planner.planRules()
    plan.replacedBuiltins = planner.replacedBuiltins
    let recursion = CheckRecursion(plan)
    var found = collected.errors + planner.errors + recursion.errors
    if options.strict { found += unusedImports(of: modules, used: planner.usedGlobals) }
    if !options.allowsDataConflicts { found += dataConflicts(collected.groups, data) }
    if !options.allowsUnsupportedBuiltins { found += planner.unsupportedCalls(replaced: plan.replacedBuiltins) }
    let mistakes = Mistakes(found, in: modules, groups: collected.groups, recursive: recursion.groups)
    let types = CheckTypes(plan, planner.bodies, mistakes)
    try check(mistakes.errors + types.errors)
    plan.types = types.types
    let nesting = CheckNesting(plan)
    try check(nesting.errors)
    plan.heights = nesting.heights
    return plan
  }

  private static func plan(
    query: Body, in scope: ModuleScope, on plan: Plan, options: PolicyEngine.Options
  ) throws(PolicyErrors) -> (QueryPlan, Plan) {
    var planner = Planner(extending: plan)
    let query = planner.query(query, module: scope)
    let replaced = plan.replacedBuiltins.union(planner.replacedBuiltins)
    var errors = planner.errors
    if !options.allowsUnsupportedBuiltins { errors += planner.unsupportedCalls(replaced: replaced) }
    let first = errors.map(\.stage).min()
    try check(errors.filter { $0.stage == first })
    let (steps, slotNames) = planner.querySteps
    try check(CheckTypes.errors(in: steps, slotNames: slotNames, on: plan))
    let extended = plan.with(lookups: planner.finishLookups())
    try check(CheckNesting(query, on: extended).errors)
    return (query, extended)
  }

  private static func plan(document path: [Text], on plan: Plan) -> (QueryPlan, Plan) {
    var planner = Planner(extending: plan)
    let query = planner.document(at: path)
    return (query, plan.with(lookups: planner.finishLookups()))
  }

  private static func check(_ errors: [PolicyError]) throws(PolicyErrors) {
    if !errors.isEmpty { throw PolicyErrors(errors) }
  }

  /// Imports of documents that no rule of their module names.
  private static func unusedImports(
    of modules: [Module], used: [ObjectIdentifier: Set<Text>]
  ) -> [PolicyError] {
    var errors: [PolicyError] = []
    for module in modules {
      let names = used[ObjectIdentifier(module.source)] ?? []
      for item in module.imports where item.path[0].isRoot && !names.contains(item.name) {
        errors.append(.compile("\(item.regoDescription) unused", at: item.location, .imports))
      }
    }
    return errors
  }

  /// Rules whose place base data has taken, or something on the way that has no parts.
  private static func dataConflicts(_ groups: [RuleGroup], _ data: Value) -> [PolicyError] {
    var errors: [PolicyError] = []
    for group in groups where place(in: data, at: group.path) != nil {
      var seen: Set<[Value]> = []
      for definition in group.definitions + group.defaults {
        var path = group.path
        for term in definition.suffix {
          guard case .scalar(let value) = term.kind else { break }
          path.append(value)
        }
        guard let place = place(in: data, at: path), seen.insert(path).inserted else { continue }
        errors.append(
          .compile("conflicting rule for data path \(place) found", at: definition.rule.location, .conflicts))
      }
    }
    return errors
  }

  /// The path as text, when the data has something there.
  private static func place(in data: Value, at path: [Value]) -> String? {
    var names: [String] = []
    var below: Value? = data
    for key in path {
      guard let name = key.asString else { return nil }
      names.append(name)
      if case .object(let object)? = below {
        guard let member = object[key] else { return nil }
        below = member
      } else {
        // What is no object takes the place of everything below it.
        below = nil
      }
    }
    return names.joined(separator: "/")
  }
}

extension Plan {
  fileprivate func with(lookups: [LookupPlan]) -> Plan {
    var plan = self
    plan.lookups = lookups
    return plan
  }
}
