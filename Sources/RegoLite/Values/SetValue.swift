/// A set. Immutable storage, shared between copies; elements ascend in Rego's total order.
public struct SetValue: Sendable {
  private let storage: Storage

  private final class Storage: Sendable {
    let elements: [Value]
    let index: HashIndex?

    /// `elements` ascend and differ.
    init(_ elements: [Value]) {
      self.elements = elements
      index = HashIndex(elements)
    }

    static let empty = Storage([])

    func position(of value: Value) -> Int? {
      if let index { return index.position(of: value, in: elements) }
      return elements.withUnsafeBufferPointer { elements in
        for position in 0..<elements.count where elements[position] == value { return position }
        return nil
      }
    }
  }

  public init() { storage = .empty }

  /// Sorts and keeps the first of equal elements.
  public init(_ elements: [Value]) {
    self.init(ascending: elements.sortedDistinct())
  }

  /// `elements` ascend and differ.
  init(ascending elements: [Value]) { storage = elements.isEmpty ? .empty : Storage(elements) }

  public var count: Int { storage.elements.count }
  public var isEmpty: Bool { storage.elements.isEmpty }
  /// Ascending.
  public var elements: [Value] { storage.elements }

  public func contains(_ value: Value) -> Bool { storage.position(of: value) != nil }

  /// The set's own element that equals `value`.
  public func element(equalTo value: Value) -> Value? { storage.position(of: value).map { storage.elements[$0] } }

  /// Of equal elements this set's own stays.
  public func union(_ other: SetValue) -> SetValue {
    if other.isEmpty { return self }
    if isEmpty { return other }
    var result: [Value] = []
    result.reserveCapacity(count + other.count)
    let (a, b) = (elements, other.elements)
    var (i, j) = (0, 0)
    while i < a.count, j < b.count {
      switch a[i].compare(to: b[j]) {
      case .ascending:
        result.append(a[i])
        i += 1
      case .descending:
        result.append(b[j])
        j += 1
      case .same:
        result.append(a[i])
        i += 1
        j += 1
      }
    }
    result += a[i...]
    result += b[j...]
    return SetValue(ascending: result)
  }

  /// Of equal elements those of the smaller set stay, this set's if neither is.
  public func intersection(_ other: SetValue) -> SetValue {
    let (small, large) = other.count < count ? (other, self) : (self, other)
    return SetValue(ascending: small.elements.filter { large.contains($0) })
  }

  public func subtracting(_ other: SetValue) -> SetValue {
    if other.isEmpty { return self }
    return SetValue(ascending: elements.filter { !other.contains($0) })
  }

  public func isSubset(of other: SetValue) -> Bool {
    count <= other.count && elements.allSatisfy { other.contains($0) }
  }

  /// An equal element stays.
  public func inserting(_ value: Value) -> SetValue {
    if contains(value) { return self }
    var result = elements
    result.insert(value, at: elements.partitionPoint { $0 < value })
    return SetValue(ascending: result)
  }

  public func removing(_ value: Value) -> SetValue {
    guard let position = storage.position(of: value) else { return self }
    var result = elements
    result.remove(at: position)
    return SetValue(ascending: result)
  }
}

extension SetValue: Hashable {
  public static func == (a: SetValue, b: SetValue) -> Bool {
    a.storage === b.storage || Value.areEqual(a.elements, b.elements)
  }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    for element in elements { element.hash(into: &hasher) }
  }
}

extension SetValue: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Value...) { self.init(elements) }
}

extension Array where Element == Value {
  /// Each element is above the one before.
  var isAscending: Bool {
    withUnsafeBufferPointer { elements in
      for index in 1..<Swift.max(elements.count, 1)
      where elements[index - 1].compare(to: elements[index]) != .ascending { return false }
      return true
    }
  }

  /// The elements' positions in ascending order, equal elements in the order that they have.
  func sortedPositions() -> [Int] {
    var positions = [Int](indices)
    withUnsafeBufferPointer { elements in
      positions.sort { a, b in
        let order = elements[a].compare(to: elements[b])
        return order == .same ? a < b : order == .ascending
      }
    }
    return positions
  }

  /// Ascending, the first of equal elements kept.
  func sortedDistinct() -> [Value] {
    if isAscending { return self }
    var result: [Value] = []
    result.reserveCapacity(count)
    for position in sortedPositions() {
      if let last = result.last, last == self[position] { continue }
      result.append(self[position])
    }
    return result
  }
}

extension Array {
  /// The first index at which `isBefore` is false; it is true for all elements before that and for none after.
  func partitionPoint(where isBefore: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
