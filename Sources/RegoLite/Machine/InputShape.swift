/// The paths of an input that a program reads, as a tree: what a scan of the input's bytes has to keep.
struct InputShape {
  struct Node {
    /// Where the value's cell goes.
    var field: Int32 = 0
    var children = NumberRange(0..<0)
    /// A string here will be looked for in a table.
    var isHashed = false
  }
  struct Child {
    /// In `names`.
    var offset: Int32
    var count: Int32
    var node: Int32
  }
  /// The root is the first.
  private(set) var nodes: [Node] = []
  private(set) var children: [Child] = []
  private(set) var names: [UInt8] = []
  private(set) var fieldCount: Int

  private final class Tree {
    let field: Int32?
    var children: [(name: Text, tree: Tree)] = []
    var places: [Text: Int] = [:]
    init(_ field: Int32?) { self.field = field }
  }

  /// Paths with their fields' numbers, which begin with 0; `hashed` are such numbers.
  init(paths: [[Text]: Int32], hashed: Set<Int32> = []) {
    fieldCount = paths.count
    let root = Tree(paths[[]])
    for (path, _) in paths.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      var tree = root
      for (depth, name) in path.enumerated() {
        if let place = tree.places[name] {
          tree = tree.children[place].tree
        } else {
          let child = Tree(paths[Array(path[...depth])])
          tree.places[name] = tree.children.count
          tree.children.append((name, child))
          tree = child
        }
      }
    }
    _ = add(root, hashed)
  }

  private mutating func add(_ tree: Tree, _ hashed: Set<Int32>) -> Int32 {
    let own = nodes.count
    nodes.append(Node())
    if let field = tree.field {
      nodes[own].field = field
      nodes[own].isHashed = hashed.contains(field)
    } else {
      // Nobody reads it, but what is below does.
      nodes[own].field = Int32(fieldCount)
      fieldCount += 1
    }
    var list: [Child] = []
    for (name, child) in tree.children {
      let offset = Int32(names.count)
      names.append(contentsOf: name.utf8)
      list.append(Child(offset: offset, count: Int32(name.utf8.count), node: add(child, hashed)))
    }
    nodes[own].children = NumberRange(Int32(children.count)..<Int32(children.count + list.count))
    children += list
    return Int32(own)
  }
}
