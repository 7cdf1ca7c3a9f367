/// Refuses rules that need themselves: Rego's evaluation always ends.
struct CheckRecursion {
  /// A circle of many rules is as many errors, each of which names them all.
  private static let limit = 10

  private let plan: Plan
  private(set) var errors: [PolicyError] = []
  /// Those that need themselves, also beyond the limit.
  private(set) var groups: Set<Int> = []

  init(_ plan: Plan) {
    self.plan = plan
    let component = components()
    for group in plan.groups where component[group.group.id].isRecursive {
      groups.insert(group.group.id)
      let number = component[group.group.id].number
      for definition in group.definitions {
        for (location, dependencies) in zip(definition.locations, definition.dependencies) {
          guard errors.count < Self.limit, dependencies.contains(where: { component[$0].number == number }) else {
            continue
          }
          let path = cycle(from: group.group.id, by: dependencies, within: component).map { plan.groups[$0].group.name }
          errors.append(
            .recursion(
              "rule \(group.group.name) is recursive: \(path.joined(separator: " -> "))", at: location))
        }
      }
    }
  }

  private struct Component {
    var number = -1
    var isRecursive = false
  }

  /// Tarjan's strongly connected components, without recursion of its own: a chain of rules may be long.
  private func components() -> [Component] {
    let count = plan.groups.count
    var result = Array(repeating: Component(), count: count)
    var index = Array(repeating: -1, count: count)
    var low = Array(repeating: 0, count: count)
    var onStack = Array(repeating: false, count: count)
    var stack: [Int] = []
    var counter = 0
    var componentCount = 0
    let edges = plan.groups.map { $0.dependencies.sorted() }
    for start in 0..<count where index[start] < 0 {
      var work: [(node: Int, edge: Int)] = [(start, 0)]
      while let (node, edge) = work.last {
        if edge == 0 {
          index[node] = counter
          low[node] = counter
          counter += 1
          stack.append(node)
          onStack[node] = true
        }
        if edge < edges[node].count {
          work[work.count - 1].edge += 1
          let next = edges[node][edge]
          if index[next] < 0 {
            work.append((next, 0))
          } else if onStack[next] {
            low[node] = min(low[node], index[next])
          }
          continue
        }
        work.removeLast()
        if let parent = work.last?.node { low[parent] = min(low[parent], low[node]) }
        guard low[node] == index[node] else { continue }
        var members: [Int] = []
        while let member = stack.popLast() {
          onStack[member] = false
          members.append(member)
          if member == node { break }
        }
        let isRecursive = members.count > 1 || edges[node].contains(node)
        for member in members { result[member] = Component(number: componentCount, isRecursive: isRecursive) }
        componentCount += 1
      }
    }
    return result
  }

  /// The shortest way from a rule back to itself that begins with one of the given groups.
  private func cycle(from start: Int, by first: Set<Int>, within component: [Component]) -> [Int] {
    var previous: [Int: Int] = [:]
    var queue = [start]
    var head = 0
    while head < queue.count {
      let node = queue[head]
      head += 1
      let dependencies = node == start ? first : plan.groups[node].dependencies
      for next in dependencies.sorted() where component[next].number == component[start].number {
        if next == start {
          var path = [start]
          var step = node
          while step != start {
            path.append(step)
            step = previous[step] ?? start
          }
          path.append(start)
          return path.reversed()
        }
        if previous[next] == nil {
          previous[next] = node
          queue.append(next)
        }
      }
    }
    return [start, start]
  }
}
