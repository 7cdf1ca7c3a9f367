public import StrictJSON

/// Looks for hidden instructions in what a server says of its tools: tool poisoning.
///
/// Every string counts, keys as well: a model may get to see any part of a definition. A finding is a reason for a
/// person to look; that there is none proves nothing.
public enum ToolScan {
  static let maximumFindings = 50

  /// All findings of a tool's (or a prompt's, or server `instructions`') JSON, ascending by the bytes of their paths and
  /// then by position; at most 50, of which the most severe stay. A rule is reported once for a string.
  ///
  /// The time is linear in the definition's size.
  public static func findings(in definition: JSONValue) -> [ToolFinding] {
    var walk = DefinitionWalk()
    walk.visit(definition)
    return walk.findings()
  }
}

/// Something found in one string.
struct Suspicion: Sendable {
  var rule: ScanRule
  var severity: ToolFinding.Severity
  /// Offsets into the string's UTF-8.
  var range: Range<Int>
  /// Shown instead of what stands at `range`: what was decoded.
  var revealed: String?
  /// Absent: the rule's own.
  var message: String?
}

/// Goes through a definition without recursion, so that no nesting is too deep.
private struct DefinitionWalk {
  private struct Node {
    var parent: Int
    var step: JSONPathStep
  }
  private struct Candidate {
    var node: Int
    var text: String
    var suspicion: Suspicion
  }

  private var nodes: [Node] = []
  private var candidates: [Candidate] = []
  private var scan = StringScan()

  mutating func visit(_ definition: JSONValue) {
    var pending: [(value: JSONValue, node: Int)] = [(definition, -1)]
    while let (value, node) = pending.popLast() {
      switch value {
      case .null, .boolean, .number: break
      case .string(let text): examine(text, at: node, isName: isName(node))
      case .array(let elements):
        for (index, element) in elements.enumerated() where !element.isPlain {
          pending.append((element, child(of: node, .index(index))))
        }
      case .object(let object):
        for (key, value) in object.members {
          let node = child(of: node, .key(key))
          examine(key, at: node, isName: true)
          if !value.isPlain { pending.append((value, node)) }
        }
      }
    }
  }

  private mutating func child(of parent: Int, _ step: JSONPathStep) -> Int {
    nodes.append(Node(parent: parent, step: step))
    return nodes.count - 1
  }

  private func isName(_ node: Int) -> Bool {
    guard node >= 0, case .key(let key) = nodes[node].step else { return false }
    return key.hasSameBytes(as: "name") || key.hasSameBytes(as: "title")
  }

  private mutating func examine(_ text: String, at node: Int, isName: Bool) {
    for suspicion in scan.suspicions(in: text, isName: isName) {
      candidates.append(Candidate(node: node, text: text, suspicion: suspicion))
    }
    // Keeps the memory bounded; the cut leaves the same ones that one at the end would.
    if candidates.count > 64 * ToolScan.maximumFindings { keepMostSevere() }
  }

  private mutating func keepMostSevere() {
    guard candidates.count > ToolScan.maximumFindings else { return }
    let order = candidates.indices.sorted {
      let (a, b) = (candidates[$0].suspicion.severity, candidates[$1].suspicion.severity)
      return a == b ? $0 < $1 : a > b
    }
    candidates = order.prefix(ToolScan.maximumFindings).sorted().map { candidates[$0] }
  }

  mutating func findings() -> [ToolFinding] {
    keepMostSevere()
    let placed = candidates.map { (path: path(of: $0.node), candidate: $0) }
    let sorted = placed.enumerated().sorted {
      let (a, b) = ($0.element, $1.element)
      if !a.path.hasSameBytes(as: b.path) { return a.path.hasBytes(before: b.path) }
      let (x, y) = (a.candidate.suspicion.range.lowerBound, b.candidate.suspicion.range.lowerBound)
      return x == y ? $0.offset < $1.offset : x < y
    }
    return sorted.map { _, element in
      let suspicion = element.candidate.suspicion
      return ToolFinding(
        rule: suspicion.rule.rawValue, severity: suspicion.severity, path: element.path,
        excerpt: suspicion.revealed.map { Excerpt.text(of: $0, around: 0..<$0.utf8.count) }
          ?? Excerpt.text(of: element.candidate.text, around: suspicion.range),
        message: suspicion.message ?? suspicion.rule.message)
    }
  }

  private func path(of node: Int) -> String {
    var steps: [JSONPathStep] = []
    var node = node
    while node >= 0 {
      switch nodes[node].step {
      case .index(let index): steps.append(.index(index))
      case .key(let key): steps.append(.key(Excerpt.key(key)))
      }
      node = nodes[node].parent
    }
    return JSONError.path(steps.reversed())
  }
}

extension JSONValue {
  /// Has no text in it.
  fileprivate var isPlain: Bool {
    switch self {
    case .null, .boolean, .number: true
    default: false
    }
  }
}
