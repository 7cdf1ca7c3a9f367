/// Blocks, and what makes their code shorter.
extension ProgramCompiler {
  struct Code {
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
        code.append(.equal, a: constant(.boolean(true)), b: constant(.boolean(false)))
        break
      }
    }
    return code
  }

  mutating func finished(_ code: Code, keepingIndexTests: Bool = false) -> Code {
    var code = code
    code.isHarmless = code.instructions.allSatisfy { isHarmless($0) }
    if code.isHarmless, !keepingIndexTests { dropIndexTests(from: &code) }
    fuse(&code)
    noteHashedFields(code)
    return code
  }

  /// The branches one after the other.
  func chain(of branches: [Code]) -> Code {
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

  mutating func append(_ code: Code) -> Int32 {
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
}
