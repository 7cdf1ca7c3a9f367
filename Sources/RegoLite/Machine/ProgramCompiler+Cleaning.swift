/// What is left out of the code when all of it is known.
extension ProgramCompiler {
  /// Leaves out what nobody needs, and notes which fields are looked for in tables.
  mutating func clean() {
    let read = registersRead()
    var cleaned = (instructions: [Program.Instruction](), locations: [Location?]())
    cleaned.instructions.reserveCapacity(instructions.count)
    cleaned.locations.reserveCapacity(instructions.count)
    for number in blocks.indices {
      let block = blocks[number]
      let range = Int(block.start)..<Int(block.start + block.count)
      var code = Code(instructions: Array(instructions[range]), locations: Array(locations[range]))
      clean(&code, read[blockFrames[number]])
      blocks[number] = Program.Block(start: Int32(cleaned.instructions.count), count: code.count)
      cleaned.instructions += code.instructions
      cleaned.locations += code.locations
    }
    (instructions, locations) = cleaned
  }

  private mutating func clean(_ code: inout Code, _ read: Set<Int32>) {
    let end = code.instructions.count
    var isLeftOut = [Bool](repeating: false, count: end)
    var isTarget = [Bool](repeating: false, count: end + 1)
    for index in 0..<end {
      // To where a jump goes, one may go at once.
      var hops = 0
      while hops < 8, code.instructions[Int(code.instructions[index].fail)].code == .jump {
        code.instructions[index].fail = code.instructions[Int(code.instructions[index].fail)].fail
        hops += 1
      }
      isTarget[Int(code.instructions[index].fail)] = true
      if code.instructions[index].code == .give, code.instructions[index].c >= 0 {
        isTarget[Int(code.instructions[index].c)] = true
      }
    }
    for index in 0..<end {
      let it = code.instructions[index]
      noteHashedFields(it)
      switch it.code {
      case .assign where !read.contains(it.a):
        // What is no field has a value here.
        if Program.Operand.isField(it.b) {
          code.instructions[index].code = .requireField
          code.instructions[index].b = Int32(Program.Operand.number(ofField: it.b))
        } else {
          isLeftOut[index] = true
        }
      case .field where !read.contains(it.a): code.instructions[index].code = .requireField
      case .requireComparison where it.b == Program.Comparison.equal.rawValue && !read.contains(it.a):
        (code.instructions[index].code, code.instructions[index].a) = (.equal, it.c)
        code.instructions[index].b = it.d
      case .requireMember where !read.contains(it.a) && it.fail == Int32(index + 2) && !isTarget[index + 1]:
        guard code.instructions[index + 1].code == .jump else { break }
        code.instructions[index].code = .forbidMember
        code.instructions[index].fail = code.instructions[index + 1].fail
        isLeftOut[index + 1] = true
      case .jump where it.fail == Int32(index + 1): isLeftOut[index] = true
      default: break
      }
    }
    // Backwards, so that the instruction that follows is known.
    var next: Int?
    for index in (0..<end).reversed() where !isLeftOut[index] {
      let it = code.instructions[index]
      if it.code == .requireField, let next, code.instructions[next].fail == it.fail,
        asks(code.instructions[next], for: Program.Operand.field(it.b))
          || code.instructions[next].code == .requireField
            && code.instructions[next].b == it.b
      {
        isLeftOut[index] = true
      } else {
        next = index
      }
    }
    leaveOut(isLeftOut, of: &code)
  }

  private func leaveOut(_ isLeftOut: [Bool], of code: inout Code) {
    guard isLeftOut.contains(true) else { return }
    var places: [Int32] = []
    var result = Code()
    for (index, isOut) in isLeftOut.enumerated() {
      places.append(result.count)
      if isOut { continue }
      result.instructions.append(code.instructions[index])
      result.locations.append(code.locations[index])
    }
    for index in result.instructions.indices {
      result.instructions[index].fail = places[Int(result.instructions[index].fail)]
      if result.instructions[index].code == .give, result.instructions[index].c >= 0 {
        result.instructions[index].c = places[Int(result.instructions[index].c)]
      }
    }
    code = result
  }

  /// The instruction fails where the operand is undefined.
  private func asks(_ it: Program.Instruction, for operand: Int32) -> Bool {
    switch it.code {
    case .equal: it.a == operand || it.b == operand
    case .holds, .match, .every, .scan: it.a == operand
    case .assign: it.b == operand
    case .lookup, .lookupData: it.b == operand || it.c == operand
    case .comparison, .member, .requireComparison, .requireMember, .startsWith, .endsWith, .contains, .native:
      it.c == operand || it.d == operand
    case .isOrHas, .requireIsOrHas: it.c == operand
    default: false
    }
  }

  private mutating func noteHashedFields(_ it: Program.Instruction) {
    switch it.code {
    case .lookup, .lookupData, .member, .requireMember, .isOrHas, .requireIsOrHas:
      if Program.Operand.isField(it.c) { hashedFields.insert(Int32(Program.Operand.number(ofField: it.c))) }
    default: break
    }
  }

  // MARK: Registers

  /// By frame.
  private func registersRead() -> [Set<Int32>] {
    var read = [Set<Int32>](repeating: [], count: (blockFrames.max() ?? 0) + 1)
    for (number, block) in blocks.enumerated() {
      for it in instructions[Int(block.start)..<Int(block.start + block.count)] {
        noteReads(of: it, in: &read[blockFrames[number]])
      }
    }
    return read
  }

  private func noteReads(of it: Program.Instruction, in read: inout Set<Int32>) {
    func note(_ operands: Int32...) { for operand in operands where operand >= 0 { read.insert(operand) } }
    func note(list start: Int32, _ count: Int32) {
      for index in Int(start)..<Int(start + count) where lists[index] >= 0 { read.insert(lists[index]) }
    }
    switch it.code {
    case .assign: note(it.b)
    case .lookup, .lookupData: note(it.b, it.c)
    case .array, .set, .object: note(list: it.b, it.c)
    case .equal: note(it.a, it.b)
    case .holds, .every, .emit, .give, .emitValue: note(it.a)
    case .match:
      note(it.a)
      noteReads(ofPattern: it.b, in: &read)
    case .scan:
      note(it.a)
      noteReads(ofPattern: it.b, in: &read)
      noteReads(ofPattern: it.c, in: &read)
    case .comparison, .member, .isOrHas, .requireComparison, .requireMember, .requireIsOrHas, .forbidMember,
      .startsWith,
      .endsWith, .contains, .native:
      note(it.c, it.d)
    case .matchPattern: note(list: it.c + 2, lists[Int(it.c) + 1])
    case .ruleLookup, .builtin, .function, .relation, .emitRow: note(list: it.c, it.d)
    case .emitDocument:
      note(it.a)
      note(list: it.c, it.d)
    case .emitObject: note(it.a, it.b)
    case .field, .requireField, .rule, .arrayComprehension, .setComprehension, .objectComprehension, .jump,
      .unlessGiven,
      .nextDefinition, .lastDefinition, .succeed, .fail:
      break
    }
  }

  private func noteReads(ofPattern number: Int32, in read: inout Set<Int32>) {
    let pattern = patterns[Int(number)]
    switch pattern.kind {
    case .anything, .bind: break
    case .equal: if pattern.a >= 0 { read.insert(pattern.a) }
    case .array:
      for index in 0..<Int(pattern.b) { noteReads(ofPattern: lists[Int(pattern.a) + index], in: &read) }
    case .object:
      for index in 0..<Int(pattern.b) {
        let key = lists[Int(pattern.a) + 2 * index]
        if key >= 0 { read.insert(key) }
        noteReads(ofPattern: lists[Int(pattern.a) + 2 * index + 1], in: &read)
      }
    }
  }
}
