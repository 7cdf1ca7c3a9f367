extension Builtins {
  /// Ways through values: all the parts of one, and graphs given as objects from nodes to their neighbours.
  enum Graph {
    static let rows: [Builtin] = [
      Builtin(
        "walk", [.anything], .array(leading: [.anyArray, .anything], rest: nil),
        body: .relation { arguments, context throws(BuiltinError) in
          var pairs: [Value] = []
          try walk(arguments.operand(1), at: [], into: &pairs, &context)
          return pairs
        }),
      Builtin(
        "graph.reachable", [.object(of: .any([.anyArray, .anySet]), keys: .anything), .arrayOrSet], .anySet, reachable),
      Builtin(
        "graph.reachable_paths", [.object(of: .any([.anyArray, .anySet]), keys: .anything), .arrayOrSet],
        .set(.anyArray), reachablePaths),
    ]

    /// The value itself with its path first, then its parts in order.
    private static func walk(
      _ value: Value, at path: [Value], into pairs: inout [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) {
      try context.charge(1 + path.count >> 2)
      pairs.append(.array([.array(path), value]))
      switch value {
      case .array(let elements):
        for (index, element) in elements.enumerated() {
          try walk(element, at: path + [.int(index)], into: &pairs, &context)
        }
      case .object(let object):
        for (key, value) in object.entries { try walk(value, at: path + [key], into: &pairs, &context) }
      case .set(let set):
        for element in set.elements { try walk(element, at: path + [element], into: &pairs, &context) }
      default: break
      }
    }

    private static func initial(_ arguments: [Value]) throws(BuiltinError) -> [Value] {
      switch arguments.operand(2) {
      case .array(let nodes): return nodes
      case .set(let nodes): return nodes.elements
      case let other: throw .operand(2, "must be {array, set} but got \(other.typeName)")
      }
    }

    private static func neighbours(_ edges: Value) -> [Value] {
      switch edges {
      case .array(let nodes): nodes
      case .set(let nodes): nodes.elements
      default: []
      }
    }

    /// The nodes of the graph that the initial ones lead to, themselves included.
    private static func reachable(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let graph = try arguments.object(1)
      var queue = try initial(arguments)
      var reached: Set<Value> = []
      while let node = queue.popLast() {
        try context.charge(1)
        guard let edges = graph[node], reached.insert(node).inserted else { continue }
        queue += neighbours(edges)
      }
      return .set(SetValue(Array(reached)))
    }

    /// Every path from an initial node to where there are no neighbours, one that is no node, or one on the path already.
    private static func reachablePaths(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let graph = try arguments.object(1)
      var search = PathSearch(graph: graph)
      for root in try initial(arguments) {
        guard let edges = graph[root] else { continue }
        let next = neighbours(edges)
        if next.isEmpty { search.paths.append(.array([root])) }
        for neighbour in next {
          // An edge from the root to itself counts once.
          if graph.contains(neighbour) {
            try search.extend([root, neighbour], over: [root, neighbour], &context)
          } else {
            search.paths.append(.array([root]))
          }
        }
      }
      return .set(SetValue(search.paths))
    }

    private struct PathSearch {
      let graph: ObjectValue
      var paths: [Value] = []

      mutating func extend(
        _ path: [Value], over visited: Set<Value>, _ context: inout BuiltinContext
      ) throws(BuiltinError) {
        try context.charge(1 + path.count)
        let next = path.last.flatMap { graph[$0] }.map(neighbours) ?? []
        if next.isEmpty { paths.append(.array(path)) }
        for neighbour in next {
          if visited.contains(neighbour) || !graph.contains(neighbour) {
            try context.charge(1 + path.count)
            paths.append(.array(path))
          } else {
            try extend(path + [neighbour], over: visited.union([neighbour]), &context)
          }
        }
      }
    }
  }
}
