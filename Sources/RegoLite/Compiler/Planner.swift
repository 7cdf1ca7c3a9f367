/// Turns checked rules into a plan. One planner plans all rules of an engine; a query on top of them gets one of its
/// own that shares the plan's groups.
struct Planner {
  let tree: RuleTree
  private(set) var errors: [PolicyError] = []
  /// The definitions' steps, for the type check.
  private(set) var bodies: [TypedBody] = []
  /// A query's.
  private(set) var querySteps: (steps: [Step], slotNames: [Text?]) = ([], [])
  private let lookups: LookupRegistry
  /// The groups that the definition at hand reads.
  private(set) var dependencies: Set<Int> = []

  init(tree: RuleTree) {
    self.tree = tree
    lookups = LookupRegistry([])
  }

  /// Plans on top of `plan`, whose lookups keep their numbers.
  init(extending plan: Plan) {
    tree = plan.tree
    lookups = LookupRegistry(plan.lookups)
  }

  // MARK: Rules

  /// The plan of all groups; check `errors` before using it.
  mutating func planRules() -> Plan {
    var groups: [GroupPlan] = []
    for group in tree.groups { groups.append(plan(group)) }
    return Plan(groups: groups, lookups: finishLookups(), tree: tree)
  }

  /// Plans what was asked for since the last time.
  mutating func finishLookups() -> [LookupPlan] {
    while let key = lookups.nextMissing { lookups.plans.append(lookup(key)) }
    return lookups.plans
  }

  private mutating func plan(_ group: RuleGroup) -> GroupPlan {
    dependencies = []
    var plan = GroupPlan(
      group: group, frameSize: 0, definitions: [], defaults: [], hasOneValue: false, dependencies: [])
    var values: Set<Value> = []
    var hasConstantValues = true
    for definition in group.definitions {
      let (planned, frameSize, value) = self.definition(definition, group: group, keyCount: 0)
      plan.definitions.append(planned)
      plan.frameSize = max(plan.frameSize, frameSize)
      if let value { values.insert(value) } else { hasConstantValues = false }
    }
    for definition in group.defaults {
      let (planned, frameSize, _) = self.definition(definition, group: group, keyCount: 0)
      plan.defaults.append(planned)
      plan.frameSize = max(plan.frameSize, frameSize)
    }
    switch group.kind {
    case .complete, .function: plan.hasOneValue = hasConstantValues && values.count == 1
    case .set, .document: break
    }
    plan.dependencies = dependencies
    return plan
  }

  private mutating func lookup(_ key: LookupRegistry.Key) -> LookupPlan {
    let group = tree.groups[key.group]
    var plan = LookupPlan(group: key.group, keyCount: key.keyCount, frameSize: 0, definitions: [], defaults: [])
    let reported = errors.count
    for definition in group.definitions {
      let (planned, frameSize, _) = self.definition(definition, group: group, keyCount: key.keyCount)
      plan.definitions.append(planned)
      plan.frameSize = max(plan.frameSize, frameSize)
    }
    for definition in group.defaults {
      let (planned, frameSize, _) = self.definition(definition, group: group, keyCount: key.keyCount)
      plan.defaults.append(planned)
      plan.frameSize = max(plan.frameSize, frameSize)
    }
    // What is wrong in a definition has been said when the whole group was planned.
    errors.removeLast(errors.count - reported)
    return plan
  }

  /// Plans one definition. With a `keyCount`, parameters 0..<keyCount hold the first keys below the group's path. The
  /// constant value is given when the definition's only value is one.
  private mutating func definition(
    _ definition: RuleGroup.Definition, group: RuleGroup, keyCount: Int
  ) -> (DefinitionPlan, frameSize: Int, constant: Value?) {
    let rule = definition.rule
    var arity = keyCount
    // Definitions of different arities are a conflict, which is reported only after this.
    if case .function(let count) = group.kind { arity = max(count, rule.head.arguments?.count ?? 0) }
    var branches: [Block] = []
    var locations: [Location] = []
    var frameSize = 0
    var constant: Value?
    var isOneValue = true

    var values: [(value: Term?, body: Body, location: Location)] = []
    if case .value(let value) = rule.head.kind { values.append((value, rule.body, rule.location)) }
    if case .contains = rule.head.kind { values.append((nil, rule.body, rule.location)) }
    for branch in rule.elseBranches { values.append((branch.value, branch.body, branch.location)) }

    for (value, body, location) in values {
      var names = ResolveNames(module: definition.module, tree: tree, parameters: arity)
      var steps: [Step] = []
      names.openScope()
      for (index, term) in (rule.head.arguments ?? []).enumerated() {
        names.argument(term, parameter: index, into: &steps)
      }
      names.openScope()
      names.body(body, into: &steps)
      var path: [Atom] = []
      for term in definition.suffix { path.append(names.atom(term, with: nil, into: &steps)) }
      let result: Atom
      var isMember = false
      switch rule.head.kind {
      case .contains(let element):
        isMember = true
        result = names.atom(element, with: nil, into: &steps)
      case .value:
        result = value.map { names.atom($0, with: nil, into: &steps) } ?? .constant(.boolean(true))
      }
      names.closeScope()
      names.closeScope()
      errors += names.errors

      if keyCount == 0 {
        bodies.append(
          TypedBody(
            group: group.id, suffix: path, isMember: isMember, arity: arity, steps: steps, result: result,
            slotNames: names.slotNames, location: rule.head.location))
      }

      // A lookup's keys take the place of the head's first terms; what is left of the path stays to be built.
      var keyed = path
      if isMember { keyed.append(result) }
      for (index, atom) in keyed.prefix(keyCount).enumerated() {
        steps.insert(Step(kind: .unify(.local(index), atom), with: nil, location: rule.head.location), at: index)
      }
      let builder = BodyPlanner(names: names, bound: 0..<arity, tree: tree, lookups: lookups)
      let end: (inout BodyPlanner) -> Void = { body in
        guard body.requires(keyed + (isMember ? [] : [result]), at: value?.location ?? rule.head.location) else {
          return
        }
        let value = body.operand(result, at: rule.head.location)
        switch group.kind {
        case .complete, .function:
          body.append(.emitValue(value, isFinal: result.constantValue != nil), at: rule.head.location)
        case .set, .document:
          if keyCount > keyed.count {
            body.emitBelow(value, keys: keyed.count..<keyCount, at: rule.head.location)
          } else if isMember, keyCount == keyed.count {
            body.append(.emitValue(value, isFinal: true), at: rule.head.location)
          } else {
            let rest = path.dropFirst(keyCount).map { body.operand($0, at: rule.head.location) }
            if case .set = group.kind {
              body.append(.emitSet(value), at: rule.head.location)
            } else {
              body.append(.emitDocument(path: rest, value, isMember: isMember), at: rule.head.location)
            }
          }
        }
      }
      let planned = builder.plan(steps, end: end)
      let block = planned.root
      adopt(planned)
      frameSize = max(frameSize, planned.frameSize)
      branches.append(block)
      if let value = result.constantValue {
        if constant == nil { constant = value } else if constant != value { isOneValue = false }
      } else {
        isOneValue = false
      }
      locations.append(location)
    }
    let plan = DefinitionPlan(branches: branches, locations: locations)
    return (plan, frameSize, isOneValue ? constant : nil)
  }

  /// Takes over what a body's planning has found.
  private mutating func adopt(_ body: BodyPlanner) {
    errors += body.errors
    dependencies.formUnion(body.dependencies)
  }

  // MARK: Queries

  mutating func query(_ body: Body, module: ModuleScope) -> QueryPlan {
    var names = ResolveNames(module: module, tree: tree, parameters: 0, isQuery: true)
    var steps: [Step] = []
    names.openScope()
    var captures: [Slot] = []
    let shown = body.filter { if case .someDeclaration = $0.kind { false } else { true } }
    for expression in body {
      if case .someDeclaration = expression.kind {
        names.expression(expression, into: &steps)
        continue
      }
      let capture = names.newSlot(nil)
      captures.append(capture)
      names.expression(expression, capture: capture, into: &steps)
    }
    // As in OPA, a query of one expression without loops shows a false value; any other holds for true ones only.
    if body.count > 1 || body.contains(where: \.iterates) {
      for (capture, expression) in zip(captures, shown) {
        steps.append(Step(kind: .holds(.local(capture)), with: nil, location: expression.location))
      }
    }
    let variables = names.namedSlots()
    names.closeScope()
    errors += names.errors
    querySteps = (steps, names.slotNames)
    let location = body.first?.location ?? Location(Source(file: "", text: ""), offset: 0, length: 0)
    let planned = BodyPlanner(names: names, bound: 0..<0, tree: tree, lookups: lookups).plan(steps) { body in
      let row = captures.map { Operand.local($0) } + variables.map { Operand.local($0.slot) }
      body.append(.emitRow(row), at: location)
    }
    adopt(planned)
    return QueryPlan(
      frameSize: planned.frameSize, block: planned.root, variables: variables.map(\.name),
      expressions: shown.map(\.location))
  }

  /// The document at a path below `data`, as a query with one value and no variables.
  mutating func document(at path: [Text]) -> QueryPlan {
    let location = Location(Source(file: "", text: "data"), offset: 0, length: 4)
    var names = ResolveNames(module: .query, tree: tree, parameters: 0)
    let result = names.newSlot(nil)
    let step = Step(
      kind: .reference(result: .local(result), base: .data, path: path.map { .constant(.string($0)) }), with: nil,
      location: location)
    let planned = BodyPlanner(names: names, bound: 0..<0, tree: tree, lookups: lookups).plan([step]) { body in
      body.append(.emitRow([.local(result)]), at: location)
    }
    adopt(planned)
    return QueryPlan(frameSize: planned.frameSize, block: planned.root, variables: [], expressions: [location])
  }

}

/// The lookups that bodies have asked for, and their plans as far as they are made.
final class LookupRegistry {
  struct Key: Hashable {
    let group: Int
    let keyCount: Int
  }
  private var keys: [Key]
  private var ids: [Key: Int] = [:]
  /// Of the first keys.
  var plans: [LookupPlan]

  init(_ plans: [LookupPlan]) {
    self.plans = plans
    keys = plans.map { Key(group: $0.group, keyCount: $0.keyCount) }
    for (id, key) in keys.enumerated() { ids[key] = id }
  }

  /// The number of the lookup of a group's document at its first keys.
  func id(group: Int, keyCount: Int) -> Int {
    let key = Key(group: group, keyCount: keyCount)
    if let id = ids[key] { return id }
    ids[key] = keys.count
    keys.append(key)
    return keys.count - 1
  }

  /// The next one to plan.
  var nextMissing: Key? { plans.count < keys.count ? keys[plans.count] : nil }
}
