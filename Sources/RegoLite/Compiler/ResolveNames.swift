/// Turns one rule definition (or one query) into steps: every name becomes a slot or a path below `input` or `data`,
/// and every nested reference, call and comprehension becomes a step whose result a slot holds.
///
/// Names that are declared (`x := …`, `some x`, arguments) belong to the body that declares them and to the bodies
/// inside it. A name that is neither declared nor known stands for one variable of the whole rule.
struct ResolveNames {
  let module: ModuleScope
  let tree: RuleTree
  let options: PlanOptions
  let isQuery: Bool
  /// What `rego.metadata` knows of the rule; absent for queries.
  let metadata: (rule: AnnotationSet.RuleMetadata, isElse: Bool)?
  var errors: [PolicyError] = []
  /// Builtins that a `with` replaces.
  var replacedBuiltins: Set<Text> = []
  /// Calls of builtins that RegoLite doesn't have yet.
  var unsupportedCalls: [(builtin: Text, location: Location)] = []
  /// Imports and rules that the text names.
  var usedGlobals: Set<Text> = []
  /// Arguments that are there more than once, which makes each a use of the other.
  var repeated: Set<Text> = []
  /// The variables of the arguments, also of those that are patterns.
  var argumentSlots = BitSet()
  /// The name of each slot, absent for one that the compiler made.
  var slotNames: [Text?] = []
  var undeclared: [Text: Slot] = [:]
  /// Names that stand outside of any nested body.
  private var topLevelNames: Set<Text> = []
  var scopes: [Scope] = []
  let parameters: Int
  /// While an expression's operands are resolved: its lookups and comprehensions, which OPA does after all calls among
  /// the operands. Absent elsewhere.
  var late: [Step]?
  /// How many calls inside one another are being resolved.
  var lateDepth = 0
  /// Where the last expression's or call's own lookups begin.
  var lateStart = 0
  var unitCount = 0
  /// The results of calls that are operands.
  var calledSlots: Set<Slot> = []
  /// What the templates of a rule's own body and of its head name inside larger terms.
  var templateVariables: [(slot: Slot, variable: Variable)] = []
  /// Of the body that is a rule's own.
  var index: IndexTests
  /// How many scopes are open there, or in a side of `and` there.
  private var indexedDepth = 2
  /// The steps before that side.
  private(set) var indexOffset = 0

  /// The terms at hand are the head's.
  var isInHead = false
  /// The term at hand is a part of the head.
  var isHead = false
  /// … namely its value, or what it says is contained.
  var isHeadValue = false

  /// The operands at hand are a negation's: see `Step.bindsNothing`.
  var isNegated = false

  /// What a variable's name means where it stands.
  enum Meaning {
    case local(Slot)
    case document(ReferenceBase, path: [Text])
  }

  init(
    module: ModuleScope, tree: RuleTree, parameters: Int, isQuery: Bool = false, options: PlanOptions = PlanOptions(),
    metadata: (AnnotationSet.RuleMetadata, isElse: Bool)? = nil
  ) {
    self.module = module
    self.options = options
    self.metadata = metadata
    self.isQuery = isQuery
    self.tree = tree
    self.parameters = parameters
    index = IndexTests(tree: tree)
    for _ in 0..<parameters { _ = newSlot(nil) }
  }

  var slotCount: Int { slotNames.count }

  mutating func newSlot(_ name: Text?) -> Slot {
    slotNames.append(name)
    return slotNames.count - 1
  }

  /// The variables of a query that its results show: not the wildcards.
  func namedSlots() -> [(name: Text, slot: Slot)] {
    var result = undeclared.filter { !$0.key.isWildcard && topLevelNames.contains($0.key) }
      .map { (name: $0.key, slot: $0.value) }
    for (name, declaration) in scopes.first?.declared ?? [:] { result.append((name, declaration.slot)) }
    return result.sorted { $0.name < $1.name }
  }

  mutating func report(_ error: PolicyError) {
    if error.stage == .modifiers, !scopes.isEmpty {
      if scopes[scopes.count - 1].hasWrongModifier { return }
      scopes[scopes.count - 1].hasWrongModifier = true
    }
    errors.append(error)
  }

  // MARK: Scopes

  /// A declaration of the name is in force.
  func isDeclared(_ name: Text) -> Bool { scopes.contains { $0.declared[name] != nil } }

  mutating func openScope() { scopes.append(Scope()) }

  mutating func meaning(of name: Text) -> Meaning {
    if name.isRoot, !mayShadowRoots || !isDeclared(name) {
      return .document(name == "input" ? .input : .data, path: [])
    }
    for index in scopes.indices.reversed() {
      if scopes[index].declared[name] != nil {
        scopes[index].declared[name]!.isUsed = true
        // OPA looks at a head's value before the body has declared anything.
        if isHeadValue, index < 2, scopes.count > 2 { noteReference(name) }
        return .local(scopes[index].declared[name]!.slot)
      }
    }
    if scopes.count == 1 { topLevelNames.insert(name) }
    noteReference(name)
    if let global = module.globals[name] {
      usedGlobals.insert(name)
      return .document(global.root == "input" ? .input : .data, path: global.path)
    }
    if let slot = undeclared[name] { return .local(slot) }
    let slot = newSlot(name)
    undeclared[name] = slot
    return .local(slot)
  }

  /// The name was read before any declaration, in the scope at hand unless it was in an outer one already.
  private mutating func noteReference(_ name: Text) {
    guard !scopes.isEmpty, !name.isWildcard else { return }
    let outer = scopes.dropFirst(isHeadValue && scopes.count > 2 ? 2 : 0)
    // In a body of `every` and the like, OPA takes what was read for what is declared later: refused instead.
    if scopes[scopes.count - 1].isClosed || !outer.contains(where: { $0.referenced.contains(name) }) {
      scopes[scopes.count - 1].referenced.insert(name)
    }
  }

  /// Where OPA's rule index looks: expressions of the rule's own body, without modifiers.
  func isIndexed(_ with: WithGroup?) -> Bool { with == nil && !isQuery && scopes.count == indexedDepth }

  mutating func finishIndex() {
    let (parameters, slotNames) = (parameters, slotNames)
    index.finish { $0 < parameters && slotNames[$0] != nil }
  }

  func isArgument(_ slot: Slot) -> Bool { slot < parameters && slotNames[slot] != nil }

  // MARK: Bodies

  mutating func body(_ body: Body, into steps: inout [Step]) {
    for expression in body { self.expression(expression, into: &steps) }
  }

  /// Adds the expression's steps. With `capture`, the expression need not hold: its value goes to that slot, as a
  /// query's results show it.
  mutating func expression(_ expression: Expression, capture: Slot? = nil, into steps: inout [Step]) {
    let first = steps.count
    defer { tag(&steps, from: first, as: expression.location) }
    declareBeforeModifiers(of: expression)
    // A copy, which the next name would make a real one: taken where it is needed.
    let referenced: Set<Text>? = if case .every = expression.kind { scopes.last?.referenced } else { nil }
    let inside = declaredInside(expression)
    if !inside.isEmpty {
      openScope()
      for variable in inside { _ = declare(variable.name, at: variable.location, verb: "declared") }
    }
    let with = modifiers(expression.modifiers, into: &steps)
    if !inside.isEmpty { scopes.removeLast() }
    if let referenced {
      // OPA does not notice that these read a name which is declared later.
      scopes[scopes.count - 1].referenced = referenced
    }
    let location = expression.location
    switch expression.kind {
    case .someDeclaration(let variables):
      for variable in variables {
        if variable.name.isRoot, !mayShadowRoots {
          // OPA takes the root for the variable from here on, which then has no value.
          errors.append(.unsafe("var \(variable.name)", at: variable.location))
        } else {
          _ = declare(variable.name, at: variable.location, verb: "declared", mustBeUsed: true)
        }
      }
    case .someIn(let key, let value, let collection):
      let iterate = callsFirst(into: &steps) { names, steps in
        let (source, document) = names.iterated(collection, with: with, into: &steps)
        let keyAtom = key.map { names.atom($0, with: with, into: &steps) }
        let valueAtom = names.atom(value, with: with, into: &steps)
        if let document, names.isIndexed(with) {
          names.index.iterates(
            document.base, document.path, key: keyAtom, value: valueAtom, at: location, position: names.position(steps))
        }
        if let document, names.isVirtual(document.base, document.path) {
          names.dropLookup(of: source, from: &steps)
          let path = document.path + [keyAtom ?? .local(names.newSlot(nil))]
          return Step(
            kind: .reference(result: valueAtom, base: document.base, path: path), with: with, location: location)
        }
        return Step(kind: .iterate(collection: source, key: keyAtom, value: valueAtom), with: with, location: location)
      }
      steps.append(iterate)
    case .every(let key, let value, let domain, let body):
      for case .variable(let name)? in [key?.kind, value.kind] where domain.mentions(name) && !isDeclared(name) {
        errors.append(.unsafe("var \(name)", at: domain.location))
      }
      let source = callsFirst(into: &steps) { names, steps in names.atom(domain, with: with, into: &steps) }
      if domain.isName, isIndexed(with) {
        index.names(source, isArgument: isArgument, at: location, position: position(steps))
      }
      openScope()
      scopes[scopes.count - 1].isClosed = true
      let keySlot = key.flatMap { slot(declaring: $0) }
      let valueSlot = slot(declaring: value) ?? newSlot(nil)
      var inner: [Step] = []
      self.body(body, into: &inner)
      let own = scopes[scopes.count - 1].declared.keys
      closeScope()
      // OPA takes the domain's variable for the body's, which has no value there.
      for name in own.sorted() where name != key?.name && name != value.name && domain.mentions(name) {
        if !isDeclared(name) { errors.append(.unsafe("var \(name)", at: domain.location)) }
      }
      let every = Step(
        kind: .every(domain: source, key: keySlot, value: valueSlot, body: inner),
        with: expression.isNegated ? nil : with, location: location)
      steps.append(expression.isNegated ? Step(kind: .not([every]), with: with, location: location) : every)
    case .not(let negated):
      let (inner, needs) =
        negated.isBraced ? (closed(negated.body), []) : operand(negated, with: with, at: location)
      united([Step(kind: .noneOf(inner), with: with, location: location)], after: needs, into: &steps)
    case .and(let left, let right):
      // The index takes what both sides ask for as the body's own.
      for side in [left, right] {
        let (outerDepth, outerOffset) = (indexedDepth, indexOffset)
        let isIndexed = isIndexed(with)
        if isIndexed {
          if side.isBraced { indexedDepth += 1 }
          indexOffset += steps.count
        }
        let (inner, needs) = operand(side, with: with, at: location, isIndexed: isIndexed)
        (indexedDepth, indexOffset) = (outerDepth, outerOffset)
        united([Step(kind: .anyOf([inner]), with: with, location: location)], after: needs, into: &steps)
      }
    case .or(let left, let right):
      let isIndexed = isIndexed(with)
      let outerIndex = index
      var indexes: [IndexTests] = []
      var (first, firstNeeds) = ([Step](), [Step]())
      var (second, secondNeeds) = ([Step](), [Step]())
      for side in [left, right] {
        index = IndexTests(tree: tree)
        let outerDepth = indexedDepth
        if isIndexed, side.isBraced { indexedDepth += 1 }
        let (inner, needs) = operand(side, with: with, at: location, isIndexed: isIndexed)
        indexedDepth = outerDepth
        if indexes.isEmpty { (first, firstNeeds) = (inner, needs) } else { (second, secondNeeds) = (inner, needs) }
        index.finish { _ in false }
        indexes.append(index)
      }
      index = outerIndex
      if isIndexed { index.holdsEither(indexes) }
      united(
        [Step(kind: .anyOf([first, second]), with: with, location: location)], after: firstNeeds + secondNeeds,
        into: &steps)
    case .term(let term):
      if expression.isNegated {
        var core: [Step] = []
        isNegated = true
        test(term, with: with, core: &core, coreWith: nil, capture: nil, into: &steps, isNegated: true)
        isNegated = false
        // What is printed holds, but there is nothing that a negation could deny.
        if core.isEmpty { return }
        var not = [Step(kind: .not(core), with: with, location: location)]
        unite(&steps, &not)
        steps += not
      } else {
        var core: [Step] = []
        test(term, with: with, core: &core, coreWith: with, capture: capture, into: &steps, isNegated: false)
        unite(&steps, &core)
        steps += core
        if let capture, core.isEmpty || !core.contains(where: { $0.mentions(capture) }) {
          steps.append(Step(kind: .unify(.local(capture), .constant(.boolean(true))), with: nil, location: location))
        }
        return
      }
    }
    if let capture {
      steps.append(Step(kind: .unify(.local(capture), .constant(.boolean(true))), with: nil, location: location))
    }
  }

  /// The steps of an operand, and those that ask for the values that its variables have to have: one without braces is
  /// a body of its own, but its variables are those outside.
  private mutating func operand(
    _ operand: LogicalOperand, with: WithGroup?, at location: Location, isIndexed: Bool = false
  ) -> (steps: [Step], needs: [Step]) {
    if operand.isBraced { return (closed(operand.body, tellsOuter: true), []) }
    let (outerIndex, outerLate) = (index, late)
    late = nil
    var inner: [Step] = []
    self.body(operand.body, into: &inner)
    if !isIndexed { index = outerIndex }
    late = outerLate
    var outer: [Atom] = []
    var called: Set<Slot> = []
    for step in inner {
      for slot in step.slots where slotNames[slot] != nil { outer.append(.local(slot)) }
      if case .call(.local(let slot), _, _) = step.kind { called.insert(slot) }
    }
    var needs: [Step] = []
    if !outer.isEmpty {
      needs.append(
        Step(kind: .unify(.local(newSlot(nil)), .array(outer)), with: with, location: location, bindsNothing: true))
    }
    // As OPA has it: a variable in an array that is looked into on the spot (`[x][0]`) never gets its value there.
    let isUnsafe = inner.contains { step in
      guard case .reference(_, .atom(let base), _) = step.kind else { return false }
      if case .local = base { return false }
      var found = false
      base.forEachSlot { found = found || slotNames[$0] != nil || called.contains($0) }
      return found
    }
    if isUnsafe { needs.append(Step(kind: .holds(.local(newSlot(nil))), with: with, location: location)) }
    return (inner, needs)
  }

  /// Adds steps none of which runs before all of them can.
  private mutating func united(_ own: [Step], after needs: [Step], into steps: inout [Step]) {
    let parts = needs + own
    if parts.count > 1 {
      unitCount += 1
      for index in parts.indices { parts[index].unit = unitCount }
    }
    steps += parts
  }

  /// Says which expression the steps from `first` on belong to.
  func tag(_ steps: inout [Step], from first: Int, as expression: Location) {
    guard options.isObserved else { return }
    for index in first..<steps.count { steps[index].expression = expression }
  }

  mutating func slot(declaring term: Term) -> Slot? {
    guard case .variable(let name) = term.kind else { return nil }
    if name.isWildcard { return newSlot(nil) }
    return declare(name, at: term.location, verb: "declared", mustBeUsed: true)
  }

  /// What the expression demands goes to `core`, what its operands need first goes to `steps`: a negation covers the
  /// core alone, as OPA's does (`not f(input.x)` is undefined when `input.x` is).
  mutating func test(
    _ term: Term, with: WithGroup?, core: inout [Step], coreWith: WithGroup?, capture: Slot?, into steps: inout [Step],
    isNegated: Bool
  ) {
    callsFirst(into: &steps) { names, steps in
      names.demand(
        term, with: with, core: &core, coreWith: coreWith, capture: capture, into: &steps, isNegated: isNegated)
    }
  }

  mutating func demand(
    _ term: Term, with: WithGroup?, core: inout [Step], coreWith: WithGroup?, capture: Slot?, into steps: inout [Step],
    isNegated: Bool
  ) {
    let location = term.location
    func step(_ kind: Step.Kind) -> Step { Step(kind: kind, with: coreWith, location: location) }

    if case .call(let operation, let arguments) = term.kind, case .variable(let name) = operation.kind,
      arguments.count == 2, name == "eq" || name == "assign"
    {
      var left = arguments[0]
      let right = arguments[1]
      if name == "assign" {
        if isNegated {
          errors.append(.compile("cannot assign vars inside negated expression", at: location))
          return
        }
        let value = operand(right, with: with, coreWith: coreWith, core: &core, into: &steps)
        if isHead, case .variable(let name) = left.kind, !right.isOrBeginsWithComprehension, right.mentions(name),
          scopes.prefix(2).contains(where: { $0.declared[name] != nil }),
          !scopes.dropFirst(2).contains(where: { $0.declared[name] != nil }),
          !scopes.dropFirst(2).dropLast().contains(where: { $0.referenced.contains(name) })
        {
          // OPA looks at a head before the body has declared anything. What a comprehension further out mentions is known.
          errors.append(.compile("var \(name) referenced above", at: location))
        }
        if let name = left.name, scopes.last?.isClosed == true, right.mentions(name), !right.isSet, !isDeclared(name),
          scopes.dropLast().contains(where: { $0.referenced.contains(name) })
        {
          // In such a body, OPA takes the outer variable for the one that is declared.
          errors.append(.unsafe("var \(name)", at: location))
          scopes[scopes.count - 1].referenced.remove(name)
        }
        guard declareAssigned(left) else { return }
        let pattern = atom(left, with: with, into: &steps)
        forgetUse(of: left)
        noteIndex(value, equals: pattern, with: with, at: location, position: position(steps))
        if case .atom(let atom) = value, right.hasComprehension {
          core.append(step(.unify(atom, pattern)))
        } else {
          core.append(step(value.unified(with: pattern)))
        }
        return
      }
      // `<call or reference> = pattern` either way round: the reference's or call's result goes straight to the other.
      var other = right
      if !left.isReference, right.isReference { (left, other) = (right, left) }
      var value = operand(left, with: with, coreWith: coreWith, core: &core, into: &steps)
      if !isNegated, other.isComprehension {
        value = lookedUpFirst(value, before: other, with: with, at: location, into: &steps)
      }
      let pattern: Atom
      if other.isReference {
        let result = Atom.local(newSlot(nil))
        let second = operand(other, with: with, coreWith: coreWith, core: &core, into: &steps)
        core.append(step(second.unified(with: result)))
        pattern = result
      } else {
        pattern = atom(other, with: with, into: &steps)
        if !isNegated { noteIndex(value, equals: pattern, with: with, at: location, position: position(steps)) }
      }
      core.append(step(value.unified(with: pattern)))
      return
    }
    if case .call(let operation, let arguments) = term.kind {
      if case .variable(let name) = operation.kind, name == "print", module.globals["print"] == nil {
        print(arguments, with: with, at: location, into: &steps)
        return
      }
      guard let callee = callee(operation, arguments: arguments, allowsResult: true) else {
        var atoms: [Atom] = []
        for argument in arguments { atoms.append(atom(argument, with: with, into: &steps)) }
        // It might have been the call's result.
        if atoms.count > 1, let last = atoms.last {
          core.append(step(.reference(result: last, base: .input, path: [])))
        }
        return
      }
      let arity = tree.arity(of: callee)
      if !isQuery, arguments.count == 2, case .builtin(let builtin) = callee, builtin.name == "equal" {
        // In rules, OPA turns `==` into `=` once it has seen that both sides are safe: an undefined side makes
        // `not x == y` true, where other operators are undefined.
        var sides: [Atom] = []
        let looksFirst = !isNegated && arguments.contains(where: \.isComprehension)
        // Under a negation, too: what is undefined then makes it hold.
        var comprehensions: [Step] = []
        var operands: [Operand] = []
        for argument in arguments {
          let waiting = late
          if isNegated, argument.isComprehension { late = [] }
          operands.append(operand(argument, with: with, coreWith: coreWith, core: &core, into: &steps))
          if isNegated, argument.isComprehension {
            comprehensions += (late ?? []).map {
              Step(kind: $0.kind, with: coreWith, location: $0.location, bindsNothing: $0.bindsNothing)
            }
            late = waiting
          }
        }
        if looksFirst {
          if arguments[0].isName, case .atom(let left) = operands[0] {
            check(left, mayBe: arguments[1], with: with, at: location, into: &steps)
          }
          for index in operands.indices {
            operands[index] = lookedUpFirst(
              operands[index], before: arguments[1 - index], with: with, at: location, into: &steps)
          }
        }
        if !isNegated { noteIndex(operands, with: with, at: location, position: position(steps)) }
        for (argument, operand) in zip(arguments, operands) {
          switch operand {
          case .atom(let atom): sides.append(atom)
          case .reference(let base, let path):
            let result = Atom.local(newSlot(nil))
            // Mistakes are the whole expression's, what an explanation shows is the side's.
            let place = options.isObserved ? argument.location : location
            core.append(
              Step(kind: .reference(result: result, base: base, path: path), with: coreWith, location: place))
            sides.append(result)
          }
        }
        let looksUpData = operands.contains { operand in
          if case .reference(let base, let path) = operand { isBaseData(base, path) } else { false }
        }
        if !comprehensions.isEmpty, !looksUpData {
          for case .local(let slot) in sides where comprehensions.allSatisfy({ !$0.mentions(slot) }) {
            for argument in arguments {
              if let call = Self.mayBe(argument, .local(slot)) { core.append(step(call)) }
            }
          }
        }
        core += comprehensions
        let result = Atom.local(newSlot(nil))
        core.append(step(.call(result: result, callee: callee, arguments: sides)))
        core.append(step(.holds(result)))
        return
      }
      if let value = annotations(callee) {
        let wanted = arguments.first.map { atom($0, with: with, into: &steps) }
        core.append(step(wanted.map { .unify($0, .constant(value)) } ?? .holds(.constant(value))))
        return
      }
      let inputs = arguments.prefix(arity).map { atom($0, with: with, into: &steps) }
      if case .builtin(let builtin) = callee, builtin.name == "internal.member_2", arguments.count == 2, !isNegated,
        isIndexed(with)
      {
        index.isMember(
          inputs[0], of: inputs[1], isArgument: isArgument, at: location, position: position(steps))
      }
      if case .builtin(let builtin) = callee, builtin.name == "glob.match", arguments.count == 3, !isNegated,
        isIndexed(with)
      {
        index.matches(
          inputs[0], delimiters: inputs[1], inputs[2], isArgument: isArgument, at: location, position: position(steps))
      }
      if arguments.count == arity + 1 {
        let result = atom(arguments[arity], with: with, into: &steps)
        core.append(step(.call(result: result, callee: callee, arguments: Array(inputs))))
        return
      }
      let result = Atom.local(capture ?? newSlot(nil))
      core.append(step(.call(result: result, callee: callee, arguments: Array(inputs))))
      if capture == nil { core.append(step(.holds(result))) }
      return
    }
    let value = operand(term, with: with, coreWith: coreWith, core: &core, into: &steps)
    if let capture {
      core.append(step(value.unified(with: .local(capture))))
      return
    }
    switch value {
    case .atom(let atom): core.append(step(.holds(atom)))
    case .reference(let base, let path):
      if !isNegated, isIndexed(with) {
        index.needs(base, path, slot: nil, at: location, position: position(steps))
      }
      let result = Atom.local(newSlot(nil))
      core.append(step(value.unified(with: result)))
      core.append(step(.holds(result)))
    }
  }
}

extension Term {
  fileprivate var name: Text? { if case .variable(let name) = kind { name } else { nil } }
}
