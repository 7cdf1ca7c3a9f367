/// What the passes up to the type check have found, by definition: so that the type check can go on with what is sound.
struct Mistakes {
  /// Of each definition those of its first failing stage. Calls and safety count as one, but that of a body with an
  /// unsafe head is not looked at.
  private(set) var errors: [PolicyError] = []
  /// Groups whose definitions can't stand together or need themselves: none of them is sound.
  private var groups: Set<Int>
  private var stages: [Place: PolicyError.Stage] = [:]
  /// Where each module's rules begin, ascending.
  private var starts: [ObjectIdentifier: [Int]] = [:]

  /// A definition, or a module's lines before the first one.
  private struct Place: Hashable {
    let source: ObjectIdentifier
    /// The offset at which the definition begins; -1 before all of them.
    let start: Int
  }

  init(_ found: [PolicyError], in modules: [Module], groups: [RuleGroup], recursive: Set<Int>) {
    self.groups = recursive
    if found.isEmpty { return }
    for module in modules {
      starts[ObjectIdentifier(module.source)] = module.rules.map(\.location.offset).sorted()
    }
    for error in found {
      guard let place = error.location.map(place) else { continue }
      stages[place] = min(stages[place] ?? error.stage.independent, error.stage.independent)
    }
    let heads = Set(found.compactMap { $0.stage == .heads ? $0.location.map(place) : nil })
    errors = found.filter { error in
      guard let place = error.location.map(place) else { return true }
      return stages[place] == error.stage.independent && !(error.stage == .safety && heads.contains(place))
    }
    for group in groups {
      let isInConflict = (group.definitions + group.defaults).contains { stages[place($0.rule.location)] == .conflicts }
      if isInConflict { self.groups.insert(group.id) }
    }
  }

  /// Whether nothing is wrong with the body's definition.
  func spare(_ body: TypedBody) -> Bool { !groups.contains(body.group) && stages[place(body.location)] == nil }

  /// Whether the body's steps, those apart that can't run, have types of which something can be said.
  func leaveTypes(of body: TypedBody) -> Bool {
    guard !groups.contains(body.group) else { return false }
    return stages[place(body.location)].map { $0 == .calls || $0 == .deprecated } ?? true
  }

  private func place(_ location: Location) -> Place {
    let source = ObjectIdentifier(location.source)
    let starts = starts[source] ?? []
    var low = 0
    var high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] <= location.offset { low = middle + 1 } else { high = middle }
    }
    return Place(source: source, start: low > 0 ? starts[low - 1] : -1)
  }
}

extension PolicyError.Stage {
  /// A call of what isn't there stands for any value and binds what it might have bound: the safety check can go on.
  fileprivate var independent: Self { self == .safety || self == .heads ? .calls : self }
}
