/// What is known of each slot's type, and how to forget the last of it: a body of thousands of expressions must not copy
/// the whole list for each.
struct SlotTypes {
  private var types: [RegoType?]
  /// What stood there before, for every change.
  private var trail: [(slot: Slot, type: RegoType?)] = []

  init(count: Int) { types = Array(repeating: nil, count: count) }

  var count: Int { types.count }

  subscript(slot: Slot) -> RegoType? {
    get { types[slot] }
    set {
      trail.append((slot, types[slot]))
      types[slot] = newValue
    }
  }

  mutating func append(_ type: RegoType?) { types.append(type) }

  struct Mark {
    fileprivate let changes: Int
    fileprivate let count: Int
  }

  /// A point to go back to with `undo(to:)`.
  var mark: Mark { Mark(changes: trail.count, count: types.count) }

  mutating func undo(to mark: Mark) {
    while trail.count > mark.changes, let (slot, type) = trail.popLast() { types[slot] = type }
    types.removeLast(types.count - mark.count)
  }

  func undone(to mark: Mark) -> SlotTypes {
    var result = self
    result.undo(to: mark)
    return result
  }
}
