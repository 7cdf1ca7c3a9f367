import RegoLite

/// Base data put together from several files.
struct DataDocument {
  private(set) var value = Value.emptyObject
  /// Who said what, to name both when two files say something about the same place.
  private var parts: [Part] = []

  private struct Part {
    let file: String
    let value: Value

    func has(_ path: [Value]) -> Bool {
      path.reduce(Optional(value)) { value, key in value?.asObject?[key] } != nil
    }
  }

  /// Puts a file's document at a path below `data`. Fails when a document is there already, unless both are objects
  /// without such a conflict inside; and when what would be all of `data` is no object.
  mutating func add(_ document: Value, at place: [String], from file: String) throws(FileProblems) {
    var whole = document
    for key in place.reversed() { whole = .object(ObjectValue([(.string(Text(key)), whole)])) }
    guard whole.asObject != nil else { throw FileProblems(file, "must be an object, to be all of data") }
    try add(Part(file: file, value: whole))
  }

  mutating func add(_ other: DataDocument) throws(FileProblems) {
    for part in other.parts { try add(part) }
  }

  private mutating func add(_ part: Part) throws(FileProblems) {
    var path: [Value] = []
    guard let merged = Self.merge(value, part.value, &path) else {
      let place = path.reduce("data") { $0 + "[" + $1.json() + "]" }
      let other = parts.first { $0.has(path) }?.file ?? "another file"
      throw FileProblems(part.file, "merge error: \(place) is in \(other), too")
    }
    value = merged
    parts.append(part)
  }

  /// The first place that none of the roots (paths with slashes) contains, and the file that it is from.
  func first(outside roots: [[String]]) -> (path: [String], file: String)? {
    for part in parts {
      if let path = Self.first(in: part.value, at: [], outside: roots) { return (path, part.file) }
    }
    return nil
  }

  private static func first(in value: Value, at path: [String], outside roots: [[String]]) -> [String]? {
    if roots.contains(where: { path.starts(with: $0) }) { return nil }
    guard let object = value.asObject, roots.contains(where: { $0.starts(with: path) }) else { return path }
    for (key, value) in object.entries {
      guard let key = key.asString else { continue }
      if let place = first(in: value, at: path + [key], outside: roots) { return place }
    }
    return nil
  }

  /// Absent when the two meet in what isn't an object on both sides; `path` then says where.
  private static func merge(_ a: Value, _ b: Value, _ path: inout [Value]) -> Value? {
    guard case .object(let object) = a, case .object(let other) = b else { return nil }
    if object.isEmpty { return b }
    var pairs = object.entries.map { ($0.key, $0.value) }
    for (key, value) in other.entries {
      guard let known = object[key] else {
        pairs.append((key, value))
        continue
      }
      path.append(key)
      guard let merged = merge(known, value, &path) else { return nil }
      path.removeLast()
      pairs.append((key, merged))
    }
    return .object(ObjectValue(pairs))
  }
}
