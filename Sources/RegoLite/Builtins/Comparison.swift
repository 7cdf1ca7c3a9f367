extension Builtins {
  /// OPA's total order over all values, and membership.
  enum Comparison {
    static let rows: [Builtin] = [
      Builtin("eq", [.anything, .anything], .boolean, infix: "=", body: .compiled),
      Builtin("assign", [.anything, .anything], .boolean, infix: ":=", body: .compiled),
      comparison("equal", "==") { $0 == $1 },
      comparison("neq", "!=") { $0 != $1 },
      comparison("lt", "<") { $0 < $1 },
      comparison("lte", "<=") { $0 <= $1 },
      comparison("gt", ">") { $0 > $1 },
      comparison("gte", ">=") { $0 >= $1 },
      Builtin("internal.member_2", [.anything, .anything], .boolean, infix: "in", member),
      Builtin("internal.member_3", [.anything, .anything, .anything], .boolean, infix: "in", memberWithKey),
    ]

    private static func comparison(
      _ name: Text, _ infix: String, _ holds: @escaping @Sendable (Value, Value) -> Bool
    ) -> Builtin {
      Builtin(name, [.anything, .anything], .boolean, infix: infix) { arguments, _ throws(BuiltinError) in
        .boolean(holds(arguments.operand(1), arguments.operand(2)))
      }
    }

    /// False for what is no collection, too.
    private static func member(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let sought = arguments.operand(1)
      switch arguments.operand(2) {
      case .array(let array):
        try context.charge(array.count)
        return .boolean(array.contains(sought))
      case .set(let set):
        return .boolean(set.contains(sought))
      case .object(let object):
        try context.charge(object.count)
        return .boolean(object.values.contains(sought))
      default:
        return .boolean(false)
      }
    }

    private static func memberWithKey(
      _ arguments: [Value], _: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let (key, sought) = (arguments.operand(1), arguments.operand(2))
      switch arguments.operand(3) {
      case .array(let array):
        guard case .number(let number) = key, let index = number.plainInt, array.indices.contains(index) else {
          return .boolean(false)
        }
        return .boolean(array[index] == sought)
      case .set(let set):
        return .boolean(key == sought && set.contains(sought))
      case .object(let object):
        return .boolean(object[key] == sought)
      default:
        return .boolean(false)
      }
    }
  }
}
