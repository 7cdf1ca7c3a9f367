import Crypto
import Testing

@testable import Gateway

@Suite struct MerkleTreeTests {
  /// RFC 6962 section 2.1, as it is written there.
  private static func root(_ leaves: ArraySlice<EventHash>) -> EventHash {
    guard leaves.count > 1 else { return leaves.first.map(MerkleTree.leaf) ?? EventHash(of: []) }
    var k = 1
    while 2 * k < leaves.count { k *= 2 }
    return MerkleTree.node(root(leaves.prefix(k)), root(leaves.dropFirst(k)))
  }

  /// The audit path of RFC 6962 section 2.1.1.
  private static func path(_ index: Int, _ leaves: ArraySlice<EventHash>) -> [EventHash] {
    guard leaves.count > 1 else { return [] }
    var k = 1
    while 2 * k < leaves.count { k *= 2 }
    return index < k
      ? path(index, leaves.prefix(k)) + [root(leaves.dropFirst(k))]
      : path(index - k, leaves.dropFirst(k)) + [root(leaves.prefix(k))]
  }

  private static let leaves = (0..<600).map { EventHash(of: Array("event \($0)".utf8)) }

  private struct Kept {
    var edge = MerkleEdge()
    var nodes: [Int: [EventHash]] = [:]

    init(_ leaves: some Sequence<EventHash>) {
      for leaf in leaves {
        for node in edge.append(leaf) {
          #expect(node.position == nodes[node.level, default: []].count)
          nodes[node.level, default: []].append(node.hash)
        }
      }
    }

    func reader(_ size: Int) -> MerkleReader<Never> {
      MerkleReader(size: Int64(size)) { [nodes] level, positions in
        let kept = level == 0 ? MerkleTreeTests.leaves : nodes[level] ?? []
        return Array(kept[Int(positions.lowerBound)..<Int(positions.upperBound)])
      }
    }
  }

  @Test func anEventsHashIsItsBytes() {
    let hash = EventHash(of: Array("abc".utf8))
    #expect(hash.hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(EventHash(hexadecimal: hash.hexadecimal) == hash)
    #expect(EventHash(bytes: hash.bytes) == hash)
    #expect(EventHash(hexadecimal: hash.hexadecimal.uppercased()) == nil)
    #expect(EventHash(hexadecimal: String(hash.hexadecimal.dropLast())) == nil)
  }

  /// The roots that certificate transparency's implementations agree on, of leaves that are texts.
  @Test func theEmptyTreeAndOneLeaf() {
    #expect(
      MerkleEdge().root.hexadecimal == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    var bytes: [UInt8] = [0]
    bytes += Self.leaves[0].bytes
    #expect(MerkleTree.leaf(Self.leaves[0]) == EventHash(of: bytes))
  }

  @Test func everySizeHasTheRootOfTheDefinition() {
    var edge = MerkleEdge()
    for size in 0...Self.leaves.count {
      #expect(edge.root == Self.root(Self.leaves.prefix(size)))
      if size < Self.leaves.count { _ = edge.append(Self.leaves[size]) }
    }
  }

  @Test(arguments: [1, 2, 3, 15, 16, 17, 31, 32, 33, 255, 256, 257, 271, 272, 273, 599, 600])
  func proofsAreThoseOfTheDefinition(size: Int) {
    let kept = Kept(Self.leaves)
    var reader = kept.reader(size)
    let root = reader.root()
    #expect(root == Self.root(Self.leaves.prefix(size)))
    let proofs = InclusionProofs(of: 1...Int64(size), in: &reader)
    for index in 0..<size {
      let path = proofs.path(of: Int64(index + 1)).map { proofs.nodes[$0] }
      #expect(path == Self.path(index, Self.leaves.prefix(size)))
      let leaf = MerkleTree.leaf(Self.leaves[index])
      #expect(MerkleTree.root(leaf: leaf, index: Int64(index), size: Int64(size), path: path) == proofs.root)
      #expect(MerkleTree.root(leaf: leaf, index: Int64(index), size: Int64(size), path: path + [leaf]) == nil)
      if size > 1 {
        #expect(MerkleTree.root(leaf: leaf, index: Int64(index ^ 1), size: Int64(size), path: path) != proofs.root)
        #expect(
          MerkleTree.root(leaf: leaf, index: Int64(index), size: Int64(size), path: path.dropLast()) != proofs.root)
      }
    }
  }

  @Test(arguments: [[1], [600], [1, 600], [3, 4, 5], [7, 300, 301, 599], [17, 16, 16]])
  func aFewEventsNeedAFewNodes(sequences: [Int64]) {
    var reader = Kept(Self.leaves).reader(600)
    let proofs = InclusionProofs(of: sequences, in: &reader)
    #expect(proofs.nodes.count <= 10 * sequences.count)
    for sequence in sequences {
      let path = proofs.path(of: sequence).map { proofs.nodes[$0] }
      #expect(path == Self.path(Int(sequence - 1), Self.leaves[...]))
    }
  }

  @Test(arguments: [0, 1, 5, 16, 100, 256, 600]) func anEdgeIsFoundAgain(size: Int) {
    let kept = Kept(Self.leaves)
    var reader = kept.reader(size)
    var edge = MerkleEdge(size: Int64(size)) { reader.node($0, $1) }
    #expect(edge == Kept(Self.leaves.prefix(size)).edge)
    for leaf in Self.leaves.dropFirst(size) { _ = edge.append(leaf) }
    #expect(edge == kept.edge)
  }
}
