/// Proofs that events are in a tree, with each node once that some proof needs.
public struct InclusionProofs: Sendable {
  /// Of the tree, in events.
  public let size: Int64
  public let root: EventHash
  /// What the paths refer to.
  public private(set) var nodes: [EventHash] = []
  /// By level: where its nodes begin in `nodes`, and at which positions they are, ascending.
  private var levels: [(start: Int, positions: [Int64])] = []

  /// - Parameter sequences: of the events, each in `1...size`, in any order
  init<Failure: Error>(
    of sequences: some Sequence<Int64>, in reader: inout MerkleReader<Failure>
  ) throws(Failure) {
    size = reader.size
    root = try reader.root()
    var places = sequences.map { $0 - 1 }.sorted()
    var level = 0
    while size > 0, (size - 1) >> level > 0 {
      let last = (size - 1) >> level
      var positions: [Int64] = []
      for place in places where place ^ 1 <= last && positions.last != place ^ 1 { positions.append(place ^ 1) }
      // Of two neighbours each is the other's sibling.
      positions.sort()
      levels.append((nodes.count, positions))
      for position in positions { nodes.append(try reader.node(level, position)) }
      var parents: [Int64] = []
      for place in places where parents.last != place >> 1 { parents.append(place >> 1) }
      places = parents
      level += 1
    }
  }

  /// Of no events.
  static let none: InclusionProofs = {
    var reader = MerkleReader<Never>(size: 0) { _, _ in [] }
    return InclusionProofs(of: [], in: &reader)
  }()

  /// The audit path of an event that this was made for, from its leaf's sibling up: places in `nodes`.
  public func path(of sequence: Int64) -> [Int] {
    var path: [Int] = []
    path.reserveCapacity(levels.count)
    for (level, (start, positions)) in levels.enumerated() {
      let sibling = (sequence - 1) >> Int64(level) ^ 1
      var (low, high) = (0, positions.count)
      while low < high {
        let middle = (low + high) / 2
        if positions[middle] < sibling { low = middle + 1 } else { high = middle }
      }
      if low < positions.count, positions[low] == sibling { path.append(start + low) }
    }
    return path
  }
}
