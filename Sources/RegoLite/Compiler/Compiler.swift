/// The passes in order, from syntax trees to a plan. A pass that finds mistakes ends the compilation with all of them.
enum Compiler {
  static func compile(_ modules: [Module], data: Value) throws(PolicyErrors) -> Plan {
    let collected = CollectRules(modules)
    let tree = RuleTree(root: collected.root, groups: collected.groups)
    var planner = Planner(tree: tree)
    var plan = planner.planRules()
    let errors = collected.errors + dataConflicts(tree.root, data, path: []) + planner.errors
    try check(errors + (errors.contains { $0.stage < .recursion } ? [] : CheckRecursion(plan).errors))
    let types = CheckTypes(plan, planner.bodies)
    try check(types.errors)
    plan.types = types.types
    return plan
  }

  static func compile(query: Body, on plan: Plan) throws(PolicyErrors) -> (QueryPlan, Plan) {
    var planner = Planner(extending: plan)
    let query = planner.query(query, module: .query)
    try check(planner.errors)
    let (steps, slotNames) = planner.querySteps
    try check(CheckTypes.errors(in: steps, slotNames: slotNames, on: plan))
    return (query, plan.with(lookups: planner.finishLookups()))
  }

  static func compile(document path: [Text], on plan: Plan) -> (QueryPlan, Plan) {
    var planner = Planner(extending: plan)
    let query = planner.document(at: path)
    return (query, plan.with(lookups: planner.finishLookups()))
  }

  private static func check(_ errors: [PolicyError]) throws(PolicyErrors) {
    if !errors.isEmpty { throw PolicyErrors(errors) }
  }

  /// Rules whose place base data has taken.
  private static func dataConflicts(_ node: RuleNode, _ data: Value, path: [Value]) -> [PolicyError] {
    if let group = node.group {
      let place = path.map { $0.asString ?? $0.regoDescription }.joined(separator: "/")
      guard let location = (group.definitions.first ?? group.defaults.first)?.rule.location else { return [] }
      return [.compile("conflicting rule for data path \(place) found", at: location, .conflicts)]
    }
    var errors: [PolicyError] = []
    for key in node.sortedKeys {
      if let child = node.children[key], let below = data[key] {
        errors += dataConflicts(child, below, path: path + [key])
      }
    }
    return errors
  }
}

extension Plan {
  fileprivate func with(lookups: [LookupPlan]) -> Plan {
    var plan = self
    plan.lookups = lookups
    return plan
  }
}
