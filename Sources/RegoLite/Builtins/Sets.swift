extension Builtins {
  enum Sets {
    static let rows: [Builtin] = [
      Builtin("and", [.anySet, .anySet], .anySet, infix: "&", and),
      Builtin("or", [.anySet, .anySet], .anySet, infix: "|", or),
      Builtin("intersection", [.set(.anySet)], .anySet, intersection),
      Builtin("union", [.set(.anySet)], .anySet, union),
      Builtin("set_diff", [.anySet, .anySet], .anySet, deprecated: true, difference),
    ]

    private static func and(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (a, b) = (try arguments.set(1), try arguments.set(2))
      try context.charge(min(a.count, b.count))
      return .set(a.intersection(b))
    }

    private static func or(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (a, b) = (try arguments.set(1), try arguments.set(2))
      try context.charge(a.count + b.count)
      return .set(a.union(b))
    }

    private static func difference(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let (a, b) = (try arguments.set(1), try arguments.set(2))
      try context.charge(a.count)
      return .set(a.subtracting(b))
    }

    /// Empty for the empty set of sets.
    private static func intersection(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let sets = try members(arguments, &context)
      guard var result = sets.first else { return .emptySet }
      for set in sets.dropFirst() { result = result.intersection(set) }
      return .set(result)
    }

    private static func union(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let sets = try members(arguments, &context)
      return .set(SetValue(sets.flatMap(\.elements)))
    }

    private static func members(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> [SetValue] {
      var sets: [SetValue] = []
      for element in try arguments.set(1).elements {
        guard case .set(let set) = element else { throw .operand(1, mustBe: "set", got: element) }
        try context.charge(set.count + 1)
        sets.append(set)
      }
      return sets
    }
  }
}
