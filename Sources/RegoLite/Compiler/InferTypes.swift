/// The types of one body's variables, found step by step in the order in which the steps can run. A variable gets its
/// type where it is first used; each later use is checked against that.
struct InferTypes {
  let types: TypeTree
  let graph: RuleGraph
  let slotNames: [Text?]
  var errors: [PolicyError] = []
  /// Absent while nothing is known of a slot.
  var slots: [RegoType?]
  /// What the compiler's own variables stand for, for messages.
  var origins: [Slot: Step] = [:]
  /// The documents that the step at hand replaces, by path below `data`.
  var replaced: [(path: [Text], type: RegoType)] = []
  /// The groups whose values that changes: they can be anything.
  var affected: Set<Int> = []
  /// The compiler's variables that only have to be true: results that the source doesn't use.
  private var tested: Set<Slot> = []
  private var seenModifiers: Set<ObjectIdentifier> = []

  init(types: TypeTree, graph: RuleGraph, slotNames: [Text?]) {
    self.types = types
    self.graph = graph
    self.slotNames = slotNames
    slots = Array(repeating: nil, count: slotNames.count)
  }

  var groups: [RuleGroup] { graph.groups }

  // MARK: Steps

  /// A query keeps the results of its expressions.
  mutating func check(_ steps: [Step], bound: BoundSlots, isQuery: Bool = false) {
    for step in steps { prepare(step, isQuery: isQuery) }
    let names = slotNames
    var order = OrderSteps(steps) { $0 < names.count && names[$0] != nil }
    var bound = bound
    while let step = order.next(bound: bound) {
      check(step, bound: bound)
      switch step.kind {
      case .unify, .reference, .call, .iterate, .comprehension: step.forEachOwnSlot { bound.bind($0) }
      case .holds, .not, .noneOf, .anyOf, .every: break
      }
    }
  }

  private mutating func prepare(_ step: Step, isQuery: Bool) {
    switch step.kind {
    case .reference(.local(let slot), _, _), .call(.local(let slot), _, _), .comprehension(.local(let slot), _, _, _):
      if slot < slotNames.count, slotNames[slot] == nil { origins[slot] = step }
    case .holds(.local(let slot)): if !isQuery, slot < slotNames.count, slotNames[slot] == nil { tested.insert(slot) }
    case .not(let inner): for step in inner { prepare(step, isQuery: false) }
    default: break
    }
  }

  private mutating func check(_ step: Step, bound: BoundSlots) {
    let (outerReplaced, outerAffected) = (replaced, affected)
    defer { (replaced, affected) = (outerReplaced, outerAffected) }
    if let with = step.with {
      let isFirst = seenModifiers.insert(ObjectIdentifier(with)).inserted
      for (target, value) in with.modifications {
        if case .data(let path) = target, case .value(let atom) = value {
          replaced.append((path, typeOrAnything(atom)))
        }
        affected.formUnion(graph.users(of: target))
        if isFirst { check(target, replacedBy: value, at: step.location) }
      }
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
      _ = unify(result, type)
    case .noneOf(let body), .every(_, _, _, let body): checkFunctionReferences(in: body)
    case .anyOf(let bodies): for body in bodies { checkFunctionReferences(in: body) }
    case .holds: break
    }
  }

  /// The only check that bodies in a body get, as in OPA: whether they use functions as documents.
  private mutating func checkFunctionReferences(in steps: [Step]) {
    for step in steps {
      switch step.kind {
      case .reference(_, .data, let path): _ = checkFunctionReference(path, at: step.location)
      case .not(let inner), .noneOf(let inner), .every(_, _, _, let inner), .comprehension(_, _, _, let inner):
        checkFunctionReferences(in: inner)
      case .anyOf(let bodies): for body in bodies { checkFunctionReferences(in: body) }
      case .unify, .reference, .call, .holds, .iterate: break
      }
    }
  }

  private mutating func comprehension(
    _ kind: ComprehensionKind, _ head: [Atom], _ body: [Step], bound: BoundSlots
  ) -> RegoType? {
    let outer = slots
    defer { slots = outer }
    let before = errors.count
    check(body, bound: bound)
    guard errors.count == before else { return nil }
    let types = head.map { typeOrAnything($0) }
    return switch kind {
    case .array: .array(of: types[0]).bounded
    case .set: .set(types[0]).bounded
    case .object: .object(of: types[1], keys: types[0]).bounded
    }
  }

  // MARK: Calls

  private mutating func call(_ callee: Callee, _ arguments: [Atom], result: Atom, at location: Location) {
    var operands = arguments
    var isStatement = false
    if case .local(let slot) = result { isStatement = tested.contains(slot) }
    if !isStatement { operands.append(result) }
    let name: String
    let wanted: [RegoType]
    switch callee {
    case .builtin(let builtin):
      if builtin.isVariadic { return }
      if isStatement, builtin.name == "equal", arguments.count == 2 {
        equate(arguments[0], arguments[1], at: location)
        return
      }
      name = builtin.name.string
      wanted = builtin.type.operands
    case .function(let group):
      guard !affected.contains(group), let function = types.function(at: groups[group].path) else {
        if type(of: result) == nil { _ = unify(result, .anything) }
        return
      }
      name = groups[group].name
      wanted = function.operands
    }
    for (operand, type) in zip(operands, wanted) {
      if RegoType.unifiesIfKnown(self.type(of: operand), type), unify(operand, type) { continue }
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

  /// A function that stands in for another has to take as many arguments, and be able to take the same.
  private mutating func check(_ target: WithTarget, replacedBy value: WithReplacement, at location: Location) {
    guard case .callee(let callee) = value else { return }
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
    case .input, .data: return
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
    let before = slots
    if unify(a, b) { return }
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
    let before = slots
    var isPossible = true
    if let type {
      isPossible = self.type(of: pattern).map { RegoType.unifies($0, type) } ?? unify(pattern, type)
    } else if case .atom(.constant(let value)) = base, !value.isCollection {
      // Nothing is below a scalar.
      isPossible = false
    }
    guard !isPossible else { return }
    let (have, want) = (description(of: pattern, slots: before), type?.description ?? RegoType.unknown)
    if isPatternLeft(location) {
      reportMismatch(have, want, at: location)
    } else {
      reportMismatch(want, have, at: location)
    }
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
