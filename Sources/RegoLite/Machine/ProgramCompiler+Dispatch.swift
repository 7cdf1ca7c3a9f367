/// Tables of definitions by what they ask of a field.
extension ProgramCompiler {
  /// Fewer are asked in turn.
  static let dispatchThreshold = 4
  /// Questions that are asked one after the other.
  private static let mostQuestions = 4
  /// The lengths of prefixes are tried in turn.
  private static let mostLengths = 32
  private static let mostMembers = 256

  /// A field that is asked about: for one of some values, or for how its text begins.
  private struct Question: Hashable {
    var field: Int32
    var isPrefix: Bool
  }

  /// A constant that isn't put together; the arena has equal strings once.
  private struct Key: Hashable {
    let cell: Cell
    static func == (a: Key, b: Key) -> Bool { a.cell.tag == b.cell.tag && a.cell.payload == b.cell.payload }
    func hash(into hasher: inout Hasher) { hasher.combine(cell.payload) }
  }

  private typealias Demands = [Question: [Key]]

  /// A table of the definitions by what they ask of a field; -1 when too few of them ask for something.
  mutating func dispatch(_ range: Range<Int32>) -> Int32 {
    guard range.count >= Self.dispatchThreshold else { return -1 }
    var demands: [Int32: Demands] = [:]
    for definition in range { demands[definition] = self.demands(of: definitions[Int(definition)]) }
    let table = self.table(of: Array(range), demands, asked: [])
    return table.isTable ? table.table : -1
  }

  /// The definitions, or a table of them where a question that hasn't been asked leaves fewer.
  private mutating func table(
    of own: [Int32], _ demands: [Int32: Demands], asked: Set<Question>
  ) -> Program.Definitions {
    guard let question = question(own, demands, asked) else { return definitions(own) }
    var keys: [Key] = []
    var byKey: [Key: [Int32]] = [:]
    var others: [Int32] = []
    for definition in own {
      guard let wanted = demands[definition]?[question] else {
        others.append(definition)
        continue
      }
      for key in Set(wanted) {
        if byKey[key] == nil { keys.append(key) }
        byKey[key, default: []].append(definition)
      }
    }
    var lengths: [Int] = []
    if question.isPrefix {
      lengths = Set(keys.map(\.cell.count)).sorted(by: >)
      guard lengths.count <= Self.mostLengths else { return definitions(own) }
      extend(keys, lengths, &byKey)
    }
    let asked = asked.union([question])
    var lists: [Program.Definitions] = []
    for key in keys { lists.append(table(of: (byKey[key] ?? []).sorted(), demands, asked: asked)) }
    let rest = table(of: others, demands, asked: asked)
    let first = Int32(dispatchLists.count)
    dispatchLists += lists
    let lengthList = list(lengths.map { Int32($0) })
    dispatches.append(
      Program.Dispatch(
        field: question.field, keys: arena.set(of: keys.map(\.cell)), lists: first, others: rest,
        all: definitions(own), lengths: NumberRange(lengthList..<lengthList + Int32(lengths.count)),
        isPrefix: question.isPrefix))
    return .table(Int32(dispatches.count - 1))
  }

  /// What begins with the longest prefix begins with the shorter ones, too, that it begins with itself.
  private func extend(_ keys: [Key], _ lengths: [Int], _ byKey: inout [Key: [Int32]]) {
    var byText: [[UInt8]: [Int32]] = [:]
    func text(_ key: Key) -> [UInt8] { Array(arena.bytes[key.cell.offset..<(key.cell.offset + key.cell.count)]) }
    for key in keys { byText[text(key)] = byKey[key] }
    for key in keys {
      let own = text(key)
      for length in lengths where length < own.count {
        if let shorter = byText[Array(own[..<length])] { byKey[key]? += shorter }
      }
    }
  }

  private mutating func definitions(_ own: [Int32]) -> Program.Definitions {
    let start = list(own)
    return .list(NumberRange(start..<start + Int32(own.count)))
  }

  /// The question that leaves the fewest on average; absent when none leaves much less than there are.
  private func question(_ own: [Int32], _ demands: [Int32: Demands], _ asked: Set<Question>) -> Question? {
    guard own.count >= Self.dispatchThreshold, asked.count < Self.mostQuestions else { return nil }
    var counts: [Question: (demands: Int, keys: Set<Key>)] = [:]
    for definition in own {
      for (question, keys) in demands[definition] ?? [:] where !asked.contains(question) {
        counts[question, default: (0, [])].demands += 1
        counts[question]?.keys.formUnion(keys)
      }
    }
    // How many definitions are left, in thousandths; a text's beginning takes longer to look up.
    func left(_ question: (key: Question, value: (demands: Int, keys: Set<Key>))) -> Int {
      (own.count - question.value.demands) * 1000 + question.value.demands * 1000 / question.value.keys.count
        + (question.key.isPrefix ? 500 : 0)
    }
    let best = counts.min {
      (left($0), $0.key.field, $0.key.isPrefix ? 1 : 0) < (left($1), $1.key.field, $1.key.isPrefix ? 1 : 0)
    }
    guard let best, best.value.demands >= Self.dispatchThreshold, left(best) <= own.count * 700 else { return nil }
    return best.key
  }

  // MARK: What definitions ask for

  /// What the definition needs fields to be: it fails otherwise, and nothing that it does before can go wrong.
  private mutating func demands(of definition: Program.Definition) -> Demands {
    let block = blocks[Int(definition.block)]
    var demands: Demands = [:]
    for place in Int(block.start)..<Int(block.start + block.count) {
      let it = instructions[place]
      // Only what the whole definition hangs on.
      guard it.fail == block.count - 1 else { return demands }
      switch it.code {
      case .equal: demand(it.a, it.b, &demands)
      case .requireComparison:
        if it.b == Program.Comparison.equal.rawValue { demand(it.c, it.d, &demands) }
      case .requireMember, .requireIsOrHas: demand(it.c, memberOf: it.d, &demands)
      case .assign, .field, .requireField, .holds, .lookup, .lookupData, .match, .member, .isOrHas, .comparison: break
      case .startsWith, .matchPattern, .builtin:
        // An error would be lost.
        guard !isStrict, let (text, prefix) = prefix(it) else { return demands }
        if isTest(instructions[place + 1], of: it.a), Program.Operand.isField(text) {
          let question = Question(field: Int32(Program.Operand.number(ofField: text)), isPrefix: true)
          if demands[question] == nil { demands[question] = [Key(cell: prefix)] }
        }
      case .endsWith, .contains: if isStrict { return demands }
      default: return demands
      }
    }
    return demands
  }

  private func demand(_ a: Int32, _ b: Int32, _ demands: inout Demands) {
    for (field, other) in [(a, b), (b, a)] where Program.Operand.isField(field) {
      let question = Question(field: Int32(Program.Operand.number(ofField: field)), isPrefix: false)
      guard let constant = constant(other), constant.isSimple, demands[question] == nil else { continue }
      demands[question] = [Key(cell: constant)]
    }
  }

  private func demand(_ field: Int32, memberOf collection: Int32, _ demands: inout Demands) {
    guard Program.Operand.isField(field), let constant = constant(collection), constant.tag == .constant else { return }
    let question = Question(field: Int32(Program.Operand.number(ofField: field)), isPrefix: false)
    let node = arena.nodes[constant.index]
    guard demands[question] == nil, node.kind == .array || node.kind == .set, node.count <= Self.mostMembers,
      node.count > 0
    else { return }
    let members = arena.cells[Int(node.start)..<Int(node.start + node.count)]
    // The lookup of a value that isn't simple tries all definitions.
    if members.allSatisfy(\.isSimple) { demands[question] = members.map { Key(cell: $0) } }
  }

  /// The text that has to begin with the prefix, which isn't empty; absent when the instruction asks for something else.
  private mutating func prefix(_ it: Program.Instruction) -> (text: Int32, prefix: Cell)? {
    let (text, pattern): (Int32, Int32)
    switch it.code {
    case .startsWith: (text, pattern) = (it.c, it.d)
    case .matchPattern where builtins[Int(it.b)].name == "glob.match":
      (text, pattern) = (lists[Int(it.c)], lists[Int(it.c) + 2])
    case .builtin where builtins[Int(it.b)].name == "glob.match" && it.d == 3:
      (text, pattern) = (lists[Int(it.c) + 2], lists[Int(it.c)])
    default: return nil
    }
    guard let constant = constant(pattern), constant.tag == .string else { return nil }
    var prefix = arena.bytes[constant.offset..<(constant.offset + constant.count)]
    if it.code != .startsWith { prefix = prefix.prefix { !#"*?[]{}\,!"#.utf8.contains($0) } }
    guard !prefix.isEmpty else { return nil }
    return (text, arena.cell(of: .string(Text(String(decoding: prefix, as: UTF8.self)))))
  }
}
