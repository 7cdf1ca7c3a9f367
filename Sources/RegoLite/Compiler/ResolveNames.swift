/// Turns one rule definition (or one query) into steps: every name becomes a slot or a path below `input` or `data`,
/// and every nested reference, call and comprehension becomes a step whose result a slot holds.
///
/// Names that are declared (`x := …`, `some x`, arguments) belong to the body that declares them and to the bodies
/// inside it. A name that is neither declared nor known stands for one variable of the whole rule.
struct ResolveNames {
  let module: ModuleScope
  let tree: RuleTree
  private let isQuery: Bool
  private(set) var errors: [PolicyError] = []
  /// The name of each slot, absent for one that the compiler made.
  private(set) var slotNames: [Text?] = []
  private var undeclared: [Text: Slot] = [:]
  private var scopes: [Scope] = []

  /// The operands at hand are a negation's: see `Step.bindsNothing`.
  private var isNegated = false

  private struct Declaration {
    let slot: Slot
    let location: Location
    /// How it was declared, for messages.
    let verb: String
    /// `some x` has to be used.
    let mustBeUsed: Bool
    var isUsed = false
  }

  private struct Scope {
    var declared: [Text: Declaration] = [:]
    /// Names that were read here before any declaration.
    var referenced: Set<Text> = []
    var arguments: Set<Text> = []
  }

  /// What a variable's name means where it stands.
  enum Meaning {
    case local(Slot)
    case document(ReferenceBase, path: [Text])
  }

  init(module: ModuleScope, tree: RuleTree, parameters: Int, isQuery: Bool = false) {
    self.module = module
    self.isQuery = isQuery
    self.tree = tree
    for _ in 0..<parameters { _ = newSlot(nil) }
  }

  var slotCount: Int { slotNames.count }

  mutating func newSlot(_ name: Text?) -> Slot {
    slotNames.append(name)
    return slotNames.count - 1
  }

  /// The variables of a query that its results show: not the wildcards.
  func namedSlots() -> [(name: Text, slot: Slot)] {
    var result = undeclared.filter { !$0.key.isWildcard }.map { (name: $0.key, slot: $0.value) }
    for (name, declaration) in scopes.first?.declared ?? [:] { result.append((name, declaration.slot)) }
    return result.sorted { $0.name < $1.name }
  }

  mutating func report(_ error: PolicyError) { errors.append(error) }

  // MARK: Scopes

  /// A declaration of the name is in force.
  func isDeclared(_ name: Text) -> Bool { scopes.contains { $0.declared[name] != nil } }

  mutating func openScope() { scopes.append(Scope()) }

  mutating func closeScope() {
    let scope = scopes.removeLast()
    for (name, declaration) in scope.declared where declaration.mustBeUsed && !declaration.isUsed {
      errors.append(.compile("declared var \(name) unused", at: declaration.location))
    }
  }

  private static let argument = "argument"

  private mutating func declare(
    _ name: Text, at location: Location, verb: String, mustBeUsed: Bool = false, slot: Slot? = nil
  ) -> Slot {
    if name == "input" || name == "data" {
      let kind = verb == Self.argument ? "args" : "variables"
      errors.append(.compile("\(kind) must not shadow \(name) (use a different variable name)", at: location))
    }
    let top = scopes.count - 1
    if let earlier = scopes[top].declared[name] {
      errors.append(.compile("var \(name) \(earlier.verb) above", at: location))
    } else if scopes[top].referenced.contains(name) {
      errors.append(.compile("var \(name) referenced above", at: location))
    } else if scopes.contains(where: { $0.arguments.contains(name) }) {
      if top == 1 { errors.append(.compile("arg \(name) redeclared", at: location)) }
    }
    let slot = slot ?? newSlot(name)
    scopes[top].declared[name] = Declaration(
      slot: slot, location: location, verb: verb, mustBeUsed: mustBeUsed)
    return slot
  }

  mutating func meaning(of name: Text) -> Meaning {
    if name == "input" { return .document(.input, path: []) }
    if name == "data" { return .document(.data, path: []) }
    for index in scopes.indices.reversed() {
      if scopes[index].declared[name] != nil {
        scopes[index].declared[name]!.isUsed = true
        return .local(scopes[index].declared[name]!.slot)
      }
    }
    if !scopes.isEmpty, !name.isWildcard { scopes[scopes.count - 1].referenced.insert(name) }
    if let global = module.globals[name] {
      return .document(global.root == "input" ? .input : .data, path: global.path)
    }
    if let slot = undeclared[name] { return .local(slot) }
    let slot = newSlot(name)
    undeclared[name] = slot
    return .local(slot)
  }

  // MARK: Heads

  /// Binds a function's argument to parameter `index`.
  mutating func argument(_ term: Term, parameter index: Int, into steps: inout [Step]) {
    if case .variable(let name) = term.kind, !name.isWildcard, scopes[scopes.count - 1].declared[name] == nil {
      _ = declare(name, at: term.location, verb: Self.argument, slot: index)
      slotNames[index] = name
      scopes[scopes.count - 1].arguments.insert(name)
      return
    }
    declareArguments(in: term)
    let pattern = atom(term, with: nil, into: &steps)
    steps.append(Step(kind: .unify(.local(index), pattern), with: nil, location: term.location))
  }

  private mutating func declareArguments(in term: Term) {
    switch term.kind {
    case .variable(let name):
      guard !name.isWildcard, scopes[scopes.count - 1].declared[name] == nil else { return }
      _ = declare(name, at: term.location, verb: Self.argument)
      scopes[scopes.count - 1].arguments.insert(name)
    case .array(let items): for item in items { declareArguments(in: item) }
    case .object(let items): for item in items { declareArguments(in: item.value) }
    default: break
    }
  }

  // MARK: Bodies

  mutating func body(_ body: Body, into steps: inout [Step]) {
    for expression in body { self.expression(expression, into: &steps) }
  }

  /// Adds the expression's steps. With `capture`, the expression need not hold: its value goes to that slot, as a
  /// query's results show it.
  mutating func expression(_ expression: Expression, capture: Slot? = nil, into steps: inout [Step]) {
    let with = modifiers(expression.modifiers, into: &steps)
    let location = expression.location
    switch expression.kind {
    case .someDeclaration(let variables):
      for variable in variables {
        _ = declare(variable.name, at: variable.location, verb: "declared", mustBeUsed: true)
      }
    case .someIn(let key, let value, let collection):
      let source = atom(collection, with: with, into: &steps)
      var variables: [Variable] = []
      if let key { collectVariables(in: key, into: &variables) }
      collectVariables(in: value, into: &variables)
      for variable in variables { _ = declare(variable.name, at: variable.location, verb: "declared") }
      let keyAtom = key.map { atom($0, with: with, into: &steps) }
      let valueAtom = atom(value, with: with, into: &steps)
      steps.append(
        Step(kind: .iterate(collection: source, key: keyAtom, value: valueAtom), with: with, location: location))
    case .every(let key, let value, let domain, let body):
      let source = atom(domain, with: with, into: &steps)
      openScope()
      let keySlot = key.flatMap { slot(declaring: $0) }
      let valueSlot = slot(declaring: value) ?? newSlot(nil)
      var inner: [Step] = []
      self.body(body, into: &inner)
      closeScope()
      let every = Step(
        kind: .every(domain: source, key: keySlot, value: valueSlot, body: inner),
        with: expression.isNegated ? nil : with, location: location)
      steps.append(expression.isNegated ? Step(kind: .not([every]), with: with, location: location) : every)
    case .not(let body):
      steps.append(Step(kind: .noneOf(closed(body)), with: with, location: location))
    case .and(let left, let right):
      for body in [left, right] {
        steps.append(Step(kind: .anyOf([closed(body)]), with: with, location: location))
      }
    case .or(let left, let right):
      steps.append(Step(kind: .anyOf([closed(left), closed(right)]), with: with, location: location))
    case .term(let term):
      if expression.isNegated {
        var core: [Step] = []
        isNegated = true
        test(term, with: with, core: &core, coreWith: nil, capture: nil, into: &steps, isNegated: true)
        isNegated = false
        steps.append(Step(kind: .not(core), with: with, location: location))
      } else {
        var core: [Step] = []
        test(term, with: with, core: &core, coreWith: with, capture: capture, into: &steps, isNegated: false)
        steps += core
        if let capture, core.isEmpty || !core.contains(where: { $0.mentions(capture) }) {
          steps.append(Step(kind: .unify(.local(capture), .constant(.boolean(true))), with: nil, location: location))
        }
        return
      }
    }
    if let capture {
      steps.append(Step(kind: .unify(.local(capture), .constant(.boolean(true))), with: nil, location: location))
    }
  }

  private mutating func slot(declaring term: Term) -> Slot? {
    guard case .variable(let name) = term.kind else { return nil }
    if name.isWildcard { return newSlot(nil) }
    return declare(name, at: term.location, verb: "declared")
  }

  /// What the expression demands goes to `core`, what its operands need first goes to `steps`: a negation covers the
  /// core alone, as OPA's does (`not f(input.x)` is undefined when `input.x` is).
  private mutating func test(
    _ term: Term, with: WithGroup?, core: inout [Step], coreWith: WithGroup?, capture: Slot?, into steps: inout [Step],
    isNegated: Bool
  ) {
    let location = term.location
    func step(_ kind: Step.Kind) -> Step { Step(kind: kind, with: coreWith, location: location) }

    if case .call(let operation, let arguments) = term.kind, case .variable(let name) = operation.kind,
      arguments.count == 2, name == "eq" || name == "assign"
    {
      var left = arguments[0]
      let right = arguments[1]
      if name == "assign" {
        if isNegated {
          errors.append(.compile("cannot assign vars inside negated expression", at: location))
          return
        }
        let value = operand(right, with: with, coreWith: coreWith, core: &core, into: &steps)
        guard declareAssigned(left) else { return }
        let pattern = atom(left, with: with, into: &steps)
        core.append(step(value.unified(with: pattern)))
        return
      }
      // `<call or reference> = pattern` either way round: the reference's or call's result goes straight to the other.
      var other = right
      if !left.isReference, right.isReference { (left, other) = (right, left) }
      let value = operand(left, with: with, coreWith: coreWith, core: &core, into: &steps)
      let pattern: Atom
      if other.isReference {
        let result = Atom.local(newSlot(nil))
        let second = operand(other, with: with, coreWith: coreWith, core: &core, into: &steps)
        core.append(step(second.unified(with: result)))
        pattern = result
      } else {
        pattern = atom(other, with: with, into: &steps)
      }
      core.append(step(value.unified(with: pattern)))
      return
    }
    if case .call(let operation, let arguments) = term.kind {
      if case .variable(let name) = operation.kind, name == "print", module.globals["print"] == nil {
        // Nobody reads what a decision prints: the call is dropped, as OPA drops it.
        return
      }
      guard let callee = callee(operation, arguments: arguments, allowsResult: true) else { return }
      let arity = tree.arity(of: callee)
      if !isQuery, arguments.count == 2, case .builtin(let builtin) = callee, builtin.name == "equal" {
        // In rules, OPA turns `==` into `=` once it has seen that both sides are safe: an undefined side makes
        // `not x == y` true, where other operators are undefined.
        var sides: [Atom] = []
        for argument in arguments {
          switch operand(argument, with: with, coreWith: coreWith, core: &core, into: &steps) {
          case .atom(let atom): sides.append(atom)
          case .reference(let base, let path):
            let result = Atom.local(newSlot(nil))
            core.append(step(.reference(result: result, base: base, path: path)))
            sides.append(result)
          }
        }
        let result = Atom.local(newSlot(nil))
        core.append(step(.call(result: result, callee: callee, arguments: sides)))
        core.append(step(.holds(result)))
        return
      }
      let inputs = arguments.prefix(arity).map { atom($0, with: with, into: &steps) }
      if arguments.count == arity + 1 {
        let result = atom(arguments[arity], with: with, into: &steps)
        core.append(step(.call(result: result, callee: callee, arguments: Array(inputs))))
        return
      }
      let result = Atom.local(capture ?? newSlot(nil))
      core.append(step(.call(result: result, callee: callee, arguments: Array(inputs))))
      if capture == nil { core.append(step(.holds(result))) }
      return
    }
    let value = operand(term, with: with, coreWith: coreWith, core: &core, into: &steps)
    if let capture {
      core.append(step(value.unified(with: .local(capture))))
      return
    }
    switch value {
    case .atom(let atom): core.append(step(.holds(atom)))
    case .reference:
      let result = Atom.local(newSlot(nil))
      core.append(step(value.unified(with: result)))
      core.append(step(.holds(result)))
    }
  }

  /// A value that a step of its own still has to look up, or one at hand.
  private enum Operand {
    case atom(Atom)
    case reference(ReferenceBase, [Atom])

    func unified(with other: Atom) -> Step.Kind {
      switch self {
      case .atom(let atom): .unify(other, atom)
      case .reference(let base, let path): .reference(result: other, base: base, path: path)
      }
    }
  }

  private mutating func operand(
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

  private mutating func referenceBase(
    _ head: Term, with: WithGroup?, into steps: inout [Step]
  ) -> (ReferenceBase, [Atom]) {
    if case .variable(let name) = head.kind {
      switch meaning(of: name) {
      case .local(let slot): return (.atom(.local(slot)), [])
      case .document(let base, let path): return (base, path.map { .constant(.string($0)) })
      }
    }
    return (.atom(atom(head, with: with, into: &steps)), [])
  }

  // MARK: Terms

  /// The term's value as an atom, after steps that look up and compute what is inside it.
  mutating func atom(_ term: Term, with: WithGroup?, into steps: inout [Step]) -> Atom {
    let location = term.location
    func temporary(bindsNothing: Bool = false, _ make: (Atom) -> Step.Kind) -> Atom {
      let result = Atom.local(newSlot(nil))
      steps.append(Step(kind: make(result), with: with, location: location, bindsNothing: bindsNothing))
      return result
    }
    switch term.kind {
    case .scalar(let value): return .constant(value)
    case .variable(let name):
      switch meaning(of: name) {
      case .local(let slot): return .local(slot)
      case .document(let base, let path):
        return temporary { .reference(result: $0, base: base, path: path.map { .constant(.string($0)) }) }
      }
    case .reference(let head, let path):
      let (base, prefix) = referenceBase(head, with: with, into: &steps)
      var atoms = prefix
      for part in path { atoms.append(atom(part, with: with, into: &steps)) }
      return temporary(bindsNothing: isNegated) { .reference(result: $0, base: base, path: atoms) }
    case .array(let items):
      var atoms: [Atom] = []
      for item in items { atoms.append(atom(item, with: with, into: &steps)) }
      return folded(.array(atoms))
    case .set(let items):
      var atoms: [Atom] = []
      for item in items { atoms.append(atom(item, with: with, into: &steps)) }
      return folded(.set(atoms))
    case .object(let items):
      var atoms: [(key: Atom, value: Atom)] = []
      for item in items {
        let key = atom(item.key, with: with, into: &steps)
        atoms.append((key, atom(item.value, with: with, into: &steps)))
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
      guard let callee = callee(operation, arguments: arguments, allowsResult: false) else {
        return .constant(.null)
      }
      if case .variable(let name) = operation.kind, name == "assign" {
        errors.append(.compile("assignment cannot be used as a value", at: location))
        return .constant(.null)
      }
      let outer = isNegated
      isNegated = false
      defer { isNegated = outer }
      var atoms: [Atom] = []
      for argument in arguments { atoms.append(atom(argument, with: with, into: &steps)) }
      return temporary { .call(result: $0, callee: callee, arguments: atoms) }
    case .template(let parts):
      return template(parts, location: location, with: with, into: &steps)
    }
  }

  /// The steps of a body that has variables of its own.
  private mutating func closed(_ body: Body) -> [Step] {
    openScope()
    defer { closeScope() }
    var steps: [Step] = []
    self.body(body, into: &steps)
    return steps
  }

  private func folded(_ atom: Atom) -> Atom { atom.constantValue.map(Atom.constant) ?? atom }

  private mutating func comprehension(_ head: [Term], _ body: Body) -> ([Atom], [Step]) {
    let outer = isNegated
    isNegated = false
    openScope()
    defer {
      closeScope()
      isNegated = outer
    }
    var inner: [Step] = []
    self.body(body, into: &inner)
    var atoms: [Atom] = []
    for term in head { atoms.append(atom(term, with: nil, into: &inner)) }
    return (atoms, inner)
  }

  /// `$"a {x} b"` joins its parts; an undefined one is shown as such, so each is asked for in a set of its own.
  private mutating func template(
    _ parts: [TemplatePart], location: Location, with: WithGroup?, into steps: inout [Step]
  ) -> Atom {
    let outer = isNegated
    isNegated = false
    defer { isNegated = outer }
    var atoms: [Atom] = []
    for part in parts {
      switch part {
      case .text(let text): atoms.append(.constant(.string(text)))
      case .expression, .literal:
        openScope()
        var inner: [Step] = []
        let value: Atom
        switch part {
        case .expression(let term): value = atom(term, with: nil, into: &inner)
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

  // MARK: Declarations in patterns

  /// The pattern's variables, each once.
  private func collectVariables(in term: Term, into variables: inout [Variable]) {
    switch term.kind {
    case .variable(let name):
      guard !name.isWildcard, !variables.contains(where: { $0.name == name }) else { return }
      variables.append(Variable(name: name, location: term.location))
    case .array(let items): for item in items { collectVariables(in: item, into: &variables) }
    case .object(let items): for item in items { collectVariables(in: item.value, into: &variables) }
    default: break
    }
  }

  /// Declares what `:=` assigns; false, with an error noted, when the left side can't be assigned to.
  private mutating func declareAssigned(_ term: Term) -> Bool {
    switch term.kind {
    case .variable(let name):
      if !name.isWildcard { _ = declare(name, at: term.location, verb: "assigned") }
      return true
    case .array, .object:
      declareAssignedParts(term)
      return true
    case .scalar(let value): errors.append(.compile("cannot assign to \(value.typeName)", at: term.location))
    case .reference: errors.append(.compile("cannot assign to ref", at: term.location))
    case .set: errors.append(.compile("cannot assign to set", at: term.location))
    case .call, .template: errors.append(.compile("cannot assign to call", at: term.location))
    case .arrayComprehension: errors.append(.compile("cannot assign to arraycomprehension", at: term.location))
    case .setComprehension: errors.append(.compile("cannot assign to setcomprehension", at: term.location))
    case .objectComprehension: errors.append(.compile("cannot assign to objectcomprehension", at: term.location))
    }
    return false
  }

  private mutating func declareAssignedParts(_ term: Term) {
    switch term.kind {
    case .variable(let name): if !name.isWildcard { _ = declare(name, at: term.location, verb: "assigned") }
    case .array(let items): for item in items { declareAssignedParts(item) }
    case .object(let items): for item in items { declareAssignedParts(item.value) }
    default: _ = declareAssigned(term)
    }
  }
}

extension Step {
  fileprivate func mentions(_ slot: Slot) -> Bool {
    var found = false
    forEachOwnSlot { found = found || $0 == slot }
    return found
  }
}

extension Text {
  /// The parser gives every `_` a name of its own, which no text can spell.
  var isWildcard: Bool { utf8.first == UInt8(ascii: "$") }
}

extension Term {
  fileprivate var isReference: Bool {
    if case .reference = kind { return true }
    return false
  }

  /// `io.jwt.decode`, for messages.
  var dottedName: String {
    switch kind {
    case .variable(let name): name.string
    case .reference(let head, let path):
      path.reduce(head.dottedName) { name, part in
        if case .scalar(let value) = part.kind { return name + RuleGroup.pathPart(value) }
        return name + "[…]"
      }
    default: location.text
    }
  }
}
