/// The abstract syntax of a Rego module, as the parser leaves it and before any name is resolved.
///
/// Infix operators are calls of OPA's builtins: `x + y` is `plus(x, y)`, `x == y` is `equal(x, y)`, `x = y` is
/// `eq(x, y)`, `x := y` is `assign(x, y)`, `x in y` is `internal.member_2(x, y)` and `k, x in y` is
/// `internal.member_3(k, x, y)`. A wildcard `_` is a variable with a name of its own (`$0`, `$1`, …).

/// The version of the language that a module is written in.
public enum RegoVersion: Sendable, Hashable {
  /// `if` and `contains` are not keywords unless imported.
  case v0
  /// OPA 1.x: `if` and `contains` are required.
  case v1
}

public struct Module: Sendable {
  public var source: Source
  /// The version that the module's text is read as: v1 also when a v0 module says `import rego.v1`.
  public var version: RegoVersion
  public var package: Package
  public var imports: [Import]
  public var rules: [Rule]
  /// The `# METADATA` blocks in source order.
  public var annotations: [Annotation]
}

public struct Package: Sendable {
  /// The package's path without the leading `data`: `package a.b["c d"]` is `["a", "b", "c d"]`.
  public var path: [Text]
  public var location: Location
}

public struct Import: Sendable {
  /// The imported path with its root: `["data", "a", "b"]`, `["input", "x"]`, `["rego", "v1"]`,
  /// `["future", "keywords", "in"]`.
  public var path: [Text]
  /// The name after `as`, absent when there is none.
  public var alias: Text?
  public var location: Location
  /// The name that the import binds: the alias, or the path's last part.
  public var name: Text { alias ?? path[path.count - 1] }
}

/// A `# METADATA` comment block.
public struct Annotation: Sendable {
  /// What a block's fields are said of.
  public enum Scope: String, Sendable {
    /// The rule that follows.
    case rule
    /// All rules of that name.
    case document
    case package
    /// The package and those below it.
    case subpackages
  }

  /// The block's YAML without the leading `#` and one space.
  public var yaml: String
  public var location: Location
  /// The index into `Module.rules` of the rule that follows; absent when the package follows or none does.
  public var rule: Int?
  public var scope: Scope
  /// As `rego.metadata.rule()` shows them, the scope among them.
  public var fields: Value
}

/// One definition of a rule or function. Bodies that follow each other (`p { … } { … }`) are rules of their own.
public struct Rule: Sendable {
  public var isDefault: Bool
  public var head: Head
  /// Empty when the rule has no body: it then always holds.
  public var body: Body
  /// The `else` branches in order; their heads repeat the first one's name and arguments.
  public var elseBranches: [ElseBranch]
  /// From the head's first token on; the length covers the whole rule.
  public var location: Location
}

public struct ElseBranch: Sendable {
  /// Absent in `else if { … }`, which means `true`.
  public var value: Term?
  public var body: Body
  public var location: Location
}

public struct Head: Sendable {
  /// The name's first part, a variable's name: `p` in `p.q[x] := 1`.
  public var name: Text
  /// What follows the name: `.q` is a string scalar, `[x]` is any term. The key of a partial set is not here.
  public var path: [Term]
  /// Absent for rules, and for `f()`, which is one; never empty.
  public var arguments: [Term]?
  public var kind: HeadKind
  public var location: Location
}

public enum HeadKind: Sendable {
  /// `p := v`, `p = v`, `f(x) := v`, `p[k] := v`; the value is absent when the text gives none, which means `true`.
  case value(Term?)
  /// `p contains v`, and v0's `p[v]`.
  case contains(Term)
}

public typealias Body = [Expression]

/// One line of a body.
public struct Expression: Sendable {
  public var kind: ExpressionKind
  public var isNegated: Bool
  public var modifiers: [WithModifier]
  /// From the first token, `not` included, to the last, its modifiers included.
  public var location: Location
}

public indirect enum ExpressionKind: Sendable {
  /// A term that must hold: a call (infix operators are calls), a reference, a comprehension, …
  case term(Term)
  /// `some x, y`
  case someDeclaration([Variable])
  /// `some x in xs` and `some k, x in xs`
  case someIn(key: Term?, value: Term, collection: Term)
  /// `every x in xs { … }` and `every k, x in xs { … }`
  case every(key: Term?, value: Term, domain: Term, body: Body)
  /// `not x` and `not { … }` in modules that import `future.keywords.not`; elsewhere `isNegated` says it.
  case not(LogicalOperand)
  /// `x and y`, `{ … } and { … }`, once imported.
  case and(LogicalOperand, LogicalOperand)
  /// `x or y`, `{ … } or { … }`, once imported.
  case or(LogicalOperand, LogicalOperand)
}

/// A body of its own in an expression: what `not`, `and` and `or` stand next to.
public struct LogicalOperand: Sendable {
  public var body: Body
  /// It stands in braces, hence may have variables of its own.
  public var isBraced: Bool
}

public struct Variable: Sendable {
  public var name: Text
  public var location: Location
}

/// `with target as value`
public struct WithModifier: Sendable {
  /// A variable (`input`) or a reference (`input.x`, `data.a.b`, `time.now_ns`).
  public var target: Term
  public var value: Term
  public var location: Location
}

public struct Term: Sendable {
  public var kind: TermKind
  public var location: Location

  public init(_ kind: TermKind, at location: Location) {
    self.kind = kind
    self.location = location
  }
}

public indirect enum TermKind: Sendable {
  /// null, a boolean, a number or a string.
  case scalar(Value)
  case variable(Text)
  /// `head.a[x]`: the head is a variable, a call, a composite or a comprehension; the path is never empty, and `.a`
  /// is the string scalar "a".
  case reference(head: Term, path: [Term])
  case array([Term])
  case object([ObjectItem])
  case set([Term])
  case arrayComprehension(Term, Body)
  case setComprehension(Term, Body)
  case objectComprehension(key: Term, value: Term, Body)
  /// `operation` is a variable or a reference of string scalars: `count`, `io.jwt.decode`, `data.lib.f`.
  case call(operation: Term, arguments: [Term])
  /// `$"…{x}…"`
  case template([TemplatePart])
}

public struct ObjectItem: Sendable {
  public var key: Term
  public var value: Term
}

public enum TemplatePart: Sendable {
  case text(Text)
  case expression(Term)
  /// A term with modifiers: `{x with input as y}`.
  case literal(Expression)
}
