/// The types of one body's variables, found step by step in the order in which the steps can run. A variable gets its
/// type where it is first used; each later use is checked against that.
struct InferTypes {
  let types: TypeTree
  let graph: RuleGraph
  let slotNames: [Text?]
  /// The slots of the policy's own variables.
  private let named: BitSet
  var errors: [PolicyError] = []
  /// Absent while nothing is known of a slot.
  var slots: SlotTypes
  /// What the compiler's own variables stand for, for messages.
  private var origins: [Step?]
  /// What a modifier of the step at hand replaces.
  struct Replaced {
    /// `input` or `data`.
    let root: Text
    let path: [Text]
    /// Something below `input` or `data`, at a path that isn't of names, where nothing can be put.
    let isNowhere: Bool
    /// Of the new value; absent when a function takes the place.
    let type: RegoType?
  }
  /// Documents that are replaced can be anything, whatever is said of their parts; what they are parts of is an object.
  var replaced: [Replaced] = []
  /// The groups whose values that changes: they can be anything.
  var affected: Set<Int> = []
  /// The compiler's variables that only have to be true: results that the source doesn't use.
  private var tested = BitSet()
  private var seenModifiers: Set<ObjectIdentifier> = []
  private var mockedFunctions: Set<ObjectIdentifier> = []
  /// How many comprehensions inside one another are being checked.
  private var depth = 0
  private var isQuery = false
  /// Twice at each depth would take too long.
  private static let deepestSecondLook = 8

  init(types: TypeTree, graph: RuleGraph, slotNames: [Text?]) {
    self.types = types
    self.graph = graph
    self.slotNames = slotNames
    named = BitSet(named: slotNames)
    slots = SlotTypes(count: slotNames.count)
    origins = Array(repeating: nil, count: slotNames.count)
  }

  var groups: [RuleGroup] { graph.groups }

  /// Stands in a path for a key that is no text.
  static let noName: Text = "\u{0}"

  // MARK: Steps

  /// A query keeps the results of its expressions.
  mutating func check(_ steps: [Step], bound: BoundSlots, isQuery: Bool = false) {
    if isQuery { self.isQuery = true }
    for step in steps { prepare(step, isQuery: isQuery) }
    var order = OrderSteps(steps, named: named)
    var bound = bound
    while let step = order.next(bound: bound) {
      // That an operand has its variables from outside says nothing of their types.
      if case .unify = step.kind, step.bindsNothing { continue }
      check(step, bound: bound)
      switch step.kind {
      case .unify, .reference, .call, .iterate, .comprehension: for slot in step.slots { bound.bind(slot) }
      case .holds, .not, .noneOf, .anyOf, .every: break
      }
    }
  }

  /// A variable of the policy's, not one of the compiler's own.
  private func isNamed(_ slot: Slot) -> Bool { named.contains(slot) }

  /// Absent for the policy's variables, and for those that are made up to find types.
  func origin(of slot: Slot) -> Step? { slot < origins.count ? origins[slot] : nil }

  private mutating func prepare(_ step: Step, isQuery: Bool) {
    switch step.kind {
    case .reference(.local(let slot), _, _), .call(.local(let slot), _, _), .comprehension(.local(let slot), _, _, _):
      if !isNamed(slot) { origins[slot] = step }
    case .holds(.local(let slot)): if !isQuery, !isNamed(slot) { tested.insert(slot) }
    case .not(let inner): for step in inner { prepare(step, isQuery: false) }
    default: break
    }
  }

  private mutating func check(_ step: Step, bound: BoundSlots) {
    let outer = (replaced, affected)
    defer { (replaced, affected) = outer }
    if let with = step.with {
      let isFirst = seenModifiers.insert(ObjectIdentifier(with)).inserted
      for (target, value) in with.modifications {
        if isFirst, case .value(let atom) = value, type(of: atom) == nil, isEvaluated(atom) {
          _ = unify(atom, .anything)
        }
        if let (root, path, isNowhere) = target.place {
          let type: RegoType? = if case .value(let atom) = value { typeOrAnything(atom) } else { nil }
          replaced.append(Replaced(root: root, path: path, isNowhere: isNowhere, type: type))
        }
        // In comprehensions, OPA doesn't look that far.
        if depth == 0 { affected.formUnion(graph.users(of: target)) }
      }
      if isFirst { checkReplacements(with, at: step.location) }
    }
    switch step.kind {
    case .unify(let a, let b):
      equate(a, b, at: step.location, isStep: true)
    case .reference(let result, let base, let path):
      equate(result, base, path, at: step.location)
    case .iterate(let collection, let key, let value):
      equate(value, .atom(collection), [key ?? newVariable()], at: step.location)
    case .call(let result, let callee, let arguments):
      call(callee, arguments, result: result, at: step.location)
    case .not(let inner): for step in inner { check(step, bound: bound) }
    case .comprehension(let result, let kind, let head, let body):
      guard let type = comprehension(kind, head, body, bound: bound) else { return }
      let before = description(of: result)
      if !unify(result, type) { reportMismatch(type.description, before, at: step.location) }
    case .noneOf(let body): checkInner(body, bound: bound)
    case .every(let domain, let key, let value, let body):
      // OPA gives the domain a name.
      _ = unify(domain, newVariable())
      checkMockedFunctions(of: step)
      var bound = bound
      if let key { bound.bind(key) }
      bound.bind(value)
      checkInner(body, bound: bound)
    case .anyOf(let bodies):
      checkMockedFunctions(of: step)
      for body in bodies { checkInner(body, bound: bound) }
    case .holds: break
    }
  }

  private enum InnerCheck {
    case comprehensions
    case references
  }

  /// Bodies in a body get two checks alone, as in OPA: what is inside their comprehensions, and then whether their
  /// references can lead anywhere. What the references say of variables holds outside, too, but not in the
  /// comprehensions.
  private mutating func checkInner(_ steps: [Step], bound: BoundSlots) {
    check(.comprehensions, in: steps, bound: bound)
    check(.references, in: steps, bound: bound)
  }

  private mutating func check(_ check: InnerCheck, in steps: [Step], bound: BoundSlots) {
    let inOrder = inOrder(steps, bound: bound)
    var bound = bound
    for step in steps { for slot in step.slots { bound.bind(slot) } }
    /// What the compiler's own variables were looked up for.
    var documents: [Slot: (base: ReferenceBase, path: [Atom])] = [:]
    for step in inOrder {
      switch (step.kind, check) {
      case (.comprehension(_, let kind, let head, let inner), .comprehensions):
        _ = comprehension(kind, head, inner, bound: bound)
      case (.reference(let result, let base, let path), .references):
        // What stands there as a whole is not looked into.
        if case .atom(let atom) = base, !atom.isLocal { continue }
        if case .local(let slot) = result, !isNamed(slot) {
          documents[slot] = (base, path)
        }
        _ = checkReference(base, path, at: step.location)
      case (.iterate(let collection, let key, _), .references):
        guard case .local(let slot) = collection else { continue }
        let (base, path) = documents[slot] ?? (.atom(collection), [])
        _ = checkReference(base, path + [key ?? newVariable()], at: step.location)
      case (.not(let inner), _), (.noneOf(let inner), _): self.check(check, in: inner, bound: bound)
      case (.every(_, let key, let value, let inner), _):
        var bound = bound
        if let key { bound.bind(key) }
        bound.bind(value)
        self.check(check, in: inner, bound: bound)
      case (.anyOf(let bodies), _): for body in bodies { self.check(check, in: body, bound: bound) }
      case (.unify, _), (.call, _), (.holds, _), (.comprehension, _), (.reference, _), (.iterate, _): break
      }
    }
  }

  private func inOrder(_ steps: [Step], bound: BoundSlots) -> [Step] {
    var order = OrderSteps(steps, named: named)
    return order.all(bound: bound).map { steps[$0] } + order.remaining
  }

  /// A function that a modifier of an expression with bodies replaces counts as used there like a document: OPA refuses
  /// that.
  private mutating func checkMockedFunctions(of step: Step) {
    guard let with = step.with, mockedFunctions.insert(ObjectIdentifier(with)).inserted else { return }
    for (_, value) in with.modifications {
      switch value {
      case .callee(.function(let group)):
        report("function \(groups[group].name) used as reference, not called", at: step.location)
      case .callee(.builtin(let builtin)):
        var error = PolicyError.type(
          "function \(builtin.name) used as reference, not called", at: step.location, .types)
        error.location = nil
        errors.append(error)
      case .value: break
      }
    }
    for (index, (target, _)) in with.modifications.enumerated() {
      switch target {
      case .function(let group):
        report("function \(groups[group].name) used as reference, not called", at: step.location)
      case .builtin(let name):
        var error = PolicyError.type("function \(name) used as reference, not called", at: step.location, .types)
        error.location = nil
        errors.append(error)
      case .nowhere(isInput: true, _) where !with.replacesInput:
        report("undefined ref: \(with.targets[index].text)", at: with.targets[index])
      case .input, .data, .nowhere: break
      }
    }
  }

  private mutating func comprehension(
    _ kind: ComprehensionKind, _ head: [Atom], _ body: [Step], bound: BoundSlots
  ) -> RegoType? {
    let mark = slots.mark
    defer { slots.undo(to: mark) }
    let before = errors.count
    if depth < Self.deepestSecondLook {
      lookInside(body, bound: bound)
      guard errors.count == before else { return nil }
    }
    depth += 1
    check(body, bound: bound)
    depth -= 1
    guard errors.count == before else { return nil }
    for term in head where type(of: term) == nil && isEvaluated(term) { _ = unify(term, .anything) }
    let types = head.map { knownParts(of: $0) ?? .untyped }
    return switch kind {
    case .array: .array(leading: [], rest: types[0] == .untyped ? nil : types[0]).bounded
    case .set: .set(types[0]).bounded
    case .object: .object(of: types[1], keys: types[0]).bounded
    }
  }

  /// A collection with references or comprehensions in it gets a name in OPA where it is a head or a modifier's value, and
  /// what nothing is known of in it can be anything from then on.
  private func isEvaluated(_ term: Atom) -> Bool {
    switch term {
    case .constant, .local: return false
    case .array, .set, .object: break
    }
    var isEvaluated = false
    term.forEachSlot { slot in
      switch origin(of: slot)?.kind {
      case .reference, .comprehension: isEvaluated = true
      default: break
      }
    }
    return isEvaluated
  }

  /// OPA looks at comprehensions inside one, however deep, also from outside of it, where nothing is known from its body
  /// yet. Here some levels have to do.
  private mutating func lookInside(_ body: [Step], bound: BoundSlots, levels: Int = deepestSecondLook) {
    guard levels > 0 else { return }
    var bound = bound
    for step in body { for slot in step.slots { bound.bind(slot) } }
    let before = errors.count
    for step in body where errors.count == before {
      switch step.kind {
      case .comprehension(_, let kind, let head, let inner):
        let outer = depth
        depth = Self.deepestSecondLook
        _ = comprehension(kind, head, inner, bound: bound)
        depth = outer
        if errors.count == before { lookInside(inner, bound: bound, levels: levels - 1) }
      case .not(let inner), .noneOf(let inner): lookInside(inner, bound: bound, levels: levels - 1)
      case .every(_, let key, let value, let inner):
        var bound = bound
        if let key { bound.bind(key) }
        bound.bind(value)
        lookInside(inner, bound: bound, levels: levels - 1)
      case .anyOf(let bodies): for body in bodies { lookInside(body, bound: bound, levels: levels - 1) }
      case .unify, .reference, .call, .iterate, .holds: break
      }
    }
  }

  // MARK: Calls

  private mutating func call(_ callee: Callee, _ arguments: [Atom], result: Atom, at location: Location) {
    var operands = arguments
    let isStatement = isTested(result)
    if !isStatement { operands.append(result) }
    let name: String
    let wanted: [RegoType]
    switch callee {
    case .builtin(let builtin):
      // What a `print` shows may be of any type, or of none that is known yet.
      if builtin.isVariadic || builtin.name == "internal.print" || builtin.name == "internal.may_be_comprehension" {
        return
      }
      // In a query, OPA leaves the comparison of what can't be equal to the evaluation.
      if isStatement, !isQuery, builtin.name == "equal", arguments.count == 2 {
        equate(arguments[0], arguments[1], at: location)
        return
      }
      name = builtin.name.string
      wanted = builtin.type.operands
    case .function(let group):
      if types.isUndefinedFunction(at: groups[group].path) {
        report("undefined function \(groups[group].name)", at: location)
        return
      }
      guard !affected.contains(group), let function = types.function(at: groups[group].path) else {
        if type(of: result) == nil { _ = unify(result, .anything) }
        return
      }
      name = groups[group].name
      var operands = function.operands
      // As in OPA, a variable for a result of which not everything is known can be anything.
      if !isStatement, operands.last?.isKnown == false, case .local(let slot) = result, isNamed(slot) {
        operands[operands.count - 1] = .anything
      }
      wanted = operands
    }
    // What the call itself says of an operand does not count for the next one.
    let known = operands.map { type(of: $0) }
    for (index, (operand, type)) in zip(operands, wanted).enumerated() {
      if known[index].map({ RegoType.unifies($0, type) }) ?? true, unify(operand, type) { continue }
      let want: String
      switch callee {
      case .builtin(let builtin): want = builtin.wanted(withResult: true)
      case .function: want = FunctionType.list(wanted.map(\.description))
      }
      let have = FunctionType.list(operands.map { description(of: $0) })
      report("\(name): invalid argument(s)\n\thave: \(have)\n\twant: \(want)", at: location)
      return
    }
  }

  private mutating func checkReplacements(_ with: WithGroup, at location: Location) {
    // Of functions that read what is replaced nothing is known.
    var unknown: Set<Int> = []
    if depth == 0 { for (target, _) in with.modifications { unknown.formUnion(graph.users(of: target)) } }
    for (index, (target, value)) in with.modifications.enumerated() {
      guard case .callee(let callee) = value else { continue }
      if case .function(let group) = callee, unknown.contains(group) { continue }
      if case .function(let group) = target, unknown.contains(group) { continue }
      let place = with.targets[index]
      check(target, replacedBy: callee, at: place.row == location.row ? location : place)
    }
  }

  /// A function that stands in for another has to take as many arguments, and be able to take the same.
  private mutating func check(_ target: WithTarget, replacedBy callee: Callee, at location: Location) {
    let name: String
    let replaced: FunctionType
    let want: String
    switch target {
    case .builtin(let builtin):
      guard let builtin = Builtins.all[builtin] else { return }
      (name, replaced, want) = (builtin.name.string, builtin.type, builtin.wanted(withResult: false))
    case .function(let group):
      guard let function = types.function(at: groups[group].path) else { return }
      (name, replaced) = (groups[group].name, function)
      want = FunctionType.list(function.arguments.map(\.description))
    case .input, .data, .nowhere: return
    }
    let replacing: FunctionType
    switch callee {
    case .builtin(let builtin): replacing = builtin.type
    case .function(let group):
      guard let function = types.function(at: groups[group].path) else { return }
      replacing = function
    }
    guard !replaced.unifies(with: replacing) else { return }
    let have = FunctionType.list(replacing.arguments.map(\.description))
    report("\(name): arity mismatch\n\thave: \(have)\n\twant: \(want)", at: location)
  }

  // MARK: Equations

  private mutating func equate(_ a: Atom, _ b: Atom, at location: Location, isStep: Bool = false) {
    let mark = slots.mark
    if unify(a, b) { return }
    let before = slots.undone(to: mark)
    let (first, second) = (description(of: a, slots: before), description(of: b, slots: before))
    if isStep, isEquation(location) {
      reportMismatch(second, first, at: location)
    } else {
      reportMismatch(first, second, at: location)
    }
  }

  /// The pattern has to match what a reference finds.
  private mutating func equate(
    _ pattern: Atom, _ base: ReferenceBase, _ path: [Atom], at location: Location
  ) {
    guard checkReference(base, path, at: location) else { return }
    let type = type(of: base, path)
    let mark = slots.mark
    var isPossible = true
    if let type {
      if let known = self.type(of: pattern) {
        isPossible = RegoType.unifies(known, type)
      } else if case .local = pattern {
        isPossible = unify(pattern, type)
      } else {
        // What isn't known of a document are its functions: a variable may stand for one.
        let isDocument = if case .data = base { true } else { false }
        isPossible = (isDocument || type.isKnown) && unify(pattern, type)
      }
    } else {
      switch base {
      // Nothing is below a scalar.
      case .atom(.constant(let value)) where !value.isCollection: isPossible = false
      // A collection of whose members nothing is known: only that there is one can be asked.
      case .atom(.local(let slot)) where slots[slot] != nil: isPossible = isTested(pattern)
      case .data: isPossible = isTested(pattern)
      case .atom, .input: break
      }
    }
    guard !isPossible else { return }
    let before = slots.undone(to: mark)
    let (have, want) = (description(of: pattern, slots: before), type?.description ?? RegoType.unknown)
    if isPatternLeft(location) {
      reportMismatch(have, want, at: location)
    } else {
      reportMismatch(want, have, at: location)
    }
  }

  private func isTested(_ atom: Atom) -> Bool {
    if case .local(let slot) = atom { return tested.contains(slot) }
    return false
  }

  mutating func report(_ message: String, at location: Location) {
    errors.append(.type(message, at: location, .types))
  }

  private mutating func reportMismatch(_ left: String, _ right: String, at location: Location) {
    report("match error\n\tleft  : \(left)\n\tright : \(right)", at: location)
  }

  // MARK: Which side stood left

  // Steps don't keep this: only messages want it, so it is read from the source when there is one to write.

  private func sides(_ location: Location) -> (operation: Text, left: Term, right: Term)? {
    let source = Source(file: "", text: location.text)
    guard let body = try? Parser.parseQuery(source, version: .v1), body.count == 1,
      case .term(let term) = body[0].kind, case .call(let operation, let arguments) = term.kind, arguments.count == 2,
      case .variable(let name) = operation.kind
    else { return nil }
    return (name, arguments[0], arguments[1])
  }

  /// `x = y`, whose step has the right side first; that of `x := y` has the left.
  private func isEquation(_ location: Location) -> Bool { sides(location)?.operation == "eq" }

  /// A reference stands right of its pattern unless it is an equation's left side.
  private func isPatternLeft(_ location: Location) -> Bool {
    guard let (operation, left, right) = sides(location), operation == "eq" else { return true }
    if case .reference = left.kind { return false }
    if case .reference = right.kind { return true }
    return false
  }
}

extension Atom {
  fileprivate var isLocal: Bool { if case .local = self { true } else { false } }
}

extension WithTarget {
  /// What is replaced, or would be if something could be put there; absent for functions.
  fileprivate var place: (root: Text, path: [Text], isNowhere: Bool)? {
    switch self {
    case .input(let path): ("input", path, false)
    case .data(let path): ("data", path, false)
    case .nowhere(let isInput, let path): (isInput ? "input" : "data", path + [InferTypes.noName], true)
    case .builtin, .function: nil
    }
  }
}

extension WithGroup {
  fileprivate var replacesInput: Bool {
    modifications.contains { if case .input(let path) = $0.target { path.isEmpty } else { false } }
  }
}
