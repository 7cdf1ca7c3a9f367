/// What goes through collections.
extension Machine {
  /// The members of a collection, each with its key, in Rego's order; none for what is no collection.
  struct Members {
    private enum Source {
      case none
      /// An array of the input: the next element begins where the scanner stands.
      case elements(InputScanner)
      case array(Range<Int>)
      /// Keys, then as many values.
      case object(Range<Int>)
      case set(Range<Int>)
      case values([Value])
      case entries(ObjectValue)
      case elementsOfSet([Value])
    }
    private var source: Source
    private var index = 0
    private let cells: UnsafePointer<Cell>
    private let state: UnsafeMutablePointer<Workspace>

    fileprivate init(of collection: Cell, _ machine: inout Machine) {
      cells = machine.cells
      state = machine.state
      switch collection.tag {
      case .array: source = .elements(machine.elements(of: collection))
      case .constant:
        let node = machine.nodes[collection.index]
        let range = Int(node.start)..<Int(node.start + node.count)
        source =
          switch node.kind {
          case .array: .array(range)
          case .object: .object(range)
          case .set: .set(range)
          case .number: .none
          }
      case .object, .boxed:
        source =
          switch machine.value(collection) {
          case .array(let items): .values(items)
          case .object(let object): .entries(object)
          case .set(let set): .elementsOfSet(set.elements)
          default: .none
          }
      case .undefined, .null, .false, .true, .int, .string, .escaped, .number: source = .none
      }
    }

    @inline(__always)
    mutating func next() -> (key: Cell, value: Cell)? {
      let position = index
      index += 1
      switch source {
      case .none: return nil
      case .elements(var scanner):
        guard let value = scanner.nextElement() else { return nil }
        source = .elements(scanner)
        return (Cell(int: position), value)
      case .array(let range):
        return position < range.count ? (Cell(int: position), cells[range.lowerBound + position]) : nil
      case .object(let range):
        guard position < range.count else { return nil }
        return (cells[range.lowerBound + position], cells[range.upperBound + position])
      case .set(let range):
        guard position < range.count else { return nil }
        return (cells[range.lowerBound + position], cells[range.lowerBound + position])
      case .values(let values):
        return position < values.count ? (Cell(int: position), state.pointee.cell(of: values[position])) : nil
      case .entries(let object):
        guard position < object.count else { return nil }
        let (key, value) = object.entries[position]
        return (state.pointee.cell(of: key), state.pointee.cell(of: value))
      case .elementsOfSet(let elements):
        guard position < elements.count else { return nil }
        let element = state.pointee.cell(of: elements[position])
        return (element, element)
      }
    }
  }

  /// Stands before the first element of an array of the input.
  @inline(__always)
  mutating func elements(of array: Cell) -> InputScanner {
    InputScanner(input, at: array.offset + 1)
  }

  mutating func scan(_ collection: Cell, key: Int32, value: Int32, _ inner: Int32) throws(EvaluationError) -> Bool {
    var members = Members(of: collection, &self)
    while let member = members.next() {
      if matches(member.key, key), matches(member.value, value), try run(inner) { return true }
    }
    return false
  }

  mutating func every(_ domain: Cell, key: Int32, value: Int32, _ inner: Int32) throws(EvaluationError) -> Bool {
    guard isCollection(domain) else { return false }
    var members = Members(of: domain, &self)
    while let member = members.next() {
      frame[Int(value)] = member.value
      if key >= 0 { frame[Int(key)] = member.key }
      guard try run(inner) else { return false }
    }
    return true
  }

  private mutating func isCollection(_ cell: Cell) -> Bool {
    switch cell.tag {
    case .array, .object: true
    case .constant: nodes[cell.index].kind != .number
    case .boxed: boxed(cell.index).isCollection
    case .undefined, .null, .false, .true, .int, .string, .escaped, .number: false
    }
  }

  mutating func comprehension(
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
  mutating func matches(_ value: Cell, _ number: Int32) -> Bool {
    let pattern = program.pointee.patterns[Int(number)]
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
}
