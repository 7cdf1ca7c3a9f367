/// A query of RFC 9535 without filters and functions: `$.customers[*].email`, `$..['pass word']`, `$.rows[-3:]`.
struct RedactionPath: Sendable {
  struct Segment: Sendable {
    /// `..`: the selectors count for the node's descendants, too, not just for its children.
    var isDescendant: Bool
    var selectors: [Selector]
  }

  enum Selector: Sendable {
    case name(String)
    case wildcard
    /// Negative ones count from the end.
    case index(Int)
    /// `step` is not 0.
    case slice(start: Int?, end: Int?, step: Int)
  }

  /// `States` has one bit more than there may be segments.
  static let maximumSegments = 63

  let text: ExactText
  let segments: [Segment]

  /// Fails with what is wrong and where.
  init(_ text: String) throws(JSONPathError) {
    self.text = ExactText(text)
    var parser = RedactionPathParser(text)
    segments = try parser.segments()
  }

  /// `$`
  var isRoot: Bool { segments.isEmpty }
}

extension RedactionPath: Equatable {
  /// By the text.
  static func == (a: RedactionPath, b: RedactionPath) -> Bool { a.text == b.text }
}

/// Why a text is no path: lower case, with the place in bytes from 1.
struct JSONPathError: Error, Equatable {
  let message: String
}

// Going down a tree once, with all that a path may have consumed on the way, takes time linear in the tree for every
// path: `$..a..b` evaluated segment by segment would visit nodes again and again.
extension RedactionPath {
  /// The counts of segments that the way from the root to a node can have consumed; none when the path selects neither
  /// the node nor anything below it.
  struct States: Equatable {
    fileprivate var bits: UInt64 = 0

    var isEmpty: Bool { bits == 0 }
    mutating func formUnion(_ other: States) { bits |= other.bits }
  }

  /// Those of the root.
  var start: States { States(bits: 1) }

  func selects(_ states: States) -> Bool { states.bits >> UInt64(segments.count) & 1 != 0 }

  /// The states of an object's member.
  func states(_ states: States, key: String) -> States {
    next(states) { selector in
      switch selector {
      case .name(let name): name.utf8.elementsEqual(key.utf8)
      case .wildcard: true
      case .index, .slice: false
      }
    }
  }

  /// The states of an array's element.
  func states(_ states: States, index: Int, count: Int) -> States {
    next(states) { $0.selects(index: index, count: count) }
  }

  /// The states of an element whose place in its array is unknown.
  func statesOfAnyElement(_ states: States) -> States {
    next(states) { if case .name = $0 { false } else { true } }
  }

  private func next(_ states: States, _ selects: (Selector) -> Bool) -> States {
    var next = States()
    var rest = states.bits
    while rest != 0 {
      let consumed = rest.trailingZeroBitCount
      rest &= rest - 1
      guard consumed < segments.count else { continue }
      let segment = segments[consumed]
      if segment.isDescendant { next.bits |= 1 << UInt64(consumed) }
      if segment.selectors.contains(where: selects) { next.bits |= 1 << UInt64(consumed + 1) }
    }
    return next
  }
}

extension RedactionPath.Selector {
  fileprivate func selects(index: Int, count: Int) -> Bool {
    switch self {
    case .name: return false
    case .wildcard: return true
    case .index(let wanted): return index == (wanted < 0 ? count + wanted : wanted)
    case .slice(let start, let end, let step):
      func place(_ bound: Int) -> Int { bound < 0 ? count + bound : bound }
      if step > 0 {
        let lower = min(max(start.map(place) ?? 0, 0), count)
        let upper = min(max(end.map(place) ?? count, 0), count)
        return index >= lower && index < upper && (index - lower) % step == 0
      }
      let upper = min(max(start.map(place) ?? count - 1, -1), count - 1)
      let lower = min(max(end.map(place) ?? -1, -1), count - 1)
      return index <= upper && index > lower && (upper - index) % step == 0
    }
  }
}
