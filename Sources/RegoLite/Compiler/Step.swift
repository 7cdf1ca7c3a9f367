/// A register of the frame that one rule definition runs in.
typealias Slot = Int

/// A term without references, calls or comprehensions: those have become steps of their own.
enum Atom: Sendable {
  case constant(Value)
  case local(Slot)
  case array([Atom])
  case object([(key: Atom, value: Atom)])
  case set([Atom])
}

/// What a call calls.
enum Callee: Sendable {
  case builtin(Builtin)
  /// A function of the policy: its group's number in the rule tree.
  case function(Int)
}

enum ComprehensionKind: Sendable {
  case array
  case set
  case object
}

/// What a reference starts from.
enum ReferenceBase: Sendable {
  case input
  case data
  case atom(Atom)
}

/// The modifiers of one expression. All steps of that expression share it and run under it.
final class WithGroup: Sendable {
  let modifications: [(target: WithTarget, value: WithReplacement)]

  /// Where each target stands.
  let targets: [Location]

  init(_ modifications: [(target: WithTarget, value: WithReplacement)], targets: [Location]) {
    self.modifications = modifications
    self.targets = targets
  }
}

extension WithGroup {
  /// A builtin whose name looks like a variable's stands in for something.
  var namesBuiltin: Bool {
    modifications.contains {
      if case .callee(.builtin(let builtin)) = $0.value { !builtin.name.string.contains(".") } else { false }
    }
  }
}

enum WithTarget: Sendable {
  case input([Text])
  case data([Text])
  /// Below `input` or `data`, at a path that isn't of names alone: nothing can be put there.
  case nowhere(isInput: Bool, [Text])
  case builtin(Text)
  case function(Int)
}

enum WithReplacement: Sendable {
  case value(Atom)
  case callee(Callee)
}

/// One thing that a body does. A body is a conjunction of steps in any order: the planner puts them into one in which
/// every variable is bound before it is read.
///
/// An object: the passes hand steps on from list to list.
final class Step: @unchecked Sendable {
  enum Kind: Sendable {
    case unify(Atom, Atom)
    /// Everything that `base[path…]` can be, unified with the result.
    case reference(result: Atom, base: ReferenceBase, path: [Atom])
    case call(result: Atom, callee: Callee, arguments: [Atom])
    /// Neither undefined nor false.
    case holds(Atom)
    case not([Step])
    /// `not { … }` with a body of its own: no way to make it hold.
    case noneOf([Step])
    /// `… or …`, and each side of `… and …`: bodies of their own, of which one has to hold.
    case anyOf([[Step]])
    /// `some key, value in collection`
    indirect case iterate(collection: Atom, key: Atom?, value: Atom)
    indirect case every(domain: Atom, key: Slot?, value: Slot, body: [Step])
    case comprehension(result: Atom, kind: ComprehensionKind, head: [Atom], body: [Step])
  }

  let kind: Kind
  let with: WithGroup?
  let location: Location
  /// Part of a negation's operands: it may look up values, but the source's own variables have theirs from elsewhere.
  let bindsNothing: Bool
  // INVARIANT: written only while names are resolved, by the one who has the step in a list.
  /// The expression of the source that the step is part of: told in observed plans alone.
  var expression: Location?
  /// Steps with the same number, from 1, are parts of one expression, which runs only when all of it can; absent when the
  /// step is an expression of its own.
  var unit: Int? {
    get { unitNumber == 0 ? nil : Int(unitNumber) }
    set { unitNumber = Int32(newValue ?? 0) }
  }
  private var unitNumber: Int32 = 0

  /// It is checked like any other, but never run: what a `print` would show.
  let isUnread: Bool

  /// The slots that the step itself mentions, those of its nested bodies apart: every pass asks for them.
  let slots: [Slot]

  init(kind: Kind, with: WithGroup?, location: Location, bindsNothing: Bool = false, isUnread: Bool = false) {
    self.kind = kind
    self.with = with
    self.location = location
    self.bindsNothing = bindsNothing
    self.isUnread = isUnread
    var slots: [Slot] = []
    with?.collectSlots(into: &slots)
    kind.collectSlots(into: &slots)
    self.slots = slots
  }
}

extension Atom {
  fileprivate func collectSlots(into slots: inout [Slot]) {
    if case .local(let slot) = self { slots.append(slot) } else { forEachSlot { slots.append($0) } }
  }

  func forEachSlot(_ visit: (Slot) -> Void) {
    switch self {
    case .constant: break
    case .local(let slot): visit(slot)
    case .array(let items), .set(let items): for item in items { item.forEachSlot(visit) }
    case .object(let items):
      for item in items {
        item.key.forEachSlot(visit)
        item.value.forEachSlot(visit)
      }
    }
  }

  /// The value, when no variable is in it.
  var constantValue: Value? {
    switch self {
    case .constant(let value): return value
    case .local: return nil
    case .array(let items):
      var values: [Value] = []
      for item in items {
        guard let value = item.constantValue else { return nil }
        values.append(value)
      }
      return .array(values)
    case .set(let items):
      var values: [Value] = []
      for item in items {
        guard let value = item.constantValue else { return nil }
        values.append(value)
      }
      return .set(SetValue(values))
    case .object(let items):
      var pairs: [(Value, Value)] = []
      for item in items {
        guard let key = item.key.constantValue, let value = item.value.constantValue else { return nil }
        pairs.append((key, value))
      }
      return .object(ObjectValue(pairs))
    }
  }
}

extension WithGroup {
  fileprivate func collectSlots(into slots: inout [Slot]) {
    for modification in modifications {
      if case .value(let atom) = modification.value { atom.collectSlots(into: &slots) }
    }
  }
}

extension Step.Kind {
  fileprivate func collectSlots(into slots: inout [Slot]) {
    switch self {
    case .unify(let a, let b):
      a.collectSlots(into: &slots)
      b.collectSlots(into: &slots)
    case .reference(let result, let base, let path):
      result.collectSlots(into: &slots)
      if case .atom(let atom) = base { atom.collectSlots(into: &slots) }
      for item in path { item.collectSlots(into: &slots) }
    case .call(let result, _, let arguments):
      result.collectSlots(into: &slots)
      for argument in arguments { argument.collectSlots(into: &slots) }
    case .holds(let atom): atom.collectSlots(into: &slots)
    case .not(let steps): for step in steps { slots += step.slots }
    case .noneOf, .anyOf: break
    case .iterate(let collection, let key, let value):
      collection.collectSlots(into: &slots)
      key?.collectSlots(into: &slots)
      value.collectSlots(into: &slots)
    case .every(let domain, _, _, _): domain.collectSlots(into: &slots)
    case .comprehension(let result, _, _, _): result.collectSlots(into: &slots)
    }
  }
}

extension Step {
  /// The slots that bodies nested in the step mention.
  func forEachClosureSlot(_ visit: (Slot) -> Void) {
    switch kind {
    case .unify, .reference, .call, .holds, .iterate: break
    case .not(let steps): for step in steps { step.forEachClosureSlot(visit) }
    case .every(_, _, _, let body), .noneOf(let body): body.forEachSlot(visit)
    case .anyOf(let bodies): for body in bodies { body.forEachSlot(visit) }
    case .comprehension(_, _, let head, let body):
      for atom in head { atom.forEachSlot(visit) }
      body.forEachSlot(visit)
    }
  }
}

extension Step {
  /// The step gives values to the variables that it mentions.
  var canBind: Bool {
    switch kind {
    case .unify, .reference, .call, .iterate, .comprehension: true
    case .holds, .not, .noneOf, .anyOf, .every: false
    }
  }
}

extension [Step] {
  /// Every slot that the steps mention, also in bodies nested in them.
  fileprivate func forEachSlot(_ visit: (Slot) -> Void) {
    for step in self {
      step.slots.forEach(visit)
      step.forEachClosureSlot(visit)
    }
  }
}
