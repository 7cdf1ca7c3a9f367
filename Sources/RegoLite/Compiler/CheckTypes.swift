/// A rule definition's body and what it makes of it, as the type check wants them.
struct TypedBody: Sendable {
  let group: Int
  /// What the head says after the group's path.
  let suffix: [Atom]
  /// `contains`: the result is a member of the set at that path.
  let isMember: Bool
  /// The first slots are a function's arguments.
  let arity: Int
  let steps: [Step]
  let result: Atom
  let slotNames: [Text?]
  let location: Location
}

/// Finds what can't succeed whatever the input is: calls with operands of the wrong type, equations of values that are
/// never equal, references to what isn't there. Types are inferred from constants, from builtins' declarations and from
/// other rules; `input` and base data can be anything.
///
/// It refuses what OPA refuses: where OPA leaves a mistake to the evaluation (bodies of `every`, membership, …), so
/// does this pass.
struct CheckTypes {
  private let graph: RuleGraph
  private let mistakes: Mistakes
  private(set) var errors: [PolicyError] = []
  let types = TypeTree()

  /// Checks every rule, each after those that it depends on. The value of a definition with mistakes can be anything.
  init(_ plan: Plan, _ bodies: [TypedBody], _ mistakes: Mistakes) {
    graph = RuleGraph(plan)
    self.mistakes = mistakes
    var bodiesOfGroup: [[TypedBody]] = Array(repeating: [], count: graph.groups.count)
    for body in bodies { bodiesOfGroup[body.group].append(body) }
    for group in graph.inOrder() {
      // In the order of the text: a function's types depend on which definitions come after a wrong one.
      let inText = bodiesOfGroup[group].enumerated().sorted { a, b in
        let (x, y) = (a.element.location, b.element.location)
        return x.file == y.file && x.offset != y.offset ? x.offset < y.offset : a.offset < b.offset
      }
      for (_, body) in inText { check(body) }
    }
  }

  /// Checks a query on top of checked rules.
  static func errors(in steps: [Step], slotNames: [Text?], on plan: Plan) -> [PolicyError] {
    var inference = InferTypes(types: plan.types, graph: RuleGraph(plan), slotNames: slotNames)
    inference.check(steps, bound: BoundSlots(0..<0), isQuery: true)
    return inference.errors
  }

  private mutating func check(_ body: TypedBody) {
    let group = graph.groups[body.group]
    let constants = body.suffix.prefix { $0.constantValue != nil }.compactMap(\.constantValue)
    let path = group.path + constants
    guard mistakes.leaveTypes(of: body) else {
      types.insertAnything(at: path)
      return
    }
    var inference = InferTypes(types: types, graph: graph, slotNames: body.slotNames)
    let (patterns, steps) = body.argumentPatterns
    var bound = BoundSlots(0..<body.arity)
    for pattern in patterns.values { pattern.forEachSlot { bound.bind($0) } }
    inference.check(steps, bound: bound)
    errors += inference.errors
    guard inference.errors.isEmpty, mistakes.spare(body) else {
      types.insertAnything(at: path)
      return
    }
    if case .function = group.kind {
      let arguments = (0..<body.arity).map { index in
        inference.typeOrAnything(patterns[index] ?? .local(index))
      }
      types.insert(FunctionType(arguments: arguments, result: inference.typeOrAnything(body.result)), at: group.path)
      return
    }
    guard var type = inference.type(of: body.result) else { return }
    if body.isMember { type = .set(type) }
    for key in body.suffix.dropFirst(constants.count).reversed() {
      guard let keyType = inference.type(of: key) else { return }
      type = .object(of: type, keys: keyType)
    }
    types.insert(type.bounded, at: path)
  }
}

extension TypedBody {
  /// The arguments that are patterns, and the steps without those that match them: what an argument can be is what the
  /// body makes of it, not what is passed.
  fileprivate var argumentPatterns: (patterns: [Int: Atom], steps: [Step]) {
    guard arity > 0 else { return ([:], steps) }
    var patterns: [Int: Atom] = [:]
    let rest = steps.filter { step in
      guard case .unify(.local(let slot), let pattern) = step.kind, slot < arity, slotNames[slot] == nil,
        patterns[slot] == nil
      else { return true }
      patterns[slot] = pattern
      return false
    }
    return (patterns, rest)
  }
}
