/// What OPA's rule index asks of `input`, base data and a function's arguments before it looks at a definition at all.
///
/// A definition whose index tests fail is not evaluated: an error or a conflict that its body would run into first
/// does not happen then. RegoLite evaluates a body from its start, so it asks the same tests there. They are the
/// body's own conditions, hence never change what a body without errors gives.
///
/// As in OPA, what a definition says of a document adds up: one value takes the place of the first mention that any value
/// would do for, two values are a choice, and where such a mention is left, any value will do.
struct IndexTests: Sendable {
  private enum Subject: Hashable, Sendable {
    case input([Value])
    case data([Value])
    case argument(Slot)
  }

  private enum Wanted: Sendable, Equatable {
    /// Any value; the slot that holds it, when a variable does.
    case defined(Slot?)
    /// This one, or a collection that has it.
    case value(Value)
    /// An array of constants and, where absent, anything.
    case array([Value?])
    /// A text that consists of these parts, where absent ones are any, with one of the delimiters between any two.
    case parts([Text?], delimiters: Text)
  }

  /// Where in its body a test's document is asked for.
  enum Position: Sendable, Equatable {
    /// Steps of the body that stand before it.
    case step(Int)
    /// Among the lookups that come after the calls of an expression, which isn't resolved to its end yet.
    case late(depth: Int, index: Int)
    /// Nowhere in particular: only the whole body tells.
    case unknown

    fileprivate mutating func settle(depth: Int, position: Int) {
      guard case .late(depth, let index) = self else { return }
      self = .step(position + index)
    }
  }

  private struct Test: Sendable {
    let subject: Subject
    /// What will do, each.
    var wanted: [Wanted]
    let location: Location
    /// How often the body says something of the document.
    var mentions = 1
    /// Where it is mentioned first, and where last with a value.
    var first: Position
    var last: Position

    var isAnything: Bool { wanted.contains { if case .defined = $0 { true } else { false } } }

    /// What holds for one of several values is found by OPA whatever the tests after it say.
    var decides: Bool { wanted.count > 1 && !isAnything }

    /// Adds what will do, too.
    mutating func add(_ new: Wanted, at position: Position) {
      mentions += 1
      switch new {
      case .defined(nil): if wanted.contains(new) { return }
      case .defined: break
      case .value, .array, .parts:
        if wanted.contains(new) { return }
        let isPattern = wanted.contains { if case .parts = $0 { true } else { false } }
        if isPattern {
          wanted.append(.defined(nil))
          return
        }
        last = position
        if let index = wanted.firstIndex(where: { if case .defined = $0 { true } else { false } }) {
          wanted[index] = new
          return
        }
      }
      wanted.append(new)
    }
  }

  private var tests: [Test] = []
  /// `… or …`: one of the sides has to hold.
  private var alternatives: [[IndexTests]] = []
  /// Variables that the body says to be constants.
  private var constants: [Slot: Value] = [:]
  /// Memberships of what only the whole body tells.
  private var memberships: [(member: Atom, collection: Atom, location: Location)] = []
  /// Where a subject's test is, once there are so many that a look at each would take longer.
  private var places: [Subject: Int] = [:]
  private static let placesThreshold = 16
  /// The test of the document that a slot holds.
  private var holders: [Slot: Int] = [:]
  /// Those whose position isn't known yet.
  private var unsettled: [Int] = []
  private let tree: RuleTree

  init(tree: RuleTree) { self.tree = tree }

  // MARK: What a body says

  /// The body needs the document to be there; `slot` holds its value.
  mutating func needs(_ base: ReferenceBase, _ path: [Atom], slot: Slot?, at location: Location, position: Position) {
    guard let subject = subject(base, path) else { return }
    insert(subject, .defined(slot), location, position)
  }

  /// The body equates a document with a term.
  mutating func equates(
    _ base: ReferenceBase, _ path: [Atom], with other: Atom, at location: Location, position: Position
  ) {
    if let last = path.last, last.constantValue == nil {
      // `xs[_] = 1`: the collection has such a member.
      guard case .local = last, let value = other.constantValue, !value.isCollection,
        let subject = subject(base, path.dropLast())
      else { return }
      insert(subject, .value(value), location, position)
      return
    }
    guard let subject = subject(base, path), let wanted = Self.wanted(other) else { return }
    insert(subject, wanted, location, position)
  }

  /// The body goes through a document, some key and value of which it knows.
  mutating func iterates(
    _ base: ReferenceBase, _ path: [Atom], key: Atom?, value: Atom, at location: Location, position: Position
  ) {
    let key = key ?? .local(-1)
    equates(base, path + [key], with: value, at: location, position: position)
  }

  /// The body equates two terms; `isArgument` tells a function's arguments.
  mutating func equates(
    _ a: Atom, _ b: Atom, isArgument: (Slot) -> Bool, at location: Location, position: Position
  ) {
    for case (.local(let slot), let other) in [(a, b), (b, a)] where !isArgument(slot) {
      if let value = other.constantValue { constants[slot] = value }
    }
    for (x, y) in [(a, b), (b, a)] {
      guard case .local(let slot) = x, let wanted = Self.wanted(y) else { continue }
      if isArgument(slot) {
        insert(.argument(slot), wanted, location, position)
        return
      }
      guard let index = holders[slot] else { continue }
      add(wanted, to: index, at: position)
      return
    }
  }

  /// The body has a name of its own for the term.
  mutating func names(_ term: Atom, isArgument: (Slot) -> Bool, at location: Location, position: Position) {
    guard case .local(let slot) = term else { return }
    if isArgument(slot) {
      insert(.argument(slot), .defined(nil), location, position)
    } else if let index = holders[slot] {
      add(.defined(-1), to: index, at: position)
    }
  }

  /// The body wants a value to be a member of a collection.
  mutating func isMember(
    _ member: Atom, of collection: Atom, isArgument: (Slot) -> Bool, at location: Location, position: Position
  ) {
    if let value = member.constantValue, !value.isCollection, case .local(let slot) = collection {
      // As in OPA, a function's arguments are not looked into.
      if isArgument(slot) { return }
      if let index = holders[slot] {
        add(.value(value), to: index, at: position)
      } else {
        // Maybe a later expression says what it holds.
        memberships.append((member, collection, location))
      }
      return
    }
    if case .local(let slot) = collection, !isArgument(slot), member.constantValue == nil {
      memberships.append((member, collection, location))
      return
    }
    guard case .local(let slot) = member, let collection = collection.constantValue else { return }
    let members: [Value]
    switch collection {
    case .array(let items): members = items
    case .set(let set): members = set.elements
    case .object(let object): members = object.entries.map(\.value)
    case .null, .boolean, .number, .string: return
    }
    if members.isEmpty || members.contains(where: \.hasKeys) { return }
    for member in members {
      if isArgument(slot) {
        insert(.argument(slot), .value(member), location, position)
      } else if let index = holders[slot] {
        add(.value(member), to: index, at: position)
      }
    }
  }

  /// The body wants `glob.match(pattern, delimiters, subject)` to hold.
  mutating func matches(
    _ pattern: Atom, delimiters: Atom, _ subject: Atom, isArgument: (Slot) -> Bool, at location: Location,
    position: Position
  ) {
    guard case .local(let slot) = subject, case .string(let pattern)? = pattern.constantValue,
      case .array(let items)? = delimiters.constantValue
    else { return }
    var names: [String] = []
    for item in items {
      guard case .string(let text) = item else { return }
      names.append(text.string)
    }
    let delimiters = Text(names.isEmpty ? "." : names.joined())
    var parts: [Text?] = []
    for part in GlobPattern.parts(of: pattern, delimiters: delimiters) {
      if part == "*" {
        parts.append(nil)
      } else {
        guard !GlobPattern.hasWildcards(part) else { return }
        parts.append(part)
      }
    }
    let wanted = Wanted.parts(parts, delimiters: delimiters)
    if isArgument(slot) {
      insert(.argument(slot), wanted, location, position)
    } else if let index = holders[slot], tests[index].mentions == 1 {
      add(wanted, to: index, at: position)
    }
  }

  /// The body needs one of the sides to hold; one without tests always could.
  mutating func holdsEither(_ sides: [IndexTests]) {
    if sides.allSatisfy({ !$0.isEmpty }) { alternatives.append(sides) }
  }

  /// Its tests are steps: there are some, and not too many ways to put them together.
  var asksAnything: Bool { !conjunctions.contains { $0.isEmpty } }

  private var isEmpty: Bool { tests.isEmpty && alternatives.isEmpty }

  /// The body is complete: what it says of variables is known.
  mutating func finish(isArgument: (Slot) -> Bool) {
    for index in tests.indices where tests[index].mentions == 1 {
      guard case .defined(let slot?) = tests[index].wanted[0], let value = constants[slot] else { continue }
      if case .argument = tests[index].subject { continue }
      switch value {
      case .object, .set: break
      case .null, .boolean, .number, .string, .array:
        tests[index].wanted = [.value(value)]
        tests[index].last = .unknown
      }
    }
    for (member, collection, location) in memberships {
      var (known, whole) = (member, collection)
      if case .local(let slot) = member, let value = constants[slot] { known = .constant(value) }
      if case .local(let slot) = collection, let value = constants[slot] { whole = .constant(value) }
      guard known.constantValue != nil || whole.constantValue != nil else { continue }
      isMember(known, of: whole, isArgument: isArgument, at: location, position: .unknown)
    }
    memberships = []
  }

  /// The lookups that were noted at this depth stand from `position` on.
  mutating func settle(depth: Int, position: Int) {
    for number in unsettled {
      tests[number].first.settle(depth: depth, position: position)
      tests[number].last.settle(depth: depth, position: position)
    }
    unsettled.removeAll { number in
      for case .late in [tests[number].first, tests[number].last] { return false }
      return true
    }
  }

  private mutating func add(_ wanted: Wanted, to number: Int, at position: Position) {
    tests[number].add(wanted, at: position)
    if case .late = position { unsettled.append(number) }
  }

  private mutating func insert(_ subject: Subject, _ wanted: Wanted, _ location: Location, _ position: Position) {
    let number: Int
    if let known = place(of: subject) {
      number = known
      tests[number].add(wanted, at: position)
    } else {
      number = tests.count
      tests.append(
        Test(subject: subject, wanted: [wanted], location: location, first: position, last: position))
      if tests.count > Self.placesThreshold {
        for (number, test) in tests.enumerated().dropFirst(places.count) { places[test.subject] = number }
      }
    }
    if case .defined(let slot?) = wanted, slot >= 0, holders[slot] == nil { holders[slot] = number }
    if case .late = position { unsettled.append(number) }
  }

  private func place(of subject: Subject) -> Int? {
    tests.count > Self.placesThreshold ? places[subject] : tests.firstIndex { $0.subject == subject }
  }

  /// Absent for what the index doesn't look at: rules' documents, and paths with variables.
  private func subject(_ base: ReferenceBase, _ path: some Sequence<Atom>) -> Subject? {
    var keys: [Value] = []
    for part in path {
      guard let key = part.constantValue else { return nil }
      keys.append(key)
    }
    switch base {
    case .input: return .input(keys)
    case .data: return tree.isBaseData(keys) ? .data(keys) : nil
    case .atom: return nil
    }
  }

  private static func wanted(_ atom: Atom) -> Wanted? {
    switch atom {
    case .local(let slot): return .defined(slot)
    case .constant(.array(let items)):
      return items.contains(where: \.isCollection) ? nil : .value(.array(items))
    case .constant(let value): return value.isCollection ? nil : .value(value)
    case .array(let items):
      var known: [Value?] = []
      for item in items {
        switch item {
        case .local: known.append(nil)
        case .constant(let value) where !value.isCollection: known.append(value)
        default: return nil
        }
      }
      return .array(known)
    case .object, .set: return nil
    }
  }

  // MARK: What comes of it

  /// The tests as steps to run first, where an error could come before them.
  ///
  /// - Parameter earlier: The places in the body of the steps that run up to the first one that can fail; absent when
  ///   none can. Asked for when there are tests at all.
  func steps(upToFailure earlier: @autoclosure () -> BitSet?, newSlot: () -> Slot) -> [Step] {
    guard !isEmpty, let earlier = earlier() else { return [] }
    guard alternatives.isEmpty, !tests.contains(where: \.decides) else { return steps(newSlot: newSlot) }
    var result: [Step] = []
    for test in tests {
      // `glob.match` itself could fail where its index test says no.
      let isNeeded = if case .parts? = test.wanted.first { true } else { false }
      if !isNeeded, case .step(let position) = test.isAnything ? test.first : test.last, earlier.contains(position) {
        continue
      }
      add(test, to: &result, newSlot)
    }
    return result
  }

  /// All tests as steps.
  func steps(newSlot: () -> Slot) -> [Step] {
    let ways = conjunctions.map(Self.decisive)
    if ways.contains(where: { $0.isEmpty }) { return [] }
    let steps = ways.map { tests in
      var result: [Step] = []
      for test in tests { add(test, to: &result, newSlot) }
      return result
    }
    if steps.count < 2 { return steps.first ?? [] }
    return [Step(kind: .anyOf(steps), with: nil, location: ways[0][0].location)]
  }

  /// The tests, once for each choice among the alternatives; one without tests when there are too many.
  private var conjunctions: [[Test]] {
    if alternatives.isEmpty { return [tests] }
    var result = [tests]
    for sides in alternatives {
      let options = sides.flatMap(\.conjunctions)
      if result.count * options.count > Self.mostWays { return [[]] }
      result = result.flatMap { tests in options.map { tests + $0 } }
    }
    return result
  }

  private static let mostWays = 32

  /// The tests in the order in which OPA makes them, by how often it meets their documents, up to a membership that
  /// decides for all that come after it.
  private static func decisive(_ tests: [Test]) -> [Test] {
    if tests.allSatisfy({ $0.mentions == tests[0].mentions && !$0.decides }) { return tests }
    let inOrder = tests.enumerated().sorted { a, b in
      a.element.mentions == b.element.mentions ? a.offset < b.offset : a.element.mentions > b.element.mentions
    }.map(\.element)
    guard let last = inOrder.firstIndex(where: \.decides) else { return inOrder }
    return Array(inOrder[...last])
  }

  private func add(_ test: Test, to result: inout [Step], _ newSlot: () -> Slot) {
    var values: [Value] = []
    for case .value(let value) in test.wanted { values.append(value) }
    if test.isAnything {
      add(test, .defined(nil), to: &result, newSlot)
    } else if test.wanted.count == 1 {
      add(test, test.wanted[0], to: &result, newSlot)
    } else if values.count == test.wanted.count {
      add(test, values, to: &result, newSlot)
    } else {
      let ways = test.wanted.map { wanted in
        var way: [Step] = []
        add(test, wanted, to: &way, newSlot)
        return way
      }
      result.append(Step(kind: .anyOf(ways), with: nil, location: test.location))
    }
  }

  private func add(_ test: Test, _ wanted: Wanted, to result: inout [Step], _ newSlot: () -> Slot) {
    switch wanted {
    case .defined: lookUp(test, .local(newSlot()), in: &result)
    case .value(.array(let items)): lookUp(test, .constant(.array(items)), in: &result)
    case .value(let value): add(test, [value], to: &result, newSlot)
    case .array(let items):
      lookUp(test, .array(items.map { item in item.map { .constant($0) } ?? .local(newSlot()) }), in: &result)
    case .parts(let texts, let delimiters):
      let value = Atom.local(newSlot())
      lookUp(test, value, in: &result)
      let call = Step.Kind.call(
        result: .constant(.boolean(true)), callee: .builtin(Builtins.Globs.consistsOfParts),
        arguments: [
          value, .constant(.array(texts.map { $0.map { .string($0) } ?? .null })), .constant(.string(delimiters)),
        ])
      result.append(Step(kind: call, with: nil, location: test.location))
    }
  }

  private func add(_ test: Test, _ values: [Value], to result: inout [Step], _ newSlot: () -> Slot) {
    let value = Atom.local(newSlot())
    lookUp(test, value, in: &result)
    let call = Step.Kind.call(
      result: .constant(.boolean(true)), callee: .builtin(Builtins.indexMatch),
      arguments: [value, .constant(.set(SetValue(values)))])
    result.append(Step(kind: call, with: nil, location: test.location))
  }

  private func lookUp(_ test: Test, _ value: Atom, in steps: inout [Step]) {
    let kind: Step.Kind =
      switch test.subject {
      case .input(let path): .reference(result: value, base: .input, path: path.map { .constant($0) })
      case .data(let path): .reference(result: value, base: .data, path: path.map { .constant($0) })
      case .argument(let slot): .unify(value, .local(slot))
      }
    steps.append(Step(kind: kind, with: nil, location: test.location))
  }
}

extension IndexTests {
  /// The order in which OPA's index gives definitions, each with its branches: by the documents that it tests, those
  /// that most definitions mention first; what doesn't test a document comes before what tests it for any value, and
  /// that before what tests it for some value of its own.
  static func order(_ ranks: [[[Rank]]]) -> [Int] {
    let first = ranks.map { $0.min { precedes($0, $1) == true } ?? [] }
    return ranks.indices.sorted { a, b in precedes(first[a], first[b]) ?? (a < b) }
  }

  /// A document's number in the order of the index, and 1 for any value, 2 for some of its own. The rank of a document
  /// that isn't tested is 0.
  struct Rank: Sendable, Equatable {
    var subject: Int
    let rank: Int
  }

  /// The place of each definition's branches.
  static func ranks(of definitions: [[IndexTests]]) -> [[[Rank]]] {
    var known: [Subject: Int] = [:]
    var subjects: [(mentions: Int, first: Location)] = []
    // Ranks, with the subjects by number as they come.
    var result = definitions.map { branches in
      branches.map { branch in
        branch.tests.map { test in
          let next = subjects.count
          let subject = known[test.subject, default: next]
          if subject == next {
            known[test.subject] = next
            subjects.append((0, test.location))
          }
          subjects[subject].mentions += test.mentions
          return Rank(subject: subject, rank: test.isAnything ? 1 : 2)
        }
      }
    }
    let order = subjects.indices.sorted { a, b in
      let (first, second) = (subjects[a], subjects[b])
      if first.mentions != second.mentions { return first.mentions > second.mentions }
      return (first.first.file, first.first.offset, a) < (second.first.file, second.first.offset, b)
    }
    var numbers = Array(repeating: 0, count: order.count)
    for (number, subject) in order.enumerated() { numbers[subject] = number }
    for definition in result.indices {
      for branch in result[definition].indices {
        for test in result[definition][branch].indices {
          result[definition][branch][test].subject = numbers[result[definition][branch][test].subject]
        }
        result[definition][branch].sort { $0.subject < $1.subject }
      }
    }
    return result
  }

  /// Whether the first one's ranks come before the other's, subject by subject; absent when they are the same.
  static func precedes(_ a: [Rank], _ b: [Rank]) -> Bool? {
    for (x, y) in zip(a, b) where x != y { return x.subject == y.subject ? x.rank < y.rank : x.subject > y.subject }
    return a.count == b.count ? nil : a.count < b.count
  }
}

extension Step {
  /// The step may end the evaluation with an error, or takes long.
  var canFail: Bool {
    if with != nil { return true }
    switch kind {
    case .unify, .holds, .iterate: return false
    case .reference(_, let base, _): if case .data = base { return true } else { return false }
    case .call, .every, .comprehension, .noneOf, .anyOf: return true
    case .not(let steps): return steps.contains(where: \.canFail)
    }
  }
}

extension Value {
  /// An object or a set, or an array with one in it.
  fileprivate var hasKeys: Bool {
    switch self {
    case .object, .set: true
    case .array(let items): items.contains(where: \.hasKeys)
    case .null, .boolean, .number, .string: false
    }
  }
}
