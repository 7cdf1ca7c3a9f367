/// Statements, and the values in them.
extension ProgramCompiler {
  /// False when the statement never holds.
  mutating func compile(
    _ statement: Statement, _ known: inout Known, into code: inout Code
  ) throws(Unsupported) -> Bool {
    if let slot = statement.foldedSlot {
      switch folded(statement, slot, known) {
      case .unknown: break
      case .never: return false
      case .value(let value):
        let number = constant(value)
        known.values[slot] = value
        known.numbers[slot] = number
        code.append(.assign, a: register(slot), b: number)
        return true
      }
    } else if statement.isFoldedCondition {
      switch folded(statement, nil, known) {
      case .unknown: break
      case .never: return false
      case .value: return true
      }
    }
    switch statement {
    case .assign(let slot, let operand):
      if let value = value(of: operand, known) {
        let number = self.operand(operand, known, &code)
        known.values[slot] = value
        known.numbers[slot] = number
        // Functions' arguments and patterns are read from registers.
        code.append(.assign, a: register(slot), b: number)
      } else {
        let number = self.operand(operand, known, &code)
        if Program.Operand.isField(number) { known.numbers[slot] = number }
        code.append(.assign, a: register(slot), b: number)
      }
    case .match(let operand, let pattern):
      let matched = self.operand(operand, known, &code)
      if case .bind(let slot) = pattern {
        known.values[slot] = value(of: operand, known)
        if !Program.Operand.isRegister(matched) { known.numbers[slot] = matched }
        code.append(.assign, a: register(slot), b: matched)
      } else {
        code.append(.match, a: matched, b: try self.pattern(pattern, known))
      }
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
      code.append(.succeed)
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
      code.append(.succeed)
    case .function(let slot, let id, let operands):
      let arguments = self.operands(operands, known, &code)
      code.append(.function, a: register(slot), b: try group(id), c: arguments, d: Int32(operands.count))
    case .not(let inner): append(not: finished(try self.code(of: inner, known)), to: &code)
    case .anyOf(let inner):
      var choices: [Code] = []
      for block in inner { choices.append(finished(try self.code(of: block, known))) }
      append(anyOf: choices, to: &code)
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
      noteResult(result)
      code.append(.emitValue, a: result, b: own.rawValue)
    case .emitDocument(let path, let operand, let isMember):
      let keys = operands(path, known, &code)
      code.append(
        .emitDocument, a: self.operand(operand, known, &code), b: isMember ? 1 : 0, c: keys, d: Int32(path.count))
    case .emitRow(let operands):
      let own = operands.map { operand($0, known, &code) }
      for operand in own { noteResult(operand) }
      code.append(.emitRow, c: list(own), d: Int32(own.count))
    case .walk, .materialize, .with, .outside, .observed: throw Unsupported()
    }
    return true
  }

  /// A constant among results has its JSON ready.
  private mutating func noteResult(_ operand: Int32) {
    if let constant = constant(operand), constant.tag == .constant { results.insert(constant.index) }
  }

  /// Statements of a rule that may stand where its name does; more are better run once.
  private static let longestInline = 12
  private static let deepestInline = 8
  /// Of all rules together that come to stand in the place of one.
  private static let mostInline = 48

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
    if inlineDepth == 0 { inlineLeft = Self.mostInline }
    guard block.statements.count <= min(Self.longestInline, inlineLeft),
      case .emitValue(let result, _)? = block.statements.last,
      block.statements.dropLast().allSatisfy({ isCheap($0) })
    else { return nil }
    inlineLeft -= block.statements.count
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
    if let value = value(of: result, inner) { known.values[slot] = value }
    if !Program.Operand.isRegister(number) { known.numbers[slot] = number }
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
      let number = field(path)
      let own = Program.Operand.field(number)
      if rest.isEmpty {
        known.numbers[slot] = own
        code.append(.field, a: register(slot), b: number)
      } else {
        lookup(slot, own, rest, known, into: &code)
      }
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
    if let expression = expression(builtin, operands, known) {
      let own = operands.map { operand($0, known, &code) }
      code.append(
        .matchPattern, a: register(slot), b: number, c: list([own[own.count - 1], Int32(own.count)] + own),
        d: expression)
    } else if let own, operands.count == 2 {
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

  /// Each may come to take megabytes.
  private static let mostExpressions = 512

  /// The number of the pattern that a text is to match; absent when it isn't known, or in error, or one of too many.
  private mutating func expression(_ builtin: Builtin, _ operands: [Operand], _ known: Known) -> Int32? {
    guard expressions.count < Self.mostExpressions, let pattern = operands.first.flatMap({ value(of: $0, known) })
    else { return nil }
    let expression: RegularExpression?
    switch builtin.name.string {
    case "regex.match" where operands.count == 2:
      guard case .string(let text) = pattern else { return nil }
      expression = try? RegularExpression(go: text)
    case "glob.match" where operands.count == 3:
      guard let delimiters = value(of: operands[1], known) else { return nil }
      expression = Builtins.Globs.expression(pattern, delimiters: delimiters)
    default: return nil
    }
    guard let expression, expression.matcher != nil else { return nil }
    expressions.append(expression)
    return Int32(expressions.count - 1)
  }

  // MARK: Values

  /// The value, when it hangs on nothing that only an evaluation knows.
  private func value(of operand: Operand, _ known: Known) -> Value? {
    switch operand {
    case .constant(let value): return value
    case .local(let slot): return known.values[slot]
    case .input: return nil
    case .data: return data
    case .array(let items): return measured(values(of: items, known).map { .array($0) })
    case .set(let items): return measured(values(of: items, known).map { .set(SetValue($0)) })
    case .object(let items):
      guard let keys = values(of: items.map(\.key), known), let values = values(of: items.map(\.value), known) else {
        return nil
      }
      return measured(.object(ObjectValue(keys: keys, values: values)))
    }
  }

  /// Of what is put together only what isn't too large: parts that are shared count wherever they stand.
  private func measured(_ value: Value?) -> Value? {
    value.flatMap { $0.partsLeft(of: Self.mostParts) > 0 ? $0 : nil }
  }

  private static let mostParts = 10_000

  private func values(of operands: [Operand], _ known: Known) -> [Value]? {
    var values: [Value] = []
    for operand in operands {
      guard let value = value(of: operand, known) else { return nil }
      values.append(value)
    }
    return values
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
      return Program.Operand.field(field([]))
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

extension Statement {
  /// Where the statement's value goes that may be known ahead of decisions; absent for those that aren't asked.
  fileprivate var foldedSlot: Slot? {
    switch self {
    case .rule(let slot, _), .ruleLookup(let slot, _, _), .builtin(let slot, _, _), .function(let slot, _, _),
      .comprehension(let slot, _, _):
      slot
    default: nil
    }
  }

  /// It may be known ahead whether it holds.
  fileprivate var isFoldedCondition: Bool {
    switch self {
    case .not, .every, .anyOf: true
    default: false
    }
  }
}
