/// The documents and functions that an evaluation sees, and what it has computed from them. `with` makes a new one.
final class DocumentContext {
  /// Absent when the caller gave none.
  let input: Value?
  let data: Value
  /// Paths below `data` that `with` has replaced: no rule at or below one of them is asked.
  let replaced: [[Value]]
  let builtins: [Text: Mock]
  let functions: [Int: Mock]
  /// Whole documents by group.
  var extents: [Extent]
  var lookups: [LookupKey: Value?] = [:]

  enum Extent {
    case unknown
    case undefined
    case value(Value)
  }

  struct LookupKey: Hashable {
    let lookup: Int
    let keys: [Value]
  }

  /// What a function is replaced by.
  enum Mock {
    case value(Value)
    case builtin(Builtin)
    case function(Int)
  }

  init(
    input: Value?, data: Value, groupCount: Int, replaced: [[Value]] = [], builtins: [Text: Mock] = [:],
    functions: [Int: Mock] = [:]
  ) {
    self.input = input
    self.data = data
    self.replaced = replaced
    self.builtins = builtins
    self.functions = functions
    extents = Array(repeating: .unknown, count: groupCount)
  }

  /// The same documents with every function itself again: what a function sees that stands in for another.
  func withoutMocks() -> DocumentContext {
    DocumentContext(input: input, data: data, groupCount: extents.count, replaced: replaced)
  }

  /// The path, or one above it, has been replaced.
  func isReplaced(_ path: [Value]) -> Bool {
    replaced.contains { $0.count <= path.count && path.starts(with: $0) }
  }
}

extension Value {
  /// The value without what lies at `path`.
  func removing(_ path: some Collection<Value>) -> Value {
    guard let first = path.first, case .object(let object) = self, let below = object[first] else { return self }
    let rest = path.dropFirst()
    return .object(rest.isEmpty ? object.removing(first) : object.setting(first, below.removing(rest)))
  }

  /// The value with `new` at `path`; what is no object on the way gives way to one.
  func replacing(_ path: some Collection<Value>, with new: Value) -> Value {
    guard let first = path.first else { return new }
    var object = ObjectValue()
    if case .object(let own) = self { object = own }
    let below = object[first] ?? .object(ObjectValue())
    return .object(object.setting(first, below.replacing(path.dropFirst(), with: new)))
  }
}
