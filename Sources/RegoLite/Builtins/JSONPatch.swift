import StrictJSON

extension Builtins {
  /// RFC 6902, with OPA's additions: paths may be arrays of keys, and lead into sets.
  enum JSONPatch {
    static let rows: [Builtin] = [
      Builtin(
        "json.patch",
        [
          .anything,
          .array(
            of: .object(properties: ["op": .string, "path": .anything], restKey: .anything, restValue: .anything)),
        ], .anything, patch)
    ]

    private static func patch(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      // Absent while a move has taken the whole document away.
      var document: Value? = arguments.operand(1)
      for element in try arguments.array(2) {
        let operation = try Operation(element)
        try context.charge(1)
        guard let current = document else {
          guard case .add(let value) = operation.kind, operation.path.isEmpty else {
            throw .failure("deleted node encountered during insert operation")
          }
          document = value
          continue
        }
        switch operation.kind {
        case .add(let value): document = try add(value, to: current, at: operation.path[...], &context)
        case .remove: document = try delete(from: current, at: operation.path[...], &context)
        case .replace(let value):
          if operation.path.isEmpty {
            document = try add(value, to: current, at: [], &context)
          } else if let rest = try delete(from: current, at: operation.path[...], &context) {
            document = try add(value, to: rest, at: operation.path[...], &context)
          }
        case .move(let from):
          let value = try get(current, at: from[...], &context)
          if operation.path.isEmpty {
            document = try add(value, to: current, at: [], &context)
          } else if let rest = try delete(from: current, at: from[...], &context) {
            document = try add(value, to: rest, at: operation.path[...], &context)
          } else {
            throw .failure("deleted node encountered during insert operation")
          }
        case .copy(let from):
          let value = try get(current, at: from[...], &context)
          document = try add(value, to: current, at: operation.path[...], &context)
        case .test(let expected):
          let found = try get(current, at: operation.path[...], &context)
          if found != expected {
            throw .failure(
              "value from EditTree != patch value.\n\nExpected: \(try text(expected, &context))\n\nFound: "
                + (try text(found, &context)))
          }
        }
      }
      guard let document else { throw .failure("the whole document was removed") }
      return document
    }

    private struct Operation {
      enum Kind {
        case add(Value)
        case remove
        case replace(Value)
        case test(Value)
        case move(from: [Value])
        case copy(from: [Value])
      }
      let kind: Kind
      let path: [Value]

      init(_ value: Value) throws(BuiltinError) {
        guard case .object(let object) = value else {
          throw .failure("must be an array of JSON-Patch objects, but at least one element is not an object")
        }
        func attribute(_ name: Text) throws(BuiltinError) -> Value {
          guard let value = object[name] else { throw .failure("missing required attribute '\(name)'") }
          return value
        }
        let named = try attribute("op")
        guard case .string(let name) = named else {
          throw .failure("attribute 'op' must be a string but found: \(named.typeName)")
        }
        path = try JSONPaths.path(try attribute("path"))
        switch name {
        case "add": kind = .add(try attribute("value"))
        case "remove": kind = .remove
        case "replace": kind = .replace(try attribute("value"))
        case "test": kind = .test(try attribute("value"))
        case "move": kind = .move(from: try JSONPaths.path(try attribute("from")))
        case "copy": kind = .copy(from: try JSONPaths.path(try attribute("from")))
        default: throw .failure("unrecognized op: '\(name)'")
        }
      }
    }

    private static func get(
      _ value: Value, at path: ArraySlice<Value>, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value {
      var value = value
      for key in path {
        try context.charge(1)
        value = try child(of: value, at: key, &context)
      }
      return value
    }

    /// As `insert`. Patch on patch could nest a document deeper than anything else can walk.
    private static func add(
      _ new: Value, to value: Value, at path: ArraySlice<Value>, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value {
      if !path.isEmpty {
        guard try fits(new, JSONReadingOptions.deepest - path.count, &context) else {
          throw BuiltinError(code: .halt, message: "document nests too deeply")
        }
      }
      return try insert(new, into: value, at: path, &context)
    }

    /// Whether arrays, objects and sets lie inside each other `limit` times at most.
    private static func fits(
      _ value: Value, _ limit: Int, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Bool {
      if !value.isCollection { return limit >= 0 }
      guard limit > 0 else { return false }
      try context.charge(1)
      switch value {
      case .array(let items):
        for item in items where item.isCollection { guard try fits(item, limit - 1, &context) else { return false } }
      case .set(let set):
        for item in set.elements where item.isCollection {
          guard try fits(item, limit - 1, &context) else { return false }
        }
      case .object(let object):
        for (key, item) in object.entries {
          guard try fits(key, limit - 1, &context), try fits(item, limit - 1, &context) else { return false }
        }
      default: break
      }
      return true
    }

    /// The value with the other one in its place: before an array's element, at a key, in a set.
    private static func insert(
      _ new: Value, into value: Value, at path: ArraySlice<Value>, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value {
      guard let key = path.first else { return new }
      let rest = path.dropFirst()
      if !rest.isEmpty {
        let changed = try insert(new, into: try child(of: value, at: key, &context), at: rest, &context)
        return try replaced(value, at: key, with: changed, &context)
      }
      switch value {
      case .object(let object):
        try context.charge(object.count + 1)
        return .object(object.setting(key, new))
      case .set(let set):
        guard key == new else {
          throw .failure(
            "set key \(try text(key, &context)) does not equal value to be inserted \(try text(new, &context))")
        }
        try context.charge(set.count + 1)
        return .set(set.inserting(new))
      case .array(var array):
        let index = try index(key, count: array.count)
        guard (0...array.count).contains(index) else { throw .failure("index for array insertion out of bounds") }
        try context.charge(array.count + 1)
        array.insert(new, at: index)
        return .array(array)
      default: throw notComposite(value)
      }
    }

    /// Absent when the path is empty.
    private static func delete(
      from value: Value, at path: ArraySlice<Value>, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      guard let key = path.first else { return nil }
      let rest = path.dropFirst()
      if !rest.isEmpty {
        guard let changed = try delete(from: try child(of: value, at: key, &context), at: rest, &context) else {
          return nil
        }
        return try replaced(value, at: key, with: changed, &context)
      }
      switch value {
      case .object(let object):
        guard object.contains(key) else { throw try absent(key, &context) }
        try context.charge(object.count)
        return .object(object.removing(key))
      case .set(let set):
        guard set.contains(key) else { throw try absent(key, &context) }
        try context.charge(set.count)
        return .set(set.removing(key))
      case .array(var array):
        let index = try index(key, count: array.count)
        guard array.indices.contains(index) else { throw .failure("index for array delete out of bounds") }
        try context.charge(array.count)
        array.remove(at: index)
        return .array(array)
      default: throw notComposite(value)
      }
    }

    /// The value with what it has at the key exchanged. A set's element is its own key.
    private static func replaced(
      _ value: Value, at key: Value, with new: Value, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value {
      switch value {
      case .object(let object):
        try context.charge(object.count)
        return .object(object.setting(key, new))
      case .set(let set):
        try context.charge(set.count)
        return .set(set.removing(key).inserting(new))
      case .array(var array):
        try context.charge(array.count)
        array[try index(key, count: array.count)] = new
        return .array(array)
      default: return value
      }
    }

    /// What lies at a key, where something must.
    private static func child(
      of value: Value, at key: Value, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value {
      var name = key
      switch value {
      case .object(let object): if let child = object[key] { return child }
      case .set(let set): if set.contains(key) { return key }
      case .array(let array):
        let index = try index(key, count: array.count)
        if array.indices.contains(index) { return array[index] }
        name = .int(index)
      default:
        throw notComposite(value, at: key)
      }
      throw .failure(
        "path \(try text(name, &context)) does not exist in \(value.typeName) term \(try text(value, &context))")
    }

    /// An array's index; `-` stands for the one after the last.
    private static func index(_ key: Value, count: Int) throws(BuiltinError) -> Int {
      switch key {
      case .number(let number):
        guard let index = number.plainInt else { throw .failure("invalid number type for indexing") }
        return index
      case .string("-"): return count
      case .string(let text):
        guard let index = Int(text.string) else { throw .failure("invalid string for indexing") }
        if text.utf8.first == UInt8(ascii: "0"), text.utf8.count > 1 {
          throw .failure("leading zeros are not allowed in JSON paths")
        }
        return index
      default: throw .failure("invalid type for indexing")
      }
    }

    private static func notComposite(_ value: Value, at key: Value? = nil) -> BuiltinError {
      let place = key.map { " for path \($0.regoDescription)" } ?? ""
      let name = value.typeName.prefix(1).uppercased() + value.typeName.dropFirst()
      return .failure("expected composite type\(place), found value: \(value.regoDescription) (type: ast.\(name))")
    }

    private static func absent(_ key: Value, _ context: inout BuiltinContext) throws(BuiltinError) -> BuiltinError {
      .failure("cannot delete child key \(try text(key, &context)) that does not exist")
    }

    private static func text(_ value: Value, _ context: inout BuiltinContext) throws(BuiltinError) -> String {
      try context.charge(text: value)
      return value.regoDescription
    }
  }
}
