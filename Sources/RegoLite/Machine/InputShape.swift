/// The paths of an input that a program reads, as a tree: what a scan of the input's bytes has to keep.
struct InputShape {
  struct Node {
    /// Where the value's cell goes, and those of what lies below it: `first..<end`; the first is its own.
    var first: Int32 = 0
    var end: Int32 = 0
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
  /// The root is the first; breadth first.
  private(set) var nodes: [Node] = []
  private(set) var children: [Child] = []
  private(set) var names: [UInt8] = []
  /// By path.
  private(set) var fields: [[Text]: Int32] = [:]

  private let hashed: Set<[Text]>

  private final class Tree {
    var children: [(name: Text, tree: Tree)] = []
  }

  init(paths: Set<[Text]>, hashed: Set<[Text]> = []) {
    self.hashed = hashed
    let root = Tree()
    for path in paths.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      var tree = root
      for name in path {
        if let child = tree.children.first(where: { $0.name == name }) {
          tree = child.tree
        } else {
          let child = Tree()
          tree.children.append((name, child))
          tree = child
        }
      }
    }
    var next: Int32 = 0
    _ = add(root, path: [], next: &next)
  }

  /// Fields are numbered depth first, so that those below a node follow its own.
  private mutating func add(_ tree: Tree, path: [Text], next: inout Int32) -> Int32 {
    let own = nodes.count
    nodes.append(Node())
    nodes[own].first = next
    nodes[own].isHashed = hashed.contains(path)
    fields[path] = next
    next += 1
    var list: [Child] = []
    for (name, child) in tree.children {
      let offset = Int32(names.count)
      names.append(contentsOf: name.utf8)
      let node = add(child, path: path + [name], next: &next)
      list.append(Child(offset: offset, count: Int32(name.utf8.count), node: node))
    }
    nodes[own].children = NumberRange(Int32(children.count)..<Int32(children.count + list.count))
    children += list
    nodes[own].end = next
    return Int32(own)
  }

  var fieldCount: Int { nodes.isEmpty ? 0 : Int(nodes[0].end) }
}
