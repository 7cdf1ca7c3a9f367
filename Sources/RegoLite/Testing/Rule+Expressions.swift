extension Rule {
  /// Every expression of the rule, also those of bodies inside expressions and heads.
  func forEachExpression(_ visit: (Expression) -> Void) {
    for term in head.path + (head.arguments ?? []) { term.forEachExpression(visit) }
    switch head.kind {
    case .value(let value): value?.forEachExpression(visit)
    case .contains(let element): element.forEachExpression(visit)
    }
    for expression in body { expression.forEachExpression(visit) }
    for branch in elseBranches {
      branch.value?.forEachExpression(visit)
      for expression in branch.body { expression.forEachExpression(visit) }
    }
  }
}

extension Expression {
  /// The expression, and those inside it.
  func forEachExpression(_ visit: (Expression) -> Void) {
    visit(self)
    for modifier in modifiers { modifier.value.forEachExpression(visit) }
    switch kind {
    case .term(let term): term.forEachExpression(visit)
    case .someDeclaration: break
    case .someIn(let key, let value, let collection):
      key?.forEachExpression(visit)
      value.forEachExpression(visit)
      collection.forEachExpression(visit)
    case .every(_, _, let domain, let body):
      domain.forEachExpression(visit)
      for expression in body { expression.forEachExpression(visit) }
    case .not(let negated): for expression in negated.body { expression.forEachExpression(visit) }
    case .and(let left, let right), .or(let left, let right):
      for expression in left.body + right.body { expression.forEachExpression(visit) }
    }
  }
}

extension Term {
  /// The expressions of the comprehensions in the term.
  func forEachExpression(_ visit: (Expression) -> Void) {
    switch kind {
    case .scalar, .variable: break
    case .reference(let head, let path): for term in [head] + path { term.forEachExpression(visit) }
    case .array(let items), .set(let items): for term in items { term.forEachExpression(visit) }
    case .object(let items):
      for item in items {
        item.key.forEachExpression(visit)
        item.value.forEachExpression(visit)
      }
    case .arrayComprehension(let head, let body), .setComprehension(let head, let body):
      head.forEachExpression(visit)
      for expression in body { expression.forEachExpression(visit) }
    case .objectComprehension(let key, let value, let body):
      key.forEachExpression(visit)
      value.forEachExpression(visit)
      for expression in body { expression.forEachExpression(visit) }
    case .call(_, let arguments): for term in arguments { term.forEachExpression(visit) }
    case .template(let parts):
      for part in parts {
        switch part {
        case .text: break
        case .expression(let term): term.forEachExpression(visit)
        case .literal(let expression): expression.forEachExpression(visit)
        }
      }
    }
  }
}
