/// Runs a program over the bytes of one input. Lives on the stack of the thread that decides.
///
/// Values are cells; only what a builtin is given, or what an evaluation builds, becomes a `Value`.
struct Machine {
  /// The rule that is running.
  struct Running {
    /// What it has given.
    var result = Cell.undefined
    /// What its earlier definitions gave.
    var earlier = Cell.undefined
    var isFunction = false
    var hasOneValue = false
  }

  /// Of a document that hasn't been computed: undefined, and marked.
  static let unknown = Cell(.undefined, .scratch)

  // Whoever decides holds the program and the workspace.
  unowned(unsafe) let program: Program
  let state: UnsafeMutablePointer<Workspace>
  private let instructions: UnsafePointer<Program.Instruction>
  private let blocks: UnsafePointer<Program.Block>
  let constants: UnsafePointer<Cell>
  let lists: UnsafePointer<Int32>
  let cells: UnsafePointer<Cell>
  let nodes: UnsafePointer<ConstantArena.Node>
  let tables: UnsafePointer<Int32>

  let input: UnsafePointer<UInt8>
  let arenaBytes: UnsafePointer<UInt8>
  let fields: UnsafeMutablePointer<Cell>
  let extents: UnsafeMutablePointer<Cell>
  /// The running frame's registers.
  var frame: UnsafeMutablePointer<Cell>
  /// Where the next frame begins.
  var top: UnsafeMutablePointer<Cell>
  let registersEnd: UnsafeMutablePointer<Cell>
  var running = Running()
  /// The only value of the first row; undefined when there is none, or `wantsRows`.
  private(set) var row = Cell.undefined
  private let wantsRows: Bool
  private let time: Duration?
  var stepsLeft: Int
  private var untilClock = 256
  private let stackLimit: UInt

  /// `fields` of the workspace are filled.
  init(
    _ program: Program, _ state: UnsafeMutablePointer<Workspace>, input: UnsafePointer<UInt8>,
    budget: EvaluationBudget, wantsRows: Bool = false
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
    fields = state.pointee.fields
    extents = state.pointee.extents
    extents.update(repeating: Self.unknown, count: program.groups.count)
    frame = state.pointee.registers
    top = frame + Int(program.queryFrame)
    registersEnd = frame + program.registerCount
    frame.update(repeating: .undefined, count: Int(program.queryFrame))
    time = budget.time
    self.wantsRows = wantsRows
    stepsLeft = budget.steps
    stackLimit = ThreadStack.limit(within: budget.stackBytes)
  }

  mutating func runQuery() throws(EvaluationError) {
    _ = try run(program.queryBlock)
  }

  // MARK: Blocks

  @inline(__always)
  func cell(_ operand: Int32) -> Cell { operand >= 0 ? frame[Int(operand)] : constants[Int(~operand)] }

  /// True when no further result is wanted.
  mutating func run(_ number: Int32) throws(EvaluationError) -> Bool {
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
          guard value.isDefined, collection.isDefined, isMember(value, of: collection) else { break attempt }
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
          frame[Int(it.a)] = Cell(boolean: isMember(value, of: collection))
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
            if running.hasOneValue { return true }
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
      guard let target = other, !running.result.isDefined else { return false }
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
      let value = try ruleLookup(it.b, keys, it.c, it.d)
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

  func location(_ place: UnsafePointer<Program.Instruction>) -> Location? {
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
    let other = running.result.isDefined ? running.result : running.earlier
    guard other.isDefined else {
      running.result = value
      return
    }
    running.result = other
    if !areEqual(other, value) {
      throw EvaluationError(.conflict, Accumulator.conflict(isFunction: running.isFunction), at: location(place))
    }
  }

  // MARK: Budget

  @inline(__always)
  private mutating func charge() throws(EvaluationError) {
    stepsLeft -= 1
    if stepsLeft < 0 { throw EvaluationError(.cancelled, "step budget exhausted", at: nil) }
    untilClock -= 1
    if untilClock == 0 { try checkClock() }
  }

  static let depthExhausted = EvaluationError(.cancelled, "depth budget exhausted", at: nil)

  /// Each rule, function and comprehension asks: the blocks inside one of them nest as deep as the source does, which
  /// `ProgramCompiler` limits.
  @inline(__always)
  func checkDepth() throws(EvaluationError) {
    if ThreadStack.here < stackLimit { throw Self.depthExhausted }
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

  mutating func cell(of value: Value) -> Cell { state.pointee.cell(of: value) }
  mutating func box(_ value: Value) -> Cell { state.pointee.box(value) }

  func boxed(_ number: Int) -> Value { state.pointee.boxes[number] }
  var scratch: UnsafePointer<UInt8> { UnsafePointer(state.pointee.scratch) }
}
