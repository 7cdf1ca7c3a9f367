/// Compiles what a query reaches of a plan, with the base data, for the machine.
///
/// Lookups in base data become constants, paths of `input` become fields that one scan fills, and what several definitions
/// ask of one field becomes a table.
struct ProgramCompiler {
  /// What the machine doesn't run: the evaluator does.
  struct Unsupported: Error {}

  let plan: Plan
  let isStrict: Bool
  let data: Value
  var instructions: [Program.Instruction] = []
  var locations: [Location?] = []
  var blocks: [Program.Block] = []
  var patterns: [Program.Pattern] = []
  var lists: [Int32] = []
  var definitions: [Program.Definition] = []
  var groups: [Program.Group] = []
  var lookups: [Program.Lookup] = []
  var constants: [Cell] = []
  var arena = ConstantArena()
  var builtins: [Builtin] = []
  var expressions: [RegularExpression] = []
  var planGroups: [Int] = []
  var planLookups: [Int] = []
  var dispatches: [Program.Dispatch] = []
  var dispatchLists: [Program.Definitions] = []
  var shape = InputShape(paths: [:])
  var registerCount = 0
  /// Constants of the arena that rules give.
  var results: Set<Int> = []

  /// The fields' numbers.
  var paths: [[Text]: Int32] = [:]
  /// Fields whose strings are looked for in tables.
  var hashedFields: Set<Int32> = []
  var groupNumbers: [Int: Int32] = [:]
  var lookupNumbers: [Int: Int32] = [:]
  var builtinNumbers: [Text: Int32] = [:]
  var constantNumbers: [Value: [(text: String, number: Int32)]] = [:]
  /// Of base data, by path.
  var documents: [[Value]: Int32] = [:]
  var frame = Frame()
  /// The registers that a group needs, with what it asks for.
  var depths: [Int] = []
  var lookupDepths: [Int] = []
  var nesting = 0
  var inlineDepth = 0
  /// Statements of rules that may still come to stand where the rule's name does that is being compiled.
  var inlineLeft = 0
  /// By block: the frame that its registers are in.
  var blockFrames: [Int] = []
  /// By block and by group: nothing in it can end the evaluation.
  var blockIsHarmless: [Bool] = []
  var groupIsHarmless: [Bool] = []
  private var frameCount = 1
  /// By the plan's group: it always gives the same.
  var purity: [Int: Bool] = [:]
  var foldingStepsLeft = ProgramCompiler.foldingSteps

  /// The registers of the group at hand, and how many the groups that it asks for need.
  struct Frame {
    var size = 0
    var deepest = 0
    /// Where the registers of the rule begin whose statements are being compiled: of one that stands in the place of its
    /// name, behind those of the rule that names it.
    var base = 0
    var number = 0
  }

  /// Absent when the query needs something that the machine doesn't run.
  static func program(_ query: QueryPlan, on plan: Plan, data: Value, isStrict: Bool) -> Program? {
    ThreadStack.withRoom {
      var compiler = ProgramCompiler(plan, data, isStrict)
      do {
        compiler.frame.size = query.frameSize
        let block = try compiler.block(query.block, Known())
        let frame = compiler.frame.size
        compiler.registerCount = frame + compiler.frame.deepest
        compiler.clean()
        for dispatch in compiler.dispatches { compiler.hashedFields.insert(dispatch.field) }
        compiler.shape = InputShape(paths: compiler.paths, hashed: compiler.hashedFields)
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
  struct Known {
    var values: [Slot: Value] = [:]
    /// The constants' numbers: looking for a large one takes long.
    var numbers: [Slot: Int32] = [:]
  }

  // MARK: Groups

  mutating func group(_ id: Int) throws(Unsupported) -> Int32 {
    if let known = groupNumbers[id] {
      reach(depths[Int(known)])
      return known
    }
    let own = plan.groups[id]
    let kind: Program.Group.Kind
    switch own.group.kind {
    case .complete: kind = .complete
    case .set: kind = .set
    case .document: kind = .document
    case .function: kind = .function
    }
    let number = Int32(groups.count)
    groupNumbers[id] = number
    var group = Program.Group(
      kind: kind, oneValue: own.oneValue, isGuarded: own.isGuarded, isReordered: own.isReordered)
    // Nobody asks for it before it is whole: a rule doesn't name itself.
    groups.append(group)
    planGroups.append(id)
    depths.append(0)
    groupIsHarmless.append(false)
    let outer = enter(own.frameSize)
    let (codes, defaults) = (try codes(of: own.definitions), try codes(of: own.defaults))
    let isHarmless = (codes + defaults).allSatisfy(\.isHarmless)
    let isSingle = own.definitions.count == 1
    let isConsistent = own.oneValue == .always || isSingle && own.definitions[0].isConsistent
    groupIsHarmless[Int(number)] = isHarmless && (kind == .set || kind != .document && isConsistent)
    if isSingle {
      group.isReordered = false
      if isConsistent && isHarmless { group.oneValue = .always }
      // Nothing hangs on which definitions could hold.
      if isConsistent && isHarmless || !own.definitions[0].branches.contains(where: \.isLoop) {
        group.isGuarded = false
      }
    }
    let isRunInTurn = !group.isGuarded || !isStrict && group.oneValue != .perhaps
    if isRunInTurn,
      kind == .complete && codes.count < Self.dispatchThreshold
        || kind == .function && codes.count <= Self.mostInOneBlock
    {
      group.block = append(code(of: codes, defaults: defaults, hasOneValue: group.oneValue == .always))
    } else {
      group.definitions = NumberRange(try definitions(own.definitions, codes))
      group.defaults = NumberRange(try definitions(own.defaults, defaults))
    }
    group.frameSize = Int32(frame.size)
    depths[Int(number)] = leave(to: outer)
    if group.block < 0, kind == .set || kind == .complete && isRunInTurn {
      group.dispatch = dispatch(group.definitions.all)
    }
    groups[Int(number)] = group
    return number
  }

  private static let mostInOneBlock = 16

  mutating func lookup(_ id: Int) throws(Unsupported) -> Int32 {
    if let known = lookupNumbers[id] {
      reach(lookupDepths[Int(known)])
      return known
    }
    let own = plan.lookups[id]
    let group = try group(own.group)
    let number = Int32(lookups.count)
    lookupNumbers[id] = number
    lookups.append(Program.Lookup(group: group))
    planLookups.append(id)
    lookupDepths.append(0)
    let outer = enter(own.frameSize)
    lookups[Int(number)].definitions = NumberRange(try definitions(own.definitions, codes(of: own.definitions)))
    lookups[Int(number)].defaults = NumberRange(try definitions(own.defaults, codes(of: own.defaults)))
    lookups[Int(number)].frameSize = Int32(frame.size)
    lookupDepths[Int(number)] = leave(to: outer)
    return number
  }

  /// What is being compiled asks for something that needs so many registers.
  private mutating func reach(_ depth: Int) { frame.deepest = max(frame.deepest, depth) }

  /// Begins a frame; hand the outer one to `leave`.
  private mutating func enter(_ size: Int) -> Frame {
    let outer = frame
    frame = Frame(size: size, number: frameCount)
    frameCount += 1
    return outer
  }

  /// The registers that the frame needs with all that it asks for.
  private mutating func leave(to outer: Frame) -> Int {
    let depth = frame.size + frame.deepest
    frame = outer
    reach(depth)
    return depth
  }

  private mutating func codes(of plans: [DefinitionPlan]) throws(Unsupported) -> [Code] {
    var codes: [Code] = []
    for plan in plans {
      var branches: [Code] = []
      for branch in plan.branches { branches.append(finished(try code(of: branch, Known()))) }
      codes.append(chain(of: branches))
    }
    return codes
  }

  private mutating func definitions(_ plans: [DefinitionPlan], _ codes: [Code]) throws(Unsupported) -> Range<Int32> {
    var own: [Program.Definition] = []
    for (plan, code) in zip(plans, codes) {
      var definition = Program.Definition(block: append(code), branchCount: Int32(plan.branches.count))
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

  // MARK: Values

  func register(_ slot: Slot) -> Int32 { Int32(frame.base + slot) }

  mutating func newRegister() -> Int32 {
    frame.size += 1
    return Int32(frame.size - 1)
  }

  mutating func field(_ path: [Text]) -> Int32 {
    if let known = paths[path] { return known }
    let number = Int32(paths.count)
    paths[path] = number
    return number
  }

  mutating func list(_ items: [Int32]) -> Int32 {
    lists += items
    return Int32(lists.count - items.count)
  }

  mutating func number(of builtin: Builtin) -> Int32 {
    if let known = builtinNumbers[builtin.name] { return known }
    builtins.append(builtin)
    builtinNumbers[builtin.name] = Int32(builtins.count - 1)
    return Int32(builtins.count - 1)
  }

  /// With its path, when the value is base data: the same document is then found again without a look at it.
  mutating func constant(_ value: Value, at path: [Value]? = nil) -> Int32 {
    if let path {
      if let known = documents[path] { return known }
      constants.append(arena.cell(of: value))
      let number = Program.Operand.constant(Int32(constants.count - 1))
      documents[path] = number
      return number
    }
    // Values that are equal may be written differently.
    let text = value.needsSpelling ? value.regoDescription : ""
    if let known = constantNumbers[value]?.first(where: { $0.text == text }) { return known.number }
    let cell = arena.cell(of: value)
    constants.append(cell)
    let number = Program.Operand.constant(Int32(constants.count - 1))
    constantNumbers[value, default: []].append((text, number))
    return number
  }
}

extension ProgramCompiler {
  /// Absent for what is no constant.
  func constant(_ operand: Int32) -> Cell? {
    Program.Operand.isConstant(operand) ? constants[Program.Operand.number(ofConstant: operand)] : nil
  }
}

extension DefinitionPlan {
  /// It can't give two values: each branch has a constant, or is run through once.
  fileprivate var isConsistent: Bool {
    zip(branches, values).allSatisfy { branch, value in value != nil || !branch.isLoop }
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
  /// A number in it may be written in several ways.
  fileprivate var needsSpelling: Bool {
    switch self {
    case .null, .boolean, .string: false
    case .number(let number): if case .int = number.storage { false } else { true }
    case .array(let items): items.contains(where: \.needsSpelling)
    case .set(let set): set.elements.contains(where: \.needsSpelling)
    case .object(let object):
      object.keys.contains(where: \.needsSpelling) || object.values.contains(where: \.needsSpelling)
    }
  }
}
