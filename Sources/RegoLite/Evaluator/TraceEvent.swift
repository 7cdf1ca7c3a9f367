/// One event of an evaluation.
public struct TraceEvent: Sendable {
  public enum Operation: String, Sendable {
    /// A query, rule or body begins.
    case enter
    /// It has succeeded, once for each result.
    case exit
    /// An expression begins. There is no event for going on to its next result.
    case eval
    /// An expression had no result.
    case fail
    /// A call of `trace`.
    case note
  }
  public let operation: Operation
  /// How many queries, rules and bodies it is inside.
  public let depth: Int
  /// What `trace` was given; absent for other events.
  public let message: String?
  let point: TracePoint
  /// The point's locals, then its operands.
  private let values: [Value?]
  /// In the explanation already.
  var isShown = false

  init(_ operation: Operation, _ point: TracePoint, depth: Int, values: [Value?], message: String? = nil) {
    self.operation = operation
    self.point = point
    self.depth = depth
    self.values = values
    self.message = message
  }

  public var location: Location { point.location }

  /// A rule's name, or an expression as the source has it, on one line.
  public var text: String { point.text }

  /// The author's variables that had values, by name, in the order of the source.
  public var locals: [(name: String, value: Value)] {
    zip(point.locals, values).compactMap { local, value in value.map { (local.name.string, $0) } }
  }

  /// The references and calls inside a failed expression that had values, as the source has them.
  public var operands: [(text: String, value: Value)] {
    zip(point.operands, values.dropFirst(point.locals.count)).compactMap { operand, value in
      value.map { (operand.location.textOnOneLine, $0) }
    }
  }
}
