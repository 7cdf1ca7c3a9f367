// Which names a body declares, and what is wrong with that.

extension ResolveNames {
  struct Declaration {
    let slot: Slot
    let location: Location
    /// How it was declared, for messages.
    let verb: String
    /// `some x` has to be used.
    let mustBeUsed: Bool
    var isUsed = false
  }

  struct Scope {
    var declared: [Text: Declaration] = [:]
    /// Names that were read here before any declaration.
    var referenced: Set<Text> = []
    var arguments: Set<Text> = []
    /// A body of `every`, `not`, `and` or `or`.
    var isClosed = false
    /// OPA reports one wrong modifier a body.
    var hasWrongModifier = false
  }

  static let argument = "argument"
  static let assigned = "assigned"

  /// `input` and `data` may be variables, as v0 has it.
  var mayShadowRoots: Bool { module.version == .v0 && !options.isStrict }

  mutating func closeScope() {
    let scope = scopes.removeLast()
    // A query's own variables are its result.
    let mustUseAssigned = options.isStrict && !(isQuery && scopes.isEmpty)
    for (name, declaration) in scope.declared where !declaration.isUsed {
      if declaration.mustBeUsed || mustUseAssigned && declaration.verb == Self.assigned {
        let shown = name.isWildcard ? "_" : name.string
        errors.append(.compile("\(declaration.verb) var \(shown) unused", at: declaration.location))
      }
    }
  }

  /// The arguments that nothing has read; ask before their scope is closed.
  var unusedArguments: Set<Text> {
    Set(scopes.first?.declared.filter { $0.value.verb == Self.argument && !$0.value.isUsed }.keys.map { $0 } ?? [])
  }

  mutating func declare(
    _ name: Text, at location: Location, verb: String, mustBeUsed: Bool = false, slot: Slot? = nil
  ) -> Slot {
    if name.isRoot, !mayShadowRoots {
      let kind = verb == Self.argument ? "args" : "variables"
      errors.append(
        .compile("\(kind) must not shadow \(name) (use a different variable name)", at: location, .shadowing))
    }
    let top = scopes.count - 1
    if let earlier = scopes[top].declared[name] {
      errors.append(.compile("var \(name) \(earlier.verb) above", at: location))
    } else if scopes[top].referenced.contains(name) {
      errors.append(.compile("var \(name) referenced above", at: location))
    } else if scopes.contains(where: { $0.arguments.contains(name) }) {
      if top == 1 { errors.append(.compile("arg \(name) redeclared", at: location)) }
    }
    var known = slot
    if slot == nil, scopes[top].isClosed, let own = undeclared[name],
      !scopes.contains(where: { $0.referenced.contains(name) })
    {
      // As in OPA, a body inside such a body means this one, also where it stands before it.
      undeclared[name] = nil
      known = own
    }
    let slot = known ?? newSlot(name)
    scopes[top].declared[name] = Declaration(
      slot: slot, location: location, verb: verb, mustBeUsed: mustBeUsed)
    return slot
  }

  // MARK: Before modifiers

  /// What `some … in` and `every` declare is in force in their modifiers, where it has no value.
  mutating func declareBeforeModifiers(of expression: Expression) {
    switch expression.kind {
    case .someIn(let key, let value, let collection):
      var variables: [Variable] = []
      if let key { collectVariables(in: key, into: &variables) }
      collectVariables(in: value, into: &variables)
      // As in OPA: what the collection mentions is a variable from further out.
      for variable in variables where !collection.mentions(variable.name) {
        _ = declare(variable.name, at: variable.location, verb: "declared")
      }
    case .every, .someDeclaration, .not, .and, .or, .term: break
    }
  }

  /// What `every` and a body declare is in force in the expression's modifiers as well, where it has no value: those of these names
  /// that they mention.
  func declaredInside(_ expression: Expression) -> [Variable] {
    if expression.modifiers.isEmpty { return [] }
    var declared: [Variable] = []
    let body: Body
    switch expression.kind {
    case .every(let key, let value, _, let inner):
      for term in [key, value] { if let term { collectVariables(in: term, into: &declared) } }
      body = inner
    case .not(let operand) where operand.isBraced: body = operand.body
    default: return []
    }
    for inner in body {
      switch inner.kind {
      case .someDeclaration(let variables): declared += variables
      case .someIn(let key, let value, let collection):
        var own: [Variable] = []
        for term in [key, value] { if let term { collectVariables(in: term, into: &own) } }
        declared += own.filter { !collection.mentions($0.name) }
      case .term(let term):
        if case .call(let operation, let arguments) = term.kind, case .variable("assign") = operation.kind {
          collectVariables(in: arguments[0], into: &declared)
        }
      case .every, .not, .and, .or: break
      }
    }
    var seen: Set<Text> = []
    return declared.filter { variable in
      !variable.name.isRoot && seen.insert(variable.name).inserted
        && expression.modifiers.contains { $0.value.mentions(variable.name) }
    }
  }

  // MARK: Heads

  /// Binds a function's arguments to the first slots.
  mutating func arguments(_ terms: [Term], into steps: inout [Step]) {
    for (index, term) in terms.enumerated() { argument(term, parameter: index, into: &steps) }
    let top = scopes.count - 1
    for name in scopes[top].declared.keys { scopes[top].declared[name]?.isUsed = repeated.contains(name) }
    argumentSlots = BitSet(scopes[top].declared.values.map(\.slot))
  }

  /// Binds a function's argument to parameter `index`.
  private mutating func argument(_ term: Term, parameter index: Int, into steps: inout [Step]) {
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

  mutating func declareArguments(in term: Term) {
    switch term.kind {
    case .variable(let name):
      guard !name.isWildcard else { return }
      guard scopes[scopes.count - 1].declared[name] == nil else {
        repeated.insert(name)
        return
      }
      _ = declare(name, at: term.location, verb: Self.argument)
      scopes[scopes.count - 1].arguments.insert(name)
    case .array(let items): for item in items { declareArguments(in: item) }
    case .object(let items): for item in items { declareArguments(in: item.value) }
    default: break
    }
  }

  // MARK: Declarations in patterns

  /// The pattern's variables, each once.
  func collectVariables(in term: Term, into variables: inout [Variable]) {
    switch term.kind {
    case .variable(let name):
      guard !name.isWildcard, !name.isRoot, !variables.contains(where: { $0.name == name }) else { return }
      variables.append(Variable(name: name, location: term.location))
    case .array(let items): for item in items { collectVariables(in: item, into: &variables) }
    case .object(let items): for item in items { collectVariables(in: item.value, into: &variables) }
    default: break
    }
  }

  /// Declares what `:=` assigns; false, with an error noted, when the left side can't be assigned to.
  mutating func declareAssigned(_ term: Term) -> Bool {
    switch term.kind {
    case .variable(let name):
      if !name.isWildcard { _ = declare(name, at: term.location, verb: Self.assigned) }
      return true
    case .array, .object:
      declareAssignedParts(term)
      return true
    case .scalar(let value): errors.append(.compile("cannot assign to \(value.typeName)", at: term.location))
    case .reference: errors.append(.compile("cannot assign to ref", at: term.location))
    case .set: errors.append(.compile("cannot assign to set", at: term.location))
    case .call: errors.append(.compile("cannot assign to call", at: term.location))
    case .template: errors.append(.compile("cannot assign to templatestring", at: term.location))
    case .arrayComprehension: errors.append(.compile("cannot assign to arraycomprehension", at: term.location))
    case .setComprehension: errors.append(.compile("cannot assign to setcomprehension", at: term.location))
    case .objectComprehension: errors.append(.compile("cannot assign to objectcomprehension", at: term.location))
    }
    return false
  }

  mutating func declareAssignedParts(_ term: Term) {
    switch term.kind {
    case .variable(let name):
      if !name.isWildcard { _ = declare(name, at: term.location, verb: Self.assigned) }
    case .array(let items): for item in items { declareAssignedParts(item) }
    case .object(let items): for item in items { declareAssignedParts(item.value) }
    default: _ = declareAssigned(term)
    }
  }

  /// What has been assigned just now has not been read yet.
  mutating func forgetUse(of term: Term) {
    switch term.kind {
    case .variable(let name): scopes[scopes.count - 1].declared[name]?.isUsed = false
    case .array(let items): for item in items { forgetUse(of: item) }
    case .object(let items): for item in items { forgetUse(of: item.value) }
    default: break
    }
  }
}

extension Text {
  /// The parser gives every `_` a name of its own, which no text can spell.
  var isWildcard: Bool { utf8.first == UInt8(ascii: "$") }

  /// Names a document that every module sees.
  var isRoot: Bool { self == "input" || self == "data" }
}
