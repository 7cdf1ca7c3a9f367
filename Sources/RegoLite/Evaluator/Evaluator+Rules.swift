/// Rules, functions, packages and `with`.
extension Evaluator {
  // MARK: Documents

  /// A group's whole document, computed once in each context.
  func extent(_ id: Int) throws(EvaluationError) -> Value? {
    switch context.extents[id] {
    case .value(let value): return value
    case .undefined: return nil
    case .unknown: break
    }
    let plan = plan.groups[id]
    let context = context
    let result: Value?
    if !context.replaced.isEmpty, context.isReplaced(plan.group.path) {
      result = context.data.at(plan.group.path)
    } else {
      switch plan.group.kind {
      case .complete: result = try complete(plan, arguments: [])
      case .set: result = try set(plan)
      case .document:
        let frame = push(plan.frameSize)
        accumulators.append(Accumulator())
        for definition in plan.definitions { try branches(definition, of: id) }
        for definition in plan.defaults { try missing(definition) }
        let accumulator = accumulators.removeLast()
        pop(frame, plan.frameSize)
        result = accumulator.document?.finish() ?? .object(ObjectValue())
      case .function: result = nil
      }
    }
    context.extents[id] = result.map { .value($0) } ?? .undefined
    return result
  }

  private func set(_ plan: GroupPlan) throws(EvaluationError) -> Value {
    let frame = push(plan.frameSize)
    accumulators.append(Accumulator())
    for definition in plan.definitions { try branches(definition, of: plan.group.id) }
    let accumulator = accumulators.removeLast()
    pop(frame, plan.frameSize)
    return .set(SetValue(accumulator.values))
  }

  /// Runs a definition whose results go to the accumulator on top; `else` is for complete rules alone.
  private func branches(_ definition: DefinitionPlan, of group: Int) throws(EvaluationError) {
    let before = watchedGroup == group ? accumulators[accumulators.count - 1].size : 0
    for branch in definition.branches { _ = try run(branch) }
    if watchedGroup == group, accumulators[accumulators.count - 1].size > before { matches.append(definition.location) }
  }

  /// Gives the document a default's value where no definition has put one.
  private func missing(_ definition: DefinitionPlan) throws(EvaluationError) {
    let outer = accumulators[accumulators.count - 1].document
    accumulators.append(Accumulator())
    for branch in definition.branches { _ = try run(branch) }
    let own = accumulators.removeLast()
    guard let document = own.document else { return }
    guard let outer else {
      accumulators[accumulators.count - 1].document = document
      return
    }
    outer.fill(from: document)
  }

  /// The value of a complete rule or of a function at its arguments: all definitions that hold have to agree.
  private func complete(_ plan: GroupPlan, arguments: [Value]) throws(EvaluationError) -> Value? {
    let frame = push(plan.frameSize)
    for (slot, value) in arguments.enumerated() { registers[base + slot] = value }
    let isFunction = !plan.group.isComplete
    var candidates: [Int]?
    var hasOneValue = plan.oneValue == .always
    if plan.isGuarded, strictBuiltinErrors || plan.oneValue == .perhaps {
      (candidates, hasOneValue) = try self.candidates(of: plan)
    }
    var result: Value?
    for place in 0..<(candidates?.count ?? plan.definitions.count) {
      let value = try firstBranch(
        plan.definitions[candidates?[place] ?? place], of: plan.group.id, isFunction: isFunction,
        hasOneValue: hasOneValue, earlier: result)
      guard let value else { continue }
      result = result ?? value
      if hasOneValue { break }
    }
    if result == nil {
      for definition in plan.defaults where result == nil {
        result =
          try firstBranch(
            definition, of: plan.group.id, isFunction: isFunction, hasOneValue: false, earlier: nil)
      }
    }
    pop(frame, plan.frameSize)
    return result
  }

  /// The definitions that could hold, in the order in which OPA's index gives them, and whether the first one to hold
  /// decides, so that no other's errors are met.
  private func candidates(of plan: GroupPlan) throws(EvaluationError) -> ([Int], hasOneValue: Bool) {
    var candidates: [Int] = []
    var ranks: [[[IndexTests.Rank]]] = []
    var (one, differs) = (Value?.none, false)
    for (number, definition) in plan.definitions.enumerated() {
      var (could, own) = (false, [[IndexTests.Rank]]())
      for (branch, block) in definition.guards.enumerated() {
        if let block, try run(block) != .stop { continue }
        could = true
        if let value = definition.values[branch], one == nil || one == value { one = value } else { differs = true }
        if plan.isReordered { own.append(branch < definition.ranks.count ? definition.ranks[branch] : []) }
      }
      guard could else { continue }
      candidates.append(number)
      ranks.append(own)
    }
    if plan.isReordered { candidates = IndexTests.order(ranks).map { candidates[$0] } }
    return (candidates, one != nil && !differs)
  }

  private func firstBranch(
    _ definition: DefinitionPlan, of group: Int, isFunction: Bool, hasOneValue: Bool, earlier: Value?
  ) throws(EvaluationError) -> Value? {
    for (index, branch) in definition.branches.enumerated() {
      accumulators.append(Accumulator(earlier: earlier, isFunction: isFunction, hasOneValue: hasOneValue))
      _ = try run(branch)
      guard let value = accumulators.removeLast().result else { continue }
      if watchedGroup == group { matches.append(definition.locations[index]) }
      return value
    }
    return nil
  }

  /// The part of a group's document at the keys.
  func ruleLookup(_ id: Int, _ keys: [Value]) throws(EvaluationError) -> Value? {
    let plan = plan.lookups[id]
    let group = self.plan.groups[plan.group].group
    let context = context
    if !context.replaced.isEmpty, context.isReplaced(group.path) {
      return context.data.at(group.path + keys)
    }
    if case .value(let document) = context.extents[plan.group] { return document.at(keys) }
    let key = DocumentContext.LookupKey(lookup: id, keys: keys)
    if let known = context.lookups[key] { return known }
    let frame = push(plan.frameSize)
    for (slot, value) in keys.enumerated() { registers[base + slot] = value }
    accumulators.append(Accumulator())
    for definition in plan.definitions { for branch in definition.branches { _ = try run(branch) } }
    for definition in plan.defaults { try missing(definition) }
    let accumulator = accumulators.removeLast()
    pop(frame, plan.frameSize)
    var result = accumulator.document?.finish()
    if let value = accumulator.result {
      if let other = result, other != value {
        throw EvaluationError(.conflict, "object keys must be unique", at: plan.definitions.first?.location)
      }
      result = value
    }
    context.lookups[key] = .some(result)
    return result
  }

  // MARK: Calls

  func function(_ id: Int, _ arguments: [Value], at location: Location) throws(EvaluationError) -> Value? {
    if !context.functions.isEmpty, let mock = context.functions[id] {
      return try call(mock, arguments, at: location)
    }
    return try complete(plan.groups[id], arguments: arguments)
  }

  func call(_ builtin: Builtin, _ arguments: [Value], at location: Location) throws(EvaluationError) -> Value? {
    if !context.builtins.isEmpty, let mock = context.builtins[builtin.name] {
      return try call(mock, arguments, at: location)
    }
    switch builtin.body {
    case .function(let function):
      builtins.bytesLeft = BuiltinContext.bytesPerCall
      do throws(BuiltinError) {
        return try function(arguments, &builtins)
      } catch {
        try fail(builtin, error, at: location)
        return nil
      }
    case .relation: return nil
    case .compiled:
      // `eq` in the place of a value.
      return arguments.count == 2 ? .boolean(arguments[0] == arguments[1]) : nil
    }
  }

  func relation(_ builtin: Builtin, _ arguments: [Value], at location: Location) throws(EvaluationError) -> [Value] {
    if !context.builtins.isEmpty, let mock = context.builtins[builtin.name] {
      return try call(mock, arguments, at: location).map { [$0] } ?? []
    }
    guard case .relation(let relation) = builtin.body else { return [] }
    builtins.bytesLeft = BuiltinContext.bytesPerCall
    do throws(BuiltinError) {
      return try relation(arguments, &builtins)
    } catch {
      try fail(builtin, error, at: location)
      return []
    }
  }

  private func call(
    _ mock: DocumentContext.Mock, _ arguments: [Value], at location: Location
  ) throws(EvaluationError) -> Value? {
    if case .value(let value) = mock { return value }
    let outer = context
    context = outer.withoutMocks()
    defer { context = outer }
    switch mock {
    case .value(let value): return value
    case .builtin(let builtin):
      if case .relation = builtin.body { return try relation(builtin, arguments, at: location).first }
      return try call(builtin, arguments, at: location)
    case .function(let id): return try function(id, arguments, at: location)
    }
  }

  private func fail(_ builtin: Builtin, _ error: BuiltinError, at location: Location) throws(EvaluationError) {
    guard strictBuiltinErrors || error.endsEvaluation || observation != nil else { return }
    let fault = EvaluationError(builtin, error, at: location)
    if strictBuiltinErrors || error.endsEvaluation { throw fault }
    observation?.note(fault)
  }

  // MARK: With

  func with(_ replacements: [Replacement], _ inner: Block, at location: Location) throws(EvaluationError) -> Flow {
    let outer = context
    var input = outer.input
    var data = outer.data
    var replaced = outer.replaced
    var builtins = outer.builtins
    var functions = outer.functions
    for replacement in replacements {
      let mock: DocumentContext.Mock
      switch replacement.kind {
      case .value(let operand):
        guard let value = value(operand) else { return .next }
        switch replacement.target {
        case .input(let path):
          input = (input ?? .object(ObjectValue())).replacing(path.map { .string($0) }, with: value)
          continue
        case .data(let path):
          let keys = path.map { Value.string($0) }
          data = data.replacing(keys, with: value)
          replaced.append(keys)
          continue
        case .nowhere: throw EvaluationError(.conflict, "bad document path", at: location)
        case .builtin, .function: mock = .value(value)
        }
      case .builtin(let builtin): mock = .builtin(builtin)
      case .function(let id): mock = .function(id)
      }
      switch replacement.target {
      case .builtin(let name): builtins[name] = mock
      case .function(let id): functions[id] = mock
      case .data(let path):
        // A function in a document's place: nothing is there.
        let keys = path.map { Value.string($0) }
        data = data.removing(keys)
        replaced.append(keys)
      case .input, .nowhere: break
      }
    }
    context = DocumentContext(
      input: input, data: data, groupCount: plan.groups.count, replaced: replaced, builtins: builtins,
      functions: functions)
    outerContexts.append(outer)
    defer {
      context = outer
      outerContexts.removeLast()
    }
    return try run(inner)
  }

  func outside(_ inner: Block) throws(EvaluationError) -> Flow {
    let own = context
    context = outerContexts.removeLast()
    defer {
      outerContexts.append(context)
      context = own
    }
    return try run(inner)
  }

  // MARK: Packages

  /// All documents at and below a node: base data, with virtual documents over it.
  func materialize(_ node: RuleNode, _ path: [Value]) throws(EvaluationError) -> Value? {
    if !context.replaced.isEmpty, context.isReplaced(path) { return context.data.at(path) }
    if let group = node.group { return try extent(group.id) }
    var result = ObjectValue()
    if case .object(let base)? = context.data.at(path) { result = base }
    for key in node.sortedKeys {
      guard let child = node.children[key] else { continue }
      if child.group != nil, result[key] != nil { continue }
      guard let value = try materialize(child, path + [key]) else { continue }
      result = result.setting(key, value)
    }
    return .object(result)
  }

  func walk(_ walk: Walk, _ slot: Slot, _ inner: Block) throws(EvaluationError) -> Flow {
    try self.walk(walk.node, walk.path, walk.keys[...], slot, inner)
  }

  private func walk(
    _ node: RuleNode, _ path: [Value], _ keys: ArraySlice<Walk.Key>, _ slot: Slot, _ inner: Block
  ) throws(EvaluationError) -> Flow {
    if let group = node.group {
      guard let value = try extent(group.id) else { return .next }
      return try walk(value, keys, slot, inner)
    }
    if !context.replaced.isEmpty, context.isReplaced(path) {
      guard let value = context.data.at(path) else { return .next }
      return try walk(value, keys, slot, inner)
    }
    guard let first = keys.first else {
      guard let value = try materialize(node, path) else { return .next }
      return try walk(value, keys, slot, inner)
    }
    let rest = keys.dropFirst()
    let base = context.data.at(path)
    func step(_ key: Value) throws(EvaluationError) -> Flow {
      if let child = node.children[key] { return try walk(child, path + [key], rest, slot, inner) }
      guard let value = base?[key] else { return .next }
      return try walk(value, rest, slot, inner)
    }
    switch first {
    case .known(let operand):
      guard let key = value(operand) else { return .next }
      return try step(key)
    case .unknown(let pattern):
      var all = Set(node.children.keys)
      if case .object(let object)? = base { all.formUnion(object.keys) }
      for key in all.sorted() where matches(key, pattern) {
        if try step(key) == .stop { return .stop }
      }
      return .next
    }
  }

  private func walk(
    _ value: Value, _ keys: ArraySlice<Walk.Key>, _ slot: Slot, _ inner: Block
  ) throws(EvaluationError) -> Flow {
    guard let first = keys.first else {
      registers[base + slot] = value
      return try run(inner)
    }
    let rest = keys.dropFirst()
    switch first {
    case .known(let operand):
      guard let key = self.value(operand), let below = value[key] else { return .next }
      return try walk(below, rest, slot, inner)
    case .unknown(let pattern):
      switch value {
      case .array(let items):
        for (index, item) in items.enumerated() where matches(.int(index), pattern) {
          if try walk(item, rest, slot, inner) == .stop { return .stop }
        }
      case .object(let object):
        for (key, item) in object.entries where matches(key, pattern) {
          if try walk(item, rest, slot, inner) == .stop { return .stop }
        }
      case .set(let set):
        for item in set.elements where matches(item, pattern) {
          if try walk(item, rest, slot, inner) == .stop { return .stop }
        }
      default: break
      }
      return .next
    }
  }
}

extension Value {
  /// What lies below at the keys; absent when nothing does.
  func at(_ keys: some Sequence<Value>) -> Value? {
    var current = self
    for key in keys {
      guard let below = current[key] else { return nil }
      current = below
    }
    return current
  }
}

extension RuleGroup {
  var isComplete: Bool { if case .complete = kind { true } else { false } }
}

extension Accumulator {
  /// Grows with every result.
  fileprivate var size: Int { values.count + (result == nil ? 0 : 1) + (document?.insertions ?? 0) }
}
