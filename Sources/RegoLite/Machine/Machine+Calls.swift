/// Calls of builtins.
extension Machine {
  private mutating func withBuiltins<Result>(
    _ body: (inout BuiltinContext) throws(BuiltinError) -> Result
  ) throws(BuiltinError) -> Result {
    state.pointee.isUsed = true
    if state.pointee.builtins == nil {
      state.pointee.builtins = BuiltinContext(
        nowNanoseconds: PolicyEngine.now(), random: SystemRandomNumberGenerator(), stepsLeft: stepsLeft)
    }
    state.pointee.builtins!.stepsLeft = stepsLeft
    state.pointee.builtins!.bytesLeft = BuiltinContext.bytesPerCall
    defer { stepsLeft = state.pointee.builtins!.stepsLeft }
    return try body(&state.pointee.builtins!)
  }

  mutating func value(ofConstant number: Int) -> Value { policy.values[number] }

  mutating func call(
    _ number: Int32, _ arguments: [Value], at place: UnsafePointer<Program.Instruction>
  ) throws(EvaluationError) -> Cell {
    let builtin = policy.builtins[Int(number)]
    switch builtin.body {
    case .function(let function):
      do throws(BuiltinError) {
        let value = try withBuiltins { context throws(BuiltinError) in try function(arguments, &context) }
        return value.map { cell(of: $0) } ?? .undefined
      } catch {
        try fail(builtin, error, at: place)
        return .undefined
      }
    case .relation: return .undefined
    case .compiled:
      return arguments.count == 2 ? Cell(boolean: arguments[0] == arguments[1]) : .undefined
    }
  }

  /// Undefined when an operand is, or the builtin fails.
  @inline(never)
  mutating func matchPattern(_ place: UnsafePointer<Program.Instruction>) throws(EvaluationError) -> Cell {
    let it = place.pointee
    let text = cell(lists[Int(it.c)])
    if text.tag == .string {
      let matcher = program.pointee.matchers[Int(it.d)]
      stepsLeft -= matcher.cost(text.count)
      if stepsLeft < 0 { throw Self.stepsExhausted }
      if let holds = matcher.matches(bytes(of: text), text.count) { return Cell(boolean: holds) }
    }
    guard let arguments = list(it.c + 2, lists[Int(it.c) + 1]) else { return .undefined }
    return try call(it.b, arguments, at: place)
  }

  mutating func relation(
    _ number: Int32, _ arguments: [Value], at place: UnsafePointer<Program.Instruction>
  ) throws(EvaluationError) -> [Value] {
    let builtin = policy.builtins[Int(number)]
    guard case .relation(let relation) = builtin.body else { return [] }
    do throws(BuiltinError) {
      return try withBuiltins { context throws(BuiltinError) in try relation(arguments, &context) }
    } catch {
      try fail(builtin, error, at: place)
      return []
    }
  }

  /// Leaves the expression undefined, unless errors are strict or the error ends any evaluation.
  private mutating func fail(
    _ builtin: Builtin, _ error: BuiltinError, at place: UnsafePointer<Program.Instruction>
  ) throws(EvaluationError) {
    let fault = EvaluationError(builtin, error, at: location(place))
    if program.pointee.isStrict || error.endsEvaluation { throw fault }
  }
}
