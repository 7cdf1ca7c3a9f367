// Bodies and the expressions in them.

extension Parser {
  /// The expressions up to `end`, and that. They are separated by `;` or line breaks.
  mutating func body(until end: TokenKind) throws(Abort) -> Body {
    try enter()
    defer { leave() }
    var body: Body = []
    var highest = 0
    repeat {
      if body.isEmpty, kind == end { break }
      body.append(try literal())
      highest = max(highest, height)
    } while try hasNext(before: end)
    if body.isEmpty { throw fail("found empty body", at: location(of: token)) }
    advance()
    height = highest
    return body
  }

  /// Steps over a `;`. False at the body's end.
  private mutating func hasNext(before end: TokenKind) throws(Abort) -> Bool {
    if kind == end { return false }
    if kind == .semicolon {
      advance()
    } else if !token.followsNewline {
      throw unexpected("expected \\n or ; or \(end.name)")
    }
    return true
  }

  /// An expression of a body: `some …`, `every …`, or terms, maybe negated; and its `with`s.
  mutating func literal() throws(Abort) -> Expression {
    try enter()
    defer { leave() }
    let start = index
    let expression = try unmodified()
    return kind == .with ? try modified(expression, from: start) : expression
  }

  private mutating func unmodified() throws(Abort) -> Expression {
    switch kind {
    case .some: return try some()
    case .every: return try every()
    case _ where keywords.contains(.and) || keywords.contains(.or): return try disjunction()
    case .not: return try negation()
    default: return try comparison()
    }
  }

  /// The expression with the `with`s that follow it.
  private mutating func modified(_ expression: Expression, from start: Int) throws(Abort) -> Expression {
    // `some x` declares, it has no `with`.
    if case .someDeclaration = expression.kind { return expression }
    var expression = expression
    let first = index
    expression.modifiers = try modifiers()
    if kind == .and || kind == .or {
      throw fail("`with` modifier is not allowed on operand of `\(kind.name)`", at: location(from: first))
    }
    expression.location = location(from: start)
    return expression
  }

  /// Terms, or one assignment or unification of two.
  private mutating func comparison() throws(Abort) -> Expression {
    let start = index
    if !isNegated(at: start) { expressionStart = start }
    let term = try infix(allowsKey: true)
    if kind == .assign || kind == .unify { return try assignment(to: term, from: start) }
    return expression(.term(term), from: start)
  }

  private mutating func assignment(to left: Term, from start: Int) throws(Abort) -> Expression {
    let leftHeight = height
    let operation = Term(.variable(kind.builtin ?? "eq"), at: location(of: token))
    advance()
    let right = try infix(allowsKey: true)
    try setHeight(max(leftHeight, height) + 1)
    return expression(
      .term(Term(.call(operation: operation, arguments: [left, right]), at: location(from: start))), from: start)
  }

  private func expression(_ kind: ExpressionKind, from start: Int) -> Expression {
    Expression(kind: kind, isNegated: false, modifiers: [], location: location(from: start))
  }

  /// `with target as value …`
  private mutating func modifiers() throws(Abort) -> [WithModifier] {
    var modifiers: [WithModifier] = []
    var highest = height
    while kind == .with {
      let start = index
      advance()
      guard kind == .identifier || kind == .contains else { throw unexpected("expected ident") }
      let target = try term()
      switch target.kind {
      case .variable: break
      case .reference(_, let path): if path.count > Self.maximumPath { throw tooDeep() }
      default: throw unexpected("expected with target path")
      }
      highest = max(highest, height)
      guard kind == .as else { throw unexpected("expected as keyword") }
      advance()
      let value = try infix(allowsKey: true)
      highest = max(highest, height)
      modifiers.append(WithModifier(target: target, value: value, location: location(from: start)))
    }
    height = highest
    return modifiers
  }
}

// MARK: - some and every

extension Parser {
  /// `some x, y` or `some k, x in xs`
  private mutating func some() throws(Abort) -> Expression {
    let start = index
    advance()
    let names = index
    if keywords.contains(.in) {
      var term: Term?
      do throws(Abort) { term = try infix(allowsKey: true) } catch { try retry(from: names) }
      if let term, case .call = term.kind {
        guard let (key, value, collection) = term.membership else {
          throw unexpected("expected `x in xs` or `x, y in xs` expression")
        }
        return expression(.someIn(key: key, value: value, collection: collection), from: start)
      }
      try retry(from: names)
    }
    var variables: [Variable] = []
    while true {
      guard kind == .identifier || kind == .contains else { throw unexpected("expected var") }
      let term = variable()
      if case .variable(let name) = term.kind { variables.append(Variable(name: name, location: term.location)) }
      guard kind == .comma else { break }
      advance()
    }
    return expression(.someDeclaration(variables), from: start)
  }

  /// `every k, x in xs { … }`
  private mutating func every() throws(Abort) -> Expression {
    let start = index
    advance()
    let term = try infix(allowsKey: true)
    guard let (key, value, domain) = term.membership else {
      throw unexpected("expected `x[, y] in xs { ... }` expression")
    }
    if let key, !key.isVariable { throw unexpected("expected key to be a variable") }
    if !value.isVariable { throw unexpected("expected value to be a variable") }
    guard kind == .leftBrace else { throw unexpected("missing body") }
    let domainHeight = height
    advance()
    let body = try body(until: .rightBrace)
    try setHeight(max(domainHeight, height) + 1)
    return expression(.every(key: key, value: value, domain: domain, body: body), from: start)
  }
}

extension Term {
  /// `input` and `data` are documents, not variables.
  fileprivate var isVariable: Bool {
    if case .variable(let name) = kind { name != "input" && name != "data" } else { false }
  }

  /// The parts of `x in xs` and `k, x in xs`; absent for other terms.
  fileprivate var membership: (key: Term?, value: Term, collection: Term)? {
    guard case .call(let operation, let arguments) = kind,
      case .reference(let head, let path) = operation.kind, case .variable("internal") = head.kind, path.count == 1,
      case .scalar(.string(let name)) = path[0].kind
    else { return nil }
    switch (name.string, arguments.count) {
    case ("member_2", 2): return (nil, arguments[0], arguments[1])
    case ("member_3", 3): return (arguments[0], arguments[1], arguments[2])
    default: return nil
    }
  }
}

// MARK: - not, and, or

extension Parser {
  private mutating func disjunction() throws(Abort) -> Expression {
    let start = index
    var left = try conjunction(isFirst: true)
    while kind == .or {
      let leftHeight = height
      checkOperand(left, from: start, of: kind)
      advance()
      let next = index
      let right = try conjunction(isFirst: false)
      checkOperand(right, from: next, of: .or)
      try setHeight(max(leftHeight, height) + 1)
      left = LogicalOperand(body: [expression(.or(left, right), from: start)], isBraced: false)
    }
    return left.body[0]
  }

  private mutating func conjunction(isFirst: Bool) throws(Abort) -> LogicalOperand {
    let start = index
    var left = try operand(isFirst: isFirst)
    while kind == .and {
      let leftHeight = height
      checkOperand(left, from: start, of: kind)
      advance()
      let next = index
      let right = try operand(isFirst: false)
      checkOperand(right, from: next, of: .and)
      try setHeight(max(leftHeight, height) + 1)
      left = LogicalOperand(body: [expression(.and(left, right), from: start)], isBraced: false)
    }
    return left
  }

  /// An operand without braces may not assign.
  private mutating func checkOperand(_ operand: LogicalOperand, from start: Int, of operator: TokenKind) {
    guard !operand.isBraced, operand.body.count == 1, case .term(let term) = operand.body[0].kind,
      case .call(let operation, _) = term.kind, case .variable("assign") = operation.kind
    else { return }
    report("cannot assign vars inside implicit \(`operator`.name) operand", from: start, code: .compile)
  }

  /// One side of `and` or `or`, or all there is when neither follows. Braces are a body if `and` or `or` is next to
  /// them.
  private mutating func operand(isFirst: Bool) throws(Abort) -> LogicalOperand {
    if kind == .not { return plain(try negation()) }
    guard keywords.contains(.and) || keywords.contains(.or) else { return plain(try comparison()) }
    if kind == .leftBrace, !isFirst {
      let `operator` = keyword(at: index - 1)
      return try braces { parser, value in parser.refusal(of: value, as: `operator`) }
    }
    guard kind == .leftBrace || kind == .leftParenthesis else { return plain(try comparison()) }
    return try bracketedOperand()
  }

  private func plain(_ expression: Expression) -> LogicalOperand { LogicalOperand(body: [expression], isBraced: false) }

  /// A term in brackets or more, a body in braces, or a group in parentheses.
  private mutating func bracketedOperand() throws(Abort) -> LogicalOperand {
    let start = index
    let isGroup = kind == .leftParenthesis
    var asTerm: SyntaxError?
    var term: (expression: Expression, operator: TokenKind)?
    do throws(Abort) {
      let expression = try comparison()
      guard !isGroup, kind == .and || kind == .or else { return plain(expression) }
      term = (expression, kind)
    } catch {
      asTerm = lastFailure()
    }
    do throws(Abort) {
      try retry(from: start)
      advance()
      guard isGroup else {
        let body = try body(until: .rightBrace)
        guard kind == .and || kind == .or else { throw unexpected() }
        return LogicalOperand(body: body, isBraced: true)
      }
      return plain(try group())
    } catch {
      if let term { throw refusal(of: term.expression, as: term.operator) ?? error }
      keepFurther(asTerm)
      throw error
    }
  }

  /// Braces that have to be a body; where they are a value instead, `refusal` has the word.
  private mutating func braces(
    or refusal: (inout Parser, Expression) -> Abort?
  ) throws(Abort) -> LogicalOperand {
    let start = index
    do throws(Abort) {
      advance()
      return LogicalOperand(body: try body(until: .rightBrace), isBraced: true)
    } catch {
      let asBody = lastFailure()
      var refused: Abort?
      do throws(Abort) {
        try retry(from: start)
        refused = refusal(&self, try comparison())
      } catch {}
      if let refused { throw refused }
      restore(asBody)
      throw error
    }
  }

  /// Braces that are no body can't begin an operand: says so, but for an empty one, which has its own message.
  private mutating func refusal(of expression: Expression, as operator: TokenKind) -> Abort? {
    if case .term(let term) = expression.kind, case .object(let items) = term.kind, items.isEmpty { return nil }
    return fail(
      "operand of `\(`operator`.name)` cannot begin with `{` unless the braces hold a body "
        + "(hint: wrap the operand to keep the value: `(\(expression.location.text)) \(`operator`.name) ...`)",
      at: expression.location)
  }

  /// `x or y)`
  private mutating func group() throws(Abort) -> Expression {
    try enter()
    defer { leave() }
    let group = try disjunction()
    switch group.kind {
    case .and, .or: break
    default: throw fail("non-terminated expression", at: location(of: token))
    }
    try expect(.rightParenthesis)
    return group
  }

  /// `not` and what it negates; once `future.keywords.not` is imported, maybe a body in braces.
  private mutating func negation() throws(Abort) -> Expression {
    let start = index
    advance()
    if kind == .some { throw unexpected("illegal negation of 'some'") }
    if kind == .every { throw unexpected("illegal negation of 'every'") }
    if kind == .not { throw unexpected() }
    guard keywords.contains(.notBody) else {
      var negated = try operand(isFirst: true).body[0]
      negated.isNegated = true
      negated.location = location(from: start)
      return negated
    }
    let negated =
      kind == .leftBrace
      ? try braces { parser, value in parser.refusal(ofNegated: value) } : try operand(isFirst: true)
    try setHeight(height + 1)
    return expression(.not(negated), from: start)
  }

  /// Braces after `not` are a body: says how to write it with a value.
  private mutating func refusal(ofNegated expression: Expression) -> Abort? {
    guard case .term(let term) = expression.kind, let kind = term.leadingBraces else { return nil }
    let text = expression.location.text
    return fail(
      "`{...}` in an operand position must contain expression(s), got: \(kind) "
        + "(hint: write `not (\(text))` to negate the value, or `not {\(text)}` for a body holding it)",
      at: expression.location)
  }
}

extension Term {
  /// What the term's first braces are, where it begins with some that aren't empty.
  fileprivate var leadingBraces: String? {
    switch kind {
    case .object(let items): items.isEmpty ? nil : "object"
    case .set: "set"
    case .setComprehension: "setcomprehension"
    case .objectComprehension: "objectcomprehension"
    case .call(_, let arguments) where arguments.first?.location.offset == location.offset: arguments[0].leadingBraces
    case .reference(let head, _): head.leadingBraces
    default: nil
    }
  }
}
