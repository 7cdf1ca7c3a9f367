/// Why an evaluation has no result at all. For a gateway, that is a denial.
public struct EvaluationError: Error, Sendable {
  /// OPA's codes, and why each arises.
  public enum Code: String, Sendable {
    /// Definitions that exclude each other gave different values.
    case conflict = "eval_conflict_error"
    /// A builtin's operand has the wrong type, with strict errors on.
    case type = "eval_type_error"
    /// A builtin failed, with strict errors on.
    case builtin = "eval_builtin_error"
    /// The budget of steps, time or depth is used up.
    case cancelled = "eval_cancel_error"
    /// `with` replaces a part of something that has no parts.
    case withMerge = "eval_with_merge_error"
  }
  public var code: Code
  /// Lower case, without the code and the place.
  public var message: String
  /// Absent when no line of a policy is at fault.
  public var location: Location?

  init(_ code: Code, _ message: String, at location: Location?) {
    self.code = code
    self.message = message
    self.location = location
  }
}

extension EvaluationError {
  /// What a builtin's error is to the evaluation.
  init(_ builtin: Builtin, _ error: BuiltinError, at location: Location?) {
    let named = "\(builtin.name): \(error.message)"
    switch error.code {
    case .halt: self.init(.cancelled, error.message, at: location)
    case .type: self.init(.type, named, at: location)
    case .builtin, .unsupported: self.init(.builtin, named, at: location)
    }
  }
}

extension BuiltinError {
  /// Whether errors are strict or not.
  var endsEvaluation: Bool {
    switch code {
    case .halt, .unsupported: true
    case .type, .builtin: false
    }
  }
}

extension EvaluationError: CustomStringConvertible {
  /// `policy.rego:3: eval_conflict_error: …`: OPA names the line alone.
  public var description: String {
    guard let location else { return "\(code.rawValue): \(message)" }
    return "\(location.file):\(location.row): \(code.rawValue): \(message)"
  }
}

/// How much one evaluation may cost before it is ended with `eval_cancel_error`.
public struct EvaluationBudget: Sendable {
  /// Statements run, and what builtins charge for their work.
  public var steps: Int
  /// From the start of the evaluation; absent for no limit.
  public var time: Duration?
  /// Bytes of the thread's stack that nested rules and loops may use below the caller's frame; absent for all that the
  /// thread has left, but for a reserve.
  public var stackBytes: Int?

  public init(steps: Int, time: Duration?, stackBytes: Int? = nil) {
    self.steps = steps
    self.time = time
    self.stackBytes = stackBytes
  }

  /// For decisions on a call's way: 2,000,000 steps, 1 second.
  public static let standard = EvaluationBudget(steps: 2_000_000, time: .seconds(1))
  /// For a person at a terminal: 1,000,000,000 steps, no time limit.
  public static let interactive = EvaluationBudget(steps: 1_000_000_000, time: nil)
}
