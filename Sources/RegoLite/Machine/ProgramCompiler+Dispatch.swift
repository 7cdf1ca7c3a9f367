/// Tables of definitions by what they ask of a field.
extension ProgramCompiler {
  /// Fewer are asked in turn.
  static let dispatchThreshold = 4
  private static let longestDispatch = 4_000_000

  /// A table of the definitions by the value that they ask of a field; -1 when too few of them ask for one.
  mutating func dispatch(_ range: Range<Int32>) -> Int32 {
    guard range.count >= Self.dispatchThreshold else { return -1 }
    let wanted = range.map { demands(of: definitions[Int($0)]) }
    var counts: [Int32: (demands: Int, keys: Set<Int32>)] = [:]
    for demands in wanted {
      for (field, key) in demands {
        counts[field, default: (0, [])].demands += 1
        counts[field]?.keys.insert(key)
      }
    }
    // How many definitions are left on average, in thousandths.
    func left(_ field: (key: Int32, value: (demands: Int, keys: Set<Int32>))) -> Int {
      (range.count - field.value.demands) * 1000 + field.value.demands * 1000 / field.value.keys.count
    }
    guard let field = counts.min(by: { (left($0), $0.key) < (left($1), $1.key) })?.key,
      let count = counts[field]?.demands, count >= Self.dispatchThreshold
    else { return -1 }
    var keys: [Int32] = []
    var byKey: [Int32: [Int32]] = [:]
    var others: [Int32] = []
    for (definition, demands) in zip(range, wanted) {
      guard let key = demands[field] else {
        others.append(definition)
        continue
      }
      if byKey[key] == nil { keys.append(key) }
      byKey[key, default: []].append(definition)
    }
    guard keys.count * others.count < Self.longestDispatch else { return -1 }
    let lists = Int32(dispatchLists.count)
    for key in keys { dispatchLists.append(self.range(of: ((byKey[key] ?? []) + others).sorted())) }
    dispatches.append(
      Program.Dispatch(
        field: field, keys: arena.set(of: keys.map { constants[Int($0)] }), lists: lists, others: self.range(of: others)
      ))
    return Int32(dispatches.count - 1)
  }

  private mutating func range(of items: [Int32]) -> NumberRange {
    let start = list(items)
    return NumberRange(start..<start + Int32(items.count))
  }

  /// The constants that the definition needs fields to be equal to, by field: it fails otherwise, and nothing else that
  /// it does before can.
  private func demands(of definition: Program.Definition) -> [Int32: Int32] {
    let block = blocks[Int(definition.block)]
    var demands: [Int32: Int32] = [:]
    func demand(_ a: Int32, _ b: Int32) {
      for (field, other) in [(a, b), (b, a)] where Program.Operand.isField(field) {
        let field = Int32(Program.Operand.number(ofField: field))
        guard let constant = constant(other), constant.isSimple else { continue }
        demands[field] = demands[field] ?? Int32(Program.Operand.number(ofConstant: other))
      }
    }
    for instruction in instructions[Int(block.start)..<Int(block.start + block.count)] {
      // Only what the whole definition hangs on.
      guard instruction.fail == block.count - 1 else { return demands }
      switch instruction.code {
      case .equal: demand(instruction.a, instruction.b)
      case .requireComparison:
        if instruction.b == Program.Comparison.equal.rawValue { demand(instruction.c, instruction.d) }
      case .assign, .field, .requireField, .holds, .lookup, .lookupData, .match, .member, .isOrHas, .comparison,
        .requireMember,
        .requireIsOrHas:
        break
      default: return demands
      }
    }
    return demands
  }
}
