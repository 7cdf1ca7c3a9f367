/// Terms: what has to be looked up or computed for them becomes steps, whose results are atoms.
extension ResolveNames {
  /// A value that a step of its own still has to look up, or one at hand.
  enum Operand {
    case atom(Atom)
    case reference(ReferenceBase, [Atom])

    func unified(with other: Atom) -> Step.Kind {
      switch self {
      case .atom(let atom): .unify(other, atom)
      case .reference(let base, let path): .reference(result: other, base: base, path: path)
      }
    }
  }

  mutating func operand(
    _ term: Term, with: WithGroup?, coreWith: WithGroup?, core: inout [Step], into steps: inout [Step]
  ) -> Operand {
    switch term.kind {
    case .variable(let name):
      switch meaning(of: name) {
      case .local(let slot): return .atom(.local(slot))
      case .document(let base, let path): return .reference(base, path.map { .constant(.string($0)) })
      }
    case .reference(let head, let path):
      let (base, prefix) = referenceBase(head, with: with, into: &steps)
      return .reference(base, prefix + path.map { atom($0, with: with, into: &steps) })
    default:
      return .atom(atom(term, with: with, into: &steps))
    }
  }

  mutating func referenceBase(
    _ head: Term, with: WithGroup?, into steps: inout [Step]
  ) -> (ReferenceBase, [Atom]) {
    if case .variable(let name) = head.kind {
      switch meaning(of: name) {
      case .local(let slot): return (.atom(.local(slot)), [])
      case .document(let base, let path): return (base, path.map { .constant(.string($0)) })
      }
    }
    // As in OPA, what a collection that is looked into on the spot is made of is outside a negation.
    let outer = isNegated
    isNegated = false
    defer { isNegated = outer }
    return (.atom(atom(head, with: with, into: &steps)), [])
  }

  mutating func noteIndex(
    _ value: Operand, equals other: Atom, with: WithGroup?, at location: Location, position: IndexTests.Position
  ) {
    guard isIndexed(with) else { return }
    switch value {
    case .reference(let base, let path):
      index.equates(base, path, with: other, at: location, position: position)
    case .atom(let atom):
      index.equates(atom, other, isArgument: isArgument, at: location, position: position)
    }
  }

  mutating func noteIndex(_ sides: [Operand], with: WithGroup?, at location: Location, position: IndexTests.Position) {
    switch (sides[0], sides[1]) {
    case (let side, .atom(let other)), (.atom(let other), let side):
      noteIndex(side, equals: other, with: with, at: location, position: position)
    case (.reference, .reference): break
    }
  }

  // MARK: Terms

  /// The term's value where it is not part of an expression: in a head.
  mutating func value(of term: Term, into steps: inout [Step]) -> Atom {
    isHead = true
    defer { isHead = false }
    return callsFirst(into: &steps) { names, steps in names.atom(term, with: nil, into: &steps) }
  }

  /// Resolves operands: the calls among them come first, then what else has to be looked up.
  mutating func callsFirst<Result>(
    into steps: inout [Step], _ resolve: (inout ResolveNames, inout [Step]) -> Result
  ) -> Result {
    let outer = late
    late = []
    lateDepth += 1
    let result = resolve(&self, &steps)
    index.settle(depth: lateDepth, position: indexOffset + steps.count)
    lateDepth -= 1
    lateStart = steps.count
    steps += late ?? []
    late = outer
    return result
  }

  mutating func appendLate(_ step: Step, to steps: inout [Step]) {
    if late == nil { steps.append(step) } else { late?.append(step) }
  }

  /// Where the next lookup will stand.
  func position(_ steps: [Step]) -> IndexTests.Position {
    guard let late else { return .step(indexOffset + steps.count) }
    return .late(depth: lateDepth, index: late.count)
  }

  /// The steps from `lateStart` on are one expression to OPA: none of them runs before all can. `core` ends it.
  mutating func unite(_ steps: inout [Step], _ core: inout [Step]) {
    guard steps.count - lateStart + core.count > 1 else { return }
    unitCount += 1
    for index in lateStart..<steps.count { steps[index].unit = unitCount }
    for index in core.indices { core[index].unit = unitCount }
  }

  /// The term's value as an atom, after steps that look up and compute what is inside it.
  mutating func atom(_ term: Term, with: WithGroup?, into steps: inout [Step]) -> Atom {
    let location = term.location
    func temporary(bindsNothing: Bool = false, _ make: (Atom) -> Step.Kind) -> Atom {
      let result = Atom.local(newSlot(nil))
      appendLate(
        Step(kind: make(result), with: with, location: location, bindsNothing: bindsNothing), to: &steps)
      return result
    }
    switch term.kind {
    case .scalar(let value): return .constant(value)
    case .variable(let name):
      switch meaning(of: name) {
      case .local(let slot): return .local(slot)
      case .document(let base, let path):
        let path = path.map { Atom.constant(.string($0)) }
        let result = temporary { .reference(result: $0, base: base, path: path) }
        noteIndex(base, path, result: result, with: with, at: location, position: position(steps))
        return result
      }
    case .reference(let head, let path):
      let (base, prefix) = referenceBase(head, with: with, into: &steps)
      var atoms = prefix
      for part in path { atoms.append(atom(part, with: with, into: &steps)) }
      let result = temporary(bindsNothing: isNegated) { .reference(result: $0, base: base, path: atoms) }
      noteIndex(base, atoms, result: result, with: with, at: location, position: position(steps))
      return result
    case .array(let items):
      var atoms: [Atom] = []
      for item in items { atoms.append(atom(item, with: with, into: &steps)) }
      return folded(.array(atoms))
    case .set(let items):
      var atoms: [Atom] = []
      for item in inOrder(items, by: \.self) { atoms.append(atom(item, with: with, into: &steps)) }
      return folded(.set(atoms))
    case .object(let items):
      var atoms: [(key: Atom, value: Atom)] = []
      let items = inOrder(items, by: \.key)
      // As in OPA, of equal keys the last one's value is the only one that is ever looked at.
      var last: [Value: Int] = [:]
      var others: [Int] = []
      for (number, item) in items.enumerated() {
        if case .scalar(let key) = item.key.kind { last[key] = number } else { others.append(number) }
      }
      for (number, item) in items.enumerated() {
        if case .scalar(let key) = item.key.kind {
          guard last[key] == number else { continue }
        } else if others.contains(where: { $0 > number && items[$0].key.isSame(as: item.key) }) {
          continue
        }
        let key = atom(item.key, with: with, into: &steps)
        atoms.append((key, atom(item.value, with: with, into: &steps)))
      }
      // Keys that turn out equal: the one that comes last in OPA's order counts, where what was a call or a reference
      // comes after what was a variable.
      if atoms.contains(where: { $0.key.constantValue == nil }) {
        let places = atoms.enumerated().sorted { a, b in
          (rank(a.element.key), a.offset) < (rank(b.element.key), b.offset)
        }
        atoms = places.map(\.element)
      }
      return folded(.object(atoms))
    case .arrayComprehension(let head, let body):
      let (atoms, inner) = comprehension([head], body)
      return temporary { .comprehension(result: $0, kind: .array, head: atoms, body: inner) }
    case .setComprehension(let head, let body):
      let (atoms, inner) = comprehension([head], body)
      return temporary { .comprehension(result: $0, kind: .set, head: atoms, body: inner) }
    case .objectComprehension(let key, let value, let body):
      let (atoms, inner) = comprehension([key, value], body)
      return temporary { .comprehension(result: $0, kind: .object, head: atoms, body: inner) }
    case .call(let operation, let arguments):
      if let builtin = resolvedBuiltin(operation), builtin.isVoid {
        errors.append(.type("\(location.text) used as value", at: location, .voidCalls))
        return .constant(.null)
      }
      guard let callee = callee(operation, arguments: arguments, allowsResult: false) else {
        // Anything, as input is.
        for argument in arguments { _ = atom(argument, with: with, into: &steps) }
        return temporary { .reference(result: $0, base: .input, path: []) }
      }
      if case .builtin(let builtin) = callee, builtin.name == "eq" || builtin.name == "assign" {
        // As in OPA, these say something of their operands; as values they have none.
        errors.append(.unsafe("expression", at: location))
        return .constant(.null)
      }
      if let value = annotations(callee) { return .constant(value) }
      let outer = isNegated
      isNegated = false
      defer { isNegated = outer }
      let atoms = callsFirst(into: &steps) { names, steps in
        arguments.map { names.atom($0, with: with, into: &steps) }
      }
      let result = Atom.local(newSlot(nil))
      var call = [Step(kind: .call(result: result, callee: callee, arguments: atoms), with: with, location: location)]
      unite(&steps, &call)
      steps += call
      if case .local(let slot) = result { calledSlots.insert(slot) }
      return result
    case .template(let parts):
      return template(parts, location: location, with: with, into: &steps)
    }
  }

  mutating func noteIndex(
    _ base: ReferenceBase, _ path: [Atom], result: Atom, with: WithGroup?, at location: Location,
    position: IndexTests.Position
  ) {
    guard isIndexed(with), case .local(let slot) = result else { return }
    index.needs(base, path, slot: slot, at: location, position: position)
  }

  /// The steps of a body that has variables of its own.
  ///
  /// - Parameter tellsOuter: What it reads counts as read by the body outside, too.
  mutating func closed(_ body: Body, tellsOuter: Bool = false) -> [Step] {
    openScope()
    scopes[scopes.count - 1].isClosed = true
    let outer = late
    late = nil
    defer {
      let referenced = scopes[scopes.count - 1].referenced
      closeScope()
      if tellsOuter, !scopes.isEmpty { scopes[scopes.count - 1].referenced.formUnion(referenced) }
      late = outer
    }
    var steps: [Step] = []
    self.body(body, into: &steps)
    return steps
  }

  /// The members of a set, or an object's items by their keys, in the order in which OPA keeps and resolves them.
  private func inOrder<Item>(_ items: [Item], by key: (Item) -> Term) -> [Item] {
    if items.count < 2 { return items }
    return items.enumerated().sorted { a, b in
      Self.precedes(key(a.element), key(b.element), in: self) ?? (a.offset < b.offset)
    }.map(\.element)
  }

  /// Whether the first term comes before the other; absent when neither does.
  private static func precedes(_ a: Term, _ b: Term, in names: ResolveNames) -> Bool? {
    let (x, y) = (a.sortRank, b.sortRank)
    if x != y { return x < y }
    switch (a.kind, b.kind) {
    case (.scalar(let a), .scalar(let b)): return a == b ? nil : a < b
    case (.variable(let a), .variable(let b)):
      let (isLocalA, isLocalB) = (names.isDeclared(a), names.isDeclared(b))
      if isLocalA != isLocalB { return isLocalA }
      // Declared variables have numbers in OPA, in the order of their declarations.
      if isLocalA {
        return names.declaredSlot(a) == names.declaredSlot(b) ? nil : names.declaredSlot(a) < names.declaredSlot(b)
      }
      return a == b ? nil : a < b
    case (.reference(let headA, let pathA), .reference(let headB, let pathB)):
      if let precedes = precedes(headA, headB, in: names) { return precedes }
      for (a, b) in zip(pathA, pathB) { if let precedes = precedes(a, b, in: names) { return precedes } }
      return pathA.count == pathB.count ? nil : pathA.count < pathB.count
    case (.array(let itemsA), .array(let itemsB)):
      for (a, b) in zip(itemsA, itemsB) { if let precedes = precedes(a, b, in: names) { return precedes } }
      return itemsA.count == itemsB.count ? nil : itemsA.count < itemsB.count
    case (.call(let operationA, let argumentsA), .call(let operationB, let argumentsB)):
      let (nameA, nameB) = (operationA.dottedName, operationB.dottedName)
      if nameA != nameB { return nameA.utf8.lexicographicallyPrecedes(nameB.utf8) }
      for (a, b) in zip(argumentsA, argumentsB) { if let precedes = precedes(a, b, in: names) { return precedes } }
      return argumentsA.count == argumentsB.count ? nil : argumentsA.count < argumentsB.count
    default: return nil
    }
  }

  private func declaredSlot(_ name: Text) -> Slot {
    scopes.last { $0.declared[name] != nil }?.declared[name]?.slot ?? -1
  }

  /// Where a key stands among others once calls and references have become variables of the compiler's own.
  private func rank(_ key: Atom) -> Int {
    switch key {
    case .constant(let value): value.isCollection ? 5 : 0
    case .local(let slot): slotNames[slot].map { isDeclared($0) ? 1 : 4 } ?? (calledSlots.contains(slot) ? 2 : 3)
    case .array, .object, .set: 5
    }
  }

  func folded(_ atom: Atom) -> Atom { atom.constantValue.map(Atom.constant) ?? atom }

  mutating func comprehension(_ head: [Term], _ body: Body) -> ([Atom], [Step]) {
    let (outer, outerLate) = (isNegated, late)
    (isNegated, late) = (false, nil)
    openScope()
    defer {
      closeScope()
      (isNegated, late) = (outer, outerLate)
    }
    var inner: [Step] = []
    self.body(body, into: &inner)
    let atoms = callsFirst(into: &inner) { names, inner in
      head.map { names.atom($0, with: nil, into: &inner) }
    }
    // As OPA counts, a name that a body in the head declares for itself uses this one.
    for name in scopes[scopes.count - 1].declared.keys where head.contains(where: { $0.mentions(name) }) {
      scopes[scopes.count - 1].declared[name]?.isUsed = true
    }
    return (atoms, inner)
  }

  /// `$"a {x} b"` joins its parts; an undefined one is shown as such, so each is asked for in a set of its own.
  mutating func template(
    _ parts: [TemplatePart], location: Location, with: WithGroup?, into steps: inout [Step]
  ) -> Atom {
    let (outer, outerLate) = (isNegated, late)
    (isNegated, late) = (false, nil)
    defer { (isNegated, late) = (outer, outerLate) }
    var atoms: [Atom] = []
    for part in parts {
      switch part {
      case .text(let text): atoms.append(.constant(.string(text)))
      case .expression(let term) where term.isLocal(in: self):
        // As OPA writes it: also for the type check, which then takes the variable to be anything.
        atoms.append(.set([atom(term, with: nil, into: &steps)]))
      case .expression, .literal:
        if case .expression(let term) = part { noteVariables(ofTemplate: term) }
        openScope()
        var inner: [Step] = []
        let value: Atom
        switch part {
        case .expression(let term):
          value = callsFirst(into: &inner) { names, inner in names.atom(term, with: nil, into: &inner) }
        case .literal(let expression):
          let capture = newSlot(nil)
          self.expression(expression, capture: capture, into: &inner)
          value = .local(capture)
        case .text(let text): value = .constant(.string(text))
        }
        closeScope()
        let result = Atom.local(newSlot(nil))
        steps.append(
          Step(
            kind: .comprehension(result: result, kind: .set, head: [value], body: inner), with: with, location: location
          )
        )
        atoms.append(result)
      }
    }
    guard let join = Builtins.all["internal.template_string"] else {
      errors.append(.type("undefined function internal.template_string", at: location, .calls))
      return .constant(.null)
    }
    let result = Atom.local(newSlot(nil))
    steps.append(
      Step(
        kind: .call(result: result, callee: .builtin(join), arguments: [.array(atoms)]), with: with, location: location)
    )
    return result
  }

  /// Whether the document is made of rules with names of their own below it: what goes through it needn't ask for all.
  func isVirtual(_ base: ReferenceBase, _ path: [Atom]) -> Bool {
    guard case .data = base else { return false }
    var node = tree.root
    for part in path {
      guard let key = part.constantValue, let child = node.children[key] else { return false }
      node = child
    }
    return node.group == nil || !node.children.isEmpty
  }

  /// Takes back the step that looks the whole document up.
  mutating func dropLookup(of document: Atom, from steps: inout [Step]) {
    guard case .local(let slot) = document else { return }
    func isLookup(_ step: Step) -> Bool {
      if case .reference(.local(slot), _, _) = step.kind { true } else { false }
    }
    if let index = late?.lastIndex(where: isLookup) {
      late?.remove(at: index)
    } else if let index = steps.lastIndex(where: isLookup) {
      steps.remove(at: index)
    }
  }

  /// `some … in` goes through a document without first asking for it: the rule index knows nothing of it.
  mutating func iterated(
    _ collection: Term, with: WithGroup?, into steps: inout [Step]
  ) -> (Atom, document: (base: ReferenceBase, path: [Atom])?) {
    let before = (index: index, count: steps.count + (late?.count ?? 0))
    let result = atom(collection, with: with, into: &steps)
    guard collection.isReference || collection.isName, steps.count + (late?.count ?? 0) > before.count else {
      return (result, nil)
    }
    index = before.index
    guard with == nil, case .reference(_, let base, let path)? = (late?.last ?? steps.last)?.kind else {
      return (result, nil)
    }
    return (result, (base, path))
  }
}
