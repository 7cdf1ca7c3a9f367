extension Builtins {
  /// How OPA's rule index compares a document with the scalars and arrays that definitions want of it: a collection
  /// passes, too, when one of its members is wanted.
  static let indexMatch = Builtin(
    "internal.is_or_has", [.anything, .set(.anything)], .boolean
  ) { arguments, context throws(BuiltinError) in
    guard case .set(let wanted) = arguments.operand(2) else { return .boolean(false) }
    let value = arguments.operand(1)
    if wanted.element(equalTo: value) != nil { return .boolean(true) }
    let members: [Value]
    switch value {
    case .array(let items): members = items
    case .set(let set): members = set.elements
    case .object(let object): members = object.entries.map(\.value)
    case .null, .boolean, .number, .string: return .boolean(false)
    }
    return .boolean(members.contains { wanted.element(equalTo: $0) != nil })
  }
}
