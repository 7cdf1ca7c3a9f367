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
  }

  private struct Test: Sendable {
    let subject: Subject
    var wanted: Wanted
    let location: Location
    /// How many expressions mention the subject.
    var mentions = 1
    /// Steps of the body that stand before it; below zero until that is known.
    var position: Int
    /// A later test took its place.
    var isReplaced = false
  }

  private var tests: [Test] = []
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
  mutating func needs(_ base: ReferenceBase, _ path: [Atom], slot: Slot?, at location: Location, position: Int) {
    guard let subject = subject(base, path) else { return }
    insert(subject, .defined(slot), location, position)
  }

  /// The body equates a document with a term.
  mutating func equates(
    _ base: ReferenceBase, _ path: [Atom], with other: Atom, at location: Location, position: Int
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
    _ base: ReferenceBase, _ path: [Atom], key: Atom?, value: Atom, at location: Location, position: Int
  ) {
    let key = key ?? .local(-1)
    equates(base, path + [key], with: value, at: location, position: position)
  }

  /// The body equates two terms; `isArgument` tells a function's arguments.
  mutating func equates(
    _ a: Atom, _ b: Atom, isArgument: (Slot) -> Bool, at location: Location, position: Int
  ) {
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
    _ member: Atom, of collection: Atom, isArgument: (Slot) -> Bool, at location: Location, position: Int
  ) {
    if let value = member.constantValue, !value.isCollection, case .local(let slot) = collection {
      if isArgument(slot) {
        insert(.argument(slot), .containing(value), location, position)
      } else if let index = holder(of: slot), tests[index].mentions == 1 {
        tests[index].wanted = .containing(value)
      }
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
    if members.isEmpty { return }
    if isArgument(slot) {
      insert(.argument(slot), .oneOf(members), location, position)
    } else if let index = holder(of: slot), tests[index].mentions == 1 {
      tests[index].wanted = .oneOf(members)
    }
  }

  /// What was noted with the placeholder comes here.
  mutating func settle(_ placeholder: Int, position: Int) {
    unsettled.removeAll { index in
      guard tests[index].position == placeholder else { return false }
      tests[index].position = position
      return position >= 0
    }
  }

  private func holder(of slot: Slot) -> Int? {
    holders[slot]?.first { index in
      if case .defined(slot) = tests[index].wanted { !tests[index].isReplaced } else { false }
    }
  }

  private mutating func insert(_ subject: Subject, _ wanted: Wanted, _ location: Location, _ position: Int) {
    var test = Test(subject: subject, wanted: wanted, location: location, position: position)
    if let index = places[subject] {
      test.mentions += tests[index].mentions
      // Next to another mention, a membership says no more than that the document is there.
      switch (tests[index].wanted, wanted) {
      case (.oneOf, _), (.containing, _), (_, .oneOf), (_, .containing): test.wanted = .defined(nil)
      default: break
      }
      tests[index].isReplaced = true
    }
    places[subject] = tests.count
    if case .defined(let slot?) = test.wanted { holders[slot, default: []].append(tests.count) }
    if position < 0 { unsettled.append(tests.count) }
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

  /// The tests as steps to run first; those alone that an error could come before.
  func steps(before body: [Step], arity: Int, newSlot: () -> Slot) -> [Step] {
    guard let first = body.firstIndex(where: \.canFail) else { return [] }
    let waiting = Self.firstWaiting(in: body, arity: arity)
    var result: [Step] = []
    // A comprehension stands where the lookups of its expression do.
    let least = if case .comprehension = body[first].kind { first } else { first + 1 }
    for test in tests where !test.isReplaced && (test.position >= least || test.position >= waiting) {
      func add(_ kind: Step.Kind) { result.append(Step(kind: kind, with: nil, location: test.location)) }
      let wanted: Atom
      var members: [Value]?
      var member: Value?
      switch test.wanted {
      case .defined: wanted = .local(newSlot())
      case .value(let value): wanted = .constant(value)
      case .array(let items):
        wanted = .array(items.map { item in if case .local = item { .local(newSlot()) } else { item } })
      case .oneOf(let values):
        wanted = .local(newSlot())
        members = values
      case .containing(let value):
        wanted = .local(newSlot())
        member = value
      }
      switch test.subject {
      case .input(let path): add(.reference(result: wanted, base: .input, path: path.map { .constant($0) }))
      case .data(let path): add(.reference(result: wanted, base: .data, path: path.map { .constant($0) }))
      case .argument(let slot): add(.unify(wanted, .local(slot)))
      }
      if let member, let isMember = Builtins.all["internal.member_2"] {
        add(
          .call(
            result: .constant(.boolean(true)), callee: .builtin(isMember), arguments: [.constant(member), wanted]))
      }
      if let members {
        add(
          .reference(
            result: .local(newSlot()), base: .atom(.constant(.set(SetValue(members)))), path: [wanted]))
      }
    }
    return result
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
  fileprivate var canFail: Bool {
    if with != nil { return true }
    switch kind {
    case .unify, .holds, .iterate: return false
    case .reference(_, let base, _): if case .data = base { return true } else { return false }
    case .call, .every, .comprehension, .noneOf, .anyOf: return true
    case .not(let steps): return steps.contains(where: \.canFail)
    }
  }
}
