import Crypto

/// Hashing as RFC 6962 section 2.1 has it. The leaves are the hashes of the events, in the chain's order.
enum MerkleTree {
  /// What stores keep besides the leaves: the nodes of every fourth level, when all that is below them is there. A proof
  /// then reads at most 16 hashes a level, and an event costs a fifteenth of a row.
  static let levelsPerTile = 4
  static let tileWidth = 1 << levelsPerTile

  static func leaf(_ event: EventHash) -> EventHash {
    var bytes: [UInt8] = [0]
    event.append(to: &bytes)
    return EventHash(of: bytes)
  }

  static func node(_ left: EventHash, _ right: EventHash) -> EventHash {
    var bytes: [UInt8] = [1]
    bytes.reserveCapacity(1 + 2 * EventHash.byteCount)
    left.append(to: &bytes)
    right.append(to: &bytes)
    return EventHash(of: bytes)
  }

  /// The root of no leaves: SHA-256 of nothing.
  static let emptyRoot = EventHash(of: [])

  /// The root that the leaf at `index` and its audit path give in a tree of `size` leaves; absent when the path has not
  /// the length that it must have (RFC 9162 section 2.1.3.2).
  static func root(leaf: EventHash, index: Int64, size: Int64, path: some Sequence<EventHash>) -> EventHash? {
    guard index >= 0, index < size else { return nil }
    var (place, last) = (index, size - 1)
    var hash = leaf
    for sibling in path {
      guard last > 0 else { return nil }
      if place & 1 == 1 || place == last {
        hash = node(sibling, hash)
        while place & 1 == 0, place != 0 { (place, last) = (place >> 1, last >> 1) }
      } else {
        hash = node(hash, sibling)
      }
      (place, last) = (place >> 1, last >> 1)
    }
    return last == 0 ? hash : nil
  }
}

/// The edge of a tree that grows: what is needed of it to add leaves and to tell its root.
struct MerkleEdge: Sendable, Equatable {
  /// Leaves.
  private(set) var size: Int64 = 0
  /// By level: the root of the complete subtree there that has no right neighbour yet. There is one at each bit of
  /// `size` that is 1.
  private var roots: [EventHash?] = []

  struct Node: Equatable {
    var level: Int
    /// From the left, from 0 on.
    var position: Int64
    var hash: EventHash
  }

  init() {}

  /// - Parameter root: of the complete subtree at this level and position
  init<Failure: Error>(
    size: Int64, root: (_ level: Int, _ position: Int64) throws(Failure) -> EventHash
  ) throws(Failure) {
    self.size = size
    var level = 0
    while size >> level > 0 {
      roots.append(size >> level & 1 == 1 ? try root(level, (size >> level) - 1) : nil)
      level += 1
    }
  }

  /// The nodes that are complete with this leaf, at the levels that stores keep.
  mutating func append(_ event: EventHash) -> [Node] {
    var complete: [Node] = []
    var hash = MerkleTree.leaf(event)
    var level = 0
    while level < roots.count, let left = roots[level] {
      hash = MerkleTree.node(left, hash)
      roots[level] = nil
      level += 1
      if level.isMultiple(of: MerkleTree.levelsPerTile) {
        complete.append(Node(level: level, position: size >> level, hash: hash))
      }
    }
    if level == roots.count { roots.append(nil) }
    roots[level] = hash
    size += 1
    return complete
  }

  var root: EventHash {
    var root: EventHash?
    for subtree in roots {
      guard let subtree else { continue }
      root = root.map { MerkleTree.node(subtree, $0) } ?? subtree
    }
    return root ?? MerkleTree.emptyRoot
  }
}

/// Reads nodes of a tree of `size` leaves from what a store keeps.
struct MerkleReader<Failure: Error> {
  /// The kept hashes of a level: of events at level 0, of complete nodes at every fourth level; as many as asked for.
  typealias Source = (_ level: Int, _ positions: Range<Int64>) throws(Failure) -> [EventHash]

  let size: Int64
  private let source: Source
  /// By level of their leaves and position: the nodes of a tile's four levels, each complete.
  private var tiles: [Place: [[EventHash]]] = [:]

  private struct Place: Hashable {
    var level: Int
    var position: Int64
  }

  init(size: Int64, source: @escaping Source) {
    self.size = size
    self.source = source
  }

  mutating func root() throws(Failure) -> EventHash {
    guard size > 0 else { return MerkleTree.emptyRoot }
    var level = 0
    while (size - 1) >> level > 0 { level += 1 }
    return try node(level, 0)
  }

  /// The root of the leaves below this place, as far as there are some; at least one there must be.
  mutating func node(_ level: Int, _ position: Int64) throws(Failure) -> EventHash {
    if (position + 1) << level <= size { return try complete(level, position) }
    let left = 2 * position
    guard (left + 1) << (level - 1) < size else { return try node(level - 1, left) }
    return MerkleTree.node(try node(level - 1, left), try node(level - 1, left + 1))
  }

  private mutating func complete(_ level: Int, _ position: Int64) throws(Failure) -> EventHash {
    let inTile = level % MerkleTree.levelsPerTile
    let base = level - inTile
    let tile = position >> (MerkleTree.levelsPerTile - inTile)
    let first = tile << MerkleTree.levelsPerTile
    let rows = try rows(Place(level: base, position: tile))
    return rows[inTile][Int(position - (first >> inTile))]
  }

  private mutating func rows(_ place: Place) throws(Failure) -> [[EventHash]] {
    if let known = tiles[place] { return known }
    let first = place.position << MerkleTree.levelsPerTile
    let end = min(first + Int64(MerkleTree.tileWidth), size >> place.level)
    var row = try source(place.level, first..<end)
    if place.level == 0 { row = row.map(MerkleTree.leaf) }
    var rows = [row]
    for _ in 1..<MerkleTree.levelsPerTile {
      row = stride(from: 0, to: row.count - 1, by: 2).map { MerkleTree.node(row[$0], row[$0 + 1]) }
      rows.append(row)
    }
    tiles[place] = rows
    return rows
  }
}
