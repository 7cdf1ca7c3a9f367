/// Decides which step of a body can come next: the first whose variables are bound, or get bound by it.
///
/// The rules are OPA's: a call's arguments, a negation's and a comprehension's outer variables have to be bound
/// before; a reference binds the variables in its path; a unification binds what the other side determines.
///
/// A body of n steps is ordered in about n looks: a step that was not ready is looked at again only once a slot that it
/// mentions has been bound. As long as each step is ready where it stands in the text, nobody asks who mentions what.
struct OrderSteps {
  /// Slots that the body's steps mention outside nested bodies.
  private var ownSlots = BitSet()
  /// Slots that bodies nested in a step mention, by step, where there are any.
  private var closureSlots: [Int: [Slot]] = [:]
  /// The steps that mention a slot; absent until some step was not ready.
  private var mentions: StepLists?
  /// The slots that were bound when the steps that mention them were last asked for.
  private var settled = BitSet()
  /// Slots of the source's own variables, which a negation must not be the first to mention.
  private let named: BitSet
  let steps: [Step]
  private var isRemaining: BitSet
  /// What comprehensions give: OPA takes no object apart that one of them made on the spot.
  private var comprehensions: [Slot: (kind: ComprehensionKind, step: Int)] = [:]
  /// Slots that have values before the body begins; absent until that is known.
  private var given: BitSet?
  /// A function's arguments count as such, although steps of the body take their patterns apart.
  private let arguments: BitSet
  /// Steps that may be ready.
  private var candidates: BitSet
  private var last: Int?
  /// The steps of each expression of several.
  private var units = StepLists()

  init(_ steps: [Step], arguments: BitSet = BitSet(), named: BitSet) {
    self.steps = steps
    self.arguments = arguments
    self.named = named
    isRemaining = BitSet(count: steps.count)
    candidates = isRemaining
    units.reserve(steps.count)
    for index in steps.indices { note(steps[index], index) }
    units.sort()
  }

  private mutating func note(_ step: Step, _ index: Int) {
    var isNot = false
    switch step.kind {
    case .unify, .reference, .call, .holds, .iterate: break
    case .comprehension(let result, let kind, _, _):
      if case .local(let slot) = result { comprehensions[slot] = (kind, index) }
      fallthrough
    case .noneOf, .anyOf, .every: noteClosure(of: step, index)
    case .not:
      isNot = true
      noteClosure(of: step, index)
    }
    for slot in step.slots where !isNot || named.contains(slot) { ownSlots.insert(slot) }
    if let unit = step.unit { units.add(index, to: unit) }
  }

  private mutating func noteClosure(of step: Step, _ index: Int) {
    var closure: Set<Slot> = []
    step.forEachClosureSlot { closure.insert($0) }
    if !closure.isEmpty { closureSlots[index] = Array(closure) }
  }

  /// Finds out who mentions what. What the steps that have run mention is settled, where it is bound.
  private mutating func noteMentions(_ bound: BoundSlots) {
    var mentions = StepLists()
    mentions.reserve(steps.count * 4)
    for index in steps.indices {
      // The first of several that are one expression waits for what any of them waits for.
      var first = index
      if let unit = steps[index].unit { first = units.steps(of: unit).first ?? index }
      for slots in [closureSlots[index] ?? [], steps[index].slots] {
        for slot in slots {
          mentions.add(index, to: slot)
          if first != index { mentions.add(first, to: slot) }
        }
      }
      if isRemaining.contains(index) { continue }
      for slot in steps[index].slots where bound.contains(slot) { settled.insert(slot) }
    }
    mentions.sort()
    self.mentions = mentions
  }

  /// The steps that never became ready, in the body's order.
  var remaining: [Step] { steps.indices.filter { isRemaining.contains($0) }.map { steps[$0] } }

  /// Those of them that are said to be unsafe.
  ///
  /// Those that look into a comprehension which waits for a variable itself come into it only when there are no others:
  /// OPA forgets what they wait for.
  var blamed: [Step] {
    let all = steps.indices.filter { isRemaining.contains($0) }
    let others = all.filter { index in
      guard case .unify(let a, let b) = steps[index].kind else { return true }
      return ![a, b].contains { $0.contains(slot: isOpenComprehension) }
    }
    return (others.isEmpty ? all : others).map { steps[$0] }
  }

  /// The next step that can run when `bound` have values; absent when none is left or none can.
  mutating func next(bound: BoundSlots) -> Step? {
    if given == nil { given = bound.all }
    if let last, let mentions {
      for slot in steps[last].slots where bound.contains(slot) && settled.insert(slot) {
        for index in mentions.steps(of: slot) where isRemaining.contains(index) { candidates.insert(index) }
      }
      if let unit = steps[last].unit {
        for index in units.steps(of: unit) where isRemaining.contains(index) { candidates.insert(index) }
      }
    }
    // As OPA does: on from where the last one was found, and over again.
    while let index = candidates.next(from: last ?? 0) {
      candidates.remove(index)
      guard isReady(index, bound) else {
        if mentions == nil { noteMentions(bound) }
        continue
      }
      isRemaining.remove(index)
      last = index
      return steps[index]
    }
    return nil
  }

  /// Where the steps that run up to the first one of a kind stand, that one included; absent when none of the kind runs.
  mutating func all(bound: BoundSlots, upTo isLast: (Step) -> Bool) -> BitSet? {
    var bound = bound
    var result = BitSet()
    while let step = next(bound: bound), let last {
      result.insert(last)
      if isLast(step) { return result }
      if step.canBind { for slot in step.slots { bound.bind(slot) } }
    }
    return nil
  }

  /// Where the steps that can run stand, in the order in which they do.
  mutating func all(bound: BoundSlots) -> [Int] {
    var bound = bound
    var result: [Int] = []
    while let step = next(bound: bound), let last {
      result.append(last)
      if step.canBind { for slot in step.slots { bound.bind(slot) } }
    }
    return result
  }

  /// What has a value after each step had its one chance, in the order of the text.
  func boundInOnePass(from given: BoundSlots) -> BoundSlots {
    var bound = given
    for (index, step) in steps.enumerated() where step.canBind && step.with?.namesBuiltin != true {
      if isReadyAlone(index, bound, looksInside: false) {
        for slot in steps[index].slots { bound.bind(slot) }
      } else if case .unify(let a, let b) = step.kind {
        // OPA counts what is equated with a set as known, whatever is in it.
        for case (.local(let slot), .set) in [(a, b), (b, a)] { bound.bind(slot) }
      }
    }
    return bound
  }

  private func isReady(_ index: Int, _ bound: BoundSlots) -> Bool {
    guard let unit = steps[index].unit else { return isReadyAlone(index, bound) }
    let members = units.steps(of: unit)
    guard members.count > 1 else { return isReadyAlone(index, bound) }
    guard index == members.first else {
      // In turn, after the first.
      for member in members where member < index && isRemaining.contains(member) { return false }
      return isReadyAlone(index, bound)
    }
    var bound = bound
    for member in members {
      guard isReadyAlone(member, bound) else { return false }
      for slot in steps[member].slots { bound.insert(slot) }
    }
    return true
  }

  private func isReadyAlone(_ index: Int, _ bound: BoundSlots, looksInside: Bool = true) -> Bool {
    if looksInside, let closure = closureSlots[index] {
      for slot in closure where !bound.contains(slot) && ownSlots.contains(slot) { return false }
    }
    if steps[index].bindsNothing {
      for slot in steps[index].slots where named.contains(slot) && !bound.contains(slot) { return false }
    }
    if let with = steps[index].with {
      for modification in with.modifications {
        if case .value(let atom) = modification.value, !atom.isBound(bound) { return false }
      }
    }
    switch steps[index].kind {
    case .unify(let a, let b):
      guard let pairs = Self.unification(a, b, bound) else {
        return [a, b].contains { $0.contains(slot: isOpenComprehension) }
          && !isAsked(for: [a, b], besides: index, bound)
      }
      if comprehensions.isEmpty { return true }
      // The left side is the second one here.
      return pairs.allSatisfy { takesApart($0.known, $0.pattern, isLeft: { b.mentions($0) }, of: index, bound) }
    case .reference(let result, let base, let path):
      if case .atom(let atom) = base, !atom.isBound(bound) { return false }
      if result.isPlain, path.allSatisfy(\.isPlain) { return true }
      var bound = bound
      for part in path where !part.bindPattern(&bound) { return false }
      return result.bindPattern(&bound)
    case .call(let result, _, let arguments):
      guard arguments.allSatisfy({ $0.isBound(bound) }) else { return false }
      if result.isPlain { return true }
      var bound = bound
      return result.bindPattern(&bound)
    case .holds(let atom): return atom.isBound(bound)
    case .not:
      for slot in steps[index].slots where named.contains(slot) || ownSlots.contains(slot) {
        if !bound.contains(slot) { return false }
      }
      return true
    case .noneOf, .anyOf: return true
    case .iterate(let collection, let key, let value):
      guard collection.isBound(bound) else { return false }
      var bound = bound
      if let key, !key.bindPattern(&bound) { return false }
      return value.bindPattern(&bound)
    case .every(let domain, _, _, _): return domain.isBound(bound)
    case .comprehension(let result, _, _, _):
      var bound = bound
      return result.bindPattern(&bound)
    }
  }

  /// Whether OPA lets the pattern take the known side apart, when that is a comprehension's own value: on the left side
  /// one of the pattern's kind, on the right any but by an object.
  private func takesApart(
    _ known: Atom, _ pattern: Atom, isLeft: (Slot) -> Bool, of index: Int, _ bound: BoundSlots
  ) -> Bool {
    guard case .local(let slot) = known, let (kind, _) = comprehensions[slot], !pattern.isBound(bound)
    else { return true }
    switch (pattern, kind) {
    case (.array, .array): return true
    case (.object, .object): if isLeft(slot) { return true }
    case (.array, _): if !isLeft(slot) { return true }
    case (.object, _): break
    case (.constant, _), (.local, _), (.set, _): return true
    }
    return isOpenComprehension(slot) && !isAsked(for: [pattern], besides: index, bound)
  }

  /// Whether the slot holds a comprehension that reads a variable of the body. Of an expression with such a one, OPA
  /// forgets that other variables have no values, which shows only where something else asks for them.
  private func isOpenComprehension(_ slot: Slot) -> Bool {
    guard let (_, comprehension) = comprehensions[slot] else { return false }
    return closureSlots[comprehension]?.contains {
      ownSlots.contains($0) && given?.contains($0) != true && !arguments.contains($0)
    } == true
  }

  /// Whether other expressions mention what has no value yet.
  private func isAsked(for atoms: [Atom], besides index: Int, _ bound: BoundSlots) -> Bool {
    let unit = steps[index].unit
    return atoms.contains { atom in
      atom.contains { slot in
        guard !bound.contains(slot), comprehensions[slot] == nil else { return false }
        return steps.indices.contains { other in
          other != index && (unit == nil || steps[other].unit != unit)
            && (steps[other].slots.contains(slot) || closureSlots[other]?.contains(slot) == true)
        }
      }
    }
  }

  /// Pairs to match in turn, each with its first side known by then; absent when a variable would stay unbound.
  static func unification(_ a: Atom, _ b: Atom, _ bound: BoundSlots) -> [(known: Atom, pattern: Atom)]? {
    // Mostly, one of the two is a variable.
    if a.isLocal || b.isLocal {
      if a.isBound(bound) { return b.isPlain || b.isBound(bound) || b.isPattern(bound) ? [(a, b)] : nil }
      return b.isBound(bound) && (a.isPlain || a.isPattern(bound)) ? [(b, a)] : nil
    }
    var bound = bound
    var pairs: [(Atom, Atom)] = [(a, b)]
    var result: [(known: Atom, pattern: Atom)] = []
    var isProgress = true
    while !pairs.isEmpty, isProgress {
      isProgress = false
      var later: [(Atom, Atom)] = []
      for (a, b) in pairs {
        var after = bound
        if a.isBound(bound), b.isBound(bound) {
          result.append((a, b))
        } else if let parts = literalPairs(a, b, bound) {
          // Two literals meet part by part; parts of different shapes bind nothing.
          guard let parts else {
            later.append((a, b))
            continue
          }
          later += parts
          isProgress = true
          continue
        } else if a.isBound(bound), b.bindPattern(&after) {
          result.append((a, b))
        } else if b.isBound(bound), a.bindPattern(&after) {
          result.append((b, a))
        } else {
          later.append((a, b))
          continue
        }
        bound = after
        isProgress = true
      }
      pairs = later
    }
    return pairs.isEmpty ? result : nil
  }

  fileprivate enum ObjectKey: Hashable {
    case value(Value)
    case local(Slot)
  }

  /// The parts of two literals; nothing when they can't be paired, absent when one of the two is a variable.
  private static func literalPairs(_ a: Atom, _ b: Atom, _ bound: BoundSlots) -> [(Atom, Atom)]?? {
    guard let a = a.literal, let b = b.literal else { return nil }
    switch (a, b) {
    case (.array(let x), .array(let y)): return .some(x.count == y.count ? Array(zip(x, y)) : nil)
    case (.object(let x), .object(let y)):
      guard x.count == y.count else { return .some(nil) }
      var values: [ObjectKey: Atom] = [:]
      for item in y {
        guard let key = item.key.objectKey(bound) else { return .some(nil) }
        values[key] = item.value
      }
      var result: [(Atom, Atom)] = []
      for item in x {
        guard let key = item.key.objectKey(bound) else { return .some(nil) }
        if let other = values.removeValue(forKey: key) {
          result.append((item.value, other))
        } else if y.allSatisfy({ $0.key.constantValue != nil }), item.key.constantValue != nil {
          // OPA looks at the keys that both have. The rest must have values from elsewhere, and the objects are not equal.
          result += [(item.value, item.value), (.constant(.boolean(true)), .constant(.boolean(false)))]
        } else {
          return .some(nil)
        }
      }
      for other in values.values { result.append((other, other)) }
      return result
    default: return .some(nil)
    }
  }
}

extension Atom {
  /// What a key is known as before any value is: a constant, or a variable that has a value by then.
  fileprivate func objectKey(_ bound: BoundSlots) -> OrderSteps.ObjectKey? {
    if let value = constantValue { return .value(value) }
    if case .local(let slot) = self, bound.contains(slot) { return .local(slot) }
    return nil
  }

  /// The atom when it is no variable: a constant's parts as atoms of their own.
  fileprivate var literal: Atom? {
    switch self {
    case .local: return nil
    case .constant(.array(let items)): return .array(items.map { .constant($0) })
    case .constant(.object(let object)):
      return .object(object.entries.map { (key: .constant($0.key), value: .constant($0.value)) })
    default: return self
    }
  }
}

/// Steps' numbers by what they have in common, in one array: most of these lists are short, and there are many.
private struct StepLists {
  /// The key above the step.
  private var entries: [UInt64] = []
  private var isSorted = true

  mutating func reserve(_ count: Int) { entries.reserveCapacity(count) }

  mutating func add(_ step: Int, to key: Int) {
    let entry = UInt64(key) << 32 | UInt64(step)
    if let last = entries.last, last > entry { isSorted = false }
    entries.append(entry)
  }

  /// To be called before anything is asked for.
  mutating func sort() { if !isSorted { entries.sort() } }

  /// Ascending.
  func steps(of key: Int) -> some BidirectionalCollection<Int> {
    let start = entries.partitionPoint { $0 < UInt64(key) << 32 }
    var end = start
    while end < entries.count, entries[end] >> 32 == UInt64(key) { end += 1 }
    return entries[start..<end].lazy.map { Int($0 & 0xFFFF_FFFF) }
  }
}

extension Atom {
  fileprivate var isLocal: Bool { if case .local = self { true } else { false } }

  /// A variable or a constant: it can be matched against any value.
  fileprivate var isPlain: Bool {
    switch self {
    case .constant, .local: true
    case .array, .object, .set: false
    }
  }

  /// Whether matching this against a value can bind what isn't bound in it.
  fileprivate func isPattern(_ bound: BoundSlots) -> Bool {
    var bound = bound
    return bindPattern(&bound)
  }

  fileprivate func mentions(_ slot: Slot) -> Bool { contains { $0 == slot } }

  fileprivate func contains(slot isWanted: (Slot) -> Bool) -> Bool {
    var found = false
    forEachSlot { found = found || isWanted($0) }
    return found
  }

  func isBound(_ bound: BoundSlots) -> Bool {
    switch self {
    case .constant: return true
    case .local(let slot): return bound.contains(slot)
    case .array(let items), .set(let items): return items.allSatisfy { $0.isBound(bound) }
    case .object(let items): return items.allSatisfy { $0.key.isBound(bound) && $0.value.isBound(bound) }
    }
  }

  /// Adds the slots that matching this against a value binds; false when something in it can't be bound that way: an
  /// object's keys and a set's members have to be known.
  func bindPattern(_ bound: inout BoundSlots) -> Bool {
    switch self {
    case .constant: return true
    case .local(let slot):
      bound.insert(slot)
      return true
    case .array(let items):
      for item in items where !item.bindPattern(&bound) { return false }
      return true
    case .object(let items):
      for item in items where !item.key.isBound(bound) || !item.value.bindPattern(&bound) { return false }
      return true
    case .set(let items): return items.allSatisfy { $0.isBound(bound) }
    }
  }
}
