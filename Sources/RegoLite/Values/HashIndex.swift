/// Finds a value among many by its hash: open addressing over positions in an array of distinct values.
struct HashIndex: Sendable {
  /// Fewer are found faster by looking at each.
  static let threshold = 16

  /// Positions plus one, 0 where there is none; the count is a power of two, at most half of them in use.
  private let slots: [UInt32]

  /// Absent when there are too few values to be worth it.
  init?(_ values: [Value]) {
    guard values.count > Self.threshold, values.count < 1 << 30 else { return nil }
    var capacity = 64
    while capacity < values.count * 2 { capacity *= 2 }
    var slots = [UInt32](repeating: 0, count: capacity)
    for (position, value) in values.enumerated() {
      var slot = value.hashValue & (capacity - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
      slots[slot] = UInt32(position + 1)
    }
    self.slots = slots
  }

  func position(of value: Value, in values: [Value]) -> Int? {
    slots.withUnsafeBufferPointer { slots in
      values.withUnsafeBufferPointer { values in
        var slot = value.hashValue & (slots.count - 1)
        while slots[slot] != 0 {
          let position = Int(slots[slot]) - 1
          if values[position] == value { return position }
          slot = (slot + 1) & (slots.count - 1)
        }
        return nil
      }
    }
  }
}
