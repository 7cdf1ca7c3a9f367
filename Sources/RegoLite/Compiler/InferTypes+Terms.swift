extension InferTypes {
  // MARK: Types of terms

  /// Absent when something in the term is not known yet.
  func type(of atom: Atom) -> RegoType? {
    switch atom {
    case .constant(let value): return RegoType(of: value)
    case .local(let slot): return slots[slot]
    case .array(let items):
      var leading: [RegoType] = []
      for item in items {
        guard let type = type(of: item) else { return nil }
        leading.append(type)
      }
      return leading.isEmpty ? .array(of: .anything) : .array(leading: leading, rest: nil)
    case .set(let items): return .set(items.reduce(nil) { .union($0, type(of: $1)) } ?? .anything)
    case .object(let items):
      var properties: [Value: RegoType] = [:]
      var rest: (key: RegoType, value: RegoType)?
      for item in items {
        guard let type = type(of: item.value) else { return nil }
        if let key = item.key.constantValue {
          properties[key] = type
        } else {
          guard let keyType = self.type(of: item.key) else { return nil }
          rest = rest.map { ($0.key.union(keyType), $0.value.union(type)) } ?? (keyType, type)
        }
      }
      if properties.isEmpty, rest == nil { return .anyObject }
      return .object(properties: properties, restKey: rest?.key, restValue: rest?.value)
    }
  }

  func typeOrAnything(_ atom: Atom) -> RegoType {
    if let type = type(of: atom) { return type.bounded }
    // A part that nothing is known of can be anything; the others keep their types.
    var copy = self
    atom.forEachSlot { slot in if copy.slots[slot] == nil { copy.slots[slot] = .anything } }
    return copy.type(of: atom)?.bounded ?? .anything
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

  private func knownDescription(of atom: Atom) -> String {
    if let type = type(of: atom) { return type.description }
    switch atom {
    case .constant, .local, .set: return RegoType.unknown
    case .array(let items): return RegoType.array(items.map { knownDescription(of: $0) }, rest: nil)
    case .object(let items):
      var known: [(key: Value, value: String)] = []
      var rest: (key: String, value: String)?
      for item in items {
        let value = knownDescription(of: item.value)
        if let key = item.key.constantValue {
          known.append((key, value))
        } else {
          rest = (knownDescription(of: item.key), value)
        }
      }
      return RegoType.object(known.sorted { $0.key < $1.key }, rest: rest)
    }
  }

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
    case (.local, _):
      guard unify(b, .anything) else { return false }
      return unify(a, type(of: b) ?? .anything)
    case (_, .local):
      guard unify(a, .anything) else { return false }
      return unify(b, type(of: a) ?? .anything)
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
