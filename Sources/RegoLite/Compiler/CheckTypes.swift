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
  private(set) var errors: [PolicyError] = []
  let types = TypeTree()

  /// Checks every rule, each after those that it depends on.
  init(_ plan: Plan, _ bodies: [TypedBody]) {
    graph = RuleGraph(plan)
    var bodiesOfGroup: [[TypedBody]] = Array(repeating: [], count: graph.groups.count)
    for body in bodies { bodiesOfGroup[body.group].append(body) }
    for group in graph.inOrder() {
      for body in bodiesOfGroup[group] { check(body) }
    }
  }

  /// Checks a query on top of checked rules.
  static func errors(in steps: [Step], slotNames: [Text?], on plan: Plan) -> [PolicyError] {
    var inference = InferTypes(types: plan.types, graph: RuleGraph(plan), slotNames: slotNames)
    inference.check(steps, bound: BoundSlots(0..<0), isQuery: true)
    return inference.errors
  }

  private mutating func check(_ body: TypedBody) {
    var inference = InferTypes(types: types, graph: graph, slotNames: body.slotNames)
    let (patterns, steps) = body.argumentPatterns
    inference.check(steps, bound: BoundSlots(0..<body.arity))
    errors += inference.errors

    let group = graph.groups[body.group]
    let constants = body.suffix.prefix { $0.constantValue != nil }.compactMap(\.constantValue)
    let path = group.path + constants
    guard inference.errors.isEmpty else {
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
