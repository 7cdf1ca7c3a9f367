// Packages, imports, rules and their heads.

extension Parser {
  /// `package a.b["c"]`: keywords are names here.
  mutating func packageStatement() throws(Abort) -> Package {
    let start = index
    advance()
    guard kind == .identifier || kind.isKeyword else { throw unexpected() }
    var path = [text(of: token)]
    advance()
    while kind == .dot || kind == .leftBracket, !token.followsSpace {
      if path.count == Self.maximumPath { throw tooDeep() }
      path.append(try constantPart())
    }
    return Package(path: path, location: location(from: start))
  }

  /// `.name` or `["name"]`
  private mutating func constantPart() throws(Abort) -> Text {
    let part = kind == .dot ? try pathName() : try pathTerm()
    guard case .scalar(.string(let name)) = part.kind else {
      throw fail("unexpected \(part.kind.name) token: expecting string", at: part.location)
    }
    return name
  }

  /// `import data.a.b as c`
  mutating func importStatement() throws(Abort) -> Import {
    let start = index
    advance()
    let pathStart = index
    guard kind == .identifier else { throw unexpected() }
    let root = text(of: token)
    advance()
    guard ["data", "input", "future", "rego"].contains(root.string) else {
      if kind == .leftParenthesis, !token.followsSpace { throw fail("expected path", at: location(of: token)) }
      throw fail(
        "unexpected import path, must begin with one of: {data, future, input, rego}, got: \(root)",
        at: location(from: pathStart))
    }
    var path = [root]
    while kind == .dot || kind == .leftBracket, !token.followsSpace {
      path.append(try constantPart())
    }
    if kind == .leftParenthesis, !token.followsSpace { throw fail("expected path", at: location(of: token)) }
    let pathLocation = location(from: pathStart)
    var alias: Text?
    if kind == .as {
      advance()
      guard kind == .identifier else { throw unexpected("expected var") }
      let name = text(of: token)
      if name == "data" || name == "input" { throw unexpected("expected var") }
      alias = name
      advance()
    }
    if root == "future" {
      try importKeywords(path, alias: alias, at: pathLocation)
    } else if root == "rego" {
      guard path == ["rego", "v1"] else {
        let name = path.map(\.string).joined(separator: ".")
        throw fail("invalid import `\(name)`, must be `rego.v1`", at: pathLocation)
      }
      if version == .v0 {
        if alias != nil { throw fail("`rego` imports cannot be aliased", at: pathLocation) }
        if !keywords.isDisjoint(with: .v1) { throw fail(Self.exclusion, at: pathLocation) }
      }
      becomeV1()
    } else if alias == nil, path.count > 1, Self.isKeyword(path[path.count - 1], given: keywords) {
      throw fail(
        "unexpected import path, must not end with a keyword, got: \(path[path.count - 1])"
          + " (hint: import a different path or use an alias)", at: pathLocation)
    }
    return Import(path: path, alias: alias, location: location(from: start))
  }

  private mutating func importKeywords(_ path: [Text], alias: Text?, at location: Location) throws(Abort) {
    guard path.count > 1, path[1] == "keywords" else {
      throw fail("invalid import, must be `future.keywords`", at: location)
    }
    if alias != nil { throw fail("`future` imports cannot be aliased", at: location) }
    guard path.count > 2 else {
      if hasBecomeV1 { throw fail(Self.exclusion, at: location) }
      keywords = .all
      return move(to: index)
    }
    guard let keyword = KeywordSet(name: path[2]) else {
      throw fail("unexpected keyword, must be one of [and contains every if in not or]", at: location)
    }
    if hasBecomeV1, !keyword.isDisjoint(with: .v1) { throw fail(Self.exclusion, at: location) }
    keywords.formUnion(keyword)
    move(to: index)
  }

  /// In v0 modules: `rego.v1` brings the keywords that became part of the language.
  private static let exclusion =
    "the `rego.v1` import implies `future.keywords`, these are therefore mutually exclusive"

  private static func isKeyword(_ name: Text, given keywords: KeywordSet) -> Bool {
    switch name.string {
    case "as", "default", "else", "false", "import", "not", "null", "package", "some", "true", "with": true
    case "contains": keywords.contains(.contains)
    case "every": keywords.contains(.every)
    case "if": keywords.contains(.if)
    case "in": keywords.contains(.in)
    case "and": keywords.contains(.and)
    case "or": keywords.contains(.or)
    default: false
    }
  }
}

// MARK: - Rules

extension Parser {
  /// A rule; several, when several bodies follow one head. None when what is there can't be one, which is reported.
  mutating func ruleStatement() throws(Abort) -> [Rule] {
    let start = index
    if kind == .default { return try defaultRule() }
    guard kind == .identifier else { return try expressionStatement(from: start) }
    let hasSpacedPath = isSpacedPath(at: start + 1)
    var head = try head()
    let definesValue = if case .value(nil) = head.kind { false } else { true }
    let hasIf = definesValue ? kind == .if : keyword(at: index) == .if
    let hasBody = hasIf || kind == .leftBrace
    // `p [x] { … }` is a rule, but `p [x]` is two expressions.
    if hasSpacedPath && !hasBody { return try expressionStatement(from: start) }
    var rule = Rule(isDefault: false, head: head, body: [], elseBranches: [], location: location(from: start))
    if !hasBody, continuesExpression, !head.isContains { return try expressionStatement(from: start) }
    if !hasBody, !definesValue, head.arguments == nil {
      if head.path.isEmpty { return try expressionStatement(from: start) }
      if head.path.count > 1 {
        report("rule must have value assignment and/or body declaration", from: start, onlyInV1: true)
      }
    }
    checkName(of: head, from: start)
    let isPartialSet: Bool
    if !definesValue, !hasIf, head.arguments == nil, head.path.count == 1 {
      isPartialSet = true
      head.kind = .contains(head.path[0])
      head.path = []
    } else {
      isPartialSet = false
    }
    if hasBody, !hasIf {
      let what = head.arguments == nil ? "rule" : "function"
      report("`if` keyword is required before \(what) body", from: start, onlyInV1: true)
    }
    if isPartialSet { report("`contains` keyword is required for partial set rules", from: start, onlyInV1: true) }
    rule.head = head
    guard hasBody else { return [rule] }

    advance()
    rule.body = hasIf ? try ifBody() : try body(until: .rightBrace)
    if kind == .else {
      if head.isContains {
        throw fail("else keyword cannot be used on multi-value rules", at: location(of: token))
      }
      if !head.path.allSatisfy(\.isGround) {
        throw fail("else keyword cannot be used on rules with variables in head", at: location(of: token))
      }
      while kind == .else { rule.elseBranches.append(try elseBranch()) }
    }
    rule.location = location(from: start)
    var rules = [rule]
    while kind == .leftBrace {
      if !rule.elseBranches.isEmpty { throw fail("expected else keyword", at: location(of: token)) }
      let start = index
      advance()
      let body = try body(until: .rightBrace)
      rules.append(
        Rule(isDefault: false, head: head, body: body, elseBranches: [], location: location(from: start)))
    }
    return rules
  }

  /// What is next belongs to an expression, so that what came before it is no head.
  private var continuesExpression: Bool {
    switch kind {
    case .in, .with, .and, .or, .semicolon, .comma: true
    default: kind.precedence > 0
    }
  }

  private mutating func checkName(of head: Head, from start: Int) {
    guard head.name == "data" || head.name == "input" else { return }
    report("rules must not shadow \(head.name) (use a different rule name)", from: start, code: .compile)
  }

  /// What follows `if`: one expression, or a body in braces where those aren't more likely a term.
  private mutating func ifBody() throws(Abort) -> Body {
    let start = index
    guard kind == .leftBrace else { return [try literal()] }
    var asTerm: SyntaxError?
    do throws(Abort) {
      let expression = try literal()
      // A set is never false nor undefined: `p if { x }` means a body.
      var isSet = false
      if case .term(let term) = expression.kind, case .set = term.kind { isSet = true }
      if !isSet || expression.isNegated { return [expression] }
    } catch {
      asTerm = lastFailure()
    }
    do throws(Abort) {
      try retry(from: start)
      advance()
      return try body(until: .rightBrace)
    } catch {
      if kind == .end { keepFurther(asTerm) }
      throw error
    }
  }

  /// `else := value if { … }` and its shorter forms.
  private mutating func elseBranch() throws(Abort) -> ElseBranch {
    let start = index
    advance()
    var value: Term?
    switch kind {
    case .leftBrace, .if: break
    case .assign, .unify:
      advance()
      value = try infix(allowsKey: true)
    default: throw unexpected("expected else value term or rule body")
    }
    var body: Body = []
    if kind == .if {
      advance()
      if kind == .end { throw unexpected("rule body expected") }
      if kind == .leftBrace {
        advance()
        body = try self.body(until: .rightBrace)
      } else {
        body = [try literal()]
      }
    } else if kind == .leftBrace {
      report("`if` keyword is required before rule body", from: start, onlyInV1: true)
      advance()
      body = try self.body(until: .rightBrace)
    }
    return ElseBranch(value: value, body: body, location: location(from: start))
  }

  /// Reads an expression where only a rule may stand, and says why it is none.
  private mutating func expressionStatement(from start: Int) throws(Abort) -> [Rule] {
    let keyword = keyword(at: start)
    move(to: start)
    let expression = try literal()
    var isOne = true
    while kind == .semicolon {
      advance()
      _ = try literal()
      isOne = false
    }
    let reason: String
    if !isOne {
      reason = "multiple expressions cannot be used for rule head"
    } else if expression.isNegated {
      reason = "negated expressions cannot be used for rule head"
    } else if !expression.modifiers.isEmpty {
      reason = "expressions using with keyword cannot be used for rule head"
    } else {
      switch expression.kind {
      case .someDeclaration, .someIn: reason = "'some' declarations cannot be used for rule head"
      case .every, .not, .and, .or: reason = "expression cannot be used for rule head"
      case .term(let term): reason = Self.reason(against: term, keyword: keyword.isKeyword ? keyword : nil)
      }
    }
    report(reason, from: start)
    return []
  }

  private static func reason(against term: Term, keyword: TokenKind?) -> String {
    var term = term
    if case .call(let operation, let arguments) = term.kind, let first = arguments.first {
      guard case .variable(let name) = operation.kind, name == "assign" || name == "eq" else {
        return "rule name conflicts with built-in function"
      }
      term = first
    }
    if let keyword, keyword == .contains { return "\(keyword.name) keyword cannot be used for rule name" }
    return "\(term.kind.name) cannot be used for rule name"
  }
}

// MARK: - Default rules

extension Parser {
  /// `default p := value`, `default f(_) := value`
  private mutating func defaultRule() throws(Abort) -> [Rule] {
    let start = index
    advance()
    guard kind == .identifier else {
      move(to: start)
      throw unexpected()
    }
    let head = try head()
    checkName(of: head, from: start)
    switch head.kind {
    case .value(let value?):
      if let offender = value.firstNonConstant {
        report("illegal default rule (value cannot contain \(offender))", from: start)
      }
    case .value(nil) where head.arguments != nil || head.path.count != 1: break
    case .value(nil), .contains: report("illegal default rule (must have a value)", from: start)
    }
    var names: Set<Text> = []
    for argument in head.arguments ?? [] {
      guard case .variable(let name) = argument.kind else {
        report("illegal default rule (arguments cannot contain \(argument.kind.name))", from: start)
        break
      }
      if !names.insert(name).inserted {
        report("illegal default rule (arguments cannot be repeated \(name))", from: start)
        break
      }
    }
    return [Rule(isDefault: true, head: head, body: [], elseBranches: [], location: location(from: start))]
  }
}

// MARK: - Heads

extension Parser {
  /// A rule's name, path, arguments, and what it defines. A path of v0's partial set is still in the path.
  private mutating func head() throws(Abort) -> Head {
    let start = index
    guard case .variable(let name) = variable().kind else { throw unexpected("expected rule head name") }
    var path: [Term] = []
    var arguments: [Term]?
    var mayBeSpaced = true
    while kind == .dot || kind == .leftBracket || kind == .leftParenthesis,
      !token.followsSpace || mayBeSpaced && kind != .dot && !token.followsNewline
    {
      mayBeSpaced = false
      if arguments != nil {
        while kind == .dot || kind == .leftBracket, !token.followsSpace {
          _ = kind == .dot ? try pathName() : try pathTerm()
        }
        let head = location(from: start)
        throw fail("invalid rule head: \(head.text)", at: head)
      }
      if path.count == Self.maximumPath { throw tooDeep() }
      switch kind {
      case .dot: path.append(try pathName())
      case .leftBracket: path.append(try pathTerm())
      default:
        // `p()` is `p`: no rule takes no arguments.
        let terms = try self.arguments()
        arguments = terms.isEmpty ? nil : terms
      }
    }
    var kindOfHead = HeadKind.value(nil)
    switch kind == .identifier ? keyword(at: index) : kind {
    case .contains:
      if arguments != nil {
        throw unexpected(
          "the contains keyword can only be used with multi-value rule definitions"
            + " (e.g., \(name) contains <VALUE> { ... })")
      }
      advance()
      kindOfHead = .contains(try infix(allowsKey: true))
    case .assign, .unify:
      advance()
      kindOfHead = .value(try infix(allowsKey: true))
    default: break
    }
    return Head(name: name, path: path, arguments: arguments, kind: kindOfHead, location: location(from: start))
  }
}

extension Head {
  fileprivate var isContains: Bool {
    if case .contains = kind { true } else { false }
  }
}

extension Term {
  /// No variable is in it; a reference's head doesn't count.
  fileprivate var isGround: Bool {
    switch kind {
    case .scalar: true
    case .variable: false
    case .reference(_, let path): path.allSatisfy(\.isGround)
    case .array(let terms), .set(let terms): terms.allSatisfy(\.isGround)
    case .object(let items): items.allSatisfy { $0.key.isGround && $0.value.isGround }
    case .arrayComprehension, .setComprehension, .objectComprehension, .template: false
    case .call(_, let arguments): arguments.allSatisfy(\.isGround)
    }
  }

  /// The kind of the first part that a default rule's value may not have: a variable, a reference or a call outside of
  /// comprehensions.
  fileprivate var firstNonConstant: String? {
    switch kind {
    case .scalar, .arrayComprehension, .setComprehension, .objectComprehension: return nil
    case .variable, .reference, .call: return kind.name
    case .array(let terms), .set(let terms):
      for term in terms { if let name = term.firstNonConstant { return name } }
    case .object(let items):
      for item in items { if let name = item.key.firstNonConstant ?? item.value.firstNonConstant { return name } }
    case .template(let parts):
      for part in parts {
        switch part {
        case .text: continue
        case .expression(let term): if let name = term.firstNonConstant { return name }
        case .literal(let expression):
          if case .term(let term) = expression.kind { return term.firstNonConstant ?? "expression" }
          return "expression"
        }
      }
    }
    return nil
  }
}
