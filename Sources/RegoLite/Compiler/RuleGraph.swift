/// The rules of a plan, and which of them depend on which.
final class RuleGraph {
  let tree: RuleTree
  private let dependencies: [Set<Int>]
  private lazy var users = directUsers()
  private var knownUsers: [Int: Set<Int>] = [:]

  init(_ plan: Plan) {
    tree = plan.tree
    dependencies = plan.groups.map(\.dependencies)
  }

  var groups: [RuleGroup] { tree.groups }

  /// Every group, each after those that it depends on.
  func inOrder() -> [Int] {
    var order: [Int] = []
    var isSeen = Array(repeating: false, count: dependencies.count)
    for start in dependencies.indices where !isSeen[start] {
      isSeen[start] = true
      var path: [(group: Int, left: [Int])] = [(start, dependencies[start].sorted(by: >))]
      while !path.isEmpty {
        if let next = path[path.count - 1].left.popLast() {
          guard !isSeen[next] else { continue }
          isSeen[next] = true
          path.append((next, dependencies[next].sorted(by: >)))
        } else {
          order.append(path.removeLast().group)
        }
      }
    }
    return order
  }

  /// The groups whose values can change with what a modifier replaces, that itself apart.
  func users(of target: WithTarget) -> Set<Int> {
    switch target {
    case .input, .builtin, .nowhere: return []
    case .function(let group): return users(of: group)
    case .data(let path):
      var result: Set<Int> = []
      node(at: path)?.forEachGroup { result.formUnion(users(of: $0.id)) }
      return result
    }
  }

  /// The node at the path, or the one of the rule that the path leads into.
  func node(at path: [Text]) -> RuleNode? {
    var node = tree.root
    for part in path {
      if node.group != nil { return node }
      guard let child = node.children[.string(part)] else { return nil }
      node = child
    }
    return node
  }

  /// Whether a path below `data` can lead to one of the groups.
  func leads(_ path: [Atom], toOneOf groups: Set<Int>) -> Bool {
    if groups.isEmpty { return false }
    var node = tree.root
    var isWhole = true
    for part in path {
      guard node.group == nil, let key = part.constantValue else {
        isWhole = false
        break
      }
      guard let child = node.children[key] else { return false }
      node = child
    }
    // Of all that lies below a path, OPA doesn't look for the one.
    if isWhole, node.group == nil { return false }
    var found = false
    node.forEachGroup { found = found || groups.contains($0.id) }
    return found
  }

  private func users(of group: Int) -> Set<Int> {
    if let known = knownUsers[group] { return known }
    var result: Set<Int> = []
    var left = [group]
    while let next = left.popLast() {
      for user in users[next] where result.insert(user).inserted { left.append(user) }
    }
    knownUsers[group] = result
    return result
  }

  private func directUsers() -> [[Int]] {
    var users: [[Int]] = Array(repeating: [], count: dependencies.count)
    for (user, used) in dependencies.enumerated() {
      for group in used { users[group].append(user) }
    }
    return users
  }
}
