/// Runs a program over the bytes of one input. Lives on the stack of the thread that decides, and is never copied.
///
/// Values are cells; only what a builtin is given, or what an evaluation builds, becomes a `Value`.
struct Machine: ~Copyable {
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
  let program: UnsafePointer<Program.Tables>
  let state: UnsafeMutablePointer<Workspace>
  let input: UnsafePointer<UInt8>
  let fields: UnsafePointer<Cell>
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

  /// `fields` are those of the input; the workspace is prepared for the program.
  @inline(__always)
  init(
    _ program: UnsafePointer<Program.Tables>, _ state: UnsafeMutablePointer<Workspace>, input: UnsafePointer<UInt8>,
    fields: UnsafePointer<Cell>, budget: EvaluationBudget, wantsRows: Bool = false
  ) {
    self.program = program
    self.state = state
    self.input = input
    self.fields = fields
    extents = state.pointee.extents
    for group in 0..<program.pointee.groupCount { extents[group] = Self.unknown }
    frame = state.pointee.registers
    top = frame + Int(program.pointee.queryFrame)
    registersEnd = frame + program.pointee.registerCount
    time = budget.time
    self.wantsRows = wantsRows
    stepsLeft = budget.steps
    if wantsRows { frame.update(repeating: .undefined, count: Int(program.pointee.queryFrame)) }
    stackLimit =
      budget.stackBytes == nil ? state.pointee.stackLimit : ThreadStack.limit(within: budget.stackBytes)
  }

  mutating func runQuery() throws(EvaluationError) {
    _ = try run(program.pointee.queryBlock)
  }

  // MARK: Blocks

  @inline(__always) var lists: UnsafePointer<Int32> { program.pointee.lists }
  @inline(__always) var nodes: UnsafePointer<ConstantArena.Node> { program.pointee.nodes }
  @inline(__always) var cells: UnsafePointer<Cell> { program.pointee.cells }
  /// What the evaluation looks up when something unusual comes up.
  var policy: Program { program.pointee.program }

  @inline(__always)
  mutating func cell(_ operand: Int32) -> Cell { cell(operand, frame) }

  @inline(__always)
  mutating func cell(_ operand: Int32, _ frame: UnsafeMutablePointer<Cell>) -> Cell {
    if Program.Operand.isRegister(operand) { return frame[Int(operand)] }
    if Program.Operand.isConstant(operand) {
      return program.pointee.constants[Program.Operand.number(ofConstant: operand)]
    }
    return fields[Program.Operand.number(ofField: operand)]
  }

  /// True when no further result is wanted.
  mutating func run(_ number: Int32) throws(EvaluationError) -> Bool {
    try charge()
    let start = program.pointee.instructions + Int(program.pointee.blocks[Int(number)].start)
    var next = start
    while true {
      let it = next
      next += 1
      attempt: do {
        switch it.pointee.code {
        case .assign:
          let value = cell(it.pointee.b)
          guard value.isDefined else { break attempt }
          frame[Int(it.pointee.a)] = value
        case .field:
          let value = fields[Int(it.pointee.b)]
          guard value.isDefined else { break attempt }
          frame[Int(it.pointee.a)] = value
        case .requireField: guard fields[Int(it.pointee.b)].isDefined else { break attempt }
        case .lookup, .lookupData:
          let value = member(
            of: cell(it.pointee.b), cell(it.pointee.c), isData: it.pointee.code == .lookupData)
          guard value.isDefined else { break attempt }
          frame[Int(it.pointee.a)] = value
        case .equal:
          guard areEqual(cell(it.pointee.a), cell(it.pointee.b)) else { break attempt }
        case .holds:
          let value = cell(it.pointee.a)
          guard value.tag != .false, value.isDefined else { break attempt }
        case .match:
          let value = cell(it.pointee.a)
          guard value.isDefined, matches(value, it.pointee.b) else { break attempt }
        case .requireMember:
          let (value, collection) = (cell(it.pointee.c), cell(it.pointee.d))
          guard value.isDefined, collection.isDefined, isMember(value, of: collection) else { break attempt }
          frame[Int(it.pointee.a)] = Cell(.true)
        case .forbidMember:
          let (value, collection) = (cell(it.pointee.c), cell(it.pointee.d))
          if value.isDefined, collection.isDefined, isMember(value, of: collection) { break attempt }
        case .requireComparison:
          let (a, b) = (cell(it.pointee.c), cell(it.pointee.d))
          guard a.isDefined, b.isDefined, compare(a, b, by: it.pointee.b) else { break attempt }
          frame[Int(it.pointee.a)] = Cell(.true)
        case .requireIsOrHas:
          let value = cell(it.pointee.c)
          guard value.isDefined, isOrHas(value, cell(it.pointee.d)) else { break attempt }
          frame[Int(it.pointee.a)] = Cell(.true)
        case .member:
          let (value, collection) = (cell(it.pointee.c), cell(it.pointee.d))
          guard value.isDefined, collection.isDefined else { break attempt }
          frame[Int(it.pointee.a)] = Cell(boolean: isMember(value, of: collection))
        case .comparison:
          let (a, b) = (cell(it.pointee.c), cell(it.pointee.d))
          guard a.isDefined, b.isDefined else { break attempt }
          frame[Int(it.pointee.a)] = Cell(boolean: compare(a, b, by: it.pointee.b))
        case .isOrHas:
          let value = cell(it.pointee.c)
          guard value.isDefined else { break attempt }
          frame[Int(it.pointee.a)] = Cell(boolean: isOrHas(value, cell(it.pointee.d)))
        case .startsWith, .endsWith, .contains:
          let (a, b) = (cell(it.pointee.c), cell(it.pointee.d))
          if let holds = affix(it.pointee.code, a, b) {
            frame[Int(it.pointee.a)] = Cell(boolean: holds)
          } else {
            guard a.isDefined, b.isDefined else { break attempt }
            let value = try call(it.pointee.b, [self.value(a), self.value(b)], at: it)
            guard value.isDefined else { break attempt }
            frame[Int(it.pointee.a)] = value
          }
        case .native:
          let value = try native(it)
          guard value.isDefined else { break attempt }
          frame[Int(it.pointee.a)] = value
        case .matchPattern:
          let value = try matchPattern(it)
          guard value.isDefined else { break attempt }
          frame[Int(it.pointee.a)] = value
        case .rule:
          let value = try extent(it.pointee.b)
          guard value.isDefined else { break attempt }
          frame[Int(it.pointee.a)] = value
        case .jump: break attempt
        case .unlessGiven: if running.result.isDefined { break attempt }
        case .nextDefinition: settleDefinition()
        case .lastDefinition:
          settleDefinition()
          running.result = running.earlier
          if running.result.isDefined { return true }
          // What follows are the defaults.
          running.hasOneValue = false
        case .succeed: return true
        case .fail: return false
        case .give:
          let value = cell(it.pointee.a)
          guard value.isDefined else { break attempt }
          try emit(value, at: it)
          if it.pointee.c < 0 { return true }
          next = start + Int(it.pointee.c)
        case .emitValue:
          let value = cell(it.pointee.a)
          guard value.isDefined else { break attempt }
          try emit(value, at: it)
          switch it.pointee.b {
          case Program.Finality.goesOn.rawValue: break attempt
          case Program.Finality.ends.rawValue: return true
          default:
            if running.hasOneValue { return true }
            break attempt
          }
        case .emitRow where !wantsRows && it.pointee.d == 1:
          row = cell(lists[Int(it.pointee.c)])
          if row.isDefined { return true }
        case .scan:
          guard try scan(cell(it.pointee.a), key: it.pointee.b, value: it.pointee.c, it.pointee.d) else {
            break attempt
          }
        case .every:
          let domain = cell(it.pointee.a)
          guard domain.isDefined,
            try every(domain, key: it.pointee.b, value: it.pointee.c, it.pointee.d)
          else { break attempt }
        case .array, .set, .object, .ruleLookup, .builtin, .relation, .function, .arrayComprehension,
          .setComprehension, .objectComprehension, .emit, .emitObject, .emitDocument, .emitRow:
          // What builds values, and needs more of the stack.
          guard try build(it.pointee, at: it) else { break attempt }
        }
        continue
      }
      next = start + Int(it.pointee.fail)
    }
  }

  @inline(__always)
  private mutating func settleDefinition() {
    if !running.earlier.isDefined { running.earlier = running.result }
    running.result = .undefined
  }

  /// False when it doesn't hold.
  @inline(never)
  private mutating func build(
    _ it: Program.Instruction, at place: UnsafePointer<Program.Instruction>
  ) throws(EvaluationError) -> Bool {
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
      guard wantsRows else { return true }
      state.pointee.isUsed = true
      if let row = list(it.c, it.d) { state.pointee.rows.append(row) }
    default: break
    }
    return true
  }

  mutating func location(_ place: UnsafePointer<Program.Instruction>) -> Location? {
    policy.locations[place - program.pointee.instructions]
  }

  /// The list's values; absent when one is undefined.
  mutating func list(_ start: Int32, _ count: Int32) -> [Value]? {
    var result: [Value] = []
    result.reserveCapacity(Int(count))
    for index in Int(start)..<Int(start + count) {
      let value = cell(lists[index])
      guard value.isDefined else { return nil }
      result.append(self.value(value))
    }
    return result
  }

  @inline(__always)
  private mutating func emit(_ value: Cell, at place: UnsafePointer<Program.Instruction>) throws(EvaluationError) {
    let other = running.result.isDefined ? running.result : running.earlier
    guard other.isDefined else {
      running.result = value
      return
    }
    running.result = other
    try compare(value, with: other, at: place)
  }

  @inline(never)
  private mutating func compare(
    _ value: Cell, with other: Cell, at place: UnsafePointer<Program.Instruction>
  ) throws(EvaluationError) {
    if !areEqual(other, value) {
      throw EvaluationError(.conflict, Accumulator.conflict(isFunction: running.isFunction), at: location(place))
    }
  }

  // MARK: Budget

  @inline(__always)
  private mutating func charge() throws(EvaluationError) {
    stepsLeft -= 1
    if stepsLeft < 0 { throw Self.stepsExhausted }
    untilClock -= 1
    if untilClock == 0 { try checkClock() }
  }

  static let stepsExhausted = EvaluationError(.cancelled, "step budget exhausted", at: nil)
  static let depthExhausted = EvaluationError(.cancelled, "depth budget exhausted", at: nil)

  /// Each rule, function and comprehension asks: the blocks inside one of them nest as deep as the source does, which
  /// `ProgramCompiler` limits.
  @inline(__always)
  mutating func checkDepth() throws(EvaluationError) {
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

  mutating func boxed(_ number: Int) -> Value { state.pointee.boxes[number] }
  var scratch: UnsafePointer<UInt8> { UnsafePointer(state.pointee.scratch) }
}
