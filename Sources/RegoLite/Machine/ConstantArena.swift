/// The constants of a policy and its base data as cells: strings in one buffer, collections with their members' cells and
/// tables to find them by. Written once, when a policy is loaded.
struct ConstantArena {
  /// A collection, or a number that no integer's cell can hold.
  struct Node {
    enum Kind: UInt8 {
      case array
      case object
      case set
      case number
    }
    var kind: Kind
    /// The first of its cells: elements; of an object the keys, then the values.
    var start: Int32
    var count: Int32
    /// The first slot of the table of keys, or of a set's or array's members; -1 for none.
    var table: Int32
    /// The table's size less one: a power of two.
    var mask: Int32
  }

  private(set) var cells: [Cell] = []
  private(set) var bytes: [UInt8] = []
  private(set) var nodes: [Node] = []
  /// Positions among a node's cells plus one, 0 where there is none.
  private(set) var tables: [Int32] = []
  /// What each node is.
  private(set) var values: [Value] = []
  private var strings: [Text: Cell] = [:]
  private var numbers: [Value: Cell] = [:]

  /// So few members are found faster by looking at each.
  static let tableThreshold = 2
  /// Objects are many, in data, and looked up once in a decision.
  static let objectTableThreshold = 8

  /// The same value may be given twice and then has two nodes, unless it is a string or a number.
  mutating func cell(of value: Value) -> Cell {
    switch value {
    case .null: return hashed(Cell(.null))
    case .boolean(let value): return hashed(Cell(boolean: value))
    case .number(let number):
      if case .int(let int) = number.storage { return hashed(Cell(int: int)) }
      if let known = numbers[value], spelled(known, as: number) { return known }
      let cell = add(value, .number, [], count: 0, isIndexed: false)
      numbers[value] = cell
      return cell
    case .string(let text):
      if let known = strings[text] { return known }
      let offset = bytes.count
      bytes.append(contentsOf: text.utf8)
      let count = bytes.count - offset
      let hash = bytes.withUnsafeBufferPointer { bytes in
        // An empty buffer has no address, and nothing is read from an empty string.
        bytes.baseAddress.map { CellHash.of($0 + offset, count) } ?? Self.emptyHash
      }
      let cell = Cell(.string, .arena, offset: offset, count: count, hash: hash)
      strings[text] = cell
      return cell
    case .array(let items):
      return add(value, .array, items.map { cell(of: $0) }, count: items.count, isIndexed: true)
    case .set(let set):
      return add(value, .set, set.elements.map { cell(of: $0) }, count: set.count, isIndexed: true)
    case .object(let object):
      let keys = object.keys.map { cell(of: $0) }
      return add(value, .object, keys + object.values.map { cell(of: $0) }, count: object.count, isIndexed: true)
    }
  }

  private static let emptyHash: UInt32 = withUnsafePointer(to: 0 as UInt8) { CellHash.of($0, 0) }

  private func hashed(_ cell: Cell) -> Cell {
    var cell = cell
    cell.hash = CellHash.of(cell)
    return cell
  }

  /// A set of cells, whatever their order: what a value is looked for in.
  mutating func set(of members: [Cell]) -> Int32 {
    Int32(add(.emptySet, .set, members, count: members.count, isIndexed: true).index)
  }

  private func spelled(_ cell: Cell, as number: Number) -> Bool {
    guard case .number(let own) = values[cell.index] else { return false }
    return own.description == number.description
  }

  private mutating func add(_ value: Value, _ kind: Node.Kind, _ members: [Cell], count: Int, isIndexed: Bool) -> Cell {
    var node = Node(kind: kind, start: Int32(cells.count), count: Int32(count), table: -1, mask: 0)
    cells += members
    let threshold = kind == .object ? Self.objectTableThreshold : Self.tableThreshold
    if isIndexed, count > threshold, members.prefix(count).allSatisfy({ $0.hash != 0 }) {
      var size = 16
      while size < count * 2 { size *= 2 }
      node.table = Int32(tables.count)
      node.mask = Int32(size - 1)
      tables += [Int32](repeating: 0, count: size)
      for (position, member) in members.prefix(count).enumerated() {
        var slot = Int(member.hash) & (size - 1)
        while tables[Int(node.table) + slot] != 0 { slot = (slot + 1) & (size - 1) }
        tables[Int(node.table) + slot] = Int32(position + 1)
      }
    }
    nodes.append(node)
    values.append(value)
    return Cell(.constant, payload: UInt64(nodes.count - 1))
  }
}
