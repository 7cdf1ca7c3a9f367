/// Compiles what a query reaches of a plan, with the base data, for the machine.
///
/// Lookups in base data become constants, paths of `input` become fields that one scan fills, and what several definitions
/// ask of one field becomes a table.
struct ProgramCompiler {
  /// What the machine doesn't run: the evaluator does.
  private struct Unsupported: Error {}

  let plan: Plan
  let isStrict: Bool
  private let data: Value
  private(set) var instructions: [Program.Instruction] = []
  private(set) var locations: [Location?] = []
  private(set) var blocks: [Program.Block] = []
  private(set) var patterns: [Program.Pattern] = []
  private(set) var lists: [Int32] = []
  private(set) var definitions: [Program.Definition] = []
  private(set) var groups: [Program.Group] = []
  private(set) var lookups: [Program.Lookup] = []
  private(set) var constants: [Cell] = []
  private(set) var arena = ConstantArena()
  private(set) var builtins: [Builtin] = []
  private(set) var planGroups: [Int] = []
  private(set) var planLookups: [Int] = []
  private(set) var dispatches: [Program.Dispatch] = []
  private(set) var dispatchEntries: [Program.DispatchEntry] = []
  private(set) var dispatchTables: [Int32] = []
  private(set) var shape = InputShape(paths: [])
  private(set) var registerCount = 0
  /// Constants of the arena that rules give.
  private(set) var results: Set<Int> = []

  /// Until the shape is known, fields have the numbers of their paths here.
  private var paths: [[Text]: Int32] = [:]
  /// Fields whose strings are looked for in tables.
  private var hashedFields: Set<Int32> = []
  private var groupNumbers: [Int: Int32] = [:]
  private var lookupNumbers: [Int: Int32] = [:]
  private var builtinNumbers: [Text: Int32] = [:]
  private var constantNumbers: [Value: [(text: String, number: Int32)]] = [:]
  /// Of base data, by path.
  private var documents: [[Value]: Int32] = [:]
  private var frame = Frame()
  /// The registers that a group needs, with those that it asks for.
  private var depths: [Int] = []
  /// Of lookups, their own frames apart.
  private var lookupDepths: [Int] = []
  private var nesting = 0
  private var inlineDepth = 0
  /// By block: nothing in it can end the evaluation.
  private var isHarmless: [Bool] = []

  /// The registers of the group at hand, and how many the groups that it asks for need.
  private struct Frame {
    var size = 0
    var deepest = 0
    /// Where the registers of the rule begin whose statements are being compiled: of one that stands in the place of its
    /// name, behind those of the rule that names it.
    var base = 0
  }

  private static let deepestNesting = 200

  /// Absent when the query needs something that the machine doesn't run.
  static func program(_ query: QueryPlan, on plan: Plan, data: Value, isStrict: Bool) -> Program? {
    ThreadStack.withRoom {
      var compiler = ProgramCompiler(plan, data, isStrict)
      do {
        compiler.frame.size = query.frameSize
        let block = try compiler.block(query.block, Known())
        let frame = compiler.frame.size
        compiler.registerCount = frame + compiler.frame.deepest
        compiler.settleFields()
        return Program(compiler, query: block, frame: Int32(frame))
      } catch {
        return nil
      }
    }
  }

  private init(_ plan: Plan, _ data: Value, _ isStrict: Bool) {
    self.plan = plan
    self.data = data
    self.isStrict = isStrict
  }

  /// What variables stand for, where that is a constant.
  private struct Known {
    var values: [Slot: Value] = [:]
    /// The constants' numbers: looking for a large one takes long.
    var numbers: [Slot: Int32] = [:]
  }

  // MARK: Groups

  private mutating func group(_ id: Int) throws(Unsupported) -> Int32 {
    if let known = groupNumbers[id] {
      frame.deepest = max(frame.deepest, depths[Int(known)])
      return known
    }
    let own = plan.groups[id]
    let kind: Program.Group.Kind
    var arity = 0
    switch own.group.kind {
    case .complete: kind = .complete
    case .set: kind = .set
    case .document: kind = .document
    case .function(let count):
      kind = .function
      arity = count
    }
    let number = Int32(groups.count)
    groupNumbers[id] = number
    groups.append(
      Program.Group(
        kind: kind, oneValue: own.oneValue, isGuarded: own.isGuarded, isReordered: own.isReordered, arity: Int32(arity))
    )
    planGroups.append(id)
    depths.append(0)
    let outer = frame
    frame = Frame(size: own.frameSize)
    let range = try definitions(own.definitions)
    let defaults = try definitions(own.defaults)
    groups[Int(number)].definitions = NumberRange(range)
    groups[Int(number)].defaults = NumberRange(defaults)
    groups[Int(number)].frameSize = Int32(frame.size)
    if range.count == 1, !own.definitions[0].branches.contains(where: \.isLoop) {
      // With one value at most, nothing hangs on which definitions could hold.
      groups[Int(number)].isGuarded = false
    }
    if kind == .set || kind == .complete && (!own.isGuarded || !isStrict && own.oneValue != .perhaps) {
      groups[Int(number)].dispatch = dispatch(range)
    }
    depths[Int(number)] = frame.size + frame.deepest
    frame = outer
    frame.deepest = max(frame.deepest, depths[Int(number)])
    return number
  }

  private mutating func lookup(_ id: Int) throws(Unsupported) -> Int32 {
    if let known = lookupNumbers[id] {
      frame.deepest = max(frame.deepest, Int(lookups[Int(known)].frameSize) + lookupDepths[Int(known)])
      return known
    }
    let own = plan.lookups[id]
    let group = try group(own.group)
    let number = Int32(lookups.count)
    lookupNumbers[id] = number
    lookups.append(Program.Lookup(group: group, keyCount: Int32(own.keyCount)))
    planLookups.append(id)
    lookupDepths.append(0)
    let outer = frame
    frame = Frame(size: own.frameSize)
    let range = try definitions(own.definitions)
    let defaults = try definitions(own.defaults)
    lookups[Int(number)].definitions = NumberRange(range)
    lookups[Int(number)].defaults = NumberRange(defaults)
    lookups[Int(number)].frameSize = Int32(frame.size)
    lookupDepths[Int(number)] = frame.deepest
    let depth = frame.size + frame.deepest
    frame = outer
    frame.deepest = max(frame.deepest, depth)
    return number
  }

  private mutating func definitions(_ plans: [DefinitionPlan]) throws(Unsupported) -> Range<Int32> {
    var own: [Program.Definition] = []
    for plan in plans {
      var branches: [Code] = []
      for branch in plan.branches { branches.append(finished(try code(of: branch, Known()))) }
      var definition = Program.Definition(
        branches: list([append(chain(of: branches))]), count: 1, guardCount: Int32(plan.branches.count))
      var guards: [Int32] = []
      for block in plan.guards {
        guards.append(
          try block.map { block throws(Unsupported) in try self.block(block, Known(), keepingIndexTests: true) } ?? -1)
      }
      if !guards.isEmpty {
        definition.guards = list(guards)
        definition.values = list(plan.values.map { value in value.map { constant($0) } ?? .min })
      }
      own.append(definition)
    }
    let start = Int32(definitions.count)
    definitions += own
    return start..<Int32(definitions.count)
  }

  // MARK: Dispatch

  /// Fewer are asked in turn.
  private static let dispatchThreshold = 4
  private static let longestDispatch = 4_000_000

  /// A table of the definitions by the value that they ask of a field; -1 when too few of them ask for one.
  private mutating func dispatch(_ range: Range<Int32>) -> Int32 {
    guard range.count >= Self.dispatchThreshold else { return -1 }
    let wanted = range.map { demands(of: definitions[Int($0)]) }
    var counts: [Int32: (demands: Int, keys: Set<Int32>)] = [:]
    for demands in wanted {
      for (field, key) in demands {
        counts[field, default: (0, [])].demands += 1
        counts[field]?.keys.insert(key)
      }
    }
    // How many definitions are left on average, in thousandths.
    func left(_ field: (key: Int32, value: (demands: Int, keys: Set<Int32>))) -> Int {
      (range.count - field.value.demands) * 1000 + field.value.demands * 1000 / field.value.keys.count
    }
    guard let field = counts.min(by: { (left($0), $0.key) < (left($1), $1.key) })?.key,
      let count = counts[field]?.demands, count >= Self.dispatchThreshold
    else { return -1 }
    var keys: [Int32] = []
    var byKey: [Int32: [Int32]] = [:]
    var others: [Int32] = []
    for (definition, demands) in zip(range, wanted) {
      guard let key = demands[field] else {
        others.append(definition)
        continue
      }
      if byKey[key] == nil { keys.append(key) }
      byKey[key, default: []].append(definition)
    }
    guard keys.count * others.count < Self.longestDispatch else { return -1 }
    var size = 16
    while size < keys.count * 2 { size *= 2 }
    let start = dispatchEntries.count
    var table = [Int32](repeating: 0, count: size)
    for (position, key) in keys.enumerated() {
      let all = ((byKey[key] ?? []) + others).sorted()
      var cell = constants[Int(key)]
      cell.hash = Self.hash(of: cell)
      dispatchEntries.append(Program.DispatchEntry(key: cell, list: list(all), count: Int32(all.count)))
      var slot = Int(cell.hash) & (size - 1)
      while table[slot] != 0 { slot = (slot + 1) & (size - 1) }
      table[slot] = Int32(position + 1)
    }
    let others32 = list(others)
    dispatches.append(
      Program.Dispatch(
        field: field, table: Int32(dispatchTables.count), mask: Int32(size - 1), entries: Int32(start),
        others: others32,
        otherCount: Int32(others.count)))
    dispatchTables += table
    return Int32(dispatches.count - 1)
  }

  /// As the machine computes it.
  private static func hash(of cell: Cell) -> UInt32 {
    switch cell.tag {
    case .null: 3
    case .false: 5
    case .true: 7
    case .int: CellHash.of(cell.int)
    default: cell.hash
    }
  }

  /// The constants that the definition needs fields to be equal to, by field: it fails otherwise, and nothing else that
  /// it does before can.
  private func demands(of definition: Program.Definition) -> [Int32: Int32] {
    guard definition.count == 1 else { return [:] }
    let block = blocks[Int(lists[Int(definition.branches)])]
    var fields: [Int32: Int32] = [:]
    var demands: [Int32: Int32] = [:]
    func demand(_ a: Int32, _ b: Int32) {
      for (register, other) in [(a, b), (b, a)] where register >= 0 && other < 0 {
        guard let field = fields[register] else { continue }
        switch constants[Int(~other)].tag {
        case .null, .false, .true, .int, .string: demands[field] = demands[field] ?? ~other
        default: break
        }
      }
    }
    for instruction in instructions[Int(block.start)..<Int(block.start + block.count)] {
      switch instruction.code {
      case .field: fields[instruction.a] = instruction.b
      case .equal: demand(instruction.a, instruction.b)
      case .requireComparison:
        if instruction.b == Program.Comparison.equal.rawValue { demand(instruction.c, instruction.d) }
      case .assign, .holds, .lookup, .lookupData, .match, .member, .isOrHas, .comparison, .requireMember,
        .requireIsOrHas:
        break
      default: return demands
      }
    }
    return demands
  }

  /// Gives fields their final numbers.
  private mutating func settleFields() {
    for dispatch in dispatches { hashedFields.insert(dispatch.field) }
    let hashed = paths.filter { hashedFields.contains($0.value) }.map(\.key)
    shape = InputShape(paths: Set(paths.keys).union([[]]), hashed: Set(hashed))
    var final: [Int32: Int32] = [:]
    for (path, number) in paths { final[number] = shape.fields[path] }
    for index in instructions.indices where instructions[index].code == .field {
      instructions[index].b = final[instructions[index].b] ?? 0
    }
    let offset = Int32(arena.tables.count)
    for index in dispatches.indices {
      dispatches[index].field = final[dispatches[index].field] ?? 0
      dispatches[index].table += offset
    }
  }

  // MARK: Blocks

  private struct Code {
    var instructions: [Program.Instruction] = []
    var locations: [Location?] = []
    var location: Location?
    /// Nothing in it can end the evaluation.
    var isHarmless = false
    mutating func append(_ code: Program.Code, a: Int32 = 0, b: Int32 = 0, c: Int32 = 0, d: Int32 = 0) {
      instructions.append(.init(code: code, a: a, b: b, c: c, d: d))
      locations.append(location)
    }
  }

  private mutating func block(
    _ block: RegoLite.Block, _ known: Known, keepingIndexTests: Bool = false
  ) throws(Unsupported) -> Int32 {
    append(finished(try code(of: block, known), keepingIndexTests: keepingIndexTests))
  }

  private mutating func code(of block: RegoLite.Block, _ known: Known) throws(Unsupported) -> Code {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting < Self.deepestNesting else { throw Unsupported() }
    var known = known
    var code = Code()
    for (statement, location) in zip(block.statements, block.locations) {
      code.location = location
      guard try compile(statement, &known, into: &code) else {
        code.append(.equal, a: constant(.boolean(true)), b: constant(.boolean(false)))
        break
      }
    }
    return code
  }

  private mutating func finished(_ code: Code, keepingIndexTests: Bool = false) -> Code {
    var code = code
    code.isHarmless = code.instructions.allSatisfy { isHarmless($0) }
    if code.isHarmless, !keepingIndexTests { dropIndexTests(from: &code) }
    fuse(&code)
    noteHashedFields(code)
    return code
  }

  /// The branches one after the other.
  private func chain(of branches: [Code]) -> Code {
    var result = branches[0]
    guard branches.count > 1 else { return result }
    result = Code()
    result.isHarmless = branches.allSatisfy(\.isHarmless)
    for (index, branch) in branches.enumerated() {
      if index + 1 < branches.count {
        result.append(.branch, d: Int32(result.instructions.count + 1 + branch.instructions.count))
      }
      result.instructions += branch.instructions
      result.locations += branch.locations
    }
    return result
  }

  private mutating func append(_ code: Code) -> Int32 {
    blocks.append(Program.Block(start: Int32(instructions.count), count: Int32(code.instructions.count)))
    instructions += code.instructions
    locations += code.locations
    isHarmless.append(code.isHarmless)
    return Int32(blocks.count - 1)
  }

  private mutating func noteHashedFields(_ code: Code) {
    var fields: [Int32: Int32] = [:]
    for instruction in code.instructions {
      switch instruction.code {
      case .field: fields[instruction.a] = instruction.b
      case .lookup, .lookupData, .member, .requireMember, .isOrHas, .requireIsOrHas:
        if let field = fields[instruction.c] { hashedFields.insert(field) }
      default: break
      }
    }
  }

  private func isHarmless(_ instruction: Program.Instruction) -> Bool {
    switch instruction.code {
    case .assign, .field, .lookup, .lookupData, .equal, .holds, .match, .comparison, .member, .isOrHas, .succeed,
      .emitValue:
      true
    case .startsWith, .endsWith, .contains: !isStrict
    case .not: isHarmless[Int(instruction.d)]
    default: false
    }
  }

  /// The index's tests are conditions of the body's own, asked early: to no end when nothing can go wrong in between.
  private func dropIndexTests(from code: inout Code) {
    for index in code.instructions.indices.dropLast().reversed()
    where code.instructions[index].code == .isOrHas
      && isTest(code.instructions[index + 1], of: code.instructions[index].a)
    {
      code.instructions.removeSubrange(index...(index + 1))
      code.locations.removeSubrange(index...(index + 1))
    }
  }

  /// The instruction holds when the boolean in the register is true, and does nothing else.
  private func isTest(_ instruction: Program.Instruction, of register: Int32) -> Bool {
    switch instruction.code {
    case .holds: return instruction.a == register
    case .equal:
      guard instruction.a == register || instruction.b == register else { return false }
      let other = instruction.a == register ? instruction.b : instruction.a
      return other < 0 && constants[Int(~other)].tag == .true
    case .match:
      let pattern = patterns[Int(instruction.b)]
      return instruction.a == register && pattern.kind == .equal && pattern.a < 0
        && constants[Int(~pattern.a)].tag == .true
    default: return false
    }
  }

  /// Makes one instruction of a question and of the one that wants a yes for its answer.
  private func fuse(_ code: inout Code) {
    for index in code.instructions.indices.dropLast().reversed() {
      let own: Program.Code
      switch code.instructions[index].code {
      case .member: own = .requireMember
      case .isOrHas: own = .requireIsOrHas
      case .comparison: own = .requireComparison
      default: continue
      }
      guard isTest(code.instructions[index + 1], of: code.instructions[index].a) else { continue }
      code.instructions[index].code = own
      code.instructions.remove(at: index + 1)
      code.locations.remove(at: index + 1)
    }
  }

  /// False when the statement never holds.
  private mutating func compile(
    _ statement: Statement, _ known: inout Known, into code: inout Code
  ) throws(Unsupported) -> Bool {
    switch statement {
    case .assign(let slot, let operand):
      if let value = value(of: operand, known) {
        let number = self.operand(operand, known, &code)
        known.values[slot] = value
        known.numbers[slot] = number
        // Functions' arguments and patterns are read from registers.
        code.append(.assign, a: register(slot), b: number)
      } else {
        code.append(.assign, a: register(slot), b: self.operand(operand, known, &code))
      }
    case .match(let operand, let pattern):
      let matched = self.operand(operand, known, &code)
      if case .bind(let slot) = pattern, let value = value(of: operand, known) {
        known.values[slot] = value
        known.numbers[slot] = matched
      }
      code.append(.match, a: matched, b: try self.pattern(pattern, known))
    case .equal(let a, let b):
      if let x = value(of: a, known), let y = value(of: b, known) { return x == y }
      code.append(.equal, a: operand(a, known, &code), b: operand(b, known, &code))
    case .holds(let operand):
      if let value = value(of: operand, known) { return value != .boolean(false) }
      code.append(.holds, a: self.operand(operand, known, &code))
    case .lookup(let slot, let operand, let keys):
      return try lookup(slot, operand, keys, &known, into: &code)
    case .scan(let operand, let key, let value, let inner):
      let collection = self.operand(operand, known, &code)
      let (key, value) = (try pattern(key, known), try pattern(value, known))
      code.append(.scan, a: collection, b: key, c: value, d: try block(inner, known))
    case .rule(let slot, let id):
      if let holds = try inline(id, into: slot, &known, &code) { return holds }
      code.append(.rule, a: register(slot), b: try group(id))
    case .ruleLookup(let slot, let id, let operands):
      let keys = self.operands(operands, known, &code)
      code.append(.ruleLookup, a: register(slot), b: try lookup(id), c: keys, d: Int32(operands.count))
    case .builtin(let slot, let builtin, let operands):
      call(slot, builtin, operands, known, into: &code)
    case .relation(let slot, let builtin, let operands, let inner):
      let own = operands.map { operand($0, known, &code) }
      let block = try block(inner, known)
      code.append(
        .relation, a: register(slot), b: number(of: builtin), c: list(own + [block]), d: Int32(operands.count))
    case .function(let slot, let id, let operands):
      let arguments = self.operands(operands, known, &code)
      code.append(.function, a: register(slot), b: try group(id), c: arguments, d: Int32(operands.count))
    case .not(let inner): code.append(.not, d: try block(inner, known))
    case .anyOf(let inner):
      var own: [Int32] = []
      for block in inner { own.append(try self.block(block, known)) }
      code.append(.anyOf, c: list(own), d: Int32(own.count))
    case .every(let operand, let key, let value, let inner):
      let domain = self.operand(operand, known, &code)
      code.append(.every, a: domain, b: key.map { register($0) } ?? -1, c: register(value), d: try block(inner, known))
    case .comprehension(let slot, let kind, let inner):
      let own: Program.Code =
        switch kind {
        case .array: .arrayComprehension
        case .set: .setComprehension
        case .object: .objectComprehension
        }
      code.append(own, a: register(slot), d: try block(inner, known))
    case .succeed: code.append(.succeed)
    case .emitArray(let operand), .emitSet(let operand): code.append(.emit, a: self.operand(operand, known, &code))
    case .emitObject(let key, let value):
      code.append(.emitObject, a: operand(value, known, &code), b: operand(key, known, &code))
    case .emitValue(let operand, let finality):
      let own: Program.Finality =
        switch finality {
        case .goesOn: .goesOn
        case .ends: .ends
        case .endsWithOneValue: .endsWithOneValue
        }
      let result = self.operand(operand, known, &code)
      if result < 0, constants[Int(~result)].tag == .constant { results.insert(constants[Int(~result)].index) }
      code.append(.emitValue, a: result, b: own.rawValue)
    case .emitDocument(let path, let operand, let isMember):
      let keys = operands(path, known, &code)
      code.append(
        .emitDocument, a: self.operand(operand, known, &code), b: isMember ? 1 : 0, c: keys, d: Int32(path.count))
    case .emitRow(let operands):
      code.append(.emitRow, c: self.operands(operands, known, &code), d: Int32(operands.count))
    case .walk, .materialize, .with, .outside, .observed: throw Unsupported()
    }
    return true
  }

  /// Statements of a rule that may stand where its name does; more are better run once.
  private static let longestInline = 12
  private static let deepestInline = 8

  /// Puts the body of a rule that has only one, and asks for little, in the place of its name. Absent when it isn't one;
  /// false when it never holds.
  private mutating func inline(
    _ id: Int, into slot: Slot, _ known: inout Known, _ code: inout Code
  ) throws(Unsupported) -> Bool? {
    let own = plan.groups[id]
    guard own.group.isComplete, own.defaults.isEmpty, own.definitions.count == 1,
      own.definitions[0].branches.count == 1,
      inlineDepth < Self.deepestInline
    else { return nil }
    let block = own.definitions[0].branches[0]
    guard block.statements.count <= Self.longestInline, case .emitValue(let result, _)? = block.statements.last,
      block.statements.dropLast().allSatisfy({ isCheap($0) })
    else { return nil }
    let (outer, location) = (frame.base, code.location)
    frame.base = frame.size
    frame.size += own.frameSize
    inlineDepth += 1
    defer {
      frame.base = outer
      code.location = location
      inlineDepth -= 1
    }
    var inner = Known()
    for (statement, location) in zip(block.statements.dropLast(), block.locations) {
      code.location = location
      guard try compile(statement, &inner, into: &code) else { return false }
    }
    let number = operand(result, inner, &code)
    if let value = value(of: result, inner) {
      known.values[slot] = value
      known.numbers[slot] = number
    }
    frame.base = outer
    code.append(.assign, a: register(slot), b: number)
    return true
  }

  private func isCheap(_ statement: Statement) -> Bool {
    switch statement {
    case .assign, .match, .equal, .holds, .lookup, .rule: true
    case .builtin(_, let builtin, let operands):
      operands.count == 2
        && (Program.Comparison(builtin.name) != nil || builtin.name == Builtins.indexMatch.name
          || builtin.name == "internal.member_2")
    default: false
    }
  }

  private mutating func lookup(
    _ slot: Slot, _ operand: Operand, _ keys: [Operand], _ known: inout Known, into code: inout Code
  ) throws(Unsupported) -> Bool {
    if case .input = operand {
      var path: [Text] = []
      for key in keys {
        guard case .string(let name)? = value(of: key, known) else { break }
        path.append(name)
      }
      let rest = keys[path.count...]
      let register = rest.isEmpty ? register(slot) : newRegister()
      code.append(.field, a: register, b: field(path))
      lookup(slot, register, rest, known, into: &code)
      return true
    }
    var isData = false
    if case .data = operand { isData = true }
    guard var current = value(of: operand, known) else {
      lookup(slot, self.operand(operand, known, &code), keys[...], known, into: &code)
      return true
    }
    var path: [Value] = []
    for (index, key) in keys.enumerated() {
      guard let key = value(of: key, known) else {
        lookup(slot, constant(current, at: isData ? path : nil), keys[index...], known, isData: isData, into: &code)
        return true
      }
      guard let below = current.member(key, isData: isData) else { return false }
      current = below
      path.append(key)
    }
    let number = constant(current, at: isData ? path : nil)
    known.values[slot] = current
    known.numbers[slot] = number
    code.append(.assign, a: register(slot), b: number)
    return true
  }

  private mutating func lookup(
    _ slot: Slot, _ collection: Int32, _ keys: ArraySlice<Operand>, _ known: Known, isData: Bool = false,
    into code: inout Code
  ) {
    var collection = collection
    for (index, key) in zip(keys.indices, keys) {
      let result = index + 1 == keys.endIndex ? register(slot) : newRegister()
      code.append(isData ? .lookupData : .lookup, a: result, b: collection, c: operand(key, known, &code))
      collection = result
    }
  }

  private mutating func call(
    _ slot: Slot, _ builtin: Builtin, _ operands: [Operand], _ known: Known, into code: inout Code
  ) {
    if operands.count == 2, let comparison = Program.Comparison(builtin.name) {
      let (a, b) = (operand(operands[0], known, &code), operand(operands[1], known, &code))
      code.append(.comparison, a: register(slot), b: comparison.rawValue, c: a, d: b)
      return
    }
    if builtin.name == Builtins.indexMatch.name, operands.count == 2, value(of: operands[1], known)?.asSet != nil {
      let (a, b) = (operand(operands[0], known, &code), operand(operands[1], known, &code))
      code.append(.isOrHas, a: register(slot), c: a, d: b)
      return
    }
    let number = number(of: builtin)
    let own: Program.Code? =
      switch builtin.name.string {
      case "internal.member_2": .member
      case "startswith": .startsWith
      case "endswith": .endsWith
      case "contains": .contains
      default: nil
      }
    if let own, operands.count == 2 {
      let (a, b) = (operand(operands[0], known, &code), operand(operands[1], known, &code))
      code.append(own, a: register(slot), b: number, c: a, d: b)
    } else if NativeBuiltin(builtin.name).operandCount == operands.count, !operands.isEmpty {
      let own = operands.map { operand($0, known, &code) }
      code.append(.native, a: register(slot), b: number, c: own[0], d: own.count > 1 ? own[1] : own[0])
    } else {
      code.append(
        .builtin, a: register(slot), b: number, c: self.operands(operands, known, &code), d: Int32(operands.count))
    }
  }

  // MARK: Values

  private func register(_ slot: Slot) -> Int32 { Int32(frame.base + slot) }

  private mutating func newRegister() -> Int32 {
    frame.size += 1
    return Int32(frame.size - 1)
  }

  private mutating func field(_ path: [Text]) -> Int32 {
    if let known = paths[path] { return known }
    let number = Int32(paths.count)
    paths[path] = number
    return number
  }

  private mutating func list(_ items: [Int32]) -> Int32 {
    lists += items
    return Int32(lists.count - items.count)
  }

  private mutating func number(of builtin: Builtin) -> Int32 {
    if let known = builtinNumbers[builtin.name] { return known }
    builtins.append(builtin)
    builtinNumbers[builtin.name] = Int32(builtins.count - 1)
    return Int32(builtins.count - 1)
  }

  /// The value, when it hangs on nothing that only an evaluation knows.
  private func value(of operand: Operand, _ known: Known) -> Value? {
    switch operand {
    case .constant(let value): return value
    case .local(let slot): return known.values[slot]
    case .input: return nil
    case .data: return data
    case .array(let items):
      var values: [Value] = []
      for item in items {
        guard let value = value(of: item, known) else { return nil }
        values.append(value)
      }
      return .array(values)
    case .set(let items):
      var values: [Value] = []
      for item in items {
        guard let value = value(of: item, known) else { return nil }
        values.append(value)
      }
      return .set(SetValue(values))
    case .object(let items):
      var pairs: [(Value, Value)] = []
      for item in items {
        guard let key = value(of: item.key, known), let value = value(of: item.value, known) else { return nil }
        pairs.append((key, value))
      }
      return .object(ObjectValue(pairs))
    }
  }

  private mutating func operand(_ operand: Operand, _ known: Known, _ code: inout Code) -> Int32 {
    if case .local(let slot) = operand, let number = known.numbers[slot] { return number }
    if case .data = operand { return constant(data, at: []) }
    if let value = value(of: operand, known) { return constant(value) }
    switch operand {
    case .constant(let value): return constant(value)
    case .local(let slot): return register(slot)
    case .data: return constant(data, at: [])
    case .input:
      let register = newRegister()
      code.append(.field, a: register, b: field([]))
      return register
    case .array(let items), .set(let items):
      let own = operands(items, known, &code)
      let register = newRegister()
      let isArray = if case .array = operand { true } else { false }
      code.append(isArray ? .array : .set, a: register, b: own, c: Int32(items.count))
      return register
    case .object(let items):
      let own = operands(items.flatMap { [$0.key, $0.value] }, known, &code)
      let register = newRegister()
      code.append(.object, a: register, b: own, c: Int32(items.count * 2))
      return register
    }
  }

  private mutating func operands(_ operands: [Operand], _ known: Known, _ code: inout Code) -> Int32 {
    let own = operands.map { operand($0, known, &code) }
    return list(own)
  }

  /// With its path, when the value is base data: the same document is then found again without a look at it.
  private mutating func constant(_ value: Value, at path: [Value]? = nil) -> Int32 {
    if let path {
      if let known = documents[path] { return known }
      constants.append(arena.cell(of: value))
      documents[path] = ~Int32(constants.count - 1)
      return ~Int32(constants.count - 1)
    }
    // Values that are equal may be written differently.
    let text = value.needsSpelling ? value.regoDescription : ""
    if let known = constantNumbers[value]?.first(where: { $0.text == text }) { return known.number }
    let cell = arena.cell(of: value)
    constants.append(cell)
    let number = ~Int32(constants.count - 1)
    constantNumbers[value, default: []].append((text, number))
    return number
  }

  private mutating func pattern(_ pattern: Pattern, _ known: Known) throws(Unsupported) -> Int32 {
    let own: Program.Pattern
    switch pattern {
    case .anything: own = Program.Pattern(kind: .anything)
    case .bind(let slot): own = Program.Pattern(kind: .bind, a: register(slot))
    case .equal(let operand): own = Program.Pattern(kind: .equal, a: try part(operand, known))
    case .array(let items):
      var inner: [Int32] = []
      for item in items { inner.append(try self.pattern(item, known)) }
      own = Program.Pattern(kind: .array, a: list(inner), b: Int32(items.count))
    case .object(let items):
      var inner: [Int32] = []
      for item in items {
        inner.append(try part(item.key, known))
        inner.append(try self.pattern(item.value, known))
      }
      own = Program.Pattern(kind: .object, a: list(inner), b: Int32(items.count))
    }
    patterns.append(own)
    return Int32(patterns.count - 1)
  }

  /// A value in a pattern. One that has to be put together can't be there: what it is made of may come from the pattern.
  private mutating func part(_ operand: Operand, _ known: Known) throws(Unsupported) -> Int32 {
    if case .local(let slot) = operand { return known.numbers[slot] ?? register(slot) }
    guard let value = value(of: operand, known) else { throw Unsupported() }
    return constant(value)
  }
}

extension RegoLite.Block {
  /// It may come to its end several times.
  fileprivate var isLoop: Bool {
    statements.contains { statement in
      switch statement {
      case .scan, .relation, .walk: true
      case .with(_, let inner), .outside(let inner), .observed(_, _, let inner): inner.isLoop
      default: false
      }
    }
  }
}

extension Value {
  /// The member at the key. Paths into base data are text: `data[2]` finds the key "2", as in OPA's store.
  func member(_ key: Value, isData: Bool) -> Value? {
    if let below = self[key] { return below }
    guard isData, case .object(let object) = self, case .number(let number) = key, number.isInteger else { return nil }
    return object[Text(number.description)]
  }

  /// A number in it may be written in several ways.
  fileprivate var needsSpelling: Bool {
    switch self {
    case .null, .boolean, .string: false
    case .number(let number): if case .int = number.storage { false } else { true }
    case .array, .object, .set: true
    }
  }
}
