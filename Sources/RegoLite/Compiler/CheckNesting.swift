import StrictJSON

/// Refuses rules whose values might nest too deep for a thread that compares, prints or releases them: `x1 := [x0]`,
/// `x2 := [x1]`, … Rego has no recursion, so the plan says how deep any value can become.
///
/// A height is counted from `JSONReadingOptions.deepest`, which is the most that input, data and builtins give: a
/// scalar's is far below zero, that of `[input]` is 1, that of `[input][0]` is 0 again.
struct CheckNesting {
  /// INVARIANT: with `JSONReadingOptions.deepest` below it, this many levels leave room on a thread with 512 kB of stack
  /// in unoptimised builds.
  private static let limit = 100
  private static let least = -JSONReadingOptions.deepest

  private(set) var errors: [PolicyError] = []
  /// Of each group's values: by how much a function's may be above its highest argument's.
  private(set) var heights: [Int]
  /// Of the definition or query at hand, by slot; absent for those that nothing has been said of.
  private var slots: [Int?] = []
  /// What the running `with` statements add to everything that is read from documents, outermost first.
  private var modifiers: [Int] = []
  private var isReported = false

  /// Checks every rule, each after those that it depends on.
  init(_ plan: Plan) {
    heights = Array(repeating: 0, count: plan.groups.count)
    for group in RuleGraph(plan).inOrder() {
      var height = Self.least
      let isSet = if case .set = plan.groups[group].group.kind { true } else { false }
      for definition in plan.groups[group].definitions + plan.groups[group].defaults {
        for block in definition.branches {
          begin()
          let own = visit(block, plan) + (isSet ? 1 : 0)
          height = max(height, checked(own, at: definition.location))
        }
      }
      heights[group] = height
    }
  }

  /// Checks a query on top of checked rules.
  init(_ query: QueryPlan, on plan: Plan) {
    heights = plan.heights
    begin()
    _ = visit(query.block, plan)
  }

  private mutating func begin() {
    slots.removeAll(keepingCapacity: true)
    modifiers = []
    isReported = false
  }

  // MARK: Statements

  /// The height of what the block and those inside it hand over.
  private mutating func visit(_ root: Block, _ plan: Plan) -> Int {
    // Loops lie inside one another without end, hence no recursion for them.
    var work: [(block: Block, index: Int, modifiers: [Int])] = [(root, 0, modifiers)]
    let outer = modifiers
    defer { modifiers = outer }
    var result = Self.least
    while let (block, index, own) = work.last {
      guard index < block.statements.count else {
        work.removeLast()
        continue
      }
      modifiers = own
      work[work.count - 1].index += 1
      let location = block.locations[index]
      let shift = modifiers.reduce(0, +)
      func set(_ slot: Slot, _ height: Int) { note(slot, height, at: location) }
      func read(_ height: Int) -> Int { min(height + shift, Self.limit + 1) }
      switch block.statements[index] {
      case .assign(let slot, let operand): set(slot, height(operand, shift))
      case .match(let operand, let pattern): bind(pattern, height(operand, shift), at: location)
      case .equal, .holds, .succeed: break
      case .lookup(let slot, let operand, let keys): set(slot, height(operand, shift) - keys.count)
      case .scan(let operand, let key, let value, let inner):
        let member = height(operand, shift) - 1
        bind(key, member, at: location)
        bind(value, member, at: location)
        work.append((inner, 0, own))
      case .rule(let slot, let group): set(slot, read(heights[group]))
      case .ruleLookup(let slot, let lookup, _): set(slot, read(heights[plan.lookups[lookup].group] - 1))
      case .walk(let walk, let slot, let inner):
        var highest = 0
        walk.node.forEachGroup { highest = max(highest, heights[$0.id] + $0.path.count - walk.path.count) }
        for key in walk.keys {
          if case .unknown(let pattern) = key { bind(pattern, read(highest), at: location) }
        }
        set(slot, read(highest))
        work.append((inner, 0, own))
      case .materialize(let slot, let node, let path):
        var highest = 0
        node.forEachGroup { highest = max(highest, heights[$0.id] + $0.path.count - path.count) }
        set(slot, read(highest))
      case .builtin(let slot, let builtin, let operands):
        set(slot, self.height(of: builtin, operands, shift) + (plan.replacedBuiltins.isEmpty ? 0 : shift))
      case .relation(let slot, let builtin, let operands, let inner):
        // The pairs of a path and what is there.
        set(slot, self.height(of: builtin, operands, shift) + 1 + shift)
        work.append((inner, 0, own))
      case .function(let slot, let group, let operands):
        let highest = operands.map { height($0, shift) }.max() ?? 0
        set(slot, read(heights[group] + max(0, highest)))
      case .not(let inner): _ = visit(inner, plan)
      case .anyOf(let blocks): for inner in blocks { _ = visit(inner, plan) }
      case .every(let operand, let key, let value, let inner):
        let member = height(operand, shift) - 1
        if let key { set(key, member) }
        set(value, member)
        _ = visit(inner, plan)
      case .comprehension(let slot, _, let inner): set(slot, visit(inner, plan) + 1)
      case .with(let replacements, let inner):
        var highest = 0
        for replacement in replacements {
          switch replacement.kind {
          case .value(let operand):
            highest = max(highest, height(operand, shift) + replacement.target.names)
          case .function(let group): highest = max(highest, heights[group])
          case .builtin: highest = max(highest, 1)
          }
        }
        work.append((inner, 0, own + [highest]))
      case .outside(let inner): work.append((inner, 0, Array(own.dropLast())))
      case .observed(_, _, let inner): work.append((inner, 0, own))
      case .emitArray(let operand), .emitSet(let operand): result = max(result, height(operand, shift))
      case .emitObject(let key, let value): result = max(result, height(key, shift), height(value, shift))
      case .emitValue(let operand, _): result = max(result, checked(height(operand, shift), at: location))
      case .emitDocument(let path, let operand, let isMember):
        let own = height(operand, shift) + (isMember ? 1 : 0)
        let keys = path.map { height($0, shift) }.max() ?? Self.least
        result = max(result, checked(max(own, keys) + path.count, at: location))
      case .emitRow(let operands): for operand in operands { _ = checked(height(operand, shift), at: location) }
      }
    }
    return result
  }

  private mutating func note(_ slot: Slot, _ height: Int, at location: Location) {
    let height = checked(height, at: location)
    while slots.count <= slot { slots.append(nil) }
    slots[slot] = max(slots[slot] ?? Self.least, height)
  }

  /// What is too high is reported once in a definition; what follows from it isn't.
  private mutating func checked(_ height: Int, at location: Location) -> Int {
    if height <= Self.limit { return height }
    if !isReported {
      isReported = true
      errors.append(
        .compile(
          "values may nest more than \(JSONReadingOptions.deepest + Self.limit) levels deep", at: location, .nesting))
    }
    return 0
  }

  private mutating func bind(_ pattern: Pattern, _ height: Int, at location: Location) {
    switch pattern {
    case .anything, .equal: break
    case .bind(let slot): note(slot, height, at: location)
    case .array(let items): for item in items { bind(item, height - 1, at: location) }
    case .object(let items): for item in items { bind(item.value, height - 1, at: location) }
    }
  }

  // MARK: Values

  private func height(_ operand: Operand, _ shift: Int) -> Int {
    switch operand {
    case .constant(let value):
      return value.nesting(upTo: JSONReadingOptions.deepest + Self.limit) + Self.least
    case .local(let slot): return slot < slots.count ? slots[slot] ?? 0 : 0
    case .input, .data: return shift
    case .array(let items), .set(let items):
      return items.reduce(Self.least) { max($0, height($1, shift)) } + 1
    case .object(let items):
      return items.reduce(Self.least) { max($0, height($1.key, shift), height($1.value, shift)) } + 1
    }
  }

  /// Builtins give scalars, parts of what they get, or values of their own that are nowhere near the limit.
  private func height(of builtin: Builtin, _ operands: [Operand], _ shift: Int) -> Int {
    switch builtin.result {
    case .null, .boolean, .number, .string: return Self.least
    default: break
    }
    let highest = operands.reduce(0) { max($0, height($1, shift)) }
    switch builtin.name.string {
    case "graph.reachable_paths", "io.jwt.decode", "io.jwt.decode_verify": return highest + 1
    default: return highest
    }
  }
}

extension WithTarget {
  /// How many names lead to what is replaced.
  fileprivate var names: Int {
    switch self {
    case .input(let path), .data(let path), .nowhere(_, let path): path.count
    case .builtin, .function: 0
    }
  }
}
