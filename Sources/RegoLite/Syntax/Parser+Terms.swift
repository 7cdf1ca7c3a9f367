// Terms: operators, references, calls, arrays, objects, sets, comprehensions.

extension Parser {
  // The functions that call each other in a circle keep what is rare in functions of their own: in a debug build each
  // temporary value takes stack.

  /// A term with operators. With `allowsKey`, also `k, v in xs`, which a list reads as two elements.
  mutating func infix(allowsKey: Bool) throws(Abort) -> Term {
    let start = index
    let first = try relation()
    guard kind == .in || kind == .comma && allowsKey && keywords.contains(.in) else { return first }
    return try memberships(of: first, from: start)
  }

  private mutating func memberships(of first: Term, from start: Int) throws(Abort) -> Term {
    var left = first
    if kind == .comma {
      let leftHeight = height
      let here = index
      do throws(Abort) {
        left = try keyedMembership(key: left, from: start)
      } catch {
        try retry(from: here)
        height = leftHeight
        return left
      }
    }
    while kind == .in {
      let leftHeight = height
      let call = membership("member_2")
      let collection = try relation()
      try setHeight(max(leftHeight, height) + 1)
      left = Term(.call(operation: call, arguments: [left, collection]), at: location(from: start))
    }
    return left
  }

  /// `, v in xs`
  private mutating func keyedMembership(key: Term, from start: Int) throws(Abort) -> Term {
    let keyHeight = height
    advance()
    let value = try relation()
    let valueHeight = height
    guard kind == .in else { throw Abort() }
    let call = membership("member_3")
    let collection = try relation()
    try setHeight(max(keyHeight, valueHeight, height) + 1)
    return Term(.call(operation: call, arguments: [key, value, collection]), at: location(from: start))
  }

  /// Steps over `in`; the builtin that it calls.
  private mutating func membership(_ name: Text) -> Term {
    let location = location(of: token)
    advance()
    return Term(
      .reference(
        head: Term(.variable("internal"), at: location), path: [Term(.scalar(.string(name)), at: location)]),
      at: location)
  }

  /// A term with the operators that bind tighter than `in`.
  private mutating func relation() throws(Abort) -> Term {
    let start = index
    let first = try term()
    return kind.precedence == 0 ? first : try operators(after: first, from: start)
  }

  /// By precedence, left to right, with a stack of its own: a long sum needs no deep recursion.
  private mutating func operators(after first: Term, from start: Int) throws(Abort) -> Term {
    try enter()
    defer { leave() }
    var chain = OperatorChain(first: first, start: start, height: height)
    while kind.precedence > 0 {
      try pushOperator(onto: &chain)
      let start = index
      let operand = try term()
      chain.operands.append((operand, start, height))
    }
    try reduce(&chain, downTo: 0)
    return chain.operands[0].term
  }

  private struct OperatorChain {
    var operands: [(term: Term, start: Int, height: Int)]
    /// The operators whose right side may not be complete yet, each binding tighter than the one before it.
    var pending: [(precedence: Int, operation: Term)] = []

    init(first: Term, start: Int, height: Int) { operands = [(first, start, height)] }
  }

  private mutating func pushOperator(onto chain: inout OperatorChain) throws(Abort) {
    try reduce(&chain, downTo: kind.precedence)
    guard let builtin = kind.builtin else { return }
    chain.pending.append((kind.precedence, Term(.variable(builtin), at: location(of: token))))
    advance()
  }

  /// Makes calls of the operators that bind as tight as `precedence` or tighter.
  private mutating func reduce(_ chain: inout OperatorChain, downTo precedence: Int) throws(Abort) {
    while let top = chain.pending.last, top.precedence >= precedence, let right = chain.operands.popLast(),
      let left = chain.operands.popLast()
    {
      chain.pending.removeLast()
      try setHeight(max(left.height, right.height) + 1)
      let call = TermKind.call(operation: top.operation, arguments: [left.term, right.term])
      chain.operands.append((Term(call, at: location(from: left.start)), left.start, height))
    }
    height = chain.operands[chain.operands.count - 1].height
  }

  /// A term without operators.
  mutating func term() throws(Abort) -> Term {
    try enter()
    defer { leave() }
    switch kind {
    case .leftBracket, .leftBrace, .leftParenthesis: return try composite()
    case .templateStart: return try path(after: template())
    case .minus: return try negative()
    default: return try path(after: atom())
    }
  }

  private mutating func atom() throws(Abort) -> Term {
    switch kind {
    case .identifier, .contains:
      if let constant = constantBeforePath, index != expressionStart {
        throw fail("illegal ref (head cannot be \(constant.typeName))", at: location(of: token))
      }
      return variable()
    case .null: return constant(.null)
    case .true: return constant(.boolean(true))
    case .false: return constant(.boolean(false))
    case .string, .rawString: return string()
    case .number, .dot: return try number()
    default: throw unexpected()
    }
  }

  /// What the token stands for where it does not begin a reference; absent for names.
  private var constantBeforePath: Value? {
    switch token.kind {
    case .null: .null
    case .true: .boolean(true)
    case .false: .boolean(false)
    default: nil
    }
  }

  /// Parses what is in brackets once, however often backtracking asks for it.
  private mutating func composite() throws(Abort) -> Term {
    let start = index
    if let known = recall() { return try known.get() }
    do throws(Abort) {
      let term = try path(after: bracketed())
      remember(term, from: start)
      return term
    } catch {
      rememberFailure(from: start)
      throw error
    }
  }

  private mutating func bracketed() throws(Abort) -> Term {
    switch kind {
    case .leftBracket:
      try enterBrackets()
      defer { leaveBrackets() }
      return try array()
    case .leftBrace:
      try enterBrackets()
      defer { leaveBrackets() }
      return try setOrObject()
    default: return try parenthesized()
    }
  }

  /// A term that may be an operation's name or a reference's head.
  mutating func variable() -> Term {
    height = 1
    let token = token
    advance()
    let name = text(of: token)
    let isWildcard = name.utf8.count == 1 && name.utf8.first == UInt8(ascii: "_")
    return Term(.variable(isWildcard ? Text("$\(token.payload)") : name), at: location(of: token))
  }

  /// A negative number, or `-x`, which is `0 - x`; nothing else can follow the sign.
  private mutating func negative() throws(Abort) -> Term {
    let start = index
    advance()
    guard kind == .identifier || kind == .contains else {
      move(to: start)
      return try path(after: number())
    }
    let operation = Term(.variable("minus"), at: location(from: start))
    let zero = Term(.scalar(.number(0)), at: operation.location)
    let term = try path(after: variable())
    try setHeight(height + 1)
    return Term(.call(operation: operation, arguments: [zero, term]), at: location(from: start))
  }

  private mutating func constant(_ value: Value) -> Term {
    height = 1
    let term = Term(.scalar(value), at: location(of: token))
    advance()
    return term
  }

  private mutating func parenthesized() throws(Abort) -> Term {
    advance()
    let term = try infix(allowsKey: true)
    try endParentheses(after: term)
    return term
  }

  private mutating func endParentheses(after term: Term) throws(Abort) {
    if kind == .illegal { throw unexpected() }
    if kind != .rightParenthesis { throw fail("non-terminated expression", at: location(of: token)) }
    advance()
    // A document's name is a reference on its own: `(input)[0]` is refused as `(a.b)[0]` is.
    let beginsReference = !token.followsSpace && (kind == .dot || kind == .leftBracket || kind == .leftParenthesis)
    if beginsReference, term.kind.name == "ref" { throw fail("illegal ref (head cannot be ref)", at: term.location) }
  }
}

// MARK: - References and calls

extension Parser {
  /// The reference or call that `head` begins: `.a`, `[x]` and `(…)` right after it, white space ends it.
  private mutating func path(after head: Term) throws(Abort) -> Term {
    guard kind == .dot || kind == .leftBracket || kind == .leftParenthesis, !token.followsSpace else { return head }
    try checkHead(head)
    return try references(from: head)
  }

  private mutating func checkHead(_ head: Term) throws(Abort) {
    switch head.kind {
    case .variable, .array, .object, .set, .arrayComprehension, .setComprehension, .objectComprehension, .call: break
    case .scalar, .reference, .template:
      throw fail("illegal ref (head cannot be \(head.kind.name))", at: head.location)
    }
  }

  private mutating func references(from first: Term) throws(Abort) -> Term {
    var head = first
    let offset = head.location.offset
    var path: [Term] = []
    var highest = height
    while !token.followsSpace {
      switch kind {
      case .dot: path.append(try pathName())
      case .leftBracket:
        path.append(try pathTerm())
        highest = max(highest, height)
      case .leftParenthesis where path.isEmpty && head.kind.isCall:
        try setHeight(highest)
        return head
      case .leftParenthesis:
        if !path.isEmpty { head = Term(.reference(head: head, path: path), at: location(fromOffset: offset)) }
        let arguments = try arguments()
        highest = max(highest, height) + 1
        head = try call(head, arguments, offset: offset, height: highest)
        path = []
      default:
        return try reference(head, path, offset: offset, height: highest)
      }
    }
    return try reference(head, path, offset: offset, height: highest)
  }

  private mutating func call(
    _ operation: Term, _ arguments: [Term], offset: Int, height: Int
  ) throws(Abort) -> Term {
    try setHeight(height)
    let location = location(fromOffset: offset)
    if arguments.isEmpty, case .variable("set") = operation.kind { return Term(.set([]), at: location) }
    guard operation.kind.isOperation else {
      throw fail("undefined function \(operation.location.text)", at: operation.location, code: .type)
    }
    return Term(.call(operation: operation, arguments: arguments), at: location)
  }

  private mutating func reference(
    _ head: Term, _ path: [Term], offset: Int, height: Int
  ) throws(Abort) -> Term {
    guard !path.isEmpty else {
      self.height = height
      return head
    }
    try setHeight(height + 1)
    return Term(.reference(head: head, path: path), at: location(fromOffset: offset))
  }

  /// `.name`, a keyword too.
  mutating func pathName() throws(Abort) -> Term {
    advance()
    if token.followsSpace { throw fail("unexpected whitespace token: expected identifier", at: location(of: token)) }
    guard kind == .identifier || kind.isKeyword else { throw unexpected("expected identifier") }
    let name = Term(.scalar(.string(text(of: token))), at: location(of: token))
    advance()
    return name
  }

  /// `[term]`
  mutating func pathTerm() throws(Abort) -> Term {
    advance()
    let term = try infix(allowsKey: true)
    try expect(.rightBracket)
    return term
  }

  /// `(term, …)`; the height is the highest's.
  mutating func arguments() throws(Abort) -> [Term] {
    advance()
    var arguments: [Term] = []
    try list(until: .rightParenthesis, into: &arguments)
    return arguments
  }

  private func location(fromOffset offset: Int) -> Location {
    Location(source, offset: offset, length: max(0, previousEnd - offset))
  }
}

// MARK: - Composites

extension Parser {
  /// Terms separated by commas, after those there are, and the closing token; the last comma may be one too many.
  private mutating func list(until end: TokenKind, into terms: inout [Term]) throws(Abort) {
    var highest = terms.isEmpty ? 0 : height
    while kind != end {
      terms.append(try infix(allowsKey: false))
      highest = max(highest, height)
      if kind == .comma {
        advance()
      } else if kind != end {
        throw unexpected("expected \",\" or \"\(end.name)\"")
      }
    }
    advance()
    height = highest
  }

  /// An old form that OPA still takes: `[, 1]`. It rules out a comprehension.
  private mutating func skipLeadingComma(before end: TokenKind) throws(Abort) -> Bool {
    guard kind == .comma else { return false }
    advance()
    if kind == end { throw unexpected() }
    return true
  }

  private mutating func array() throws(Abort) -> Term {
    let start = index
    advance()
    var terms: [Term] = []
    let hasLeadingComma = try skipLeadingComma(before: .rightBracket)
    if kind != .rightBracket {
      // First a single term: `[x | …]` is a comprehension, even where it could be an array of a union.
      let inside = index
      terms.append(try term())
      if kind == .comma {
        advance()
      } else if kind == .pipe, !hasLeadingComma, let body = try comprehensionBody(until: .rightBracket, or: inside) {
        return Term(.arrayComprehension(terms[0], body), at: location(from: start))
      } else if kind != .rightBracket {
        try retry(from: inside)
        terms = []
      }
    }
    if terms.isEmpty { height = 0 }
    try list(until: .rightBracket, into: &terms)
    try setHeight(height + 1)
    return Term(.array(terms), at: location(from: start))
  }

  private mutating func setOrObject() throws(Abort) -> Term {
    let start = index
    advance()
    let hasLeadingComma = try skipLeadingComma(before: .rightBrace)
    if kind == .rightBrace { return emptyObject(from: start) }
    // First a single term: `{x | …}` is a comprehension, even where it could be a set of a union.
    let inside = index
    var first = try term()
    if kind == .pipe, !hasLeadingComma, let body = try comprehensionBody(until: .rightBrace, or: inside) {
      return Term(.setComprehension(first, body), at: location(from: start))
    }
    if kind != .colon && kind != .rightBrace && kind != .comma {
      try retry(from: inside)
      first = try infix(allowsKey: false)
    }
    if kind == .colon { return try object(from: start, key: first, allowsComprehension: !hasLeadingComma) }
    return try set(from: start, first: first)
  }

  private mutating func emptyObject(from start: Int) -> Term {
    advance()
    height = 1
    return Term(.object([]), at: location(from: start))
  }

  /// The body after a comprehension's term, and the closing token. None when a comma is in the way: `{a | b, c}` is a
  /// set of a union; the text is then to be read again from `inside`.
  private mutating func comprehensionBody(until end: TokenKind, or inside: Int) throws(Abort) -> Body? {
    let termHeight = height
    advance()
    do throws(Abort) {
      let body = try body(until: end)
      try setHeight(max(termHeight, height) + 1)
      return body
    } catch {
      guard kind == .comma else { throw error }
      try retry(from: inside)
      return nil
    }
  }

  private mutating func set(from start: Int, first: Term) throws(Abort) -> Term {
    guard kind == .rightBrace || kind == .comma else { throw unexpected("non-terminated set") }
    var terms = [first]
    if kind == .comma { advance() }
    try list(until: .rightBrace, into: &terms)
    try setHeight(height + 1)
    return Term(.set(terms), at: location(from: start))
  }

  /// The rest of an object or object comprehension after its first key.
  private mutating func object(from start: Int, key: Term, allowsComprehension: Bool) throws(Abort) -> Term {
    let keyHeight = height
    advance()
    let inside = index
    var value = try term()
    if kind != .rightBrace && kind != .comma {
      var asComprehension: SyntaxError?
      if kind == .pipe, allowsComprehension,
        let term = try objectComprehension(
          from: start, key: key, value: value, height: max(keyHeight, height), failure: &asComprehension)
      {
        return term
      }
      try retry(from: inside)
      value = try objectValue(or: asComprehension)
    }
    return try object(from: start, items: [ObjectItem(key: key, value: value)], height: max(keyHeight, height))
  }

  /// None, and why, when it isn't one.
  private mutating func objectComprehension(
    from start: Int, key: Term, value: Term, height termsHeight: Int, failure: inout SyntaxError?
  ) throws(Abort) -> Term? {
    advance()
    do throws(Abort) {
      let body = try body(until: .rightBrace)
      try setHeight(max(termsHeight, height) + 1)
      return Term(.objectComprehension(key: key, value: value, body), at: location(from: start))
    } catch {
      failure = lastFailure()
      return nil
    }
  }

  /// A value with operators; when it is none, the failure is the one that got further.
  private mutating func objectValue(or earlier: SyntaxError?) throws(Abort) -> Term {
    do throws(Abort) {
      let value = try infix(allowsKey: false)
      if kind != .rightBrace && kind != .comma { throw unexpected("non-terminated object") }
      return value
    } catch {
      keepFurther(earlier)
      throw error
    }
  }

  private mutating func object(from start: Int, items first: [ObjectItem], height: Int) throws(Abort) -> Term {
    var items = first
    var highest = height
    while kind == .comma {
      advance()
      if kind == .rightBrace { break }
      let key = try infix(allowsKey: false)
      highest = max(highest, self.height)
      if kind != .colon { throw unexpected("expected \":\"") }
      advance()
      items.append(ObjectItem(key: key, value: try infix(allowsKey: false)))
      highest = max(highest, self.height)
    }
    if kind != .rightBrace { throw unexpected("expected \",\" or \"}\"") }
    advance()
    try setHeight(highest + 1)
    return Term(.object(Self.withoutRepeats(items)), at: location(from: start))
  }

  /// As in OPA, of items with the same constant key there is one: in the place and the spelling of the first key, with the
  /// last value.
  private static func withoutRepeats(_ items: [ObjectItem]) -> [ObjectItem] {
    if items.count < 2 { return items }
    var places: [Value: Int] = [:]
    var result: [ObjectItem] = []
    for item in items {
      guard case .scalar(let key) = item.key.kind else {
        result.append(item)
        continue
      }
      if let place = places[key] {
        result[place].value = item.value
      } else {
        places[key] = result.count
        result.append(item)
      }
    }
    return result
  }
}

extension TermKind {
  /// What OPA calls the kind of term.
  var name: String {
    switch self {
    case .scalar(.null): "null"
    case .scalar(.boolean): "boolean"
    case .scalar(.number): "number"
    case .scalar(.string): "string"
    case .scalar(.array), .array: "array"
    case .scalar(.object), .object: "object"
    case .scalar(.set), .set: "set"
    case .variable("input"), .variable("data"), .reference: "ref"
    case .variable: "var"
    case .arrayComprehension: "arraycomprehension"
    case .setComprehension: "setcomprehension"
    case .objectComprehension: "objectcomprehension"
    case .call: "call"
    case .template: "templatestring"
    }
  }

  fileprivate var isCall: Bool {
    if case .call = self { true } else { false }
  }

  /// A variable, or a reference from one by strings.
  fileprivate var isOperation: Bool {
    switch self {
    case .variable: return true
    case .reference(let head, let path):
      guard case .variable = head.kind else { return false }
      return path.allSatisfy { if case .scalar(.string) = $0.kind { true } else { false } }
    default: return false
    }
  }
}
