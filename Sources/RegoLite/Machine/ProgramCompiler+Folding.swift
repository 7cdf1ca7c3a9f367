/// What hangs on nothing but the policy and its base data is computed when the program is made.
extension ProgramCompiler {
  /// How much work is done ahead of decisions, in the evaluator's steps.
  static let foldingSteps = 1_000_000
  private static let mostFoldedParts = 100_000

  enum Folded {
    /// Only a decision can tell.
    case unknown
    /// It never holds.
    case never
    case value(Value)
  }

  /// What the statement gives to its slot, or true when it has none and holds.
  mutating func folded(_ statement: Statement, _ slot: Slot?, _ known: Known) -> Folded {
    guard foldingStepsLeft > 0 else { return .unknown }
    var slots = Slots()
    guard isPure(statement, &slots) else { return .unknown }
    let block = Block()
    // Nobody sees its errors.
    let nowhere = Location(Source(file: "", text: ""), offset: 0, length: 0)
    func append(_ statement: Statement) {
      block.statements.append(statement)
      block.locations.append(nowhere)
    }
    for outer in slots.read.subtracting(slots.written) {
      guard let value = known.values[outer] else { return .unknown }
      append(.assign(outer, .constant(value)))
    }
    append(statement)
    append(.emitRow([slot.map { .local($0) } ?? .constant(true)]))
    let size = (slots.read.union(slots.written).max() ?? 0) + 1
    let evaluator = Evaluator(
      plan: plan, input: nil, data: data, budget: EvaluationBudget(steps: foldingStepsLeft, time: nil),
      strictBuiltinErrors: isStrict, now: 0)
    let rows = try? evaluator.rows(QueryPlan(frameSize: size, block: block, variables: [], expressions: []))
    foldingStepsLeft = evaluator.builtins.stepsLeft
    // What is an error is one when a decision comes to it.
    guard let rows else { return .unknown }
    guard let value = rows.first?.first else { return .never }
    // Small for the evaluation, where parts are shared, it may be beyond measure written out.
    let limit = min(foldingStepsLeft, Self.mostFoldedParts)
    let left = value.partsLeft(of: limit)
    foldingStepsLeft -= limit - left
    return left > 0 ? .value(value) : .unknown
  }

  /// The slots that statements use.
  private struct Slots {
    var read: Set<Slot> = []
    var written: Set<Slot> = []
  }

  /// Always gives the same, whatever the input and the time.
  private mutating func isPure(group id: Int) -> Bool {
    if let known = purity[id] { return known }
    // A rule that asks for itself doesn't compile.
    purity[id] = false
    let own = plan.groups[id]
    var slots = Slots()
    for definition in own.definitions + own.defaults {
      for branch in definition.branches { guard isPure(branch, &slots) else { return false } }
    }
    purity[id] = true
    return true
  }

  private mutating func isPure(_ block: Block, _ slots: inout Slots) -> Bool {
    for statement in block.statements { guard isPure(statement, &slots) else { return false } }
    return true
  }

  private mutating func isPure(_ statement: Statement, _ slots: inout Slots) -> Bool {
    switch statement {
    case .assign(let slot, let operand):
      slots.written.insert(slot)
      return isPure([operand], &slots)
    case .match(let operand, let pattern): return isPure([operand], &slots) && isPure(pattern, &slots)
    case .equal(let a, let b): return isPure([a, b], &slots)
    case .holds(let operand), .emitArray(let operand), .emitSet(let operand), .emitValue(let operand, _):
      return isPure([operand], &slots)
    case .lookup(let slot, let operand, let keys):
      slots.written.insert(slot)
      return isPure([operand] + keys, &slots)
    case .scan(let operand, let key, let value, let inner):
      return isPure([operand], &slots) && isPure(key, &slots) && isPure(value, &slots) && isPure(inner, &slots)
    case .rule(let slot, let id):
      slots.written.insert(slot)
      return isPure(group: id)
    case .ruleLookup(let slot, let id, let operands):
      slots.written.insert(slot)
      return isPure(operands, &slots) && isPure(group: plan.lookups[id].group)
    case .builtin(let slot, let builtin, let operands):
      slots.written.insert(slot)
      return builtin.isDeterministic && isPure(operands, &slots)
    case .relation(let slot, let builtin, let operands, let inner):
      slots.written.insert(slot)
      return builtin.isDeterministic && isPure(operands, &slots) && isPure(inner, &slots)
    case .function(let slot, let id, let operands):
      slots.written.insert(slot)
      return isPure(operands, &slots) && isPure(group: id)
    case .not(let inner): return isPure(inner, &slots)
    case .anyOf(let choices):
      for choice in choices { guard isPure(choice, &slots) else { return false } }
      return true
    case .every(let operand, let key, let value, let inner):
      if let key { slots.written.insert(key) }
      slots.written.insert(value)
      return isPure([operand], &slots) && isPure(inner, &slots)
    case .comprehension(let slot, _, let inner):
      slots.written.insert(slot)
      return isPure(inner, &slots)
    case .succeed: return true
    case .emitObject(let key, let value): return isPure([key, value], &slots)
    case .emitDocument(let path, let operand, _): return isPure(path + [operand], &slots)
    case .emitRow(let operands): return isPure(operands, &slots)
    case .walk, .materialize, .with, .outside, .observed: return false
    }
  }

  private func isPure(_ operands: [Operand], _ slots: inout Slots) -> Bool {
    for operand in operands {
      switch operand {
      case .constant, .data: break
      case .local(let slot): slots.read.insert(slot)
      case .input: return false
      case .array(let items), .set(let items): guard isPure(items, &slots) else { return false }
      case .object(let items):
        guard isPure(items.map(\.key), &slots), isPure(items.map(\.value), &slots) else { return false }
      }
    }
    return true
  }

  private func isPure(_ pattern: Pattern, _ slots: inout Slots) -> Bool {
    switch pattern {
    case .anything: return true
    case .bind(let slot):
      slots.written.insert(slot)
      return true
    case .equal(let operand): return isPure([operand], &slots)
    case .array(let items): return items.allSatisfy { isPure($0, &slots) }
    case .object(let items): return items.allSatisfy { isPure([$0.key], &slots) && isPure($0.value, &slots) }
    }
  }
}
