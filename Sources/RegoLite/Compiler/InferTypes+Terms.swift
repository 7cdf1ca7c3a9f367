extension InferTypes {
  // MARK: Types of terms

  /// Absent when something in the term is not known yet.
  func type(of atom: Atom) -> RegoType? {
    let (type, isKnown) = parts(of: atom)
    return isKnown ? type : nil
  }

  /// The term's type with `untyped` where nothing is known, absent when that is all of it; and whether everything is
  /// known. As in OPA, a set's members that nothing is known of don't count, and what is not known in a member goes
  /// unnoticed as soon as there is a member of another type.
  private func parts(of atom: Atom) -> (type: RegoType?, isKnown: Bool) {
    switch atom {
    case .constant(let value): return (RegoType(of: value), true)
    case .local(let slot): return (slots[slot], slots[slot]?.isKnown ?? false)
    case .array(let items):
      if items.isEmpty { return (.array(of: .anything), true) }
      let parts = items.map { self.parts(of: $0) }
      return (.array(leading: parts.map { $0.type ?? .untyped }, rest: nil), parts.allSatisfy(\.isKnown))
    case .set(let items):
      var element: RegoType?
      var isKnown = true
      for item in items {
        let part = parts(of: item)
        guard let type = part.type else { continue }
        element = .union(element, type)
        isKnown = isKnown && part.isKnown
      }
      if case .any? = element { isKnown = true }
      return (.set(element ?? .anything), isKnown)
    case .object(let items):
      if items.isEmpty { return (.anyObject, true) }
      var properties: [Value: RegoType] = [:]
      // As in OPA, the last of the keys that aren't constants speaks for all of them.
      var rest: (key: RegoType, value: RegoType)?
      var (isKnown, isRestKnown) = (true, true)
      for item in items {
        let value = parts(of: item.value)
        if let key = item.key.constantValue {
          properties[key] = value.type ?? .untyped
          isKnown = isKnown && value.isKnown
        } else {
          let key = parts(of: item.key)
          rest = (key.type ?? .untyped, value.type ?? .untyped)
          isRestKnown = key.isKnown && value.isKnown
        }
      }
      return (.object(properties: properties, restKey: rest?.key, restValue: rest?.value), isKnown && isRestKnown)
    }
  }

  /// The term's type with `untyped` where nothing is known; absent when that is all of it.
  func knownParts(of atom: Atom) -> RegoType? { parts(of: atom).type }

  func typeOrAnything(_ atom: Atom) -> RegoType {
    if let type = type(of: atom) { return type.bounded }
    // A part that nothing is known of can be anything; the others keep their types.
    var copy = self
    atom.forEachSlot { slot in if copy.slots[slot] == nil { copy.slots[slot] = .anything } }
    return copy.knownParts(of: atom)?.bounded ?? .anything
  }

  private func isComprehension(_ slot: Slot) -> Bool {
    guard slots[slot] != nil, case .comprehension? = origin(of: slot)?.kind else { return false }
    return true
  }

  mutating func supposeAnything(_ slot: Slot) {
    if slots[slot] == nil { slots[slot] = .anything }
  }

  /// The type of what is looked into: of a set, also where not everything is known of its members.
  func typeOfBase(_ atom: Atom) -> RegoType {
    if case .set = atom, let type = parts(of: atom).type { return type.bounded }
    return typeOrAnything(atom)
  }

  mutating func newVariable() -> Atom {
    slots.append(nil)
    return .local(slots.count - 1)
  }

  func description(of atom: Atom, slots: SlotTypes? = nil) -> String {
    guard let slots else { return knownDescription(of: atom) }
    var copy = self
    copy.slots = slots
    return copy.knownDescription(of: atom)
  }

  private func knownDescription(of atom: Atom) -> String { parts(of: atom).type?.description ?? RegoType.unknown }

  // MARK: Unification

  /// Makes the term be of the type, as far as it isn't known; false when it can't be. With `isOneOfSeveral`, the type
  /// is one that the term can have besides others.
  mutating func unify(_ atom: Atom, _ type: RegoType, isOneOfSeveral: Bool = false) -> Bool {
    switch atom {
    case .constant(let value):
      guard let parts = value.parts else { return RegoType.unifies(RegoType(of: value), type) }
      return unify(parts, type, isOneOfSeveral: isOneOfSeveral)
    case .local(let slot):
      if let known = slots[slot] {
        if !isOneOfSeveral { return RegoType.unifies(known, type) }
        slots[slot] = known.union(type).bounded
      } else {
        slots[slot] = type.bounded
      }
      return true
    case .array, .object, .set: break
    }
    switch (atom, type) {
    case (_, .any(let members)):
      var isPossible = members.isEmpty
      if members.isEmpty {
        atom.forEachPart { _ = unify($0, .anything, isOneOfSeveral: true) }
      } else {
        for member in members where unify(atom, member, isOneOfSeveral: true) { isPossible = true }
      }
      return isPossible
    case (.array(let items), .array(let leading, let rest)):
      guard items.count == leading.count || rest != nil else { return false }
      for (index, item) in items.enumerated() {
        guard let type = index < leading.count ? leading[index] : rest else { return false }
        if !unify(item, type, isOneOfSeveral: isOneOfSeveral) { return false }
      }
      return true
    case (.object(let items), .object(let properties, _, let restValue)):
      guard items.count == properties.count || restValue != nil else { return false }
      for item in items {
        guard let key = item.key.constantValue else {
          _ = unify(item.value, .anything, isOneOfSeveral: isOneOfSeveral)
          continue
        }
        guard let member = type.member(key), unify(item.value, member, isOneOfSeveral: isOneOfSeveral) else {
          return false
        }
      }
      return true
    case (.set(let items), .set(let element)):
      for item in items where !unify(item, element, isOneOfSeveral: isOneOfSeveral) { return false }
      return true
    default: return false
    }
  }

  /// Makes two terms be of the same type; false when they can't be.
  mutating func unify(_ a: Atom, _ b: Atom) -> Bool {
    switch (type(of: a), type(of: b)) {
    case (let x?, let y?): return RegoType.unifies(x, y)
    case (nil, let y?): return unify(a, y)
    case (let x?, nil): return unify(b, x)
    case (nil, nil): break
    }
    switch (a.literal, b.literal) {
    // OPA can't take a comprehension apart of which not everything is known.
    case (.array, .local(let slot)), (.object, .local(let slot)), (.local(let slot), .array),
      (.local(let slot), .object):
      if isComprehension(slot) { return false }
    default: break
    }
    switch (a.literal, b.literal) {
    // What is equated with a comprehension gets what is known of it, what is equated with a variable can be anything.
    case (.local(let x), .local(let y)) where (slots[x] == nil) != (slots[y] == nil):
      let (known, other) = slots[x] == nil ? (y, a) : (x, b)
      return unify(other, isComprehension(known) ? slots[known] ?? .anything : .anything)
    case (.local, _):
      guard unify(b, .anything) else { return false }
      return unify(a, knownParts(of: b) ?? .anything)
    case (_, .local):
      guard unify(a, .anything) else { return false }
      return unify(b, knownParts(of: a) ?? .anything)
    case (.array(let x), .array(let y)):
      return x.count == y.count && zip(x, y).allSatisfy { unify($0, $1) }
    case (.object(let x), .object(let y)):
      guard x.count == y.count else { return false }
      var values: [Value: Atom] = [:]
      for item in y {
        guard let key = item.key.constantValue else { return true }
        values[key] = item.value
      }
      for item in x {
        guard let key = item.key.constantValue else { return true }
        guard let other = values[key], unify(item.value, other) else { return false }
      }
      return true
    case (.set, .set): return true
    default: return false
    }
  }
}

extension Value {
  var isCollection: Bool {
    switch self {
    case .array, .object, .set: true
    case .null, .boolean, .number, .string: false
    }
  }

  /// A collection's parts as atoms of their own; absent for scalars.
  fileprivate var parts: Atom? {
    switch self {
    case .array(let items): .array(items.map { .constant($0) })
    case .set(let set): .set(set.elements.map { .constant($0) })
    case .object(let object): .object(object.entries.map { (key: .constant($0.key), value: .constant($0.value)) })
    case .null, .boolean, .number, .string: nil
    }
  }
}

extension Atom {
  fileprivate func forEachPart(_ visit: (Atom) -> Void) {
    switch self {
    case .constant, .local: break
    case .array(let items), .set(let items): items.forEach(visit)
    case .object(let items):
      for item in items {
        visit(item.key)
        visit(item.value)
      }
    }
  }

  fileprivate var literal: Atom {
    if case .constant(let value) = self { return value.parts ?? self }
    return self
  }
}
