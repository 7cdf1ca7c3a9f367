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

  /// Checks every definition, each after those that it depends on. The value of one with mistakes can be anything.
  init(_ plan: Plan, _ bodies: [TypedBody], _ mistakes: Mistakes) {
    graph = RuleGraph(plan)
    self.mistakes = mistakes
    // In the order of the text: a document's and a function's types depend on which definitions come before what needs
    // only some of them.
    var modules: [ObjectIdentifier: Int] = [:]
    for body in bodies {
      let module = ObjectIdentifier(body.location.source)
      if modules[module] == nil { modules[module] = modules.count }
    }
    let places = bodies.enumerated().map { index, body in
      let location = body.location
      return (location.file, modules[ObjectIdentifier(location.source)] ?? 0, location.offset, index)
    }
    let inText = places.sorted { $0 < $1 }.map { bodies[$0.3] }
    var order = DefinitionOrder(inText, graph)
    while let next = order.next() { check(inText[next]) }
  }

  /// Checks a query on top of checked rules.
  static func errors(in steps: [Step], slotNames: [Text?], on plan: Plan) -> [PolicyError] {
    var inference = InferTypes(types: plan.types, graph: RuleGraph(plan), slotNames: slotNames)
    inference.check(steps, bound: BoundSlots(0..<0), isQuery: true)
    return inference.errors
  }

  private mutating func check(_ body: TypedBody) {
    let group = graph.groups[body.group]
    // As in OPA, a collection is as good as a variable here.
    let constants = body.suffix.prefix { $0.scalarValue != nil }.compactMap(\.scalarValue)
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
        let pattern = patterns[index] ?? .local(index)
        let type = inference.typeOrAnything(pattern)
        // In the result, what nothing is known of can be anything.
        pattern.forEachSlot { inference.supposeAnything($0) }
        return type
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

/// Definitions in an order in which each comes after those that it depends on: of a document of many definitions, that
/// is those alone which a reference's path can lead to.
private struct DefinitionOrder {
  private enum Dependency {
    case group(Int)
    case body(Int)
  }
  private let bodies: [TypedBody]
  private let graph: RuleGraph
  private var bodiesOfGroup: [[Int]]
  /// By group: some of its definitions make only a part of its document.
  private var hasParts: [Bool]
  private var isSeen: [Bool]
  private var isGroupSeen: [Bool]
  private var start = 0
  private var path: [(body: Int, left: [Dependency])] = []

  init(_ bodies: [TypedBody], _ graph: RuleGraph) {
    self.bodies = bodies
    self.graph = graph
    isSeen = Array(repeating: false, count: bodies.count)
    isGroupSeen = Array(repeating: false, count: graph.groups.count)
    bodiesOfGroup = Array(repeating: [], count: graph.groups.count)
    hasParts = Array(repeating: false, count: graph.groups.count)
    for (index, body) in bodies.enumerated() {
      bodiesOfGroup[body.group].append(index)
      if !body.suffix.isEmpty { hasParts[body.group] = true }
    }
  }

  mutating func next() -> Int? {
    while true {
      if path.isEmpty {
        guard start < bodies.count else { return nil }
        open(start)
        start += 1
        continue
      }
      switch path[path.count - 1].left.popLast() {
      case .group(let group):
        guard !isGroupSeen[group] else { continue }
        isGroupSeen[group] = true
        path[path.count - 1].left += bodiesOfGroup[group].reversed().map { .body($0) }
      case .body(let body): open(body)
      case nil: return path.removeLast().body
      }
    }
  }

  private mutating func open(_ body: Int) {
    guard !isSeen[body] else { return }
    isSeen[body] = true
    var left: [Dependency] = []
    for step in bodies[body].steps { collect(from: step, into: &left) }
    path.append((body, left.reversed()))
  }

  private func collect(from step: Step, into result: inout [Dependency]) {
    for (target, value) in step.with?.modifications ?? [] {
      switch target {
      case .data(let path): collect(below: path.map { .constant(.string($0)) }, into: &result)
      case .function(let group): result.append(.group(group))
      case .input, .builtin, .nowhere: break
      }
      if case .callee(.function(let group)) = value { result.append(.group(group)) }
    }
    switch step.kind {
    case .reference(_, .data, let path): collect(below: path, into: &result)
    case .call(_, .function(let group), _): result.append(.group(group))
    case .not(let inner), .noneOf(let inner), .every(_, _, _, let inner), .comprehension(_, _, _, let inner):
      for step in inner { collect(from: step, into: &result) }
    case .anyOf(let bodies): for body in bodies { for step in body { collect(from: step, into: &result) } }
    case .unify, .reference, .call, .holds, .iterate: break
    }
  }

  private func collect(below path: [Atom], into result: inout [Dependency]) {
    var node = graph.tree.root
    for (index, part) in path.enumerated() {
      if let group = node.group {
        // Each definition is looked at only where that can make a difference: there may be many, and many references.
        guard hasParts[group.id] else {
          result.append(.group(group.id))
          return
        }
        let rest = path[index...]
        let some = bodiesOfGroup[group.id].filter { bodies[$0].canLie(at: rest) }
        if some.count == bodiesOfGroup[group.id].count {
          result.append(.group(group.id))
        } else {
          result += some.map { .body($0) }
        }
        return
      }
      guard let key = part.constantValue else { break }
      guard let child = node.children[key] else { return }
      node = child
    }
    var groups: [Int] = []
    node.forEachGroup { groups.append($0.id) }
    result += groups.sorted().map { .group($0) }
  }
}

extension TypedBody {
  /// Whether a path below the group's can lead to what the definition makes.
  fileprivate func canLie(at path: ArraySlice<Atom>) -> Bool {
    for (own, other) in zip(suffix, path) {
      guard let own = own.scalarValue else { return true }
      if let other = other.constantValue, own != other { return false }
    }
    return true
  }

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

extension Atom {
  fileprivate var scalarValue: Value? { constantValue.flatMap { $0.isCollection ? nil : $0 } }
}
