/// The inferred types of rules and functions, by path below `data`. What base data adds to them is anything.
final class TypeTree: @unchecked Sendable {
  // INVARIANT: written only while rules are checked, before any other thread sees the tree.
  private(set) var children: [Value: TypeTree] = [:]
  /// Of the rule with this path; absent for packages.
  private(set) var type: RegoType?
  /// Of the function with this path.
  private(set) var function: FunctionType?
  /// A definition with this path has errors: its users get none of their own from it.
  private var isAnything = false
  /// Of a function that has errors the next definition has none: OPA then knows it neither as one nor as the other. From
  /// the definition after that one on it is a function again.
  private(set) var isUndefinedFunction = false

  var isLeaf: Bool { type != nil || function != nil }

  // MARK: Writing

  private func node(at path: some Sequence<Value>) -> TypeTree {
    var node = self
    for key in path {
      if let child = node.children[key] {
        node = child
      } else {
        let child = TypeTree()
        node.children[key] = child
        node = child
      }
    }
    return node
  }

  /// Notes that a rule or function has errors.
  func insertAnything(at path: [Value]) {
    let node = node(at: path)
    node.type = .anything
    node.function = nil
    node.isAnything = true
    node.isUndefinedFunction = false
  }

  func insert(_ function: FunctionType, at path: [Value]) {
    let node = node(at: path)
    if node.isAnything, node.function == nil, !node.isUndefinedFunction {
      node.isUndefinedFunction = true
    } else {
      node.isUndefinedFunction = false
      node.type = nil
      node.function = node.function?.union(function) ?? function
    }
  }

  /// Adds what one definition gives: to the type at its path, and to objects whose part that is.
  func insert(_ type: RegoType, at path: [Value]) {
    var node = self
    for (index, key) in path.enumerated() {
      if let child = node.children[key] {
        node = child
        if index + 1 < path.count, let outer = child.type {
          child.type = outer.inserting(type, at: path[(index + 1)...]).bounded
        }
      } else {
        let child = TypeTree()
        node.children[key] = child
        node = child
      }
    }
    guard !node.isAnything else { return }
    var merged = node.type.map { $0.merging(type) } ?? type
    if case .object = type {
      node.forEachLeaf(below: []) { path, leaf in merged = merged.inserting(leaf, at: path[...]) }
    }
    node.type = merged.bounded
  }

  private func forEachLeaf(below path: [Value], _ visit: ([Value], RegoType) -> Void) {
    for key in children.keys.sorted() {
      guard let child = children[key] else { continue }
      if let type = child.type { visit(path + [key], type) }
      child.forEachLeaf(below: path + [key], visit)
    }
  }

  // MARK: Reading

  /// The function with exactly this path; absent when it is not known what it takes.
  func function(at path: [Value]) -> FunctionType? {
    var node = self
    for key in path {
      guard let child = node.children[key] else { return nil }
      node = child
    }
    return node.function
  }

  /// Whether calls of this function are refused because one of its definitions was.
  func isUndefinedFunction(at path: [Value]) -> Bool {
    var node = self
    for key in path {
      guard let child = node.children[key] else { return false }
      node = child
    }
    return node.isUndefinedFunction
  }

  /// Of everything at and below a path; absent when no rule is there.
  func extent(at path: [Text]) -> RegoType? {
    var node = self
    for part in path {
      guard let child = node.children[.string(part)] else { return nil }
      node = child
    }
    return node.function == nil ? node.extent : nil
  }

  /// Of everything at and below this path. Base data may add keys to a package. A function is no value of any type.
  var extent: RegoType {
    if let type { return type }
    var properties: [Value: RegoType] = [:]
    for (key, child) in children {
      switch key {
      case .string, .number, .boolean: properties[key] = child.function == nil ? child.extent : .untyped
      default: break
      }
    }
    return .object(properties: properties, restKey: .string, restValue: .anything)
  }
}

extension RegoType {
  /// The type of a document that two definitions make together.
  fileprivate func merging(_ other: RegoType) -> RegoType {
    switch (self, other) {
    case (.set(let a), .set(let b)): return .set(a.union(b))
    case (.object(let knownA, let keyA?, let valueA?), .object(let knownB, let keyB?, let valueB?))
    where knownA.isEmpty && knownB.isEmpty:
      return .object(properties: [:], restKey: keyA.union(keyB), restValue: valueA.merging(valueB))
    case (.any(let members), .object(let known, let key?, let value?)) where known.isEmpty,
      (.object(let known, let key?, let value?), .any(let members)) where known.isEmpty:
      // As in OPA, the first such object of several types takes it in.
      for (index, member) in members.enumerated() {
        guard case .object(let own, let ownKey?, let ownValue?) = member, own.isEmpty else { continue }
        var merged = members
        merged[index] = .object(properties: [:], restKey: ownKey.union(key), restValue: ownValue.union(value))
        return RegoType.any(merged).normalized
      }
      return union(other)
    default: return union(other)
    }
  }

  /// The type of an object that has a member of this type at a path besides its own.
  fileprivate func inserting(_ type: RegoType, at path: ArraySlice<Value>) -> RegoType {
    guard let key = path.first, case .object(let properties, let restKey, let restValue) = self else { return self }
    let rest = path.dropFirst()
    let empty = RegoType.object(properties: [:], restKey: nil, restValue: nil)
    let member = rest.isEmpty ? type : empty.inserting(type, at: rest)
    return .object(
      properties: properties, restKey: .union(restKey, RegoType(of: key)), restValue: .union(restValue, member))
  }
}
