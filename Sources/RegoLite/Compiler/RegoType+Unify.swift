extension RegoType {
  /// Whether some value can be of both types. Errs on the side of yes.
  static func unifies(_ a: RegoType, _ b: RegoType) -> Bool {
    switch (a, b) {
    case (.untyped, _), (_, .untyped): return false
    case (.any(let members), _) where members.isEmpty || members.contains(where: { unifies($0, b) }): return true
    case (_, .any(let members)): return members.isEmpty || members.contains { unifies(a, $0) }
    case (.null, .null), (.boolean, .boolean), (.number, .number), (.string, .string): return true
    case (.set(let x), .set(let y)): return unifies(x, y)
    case (.array(let leadingA, let restA), .array(let leadingB, let restB)):
      for index in 0..<max(leadingA.count, leadingB.count) {
        guard let x = index < leadingA.count ? leadingA[index] : restA,
          let y = index < leadingB.count ? leadingB[index] : restB, unifies(x, y)
        else { return false }
      }
      return unifies(rest: restA, restB)
    case (.object(let propertiesA, _, let restA), .object(let propertiesB, _, let restB)):
      // A key that only one side knows is ruled out by the other only when neither side has keys that aren't known.
      let isClosed = (restA ?? .untyped) == .untyped && (restB ?? .untyped) == .untyped
      for key in propertiesA.keys {
        guard let x = a.member(key) else { return false }
        guard let y = b.member(key) else { if isClosed { return false } else { continue } }
        if !unifies(x, y) { return false }
      }
      for key in propertiesB.keys where propertiesA[key] == nil {
        guard let y = b.member(key) else { return false }
        guard let x = a.member(key) else { if isClosed { return false } else { continue } }
        if !unifies(x, y) { return false }
      }
      return unifies(rest: restA, restB)
    default: return false
    }
  }

  private static func unifies(rest a: RegoType?, _ b: RegoType?) -> Bool {
    guard let a, let b, a != .untyped, b != .untyped else { return true }
    return unifies(a, b)
  }
}
