extension Builtins {
  enum Arrays {
    static let rows: [Builtin] = [
      Builtin("array.concat", [.anyArray, .anyArray], .anyArray, concat),
      Builtin("array.flatten", [.anyArray], .anyArray, flatten),
      Builtin("array.reverse", [.anyArray], .anyArray, reverse),
      Builtin("array.slice", [.anyArray, .number, .number], .anyArray, slice),
    ]

    private static func concat(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (first, second) = (try arguments.array(1), try arguments.array(2))
      try context.charge(first.count + second.count)
      return .array(first + second)
    }

    /// One level: elements that are arrays give way to theirs.
    private static func flatten(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      var result: [Value] = []
      for element in try arguments.array(1) {
        if case .array(let inner) = element {
          try context.charge(inner.count + 1)
          result += inner
        } else {
          try context.charge(1)
          result.append(element)
        }
      }
      return .array(result)
    }

    private static func reverse(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let array = try arguments.array(1)
      try context.charge(array.count)
      return .array(array.reversed())
    }

    /// From the start index up to, not including, the end index, each brought into the array's bounds.
    private static func slice(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (array, from, to) = (try arguments.array(1), try arguments.int(2), try arguments.int(3))
      let start = max(from, 0)
      let end = min(to, array.count)
      guard start < end else { return .array([]) }
      try context.charge(end - start)
      return .array(Array(array[start..<end]))
    }
  }
}
