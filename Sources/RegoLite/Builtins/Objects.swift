extension Builtins {
  enum Objects {
    static let rows: [Builtin] = [
      Builtin("object.get", [.anyObject, .anything, .anything], .anything, get),
      Builtin("object.keys", [.anyObject], .anySet, keys),
      Builtin("object.remove", [.anyObject, .any([.anyArray, .anyObject, .anySet])], .anyObject, remove),
      Builtin("object.filter", [.anyObject, .any([.anyArray, .anyObject, .anySet])], .anyObject, filter),
      Builtin("object.union", [.anyObject, .anyObject], .anyObject, union),
      Builtin("object.union_n", [.array(of: .anyObject)], .anyObject, unionOfAll),
      Builtin(
        "object.subset", [.any([.anyArray, .anyObject, .anySet]), .any([.anyArray, .anyObject, .anySet])], .boolean,
        subset),
    ]

    /// The value at a key, or at a path when the key is an array; else the third operand.
    private static func get(_ arguments: [Value], _: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let object = try arguments.object(1)
      let fallback = arguments.operand(3)
      guard case .array(let path) = arguments.operand(2) else { return object[arguments.operand(2)] ?? fallback }
      var value = Value.object(object)
      for key in path {
        guard let next = child(of: value, at: key) else { return fallback }
        value = next
      }
      return value
    }

    private static func child(of value: Value, at key: Value) -> Value? {
      switch value {
      case .object(let object): return object[key]
      case .set(let set): return set.contains(key) ? key : nil
      case .array(let array):
        guard case .number(let number) = key, let index = number.plainInt, array.indices.contains(index) else {
          return nil
        }
        return array[index]
      default: return nil
      }
    }

    private static func keys(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let object = try arguments.object(1)
      try context.charge(object.count)
      return .set(SetValue(object.keys))
    }

    private static func remove(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (object, named) = (try arguments.object(1), try keySet(arguments, &context))
      try context.charge(object.count)
      return .object(object.filter { key, _ in !named.contains(key) })
    }

    private static func filter(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (object, named) = (try arguments.object(1), try keySet(arguments, &context))
      try context.charge(object.count)
      return .object(object.filter { key, _ in named.contains(key) })
    }

    /// The keys that the second operand names: an object's keys, or the elements of a set or an array.
    private static func keySet(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> SetValue {
      let keys: SetValue
      switch arguments.operand(2) {
      case .object(let object): keys = SetValue(object.keys)
      case .set(let set): keys = set
      case .array(let array): keys = SetValue(array)
      case let other: throw .operand(2, mustBe: "object", "set", "array", got: other)
      }
      try context.charge(keys.count)
      return keys
    }

    private static func union(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (a, b) = (try arguments.object(1), try arguments.object(2))
      return .object(try merge(a, b, &context))
    }

    private static func unionOfAll(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      var objects: [ObjectValue] = []
      for element in try arguments.array(1) {
        guard case .object(let object) = element else {
          throw .operand(1, mustHold: "object", in: arguments.operand(1), got: element)
        }
        objects.append(object)
      }
      return .object(try merge(objects, &context))
    }

    /// As if each were merged into the ones before it, but every entry is looked at once.
    private static func merge(
      _ objects: [ObjectValue], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> ObjectValue {
      if objects.count == 1 { return objects[0] }
      // Of each key the last value that is no object, or the objects after it, which are merged in turn.
      var winners: [Value: (value: Value, objects: [ObjectValue])] = [:]
      for object in objects {
        try context.charge(object.count + 1)
        for (key, value) in object.entries {
          guard case .object(let part) = value else {
            winners[key] = (value, [])
            continue
          }
          winners[key, default: (value, [])].objects.append(part)
        }
      }
      var pairs: [(Value, Value)] = []
      pairs.reserveCapacity(winners.count)
      for (key, winner) in winners {
        pairs.append((key, winner.objects.isEmpty ? winner.value : .object(try merge(winner.objects, &context))))
      }
      return ObjectValue(pairs)
    }

    /// The right one wins, except that objects at the same key are merged in turn.
    private static func merge(
      _ left: ObjectValue, _ right: ObjectValue, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> ObjectValue {
      try context.charge(left.count + right.count + 1)
      if left.isEmpty { return right }
      var winners: [(Value, Value)] = []
      for (key, value) in right.entries {
        if case .object(let theirs) = value, case .object(let ours)? = left[key] {
          winners.append((key, .object(try merge(ours, theirs, &context))))
        } else {
          winners.append((key, value))
        }
      }
      return left.merging(ObjectValue(winners))
    }

    /// Objects and sets by their members, arrays as a run of elements; an array may also hold all of a set. Objects'
    /// values are compared in the same way when they are collections of one kind, else for equality.
    private static func subset(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      switch (arguments.operand(1), arguments.operand(2)) {
      case (.object, .object), (.set, .set), (.array, .array):
        return .boolean(try holds(arguments.operand(1), arguments.operand(2), &context))
      case (.array(let array), .set(let part)):
        try context.charge(array.count + part.count)
        // As in OPA, what the array has twice counts twice.
        var missing = part.count
        for item in array where missing > 0 && part.element(equalTo: item) != nil { missing -= 1 }
        return .boolean(missing == 0)
      default:
        throw BuiltinError(
          code: .type, message: "both arguments object.subset must be of the same type or array and set")
      }
    }

    private static func holds(
      _ whole: Value, _ part: Value, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Bool {
      switch (whole, part) {
      case (.object(let whole), .object(let part)):
        try context.charge(part.count + 1)
        for (key, value) in part.entries {
          guard let other = whole[key], try holds(other, value, &context) else { return false }
        }
        return true
      case (.set(let whole), .set(let part)):
        try context.charge(part.count + 1)
        return part.isSubset(of: whole)
      case (.array(let whole), .array(let part)):
        guard part.count <= whole.count else { return false }
        for start in 0...whole.count - part.count {
          var length = 0
          while length < part.count, whole[start + length] == part[length] { length += 1 }
          try context.charge(length + 1)
          if length == part.count { return true }
        }
        return false
      default:
        return whole == part
      }
    }
  }
}
