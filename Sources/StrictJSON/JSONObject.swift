/// An object's members in order. No two keys have the same bytes.
public struct JSONObject: Sendable {
  public typealias Member = (key: String, value: JSONValue)
  public private(set) var members: [Member]

  public init() { members = [] }

  /// Of members with the same key the last value counts, in the first one's place.
  public init(_ members: some Sequence<Member>) {
    self.members = []
    var seen = KeyIndex()
    for member in members {
      if let index = seen.insert(member.key, after: self.members) {
        self.members[index].value = member.value
      } else {
        self.members.append(member)
      }
    }
  }

  /// The keys are known to differ.
  package init(distinct members: [Member]) { self.members = members }

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }
  public var keys: [String] { members.map(\.key) }

  /// Looks at the members one after the other. A new key goes to the end.
  public subscript(key: String) -> JSONValue? {
    get {
      // By their indices: none is copied but the one that is meant.
      for index in members.indices where members[index].key.hasSameBytes(as: key) { return members[index].value }
      return nil
    }
    set {
      let index = members.firstIndex { $0.key.hasSameBytes(as: key) }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append((key, value))
      case (nil, nil): break
      }
    }
  }
}

extension JSONObject: Equatable {
  /// The same members in any order.
  public static func == (a: JSONObject, b: JSONObject) -> Bool {
    guard a.count == b.count else { return false }
    let (x, y) = haveSameOrder(a, b) ? (a.members, b.members) : (a.sortedMembers, b.sortedMembers)
    for index in 0..<x.count where !x[index].key.hasSameBytes(as: y[index].key) || x[index].value != y[index].value {
      return false
    }
    return true
  }

  private static func haveSameOrder(_ a: JSONObject, _ b: JSONObject) -> Bool {
    zip(a.members, b.members).allSatisfy { $0.key.hasSameBytes(as: $1.key) }
  }

  private var sortedMembers: [Member] { members.sorted { $0.key.hasBytes(before: $1.key) } }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    members = []
    members.reserveCapacity(elements.count)
    for (key, value) in elements { self[key] = value }
  }
}

/// Finds a key among those seen before: one by one while they are few, then by hash.
struct KeyIndex {
  private static let few = 12

  private var indices: [KeyBytes: Int] = [:]

  /// The index of the member that has the key; absent when it is new, and from now on that of a member after those.
  mutating func insert(_ key: String, after members: [JSONObject.Member]) -> Int? {
    if members.count < Self.few {
      // By their indices: no key is copied.
      return members.indices.first { members[$0].key.hasSameBytes(as: key) }
    }
    if indices.isEmpty {
      for (index, member) in members.enumerated() { indices[KeyBytes(text: member.key)] = index }
    }
    let known = indices[KeyBytes(text: key)]
    if known == nil { indices[KeyBytes(text: key)] = members.count }
    return known
  }

  private struct KeyBytes: Hashable {
    let text: String
    static func == (a: KeyBytes, b: KeyBytes) -> Bool { a.text.hasSameBytes(as: b.text) }
    func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }
  }
}
