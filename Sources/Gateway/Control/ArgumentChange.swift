import StrictJSON

/// A place at which two calls' arguments differ.
struct ArgumentChange: Sendable, Equatable {
  /// More differences aren't listed: the arguments themselves are there to be read.
  static let limit = 200

  /// `$.values.price`
  var path: String
  /// Absent where a member or an element was added.
  var before: JSONValue?
  /// Absent where one was removed.
  var now: JSONValue?

  /// In the order of the members' names and the elements' places. Elements are compared by their places.
  static func between(_ before: JSONValue, _ now: JSONValue) -> [ArgumentChange] {
    var changes: [ArgumentChange] = []
    compare(before, now, at: [], &changes)
    return changes
  }

  var json: JSONValue {
    var object: JSONObject = ["path": .string(path)]
    object["before"] = before
    object["now"] = now
    return .object(object)
  }

  private static func compare(
    _ before: JSONValue?, _ now: JSONValue?, at path: [JSONPathStep], _ changes: inout [ArgumentChange]
  ) {
    guard changes.count < limit else { return }
    switch (before, now) {
    case (.object(let old)?, .object(let new)?):
      let (old, new) = (byName(old), byName(new))
      for name in Set(old.keys).union(new.keys).sorted() {
        compare(old[name], new[name], at: path + [.key(name.text)], &changes)
      }
    case (.array(let old)?, .array(let new)?):
      for index in 0..<max(old.count, new.count) where changes.count < limit {
        compare(
          index < old.count ? old[index] : nil, index < new.count ? new[index] : nil, at: path + [.index(index)],
          &changes)
      }
    case (.string(let old)?, .string(let new)?):
      if ExactText(old) != ExactText(new) { append(before, now, at: path, &changes) }
    default:
      if before != now { append(before, now, at: path, &changes) }
    }
  }

  private static func append(
    _ before: JSONValue?, _ now: JSONValue?, at path: [JSONPathStep], _ changes: inout [ArgumentChange]
  ) {
    changes.append(ArgumentChange(path: JSONError.path(path), before: before, now: now))
  }

  private static func byName(_ object: JSONObject) -> [ExactText: JSONValue] {
    Dictionary(object.members.map { (ExactText($0.key), $0.value) }) { first, _ in first }
  }
}
