/// Observed statements: only plans compiled to be observed have them.
extension Evaluator {
  /// The block's flow; absent when the statements after this one are next.
  func observed(_ role: ObservedRole, _ point: TracePoint, _ inner: Block) throws(EvaluationError) -> Flow? {
    guard let observation else {
      let flow = try run(inner)
      guard case .attempt = role else { return flow }
      return flow == .stop ? nil : .next
    }
    let flow: Flow
    switch role {
    case .enter:
      observation.enter(point) { values(at: point) }
      flow = try run(inner)
      observation.leave(point)
    case .exit:
      observation.exit(point) { values(at: point) }
      flow = try run(inner)
    case .attempt:
      begin(point, observation)
      flow = try run(inner)
      if flow == .stop { observation.reached() }
      observation.end { values(at: point) }
      return flow == .stop ? nil : .next
    case .begin:
      begin(point, observation)
      flow = try run(inner)
      observation.end { values(at: point) }
    case .reached:
      observation.reached()
      flow = try run(inner)
      observation.resume()
    case .note(let operand):
      if case .string(let message)? = value(operand) {
        observation.note(message.string, point) { values(at: point) }
      }
      flow = try run(inner)
    }
    return flow
  }

  private func begin(_ point: TracePoint, _ observation: Observation) {
    // What an operand gave the last time says nothing about this time.
    for operand in point.operands { registers[base + operand.slot] = nil }
    observation.begin(point) { values(at: point) }
  }

  /// The point's locals, then its operands.
  private func values(at point: TracePoint) -> [Value?] {
    point.locals.map { registers[base + $0.slot] } + point.operands.map { registers[base + $0.slot] }
  }
}
