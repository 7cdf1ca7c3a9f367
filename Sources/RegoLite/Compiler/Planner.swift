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
  private let options: PlanOptions
  /// The groups that the definition at hand reads.
  private(set) var dependencies: Set<Int> = []
  /// Builtins that a `with` replaces.
  private(set) var replacedBuiltins: Set<Text> = []
  private var unsupportedCalls: [(builtin: Text, location: Location)] = []
  /// By source, the imports and rules that its modules name.
  private(set) var usedGlobals: [ObjectIdentifier: Set<Text>] = [:]

  init(tree: RuleTree, options: PlanOptions) {
    self.tree = tree
    self.options = options
    lookups = LookupRegistry([])
  }

  /// Plans on top of `plan`, whose lookups keep their numbers.
  init(extending plan: Plan) {
    tree = plan.tree
    options = plan.options
    lookups = LookupRegistry(plan.lookups)
  }

  /// The errors of calls that reach for a builtin which isn't there: all but those of replaced ones.
  func unsupportedCalls(replaced: Set<Text>) -> [PolicyError] {
    unsupportedCalls.filter { !replaced.contains($0.builtin) }
      .map { .type("\($0.builtin) is not supported yet", at: $0.location, .calls) }
  }

  // MARK: Rules

  /// The plan of all groups; check `errors` before using it.
  mutating func planRules() -> Plan {
    var groups: [GroupPlan] = []
    for group in tree.groups { groups.append(plan(group)) }
    return Plan(groups: groups, lookups: finishLookups(), tree: tree, options: options)
  }

  /// Plans what was asked for since the last time.
  mutating func finishLookups() -> [LookupPlan] {
    while let key = lookups.nextMissing { lookups.plans.append(lookup(key)) }
    return lookups.plans
  }

  private mutating func plan(_ group: RuleGroup) -> GroupPlan {
    dependencies = []
    var plan = GroupPlan(
      group: group, frameSize: 0, definitions: [], defaults: [], oneValue: .never, dependencies: [])
    var canFail = false
    var tests: [[BranchTests]] = []
    for definition in group.definitions {
      let planned = self.definition(definition, group: group, keyCount: 0)
      plan.definitions.append(planned.plan)
      plan.frameSize = max(plan.frameSize, planned.frameSize)
      canFail = canFail || planned.canFail
      tests.append(planned.tests)
    }
    switch group.kind {
    case .complete, .function:
      let isGuarded = canFail && plan.definitions.contains { $0.index.contains(where: \.asksAnything) }
      plan.oneValue = oneValue(plan.definitions, isGuarded: isGuarded)
      plan.isGuarded = isGuarded && (plan.oneValue == .perhaps || plan.definitions.count > 1)
      plan.isReordered = plan.isGuarded && plan.definitions.contains { $0.branches.count > 1 }
    case .set, .document: break
    }
    // Nobody else asks which definitions could hold.
    if plan.isGuarded, options.endsOnErrors || plan.oneValue == .perhaps {
      for (number, tests) in tests.enumerated() { plan.definitions[number].guards = guards(tests, &plan.frameSize) }
    }
    sort(&plan.definitions, of: group)
    for definition in group.defaults {
      let planned = self.definition(definition, group: group, keyCount: 0)
      plan.defaults.append(planned.plan)
      plan.frameSize = max(plan.frameSize, planned.frameSize)
    }
    plan.dependencies = dependencies
    return plan
  }

  /// A branch's index tests, and what it takes to plan them on their own.
  private struct BranchTests {
    let index: IndexTests
    let arity: Int
    let slotNames: [Text?]
    let argumentSlots: BitSet
    let location: Location
  }

  /// Each branch's index tests alone; absent where there are none.
  private func guards(_ branches: [BranchTests], _ frameSize: inout Int) -> [Block?] {
    branches.map { branch in
      var slotNames = branch.slotNames
      let steps = branch.index.steps {
        slotNames.append(nil)
        return slotNames.count - 1
      }
      if steps.isEmpty { return nil }
      let builder = BodyPlanner(
        slotNames: slotNames, argumentSlots: branch.argumentSlots, isObserved: options.isObserved,
        bound: 0..<branch.arity, tree: tree, lookups: lookups)
      let planned = builder.plan(steps) { $0.append(.succeed, at: branch.location) }
      frameSize = max(frameSize, planned.frameSize)
      return planned.root
    }
  }

  /// Which definitions could hold shows in nothing but in errors: `isGuarded` when it may show there.
  private func oneValue(_ definitions: [DefinitionPlan], isGuarded: Bool) -> OneValue {
    let values = Set(definitions.flatMap(\.values))
    if values.count == 1, values.first != .some(nil) { return .always }
    return isGuarded && values.contains { $0 != nil } ? .perhaps : .never
  }

  /// Puts definitions that share an index into the order in which OPA finds them there.
  private func sort(_ definitions: inout [DefinitionPlan], of group: RuleGroup) {
    guard definitions.count > 1 else { return }
    let shareOneIndex = group.definitions.allSatisfy { definition in
      guard let first = definition.suffix.first, case .scalar = first.kind else { return true }
      return false
    }
    guard shareOneIndex else { return }
    let ranks = IndexTests.ranks(of: definitions.map(\.index))
    for (number, own) in ranks.enumerated() { definitions[number].ranks = own }
    let order = IndexTests.order(ranks)
    definitions = order.map { definitions[$0] }
  }

  private mutating func lookup(_ key: LookupRegistry.Key) -> LookupPlan {
    let group = tree.groups[key.group]
    var plan = LookupPlan(group: key.group, keyCount: key.keyCount, frameSize: 0, definitions: [], defaults: [])
    let reported = errors.count
    for definition in group.definitions {
      let planned = self.definition(definition, group: group, keyCount: key.keyCount)
      plan.definitions.append(planned.plan)
      plan.frameSize = max(plan.frameSize, planned.frameSize)
    }
    sort(&plan.definitions, of: group)
    for definition in group.defaults {
      let planned = self.definition(definition, group: group, keyCount: key.keyCount)
      plan.defaults.append(planned.plan)
      plan.frameSize = max(plan.frameSize, planned.frameSize)
    }
    // What is wrong in a definition has been said when the whole group was planned.
    errors.removeLast(errors.count - reported)
    return plan
  }

  /// Plans one definition. With a `keyCount`, parameters 0..<keyCount hold the first keys below the group's path.
  private mutating func definition(
    _ definition: RuleGroup.Definition, group: RuleGroup, keyCount: Int
  ) -> (plan: DefinitionPlan, frameSize: Int, canFail: Bool, tests: [BranchTests]) {
    let rule = definition.rule
    var arity = keyCount
    // Definitions of different arities are a conflict, which is reported only after this.
    if case .function(let count) = group.kind { arity = max(count, rule.head.arguments?.count ?? 0) }
    var branches: [Block] = []
    var locations: [Location] = []
    var index: [IndexTests] = []
    var reads: [Set<Int>] = []
    var frameSize = 0
    var constants: [Value?] = []
    var tests: [BranchTests] = []
    var canFail = false

    var values: [(value: Term?, body: Body, location: Location)] = []
    if case .value(let value) = rule.head.kind { values.append((value, rule.body, rule.location)) }
    if case .contains = rule.head.kind { values.append((nil, rule.body, rule.location)) }
    for branch in rule.elseBranches { values.append((branch.value, branch.body, branch.location)) }

    /// Arguments that no branch has read so far.
    var unused: Set<Text>?
    for (branch, (value, body, location)) in values.enumerated() {
      var names = ResolveNames(
        module: definition.module, tree: tree, parameters: arity, options: options,
        metadata: (definition.metadata, isElse: branch > 0))
      var steps: [Step] = []
      names.openScope()
      names.arguments(rule.head.arguments ?? [], into: &steps)
      names.openScope()
      names.body(body, into: &steps)
      let headSteps = steps.count
      names.isInHead = true
      var path: [Atom] = []
      // What has to be evaluated becomes an expression of the body in OPA, which may be where a variable is found unsafe.
      var evaluated: [Step] = []
      // A head with calls in it, but no reference, stays as it is.
      func note(_ atom: Atom, from start: Int, at location: Location) {
        var looksUp = start < 0
        for step in steps.dropFirst(max(start, 0)) {
          switch step.kind {
          case .reference(.local(let slot), _, _), .comprehension(.local(let slot), _, _, _):
            atom.forEachSlot { looksUp = looksUp || $0 == slot }
          case .call(.local(let slot), .builtin(let builtin), _) where builtin.name == "internal.template_string":
            atom.forEachSlot { looksUp = looksUp || $0 == slot }
          default: break
          }
        }
        if looksUp { evaluated.append(Step(kind: .holds(atom), with: nil, location: location)) }
      }
      for term in definition.suffix {
        let start = steps.count
        path.append(names.value(of: term, into: &steps))
        note(path[path.count - 1], from: term.isComposite ? -1 : start, at: term.location)
      }
      let valueStart = steps.count
      let result: Atom
      var isMember = false
      names.isHeadValue = true
      switch rule.head.kind {
      case .contains(let element):
        isMember = true
        result = names.value(of: element, into: &steps)
        note(result, from: valueStart, at: element.location)
        names.tag(&steps, from: headSteps, as: element.location)
      case .value:
        result = value.map { names.value(of: $0, into: &steps) } ?? .constant(.boolean(true))
        note(result, from: valueStart, at: value?.location ?? rule.head.location)
        names.tag(&steps, from: headSteps, as: value?.location ?? rule.head.location)
      }
      names.isHeadValue = false
      names.reportUndeclared(after: steps)
      names.closeScope()
      unused = unused.map { $0.intersection(names.unusedArguments) } ?? names.unusedArguments
      names.closeScope()
      errors += names.errors
      if keyCount == 0 { adopt(names, from: rule.location.source) }

      if keyCount == 0 {
        bodies.append(
          TypedBody(
            group: group.id, suffix: path, isMember: isMember, arity: arity, steps: steps, result: result,
            slotNames: names.slotNames, location: rule.head.location))
      }

      if keyCount == 0 {
        let places = definition.suffix.map(\.location) + [value?.location ?? location]
        checkHead(Array(zip(path + [result], places)), of: steps, names, arity: arity, rule: location)
      }
      names.finishIndex()
      index.append(names.index)
      let branchCanFail = steps.contains(where: \.canFail)
      canFail = canFail || branchCanFail
      tests.append(
        BranchTests(
          index: names.index, arity: arity, slotNames: names.slotNames, argumentSlots: names.argumentSlots,
          location: location))
      if branchCanFail {
        var order = OrderSteps(steps, arguments: names.argumentSlots, named: BitSet(named: names.slotNames))
        let own = names.index
        let first = own.steps(upToFailure: order.all(bound: BoundSlots(0..<arity), upTo: \.canFail)) {
          names.newSlot(nil)
        }
        steps.insert(contentsOf: first, at: 0)
      }

      // A lookup's keys take the place of the head's first terms; what is left of the path stays to be built.
      var keyed = path
      if isMember { keyed.append(result) }
      for (index, atom) in keyed.prefix(keyCount).enumerated() {
        steps.insert(Step(kind: .unify(.local(index), atom), with: nil, location: rule.head.location), at: index)
      }
      var builder = BodyPlanner(names: names, bound: 0..<arity, tree: tree, lookups: lookups)
      builder.evaluatedHead = evaluated
      let finality: Finality =
        result.constantValue == nil ? .goesOn : branchCanFail ? .endsWithOneValue : .ends
      let end: (inout BodyPlanner) -> Void = { body in
        guard body.requires(keyed + (isMember ? [] : [result]), at: value?.location ?? rule.head.location) else {
          return
        }
        let value = body.operand(result, at: rule.head.location)
        switch group.kind {
        case .complete, .function:
          body.append(.emitValue(value, finality), at: location)
        case .set, .document:
          if keyCount > keyed.count {
            body.emitBelow(value, keys: keyed.count..<keyCount, at: rule.head.location)
          } else if isMember, keyCount == keyed.count {
            body.append(.emitValue(value, .ends), at: rule.head.location)
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
      let isElse = !branches.isEmpty
      let planned = builder.plan(
        steps, as: (.rule, isElse ? location : rule.head.location, options.isObserved ? group.name : nil), end: end)
      let block = planned.root
      reads.append(planned.dependencies)
      adopt(planned)
      frameSize = max(frameSize, planned.frameSize)
      branches.append(block)
      constants.append(result.constantValue)
      locations.append(location)
    }
    if options.isStrict, keyCount == 0 {
      for name in (unused ?? []).sorted() {
        errors.append(
          .compile(
            "unused argument \(name). (hint: use _ (wildcard variable) instead)", at: rule.head.location))
      }
    }
    let plan = DefinitionPlan(
      branches: branches, locations: locations, index: index, values: constants, dependencies: reads)
    return (plan, frameSize, canFail, tests)
  }

  private mutating func adopt(_ names: ResolveNames, from source: Source? = nil) {
    if let source { usedGlobals[ObjectIdentifier(source), default: []].formUnion(names.usedGlobals) }
    unsupportedCalls += names.unsupportedCalls
    replacedBuiltins.formUnion(names.replacedBuiltins)
  }

  /// The variables of a head that its body doesn't even mention: OPA says so before it looks into any body.
  private mutating func checkHead(
    _ head: [(atom: Atom, location: Location)], of steps: [Step], _ names: ResolveNames, arity: Int, rule: Location
  ) {
    var mentioned = BitSet()
    for step in steps { for slot in step.slots { mentioned.insert(slot) } }
    for (atom, place) in head {
      // OPA names the rule's line.
      let location = place.row == rule.row ? place : rule
      atom.forEachSlot { slot in
        guard slot >= arity, mentioned.insert(slot), slot < names.slotNames.count,
          let name = names.slotNames[slot]
        else { return }
        errors.append(.unsafe("var \(name.isWildcard ? "_" : name.string)", at: location, .heads))
      }
    }
  }

  /// Takes over what a body's planning has found.
  private mutating func adopt(_ body: BodyPlanner) {
    errors += body.errors
    dependencies.formUnion(body.dependencies)
  }

  // MARK: Queries

  mutating func query(_ body: Body, module: ModuleScope) -> QueryPlan {
    var names = ResolveNames(module: module, tree: tree, parameters: 0, isQuery: true, options: options)
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
    adopt(names)
    querySteps = (steps, names.slotNames)
    let location = body.first?.location ?? Location(Source(file: "", text: ""), offset: 0, length: 0)
    var whole = location
    if let last = body.last?.location {
      whole = Location(location.source, offset: location.offset, length: last.offset + last.length - location.offset)
    }
    let planned = BodyPlanner(names: names, bound: 0..<0, tree: tree, lookups: lookups).plan(
      steps, as: (.query, whole, nil)
    ) { body in
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
    var text = "data"
    if options.isObserved { text += path.map { RuleGroup.pathPart(.string($0)) }.joined() }
    let location = Location(Source(file: "", text: text), offset: 0, length: text.utf8.count)
    var names = ResolveNames(module: .query, tree: tree, parameters: 0, options: options)
    let result = names.newSlot(nil)
    let step = Step(
      kind: .reference(result: .local(result), base: .data, path: path.map { .constant(.string($0)) }), with: nil,
      location: location)
    step.expression = location
    let planned = BodyPlanner(names: names, bound: 0..<0, tree: tree, lookups: lookups).plan(
      [step], as: (.query, location, nil)
    ) { body in
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
