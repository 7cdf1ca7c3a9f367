extension ResolveNames {
  /// The value of `rego.metadata.rule()` and `rego.metadata.chain()`, which each rule knows of itself; absent for other
  /// calls and in queries.
  func annotations(_ callee: Callee) -> Value? {
    guard let metadata, case .builtin(let builtin) = callee else { return nil }
    switch builtin.name.string {
    case "rego.metadata.rule": return metadata.rule.rule(isElse: metadata.isElse)
    case "rego.metadata.chain": return metadata.rule.chain(isElse: metadata.isElse)
    default: return nil
    }
  }

  /// `print(x, y)` says something about every operand, defined or not: each is asked for in a set of its own. Where nobody
  /// reads what is printed, the call is checked, but never run.
  mutating func print(
    _ arguments: [Term], with: WithGroup?, at location: Location, into steps: inout [Step]
  ) {
    // Asked for only where a name isn't declared: it takes a look at the whole body.
    var unbound: Set<Slot>?
    let before = steps.count
    var operands: [Atom] = []
    for argument in arguments {
      var names: [Variable] = []
      argument.collectPrinted(into: &names)
      var isDeclared = true
      for name in names where !self.isDeclared(name.name) {
        if name.name.isRoot || module.globals[name.name] != nil { continue }
        if let slot = undeclared[name.name] {
          let slots = unbound ?? unboundSlots(after: Array(steps.prefix(before)))
          unbound = slots
          if !slots.contains(slot) { continue }
        }
        isDeclared = false
        scopes[scopes.count - 1].referenced.insert(name.name)
        let shown = name.name.isWildcard ? "_" : name.name.string
        errors.append(.compile("var \(shown) is undeclared", at: name.location, .prints))
      }
      guard isDeclared else { continue }
      let (head, inner) = comprehension([argument], [])
      let result = Atom.local(newSlot(nil))
      steps.append(
        Step(
          kind: .comprehension(result: result, kind: .set, head: head, body: inner), with: with, location: location,
          isUnread: !options.keepsPrint))
      operands.append(result)
    }
    guard options.keepsPrint, let builtin = Builtins.all["internal.print"] else { return }
    let call = Step.Kind.call(
      result: .local(newSlot(nil)), callee: .builtin(builtin), arguments: [.array(operands)])
    steps.append(Step(kind: call, with: with, location: location))
  }

  /// Keeps the term's variables for `reportUndeclared`.
  mutating func noteVariables(ofTemplate term: Term) {
    guard !isQuery, scopes.count == 2 else { return }
    var names: [Variable] = []
    term.collectPrinted(into: &names, fromTemplates: false)
    for name in names {
      guard case .local(let slot) = meaning(of: name.name) else { continue }
      templateVariables.append((slot, name))
    }
  }

  /// OPA knows the variables that a template may name from reading the body once from its start, wherever the template
  /// stands: `x = u; u = 1` makes a value of `x` known too late. A template that is nothing but the variable is spared.
  mutating func reportUndeclared(after steps: [Step]) {
    if templateVariables.isEmpty { return }
    let bound = OrderSteps(steps, named: BitSet(named: slotNames)).boundInOnePass(from: BoundSlots(0..<parameters))
    for (slot, variable) in templateVariables where !bound.contains(slot) {
      let shown = variable.name.isWildcard ? "_" : variable.name.string
      errors.append(.compile("var \(shown) is undeclared", at: variable.location, .prints))
    }
    templateVariables = []
  }

  /// The slots that a rule's steps so far mention without giving them values. Of a body inside another it isn't known
  /// which values that one has: there the safety check has the word.
  private func unboundSlots(after steps: [Step]) -> Set<Slot> {
    guard scopes.count == (isQuery ? 1 : 2) else { return [] }
    var order = OrderSteps(steps, named: BitSet(named: slotNames))
    var bound = BoundSlots(0..<parameters)
    while let step = order.next(bound: bound) {
      if step.canBind { for slot in step.slots { bound.bind(slot) } }
    }
    var unbound: Set<Slot> = []
    for step in order.remaining { for slot in step.slots where !bound.contains(slot) { unbound.insert(slot) } }
    return unbound
  }
}

extension Term {
  /// The variables in the term, those of comprehensions and of calls' names apart.
  fileprivate func collectPrinted(into names: inout [Variable], fromTemplates: Bool = true) {
    switch kind {
    case .scalar, .arrayComprehension, .setComprehension, .objectComprehension: break
    case .variable(let name): names.append(Variable(name: name, location: location))
    case .reference(let head, let path):
      head.collectPrinted(into: &names, fromTemplates: fromTemplates)
      for part in path { part.collectPrinted(into: &names, fromTemplates: fromTemplates) }
    case .array(let items), .set(let items):
      for item in items { item.collectPrinted(into: &names, fromTemplates: fromTemplates) }
    case .object(let items):
      for item in items {
        item.key.collectPrinted(into: &names, fromTemplates: fromTemplates)
        item.value.collectPrinted(into: &names, fromTemplates: fromTemplates)
      }
    case .call(_, let arguments):
      for argument in arguments { argument.collectPrinted(into: &names, fromTemplates: fromTemplates) }
    case .template(let parts):
      for case .expression(let term) in parts where fromTemplates {
        term.collectPrinted(into: &names, fromTemplates: fromTemplates)
      }
    }
  }
}
