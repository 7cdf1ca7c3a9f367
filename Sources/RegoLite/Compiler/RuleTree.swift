/// All rules with one name: the unit that is evaluated and remembered as a whole.
final class RuleGroup: @unchecked Sendable {
  enum Kind: Sendable {
    /// One value at most.
    case complete
    /// A set: `p contains x`.
    case set
    /// An object built of several definitions: `p[k] := v`, `p.a := 1` beside `p[x].b contains y`, …
    case document
    case function(arity: Int)
  }

  /// A definition, and the part of its name that comes after the group's.
  struct Definition {
    let rule: Rule
    let module: ModuleScope
    /// Terms after the group's path: empty for complete rules, functions and plain sets.
    let suffix: [Term]
    let metadata: AnnotationSet.RuleMetadata
  }

  let id: Int
  /// From below `data`.
  let path: [Value]
  // INVARIANT: written only while the compiler collects rules, before any other thread sees the group.
  var kind: Kind
  var definitions: [Definition]
  var defaults: [Definition]

  init(id: Int, path: [Value], kind: Kind) {
    self.id = id
    self.path = path
    self.kind = kind
    definitions = []
    defaults = []
  }

  /// `data.a.b["c d"]`
  var name: String { "data" + path.map(Self.pathPart).joined() }

  static func pathPart(_ value: Value) -> String {
    guard case .string(let text) = value else { return "[\(value.regoDescription)]" }
    let bytes = text.utf8
    let isIdentifier =
      !bytes.isEmpty
      && bytes.enumerated().allSatisfy { index, byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
        default: false
        }
      }
    return isIdentifier ? "." + text.string : "[\(value.regoDescription)]"
  }
}

/// The virtual documents by path: packages inside, groups of rules at the leaves.
final class RuleNode: @unchecked Sendable {
  // INVARIANT: written only while the compiler collects rules, before any other thread sees the node.
  var children: [Value: RuleNode] = [:]
  var group: RuleGroup?

  /// Every group at or below this node.
  func forEachGroup(_ visit: (RuleGroup) -> Void) {
    if let group { visit(group) }
    for child in children.values { child.forEachGroup(visit) }
  }

  /// The keys that documents below this node have, in Rego's order.
  var sortedKeys: [Value] { children.keys.sorted() }
}

/// What names mean in one module.
struct ModuleScope: Sendable {
  let version: RegoVersion
  /// The package's path below `data`.
  let packagePath: [Text]
  /// Imports and the package's own rules: a root (`data` or `input`) and the path below it.
  let globals: [Text: (root: Text, path: [Text])]
  /// Where the package is named; a query's is nowhere.
  var package = Location(Source(file: "", text: ""), offset: 0, length: 0)
  static let query = ModuleScope(version: .v1, packagePath: [], globals: [:])
}

/// All modules' rules, and the questions that later passes ask about them.
struct RuleTree: Sendable {
  let root: RuleNode
  let groups: [RuleGroup]

  func arity(of callee: Callee) -> Int {
    switch callee {
    case .builtin(let builtin): return builtin.arguments.count
    case .function(let group):
      if case .function(let arity) = groups[group].kind { return arity }
      return 0
    }
  }

  /// No rule makes what is at the path below `data`, or anything on the way there or below it.
  func isBaseData(_ path: some Sequence<Value>) -> Bool {
    var node = root
    for key in path {
      guard let child = node.children[key] else { return true }
      if child.group != nil { return false }
      node = child
    }
    return false
  }

  /// The function with exactly this path below `data`.
  func function(at path: [Text]) -> Int? {
    var node = root
    for part in path {
      guard let child = node.children[.string(part)] else { return nil }
      node = child
    }
    guard let group = node.group, case .function = group.kind else { return nil }
    return group.id
  }

  /// The path leads below a rule's name, into the value that the rule makes.
  func isInsideGroup(_ path: [Text]) -> Bool {
    var node = root
    for part in path {
      if node.group != nil { return true }
      guard let child = node.children[.string(part)] else { return false }
      node = child
    }
    return false
  }

  /// Where a path below `data` leads.
  func node(at path: some Sequence<Value>) -> RuleNode? {
    var node = root
    for part in path {
      guard let child = node.children[part] else { return nil }
      node = child
    }
    return node
  }
}
