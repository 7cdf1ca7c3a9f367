import Synchronization

/// The compiled patterns that were used last, for all evaluations together.
enum RegularExpressionCache {
  /// A pattern in the notation it is written in.
  enum Key: Hashable {
    case go(Text)
    case glob(Text, delimiters: [Unicode.Scalar])

    fileprivate var size: Int {
      switch self {
      case .go(let pattern): pattern.utf8.count
      case .glob(let pattern, let delimiters): pattern.utf8.count + delimiters.count
      }
    }
  }

  // Patterns may come from an attacker, and each may come to hold 8 MB of tables.
  private static let capacity = 64
  private static let largestKey = 4096

  private struct Entry {
    let expression: RegularExpression
    var lastUse: UInt64
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var clock: UInt64 = 0
  }

  private static let state = Mutex(State())

  /// Charges for the compilation whether it was needed or not: the budget must not depend on what others evaluate.
  static func expression(
    _ key: Key, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> RegularExpression {
    try context.charge(1 + key.size >> 2)
    let expression = if let known = lookUp(key) { known } else { try compile(key) }
    try context.charge(expression.programSize >> 3)
    return expression
  }

  private static func lookUp(_ key: Key) -> RegularExpression? {
    state.withLock { state in
      state.clock += 1
      state.entries[key]?.lastUse = state.clock
      return state.entries[key]?.expression
    }
  }

  private static func compile(_ key: Key) throws(BuiltinError) -> RegularExpression {
    let expression =
      switch key {
      case .go(let pattern): try RegularExpression(go: pattern)
      case .glob(let pattern, let delimiters):
        try RegularExpression(re2: GlobPattern(pattern, delimiters: delimiters).re2)
      }
    if key.size <= largestKey {
      state.withLock { state in
        if state.entries.count >= capacity, let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
          state.entries[oldest.key] = nil
        }
        state.entries[key] = Entry(expression: expression, lastUse: state.clock)
      }
    }
    return expression
  }
}
