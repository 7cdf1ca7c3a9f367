/// What the compiler's own steps call.
extension Builtins {
  /// Whether a comprehension of the kind is evaluated when it is equated with the value: an array's with arrays, an
  /// object's with objects, any with sets.
  static let mayBeComprehension = Builtin("internal.may_be_comprehension", [.anything, .string], .boolean) {
    arguments, _ in
    switch arguments.operand(1) {
    case .set: .boolean(true)
    case .array, .object: .boolean(arguments.operand(2) == .string(Text(arguments.operand(1).typeName)))
    case .null, .boolean, .number, .string: .boolean(false)
    }
  }

  /// How OPA's rule index compares a document with the scalars and arrays that definitions want of it: a collection
  /// passes, too, when one of its members is wanted.
  static let indexMatch = Builtin(
    "internal.is_or_has", [.anything, .set(.anything)], .boolean
  ) { arguments, context throws(BuiltinError) in
    guard case .set(let wanted) = arguments.operand(2) else { return .boolean(false) }
    return .boolean(isOrHas(arguments.operand(1), wanted))
  }

  static func isOrHas(_ value: Value, _ wanted: SetValue) -> Bool {
    if wanted.contains(value) { return true }
    let members: [Value]
    switch value {
    case .array(let items): members = items
    case .set(let set): members = set.elements
    case .object(let object): members = object.entries.map(\.value)
    case .null, .boolean, .number, .string: return false
    }
    return members.contains { wanted.contains($0) }
  }
}
