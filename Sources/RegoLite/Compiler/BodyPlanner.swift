/// Plans one body: puts its steps in order and turns each into statements.
struct BodyPlanner {
  private let slotNames: [Text?]
  private let argumentSlots: BitSet
  /// The slots of the policy's own variables.
  private let named: BitSet
  private let isObserved: Bool
  private let tree: RuleTree
  private let lookups: LookupRegistry
  private(set) var errors: [PolicyError] = []
  private(set) var dependencies: Set<Int> = []
  private(set) var root = Block()
  private var current: Block
  private var bound: BoundSlots
  private var with: WithGroup?
  private var slotCount: Int
  /// Parts of the rule's head that something has to be looked up or called for.
  var evaluatedHead: [Step] = []
  /// The expression that the next statements belong to, in an observed plan.
  private var open: OpenExpression?

  private struct OpenExpression {
    let location: Location
    let isContinuation: Bool
    /// The block and the place in it that wait for the finished statement.
    let outer: Block
    let index: Int
    let block: Block
    let locals: [(name: Text, slot: Slot)]
    var operands: [(location: Location, slot: Slot)] = []
  }

  init(names: ResolveNames, bound: Range<Slot>, tree: RuleTree, lookups: LookupRegistry) {
    self.init(
      slotNames: names.slotNames, argumentSlots: names.argumentSlots, isObserved: names.options.isObserved,
      bound: bound, tree: tree, lookups: lookups)
  }

  init(
    slotNames: [Text?], argumentSlots: BitSet, isObserved: Bool, bound: Range<Slot>, tree: RuleTree,
    lookups: LookupRegistry
  ) {
    self.slotNames = slotNames
    self.argumentSlots = argumentSlots
    self.isObserved = isObserved
    self.bound = BoundSlots(bound)
    self.tree = tree
    self.lookups = lookups
    named = BitSet(named: slotNames)
    current = root
    slotCount = slotNames.count
  }

  var frameSize: Int { slotCount }

  /// Plans steps that no observer sees.
  consuming func plan(_ steps: [Step], end: (inout BodyPlanner) -> Void) -> BodyPlanner {
    var body = self
    body.run(steps)
    end(&body)
    return body
  }

  /// The planned body; `end` adds what hands on its result. `as` is how an observer sees it.
  consuming func plan(
    _ steps: [Step], as seen: (kind: TracePoint.Kind, location: Location, name: String?),
    end: (inout BodyPlanner) -> Void
  ) -> BodyPlanner {
    var body = self
    body.report(.enter, as: seen)
    body.run(steps)
    if body.errors.isEmpty {
      body.report(.exit, as: seen)
      end(&body)
    }
    return body
  }

  // MARK: Statements

  mutating func append(_ statement: Statement, at location: Location) {
    current.statements.append(statement)
    current.locations.append(location)
  }

  /// Adds a statement that runs what follows inside it.
  private mutating func nest(_ location: Location, _ statement: (Block) -> Statement) {
    let inner = Block()
    let statement = statement(inner)
    append(statement, at: location)
    current = inner
    if open != nil {
      switch statement {
      // Of an operand's many values, the last one would be shown for all.
      case .scan, .walk, .relation: open?.operands = []
      default: break
      }
    }
  }

  /// Plans a body of its own that ends in `end`, with what is bound here bound there.
  private mutating func nested(
    _ steps: [Step], also: [Slot] = [], as kind: TracePoint.Kind = .body, at location: Location,
    end: (inout BodyPlanner) -> Void
  ) -> Block {
    let (outer, mark, outerRoot, outerWith, outerOpen) = (current, bound.mark, root, with, open)
    let block = Block()
    (current, root, with, open) = (block, block, nil, nil)
    for slot in also { bound.bind(slot) }
    let before = errors.count
    // A plain negation's steps are part of the expression that it stands in.
    let isSeen = steps.contains { $0.expression != nil }
    if isSeen { report(.enter, as: (kind, location, nil)) }
    run(steps)
    if errors.count == before {
      if isSeen { report(.exit, as: (kind, location, nil)) }
      end(&self)
    }
    (current, root, with, open) = (outer, outerRoot, outerWith, outerOpen)
    bound.unbind(to: mark)
    return block
  }

  private mutating func newSlot() -> Slot {
    slotCount += 1
    return slotCount - 1
  }

  // MARK: Steps

  private mutating func run(_ steps: [Step]) {
    var order = OrderSteps(steps, arguments: argumentSlots, named: named)
    var begun: Set<Int> = []
    // Most steps are a statement, and what ends the body is one.
    if current.statements.isEmpty { current.reserve(steps.count + 1) }
    while let step = order.next(bound: bound) {
      if isObserved { observe(step, begun: &begun) }
      enter(step.with, at: step.location)
      plan(step)
    }
    close()
    let unsafe = order.remaining
    if !unsafe.isEmpty { report(order.blamed, of: unsafe) }
    enter(nil, at: steps.last?.location ?? Location(Source(file: "", text: ""), offset: 0, length: 0))
  }

  /// Names the variables that keep the steps from running.
  private mutating func report(_ steps: [Step], of all: [Step]) {
    var seen: Set<Slot> = []
    var found = false
    var own: Set<Slot> = []
    for step in all { for slot in step.slots { own.insert(slot) } }
    // As OPA counts, a set, an object with variables as keys, and a comprehension make their variable safe.
    var safe: Set<Slot> = []
    var comprehensions: Set<Slot> = []
    for step in steps {
      if case .comprehension(.local(let slot), _, _, _) = step.kind { comprehensions.insert(slot) }
    }
    for step in steps {
      guard case .unify(let a, let b) = step.kind else { continue }
      for case (.local(let slot), let other) in [(a, b), (b, a)] {
        switch other {
        case .set: safe.insert(slot)
        case .object(let items): if items.contains(where: { $0.key.constantValue == nil }) { safe.insert(slot) }
        case .local(let other): if comprehensions.contains(other) { safe.insert(slot) }
        case .constant, .array: break
        }
      }
    }
    // Each variable is reported where it first stands in the text.
    let inText = (steps + evaluatedHead).enumerated().sorted { a, b in
      (a.element.location.offset, a.offset) < (b.element.location.offset, b.offset)
    }
    for (_, step) in inText {
      func visit(_ slot: Slot) {
        guard slot < slotNames.count, let name = slotNames[slot], !bound.contains(slot),
          !safe.contains(slot)
        else { return }
        guard seen.insert(slot).inserted else { return }
        found = true
        errors.append(.unsafe("var \(name.isWildcard ? "_" : name.string)", at: step.location))
      }
      step.slots.forEach(visit)
      step.forEachClosureSlot { slot in
        if own.contains(slot) { visit(slot) }
      }
    }
    if !found, let step = steps.first { errors.append(.unsafe("expression", at: step.location)) }
  }

  /// Whether all variables of a head have values; those that don't are unsafe.
  mutating func requires(_ head: [Atom], at location: Location) -> Bool {
    let unbound = head.filter { !$0.isBound(bound) }
    if unbound.isEmpty { return true }
    let steps = unbound.map { Step(kind: .holds($0), with: nil, location: location) }
    report(steps, of: steps)
    return false
  }

  /// Leaves the modifiers that are in force and enters those of the next step.
  private mutating func enter(_ group: WithGroup?, at location: Location) {
    guard with !== group else { return }
    if with != nil { nest(location) { .outside($0) } }
    with = group
    guard let group else { return }
    var replacements: [Replacement] = []
    for (target, value) in group.modifications {
      switch target {
      case .function(let id): dependencies.insert(id)
      // As OPA counts, a rule needs what it replaces.
      case .data(let path): depend(on: tree.root, path.map { .constant(.string($0)) }[...])
      case .input, .nowhere, .builtin: break
      }
      switch value {
      case .value(let atom): replacements.append(Replacement(target: target, kind: .value(operand(atom, at: location))))
      case .callee(.builtin(let builtin)): replacements.append(Replacement(target: target, kind: .builtin(builtin)))
      case .callee(.function(let id)):
        dependencies.insert(id)
        replacements.append(Replacement(target: target, kind: .function(id)))
      }
    }
    nest(location) { .with(replacements, $0) }
  }

  private mutating func plan(_ step: Step) {
    let location = step.location
    switch step.kind {
    case .unify(let a, let b):
      guard let pairs = OrderSteps.unification(a, b, bound) else {
        // What OPA lets pass without a way to match it: never equal.
        append(.holds(.constant(.boolean(false))), at: location)
        for atom in [a, b] { atom.forEachSlot { bound.bind($0) } }
        return
      }
      for (known, pattern) in pairs { match(known, pattern, at: location) }
    case .reference(let result, let base, let path): reference(base, path, result: result, at: location)
    case .call(let result, let callee, let arguments): call(callee, arguments, result: result, at: location)
    case .holds(let atom): append(.holds(operand(atom, at: location)), at: location)
    case .not(let inner):
      let block = nested(inner, at: location) { $0.append(.succeed, at: location) }
      append(.not(block), at: location)
    case .noneOf(let inner):
      let block = nested(inner, at: location) { $0.append(.succeed, at: location) }
      append(.not(block), at: location)
    case .anyOf(let bodies):
      let blocks = bodies.map { nested($0, at: location) { $0.append(.succeed, at: location) } }
      append(.anyOf(blocks), at: location)
    case .iterate(let collection, let key, let value):
      let source = operand(collection, at: location)
      let keyPattern = key.map { pattern($0) } ?? .anything
      let valuePattern = pattern(value)
      nest(location) { .scan(source, key: keyPattern, value: valuePattern, $0) }
    case .every(let domain, let key, let value, let body):
      let source = operand(domain, at: location)
      let slots = [value] + (key.map { [$0] } ?? [])
      let block = nested(body, also: slots, as: .everyBody, at: location) { $0.append(.succeed, at: location) }
      append(.every(source, key: key, value: value, block), at: location)
    case .comprehension(let result, let kind, let head, let body):
      let block = nested(body, at: location) { inner in
        guard inner.requires(head, at: location) else { return }
        switch kind {
        case .array: inner.append(.emitArray(inner.operand(head[0], at: location)), at: location)
        case .set: inner.append(.emitSet(inner.operand(head[0], at: location)), at: location)
        case .object:
          let (key, value) = (inner.operand(head[0], at: location), inner.operand(head[1], at: location))
          inner.append(.emitObject(key, value), at: location)
        }
      }
      if !step.isUnread { produce(result, at: location) { .comprehension($0, kind, block) } }
    }
  }

  private mutating func call(_ callee: Callee, _ arguments: [Atom], result: Atom, at location: Location) {
    let operands = arguments.map { operand($0, at: location) }
    switch callee {
    case .function(let id):
      dependencies.insert(id)
      produce(result, at: location) { .function($0, group: id, operands) }
    case .builtin(let builtin):
      if case .relation = builtin.body {
        let slot = newSlot()
        nest(location) { .relation(slot, builtin, operands, $0) }
        match(.local(slot), result, at: location)
      } else {
        produce(result, at: location) { .builtin($0, builtin, operands) }
        if isObserved, builtin.name == "trace", let message = operands.first {
          report(.note(message), as: (.expression, location, nil))
        }
      }
    }
  }

  /// Adds a statement that puts a value into a slot, and matches the value with what is wanted of it.
  private mutating func produce(_ result: Atom, at location: Location, _ statement: (Slot) -> Statement) {
    if case .local(let slot) = result, bound.bind(slot) {
      append(statement(slot), at: location)
      return
    }
    let slot = newSlot()
    append(statement(slot), at: location)
    match(.local(slot), result, at: location)
  }

  // MARK: Observation

  /// Adds a statement that tells where the plan is, in an observed one.
  private mutating func report(
    _ role: ObservedRole, as seen: (kind: TracePoint.Kind, location: Location, name: String?)
  ) {
    guard isObserved else { return }
    let point = TracePoint(seen.kind, at: seen.location, name: seen.name, locals: locals)
    nest(seen.location) { .observed(role, point, $0) }
  }

  /// The author's variables that have values by now. An inner one hides an outer one of the same name.
  private var locals: [(name: Text, slot: Slot)] {
    var slots: [Text: Slot] = [:]
    for (slot, name) in slotNames.enumerated() {
      if let name, !name.isWildcard, bound.contains(slot) { slots[name] = slot }
    }
    return slots.map { (name: $0.key, slot: $0.value) }.sorted { $0.slot < $1.slot }
  }

  /// Begins the step's expression, unless that is the one at hand.
  private mutating func observe(_ step: Step, begun: inout Set<Int>) {
    if step.expression?.offset != open?.location.offset || step.expression?.length != open?.location.length { close() }
    guard let expression = step.expression else { return }
    if open == nil {
      let isContinuation = !begun.insert(expression.offset).inserted
      let block = Block()
      open = OpenExpression(
        location: expression, isContinuation: isContinuation, outer: current, index: current.statements.count,
        block: block, locals: locals)
      append(.outside(block), at: expression)
      current = block
    }
    addOperands(of: step)
  }

  private mutating func addOperands(of step: Step) {
    switch step.kind {
    case .call(_, .builtin(let builtin), _) where builtin.infix != nil && builtin.result == .boolean: break
    case .reference(.local(let slot), _, _), .call(.local(let slot), _, _):
      guard slotNames[slot] == nil, !bound.contains(slot), let expression = open?.location else { return }
      let location = step.location
      if location.offset == expression.offset, location.length == expression.length { return }
      if open?.operands.contains(where: { $0.slot == slot }) == false { open?.operands.append((location, slot)) }
    case .not(let steps): for step in steps { addOperands(of: step) }
    default: break
    }
  }

  /// Ends the expression at hand.
  private mutating func close() {
    guard let open else { return }
    enter(nil, at: open.location)
    self.open = nil
    let point = TracePoint(
      .expression, at: open.location, locals: open.locals, operands: open.operands,
      isContinuation: open.isContinuation)
    if current === open.block {
      append(.succeed, at: open.location)
      current = open.outer
      open.outer.statements[open.index] = .observed(.attempt, point, open.block)
    } else {
      open.outer.statements[open.index] = .observed(.begin, point, open.block)
      nest(open.location) { .observed(.reached, point, $0) }
    }
  }

  // MARK: Patterns

  /// Matches `known`, whose variables all have values (a slot made here counts), with `atom`.
  private mutating func match(_ known: Atom, _ atom: Atom, at location: Location) {
    let source = operand(known, at: location)
    if case .local(let slot) = atom, bound.bind(slot) {
      append(.assign(slot, source), at: location)
    } else if atom.isBound(bound) {
      append(.equal(source, operand(atom, at: location)), at: location)
    } else {
      append(.match(source, pattern(atom)), at: location)
    }
  }

  /// The pattern for an atom, whose unbound slots are bound from then on.
  private mutating func pattern(_ atom: Atom) -> Pattern {
    switch atom {
    case .constant(let value): return .equal(.constant(value))
    case .local(let slot):
      return bound.bind(slot) ? .bind(slot) : .equal(.local(slot))
    case .array(let items):
      if atom.isBound(bound) { return .equal(plainOperand(atom)) }
      return .array(items.map { pattern($0) })
    case .object(let items):
      if atom.isBound(bound) { return .equal(plainOperand(atom)) }
      return .object(items.map { (plainOperand($0.key), pattern($0.value)) })
    case .set: return .equal(plainOperand(atom))
    }
  }

  func operand(_ atom: Atom, at location: Location) -> Operand { plainOperand(atom) }

  private func plainOperand(_ atom: Atom) -> Operand {
    if let value = atom.constantValue { return .constant(value) }
    switch atom {
    case .constant(let value): return .constant(value)
    case .local(let slot): return .local(slot)
    case .array(let items): return .array(items.map(plainOperand))
    case .set(let items): return .set(items.map(plainOperand))
    case .object(let items): return .object(items.map { (plainOperand($0.key), plainOperand($0.value)) })
    }
  }

  // MARK: References

  private mutating func reference(_ base: ReferenceBase, _ path: [Atom], result: Atom, at location: Location) {
    switch base {
    case .input: below(.input, path[...], result: result, at: location)
    case .atom(let atom): below(operand(atom, at: location), path[...], result: result, at: location)
    case .data: document(path, result: result, at: location)
    }
  }

  /// The parts of a value at a path: known keys are looked up, unknown ones are gone through.
  private mutating func below(_ base: Operand, _ path: ArraySlice<Atom>, result: Atom, at location: Location) {
    var base = base
    var path = path
    while !path.isEmpty {
      let known = path.prefix { $0.isBound(bound) }
      if !known.isEmpty {
        path = path.dropFirst(known.count)
        let keys = known.map { plainOperand($0) }
        let source = base
        if path.isEmpty {
          produce(result, at: location) { .lookup($0, source, keys) }
          return
        }
        let slot = newSlot()
        append(.lookup(slot, source, keys), at: location)
        base = .local(slot)
      } else {
        let key = pattern(path.removeFirst())
        let source = base
        if path.isEmpty {
          // The key's own variables are bound by the time the value is matched.
          let value = pattern(result)
          nest(location) { .scan(source, key: key, value: value, $0) }
          return
        }
        let slot = newSlot()
        nest(location) { .scan(source, key: key, value: .bind(slot), $0) }
        base = .local(slot)
      }
    }
    if case .local(let slot) = result, bound.bind(slot) {
      append(.assign(slot, base), at: location)
    } else if result.isBound(bound) {
      append(.equal(base, plainOperand(result)), at: location)
    } else {
      append(.match(base, pattern(result)), at: location)
    }
  }

  /// A path below `data`: through packages, then into a rule's value, into base data, or into both.
  private mutating func document(_ path: [Atom], result: Atom, at location: Location) {
    var node = tree.root
    var prefix: [Value] = []
    var rest = path[...]
    while true {
      if let group = node.group {
        rule(group, rest, result: result, at: location)
        return
      }
      guard let first = rest.first else {
        depend(on: node, rest)
        let (node, prefix) = (node, prefix)
        produce(result, at: location) { .materialize($0, node, path: prefix) }
        return
      }
      guard let key = first.constantValue else { break }
      guard let child = node.children[key] else {
        below(.data, path[...], result: result, at: location)
        return
      }
      node = child
      prefix.append(key)
      rest = rest.dropFirst()
    }
    depend(on: node, rest)
    var keys: [Walk.Key] = []
    for atom in rest {
      keys.append(atom.isBound(bound) ? .known(plainOperand(atom)) : .unknown(pattern(atom)))
    }
    let walk = Walk(node: node, path: prefix, keys: keys)
    let slot = newSlot()
    nest(location) { .walk(walk, slot, $0) }
    match(.local(slot), result, at: location)
  }

  /// Notes the groups that a path below the node may reach.
  private mutating func depend(on node: RuleNode, _ path: ArraySlice<Atom>) {
    if let group = node.group {
      dependencies.insert(group.id)
    } else if let key = path.first?.constantValue {
      if let child = node.children[key] { depend(on: child, path.dropFirst()) }
    } else {
      for child in node.children.values { depend(on: child, path.dropFirst()) }
    }
  }

  private mutating func rule(_ group: RuleGroup, _ rest: ArraySlice<Atom>, result: Atom, at location: Location) {
    dependencies.insert(group.id)
    if case .function = group.kind {
      // A function is no document. The type check refuses the reference where OPA does.
      append(.holds(.constant(.boolean(false))), at: location)
      result.forEachSlot { bound.bind($0) }
      for atom in rest { atom.forEachSlot { bound.bind($0) } }
      return
    }
    let depth = Self.lookupDepth(group)
    let keys = rest.prefix(depth).prefix { $0.isBound(bound) }
    let slot = newSlot()
    if keys.isEmpty {
      if rest.isEmpty {
        produce(result, at: location) { .rule($0, group: group.id) }
        return
      }
      append(.rule(slot, group: group.id), at: location)
    } else {
      let id = lookups.id(group: group.id, keyCount: keys.count)
      append(.ruleLookup(slot, lookup: id, keys.map { plainOperand($0) }), at: location)
    }
    below(.local(slot), rest.dropFirst(keys.count), result: result, at: location)
  }

  /// How many keys at most can be handed to the group's definitions.
  private static func lookupDepth(_ group: RuleGroup) -> Int {
    switch group.kind {
    case .complete, .function: return 0
    case .set: return 1
    case .document:
      return group.definitions.map { definition in
        if case .contains = definition.rule.head.kind { return definition.suffix.count + 1 }
        return definition.suffix.count
      }.max() ?? 0
    }
  }

  /// The end of a lookup whose keys reach into the definition's value.
  mutating func emitBelow(_ value: Operand, keys: Range<Int>, at location: Location) {
    let slot = newSlot()
    append(.lookup(slot, value, keys.map { .local($0) }), at: location)
    append(.emitValue(.local(slot), .goesOn), at: location)
  }
}
