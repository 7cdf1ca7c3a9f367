/// The slots that have values at one point of a body.
///
/// Asking "what if this were bound too" takes a copy, which costs next to nothing: the copy shares what is bound and has
/// a set of its own for what it adds.
struct BoundSlots {
  private var slots: BitSet
  private var supposed = BitSet()
  /// The slots bound with `bind`, in order: how a nested body's are undone.
  private var trail: [Slot] = []

  init(_ slots: some Sequence<Slot>) { self.slots = BitSet(slots) }

  var all: BitSet { slots.union(supposed) }

  func contains(_ slot: Slot) -> Bool { slots.contains(slot) || supposed.contains(slot) }

  /// Supposes that the slot is bound.
  mutating func insert(_ slot: Slot) {
    if !slots.contains(slot) { supposed.insert(slot) }
  }

  /// True when the slot was not bound before.
  @discardableResult
  mutating func bind(_ slot: Slot) -> Bool {
    guard slots.insert(slot) else { return false }
    trail.append(slot)
    return true
  }

  /// A point to go back to with `unbind(to:)`.
  var mark: Int { trail.count }

  mutating func unbind(to mark: Int) {
    while trail.count > mark, let slot = trail.popLast() { slots.remove(slot) }
  }
}
