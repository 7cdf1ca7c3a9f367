extension Step {
  func mentions(_ slot: Slot) -> Bool {
    var found = false
    forEachOwnSlot { found = found || $0 == slot }
    return found
  }
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

  var isName: Bool {
    if case .variable = kind { return true }
    return false
  }

  var isReference: Bool {
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
