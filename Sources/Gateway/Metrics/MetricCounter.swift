import Synchronization

/// A number that only grows, counted without a lock.
final class MetricCounter: Sendable {
  private let count = Atomic<UInt64>(0)

  var value: UInt64 { count.load(ordering: .relaxed) }

  func add(_ amount: UInt64 = 1) { count.wrappingAdd(amount, ordering: .relaxed) }
}

/// A counter for each of a label's values, of which there is a fixed set. All of them start at 0, so that the first of
/// something is a rise that `rate()` sees.
struct CounterSet<Label: CaseIterable & Equatable & RawRepresentable<String> & Sendable>: Sendable {
  private let counters = Label.allCases.map { (label: $0, counter: MetricCounter()) }

  func add(_ label: Label) { counters.first { $0.label == label }?.counter.add() }

  var all: [(label: String, value: UInt64)] { counters.map { ($0.label.rawValue, $0.counter.value) } }
}

/// A counter for each action of a decision. On every call's way, and so without `CounterSet`'s search.
final class DecisionCounters: Sendable {
  private let allowed = MetricCounter()
  private let denied = MetricCounter()
  private let asked = MetricCounter()

  subscript(_ action: Decision.Action) -> MetricCounter {
    switch action {
    case .allow: allowed
    case .deny: denied
    case .requireApproval: asked
    }
  }

  var all: [(action: Decision.Action, value: UInt64)] { Decision.Action.allCases.map { ($0, self[$0].value) } }
}
