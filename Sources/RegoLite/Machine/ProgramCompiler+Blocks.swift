/// Blocks, and what makes their code shorter.
extension ProgramCompiler {
  /// A block's code: where instructions go on is counted from its first.
  struct Code {
    var instructions: [Program.Instruction] = []
    var locations: [Location?] = []
    var location: Location?
    /// Nothing in it can end the evaluation.
    var isHarmless = false

    /// What stands for the end of the block until that is known, and for the end of a definition that has given a value.
    static let blockFails: Int32 = -1
    static let definitionGives: Int32 = -2

    var count: Int32 { Int32(instructions.count) }

    mutating func append(
      _ code: Program.Code, a: Int32 = 0, b: Int32 = 0, c: Int32 = 0, d: Int32 = 0, fail: Int32 = blockFails
    ) {
      instructions.append(.init(code: code, fail: fail, a: a, b: b, c: c, d: d))
      locations.append(location)
    }

    /// Another block's code, with the place where it goes on when it fails, and when it holds.
    mutating func append(_ other: Code, onFailure: Int32, onSuccess: Int32) {
      let shift = count
      for (index, instruction) in other.instructions.enumerated() {
        var own = instruction
        if own.fail >= 0 { own.fail += shift } else if own.fail == Self.blockFails { own.fail = onFailure }
        if own.code == .give, own.c >= 0 { own.c += shift }
        if own.code == .succeed { (own.code, own.fail) = (.jump, onSuccess) }
        if own.code == .fail { (own.code, own.fail) = (.jump, onFailure) }
        instructions.append(own)
        locations.append(other.locations[index])
      }
    }

    /// Where definitions that have given a value go on.
    mutating func settleGiven(at place: Int32) {
      for index in instructions.indices {
        if instructions[index].fail == Self.definitionGives { instructions[index].fail = place }
        if instructions[index].code == .give, instructions[index].c == Self.definitionGives {
          instructions[index].c = place
        }
      }
    }

    /// Some instruction goes on there.
    func isTarget(_ place: Int) -> Bool {
      instructions.contains { $0.fail == Int32(place) || $0.code == .give && $0.c == Int32(place) }
    }

    mutating func remove(at place: Int) {
      instructions.remove(at: place)
      locations.remove(at: place)
      for index in instructions.indices {
        if instructions[index].fail > Int32(place) { instructions[index].fail -= 1 }
        if instructions[index].code == .give, instructions[index].c > Int32(place) { instructions[index].c -= 1 }
      }
    }
  }

  private static let deepestNesting = 200

  mutating func block(
    _ block: RegoLite.Block, _ known: Known, keepingIndexTests: Bool = false
  ) throws(Unsupported) -> Int32 {
    append(finished(try code(of: block, known), keepingIndexTests: keepingIndexTests))
  }

  mutating func code(of block: RegoLite.Block, _ known: Known) throws(Unsupported) -> Code {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting < Self.deepestNesting else { throw Unsupported() }
    var known = known
    var code = Code()
    for (statement, location) in zip(block.statements, block.locations) {
      code.location = location
      guard try compile(statement, &known, into: &code) else {
        code.append(.fail)
        break
      }
    }
    return code
  }

  mutating func finished(_ code: Code, keepingIndexTests: Bool = false) -> Code {
    var code = code
    code.isHarmless = code.instructions.allSatisfy { isHarmless($0) }
    // Before what takes long, a test spares it.
    if !keepingIndexTests, code.instructions.allSatisfy({ isHarmless($0) && isQuick($0) }) {
      dropIndexTests(from: &code)
    }
    fuse(&code)
    return code
  }

  /// `not`: what is in it stands in its place.
  func append(not inner: Code, to code: inout Code) {
    code.append(inner, onFailure: code.count + inner.count, onSuccess: Code.blockFails)
  }

  /// One of the codes has to hold.
  func append(anyOf choices: [Code], to code: inout Code) {
    let end = choices.reduce(code.count) { $0 + $1.count }
    for (index, choice) in choices.enumerated() {
      let next = code.count + choice.count
      code.append(choice, onFailure: index + 1 < choices.count ? next : Code.blockFails, onSuccess: end)
    }
  }

  /// A definition's branches one after the other: the first that gives a value does for all.
  func chain(of branches: [Code]) -> Code {
    var result = Code()
    result.isHarmless = branches.allSatisfy(\.isHarmless)
    for (index, branch) in branches.enumerated() {
      var branch = branch
      let hasLoop = branch.instructions.contains { $0.code == .scan || $0.code == .relation }
      for index in branch.instructions.indices {
        // What isn't in a loop gives one value at most.
        if branch.instructions[index].code == .emitValue {
          branch.instructions[index].code = .give
          branch.instructions[index].c = Code.definitionGives
        }
      }
      guard index + 1 < branches.count else {
        result.append(branch, onFailure: Code.blockFails, onSuccess: Code.definitionGives)
        break
      }
      result.append(branch, onFailure: result.count + branch.count, onSuccess: Code.definitionGives)
      if hasLoop { result.append(.unlessGiven, fail: Code.definitionGives) }
    }
    return result
  }

  /// Definitions and then defaults, in one code.
  func code(of definitions: [Code], defaults: [Code], hasOneValue: Bool) -> Code {
    var result = Code()
    for (index, definition) in definitions.enumerated() {
      let isLast = index + 1 == definitions.count
      let end = result.count + definition.count
      result.append(definition, onFailure: end, onSuccess: end)
      // With one value for all, the first is enough.
      if !hasOneValue { result.settleGiven(at: end) }
      result.append(isLast ? .lastDefinition : .nextDefinition)
    }
    for definition in defaults {
      let end = result.count + definition.count
      result.append(definition, onFailure: end, onSuccess: Code.definitionGives)
    }
    return result
  }

  mutating func append(_ code: Code) -> Int32 {
    var code = code
    code.append(.fail)
    // A definition that has given its value ends its block, as one that hasn't.
    for index in code.instructions.indices where code.instructions[index].fail < 0 {
      code.instructions[index].fail = code.count - 1
    }
    blocks.append(Program.Block(start: Int32(instructions.count), count: code.count))
    blockFrames.append(frame.number)
    blockIsHarmless.append(code.isHarmless)
    instructions += code.instructions
    locations += code.locations
    return Int32(blocks.count - 1)
  }

  private func isHarmless(_ instruction: Program.Instruction) -> Bool {
    switch instruction.code {
    case .assign, .field, .requireField, .lookup, .lookupData, .equal, .holds, .match, .comparison, .member, .isOrHas,
      .requireMember, .requireComparison, .requireIsOrHas, .forbidMember, .array, .set, .object, .succeed, .fail, .jump,
      .unlessGiven, .nextDefinition, .lastDefinition, .give, .emit, .emitObject, .emitValue, .emitRow:
      true
    case .startsWith, .endsWith, .contains, .native, .builtin, .matchPattern: !isStrict
    case .rule, .function: groupIsHarmless[Int(instruction.b)]
    case .scan, .every, .arrayComprehension, .setComprehension: blockIsHarmless[Int(instruction.d)]
    case .relation: !isStrict && blockIsHarmless[Int(lists[Int(instruction.c + instruction.d)])]
    // Keys that are there already end it.
    case .objectComprehension, .emitDocument, .ruleLookup: false
    }
  }

  /// It costs no more than some tests.
  private func isQuick(_ instruction: Program.Instruction) -> Bool {
    switch instruction.code {
    case .scan, .every, .relation, .rule, .function, .native, .builtin, .matchPattern, .array, .set, .object,
      .arrayComprehension, .setComprehension, .objectComprehension, .ruleLookup:
      false
    default: true
    }
  }

  /// The index's tests are conditions of the body's own, asked early: to no end when nothing can go wrong in between.
  private func dropIndexTests(from code: inout Code) {
    for index in code.instructions.indices.dropLast().reversed()
    where code.instructions[index].code == .isOrHas
      && isTest(code.instructions[index + 1], of: code.instructions[index].a) && !code.isTarget(index + 1)
    {
      code.remove(at: index + 1)
      code.remove(at: index)
    }
  }

  /// The instruction holds when the boolean in the register is true, and does nothing else.
  func isTest(_ instruction: Program.Instruction, of register: Int32) -> Bool {
    switch instruction.code {
    case .holds: return instruction.a == register
    case .equal:
      guard instruction.a == register || instruction.b == register else { return false }
      let other = instruction.a == register ? instruction.b : instruction.a
      return constant(other)?.tag == .true
    case .match:
      let pattern = patterns[Int(instruction.b)]
      return instruction.a == register && pattern.kind == .equal && constant(pattern.a)?.tag == .true
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
      guard isTest(code.instructions[index + 1], of: code.instructions[index].a),
        code.instructions[index].fail == code.instructions[index + 1].fail, !code.isTarget(index + 1)
      else { continue }
      code.instructions[index].code = own
      code.remove(at: index + 1)
    }
  }
}
