/// What a function takes and gives.
struct FunctionType: Sendable {
  var arguments: [RegoType]
  /// Absent when calls are statements only.
  var result: RegoType?

  /// Both functions in one, with every argument that either takes; they take the same number.
  func union(_ other: FunctionType) -> FunctionType {
    FunctionType(
      arguments: zip(arguments, other.arguments).map { $0.union($1).bounded },
      result: RegoType.union(result, other.result)?.bounded)
  }

  /// The types of a call's operands, of which the result may be the last.
  var operands: [RegoType] { arguments + (result.map { [$0] } ?? []) }

  /// A function can stand in for another of the same arity whose arguments can be its own.
  func unifies(with other: FunctionType) -> Bool {
    arguments.count == other.arguments.count && zip(arguments, other.arguments).allSatisfy { RegoType.unifies($0, $1) }
  }
}

extension FunctionType: CustomStringConvertible {
  var description: String { "\(Self.list(arguments.map(\.description))) => \(result?.description ?? RegoType.unknown)" }

  static func list(_ types: [String]) -> String { "(\(types.joined(separator: ", ")))" }
}

extension Builtin {
  var type: FunctionType { Builtins.types[name] ?? declaredType }

  fileprivate var declaredType: FunctionType {
    FunctionType(arguments: arguments.map(\.normalized), result: isVoid ? nil : result.normalized)
  }

  /// What a call should have been given, for messages: the arguments' names and types, and the result's on demand.
  func wanted(withResult: Bool) -> String {
    let names = Builtins.operandNames[name.string] ?? []
    let types = withResult ? type.operands : type.arguments
    return FunctionType.list(
      types.enumerated().map { index, type in index < names.count ? "\(names[index]): \(type)" : type.description })
  }
}

extension Builtins {
  fileprivate static let types = all.mapValues(\.declaredType)
}
