/// A set of small integers: slots, or the numbers of a body's steps. Up to 63 it has no memory of its own.
struct BitSet: Sendable {
  private var first: UInt64 = 0
  /// From 64 on.
  private var rest: [UInt64] = []

  init() {}

  init(_ members: some Sequence<Int>) {
    for member in members { insert(member) }
  }

  /// All of 0..<count.
  init(count: Int) {
    first = count < 64 ? 1 << UInt64(count) - 1 : .max
    guard count > 64 else { return }
    rest = Array(repeating: .max, count: count / 64 - 1)
    if count % 64 > 0 { rest.append(1 << UInt64(count % 64) - 1) }
  }

  /// The slots that have names.
  init(named slotNames: [Text?]) {
    for slot in slotNames.indices where slotNames[slot] != nil { insert(slot) }
  }

  func contains(_ member: Int) -> Bool {
    if member < 64 { return first & Self.bit(member) != 0 }
    let word = member >> 6 - 1
    return word < rest.count && rest[word] & Self.bit(member) != 0
  }

  /// True when it was not a member before.
  @discardableResult
  mutating func insert(_ member: Int) -> Bool {
    let bit = Self.bit(member)
    if member < 64 {
      if first & bit != 0 { return false }
      first |= bit
      return true
    }
    let word = member >> 6 - 1
    while rest.count <= word { rest.append(0) }
    if rest[word] & bit != 0 { return false }
    rest[word] |= bit
    return true
  }

  mutating func remove(_ member: Int) {
    if member < 64 {
      first &= ~Self.bit(member)
    } else if member >> 6 <= rest.count {
      rest[member >> 6 - 1] &= ~Self.bit(member)
    }
  }

  func union(_ other: BitSet) -> BitSet {
    var result = self
    result.first |= other.first
    for (word, bits) in other.rest.enumerated() {
      if word < result.rest.count { result.rest[word] |= bits } else { result.rest.append(bits) }
    }
    return result
  }

  /// The first member from `start` on, or else the first of all.
  func next(from start: Int) -> Int? { first(from: start) ?? first(from: 0) }

  private func first(from start: Int) -> Int? {
    var word = start >> 6
    var bits = (word == 0 ? first : word <= rest.count ? rest[word - 1] : 0) & (.max << UInt64(start & 63))
    while bits == 0 {
      guard word < rest.count else { return nil }
      bits = rest[word]
      word += 1
    }
    return word << 6 + bits.trailingZeroBitCount
  }

  private static func bit(_ member: Int) -> UInt64 { 1 << UInt64(member & 63) }
}
