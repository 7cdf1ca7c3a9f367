extension Expression {
  /// A reference in it goes through a collection (`x[_]`, `x[i]`), or a relation like `walk` does. What comprehensions
  /// do inside themselves doesn't count.
  var iterates: Bool {
    switch kind {
    case .term(let term): return term.iterates
    case .someDeclaration: return false
    case .someIn(let key, let value, let collection):
      return key?.iterates == true || value.iterates || collection.iterates
    case .every(_, _, let domain, let body): return domain.iterates || body.contains(where: \.iterates)
    case .not(let negated): return negated.body.contains(where: \.iterates)
    case .and(let left, let right), .or(let left, let right):
      return left.body.contains(where: \.iterates) || right.body.contains(where: \.iterates)
    }
  }
}

extension Term {
  fileprivate var iterates: Bool {
    switch kind {
    case .scalar, .variable, .arrayComprehension, .setComprehension, .objectComprehension, .template: return false
    case .reference(let head, let path):
      return head.iterates
        || path.contains { part in
          if case .variable = part.kind { return true }
          return part.iterates
        }
    case .array(let items), .set(let items): return items.contains(where: \.iterates)
    case .object(let items): return items.contains { $0.key.iterates || $0.value.iterates }
    case .call(let operation, let arguments):
      if let builtin = Builtins.all[Text(operation.dottedName)], case .relation = builtin.body { return true }
      return arguments.contains(where: \.iterates)
    }
  }
}
