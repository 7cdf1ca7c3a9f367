/// A stretch of a module's bytes that the grammar takes as one.
struct Token {
  var kind: TokenKind
  /// White space, a comment or the source's start comes before it: `a [0]` is two terms, `a[0]` is one.
  var followsSpace = false
  /// A line break comes before it: it may begin an expression without a `;`.
  var followsNewline = false
  /// The first byte's offset.
  var start: UInt32
  /// The offset after the last byte.
  var end: UInt32
  /// Of a string or template text: whether it has escapes to decode. Of `_`: how many came before it. Of an illegal
  /// token: the index of its message.
  var payload: UInt32 = 0
}

enum TokenKind: UInt8 {
  case end, illegal
  case identifier, number, string, rawString
  /// `$"` or `` $` ``; then texts and `{…}` expressions in any number; then the closing quote.
  case templateStart, templateText, rawTemplateText, templateExpressionStart, templateExpressionEnd, templateEnd
  case leftBracket, rightBracket, leftBrace, rightBrace, leftParenthesis, rightParenthesis
  case comma, semicolon, colon, dot
  case assign, unify
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  case pipe, ampersand, plus, minus, times, divide, remainder
  // Keywords of every version.
  case `as`, `default`, `else`, `false`, `import`, not, null, package, some, `true`, with
  // Keywords of v1, or once imported.
  case contains, every, `if`, `in`
  // Keywords once imported.
  case and, or

  var isKeyword: Bool { rawValue >= TokenKind.as.rawValue }

  /// A keyword only where the version or an import says so, a name everywhere else.
  var isSoftKeyword: Bool { rawValue >= TokenKind.contains.rawValue }

  /// Higher binds tighter; 0 for what is no binary operator of a term. `in` is none: it may take two left sides.
  var precedence: Int {
    switch self {
    case .times, .divide, .remainder: 5
    case .plus, .minus: 4
    case .ampersand: 3
    case .pipe: 2
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: 1
    default: 0
    }
  }

  /// The builtin that a binary operator calls.
  var builtin: Text? {
    switch self {
    case .assign: "assign"
    case .unify: "eq"
    case .equal: "equal"
    case .notEqual: "neq"
    case .less: "lt"
    case .lessOrEqual: "lte"
    case .greater: "gt"
    case .greaterOrEqual: "gte"
    case .pipe: "or"
    case .ampersand: "and"
    case .plus: "plus"
    case .minus: "minus"
    case .times: "mul"
    case .divide: "div"
    case .remainder: "rem"
    default: nil
    }
  }

  /// The name that error messages use, which is OPA's.
  var name: String {
    switch self {
    case .end: "eof"
    case .illegal: "illegal"
    case .identifier: "identifier"
    case .number: "number"
    case .string, .rawString: "string"
    case .templateStart, .templateText, .rawTemplateText, .templateEnd: "template-string"
    case .leftBracket: "["
    case .rightBracket: "]"
    case .leftBrace, .templateExpressionStart: "{"
    case .rightBrace, .templateExpressionEnd: "}"
    case .leftParenthesis: "("
    case .rightParenthesis: ")"
    case .comma: ","
    case .semicolon: ";"
    case .colon: ":"
    case .dot: "."
    case .assign, .unify, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .pipe, .ampersand, .plus,
      .minus, .times, .divide, .remainder:
      builtin?.string ?? ""
    case .as: "as"
    case .default: "default"
    case .else: "else"
    case .false: "false"
    case .import: "import"
    case .not: "not"
    case .null: "null"
    case .package: "package"
    case .some: "some"
    case .true: "true"
    case .with: "with"
    case .contains: "contains"
    case .every: "every"
    case .if: "if"
    case .in: "in"
    case .and: "and"
    case .or: "or"
    }
  }
}

/// The soft keywords that are keywords now.
struct KeywordSet: OptionSet {
  let rawValue: UInt8

  static let contains = KeywordSet(rawValue: 1)
  static let every = KeywordSet(rawValue: 2)
  static let `if` = KeywordSet(rawValue: 4)
  static let `in` = KeywordSet(rawValue: 8)
  static let and = KeywordSet(rawValue: 16)
  static let or = KeywordSet(rawValue: 32)
  /// `not` takes a body: `not { … }`.
  static let notBody = KeywordSet(rawValue: 64)

  static let v1: KeywordSet = [.contains, .every, .if, .in]

  /// What `import future.keywords.NAME` brings; absent when there is no such keyword.
  init?(name: Text) {
    switch name.string {
    case "and": self = .and
    case "contains": self = .contains
    case "every": self = [.every, .in]
    case "if": self = .if
    case "in": self = .in
    case "not": self = .notBody
    case "or": self = .or
    default: return nil
    }
  }

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// What `import future.keywords` brings.
  static let all: KeywordSet = [.v1, .and, .or, .notBody]

  func makesKeyword(_ kind: TokenKind) -> Bool {
    switch kind {
    case .contains: contains(.contains)
    case .every: contains(.every)
    case .if: contains(.if)
    case .in: contains(.in)
    case .and: contains(.and)
    case .or: contains(.or)
    default: true
    }
  }
}
