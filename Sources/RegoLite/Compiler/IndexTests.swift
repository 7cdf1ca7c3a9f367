/// What OPA's rule index asks of `input`, base data and a function's arguments before it looks at a definition at all.
///
/// A definition whose index tests fail is not evaluated: an error or a conflict that its body would run into first
/// does not happen then. RegoLite evaluates a body from its start, so it asks the same tests there. They are the
/// body's own conditions, hence never change what a body without errors gives.
///
/// A document gets one test in a definition: the last one that mentions it.
struct IndexTests: Sendable {
  private enum Subject: Hashable, Sendable {
    case input([Value])
    case data([Value])
    case argument(Slot)
  }

  private enum Wanted: Sendable {
    /// Any value; the slot that holds it, when a variable does.
    case defined(Slot?)
    case value(Value)
    /// An array of constants and variables.
    case array([Atom])
    case oneOf([Value])
    /// A collection that has the value in it.
    case containing(Value)
    /// A text that consists of these parts, where absent ones are any, with one of the delimiters between any two.
    case parts([Text?], delimiters: Text)
  }

  /// Where in its body a test's document is asked for.
  enum Position: Sendable, Equatable {
    /// Steps of the body that stand before it.
    case step(Int)
    /// Among the lookups that come after the calls of an expression, which isn't resolved to its end yet.
    case late(depth: Int, index: Int)
  }

  private struct Test: Sendable {
    let subject: Subject
    var wanted: Wanted
    let location: Location
    /// How many expressions mention the subject.
    var mentions = 1
    var position: Position
    /// A later test took its place.
    var isReplaced = false

    /// What holds for one of several values is found by OPA whatever the tests after it say.
    var decides: Bool { if case .oneOf(let values) = wanted { values.count > 1 } else { false } }

    var weight: Int { if case .oneOf(let values) = wanted { max(mentions, values.count) } else { mentions } }
  }

  private var tests: [Test] = []
  /// `… or …`: one of the sides has to hold.
  private var alternatives: [[IndexTests]] = []
  /// Variables that the body says to be constants.
  private var constants: [Slot: Value] = [:]
  /// Memberships of what only the whole body tells.
  private var memberships: [(member: Atom, collection: Atom, location: Location, position: Position)] = []
  /// Where a subject's test is.
  private var places: [Subject: Int] = [:]
  /// The tests that a slot has held the subject of.
  private var holders: [Slot: [Int]] = [:]
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
      insert(subject, .containing(value), location, position)
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
      guard case .value = wanted, let index = holder(of: slot) else { continue }
      tests[index].wanted = wanted
      return
    }
  }

  /// The body wants a value to be a member of a collection.
  mutating func isMember(
    _ member: Atom, of collection: Atom, isArgument: (Slot) -> Bool, at location: Location, position: Position
  ) {
    if let value = member.constantValue, !value.isCollection, case .local(let slot) = collection {
      if isArgument(slot) {
        insert(.argument(slot), .containing(value), location, position)
      } else if let index = holder(of: slot), tests[index].mentions == 1 {
        tests[index].wanted = .containing(value)
      }
      return
    }
    if case .local(let slot) = collection, !isArgument(slot), member.constantValue == nil {
      memberships.append((member, collection, location, position))
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
    if isArgument(slot) {
      insert(.argument(slot), .oneOf(members), location, position)
    } else if let index = holder(of: slot), tests[index].mentions == 1 {
      tests[index].wanted = .oneOf(members)
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
    } else if let index = holder(of: slot), tests[index].mentions == 1 {
      tests[index].wanted = wanted
      tests[index].mentions += 1
    }
  }

  /// The body needs one of the sides to hold; one without tests always could.
  mutating func holdsEither(_ sides: [IndexTests]) {
    if sides.allSatisfy({ !$0.isEmpty }) { alternatives.append(sides) }
  }

  private var isEmpty: Bool { !tests.contains { !$0.isReplaced } && alternatives.isEmpty }

  /// The body is complete: what it says of variables is known.
  mutating func finish(isArgument: (Slot) -> Bool) {
    for index in tests.indices where !tests[index].isReplaced && tests[index].mentions == 1 {
      guard case .defined(let slot?) = tests[index].wanted, let value = constants[slot] else { continue }
      if case .argument = tests[index].subject { continue }
      switch value {
      case .object, .set: break
      case .null, .boolean, .number, .string, .array: tests[index].wanted = .value(value)
      }
    }
    for (member, collection, location, position) in memberships {
      var (known, whole) = (member, collection)
      if case .local(let slot) = member, let value = constants[slot] { known = .constant(value) }
      if case .local(let slot) = collection, let value = constants[slot] { whole = .constant(value) }
      guard known.constantValue != nil || whole.constantValue != nil else { continue }
      isMember(known, of: whole, isArgument: isArgument, at: location, position: position)
    }
    memberships = []
  }

  /// The lookups that were noted at this depth stand from `position` on.
  mutating func settle(depth: Int, position: Int) {
    unsettled.removeAll { number in
      guard case .late(depth, let index) = tests[number].position else { return false }
      tests[number].position = .step(position + index)
      return true
    }
  }

  private func holder(of slot: Slot) -> Int? {
    holders[slot]?.first { index in
      if case .defined(slot) = tests[index].wanted { !tests[index].isReplaced } else { false }
    }
  }

  private mutating func insert(_ subject: Subject, _ wanted: Wanted, _ location: Location, _ position: Position) {
    var test = Test(subject: subject, wanted: wanted, location: location, position: position)
    if let index = places[subject] {
      test.mentions += tests[index].mentions
      // Next to another mention, a membership says no more than that the document is there.
      switch (tests[index].wanted, wanted) {
      case (.parts, _), (_, .parts): test.wanted = .defined(nil)
      case (.oneOf, _), (.containing, _), (_, .oneOf), (_, .containing): test.wanted = .defined(nil)
      default: break
      }
      tests[index].isReplaced = true
    }
    places[subject] = tests.count
    if case .defined(let slot?) = test.wanted { holders[slot, default: []].append(tests.count) }
    if case .late = position { unsettled.append(tests.count) }
    tests.append(test)
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
    case .data: return isBaseData(keys) ? .data(keys) : nil
    case .atom: return nil
    }
  }

  private func isBaseData(_ path: [Value]) -> Bool {
    var node = tree.root
    for key in path {
      guard let child = node.children[key] else { return true }
      if child.group != nil { return false }
      node = child
    }
    return false
  }

  private static func wanted(_ atom: Atom) -> Wanted? {
    switch atom {
    case .local(let slot): return .defined(slot)
    case .constant(.array(let items)):
      return items.contains(where: \.isCollection) ? nil : .value(.array(items))
    case .constant(let value): return value.isCollection ? nil : .value(value)
    case .array(let items):
      for item in items {
        switch item {
        case .local: continue
        case .constant(let value) where !value.isCollection: continue
        default: return nil
        }
      }
      return .array(items)
    case .object, .set: return nil
    }
  }

  // MARK: What comes of it

  /// The tests as steps to run first, where an error could come before them.
  func steps(before body: [Step], arity: Int, newSlot: () -> Slot) -> [Step] {
    guard let first = body.firstIndex(where: \.canFail) else { return [] }
    guard alternatives.isEmpty, !tests.contains(where: { !$0.isReplaced && $0.decides }) else {
      return steps(newSlot: newSlot)
    }
    let waiting = Self.firstWaiting(in: body, arity: arity)
    var result: [Step] = []
    for test in tests where !test.isReplaced {
      // `glob.match` itself could fail where its index test says no.
      let isNeeded = if case .parts = test.wanted { true } else { false }
      guard case .step(let position) = test.position, isNeeded || position > first || position >= waiting else {
        continue
      }
      add(test, to: &result, newSlot)
    }
    return result
  }

  /// All tests as steps.
  func steps(newSlot: () -> Slot) -> [Step] {
    let ways = conjunctions.map(Self.decisive)
    if ways.contains(where: \.isEmpty) { return [] }
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
    var result = [tests.filter { !$0.isReplaced }]
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
    let inOrder = tests.enumerated().sorted { a, b in
      a.element.weight == b.element.weight ? a.offset < b.offset : a.element.weight > b.element.weight
    }.map(\.element)
    guard let last = inOrder.firstIndex(where: \.decides) else { return inOrder }
    return Array(inOrder[...last])
  }

  private func add(_ test: Test, to result: inout [Step], _ newSlot: () -> Slot) {
    func add(_ kind: Step.Kind) { result.append(Step(kind: kind, with: nil, location: test.location)) }
    let wanted: Atom
    var members: [Value]?
    var parts: (Value, delimiters: Value)?
    switch test.wanted {
    case .defined: wanted = .local(newSlot())
    case .value(.array(let items)): wanted = .constant(.array(items))
    case .value(let value), .containing(let value):
      wanted = .local(newSlot())
      members = [value]
    case .array(let items):
      wanted = .array(items.map { item in if case .local = item { .local(newSlot()) } else { item } })
    case .oneOf(let values):
      wanted = .local(newSlot())
      members = values
    case .parts(let texts, let delimiters):
      wanted = .local(newSlot())
      parts = (.array(texts.map { $0.map { .string($0) } ?? .null }), .string(delimiters))
    }
    switch test.subject {
    case .input(let path): add(.reference(result: wanted, base: .input, path: path.map { .constant($0) }))
    case .data(let path): add(.reference(result: wanted, base: .data, path: path.map { .constant($0) }))
    case .argument(let slot): add(.unify(wanted, .local(slot)))
    }
    if let (texts, delimiters) = parts {
      add(
        .call(
          result: .constant(.boolean(true)), callee: .builtin(Builtins.Globs.consistsOfParts),
          arguments: [wanted, .constant(texts), .constant(delimiters)]))
    }
    if let members {
      add(
        .call(
          result: .constant(.boolean(true)), callee: .builtin(Builtins.indexMatch),
          arguments: [wanted, .constant(.set(SetValue(members)))]))
    }
  }
}

extension IndexTests {
  /// The first expression that reads a variable which only a later one can bind: from there on the order of the text
  /// is not the order in which steps run.
  private static func firstWaiting(in body: [Step], arity: Int) -> Int {
    var seen: Set<Slot> = Set(0..<arity)
    for (index, step) in body.enumerated() {
      var waits = false
      if case .call(_, _, let arguments) = step.kind {
        for argument in arguments { argument.forEachSlot { waits = waits || !seen.contains($0) } }
      }
      if waits {
        // The lookups of the same expression stand before the call.
        var start = index
        while start > 0, step.unit != nil, body[start - 1].unit == step.unit { start -= 1 }
        return start
      }
      step.forEachOwnSlot { seen.insert($0) }
    }
    return body.count
  }

  /// The order in which OPA's index gives definitions, each with its branches: by the documents that it tests, those
  /// that most definitions mention first; what doesn't test a document comes before what tests it for any value, and
  /// that before what tests it for some value of its own.
  static func order(_ definitions: [[IndexTests]]) -> [Int] {
    var counts: [Subject: Int] = [:]
    var places: [Subject: Location] = [:]
    var subjects: [Subject] = []
    for tests in definitions.joined() {
      for test in tests.tests where !test.isReplaced {
        if counts[test.subject] == nil {
          subjects.append(test.subject)
          places[test.subject] = test.location
        }
        counts[test.subject, default: 0] += test.mentions
      }
    }
    if subjects.isEmpty { return Array(definitions.indices) }
    subjects.sort { a, b in
      let (x, y) = (counts[a] ?? 0, counts[b] ?? 0)
      if x != y { return x > y }
      guard let first = places[a], let second = places[b] else { return false }
      return (first.file, first.offset) < (second.file, second.offset)
    }
    var numbers: [Subject: Int] = [:]
    for (number, subject) in subjects.enumerated() { numbers[subject] = number }
    let ranks = definitions.map { branches in
      branches.map { $0.ranks(numbers) }.min { precedes($0, $1) == true } ?? []
    }
    return definitions.indices.sorted { a, b in precedes(ranks[a], ranks[b]) ?? (a < b) }
  }

  /// Of each subject that has a test, by number: 1 for any value, 2 for some of its own. The others' rank is 0.
  private func ranks(_ numbers: [Subject: Int]) -> [(subject: Int, rank: Int)] {
    var result: [(subject: Int, rank: Int)] = []
    for test in tests where !test.isReplaced {
      guard let number = numbers[test.subject] else { continue }
      if case .defined = test.wanted { result.append((number, 1)) } else { result.append((number, 2)) }
    }
    return result.sorted { $0.subject < $1.subject }
  }

  /// Whether the first one's ranks come before the other's, subject by subject; absent when they are the same.
  private static func precedes(_ a: [(subject: Int, rank: Int)], _ b: [(subject: Int, rank: Int)]) -> Bool? {
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
