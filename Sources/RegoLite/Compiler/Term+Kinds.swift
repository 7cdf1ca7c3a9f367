extension Step {
  func mentions(_ slot: Slot) -> Bool { slots.contains(slot) }
}

extension Term {
  /// A variable that names no document.
  func isLocal(in names: ResolveNames) -> Bool {
    guard case .variable(let name) = kind, name != "input", name != "data" else { return false }
    return names.isDeclared(name) || names.module.globals[name] == nil
  }

  var isComprehension: Bool {
    switch kind {
    case .arrayComprehension, .setComprehension, .objectComprehension: return true
    default: return false
    }
  }

  var isOrBeginsWithComprehension: Bool {
    if case .reference(let head, _) = kind { head.isComprehension } else { isComprehension }
  }

  /// A comprehension stands in it where OPA leaves it: not in a call, a reference, a set or a key.
  var hasComprehension: Bool {
    switch kind {
    case .arrayComprehension, .setComprehension, .objectComprehension: return true
    case .array(let items): return items.contains(where: \.hasComprehension)
    case .object(let items): return items.contains { $0.value.hasComprehension }
    case .set, .scalar, .variable, .reference, .call, .template: return false
    }
  }

  /// An array, object or set that isn't constant.
  var isComposite: Bool {
    switch kind {
    case .array, .object, .set: return true
    default: return false
    }
  }

  var isSet: Bool {
    if case .set = kind { return true }
    return false
  }

  var isName: Bool {
    if case .variable = kind { return true }
    return false
  }

  var isReference: Bool {
    if case .reference = kind { return true }
    return false
  }

  /// The place of the term's kind in OPA's order of syntax trees, which sets and objects keep their parts in.
  var sortRank: Int {
    switch kind {
    case .scalar(.null): 0
    case .scalar(.boolean): 1
    case .scalar(.number): 2
    case .scalar: 3
    case .variable: 4
    case .reference: 5
    case .array: 6
    case .object: 7
    case .set: 8
    case .arrayComprehension: 9
    case .objectComprehension: 10
    case .setComprehension: 11
    case .call: 12
    case .template: 13
    }
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
