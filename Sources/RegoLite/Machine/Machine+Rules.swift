/// Rules, functions and documents of several definitions.
extension Machine {
  // MARK: Frames

  /// Opens a frame; hand its outer one to `pop`.
  @inline(__always)
  private mutating func push(_ size: Int32) throws(EvaluationError) -> UnsafeMutablePointer<Cell> {
    // The program has counted what the deepest chain of rules needs; what it has missed must not go beyond it.
    guard top + Int(size) <= registersEnd else { throw Self.depthExhausted }
    let outer = frame
    frame = top
    top += Int(size)
    return outer
  }

  /// The same, with the list's values in the first registers; absent when one of them is undefined.
  private mutating func push(
    _ size: Int32, _ list: Int32, _ count: Int32
  ) throws(EvaluationError) -> UnsafeMutablePointer<Cell>? {
    let outer = try push(size)
    for index in 0..<Int(count) {
      let operand = lists[Int(list) + index]
      let value = cell(operand, outer)
      guard value.isDefined else {
        pop(outer)
        return nil
      }
      frame[index] = value
    }
    return outer
  }

  @inline(__always)
  private mutating func pop(_ outer: UnsafeMutablePointer<Cell>) {
    top = frame
    frame = outer
  }

  // MARK: Documents

  /// A group's document, computed once.
  @inline(__always)
  mutating func extent(_ number: Int32) throws(EvaluationError) -> Cell {
    let known = extents[Int(number)]
    if known.isDefined || known.region != Self.unknown.region { return known }
    let computed = try compute(number)
    extents[Int(number)] = computed.isDefined ? computed : .undefined
    return computed
  }

  @inline(never)
  private mutating func compute(_ number: Int32) throws(EvaluationError) -> Cell {
    try checkDepth()
    let place = program.pointee.groups + Int(number)
    // A function isn't part of its package's document.
    if place.pointee.kind == .function { return .undefined }
    let outer = try push(place.pointee.frameSize)
    let value: Cell
    switch place.pointee.kind {
    case .complete, .function: value = try complete(place, number)
    case .set:
      let group = place.pointee
      state.pointee.isUsed = true
      let outerValues = state.pointee.values
      state.pointee.values = []
      let places = state.pointee.placesCount
      let selection = dispatched(group)
      for place in 0..<selection.count {
        if let definition = definition(place, of: group, selection) { try run(definition: definition) }
      }
      state.pointee.placesCount = places
      let members = state.pointee.values
      state.pointee.values = outerValues
      value = box(.set(SetValue(members)))
    case .document:
      let document = try document { machine throws(EvaluationError) in
        for definition in place.pointee.definitions.all { try machine.run(definition: definition) }
        for definition in place.pointee.defaults.all { try machine.missing(definition) }
      }
      value = box(document?.finish() ?? .object(ObjectValue()))
    }
    pop(outer)
    return value
  }

  private mutating func run(definition number: Int32) throws(EvaluationError) {
    _ = try run(program.pointee.definitions[Int(number)].block)
  }

  /// What `body` builds, and nothing else; absent when that is nothing.
  private mutating func document(
    _ body: (inout Machine) throws(EvaluationError) -> Void
  ) throws(EvaluationError) -> DocumentBuilder? {
    let outer = state.pointee.document
    state.pointee.document = nil
    try body(&self)
    let own = state.pointee.document
    state.pointee.document = outer
    return own
  }

  /// Gives the document a default's value where no definition has put one.
  private mutating func missing(_ number: Int32) throws(EvaluationError) {
    let own = try document { machine throws(EvaluationError) in try machine.run(definition: number) }
    guard let own else { return }
    if let outer = state.pointee.document { outer.fill(from: own) } else { state.pointee.document = own }
  }

  // MARK: Which definitions

  /// The definitions to run, by place.
  private struct Selection {
    enum Source {
      /// The group's own.
      case group
      /// In `lists`, from `list` on.
      case program
      /// The same among the workspace's places.
      case workspace
    }
    var count: Int
    var source = Source.group
    var list = 0
    /// Of up to 64 places a bit each: what is to be run at all.
    var mask = UInt64.max
    /// In another order than the group's, or some of more.
    var order: [Int]?
    /// All of them give the same value.
    var hasOneValue = false
  }

  /// Absent when it is not to be run.
  @inline(__always)
  private mutating func definition(_ place: Int, of group: Program.Group, _ selection: Selection) -> Int32? {
    if place < UInt64.bitWidth, selection.mask & 1 << UInt64(place) == 0 { return nil }
    if let order = selection.order { return group.definitions.lowerBound + Int32(order[place]) }
    switch selection.source {
    case .group: return group.definitions.lowerBound + Int32(place)
    case .program: return lists[selection.list + place]
    case .workspace: return state.pointee.places[selection.list + place]
    }
  }

  /// What the fields' values leave of the definitions.
  @inline(__always)
  private mutating func dispatched(_ group: Program.Group) -> Selection {
    guard group.dispatch >= 0 else { return Selection(count: group.definitions.count) }
    var selection = Selection(count: 0, source: .program)
    select(.table(group.dispatch), into: &selection)
    return selection
  }

  private mutating func select(_ definitions: Program.Definitions, into selection: inout Selection) {
    var left = definitions
    while left.isTable {
      let dispatch = program.pointee.dispatches + Int(left.table)
      let key = fields[Int(dispatch.pointee.field)]
      // Of a value that may be written in several ways, nothing is known.
      guard !key.isDefined || key.isSimple else {
        left = dispatch.pointee.all
        break
      }
      let position =
        dispatch.pointee.isPrefix
        ? longestPrefix(of: key, dispatch)
        : key.isDefined ? position(of: key, in: nodes + Int(dispatch.pointee.keys)) : -1
      if position >= 0 {
        let own = program.pointee.dispatchLists[Int(dispatch.pointee.lists) + position]
        if dispatch.pointee.others.isEmpty {
          left = own
          continue
        }
        select(own, into: &selection)
      }
      left = dispatch.pointee.others
    }
    if left.count == 0 { return }
    if selection.count == 0 {
      (selection.count, selection.list) = (left.count, Int(left.list))
    } else {
      merge(left, into: &selection)
    }
  }

  /// In the order of the group.
  @inline(never)
  private mutating func merge(_ more: Program.Definitions, into selection: inout Selection) {
    let start = state.pointee.reservePlaces(selection.count + more.count)
    let own =
      selection.source == .program ? lists + selection.list : UnsafePointer(state.pointee.places + selection.list)
    let others = lists + Int(more.list)
    let result = state.pointee.places + start
    var (a, b) = (0, 0)
    for place in 0..<(selection.count + more.count) {
      if b == more.count || a < selection.count && own[a] < others[b] {
        result[place] = own[a]
        a += 1
      } else {
        result[place] = others[b]
        b += 1
      }
    }
    selection.count += more.count
    (selection.source, selection.list) = (.workspace, start)
  }

  /// The longest of the keys that the text begins with; -1 when there is none.
  @inline(never)
  private mutating func longestPrefix(of text: Cell, _ dispatch: UnsafePointer<Program.Dispatch>) -> Int {
    guard text.tag == .string else { return -1 }
    let keys = nodes + Int(dispatch.pointee.keys)
    for index in dispatch.pointee.lengths.all where lists[Int(index)] <= text.count {
      let length = Int(lists[Int(index)])
      let prefix = Cell(
        .string, text.region, offset: text.offset, count: length, hash: CellHash.of(bytes(of: text), length))
      let position = position(of: prefix, in: keys)
      if position >= 0 { return position }
    }
    return -1
  }

  /// The definitions that could hold, in the order in which OPA's index gives them, and whether the first one to hold
  /// decides: see the evaluator's own.
  @inline(never)
  private mutating func guarded(_ group: Program.Group, _ number: Int32) throws(EvaluationError) -> Selection {
    let source = policy.plan.groups[policy.planGroups[Int(number)]]
    // Small groups in their own order need no list.
    let isListed = group.isReordered || group.definitions.count > UInt64.bitWidth
    var selection = Selection(count: group.definitions.count)
    if !isListed { selection.mask = 0 }
    var order: [Int] = []
    var ranks: [[[IndexTests.Rank]]] = []
    var (one, differs) = (Cell.undefined, false)
    for (place, index) in group.definitions.all.enumerated() {
      let definition = program.pointee.definitions[Int(index)]
      var (could, own) = (false, [[IndexTests.Rank]]())
      for branch in 0..<Int(definition.branchCount) {
        if definition.guards >= 0 {
          let block = lists[Int(definition.guards) + branch]
          if block >= 0, try !run(block) { continue }
        }
        could = true
        let value = definition.values >= 0 ? lists[Int(definition.values) + branch] : .min
        if value != .min, !one.isDefined || areEqual(one, cell(value)) { one = cell(value) } else { differs = true }
        if group.isReordered {
          let ranks = source.definitions[place].ranks
          own.append(branch < ranks.count ? ranks[branch] : [])
        }
      }
      guard could else { continue }
      if isListed {
        order.append(place)
        if group.isReordered { ranks.append(own) }
      } else {
        selection.mask |= 1 << UInt64(place)
      }
    }
    if group.isReordered { order = IndexTests.order(ranks).map { order[$0] } }
    if isListed { (selection.order, selection.count) = (order, order.count) }
    selection.hasOneValue = one.isDefined && !differs
    return selection
  }

  // MARK: Values

  /// The value of a complete rule or of a function: all definitions that hold have to agree. The frame is open.
  @inline(__always)
  private mutating func complete(_ group: UnsafePointer<Program.Group>, _ number: Int32) throws(EvaluationError) -> Cell
  {
    guard group.pointee.block >= 0 else { return try select(group.pointee, number) }
    let outer = running
    running = Running(
      isFunction: group.pointee.kind == .function, hasOneValue: group.pointee.oneValue == .always)
    _ = try run(group.pointee.block)
    let value = running.result
    running = outer
    return value
  }

  /// The same for definitions of which some needn't be run.
  @inline(never)
  private mutating func select(_ group: Program.Group, _ number: Int32) throws(EvaluationError) -> Cell {
    let outer = running
    let places = state.pointee.placesCount
    var selection: Selection
    if group.isGuarded, program.pointee.isStrict || group.oneValue == .perhaps {
      selection = try guarded(group, number)
    } else {
      selection = dispatched(group)
      selection.hasOneValue = group.oneValue == .always
    }
    running = Running(isFunction: group.kind == .function, hasOneValue: selection.hasOneValue)
    var value = Cell.undefined
    for place in 0..<selection.count {
      guard let definition = definition(place, of: group, selection) else { continue }
      let given = try self.value(of: definition, earlier: value)
      guard given.isDefined else { continue }
      if !value.isDefined { value = given }
      if selection.hasOneValue { break }
    }
    state.pointee.placesCount = places
    if !value.isDefined {
      running.hasOneValue = false
      for definition in group.defaults.all where !value.isDefined {
        value = try self.value(of: definition, earlier: .undefined)
      }
    }
    running = outer
    return value
  }

  @inline(__always)
  private mutating func value(of definition: Int32, earlier: Cell) throws(EvaluationError) -> Cell {
    running.result = .undefined
    running.earlier = earlier
    try run(definition: definition)
    return running.result
  }

  mutating func function(_ number: Int32, _ list: Int32, _ count: Int32) throws(EvaluationError) -> Cell {
    try checkDepth()
    let group = program.pointee.groups + Int(number)
    guard let outer = try push(group.pointee.frameSize, list, count) else { return .undefined }
    let value = try complete(group, number)
    pop(outer)
    return value
  }

  /// The part of a group's document at the keys, which are the list's values.
  mutating func ruleLookup(
    _ number: Int32, _ keys: [Value], _ list: Int32, _ count: Int32
  ) throws(EvaluationError) -> Cell {
    try checkDepth()
    let lookup = program.pointee.lookups[Int(number)]
    let extent = extents[Int(lookup.group)]
    if extent.isDefined { return value(extent).at(keys).map { cell(of: $0) } ?? .undefined }
    let key = DocumentContext.LookupKey(lookup: Int(number), keys: keys)
    if let known = state.pointee.known[key] { return known }
    guard let outer = try push(lookup.frameSize, list, count) else { return .undefined }
    let outerRunning = running
    running = Running()
    let document = try document { machine throws(EvaluationError) in
      for definition in lookup.definitions.all { try machine.run(definition: definition) }
      for definition in lookup.defaults.all { try machine.missing(definition) }
    }
    let given = running.result
    running = outerRunning
    pop(outer)
    var found = document?.finish().map { cell(of: $0) } ?? .undefined
    if given.isDefined {
      if found.isDefined, !areEqual(found, given) {
        let lookup = policy.plan.lookups[policy.planLookups[Int(number)]]
        throw EvaluationError(.conflict, "object keys must be unique", at: lookup.definitions.first?.location)
      }
      found = given
    }
    state.pointee.isUsed = true
    state.pointee.known[key] = found
    return found
  }
}
