#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs a program over the bytes of one input. Lives on the stack of the thread that decides.
///
/// Values are cells; only what a builtin is given, or what an evaluation builds, becomes a `Value`.
struct Machine {
  // Whoever decides holds the program and the workspace.
  private unowned(unsafe) let program: Program
  private let state: UnsafeMutablePointer<Workspace>
  private let instructions: UnsafePointer<Program.Instruction>
  private let blocks: UnsafePointer<Program.Block>
  let constants: UnsafePointer<Cell>
  private let lists: UnsafePointer<Int32>
  let cells: UnsafePointer<Cell>
  let nodes: UnsafePointer<ConstantArena.Node>
  let tables: UnsafePointer<Int32>

  let input: UnsafePointer<UInt8>
  let inputCount: Int
  let arenaBytes: UnsafePointer<UInt8>
  private let fields: UnsafeMutablePointer<Cell>
  private let extents: UnsafeMutablePointer<Cell>
  /// The running frame's registers.
  private var frame: UnsafeMutablePointer<Cell>
  /// Where the next frame begins.
  private var top: UnsafeMutablePointer<Cell>
  /// What the rule that is running has given.
  private var result = Cell.undefined
  /// What its earlier definitions gave.
  private var earlier = Cell.undefined
  private var isFunction = false
  private var hasOneValue = false
  /// The only value of the first row; undefined when there is none, or `wantsRows`.
  private(set) var row = Cell.undefined
  private let wantsRows: Bool
  private let time: Duration?
  private var stepsLeft: Int
  private var untilClock = 256
  private let stackLimit: UInt

  /// `fields` of the workspace are filled.
  init(
    _ program: Program, _ state: UnsafeMutablePointer<Workspace>, input: UnsafePointer<UInt8>, count: Int,
    budget: EvaluationBudget,
    wantsRows: Bool
  ) {
    self.program = program
    self.state = state
    instructions = UnsafePointer(program.instructions.base)
    blocks = UnsafePointer(program.blocks.base)
    constants = UnsafePointer(program.constants.base)
    lists = UnsafePointer(program.lists.base)
    cells = UnsafePointer(program.cells.base)
    nodes = UnsafePointer(program.nodes.base)
    tables = UnsafePointer(program.tables.base)
    arenaBytes = UnsafePointer(program.bytes.base)
    self.input = input
    inputCount = count
    fields = state.pointee.fields
    extents = state.pointee.extents
    extents.update(repeating: .undefined, count: program.groups.count)
    for index in 0..<program.groups.count { extents[index].region = .scratch }
    frame = state.pointee.registers
    top = frame + Int(program.queryFrame)
    frame.update(repeating: .undefined, count: Int(program.queryFrame))
    time = budget.time
    self.wantsRows = wantsRows
    stepsLeft = budget.steps
    var limit = ThreadStack.limit
    if let bytes = budget.stackBytes {
      let here = Self.stackPointer()
      limit = max(limit, here - min(here, UInt(max(0, bytes))))
    }
    stackLimit = limit
  }

  mutating func runQuery() throws(EvaluationError) {
    _ = try run(program.queryBlock)
  }

  // MARK: Blocks

  @inline(__always)
  func cell(_ operand: Int32) -> Cell { operand >= 0 ? frame[Int(operand)] : constants[Int(~operand)] }

  /// True when no further result is wanted.
  private mutating func run(_ number: Int32) throws(EvaluationError) -> Bool {
    try charge()
    let block = blocks[Int(number)]
    let start = instructions + Int(block.start)
    let end = start + Int(block.count)
    var next = start
    /// Where the rule's next branch begins, for when this one has given nothing.
    var other: UnsafePointer<Program.Instruction>?
    while true {
      attempt: while next < end {
        let it = next.pointee
        next += 1
        switch it.code {
        case .assign:
          let value = cell(it.b)
          guard value.isDefined else { break attempt }
          frame[Int(it.a)] = value
        case .field:
          let value = fields[Int(it.b)]
          guard value.isDefined else { break attempt }
          frame[Int(it.a)] = value
        case .lookup, .lookupData:
          let value = member(of: cell(it.b), cell(it.c), isData: it.code == .lookupData)
          guard value.isDefined else { break attempt }
          frame[Int(it.a)] = value
        case .equal:
          guard areEqual(cell(it.a), cell(it.b)) else { break attempt }
        case .holds:
          let value = cell(it.a)
          guard value.tag != .false, value.isDefined else { break attempt }
        case .match:
          let value = cell(it.a)
          guard value.isDefined, matches(value, it.b) else { break attempt }
        case .requireMember:
          let (value, collection) = (cell(it.c), cell(it.d))
          guard value.isDefined, collection.isDefined, try isMember(value, of: collection) else { break attempt }
          frame[Int(it.a)] = Cell(.true)
        case .requireComparison:
          let (a, b) = (cell(it.c), cell(it.d))
          guard a.isDefined, b.isDefined, compare(a, b, by: it.b) else { break attempt }
          frame[Int(it.a)] = Cell(.true)
        case .requireIsOrHas:
          let value = cell(it.c)
          guard value.isDefined, isOrHas(value, constants[Int(~it.d)]) else { break attempt }
          frame[Int(it.a)] = Cell(.true)
        case .member:
          let (value, collection) = (cell(it.c), cell(it.d))
          guard value.isDefined, collection.isDefined else { break attempt }
          frame[Int(it.a)] = Cell(boolean: try isMember(value, of: collection))
        case .comparison:
          let (a, b) = (cell(it.c), cell(it.d))
          guard a.isDefined, b.isDefined else { break attempt }
          frame[Int(it.a)] = Cell(boolean: compare(a, b, by: it.b))
        case .startsWith, .endsWith, .contains:
          let (a, b) = (cell(it.c), cell(it.d))
          if let holds = affix(it.code, a, b) {
            frame[Int(it.a)] = Cell(boolean: holds)
          } else {
            guard a.isDefined, b.isDefined else { break attempt }
            let value = try call(it.b, [self.value(a), self.value(b)], at: next - 1)
            guard value.isDefined else { break attempt }
            frame[Int(it.a)] = value
          }
        case .native:
          let (a, b) = (cell(it.c), cell(it.d))
          guard a.isDefined, b.isDefined else { break attempt }
          let builtin = program.natives.base[Int(it.b)]
          var value = native(builtin, a, b)
          if !value.isDefined {
            let arguments = builtin.operandCount == 1 ? [self.value(a)] : [self.value(a), self.value(b)]
            value = try call(it.b, arguments, at: next - 1)
          }
          guard value.isDefined else { break attempt }
          frame[Int(it.a)] = value
        case .isOrHas:
          let value = cell(it.c)
          guard value.isDefined else { break attempt }
          let holds = isOrHas(value, constants[Int(~it.d)])
          frame[Int(it.a)] = Cell(boolean: holds)
        case .rule:
          let value = try extent(it.b)
          guard value.isDefined else { break attempt }
          frame[Int(it.a)] = value
        case .not:
          if try run(it.d) { break attempt }
        case .succeed: return true
        case .emitValue:
          let value = cell(it.a)
          guard value.isDefined else { break attempt }
          try emit(value, at: next - 1)
          switch it.b {
          case Program.Finality.goesOn.rawValue: break attempt
          case Program.Finality.ends.rawValue: return true
          default:
            if hasOneValue { return true }
            break attempt
          }
        case .scan:
          if try scan(cell(it.a), key: it.b, value: it.c, it.d) { return true }
          break attempt
        case .branch: other = start + Int(it.d)
        case .every:
          let domain = cell(it.a)
          guard domain.isDefined, try every(domain, key: it.b, value: it.c, it.d) else { break attempt }
        case .anyOf:
          var holds = false
          for index in Int(it.c)..<Int(it.c + it.d) where !holds { holds = try run(lists[index]) }
          guard holds else { break attempt }
        default:
          // What builds values, and needs more of the stack.
          guard let flow = try build(it, at: next - 1) else { continue }
          if flow { return true }
          break attempt
        }
      }
      guard let target = other, !result.isDefined else { return false }
      next = target
      other = nil
    }
  }

  /// Absent when the next instruction follows.
  @inline(never)
  private mutating func build(
    _ it: Program.Instruction, at place: UnsafePointer<Program.Instruction>
  ) throws(EvaluationError) -> Bool? {
    switch it.code {
    case .array:
      guard let items = list(it.b, it.c) else { return false }
      frame[Int(it.a)] = box(.array(items))
    case .set:
      guard let items = list(it.b, it.c) else { return false }
      frame[Int(it.a)] = box(.set(SetValue(items)))
    case .object:
      guard let items = list(it.b, it.c) else { return false }
      var pairs: [(Value, Value)] = []
      pairs.reserveCapacity(items.count / 2)
      for index in stride(from: 0, to: items.count, by: 2) { pairs.append((items[index], items[index + 1])) }
      frame[Int(it.a)] = box(.object(ObjectValue(pairs)))
    case .ruleLookup:
      guard let keys = list(it.c, it.d) else { return false }
      let value = try ruleLookup(it.b, keys, cellsFrom: it.c)
      guard value.isDefined else { return false }
      frame[Int(it.a)] = value
    case .builtin:
      guard let arguments = list(it.c, it.d) else { return false }
      let value = try call(it.b, arguments, at: place)
      guard value.isDefined else { return false }
      frame[Int(it.a)] = value
    case .relation:
      guard let arguments = list(it.c, it.d) else { return false }
      let inner = lists[Int(it.c + it.d)]
      for value in try relation(it.b, arguments, at: place) {
        frame[Int(it.a)] = cell(of: value)
        if try run(inner) { return true }
      }
      return false
    case .function:
      let value = try function(it.b, it.c, it.d)
      guard value.isDefined else { return false }
      frame[Int(it.a)] = value
    case .arrayComprehension, .setComprehension, .objectComprehension:
      frame[Int(it.a)] = try comprehension(it, at: place)
    case .emit:
      let value = cell(it.a)
      if value.isDefined { state.pointee.values.append(self.value(value)) }
    case .emitObject:
      let (value, key) = (cell(it.a), cell(it.b))
      if value.isDefined, key.isDefined {
        state.pointee.keys.append(self.value(key))
        state.pointee.values.append(self.value(value))
      }
    case .emitDocument:
      guard let path = list(it.c, it.d) else { return false }
      let value = cell(it.a)
      guard value.isDefined else { return false }
      state.pointee.isUsed = true
      if state.pointee.document == nil { state.pointee.document = DocumentBuilder() }
      if state.pointee.document?.insert(self.value(value), at: path, isMember: it.b == 1) != true {
        throw EvaluationError(.conflict, "object keys must be unique", at: location(place))
      }
    case .emitRow:
      if wantsRows {
        state.pointee.isUsed = true
        if let row = list(it.c, it.d) { state.pointee.rows.append(row) }
      } else if it.d == 1 {
        row = cell(lists[Int(it.c)])
        if row.isDefined { return true }
      }
    default: break
    }
    return nil
  }

  private func location(_ place: UnsafePointer<Program.Instruction>) -> Location? {
    program.locations[place - instructions]
  }

  /// The list's values; absent when one is undefined.
  private mutating func list(_ start: Int32, _ count: Int32) -> [Value]? {
    var result: [Value] = []
    result.reserveCapacity(Int(count))
    for index in Int(start)..<Int(start + count) {
      let value = cell(lists[index])
      guard value.isDefined else { return nil }
      result.append(self.value(value))
    }
    return result
  }

  private mutating func emit(_ value: Cell, at place: UnsafePointer<Program.Instruction>) throws(EvaluationError) {
    let other = result.isDefined ? result : earlier
    guard other.isDefined else {
      result = value
      return
    }
    result = other
    if !areEqual(other, value) {
      throw EvaluationError(.conflict, Accumulator.conflict(isFunction: isFunction), at: location(place))
    }
  }

  // MARK: Loops

  private mutating func scan(_ collection: Cell, key: Int32, value: Int32, _ inner: Int32) throws(EvaluationError)
    -> Bool
  {
    switch collection.tag {
    case .array:
      var scanner = InputScanner(input, count: collection.offset + collection.count)
      scanner.position = collection.offset + 1
      scanner.skipSpace()
      guard input[scanner.position] != UInt8(ascii: "]") else { return false }
      var index = 0
      while true {
        let item = scanner.skipValue(depth: 0)
        if matches(Cell(int: index), key), matches(item, value), try run(inner) { return true }
        guard scanner.next(UInt8(ascii: "]")) == false else { return false }
        index += 1
      }
    case .constant:
      let node = nodes[collection.index]
      let start = Int(node.start)
      switch node.kind {
      case .array:
        for index in 0..<Int(node.count) where matches(Cell(int: index), key) && matches(cells[start + index], value) {
          if try run(inner) { return true }
        }
      case .object:
        for index in start..<(start + Int(node.count))
        where matches(cells[index], key) && matches(cells[index + Int(node.count)], value) {
          if try run(inner) { return true }
        }
      case .set:
        for index in start..<(start + Int(node.count)) where matches(cells[index], key) && matches(cells[index], value)
        {
          if try run(inner) { return true }
        }
      case .number: break
      }
      return false
    case .object, .boxed:
      switch self.value(collection) {
      case .array(let items):
        for (index, item) in items.enumerated() where matches(Cell(int: index), key) && matches(cell(of: item), value) {
          if try run(inner) { return true }
        }
      case .object(let object):
        for (name, item) in object.entries where matches(cell(of: name), key) && matches(cell(of: item), value) {
          if try run(inner) { return true }
        }
      case .set(let set):
        for item in set.elements {
          let item = cell(of: item)
          if matches(item, key), matches(item, value), try run(inner) { return true }
        }
      default: break
      }
      return false
    default: return false
    }
  }

  private mutating func every(_ domain: Cell, key: Int32, value: Int32, _ inner: Int32) throws(EvaluationError) -> Bool
  {
    switch domain.tag {
    case .array:
      var scanner = InputScanner(input, count: domain.offset + domain.count)
      scanner.position = domain.offset + 1
      scanner.skipSpace()
      guard input[scanner.position] != UInt8(ascii: "]") else { return true }
      var index = 0
      while true {
        frame[Int(value)] = scanner.skipValue(depth: 0)
        if key >= 0 { frame[Int(key)] = Cell(int: index) }
        guard try run(inner) else { return false }
        guard scanner.next(UInt8(ascii: "]")) == false else { return true }
        index += 1
      }
    case .constant:
      let node = nodes[domain.index]
      if node.kind == .number { return false }
      let count = Int(node.count)
      for index in 0..<count {
        let own = cells[Int(node.start) + index]
        frame[Int(value)] = node.kind == .object ? cells[Int(node.start) + count + index] : own
        if key >= 0 { frame[Int(key)] = node.kind == .array ? Cell(int: index) : own }
        guard try run(inner) else { return false }
      }
      return true
    case .object, .boxed:
      switch self.value(domain) {
      case .array(let items):
        for (index, item) in items.enumerated() {
          frame[Int(value)] = cell(of: item)
          if key >= 0 { frame[Int(key)] = Cell(int: index) }
          guard try run(inner) else { return false }
        }
      case .object(let object):
        for (name, item) in object.entries {
          frame[Int(value)] = cell(of: item)
          if key >= 0 { frame[Int(key)] = cell(of: name) }
          guard try run(inner) else { return false }
        }
      case .set(let set):
        for item in set.elements {
          frame[Int(value)] = cell(of: item)
          if key >= 0 { frame[Int(key)] = frame[Int(value)] }
          guard try run(inner) else { return false }
        }
      default: return false
      }
      return true
    default: return false
    }
  }

  private mutating func comprehension(
    _ it: Program.Instruction, at place: UnsafePointer<Program.Instruction>
  ) throws(EvaluationError) -> Cell {
    try checkDepth()
    state.pointee.isUsed = true
    let outer = (state.pointee.values, state.pointee.keys)
    (state.pointee.values, state.pointee.keys) = ([], [])
    _ = try run(it.d)
    let own = (state.pointee.values, state.pointee.keys)
    (state.pointee.values, state.pointee.keys) = outer
    switch it.code {
    case .arrayComprehension: return box(.array(own.0))
    case .setComprehension: return box(.set(SetValue(own.0)))
    default:
      let accumulator = Accumulator(values: own.0, keys: own.1)
      guard let object = accumulator.object() else {
        throw EvaluationError(.conflict, "object keys must be unique", at: location(place))
      }
      return box(.object(object))
    }
  }

  @inline(__always)
  private mutating func matches(_ value: Cell, _ number: Int32) -> Bool {
    let pattern = program.patterns.base[Int(number)]
    switch pattern.kind {
    case .anything: return true
    case .bind:
      frame[Int(pattern.a)] = value
      return true
    case .equal: return areEqual(value, cell(pattern.a))
    case .array, .object: return matches(value, pattern)
    }
  }

  @inline(never)
  private mutating func matches(_ value: Cell, _ pattern: Program.Pattern) -> Bool {
    let value = self.value(value)
    switch (pattern.kind, value) {
    case (.array, .array(let items)):
      guard items.count == Int(pattern.b) else { return false }
      for (index, item) in items.enumerated() where !matches(cell(of: item), lists[Int(pattern.a) + index]) {
        return false
      }
      return true
    case (.object, .object(let object)):
      guard object.count == Int(pattern.b) else { return false }
      for index in 0..<Int(pattern.b) {
        let key = self.value(cell(lists[Int(pattern.a) + 2 * index]))
        guard let item = object[key], matches(cell(of: item), lists[Int(pattern.a) + 2 * index + 1]) else {
          return false
        }
      }
      return true
    default: return false
    }
  }

  // MARK: Rules

  /// Opens a frame; hand its outer one to `pop`.
  @inline(__always)
  private mutating func push(_ size: Int32) -> UnsafeMutablePointer<Cell> {
    let outer = frame
    frame = top
    top += Int(size)
    return outer
  }

  @inline(__always)
  private mutating func pop(_ outer: UnsafeMutablePointer<Cell>) {
    top = frame
    frame = outer
  }

  /// A group's document, computed once.
  @inline(__always)
  private mutating func extent(_ number: Int32) throws(EvaluationError) -> Cell {
    // What hasn't been computed yet, is undefined and has a mark.
    let known = extents[Int(number)]
    if known.isDefined || known.region != .scratch { return known }
    let computed = try compute(number)
    extents[Int(number)] = computed.isDefined ? computed : .undefined
    return computed
  }

  @inline(never)
  private mutating func compute(_ number: Int32) throws(EvaluationError) -> Cell {
    try checkDepth()
    let group = program.groups.base[Int(number)]
    switch group.kind {
    case .complete:
      let outer = push(group.frameSize)
      let value = try complete(group, number)
      pop(outer)
      return value
    case .set:
      let outer = push(group.frameSize)
      state.pointee.isUsed = true
      let outerValues = state.pointee.values
      state.pointee.values = []
      if group.dispatch >= 0 {
        let (start, count) = candidates(program.dispatches.base[Int(group.dispatch)], group)
        for index in 0..<count {
          try branches(start >= 0 ? lists[Int(start) + index] : group.definitions.lowerBound + Int32(index))
        }
      } else {
        for definition in group.definitions.all { try branches(definition) }
      }
      let members = state.pointee.values
      state.pointee.values = outerValues
      pop(outer)
      return box(.set(SetValue(members)))
    case .document:
      let outer = push(group.frameSize)
      let outerDocument = state.pointee.document
      state.pointee.document = nil
      for definition in group.definitions.all { try branches(definition) }
      for definition in group.defaults.all { try missing(definition) }
      let own = state.pointee.document
      state.pointee.document = outerDocument
      pop(outer)
      return box(own?.finish() ?? .object(ObjectValue()))
    case .function: return .undefined
    }
  }

  private mutating func branches(_ number: Int32) throws(EvaluationError) {
    let definition = program.definitions.base[Int(number)]
    for index in 0..<Int(definition.count) { _ = try run(lists[Int(definition.branches) + index]) }
  }

  /// Gives the document a default's value where no definition has put one.
  private mutating func missing(_ number: Int32) throws(EvaluationError) {
    let outer = state.pointee.document
    state.pointee.document = nil
    try branches(number)
    let own = state.pointee.document
    state.pointee.document = outer
    guard let own else { return }
    if let outer { outer.fill(from: own) } else { state.pointee.document = own }
  }

  /// The definitions that a field's value leaves: where they stand in `lists`, -1 for all of them.
  @inline(__always)
  private func candidates(_ dispatch: Program.Dispatch, _ group: Program.Group) -> (start: Int32, count: Int) {
    var key = fields[Int(dispatch.field)]
    switch key.tag {
    case .undefined: return (dispatch.others, Int(dispatch.otherCount))
    case .null: key.hash = 3
    case .false: key.hash = 5
    case .true: key.hash = 7
    case .int: key.hash = CellHash.of(key.int)
    case .string: if key.hash == 0 { key.hash = CellHash.of(input + key.offset, key.count) }
    default: return (-1, group.definitions.count)
    }
    var slot = Int32(bitPattern: key.hash) & dispatch.mask
    while true {
      let position = tables[Int(dispatch.table + slot)]
      if position == 0 { return (dispatch.others, Int(dispatch.otherCount)) }
      let entry = program.dispatchEntries.base[Int(dispatch.entries + position - 1)]
      if entry.key.hash == key.hash, entry.key.tag == key.tag {
        switch key.tag {
        case .int: if entry.key.payload == key.payload { return (entry.list, Int(entry.count)) }
        case .string:
          if entry.key.count == key.count,
            InputScanner.areEqual(arenaBytes + entry.key.offset, input + key.offset, key.count)
          {
            return (entry.list, Int(entry.count))
          }
        default: return (entry.list, Int(entry.count))
        }
      }
      slot = (slot + 1) & dispatch.mask
    }
  }

  /// The value of a complete rule or of a function: all definitions that hold have to agree. The frame is open.
  private mutating func complete(_ group: Program.Group, _ number: Int32) throws(EvaluationError) -> Cell {
    let outer = (result, earlier, isFunction, hasOneValue)
    isFunction = group.kind == .function
    var oneValue = group.oneValue == .always
    var own: [Int]?
    var mask = UInt64.max
    if group.isGuarded, program.isStrict || group.oneValue == .perhaps {
      if !group.isReordered, group.definitions.count <= UInt64.bitWidth {
        (mask, oneValue) = try couldHold(group)
      } else {
        (own, oneValue) = try candidates(of: number, group)
      }
    }
    var value = Cell.undefined
    var (start, count) = (Int32(-1), own?.count ?? group.definitions.count)
    if group.dispatch >= 0, own == nil {
      (start, count) = candidates(program.dispatches.base[Int(group.dispatch)], group)
    }
    for place in 0..<count {
      let definition: Int32
      if let own {
        definition = group.definitions.lowerBound + Int32(own[place])
      } else if start >= 0 {
        definition = lists[Int(start) + place]
      } else {
        if place < UInt64.bitWidth, mask & (1 << UInt64(place)) == 0 { continue }
        definition = group.definitions.lowerBound + Int32(place)
      }
      let given = try firstBranch(definition, hasOneValue: oneValue, earlier: value)
      guard given.isDefined else { continue }
      if !value.isDefined { value = given }
      if oneValue { break }
    }
    if !value.isDefined {
      for definition in group.defaults.all where !value.isDefined {
        value = try firstBranch(definition, hasOneValue: false, earlier: .undefined)
      }
    }
    (result, earlier, isFunction, hasOneValue) = outer
    return value
  }

  @inline(__always)
  private mutating func firstBranch(_ number: Int32, hasOneValue: Bool, earlier: Cell) throws(EvaluationError) -> Cell {
    let definition = program.definitions.base[Int(number)]
    for index in 0..<Int(definition.count) {
      result = .undefined
      self.earlier = earlier
      self.hasOneValue = hasOneValue
      _ = try run(lists[Int(definition.branches) + index])
      if result.isDefined { return result }
    }
    return .undefined
  }

  /// The definitions that could hold, a bit each, and whether all of them give the same value.
  @inline(never)
  private mutating func couldHold(_ group: Program.Group) throws(EvaluationError) -> (UInt64, hasOneValue: Bool) {
    var (mask, one, differs) = (UInt64(0), Cell.undefined, false)
    for (place, index) in group.definitions.all.enumerated() {
      let definition = program.definitions.base[Int(index)]
      for branch in 0..<Int(definition.guardCount) {
        if definition.guards >= 0 {
          let block = lists[Int(definition.guards) + branch]
          if block >= 0, try !run(block) { continue }
        }
        mask |= 1 << UInt64(place)
        let value = definition.values >= 0 ? lists[Int(definition.values) + branch] : .min
        if value != .min, !one.isDefined || areEqual(one, cell(value)) { one = cell(value) } else { differs = true }
      }
    }
    return (mask, one.isDefined && !differs)
  }

  /// The definitions that could hold, in the order in which OPA's index gives them, and whether the first one to hold
  /// decides: see the evaluator's own.
  @inline(never)
  private mutating func candidates(
    of number: Int32, _ group: Program.Group
  ) throws(EvaluationError) -> ([Int], hasOneValue: Bool) {
    let plan = program.plan.groups[program.planGroups[Int(number)]]
    var candidates: [Int] = []
    var ranks: [[[IndexTests.Rank]]] = []
    var (one, differs) = (Cell.undefined, false)
    for (place, index) in group.definitions.all.enumerated() {
      let definition = program.definitions.base[Int(index)]
      var (could, own) = (false, [[IndexTests.Rank]]())
      for branch in 0..<Int(definition.guardCount) {
        if definition.guards >= 0 {
          let block = lists[Int(definition.guards) + branch]
          if block >= 0, try !run(block) { continue }
        }
        could = true
        let value = definition.values >= 0 ? lists[Int(definition.values) + branch] : .min
        if value != .min, !one.isDefined || areEqual(one, cell(value)) { one = cell(value) } else { differs = true }
        if group.isReordered {
          let ranks = plan.definitions[place].ranks
          own.append(branch < ranks.count ? ranks[branch] : [])
        }
      }
      guard could else { continue }
      candidates.append(place)
      ranks.append(own)
    }
    if group.isReordered { candidates = IndexTests.order(ranks).map { candidates[$0] } }
    return (candidates, one.isDefined && !differs)
  }

  private mutating func function(_ number: Int32, _ start: Int32, _ count: Int32) throws(EvaluationError) -> Cell {
    try checkDepth()
    let group = program.groups.base[Int(number)]
    // The arguments go straight to where the function's frame begins.
    let own = top
    for index in 0..<Int(count) {
      let value = cell(lists[Int(start) + index])
      guard value.isDefined else { return .undefined }
      own[index] = value
    }
    let outer = frame
    frame = own
    top += Int(group.frameSize)
    let value = try complete(group, number)
    pop(outer)
    return value
  }

  /// The part of a group's document at the keys.
  private mutating func ruleLookup(_ number: Int32, _ keys: [Value], cellsFrom start: Int32) throws(EvaluationError)
    -> Cell
  {
    try checkDepth()
    let lookup = program.lookups.base[Int(number)]
    let extent = extents[Int(lookup.group)]
    if extent.isDefined { return value(extent).at(keys).map { cell(of: $0) } ?? .undefined }
    let key = DocumentContext.LookupKey(lookup: Int(number), keys: keys)
    if let known = state.pointee.known[key] { return known }
    let own = top
    for index in 0..<keys.count { own[index] = cell(lists[Int(start) + index]) }
    let outer = frame
    frame = own
    top += Int(lookup.frameSize)
    let saved = (result, earlier, isFunction, hasOneValue)
    let outerDocument = state.pointee.document
    (result, earlier, isFunction, hasOneValue) = (.undefined, .undefined, false, false)
    state.pointee.document = nil
    for definition in lookup.definitions.all { try branches(definition) }
    for definition in lookup.defaults.all { try missing(definition) }
    let document = state.pointee.document?.finish()
    let given = result
    (result, earlier, isFunction, hasOneValue) = saved
    state.pointee.document = outerDocument
    pop(outer)
    var found = document.map { cell(of: $0) } ?? .undefined
    if given.isDefined {
      if found.isDefined, !areEqual(found, given) {
        let plan = program.plan.lookups[program.planLookups[Int(number)]]
        throw EvaluationError(.conflict, "object keys must be unique", at: plan.definitions.first?.location)
      }
      found = given
    }
    state.pointee.isUsed = true
    state.pointee.known[key] = found
    return found
  }

  // MARK: Calls

  private mutating func withBuiltins<Result>(
    _ body: (inout BuiltinContext) throws(BuiltinError) -> Result
  ) throws(BuiltinError) -> Result {
    state.pointee.isUsed = true
    if state.pointee.builtins == nil {
      state.pointee.builtins = BuiltinContext(
        nowNanoseconds: PolicyEngine.now(), random: SystemRandomNumberGenerator(), stepsLeft: stepsLeft)
    }
    state.pointee.builtins!.stepsLeft = stepsLeft
    state.pointee.builtins!.bytesLeft = BuiltinContext.bytesPerCall
    defer { stepsLeft = state.pointee.builtins!.stepsLeft }
    return try body(&state.pointee.builtins!)
  }

  func value(ofConstant number: Int) -> Value { program.values[number] }

  private mutating func call(
    _ number: Int32, _ arguments: [Value], at place: UnsafePointer<Program.Instruction>
  ) throws(EvaluationError) -> Cell {
    let builtin = program.builtins[Int(number)]
    switch builtin.body {
    case .function(let function):
      do throws(BuiltinError) {
        let value = try withBuiltins { context throws(BuiltinError) in try function(arguments, &context) }
        return value.map { cell(of: $0) } ?? .undefined
      } catch {
        try fail(builtin, error, at: place)
        return .undefined
      }
    case .relation: return .undefined
    case .compiled:
      return arguments.count == 2 ? Cell(boolean: arguments[0] == arguments[1]) : .undefined
    }
  }

  private mutating func relation(
    _ number: Int32, _ arguments: [Value], at place: UnsafePointer<Program.Instruction>
  ) throws(EvaluationError) -> [Value] {
    let builtin = program.builtins[Int(number)]
    guard case .relation(let relation) = builtin.body else { return [] }
    do throws(BuiltinError) {
      return try withBuiltins { context throws(BuiltinError) in try relation(arguments, &context) }
    } catch {
      try fail(builtin, error, at: place)
      return []
    }
  }

  private func fail(
    _ builtin: Builtin, _ error: BuiltinError, at place: UnsafePointer<Program.Instruction>
  ) throws(EvaluationError) {
    let code: EvaluationError.Code
    switch error.code {
    case .halt: throw EvaluationError(.cancelled, error.message, at: location(place))
    case .unsupported: throw EvaluationError(.builtin, "\(builtin.name): \(error.message)", at: location(place))
    case .type: code = .type
    case .builtin: code = .builtin
    }
    if program.isStrict { throw EvaluationError(code, "\(builtin.name): \(error.message)", at: location(place)) }
  }

  // MARK: Budget

  @inline(never)
  private static func stackPointer() -> UInt {
    var marker: UInt8 = 0
    return withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) }
  }

  @inline(__always)
  private mutating func charge() throws(EvaluationError) {
    stepsLeft -= 1
    if stepsLeft < 0 { throw EvaluationError(.cancelled, "step budget exhausted", at: nil) }
    untilClock -= 1
    if untilClock == 0 { try checkClock() }
  }

  /// Each rule, function and comprehension asks: the blocks inside one of them nest as deep as the source does, which
  /// `ProgramCompiler` limits.
  @inline(__always)
  private func checkDepth() throws(EvaluationError) {
    if Self.stackPointer() < stackLimit { throw EvaluationError(.cancelled, "depth budget exhausted", at: nil) }
  }

  @inline(never)
  private mutating func checkClock() throws(EvaluationError) {
    untilClock = 256
    guard let time else { return }
    state.pointee.isUsed = true
    let now = ContinuousClock.now
    guard let deadline = state.pointee.deadline else {
      state.pointee.deadline = now.advanced(by: time)
      return
    }
    if now > deadline { throw EvaluationError(.cancelled, "time budget exhausted", at: nil) }
  }

  // MARK: Scratch

  /// A cell of the value: a new box for what has none of its own.
  mutating func cell(of value: Value) -> Cell {
    switch value {
    case .null: return Cell(.null)
    case .boolean(let value): return Cell(boolean: value)
    case .number(let number):
      if case .int(let int) = number.storage { return Cell(int: int) }
      return box(value)
    case .string(let text): return state.pointee.cell(of: text)
    case .array, .object, .set: return box(value)
    }
  }

  mutating func box(_ value: Value) -> Cell { state.pointee.box(value) }

  func boxed(_ number: Int) -> Value { state.pointee.boxes[number] }
  var scratch: UnsafePointer<UInt8> { UnsafePointer(state.pointee.scratch) }
}
