#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What cells are worth.
extension Machine {
  /// The first byte of a string's cell.
  @inline(__always)
  mutating func bytes(of cell: Cell) -> UnsafePointer<UInt8> {
    switch cell.region {
    case .input: input + cell.offset
    case .arena: program.pointee.bytes + cell.offset
    case .scratch: scratch + cell.offset
    }
  }

  /// The value that a defined cell stands for.
  mutating func value(_ cell: Cell) -> Value {
    switch cell.tag {
    case .undefined, .null: return .null
    case .false: return .boolean(false)
    case .true: return .boolean(true)
    case .int: return .number(Number(cell.int))
    case .string:
      return .string(
        Text(String(decoding: UnsafeBufferPointer(start: bytes(of: cell), count: cell.count), as: UTF8.self)))
    case .escaped, .number, .array, .object:
      // The scan has taken it for valid.
      let span = UnsafeBufferPointer(start: input + cell.offset, count: cell.count)
      return (try? Value.parse(json: span)) ?? .null
    case .constant: return value(ofConstant: cell.index)
    case .boxed: return boxed(cell.index)
    }
  }

  // MARK: Equality and order

  @inline(__always)
  mutating func areEqual(_ a: Cell, _ b: Cell) -> Bool {
    a.isSimple && b.isSimple ? isSame(a, b) : haveEqualValues(a, b)
  }

  @inline(never)
  private mutating func haveEqualValues(_ a: Cell, _ b: Cell) -> Bool {
    guard a.isDefined, b.isDefined else { return false }
    // What is no collection on one side isn't equal to one on the other.
    if a.isSimple || b.isSimple {
      let (simple, other) = a.isSimple ? (a, b) : (b, a)
      switch other.tag {
      case .array, .object: return false
      case .escaped: if simple.tag != .string { return false }
      case .number: if simple.tag != .int { return false }
      default: break
      }
    }
    return value(a) == value(b)
  }

  mutating func order(_ a: Cell, _ b: Cell) -> Order {
    switch (a.tag, b.tag) {
    case (.int, .int): return a.int == b.int ? .same : a.int < b.int ? .ascending : .descending
    case (.string, .string):
      let result = memcmp(bytes(of: a), bytes(of: b), min(a.count, b.count))
      if result != 0 { return result < 0 ? .ascending : .descending }
      return a.count == b.count ? .same : a.count < b.count ? .ascending : .descending
    default: return value(a).compare(to: value(b))
    }
  }

  // MARK: Members

  /// The member at the key; undefined when there is none.
  @inline(__always)
  mutating func member(of collection: Cell, _ key: Cell, isData: Bool) -> Cell {
    if collection.tag == .constant {
      let node = nodes + collection.index
      if node.pointee.kind == .object, key.isSimple {
        let position = position(of: key, in: node)
        if position >= 0 { return cells[Int(node.pointee.start &+ node.pointee.count) &+ position] }
        if isData, key.tag == .int { return slowMember(of: collection, key, isData: true) }
        return .undefined
      }
      if node.pointee.kind == .array, key.tag == .int {
        return key.int >= 0 && key.int < Int(node.pointee.count) ? cells[Int(node.pointee.start) + key.int] : .undefined
      }
    }
    return slowMember(of: collection, key, isData: isData)
  }

  @inline(never)
  private mutating func slowMember(of collection: Cell, _ key: Cell, isData: Bool) -> Cell {
    switch collection.tag {
    case .object where key.tag == .string:
      if let found = member(ofObject: collection, key) { return found }
    case .array where key.tag == .int: return element(of: collection, key.int)
    case .array where key.tag == .string: return .undefined
    case .object, .array, .constant, .boxed: break
    case .undefined, .null, .false, .true, .int, .string, .escaped, .number: return .undefined
    }
    guard key.isDefined, let found = value(collection).member(value(key), isData: isData) else { return .undefined }
    return cell(of: found)
  }

  /// Absent when a key has an escape in it.
  private mutating func member(ofObject object: Cell, _ key: Cell) -> Cell? {
    var members = InputScanner(input, at: object.offset + 1)
    let wanted = bytes(of: key)
    var found = Cell.undefined
    while let (name, value) = members.nextMember() {
      guard name.tag == .string else { return nil }
      // Of equal keys the last one counts.
      if name.count == key.count, InputScanner.areEqual(input + name.offset, wanted, key.count) { found = value }
    }
    return found
  }

  private mutating func element(of array: Cell, _ wanted: Int) -> Cell {
    guard wanted >= 0 else { return .undefined }
    var elements = elements(of: array)
    for _ in 0..<wanted { if elements.nextElement() == nil { return .undefined } }
    return elements.nextElement() ?? .undefined
  }

  /// As the arena has it; for simple cells.
  @inline(__always)
  private mutating func hash(of cell: Cell) -> UInt32 {
    if cell.hash != 0 { return cell.hash }
    return cell.tag == .string ? CellHash.of(bytes(of: cell), cell.count) : CellHash.of(cell)
  }

  /// Among an object's keys, a set's or an array's members; -1 when it isn't there. For simple cells.
  @inline(__always)
  mutating func position(of key: Cell, in node: UnsafePointer<ConstantArena.Node>) -> Int {
    let start = cells + Int(node.pointee.start)
    if node.pointee.table >= 0 {
      let hash = hash(of: key)
      let slots = program.pointee.slots + Int(node.pointee.table)
      let mask = Int(node.pointee.mask)
      var slot = Int(hash) & mask
      while true {
        let position = Int(slots[slot])
        if position == 0 { return -1 }
        let member = start[position &- 1]
        if member.hash == hash, isSame(member, key) { return position &- 1 }
        slot = (slot &+ 1) & mask
      }
    }
    var index = 0
    while index < Int(node.pointee.count) {
      let member = start[index]
      if member.isSimple ? isSame(member, key) : areEqual(member, key) { return index }
      index &+= 1
    }
    return -1
  }

  /// For simple cells.
  @inline(__always)
  private mutating func isSame(_ a: Cell, _ b: Cell) -> Bool {
    guard a.tag == b.tag else { return false }
    return a.tag == .string
      ? a.count == b.count && InputScanner.areEqual(bytes(of: a), bytes(of: b), a.count) : a.payload == b.payload
  }

  /// `value in collection`
  @inline(__always)
  mutating func isMember(_ value: Cell, of collection: Cell) -> Bool {
    if collection.tag == .constant, value.isSimple {
      let node = nodes + collection.index
      if node.pointee.kind == .set || node.pointee.kind == .array { return position(of: value, in: node) >= 0 }
    }
    return slowIsMember(value, of: collection)
  }

  /// The value is a member of the constant set, or a collection that has one.
  @inline(__always)
  mutating func isOrHas(_ value: Cell, _ set: Cell) -> Bool {
    if value.isSimple { return position(of: value, in: nodes + set.index) >= 0 }
    return slowIsOrHas(value, set)
  }

  @inline(never)
  private mutating func slowIsOrHas(_ value: Cell, _ set: Cell) -> Bool {
    guard let wanted = self.value(set).asSet else { return false }
    return Builtins.isOrHas(self.value(value), wanted)
  }

  @inline(never)
  private mutating func slowIsMember(_ value: Cell, of collection: Cell) -> Bool {
    if collection.tag == .array {
      var elements = elements(of: collection)
      while let element = elements.nextElement() { if areEqual(element, value) { return true } }
      return false
    }
    guard collection.tag == .constant || collection.tag == .boxed || collection.tag == .object else { return false }
    let own = self.value(value)
    switch self.value(collection) {
    case .array(let items): return items.contains(own)
    case .set(let set): return set.contains(own)
    case .object(let object): return object.values.contains(own)
    default: return false
    }
  }

  // MARK: Builtins that need no values

  @inline(__always)
  mutating func compare(_ a: Cell, _ b: Cell, by comparison: Int32) -> Bool {
    switch Program.Comparison(rawValue: comparison) ?? .equal {
    case .equal: areEqual(a, b)
    case .notEqual: !areEqual(a, b)
    case .less: order(a, b) == .ascending
    case .lessOrEqual: order(a, b) != .descending
    case .greater: order(a, b) == .descending
    case .greaterOrEqual: order(a, b) != .ascending
    }
  }

  /// Absent when an operand is no plain string.
  @inline(__always)
  mutating func affix(_ code: Program.Code, _ text: Cell, _ part: Cell) -> Bool? {
    guard text.tag == .string, part.tag == .string else { return nil }
    guard part.count <= text.count else { return false }
    switch code {
    case .startsWith: return InputScanner.areEqual(bytes(of: text), bytes(of: part), part.count)
    case .endsWith:
      return InputScanner.areEqual(bytes(of: text) + text.count - part.count, bytes(of: part), part.count)
    default:
      return InputScanner.contains(bytes(of: text), text.count, bytes(of: part), part.count)
    }
  }
}

extension Cell {
  /// A scalar that is written in one way: among such, equal only to a cell of its own tag.
  @inline(__always)
  var isSimple: Bool {
    // Their tags are one after the other.
    tag.rawValue &- Tag.null.rawValue <= Tag.string.rawValue &- Tag.null.rawValue
  }
}
