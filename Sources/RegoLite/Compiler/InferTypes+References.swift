extension Atom {
  /// The text, when the atom is one.
  fileprivate var constantText: Text? {
    if case .string(let text)? = constantValue { return text }
    return nil
  }
}

extension InferTypes {
  /// Whether the reference can lead anywhere: says so when it can't, and gives the variables in its path their types.
  mutating func checkReference(_ base: ReferenceBase, _ path: [Atom], at location: Location) -> Bool {
    var reference = Reference(base: base, path: path, location: location)
    switch base {
    case .input:
      reference.name = "input"
      guard checkReplacedParts("input", reference) else { return false }
      return checkPath(reference, from: 0, below: .anything)
    case .data: return checkDocument(reference)
    case .atom(.constant(let value)) where !value.isCollection:
      // As in OPA, a scalar is looked into without a word.
      return checkPath(reference, from: 0, below: .anything)
    case .atom(let atom):
      // What is looked into without everything known of it can be anything from then on: but for the members of sets.
      let isSet = if case .set = atom { true } else { false }
      if !isSet, type(of: atom) == nil { _ = unify(atom, .anything) }
      reference.name = text(of: atom)
      return checkPath(reference, from: 0, below: typeOfBase(atom))
    }
  }

  /// The type of what the reference leads to; absent when nothing is known of it.
  func type(of base: ReferenceBase, _ path: [Atom]) -> RegoType? {
    switch base {
    case .input: return replacedObject("input", path) ?? .anything
    case .atom(.constant(let value)) where !value.isCollection: return nil
    case .atom(let atom): return member(of: typeOfBase(atom), path[...])
    case .data: break
    }
    if let object = replacedObject("data", path), graph.node(at: path.compactMap(\.constantText)) == nil {
      return object
    }
    if let (type, rest) = replacement(of: path) { return type.isAnything ? type : member(of: type, rest) }
    var node = types
    for (index, part) in path.enumerated() {
      guard let key = part.constantValue else { return member(of: node.extent, path[index...]) }
      guard let child = node.children[key] else {
        guard let type = node.type else { return .anything }
        return member(of: type, path[index...])
      }
      if child.isLeaf, index + 1 == path.count || child.children.isEmpty {
        return child.type.flatMap { member(of: $0, path[(index + 1)...]) }
      }
      node = child
    }
    return node.extent
  }

  /// The type of a document that the expression's modifiers replace a part of; absent when they don't, or replace it as a
  /// whole.
  private func replacedObject(_ root: Text, _ path: [Atom]) -> RegoType? {
    let own = replaced.filter { $0.root == root }
    guard let names = Self.names(path), !own.contains(where: { $0.path == names && !$0.isNowhere }) else { return nil }
    return Self.object(of: own.map { ($0.path, .anything) }, below: names)
  }

  /// Of documents, by path below `data`.
  private var newValues: [(path: [Text], type: RegoType)] {
    replaced.compactMap { one in
      guard one.root == "data", !one.isNowhere, let type = one.type else { return nil }
      return (one.path, type)
    }
  }

  /// The type of a package, or of a rule of several parts, when some of what lies below it is replaced or changes with
  /// what is: of the rest of it nothing is known.
  private func replacedPackage(_ path: [Atom]) -> RegoType? {
    guard let names = Self.names(path) else { return nil }
    var parts = newValues.map { target, type in (target, types.extent(at: target)?.union(type) ?? .anything) }
    parts += affected.sorted().map { group in (groups[group].path.map { $0.asText ?? Self.noName }, .anything) }
    return Self.object(of: parts, below: names)
  }

  /// The object at `names` that has these parts; absent when it has none.
  private static func object(of parts: [(path: [Text], type: RegoType)], below names: [Text]) -> RegoType? {
    let parts = parts.filter { $0.path.count > names.count && $0.path.starts(with: names) }
    guard let (path, leaf) = parts.first else { return nil }
    if parts.count > 1 { return .object(properties: [:], restKey: .string, restValue: .anything) }
    return path[names.count...].reversed().reduce(leaf) { type, name in
      .object(properties: [.string(name): type], restKey: .string, restValue: .anything)
    }
  }

  /// The texts that the path is made of; absent when it isn't.
  private static func names(_ path: [Atom]) -> [Text]? {
    let names = path.compactMap(\.constantText)
    return names.count == path.count ? names : nil
  }

  /// The type of a rule that the expression's modifiers replace, or what it says itself, and the path below it. Where
  /// they replace some other part of the way, the reference can lead to anything.
  private func replacement(of path: [Atom]) -> (type: RegoType, rest: ArraySlice<Atom>)? {
    if let package = replacedPackage(path) { return (package, path[path.count...]) }
    if graph.leads(path, toOneOf: affected) { return (.anything, path[...]) }
    let constants = path.prefix { $0.constantValue != nil }.compactMap(\.constantValue)
    var result: (type: RegoType, rest: ArraySlice<Atom>)?
    for (target, type) in newValues {
      guard zip(constants, target).allSatisfy({ $0 == .string($1) }) else { continue }
      guard result == nil, target.count <= constants.count, let own = types.extent(at: target) else {
        return (.anything, path[...])
      }
      result = (own.union(type), path[target.count...])
    }
    return result
  }

  private func member(of type: RegoType, _ path: ArraySlice<Atom>) -> RegoType? {
    var type = type
    for part in path {
      let next: RegoType?
      if case .constant(let key) = part, !key.isCollection { next = type.member(key) } else { next = type.values }
      guard let next else { return nil }
      type = next
    }
    return type
  }

  // MARK: Paths

  /// A path below `data` has names in as many places: a package's and a rule's at least.
  private static let placesOfNames = 2

  private struct Reference {
    let base: ReferenceBase
    let path: [Atom]
    let location: Location
    var name = ""
  }

  /// Follows the path through packages to a rule, and on below the rule's type.
  private mutating func checkDocument(_ reference: Reference) -> Bool {
    var reference = reference
    reference.name = "data"
    guard checkReplacedParts("data", reference) else { return false }
    if let (type, rest) = replacement(of: reference.path) {
      return checkPath(reference, from: rest.startIndex, below: type)
    }
    guard checkFunctionReference(reference.path, at: reference.location) else { return false }
    var node = types
    for (index, part) in reference.path.enumerated() {
      guard let key = part.constantValue else {
        // Some rule or base document: only this key is checked.
        guard checkKey(part, reference, at: index, below: node.extent) else { return false }
        bindRest(reference.path[(index + 1)...])
        return true
      }
      guard let child = node.children[key] else {
        if index < Self.placesOfNames, part.constantText == nil, !node.children.isEmpty {
          return checkKey(part, reference, at: index, below: node.extent)
        }
        bindRest(reference.path[(index + 1)...])
        return true
      }
      if let type = child.type { return checkPath(reference, from: index + 1, below: type) }
      node = child
    }
    return true
  }

  /// Whether the reference can lead into the documents that the expression's modifiers replace parts of.
  private mutating func checkReplacedParts(_ root: Text, _ reference: Reference) -> Bool {
    for (index, part) in reference.path.enumerated() {
      guard let object = replacedObject(root, Array(reference.path[..<index])) else { return true }
      if part.constantText != nil { continue }
      // Beyond the names, OPA finds no such key here and looks for it where nothing is replaced.
      let isVariable = if case .local = part { true } else { false }
      return index >= Self.placesOfNames && !isVariable || checkKey(part, reference, at: index, below: object)
    }
    return true
  }

  /// Functions are no documents: false, with an error noted, when the path leads to one.
  mutating func checkFunctionReference(_ path: [Atom], at location: Location) -> Bool {
    var node = types
    for (index, part) in path.enumerated() {
      guard let key = part.constantValue, let child = node.children[key] else { return true }
      if let function = child.function {
        let reference = Reference(base: .data, path: path, location: location, name: "data")
        let (text, reach) = (text(of: reference), text(of: reference, count: index + 1))
        report(
          "function \(text) used as reference, not called\n\t\(text)\n\t\(Self.carets(reach))\n\thave: \(function)",
          at: location)
        return false
      }
      node = child
    }
    return true
  }

  /// Variables in a path that leads nobody knows where can be anything.
  private mutating func bindRest(_ path: ArraySlice<Atom>) {
    for part in path { _ = unify(part, .anything) }
  }

  private mutating func checkPath(_ reference: Reference, from start: Int, below type: RegoType) -> Bool {
    var type = type
    for index in start..<max(start, reference.path.count) {
      let part = reference.path[index]
      guard checkKey(part, reference, at: index, below: type) else { return false }
      let next: RegoType?
      if case .constant(let key) = part, !key.isCollection { next = type.member(key) } else { next = type.values }
      guard let next else {
        if index + 1 == reference.path.count { return true }
        report("undefined ref: \(text(of: reference))", at: reference.location)
        return false
      }
      type = next
    }
    guard type == .untyped else { return true }
    let text = text(of: reference)
    // A package's functions have names.
    let isFunction = reference.path.last?.constantText != nil
    report(
      isFunction ? "function \(text) used as reference, not called" : "undefined ref: \(text)", at: reference.location)
    return false
  }

  /// Whether a value of the type can have this key.
  private mutating func checkKey(_ key: Atom, _ reference: Reference, at index: Int, below type: RegoType) -> Bool {
    guard let keys = type.keys else {
      let (text, reach) = (text(of: reference), text(of: reference, count: index))
      report(
        "undefined ref: \(text)\n\t\(text)\n\t\(Self.carets(reach))\n\thave: \(type)", at: reference.location)
      return false
    }
    switch key {
    case .constant(let value) where !value.isCollection:
      if type.member(value) != nil { return true }
      reportKey("have: \(value.regoDescription)", reference, at: index, keys, known: type.knownKeys)
    case .local(let slot):
      if unify(key, keys) { return true }
      let have = slots[slot]?.description ?? RegoType.unknown
      reportKey("have (type): \(have)", reference, at: index, keys, known: type.knownKeys)
    case .constant, .array, .object, .set:
      if unify(key, keys) { return true }
      reportKey("have (type): \(description(of: key))", reference, at: index, keys, known: [])
    }
    return false
  }

  // MARK: Messages

  private mutating func reportKey(
    _ have: String, _ reference: Reference, at index: Int, _ keys: RegoType, known: [Value]
  ) {
    let text = text(of: reference)
    let pad = String(repeating: " ", count: self.text(of: reference, count: index).utf8.count + 1)
    let want =
      known.isEmpty
      ? "want (type): \(keys)" : "want (one of): [\(known.map(\.regoDescription).joined(separator: " "))]"
    report(
      "undefined ref: \(text)\n\t\(text)\n\t\(pad)^\n\t\(pad)\(have)\n\t\(pad)\(want)", at: reference.location)
  }

  private static func carets(_ text: String) -> String { String(repeating: "^", count: text.utf8.count) }

  /// The reference, or its first parts.
  private func text(of reference: Reference, count: Int? = nil) -> String {
    var result = reference.name
    for part in reference.path.prefix(count ?? reference.path.count) {
      if case .constant(let value) = part {
        result += RuleGroup.pathPart(value)
      } else {
        result += "[\(text(of: part))]"
      }
    }
    return result
  }

  private func text(of atom: Atom) -> String {
    switch atom {
    case .constant(let value): return value.regoDescription
    case .local(let slot):
      if slot < slotNames.count, let name = slotNames[slot] { return name.isWildcard ? "_" : name.string }
      return origin(of: slot).map { text(of: $0) } ?? "_"
    case .array(let items): return "[\(items.map { text(of: $0) }.joined(separator: ", "))]"
    case .set(let items): return "{\(items.map { text(of: $0) }.joined(separator: ", "))}"
    case .object(let items):
      return "{\(items.map { "\(text(of: $0.key)): \(text(of: $0.value))" }.joined(separator: ", "))}"
    }
  }

  /// What the step computes, with names as they were resolved.
  private func text(of step: Step) -> String {
    switch step.kind {
    case .reference(_, .data, let path):
      return text(of: Reference(base: .data, path: path, location: step.location, name: "data"))
    case .reference(_, .input, let path):
      return text(of: Reference(base: .input, path: path, location: step.location, name: "input"))
    case .reference(_, .atom(let atom), let path):
      return text(of: Reference(base: .atom(atom), path: path, location: step.location, name: text(of: atom)))
    case .call(_, let callee, let arguments):
      let name =
        switch callee {
        case .builtin(let builtin): builtin.name.string
        case .function(let group): groups[group].name
        }
      return "\(name)(\(arguments.map { text(of: $0) }.joined(separator: ", ")))"
    default: return step.location.text
    }
  }
}
