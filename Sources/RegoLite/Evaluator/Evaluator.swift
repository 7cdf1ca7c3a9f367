/// Runs a plan for one query. Belongs to one thread; everything it reads besides is immutable.
final class Evaluator {
  let plan: Plan
  var context: DocumentContext
  /// The contexts that the running `with` statements have set aside, innermost last.
  var outerContexts: [DocumentContext] = []
  var registers: [Value?] = []
  /// Where the running frame begins.
  var base = 0
  var accumulators: [Accumulator] = []
  var builtins: BuiltinContext
  /// The definitions of this group that gave a value are noted.
  var watchedGroup: Int?
  var matches: [Location] = []

  let strictBuiltinErrors: Bool
  /// Told what happens, as far as the plan has observed statements.
  let observation: Observation?
  private let deadline: ContinuousClock.Instant?
  private let stackLimit: UInt
  private var untilClock = 256

  /// What a block's end tells those who run it.
  enum Flow {
    case next
    /// No further result is wanted.
    case stop
  }

  init(
    plan: Plan, input: Value?, data: Value, budget: EvaluationBudget, strictBuiltinErrors: Bool, now: Int64,
    observation: Observation? = nil
  ) {
    self.plan = plan
    self.observation = observation
    context = DocumentContext(input: input, data: data, groupCount: plan.groups.count)
    builtins = BuiltinContext(
      nowNanoseconds: now, random: SystemRandomNumberGenerator(), stepsLeft: budget.steps)
    self.strictBuiltinErrors = strictBuiltinErrors
    deadline = budget.time.map { ContinuousClock.now.advanced(by: $0) }
    stackLimit = ThreadStack.limit(within: budget.stackBytes)
  }

  /// Every row of the query's results.
  func rows(_ query: QueryPlan) throws(EvaluationError) -> [[Value]] {
    defer { observation?.finish(printed: builtins.printed) }
    accumulators.append(Accumulator())
    let frame = push(query.frameSize)
    _ = try run(query.block)
    pop(frame, query.frameSize)
    return accumulators.removeLast().rows
  }

  // MARK: Frames

  /// Opens a frame; hand the result to `pop`.
  func push(_ size: Int) -> Int {
    let outer = base
    base = registers.count
    registers.append(contentsOf: repeatElement(nil, count: size))
    return outer
  }

  func pop(_ outer: Int, _ size: Int) {
    registers.removeLast(size)
    base = outer
  }

  // MARK: Blocks

  func run(_ block: Block) throws(EvaluationError) -> Flow {
    try charge()
    for index in block.statements.indices {
      switch block.statements[index] {
      case .assign(let slot, let operand):
        guard let value = value(operand) else { return .next }
        registers[base + slot] = value
      case .match(let operand, let pattern):
        guard let value = value(operand), matches(value, pattern) else { return .next }
      case .equal(let a, let b):
        guard let x = value(a), let y = value(b), x == y else { return .next }
      case .holds(let operand):
        guard let value = value(operand) else { return .next }
        if case .boolean(false) = value { return .next }
      case .lookup(let slot, let operand, let keys):
        guard let found = lookup(operand, keys) else { return .next }
        registers[base + slot] = found
      case .scan(let operand, let key, let value, let inner):
        guard let collection = self.value(operand) else { return .next }
        return try scan(collection, key: key, value: value, inner)
      case .rule(let slot, let group):
        guard let value = try extent(group) else { return .next }
        registers[base + slot] = value
      case .ruleLookup(let slot, let id, let operands):
        guard let keys = values(operands), let value = try ruleLookup(id, keys) else { return .next }
        registers[base + slot] = value
      case .walk(let walk, let slot, let inner):
        return try self.walk(walk, slot, inner)
      case .materialize(let slot, let node, let path):
        guard let value = try materialize(node, path) else { return .next }
        registers[base + slot] = value
      case .builtin(let slot, let builtin, let operands):
        guard let arguments = values(operands),
          let value = try call(builtin, arguments, at: block.locations[index])
        else { return .next }
        registers[base + slot] = value
      case .relation(let slot, let builtin, let operands, let inner):
        guard let arguments = values(operands) else { return .next }
        for value in try relation(builtin, arguments, at: block.locations[index]) {
          registers[base + slot] = value
          if try run(inner) == .stop { return .stop }
        }
        return .next
      case .function(let slot, let group, let operands):
        guard let arguments = values(operands),
          let value = try function(group, arguments, at: block.locations[index])
        else { return .next }
        registers[base + slot] = value
      case .not(let inner):
        if try run(inner) == .stop { return .next }
      case .anyOf(let blocks):
        var holds = false
        for inner in blocks where !holds { holds = try run(inner) == .stop }
        guard holds else { return .next }
      case .every(let operand, let key, let value, let inner):
        guard let domain = self.value(operand), try every(domain, key: key, value: value, inner) else { return .next }
      case .comprehension(let slot, let kind, let inner):
        registers[base + slot] = try comprehension(kind, inner, at: block.locations[index])
      case .with(let replacements, let inner):
        return try with(replacements, inner, at: block.locations[index])
      case .outside(let inner):
        return try outside(inner)
      case .observed(let role, let point, let inner):
        if let flow = try observed(role, point, inner) { return flow }
      case .succeed:
        return .stop
      case .emitArray(let operand), .emitSet(let operand):
        if let value = value(operand) { accumulators[accumulators.count - 1].values.append(value) }
      case .emitObject(let key, let value):
        if let key = self.value(key), let value = self.value(value) {
          accumulators[accumulators.count - 1].keys.append(key)
          accumulators[accumulators.count - 1].values.append(value)
        }
      case .emitValue(let operand, let finality):
        guard let value = value(operand) else { return .next }
        try emit(value, at: block.locations[index])
        switch finality {
        case .goesOn: return .next
        case .ends: return .stop
        case .endsWithOneValue: return accumulators[accumulators.count - 1].hasOneValue ? .stop : .next
        }
      case .emitDocument(let path, let operand, let isMember):
        guard let keys = values(path), let value = value(operand) else { return .next }
        let top = accumulators.count - 1
        if accumulators[top].document == nil { accumulators[top].document = DocumentBuilder() }
        if !accumulators[top].document!.insert(value, at: keys, isMember: isMember) {
          throw EvaluationError(.conflict, "object keys must be unique", at: block.locations[index])
        }
      case .emitRow(let operands):
        if let row = values(operands) { accumulators[accumulators.count - 1].rows.append(row) }
      }
    }
    return .next
  }

  private func emit(_ value: Value, at location: Location) throws(EvaluationError) {
    let top = accumulators.count - 1
    if let other = accumulators[top].result ?? accumulators[top].earlier {
      accumulators[top].result = other
      if other != value {
        throw EvaluationError(
          .conflict, Accumulator.conflict(isFunction: accumulators[top].isFunction), at: location)
      }
      return
    }
    accumulators[top].result = value
  }

  private func scan(_ collection: Value, key: Pattern, value: Pattern, _ inner: Block) throws(EvaluationError) -> Flow {
    switch collection {
    case .array(let items):
      for (index, item) in items.enumerated() where matches(.int(index), key) && matches(item, value) {
        if try run(inner) == .stop { return .stop }
      }
    case .object(let object):
      for (name, item) in object.entries where matches(name, key) && matches(item, value) {
        if try run(inner) == .stop { return .stop }
      }
    case .set(let set):
      for item in set.elements where matches(item, key) && matches(item, value) {
        if try run(inner) == .stop { return .stop }
      }
    default: break
    }
    return .next
  }

  private func every(_ domain: Value, key: Slot?, value: Slot, _ inner: Block) throws(EvaluationError) -> Bool {
    func holds(_ index: @autoclosure () -> Value, _ item: Value) throws(EvaluationError) -> Bool {
      if let key { registers[base + key] = index() }
      registers[base + value] = item
      return try run(inner) == .stop
    }
    switch domain {
    case .array(let items):
      for (index, item) in items.enumerated() where try !holds(.int(index), item) { return false }
    case .object(let object):
      for (name, item) in object.entries where try !holds(name, item) { return false }
    case .set(let set):
      for item in set.elements where try !holds(item, item) { return false }
    default: return false
    }
    return true
  }

  private func comprehension(
    _ kind: ComprehensionKind, _ inner: Block, at location: Location
  ) throws(EvaluationError) -> Value {
    accumulators.append(Accumulator())
    _ = try run(inner)
    let accumulator = accumulators.removeLast()
    switch kind {
    case .array: return .array(accumulator.values)
    case .set: return .set(SetValue(accumulator.values))
    case .object:
      guard let object = accumulator.object() else {
        throw EvaluationError(.conflict, "object keys must be unique", at: location)
      }
      return .object(object)
    }
  }

  // MARK: Values

  func value(_ operand: Operand) -> Value? {
    switch operand {
    case .constant(let value): return value
    case .local(let slot): return registers[base + slot]
    case .input: return context.input
    case .data: return context.data
    case .array(let items): return values(items).map { .array($0) }
    case .set(let items): return values(items).map { .set(SetValue($0)) }
    case .object(let items):
      var pairs: [(Value, Value)] = []
      pairs.reserveCapacity(items.count)
      for item in items {
        guard let key = value(item.key), let value = value(item.value) else { return nil }
        pairs.append((key, value))
      }
      return .object(ObjectValue(pairs))
    }
  }

  func values(_ operands: [Operand]) -> [Value]? {
    var result: [Value] = []
    result.reserveCapacity(operands.count)
    for operand in operands {
      guard let value = value(operand) else { return nil }
      result.append(value)
    }
    return result
  }

  private func lookup(_ operand: Operand, _ keys: [Operand]) -> Value? {
    guard var current = value(operand) else { return nil }
    var isData = false
    if case .data = operand { isData = true }
    for key in keys {
      guard let key = value(key) else { return nil }
      guard let below = current.member(key, isData: isData) else { return nil }
      current = below
    }
    return current
  }

  func matches(_ value: Value, _ pattern: Pattern) -> Bool {
    switch pattern {
    case .anything: return true
    case .bind(let slot):
      registers[base + slot] = value
      return true
    case .equal(let operand):
      guard let other = self.value(operand) else { return false }
      return value == other
    case .array(let patterns):
      guard case .array(let items) = value, items.count == patterns.count else { return false }
      for (item, pattern) in zip(items, patterns) where !matches(item, pattern) { return false }
      return true
    case .object(let patterns):
      guard case .object(let object) = value, object.count == patterns.count else { return false }
      for (key, pattern) in patterns {
        guard let key = self.value(key), let item = object[key], matches(item, pattern) else { return false }
      }
      return true
    }
  }

  // MARK: Budget

  private func charge() throws(EvaluationError) {
    builtins.stepsLeft -= 1
    if builtins.stepsLeft < 0 { throw EvaluationError(.cancelled, "step budget exhausted", at: nil) }
    if ThreadStack.here < stackLimit { throw EvaluationError(.cancelled, "depth budget exhausted", at: nil) }
    untilClock -= 1
    if untilClock == 0 {
      untilClock = 256
      if let deadline, ContinuousClock.now > deadline {
        throw EvaluationError(.cancelled, "time budget exhausted", at: nil)
      }
    }
  }
}

extension Value {
  /// The member at the key. Paths into base data are text: `data[2]` finds the key "2", as in OPA's store.
  func member(_ key: Value, isData: Bool) -> Value? {
    if let below = self[key] { return below }
    guard isData, case .object(let object) = self, case .number(let number) = key, number.isInteger else { return nil }
    return object[Text(number.description)]
  }

  /// The member at a key; absent for what has no such member or no members at all.
  subscript(key: Value) -> Value? {
    switch self {
    case .object(let object): return object[key]
    case .array(let items):
      guard case .number(let number) = key, let index = number.intValue, items.indices.contains(index) else {
        return nil
      }
      return items[index]
    case .set(let set): return set.element(equalTo: key)
    default: return nil
    }
  }
}
