/// Reads Rego's syntax, v0 or v1, by recursive descent with backtracking where the language needs it.
///
/// The text of errors is OPA's where OPA has one; the parser says the first thing that is wrong with a statement, then
/// goes on with the next statement that begins a line. The result nests at most `maximumDepth` deep, so that this parser
/// and what walks its trees need a bounded stack.
public struct Parser {
  /// How deep terms and bodies may nest. A body counts twice; operands count as nested, `1 + 1 + 1` is 3 deep.
  ///
  /// INVARIANT: a thread with 512 KiB of stack frees a tree of this depth in a debug build, and `ThreadStack.withRoom`
  /// gives enough to walk it.
  public static let maximumDepth = 1_000
  /// How deep brackets may nest in each other: those of values, which are compared and printed wherever they get to.
  public static let maximumBrackets = 200
  /// The parts that the paths of packages, of rules and of what `with` replaces may have: each is an object inside the
  /// one before.
  public static let maximumPath = 100
  /// What is read on the thread that asks, where 512 KiB of stack are enough for it; deeper texts are read once more
  /// with room.
  static let ordinaryDepth = 100

  let source: Source
  private(set) var version: RegoVersion
  /// A v0 module has said `import rego.v1`.
  private(set) var hasBecomeV1 = false
  var keywords: KeywordSet

  private let tokens: [Token]
  private let comments: [Lexer.Comment]
  private let messages: [String]
  /// The token that is next.
  private(set) var index = 0
  /// Where the expression at hand begins: there alone `null[0]` is a name's.
  var expressionStart = -1
  /// That token's kind; a keyword that is none here is an identifier.
  private(set) var kind: TokenKind = .end

  private let limit: Int
  private var depth = 0
  /// INVARIANT: rises with every step back, so that reading a module ends.
  private var steppedBackTo = 0
  private var brackets = 0
  /// How deep the tree is that was parsed last.
  var height = 0
  /// What `Abort` is about.
  private var failure: SyntaxError?
  private var isTooDeep = false
  private var wasTooDeep = false
  /// What parsing the composite at a token came to, so that backtracking doesn't parse it again (nested ones would take
  /// exponential time).
  private var outcomes: [Int: Outcome] = [:]

  private var errors: [SyntaxError] = []
  /// Errors that count only if the module turns out to be v1.
  private var errorsInV1: [SyntaxError] = []

  /// Clearing what a large statement took would cost each one after it.
  private static let keptOutcomes = 64

  private struct Outcome {
    var result: Result<Term, SyntaxError>
    var end: Int
    var height: Int
  }

  /// Parsing cannot go on from here; `failure` says why.
  struct Abort: Error {}

  init(source: Source, version: RegoVersion, limit: Int) {
    self.source = source
    self.limit = limit
    self.version = version
    keywords = version == .v1 ? .v1 : []
    let isTooLarge = source.bytes.count >= Int(UInt32.max)
    let lexer = Lexer(isTooLarge ? Source(file: source.file, bytes: []) : source)
    tokens = lexer.tokens
    comments = lexer.comments
    messages = lexer.messages
    if isTooLarge {
      errors.append(SyntaxError("source too large", at: Location(source, offset: 0, length: 0)))
    }
    move(to: 0)
  }

  /// The module, or what is wrong with it.
  public static func parseModule(_ source: Source, version: RegoVersion) throws(SyntaxErrors) -> Module {
    try parse(source, version) { parser throws(SyntaxErrors) in try parser.module() }
  }

  /// The body of a query: expressions separated by `;`, line breaks or nothing. Empty when the text is.
  public static func parseQuery(_ source: Source, version: RegoVersion) throws(SyntaxErrors) -> Body {
    try parse(source, version) { parser throws(SyntaxErrors) in try parser.query() }
  }

  /// A term that is the whole text.
  public static func parseTerm(_ source: Source, version: RegoVersion) throws(SyntaxErrors) -> Term {
    try parse(source, version) { parser throws(SyntaxErrors) in try parser.onlyTerm() }
  }

  private static func parse<Tree>(
    _ source: Source, _ version: RegoVersion, _ read: (inout Parser) throws(SyntaxErrors) -> Tree
  ) throws(SyntaxErrors) -> Tree {
    var parser = Parser(source: source, version: version, limit: ordinaryDepth)
    do throws(SyntaxErrors) {
      return try read(&parser)
    } catch {
      guard parser.wasTooDeep else { throw error }
    }
    return try ThreadStack.withRoom { () throws(SyntaxErrors) in
      let limit = ThreadStack.hasRoom ? maximumDepth : ordinaryDepth
      var parser = Parser(source: source, version: version, limit: limit)
      return try read(&parser)
    }
  }

  private mutating func query() throws(SyntaxErrors) -> Body {
    var body: Body = []
    do throws(Abort) {
      while kind != .end {
        body.append(try literal())
        if kind == .semicolon {
          advance()
          if kind == .end { throw unexpected() }
        }
      }
    } catch {
      record()
    }
    try throwErrors()
    return body
  }

  private mutating func onlyTerm() throws(SyntaxErrors) -> Term {
    var term: Term?
    do throws(Abort) {
      term = try infix(allowsKey: true)
      if kind != .end { throw unexpected() }
    } catch {
      record()
    }
    try throwErrors()
    guard let term else { throw SyntaxErrors(errors: []) }
    return term
  }
}

// MARK: - Modules

extension Parser {
  private mutating func module() throws(SyntaxErrors) -> Module {
    var package: Package?
    var imports: [Import] = []
    var rules: [Rule] = []
    /// Where each statement begins, and what it is.
    var statements: [(offset: Int, kind: AnnotatedStatement)] = []
    var isFirst = true
    while kind != .end, errors.count < SyntaxErrors.limit {
      let start = index
      if !outcomes.isEmpty { outcomes.removeAll(keepingCapacity: outcomes.count < Self.keptOutcomes) }
      let statement: AnnotatedStatement =
        kind == .package ? .package : kind == .import ? .import : .rule(nil)
      statements.append((Int(tokens[start].start), statement))
      if isFirst, kind != .package {
        report("package expected", from: start)
      }
      do throws(Abort) {
        if kind == .package {
          let parsed = try packageStatement()
          if isFirst { package = parsed } else { report("unexpected package", from: start) }
        } else if kind == .import {
          imports.append(try importStatement())
        } else {
          let first = rules.count
          rules += try ruleStatement()
          if rules.count > first { statements[statements.count - 1].kind = .rule(first) }
        }
      } catch {
        record()
        recover(from: start)
      }
      isFirst = false
    }
    if version == .v1 { errors += errorsInV1 }
    if statements.isEmpty, errors.isEmpty {
      errors.append(SyntaxError("empty module", at: Location(source, offset: 0, length: 0)))
    }
    try throwErrors()
    let annotations = Annotation.blocks(in: source, comments: comments, statements: statements, errors: &errors)
    try throwErrors()
    guard let package else {
      throw SyntaxErrors(errors: [SyntaxError("package expected", at: Location(source, offset: 0, length: 0))])
    }
    return Module(
      source: source, version: version, package: package, imports: imports, rules: rules, annotations: annotations)
  }

  /// Skips to the next token that can begin a statement and begins a line.
  private mutating func recover(from start: Int) {
    var next = max(index, start + 1)
    // `b := 1 +`, and on the next line `c := 2`: the error is at the second `:=`, but `c` begins a statement.
    let isHead = kind == .assign || kind == .if || kind == .contains
    if isHead, index - 1 != start, index - 1 > steppedBackTo, beginsStatement(index - 1) {
      next = index - 1
      steppedBackTo = next
    }
    while next < tokens.count - 1, !beginsStatement(next) { next += 1 }
    move(to: min(next, tokens.count - 1))
    isTooDeep = false
  }

  private func beginsStatement(_ index: Int) -> Bool {
    let token = tokens[index]
    guard token.start == 0 || source.bytes[Int(token.start) - 1] == UInt8(ascii: "\n") else { return false }
    return token.kind == .identifier || token.kind.isKeyword && token.kind != .else
  }

  /// `import rego.v1`
  mutating func becomeV1() {
    hasBecomeV1 = hasBecomeV1 || version == .v0
    version = .v1
    keywords.formUnion(.v1)
    move(to: index)
  }
}

// MARK: - Tokens

extension Parser {
  var token: Token { tokens[index] }

  mutating func move(to index: Int) {
    self.index = index
    let kind = keyword(at: index)
    self.kind = kind.isKeyword && beginsReference(at: index) ? .identifier : kind
  }

  /// Steps over a token; `.end` stays.
  mutating func advance() {
    move(to: min(index + 1, tokens.count - 1))
  }

  /// The kind of a token even where it begins a reference: after a head, `if[1]` is `if [1]`.
  func keyword(at index: Int) -> TokenKind {
    let kind = tokens[index].kind
    return kind.isSoftKeyword && !keywords.makesKeyword(kind) ? .identifier : kind
  }

  /// A keyword there is a name, as `if` is in `if.x` and `if[0]`.
  private func beginsReference(at index: Int) -> Bool {
    guard index + 1 < tokens.count else { return false }
    let next = tokens[index + 1]
    return (next.kind == .dot || next.kind == .leftBracket) && !next.followsSpace
  }

  func isNegated(at index: Int) -> Bool { index > 0 && tokens[index - 1].kind == .not }

  /// `[` or `(` after white space, on the same line.
  func isSpacedPath(at index: Int) -> Bool {
    guard index < tokens.count, tokens[index].followsSpace, !tokens[index].followsNewline else { return false }
    return tokens[index].kind == .leftBracket || tokens[index].kind == .leftParenthesis
  }

  /// From the token at `start` to the last one before the next.
  func location(from start: Int) -> Location {
    let offset = Int(tokens[start].start)
    let end = index > start ? Int(tokens[index - 1].end) : Int(tokens[start].end)
    return Location(source, offset: offset, length: max(0, end - offset))
  }

  /// Where the token before the next ends.
  var previousEnd: Int { index > 0 ? Int(tokens[index - 1].end) : 0 }

  func location(of token: Token) -> Location {
    Location(source, offset: Int(token.start), length: Int(token.end - token.start))
  }

  func text(of token: Token) -> Text {
    source.bytes.withUnsafeBufferPointer { bytes in
      Text(String(decoding: bytes[Int(token.start)..<Int(token.end)], as: UTF8.self))
    }
  }
}

// MARK: - Errors

extension Parser {
  /// Says that the next token may not be there. Throw what it returns.
  mutating func unexpected(_ note: String? = nil) -> Abort {
    unexpected(token, as: kind, note)
  }

  mutating func unexpected(_ token: Token, as kind: TokenKind, _ note: String? = nil) -> Abort {
    guard kind != .illegal else { return fail(messages[Int(token.payload)], at: location(of: token)) }
    let noun = kind.isKeyword ? "keyword" : "token"
    return fail("unexpected \(kind.name) \(noun)" + (note.map { ": " + $0 } ?? ""), at: location(of: token))
  }

  mutating func fail(_ message: String, at location: Location, code: SyntaxError.Code = .parse) -> Abort {
    failure = SyntaxError(message, at: location, code: code)
    return Abort()
  }

  mutating func expect(_ expected: TokenKind) throws(Abort) {
    if kind != expected { throw unexpected("expected \(expected.name)") }
    advance()
  }

  /// Adds an error that doesn't stop the statement.
  mutating func report(
    _ message: String, from start: Int, code: SyntaxError.Code = .parse, onlyInV1: Bool = false
  ) {
    let error = SyntaxError(message, at: location(from: start), code: code)
    if onlyInV1 { errorsInV1.append(error) } else { errors.append(error) }
  }

  /// Adds what the last `Abort` was about.
  private mutating func record() {
    if let failure { errors.append(failure) }
    failure = nil
  }

  private func throwErrors() throws(SyntaxErrors) {
    guard !errors.isEmpty else { return }
    let sorted = errors.enumerated().sorted {
      ($0.element.location.offset, $0.offset) < ($1.element.location.offset, $1.offset)
    }
    throw SyntaxErrors(errors: sorted.prefix(SyntaxErrors.limit).map(\.element))
  }

  mutating func tooDeep() -> Abort {
    isTooDeep = true
    wasTooDeep = true
    return fail("max parsing recursion depth exceeded", at: location(of: token))
  }

  mutating func enter() throws(Abort) {
    if depth >= limit { throw tooDeep() }
    depth += 1
  }

  mutating func leave() { depth -= 1 }

  mutating func enterBrackets() throws(Abort) {
    if brackets >= Self.maximumBrackets { throw tooDeep() }
    brackets += 1
  }

  mutating func leaveBrackets() { brackets -= 1 }

  /// Notes how deep the tree is that was just put together.
  mutating func setHeight(_ height: Int) throws(Abort) {
    if height > limit { throw tooDeep() }
    self.height = height
  }
}

// MARK: - Backtracking

extension Parser {
  /// Goes back, so that the text from there can be read another way. Throws when no other way can help.
  mutating func retry(from index: Int) throws(Abort) {
    if isTooDeep { throw Abort() }
    move(to: index)
  }

  /// The failure so far, to compare with the one that reading the text another way comes to.
  func lastFailure() -> SyntaxError? { failure }

  mutating func restore(_ failure: SyntaxError?) { self.failure = failure }

  /// Of two failures to read the same text, the one that got further.
  mutating func keepFurther(_ other: SyntaxError?) {
    guard let other, let failure, other.location.offset > failure.location.offset else { return }
    self.failure = other
  }

  /// What parsing the composite that is next came to, if that was tried before: steps over it.
  mutating func recall() -> Result<Term, Abort>? {
    guard let outcome = outcomes[index] else { return nil }
    move(to: outcome.end)
    height = outcome.height
    switch outcome.result {
    case .success(let term): return .success(term)
    case .failure(let error):
      failure = error
      return .failure(Abort())
    }
  }

  mutating func remember(_ term: Term, from start: Int) {
    outcomes[start] = Outcome(result: .success(term), end: index, height: height)
  }

  mutating func rememberFailure(from start: Int) {
    if let failure { outcomes[start] = Outcome(result: .failure(failure), end: index, height: 0) }
  }
}
