import StrictJSON

/// Finds any of a set of texts in another, in time linear in both (Aho and Corasick, 1975).
///
/// The nodes stand in the order of their depth, children side by side, ascending by their bytes.
struct LiteralSearch: Sendable {
  private var bytes: [UInt8] = [0]
  /// The children of node `n` are `firstChild[n]..<firstChild[n + 1]`.
  private var firstChild: [Int32] = []
  /// The node of the longest proper suffix of a node's text that is the start of one of the set.
  private var suffix: [Int32] = [0]
  /// The length of the longest text of the set that a node's text ends with; 0 without one.
  private var longest: [Int32] = [0]
  /// By its byte, the root's child; 0 without one.
  private var rootChild = [Int32](repeating: 0, count: 256)

  /// Empty texts are left out. Together they have less than 2^31 bytes.
  init(_ texts: some Sequence<String>) {
    let sorted = texts.filter { !$0.isEmpty }.sorted { $0.hasBytes(before: $1) }
    // One after the other, so that the loop below touches one array.
    var literals: [UInt8] = []
    var ends: [Int32] = [0]
    var previous: String?
    for text in sorted where previous.map({ !$0.hasSameBytes(as: text) }) ?? true {
      literals += text.utf8
      ends.append(Int32(literals.count))
      previous = text
    }
    // Which of the literals start with a node's text.
    var from: [Int32] = [0]
    var upTo = [Int32(ends.count - 1)]
    var node = 0
    var depth: Int32 = 0
    var endOfDepth = 1
    while node < bytes.count {
      if node == endOfDepth {
        depth += 1
        endOfDepth = bytes.count
      }
      firstChild.append(Int32(bytes.count))
      var first = from[node]
      let last = upTo[node]
      longest[node] = longest[Int(suffix[node])]
      if first < last, ends[Int(first) + 1] - ends[Int(first)] == depth {
        longest[node] = depth
        first += 1
      }
      while first < last {
        let byte = literals[Int(ends[Int(first)] + depth)]
        var end = first + 1
        while end < last, literals[Int(ends[Int(end)] + depth)] == byte { end += 1 }
        if node == 0 { rootChild[Int(byte)] = Int32(bytes.count) }
        suffix.append(node == 0 ? 0 : follow(byte, from: suffix[node]))
        bytes.append(byte)
        longest.append(0)
        from.append(first)
        upTo.append(end)
        first = end
      }
      node += 1
    }
    firstChild.append(Int32(bytes.count))
  }

  /// The parts that consist of texts of the set, as long as can be: where two overlap, they are one part.
  func matches(in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var matches: [Range<Int>] = []
    var node: Int32 = 0
    for offset in 0..<text.count {
      node = node == 0 ? rootChild[Int(text[offset])] : follow(text[offset], from: node)
      let length = longest[Int(node)]
      guard length > 0 else { continue }
      var start = offset + 1 - Int(length)
      while let last = matches.last, last.upperBound > start {
        start = min(start, last.lowerBound)
        matches.removeLast()
      }
      matches.append(start..<offset + 1)
    }
    return matches
  }

  /// Where the byte leads from a node whose suffixes' children are known.
  private func follow(_ byte: UInt8, from node: Int32) -> Int32 {
    var node = node
    while node != 0 {
      if let child = child(of: node, byte) { return child }
      node = suffix[Int(node)]
    }
    return rootChild[Int(byte)]
  }

  private func child(of node: Int32, _ byte: UInt8) -> Int32? {
    var low = firstChild[Int(node)]
    let end = firstChild[Int(node) + 1]
    var high = end
    while low < high {
      let middle = (low + high) / 2
      if bytes[Int(middle)] < byte { low = middle + 1 } else { high = middle }
    }
    return low < end && bytes[Int(low)] == byte ? low : nil
  }
}
