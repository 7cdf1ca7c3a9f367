/// What the blocks of one rule, comprehension or query have handed over so far.
struct Accumulator {
  /// A complete rule's value, once there is one.
  var result: Value?
  /// What its earlier definitions gave.
  var earlier: Value?
  /// An array's or set's members, or an object's values.
  var values: [Value] = []
  var keys: [Value] = []
  /// A document made of several definitions.
  var document: DocumentBuilder?
  var rows: [[Value]] = []
  var isFunction = false
  /// All definitions that could hold give one value.
  var hasOneValue = false

  /// What OPA says when definitions disagree.
  static func conflict(isFunction: Bool) -> String {
    isFunction
      ? "functions must not produce multiple outputs for same inputs"
      : "complete rules must not produce multiple outputs"
  }

  /// The object of `keys` and `values`; nothing when one key has two values.
  func object() -> ObjectValue? {
    var pairs: [(Value, Value)] = []
    pairs.reserveCapacity(keys.count)
    var seen: [Value: Int] = [:]
    for (key, value) in zip(keys, values) {
      if let index = seen[key] {
        if pairs[index].1 != value { return nil }
        // Of values that are equal, the last one's spelling counts, as in OPA.
        pairs[index].1 = value
        continue
      }
      seen[key] = pairs.count
      pairs.append((key, value))
    }
    return ObjectValue(pairs)
  }
}

/// A document under construction: an object of objects, with values and sets at its ends.
final class DocumentBuilder {
  private enum Content {
    case empty
    case value(Value)
    case members([Value])
    case object([Value: DocumentBuilder])
  }
  private var content = Content.empty
  /// How often a value was put in.
  private(set) var insertions = 0

  /// Puts a value at the path; false when another value is there already.
  func insert(_ value: Value, at path: some Collection<Value>, isMember: Bool) -> Bool {
    insertions += 1
    guard let key = path.first else {
      switch content {
      case .empty:
        content = isMember ? .members([value]) : .value(value)
        return true
      case .value(let own): return !isMember && own == value
      case .members(var members):
        guard isMember else { return false }
        content = .empty
        members.append(value)
        content = .members(members)
        return true
      case .object: return false
      }
    }
    switch content {
    case .empty:
      let child = DocumentBuilder()
      content = .object([key: child])
      return child.insert(value, at: path.dropFirst(), isMember: isMember)
    case .object(var children):
      if let child = children[key] { return child.insert(value, at: path.dropFirst(), isMember: isMember) }
      let child = DocumentBuilder()
      content = .empty
      children[key] = child
      content = .object(children)
      return child.insert(value, at: path.dropFirst(), isMember: isMember)
    case .value, .members: return false
    }
  }

  /// Takes from `other` what is missing here.
  func fill(from other: DocumentBuilder) {
    switch (content, other.content) {
    case (.empty, _): content = other.content
    case (.object(var children), .object(let others)):
      for (key, child) in others {
        if let own = children[key] { own.fill(from: child) } else { children[key] = child }
      }
      content = .object(children)
    default: break
    }
  }

  /// Absent when nothing was put in.
  func finish() -> Value? {
    switch content {
    case .empty: return nil
    case .value(let value): return value
    case .members(let members): return .set(SetValue(members))
    case .object(let children):
      var pairs: [(Value, Value)] = []
      for (key, child) in children {
        if let value = child.finish() { pairs.append((key, value)) }
      }
      return .object(ObjectValue(pairs))
    }
  }
}
