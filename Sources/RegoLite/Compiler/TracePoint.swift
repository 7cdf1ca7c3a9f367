/// A place in the source that an observed plan reports when it gets there. Which variables and operands have values
/// there is known when the plan is made.
final class TracePoint: Sendable {
  enum Kind: Sendable {
    case query
    case rule
    /// A body inside an expression: a comprehension's, a negated one.
    case body
    /// `every`'s, which has to succeed each time.
    case everyBody
    case expression
  }

  let kind: Kind
  let location: Location
  /// A rule's name; absent for what is shown as the source has it.
  let name: String?
  /// The author's variables that have values here; wildcards and the compiler's own are left out.
  let locals: [(name: Text, slot: Slot)]
  /// The references and calls inside an expression, and the registers that hold what they gave once they gave it.
  let operands: [(location: Location, slot: Slot)]
  /// The rest of an expression that was begun before another one.
  let isContinuation: Bool

  init(
    _ kind: Kind, at location: Location, name: String? = nil, locals: [(name: Text, slot: Slot)],
    operands: [(location: Location, slot: Slot)] = [], isContinuation: Bool = false
  ) {
    self.kind = kind
    self.location = location
    self.name = name
    self.locals = locals
    self.operands = operands
    self.isContinuation = isContinuation
  }

  /// On one line.
  var text: String { name ?? location.textOnOneLine }
}

/// What an observed statement tells, and what its block then is.
enum ObservedRole: Sendable {
  /// A query, rule or body begins: the block is all of it.
  case enter
  /// It has succeeded: the block hands on the result.
  case exit
  /// An expression with one result at most: the block is the expression and ends in `succeed`.
  case attempt
  /// An expression with any number of results: the block is the expression and, inside `reached`, all that follows.
  case begin
  /// The innermost expression that was begun has a result.
  case reached
  /// What the policy says of itself with `trace`.
  case note(Operand)
}

extension Location {
  /// The text as written, on one line: what stands on lines of its own is set off by semicolons.
  var textOnOneLine: String {
    var result = ""
    for line in text.split(whereSeparator: \.isNewline) {
      let start = line.drop { $0 == " " || $0 == "\t" }
      guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { continue }
      let part = start[...end]
      if let last = result.last, let first = part.first {
        let goesOn = "{[(,|:=+-*/&<>;".contains(last) || "}])|".contains(first) || part.hasPrefix("with ")
        result += goesOn ? " " : "; "
      }
      result += part
    }
    return result
  }
}
