extension Term {
  /// The variable's name stands in the term, or in a body inside it.
  func mentions(_ name: Text) -> Bool {
    switch kind {
    case .scalar: return false
    case .variable(let own): return own == name
    case .reference(let head, let path): return head.mentions(name) || path.contains { $0.mentions(name) }
    case .array(let items), .set(let items): return items.contains { $0.mentions(name) }
    case .object(let items): return items.contains { $0.key.mentions(name) || $0.value.mentions(name) }
    case .arrayComprehension(let head, let body), .setComprehension(let head, let body):
      return head.mentions(name) || body.mentions(name)
    case .objectComprehension(let key, let value, let body):
      return key.mentions(name) || value.mentions(name) || body.mentions(name)
    case .call(_, let arguments): return arguments.contains { $0.mentions(name) }
    case .template(let parts):
      return parts.contains { part in
        switch part {
        case .text: false
        case .expression(let term): term.mentions(name)
        case .literal(let expression): [expression].mentions(name)
        }
      }
    }
  }
}

extension Body {
  fileprivate func mentions(_ name: Text) -> Bool {
    contains { expression in
      if expression.modifiers.contains(where: { $0.value.mentions(name) }) { return true }
      switch expression.kind {
      case .term(let term): return term.mentions(name)
      case .someDeclaration: return false
      case .someIn(let key, let value, let collection):
        return key?.mentions(name) == true || value.mentions(name) || collection.mentions(name)
      case .every(_, _, let domain, let body): return domain.mentions(name) || body.mentions(name)
      case .not(let negated): return negated.body.mentions(name)
      case .and(let left, let right), .or(let left, let right):
        return left.body.mentions(name) || right.body.mentions(name)
      }
    }
  }
}

extension Term {
  /// The same text, up to how it is spelled. Errs on the side of no.
  func isSame(as other: Term) -> Bool {
    switch (kind, other.kind) {
    case (.scalar(let a), .scalar(let b)): return a == b
    case (.variable(let a), .variable(let b)): return a == b
    case (.reference(let headA, let pathA), .reference(let headB, let pathB)):
      return headA.isSame(as: headB) && pathA.count == pathB.count
        && zip(pathA, pathB).allSatisfy { $0.isSame(as: $1) }
    case (.array(let a), .array(let b)): return a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
    default: return false
    }
  }
}
