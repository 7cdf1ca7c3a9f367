/// An object. Immutable storage, shared between copies; keys ascend in Rego's total order.
public struct ObjectValue: Sendable {
  private let storage: Storage

  private final class Storage: Sendable {
    let keys: [Value]
    let values: [Value]
    let index: HashIndex?

    /// `keys` ascend and differ; there are as many `values`.
    init(_ keys: [Value], _ values: [Value]) {
      self.keys = keys
      self.values = values
      index = HashIndex(keys)
    }

    static let empty = Storage([], [])

    func position(of key: Value) -> Int? {
      if case .string(let text) = key { return position(of: text) }
      if let index { return index.position(of: key, in: keys) }
      return keys.withUnsafeBufferPointer { keys in
        for position in 0..<keys.count where keys[position] == key { return position }
        return nil
      }
    }

    func position(of key: Text) -> Int? {
      if let index { return index.position(of: .string(key), in: keys) }
      return keys.withUnsafeBufferPointer { keys in
        for position in 0..<keys.count {
          if case .string(let text) = keys[position], text == key { return position }
        }
        return nil
      }
    }
  }

  public init() { storage = .empty }

  /// Of pairs with equal keys the last one's value counts.
  public init(_ pairs: [(Value, Value)]) {
    self.init(keys: pairs.map(\.0), values: pairs.map(\.1))
  }

  /// As many keys as values, in any order; of equal keys the first one stays and the last one's value counts.
  init(keys: [Value], values: [Value]) {
    if keys.isAscending {
      self.init(ascending: keys, values)
      return
    }
    var sortedKeys: [Value] = []
    var sortedValues: [Value] = []
    sortedKeys.reserveCapacity(keys.count)
    sortedValues.reserveCapacity(keys.count)
    for position in keys.sortedPositions() {
      if let last = sortedKeys.last, last == keys[position] {
        sortedValues[sortedValues.count - 1] = values[position]
      } else {
        sortedKeys.append(keys[position])
        sortedValues.append(values[position])
      }
    }
    self.init(ascending: sortedKeys, sortedValues)
  }

  /// `keys` ascend and differ; there are as many `values`.
  init(ascending keys: [Value], _ values: [Value]) { storage = keys.isEmpty ? .empty : Storage(keys, values) }

  public var count: Int { storage.keys.count }
  public var isEmpty: Bool { storage.keys.isEmpty }
  /// Ascending.
  public var keys: [Value] { storage.keys }
  /// In the order of the keys.
  public var values: [Value] { storage.values }
  /// Ascending by key.
  public var entries: Entries { Entries(object: self) }

  public struct Entries: RandomAccessCollection, Sendable {
    fileprivate let object: ObjectValue
    public var startIndex: Int { 0 }
    public var endIndex: Int { object.count }
    public subscript(position: Int) -> (key: Value, value: Value) {
      (object.storage.keys[position], object.storage.values[position])
    }
  }

  // A string literal is a Text.
  @_disfavoredOverload
  public subscript(key: Value) -> Value? {
    storage.position(of: key).map { storage.values[$0] }
  }

  public subscript(key: Text) -> Value? {
    storage.position(of: key).map { storage.values[$0] }
  }

  public func contains(_ key: Value) -> Bool { storage.position(of: key) != nil }

  /// Strings lie together in the total order, so the ends tell.
  var hasOnlyTextKeys: Bool {
    guard case .string? = storage.keys.first, case .string? = storage.keys.last else { return isEmpty }
    return true
  }

  public func setting(_ key: Value, _ value: Value) -> ObjectValue {
    var (keys, values) = (storage.keys, storage.values)
    if let position = storage.position(of: key) {
      values[position] = value
    } else {
      let position = keys.partitionPoint { $0 < key }
      keys.insert(key, at: position)
      values.insert(value, at: position)
    }
    return ObjectValue(ascending: keys, values)
  }

  public func removing(_ key: Value) -> ObjectValue { removing(SetValue([key])) }

  public func removing(_ keys: SetValue) -> ObjectValue { filter { key, _ in !keys.contains(key) } }

  /// Only the entries that `isKept` holds for.
  public func filter(_ isKept: (Value, Value) -> Bool) -> ObjectValue {
    var keys: [Value] = []
    var values: [Value] = []
    for position in 0..<count where isKept(storage.keys[position], storage.values[position]) {
      keys.append(storage.keys[position])
      values.append(storage.values[position])
    }
    return keys.count == count ? self : ObjectValue(ascending: keys, values)
  }

  /// Both objects' entries; `other`'s value counts where both have the key.
  public func merging(_ other: ObjectValue) -> ObjectValue {
    merging(other) { _, theirs in theirs }
  }

  /// Both objects' entries; `combine` has the value where both have the key.
  public func merging(_ other: ObjectValue, combine: (Value, Value) -> Value) -> ObjectValue {
    if other.isEmpty { return self }
    if isEmpty { return other }
    var keys: [Value] = []
    var values: [Value] = []
    keys.reserveCapacity(count + other.count)
    values.reserveCapacity(count + other.count)
    let (a, b) = (storage, other.storage)
    var (i, j) = (0, 0)
    while i < a.keys.count, j < b.keys.count {
      switch a.keys[i].compare(to: b.keys[j]) {
      case .ascending:
        keys.append(a.keys[i])
        values.append(a.values[i])
        i += 1
      case .descending:
        keys.append(b.keys[j])
        values.append(b.values[j])
        j += 1
      case .same:
        keys.append(a.keys[i])
        values.append(combine(a.values[i], b.values[j]))
        i += 1
        j += 1
      }
    }
    keys += a.keys[i...]
    values += a.values[i...]
    keys += b.keys[j...]
    values += b.values[j...]
    return ObjectValue(ascending: keys, values)
  }

  func compare(to other: ObjectValue) -> Order {
    let (a, b) = (storage, other.storage)
    for position in 0..<min(a.keys.count, b.keys.count) {
      let order = a.keys[position].compare(to: b.keys[position])
      if order != .same { return order }
      let valueOrder = a.values[position].compare(to: b.values[position])
      if valueOrder != .same { return valueOrder }
    }
    return count == other.count ? .same : count < other.count ? .ascending : .descending
  }
}

extension ObjectValue: Hashable {
  public static func == (a: ObjectValue, b: ObjectValue) -> Bool {
    if a.storage === b.storage { return true }
    return Value.areEqual(a.storage.keys, b.storage.keys) && Value.areEqual(a.storage.values, b.storage.values)
  }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    for key in storage.keys { key.hash(into: &hasher) }
    for value in storage.values { value.hash(into: &hasher) }
  }
}

extension ObjectValue: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (Value, Value)...) { self.init(elements) }
}
