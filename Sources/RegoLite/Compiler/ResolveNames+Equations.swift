/// What is evaluated first when a comprehension is equated with something.
extension ResolveNames {
  /// A comprehension in an equation is evaluated after the document that it is equated with has been looked up.
  mutating func lookedUpFirst(
    _ operand: Operand, before other: Term, with: WithGroup?, at location: Location, into steps: inout [Step]
  ) -> Operand {
    guard case .reference(let base, let path) = operand else { return operand }
    let result = Atom.local(newSlot(nil))
    let step = Step(kind: .reference(result: result, base: base, path: path), with: with, location: location)
    // With base data, OPA evaluates it whatever the data is.
    if !isBaseData(base, path) { check(result, mayBe: other, with: with, at: location, into: &steps) }
    if late == nil { steps.append(step) } else { late?.insert(step, at: 0) }
    return .atom(result)
  }

  func isBaseData(_ base: ReferenceBase, _ path: [Atom]) -> Bool {
    guard case .data = base else { return false }
    // From a variable on, the path may lead anywhere.
    return tree.isBaseData(path.prefix { $0.constantValue != nil }.compactMap(\.constantValue))
  }

  /// A comprehension that is equated with something that it can't be isn't evaluated.
  mutating func check(
    _ value: Atom, mayBe other: Term, with: WithGroup?, at location: Location, into steps: inout [Step]
  ) {
    guard let call = Self.mayBe(other, value) else { return }
    let step = Step(kind: call, with: with, location: location)
    if late == nil { steps.append(step) } else { late?.insert(step, at: 0) }
  }

  /// Asks whether the value may be what the comprehension makes; absent for other terms.
  static func mayBe(_ term: Term, _ value: Atom) -> Step.Kind? {
    let kind: Text
    switch term.kind {
    case .arrayComprehension: kind = "array"
    case .setComprehension: kind = "set"
    case .objectComprehension: kind = "object"
    default: return nil
    }
    return .call(
      result: .constant(.boolean(true)), callee: .builtin(Builtins.mayBeComprehension),
      arguments: [value, .constant(.string(kind))])
  }
}
