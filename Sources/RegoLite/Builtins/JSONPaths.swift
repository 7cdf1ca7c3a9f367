extension Builtins {
  /// Keeping and dropping the parts of an object that paths name.
  enum JSONPaths {
    static let rows: [Builtin] = [
      Builtin("json.filter", [.anyObject, .paths], .anyObject) { arguments, context throws(BuiltinError) in
        let (object, tree) = (try arguments.object(1), try tree(arguments, &context))
        return try tree.filter(.object(object), &context)
      },
      Builtin("json.remove", [.anyObject, .paths], .anyObject) { arguments, context throws(BuiltinError) in
        let (object, tree) = (try arguments.object(1), try tree(arguments, &context))
        return try tree.remove(from: .object(object), &context)
      },
    ]

    private static func tree(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Tree {
      var tree = Tree.branches([:])
      for element in try arguments.elements(2) {
        let path = try path(element)
        try context.charge(path.count + 1)
        tree.insert(path[...])
      }
      return tree
    }

    /// The keys of `a/b`, `/a/b` (any number of slashes before it) or `["a", "b"]`, none for the empty text. `~1` in text stands for a slash and `~0` for a tilde.
    static func path(_ value: Value) throws(BuiltinError) -> [Value] {
      switch value {
      case .array(let keys): return keys
      case .string(let text):
        if text.utf8.isEmpty { return [] }
        let slash = UInt8(ascii: "/")
        return text.utf8.drop { $0 == slash }.split(separator: slash, omittingEmptySubsequences: false).map { segment in
          .string(Text(unescaped(segment)))
        }
      default:
        throw .operand(
          2,
          "must be one of {set, array} containing string paths or array of path segments but got \(value.typeName)")
      }
    }

    private static func unescaped(_ segment: Substring.UTF8View) -> String {
      guard segment.contains(UInt8(ascii: "~")) else { return String(Substring(segment)) }
      var result: [UInt8] = []
      var rest = segment
      while let byte = rest.popFirst() {
        switch (byte, rest.first) {
        case (UInt8(ascii: "~"), UInt8(ascii: "1")): result.append(UInt8(ascii: "/"))
        case (UInt8(ascii: "~"), UInt8(ascii: "0")): result.append(UInt8(ascii: "~"))
        default:
          result.append(byte)
          continue
        }
        rest.removeFirst()
      }
      return String(decoding: result, as: UTF8.self)
    }

    /// The paths by their keys. Elements of arrays are named by their index as text.
    private indirect enum Tree {
      /// A path ends here: all that lies below is meant.
      case leaf
      case branches([Value: Tree])

      mutating func insert(_ path: ArraySlice<Value>) {
        guard let key = path.first, case .branches(var branches) = self else { return }
        let rest = path.dropFirst()
        if rest.isEmpty {
          branches[key] = .leaf
        } else {
          branches[key, default: .branches([:])].insert(rest)
        }
        self = .branches(branches)
      }

      func filter(_ value: Value, _ context: inout BuiltinContext) throws(BuiltinError) -> Value {
        guard case .branches(let branches) = self else { return value }
        switch value {
        case .object(let object):
          try context.charge(object.count + 1)
          var kept: [(Value, Value)] = []
          for (key, value) in object.entries {
            if let branch = branches[key] { kept.append((key, try branch.filter(value, &context))) }
          }
          return .object(ObjectValue(kept))
        case .set(let set):
          try context.charge(set.count + 1)
          var kept: [Value] = []
          for element in set.elements {
            if let branch = branches[element] { kept.append(try branch.filter(element, &context)) }
          }
          return .set(SetValue(kept))
        case .array(let array):
          try context.charge(array.count + 1)
          var kept: [Value] = []
          for (index, element) in array.enumerated() {
            if let branch = branches[.string(Text(String(index)))] { kept.append(try branch.filter(element, &context)) }
          }
          return .array(kept)
        default: return value
        }
      }

      /// Absent when the value itself is named.
      func remove(from value: Value, _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
        guard case .branches(let branches) = self else { return nil }
        switch value {
        case .object(let object):
          try context.charge(object.count + 1)
          var kept: [(Value, Value)] = []
          for (key, value) in object.entries {
            guard let branch = branches[key] else {
              kept.append((key, value))
              continue
            }
            if let value = try branch.remove(from: value, &context) { kept.append((key, value)) }
          }
          return .object(ObjectValue(kept))
        case .set(let set):
          try context.charge(set.count + 1)
          return .set(SetValue(try remove(branches, from: set.elements, &context) { $0 }))
        case .array(let array):
          try context.charge(array.count + 1)
          var index = -1
          return .array(
            try remove(branches, from: array, &context) { _ in
              index += 1
              return .string(Text(String(index)))
            })
        default: return value
        }
      }

      private func remove(
        _ branches: [Value: Tree], from elements: [Value], _ context: inout BuiltinContext, key: (Value) -> Value
      ) throws(BuiltinError) -> [Value] {
        var kept: [Value] = []
        for element in elements {
          guard let branch = branches[key(element)] else {
            kept.append(element)
            continue
          }
          if let element = try branch.remove(from: element, &context) { kept.append(element) }
        }
        return kept
      }
    }
  }
}
