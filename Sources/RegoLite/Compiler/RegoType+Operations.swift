extension RegoType {
  /// Unions of more types than this, and arrays and objects with more parts, are widened: what a policy says of so
  /// many kinds of value is rarely worth a check, and types stay small however large the policy's data is.
  static let widthLimit = 128
  private static let partLimit = 1000
  private static let nodeLimit = 512
  private static let depthLimit = 24

  /// Nothing in it is `untyped`, other types beside that apart.
  var isKnown: Bool {
    switch self {
    case .untyped: false
    case .null, .boolean, .number, .string, .any: true
    case .set(let element): element.isKnown
    case .array(let leading, let rest): leading.allSatisfy(\.isKnown) && rest?.isKnown ?? true
    case .object(let properties, let restKey, let restValue):
      properties.values.allSatisfy(\.isKnown) && restKey?.isKnown ?? true && restValue?.isKnown ?? true
    }
  }

  var isAnything: Bool { if case .any(let members) = self { members.isEmpty } else { false } }

  // MARK: Of values

  init(of value: Value) {
    var nodes = 0
    self.init(of: value, depth: 0, nodes: &nodes)
  }

  private init(of value: Value, depth: Int, nodes: inout Int) {
    nodes += 1
    guard depth < Self.depthLimit, nodes < Self.nodeLimit else {
      self = .anything
      return
    }
    switch value {
    case .null: self = .null
    case .boolean: self = .boolean
    case .number: self = .number
    case .string: self = .string
    case .array(let items):
      if items.isEmpty || items.count > Self.partLimit {
        self = .array(of: .anything)
      } else {
        self = .array(leading: items.map { RegoType(of: $0, depth: depth + 1, nodes: &nodes) }, rest: nil)
      }
    case .set(let set):
      var element: RegoType?
      for member in set.elements.prefix(Self.partLimit) {
        element = .union(element, RegoType(of: member, depth: depth + 1, nodes: &nodes))
      }
      self = .set(set.count > Self.partLimit ? .anything : element ?? .anything)
    case .object(let object):
      if object.isEmpty || object.count > Self.partLimit {
        self = .anyObject
      } else {
        var properties: [Value: RegoType] = [:]
        for (key, value) in object.entries { properties[key] = RegoType(of: value, depth: depth + 1, nodes: &nodes) }
        self = .object(properties: properties, restKey: nil, restValue: nil)
      }
    }
  }

  /// The type of a value that is the key of a property: there, sets are arrays, objects have texts for keys, and what is
  /// empty has no members.
  init(ofKey key: Value) {
    switch key {
    case .null, .boolean, .number, .string: self.init(of: key)
    case .array(let items): self = .array(leading: items.map { RegoType(ofKey: $0) }, rest: nil)
    case .set(let set): self = .array(leading: set.elements.map { RegoType(ofKey: $0) }, rest: nil)
    case .object(let object):
      var properties: [Value: RegoType] = [:]
      for (key, value) in object.entries {
        let name = key.asText ?? Text(key.regoDescription)
        properties[.string(name)] = RegoType(ofKey: value)
      }
      self = .object(properties: properties, restKey: nil, restValue: nil)
    }
  }

  // MARK: Unions

  /// What is of either type; an absent one adds nothing.
  static func union(_ a: RegoType?, _ b: RegoType?) -> RegoType? {
    guard let a else { return b }
    guard let b else { return a }
    return a.union(b)
  }

  func union(_ other: RegoType) -> RegoType {
    switch (self, other) {
    case (.any(let mine), .any(let theirs)):
      if mine.isEmpty || theirs.isEmpty { return .anything }
      return theirs.reduce(self) { $0.union($1) }
    case (.any(var members), _):
      if members.isEmpty { return self }
      let (index, isMember) = Self.position(of: other, in: members)
      if isMember { return self }
      members.insert(other, at: index)
      return members.count > Self.widthLimit ? .anything : .any(members)
    case (_, .any): return other.union(self)
    default:
      return switch Self.compare(self, other) {
      case .same: self
      case .ascending: .any([self, other])
      case .descending: .any([other, self])
      }
    }
  }

  /// Where a type is among, or would have to go into, a union's members, which are in order.
  private static func position(of type: RegoType, in members: [RegoType]) -> (index: Int, isMember: Bool) {
    var low = 0
    var high = members.count
    while low < high {
      let middle = (low + high) / 2
      switch compare(members[middle], type) {
      case .same: return (middle, true)
      case .ascending: low = middle + 1
      case .descending: high = middle
      }
    }
    return (low, false)
  }

  /// The same type with the members of its unions in order, as this file keeps them.
  var normalized: RegoType {
    switch self {
    case .null, .boolean, .number, .string, .untyped: self
    case .any(let members): .any(members.map(\.normalized).sorted { Self.compare($0, $1) == .ascending })
    case .set(let element): .set(element.normalized)
    case .array(let leading, let rest): .array(leading: leading.map(\.normalized), rest: rest?.normalized)
    case .object(let properties, let restKey, let restValue):
      .object(
        properties: properties.mapValues(\.normalized), restKey: restKey?.normalized, restValue: restValue?.normalized)
    }
  }

  // MARK: Order

  private var rank: Int {
    switch self {
    case .null: 0
    case .boolean: 1
    case .number: 2
    case .string: 3
    case .array: 4
    case .object: 5
    case .set: 6
    case .any: 7
    case .untyped: -1
    }
  }

  /// The order in which a union's members are printed.
  static func compare(_ a: RegoType, _ b: RegoType) -> Order {
    if a.rank != b.rank { return a.rank < b.rank ? .ascending : .descending }
    switch (a, b) {
    case (.any(let x), .any(let y)): return compare(x, y)
    case (.set(let x), .set(let y)): return compare(x, y)
    case (.array(let leadingA, let restA), .array(let leadingB, let restB)):
      let order = compare(restA, restB)
      return order == .same ? compare(leadingA, leadingB) : order
    case (.object(let propertiesA, let keyA, let valueA), .object(let propertiesB, let keyB, let valueB)):
      var order = compare(keyA, keyB)
      if order == .same { order = compare(valueA, valueB) }
      if order != .same { return order }
      let (keysA, keysB) = (propertiesA.keys.sorted(), propertiesB.keys.sorted())
      for (x, y) in zip(keysA, keysB) {
        order = x.compare(to: y)
        if order == .same { order = compare(propertiesA[x], propertiesB[y]) }
        if order != .same { return order }
      }
      return compare(keysA.count, keysB.count)
    default: return .same
    }
  }

  private static func compare(_ a: RegoType?, _ b: RegoType?) -> Order {
    switch (a, b) {
    case (nil, nil): .same
    case (nil, _): .ascending
    case (_, nil): .descending
    case (let a?, let b?): compare(a, b)
    }
  }

  private static func compare(_ a: [RegoType], _ b: [RegoType]) -> Order {
    for (x, y) in zip(a, b) {
      let order = compare(x, y)
      if order != .same { return order }
    }
    return compare(a.count, b.count)
  }

  private static func compare(_ a: Int, _ b: Int) -> Order {
    a == b ? .same : a < b ? .ascending : .descending
  }

  // MARK: Parts

  /// The type of what the collection's members are found by; absent for what has no members.
  var keys: RegoType? {
    switch self {
    case .null, .boolean, .number, .string, .untyped, .set(.untyped), .object(_, .untyped, _): nil
    case .array: .number
    case .set(let element): element
    case .object(let properties, let restKey, _):
      .union(properties.keys.reduce(nil) { .union($0, RegoType(ofKey: $1)) }, restKey)
    case .any(let members): members.isEmpty ? self : members.reduce(nil) { .union($0, $1.keys) }
    }
  }

  /// The type of the collection's members; absent for what has none.
  var values: RegoType? {
    switch self {
    case .null, .boolean, .number, .string, .untyped, .set(.untyped), .object(_, _, .untyped): nil
    case .array(let leading, let rest): Self.known(.union(leading.reduce(nil) { .union($0, $1) }, rest))
    case .set(let element): element
    case .object(let properties, _, let restValue): Self.values(of: properties, rest: restValue)
    case .any(let members): members.isEmpty ? self : members.reduce(nil) { .union($0, $1.values) }
    }
  }

  private static func known(_ type: RegoType?) -> RegoType? { type == .untyped ? nil : type }

  /// As in OPA, a function and a value together leave nothing that is known.
  private static func values(of properties: [Value: RegoType], rest: RegoType?) -> RegoType? {
    guard properties.values.contains(.untyped) else {
      return .union(properties.values.reduce(nil) { .union($0, $1) }, rest)
    }
    var result: RegoType?
    for type in ordered(properties.keys).compactMap({ properties[$0] }) + (rest.map { [$0] } ?? []) {
      if let known = result, known == .untyped || type == .untyped {
        result = nil
      } else {
        result = .union(result, type)
      }
    }
    return known(result)
  }

  /// The type of the member with this key; absent when there can be none.
  func member(_ key: Value) -> RegoType? {
    switch self {
    case .null, .boolean, .number, .string, .untyped, .object(_, _, .untyped): return nil
    case .array(let leading, let rest):
      // The index has to be written as one: `1.0` is none.
      guard case .number(let number) = key, let index = Int(number.description), index >= 0 else { return nil }
      return index < leading.count ? leading[index] : rest
    case .set(let element):
      let type = RegoType(of: key)
      return element.contains(type) ? (element.isUnion ? type : element) : nil
    case .object(let properties, let restKey, let restValue):
      if let known = Self.property(key, in: properties) { return known }
      guard let restKey, restKey.contains(RegoType(ofKey: key)) else { return nil }
      return restValue
    case .any(let members): return members.isEmpty ? self : members.reduce(nil) { .union($0, $1.member(key)) }
    }
  }

  private static func property(_ key: Value, in properties: [Value: RegoType]) -> RegoType? {
    switch key {
    case .null, .boolean, .string: return properties[key]
    case .number, .array, .object, .set: break
    }
    guard key.needsSearch || properties.keys.contains(where: \.needsSearch) else { return properties[key] }
    let keys = ordered(properties.keys)
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if compareKeys(keys[middle], key) == .ascending { low = middle + 1 } else { high = middle }
    }
    return low < keys.count && compareKeys(keys[low], key) == .same ? properties[keys[low]] : nil
  }

  /// The keys of an object's properties in OPA's order, in which it also looks for them. An integer comes before any
  /// number that isn't written as one, but such a number is compared with an integer by value: so that some keys are
  /// in the wrong place and not found.
  static func ordered(_ keys: some Collection<Value>) -> [Value] {
    var result = keys.sorted()
    guard result.contains(where: \.needsSearch) else { return result }
    for index in result.indices {
      var place = index
      while place > 0, compareKeys(result[place], result[place - 1]) == .ascending {
        result.swapAt(place, place - 1)
        place -= 1
      }
    }
    return result
  }

  private static func compareKeys(_ a: Value, _ b: Value) -> Order {
    switch (a, b) {
    case (.number(let x), .number(let y)):
      return x.isWrittenAsInteger && !y.isWrittenAsInteger ? .ascending : x.compare(to: y)
    case (.object, .array), (.object, .set): return .descending
    case (.array, .object), (.set, .object): return .ascending
    default: break
    }
    guard let x = a.items, let y = b.items else { return a.compare(to: b) }
    for (x, y) in zip(x, y) {
      let order = compareKeys(x, y)
      if order != .same { return order }
    }
    return compare(x.count, y.count)
  }

  private var isUnion: Bool { if case .any = self { true } else { false } }

  /// The type itself, or one of the union's members.
  private func contains(_ other: RegoType) -> Bool {
    if case .any(let members) = self { return members.isEmpty || Self.position(of: other, in: members).isMember }
    return self == other
  }

  /// The keys that are known one by one.
  var knownKeys: [Value] {
    switch self {
    case .object(let properties, _, _): properties.keys.sorted()
    case .any(let members): Set(members.flatMap(\.knownKeys)).sorted()
    default: []
    }
  }

  // MARK: Bounds

  /// The type, with the parts that lie too deep or are too many widened to anything: types are built from types, and a
  /// policy of n lines could make one of size 2^n.
  var bounded: RegoType {
    var nodes = 0
    if fits(depth: 0, nodes: &nodes) { return self }
    nodes = 0
    return bounded(depth: 0, nodes: &nodes)
  }

  private func fits(depth: Int, nodes: inout Int) -> Bool {
    nodes += 1
    guard depth < Self.depthLimit, nodes < Self.nodeLimit else { return false }
    switch self {
    case .null, .boolean, .number, .string, .untyped: return true
    case .any(let members): return members.allSatisfy { $0.fits(depth: depth + 1, nodes: &nodes) }
    case .set(let element): return element.fits(depth: depth + 1, nodes: &nodes)
    case .array(let leading, let rest):
      return leading.allSatisfy { $0.fits(depth: depth + 1, nodes: &nodes) }
        && rest?.fits(depth: depth + 1, nodes: &nodes) ?? true
    case .object(let properties, let restKey, let restValue):
      return properties.values.allSatisfy { $0.fits(depth: depth + 1, nodes: &nodes) }
        && restKey?.fits(depth: depth + 1, nodes: &nodes) ?? true
        && restValue?.fits(depth: depth + 1, nodes: &nodes) ?? true
    }
  }

  private func bounded(depth: Int, nodes: inout Int) -> RegoType {
    nodes += 1
    guard depth < Self.depthLimit, nodes < Self.nodeLimit else { return .anything }
    func inner(_ type: RegoType) -> RegoType { type.bounded(depth: depth + 1, nodes: &nodes) }
    switch self {
    case .null, .boolean, .number, .string, .untyped: return self
    case .any(let members):
      return members.isEmpty ? self : members.reduce(nil) { .union($0, inner($1)) } ?? .anything
    case .set(let element): return .set(inner(element))
    case .array(let leading, let rest): return .array(leading: leading.map(inner), rest: rest.map(inner))
    case .object(let properties, let restKey, let restValue):
      var known: [Value: RegoType] = [:]
      for key in properties.keys.sorted() { known[key] = properties[key].map(inner) }
      return .object(properties: known, restKey: restKey.map(inner), restValue: restValue.map(inner))
    }
  }
}

extension Value {
  /// As a key, it may not be found where it is: see `RegoType.ordered`.
  fileprivate var needsSearch: Bool {
    switch self {
    case .null, .boolean, .string: false
    case .number(let number): Int(number.description) == nil
    case .array, .set, .object: true
    }
  }

  /// An array's elements; a set's in order, which is one to OPA here.
  fileprivate var items: [Value]? {
    switch self {
    case .array(let items): Array(items)
    case .set(let set): Array(set.elements)
    case .null, .boolean, .number, .string, .object: nil
    }
  }
}

extension Number {
  /// `1` and `1.0`, but not `1e0`, and no integer of more than 64 bits.
  fileprivate var isWrittenAsInteger: Bool {
    let text = description
    guard let point = text.firstIndex(of: ".") else { return Int(text) != nil }
    return Int(text[..<point]) != nil && text[text.index(after: point)...].allSatisfy { $0 == "0" }
  }
}
