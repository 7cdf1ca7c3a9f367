/// Types as OPA prints them: `array<number, string>`, `set[any]`, `object<a: number>[string: any]`,
/// `any<number, string>`.
extension RegoType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .null: return "null"
    case .boolean: return "boolean"
    case .number: return "number"
    case .string: return "string"
    case .untyped: return Self.unknown
    case .any(let members): return Self.listed("any", members.map(\.description))
    case .set(let element): return "set[\(element)]"
    case .array(let leading, let rest): return Self.array(leading.map(\.description), rest: rest?.description)
    case .object(let properties, let restKey, let restValue):
      let known = Self.ordered(properties.keys).map { (key: $0, value: properties[$0]?.description ?? Self.unknown) }
      return Self.object(known, rest: restKey.flatMap { key in restValue.map { (key.description, $0.description) } })
    }
  }

  /// An array's type, from the descriptions of its elements' types.
  static func array(_ leading: [String], rest: String?) -> String {
    listed("array", leading) + (rest.map { "[\($0)]" } ?? "")
  }

  /// An object's type, from the descriptions of its values' types.
  static func object(_ known: [(key: Value, value: String)], rest: (key: String, value: String)?) -> String {
    listed("object", known.map { "\($0.key.asString ?? $0.key.regoDescription): \($0.value)" })
      + (rest.map { "[\($0.key): \($0.value)]" } ?? "")
  }

  private static func listed(_ name: String, _ parts: [String]) -> String {
    parts.isEmpty ? name : "\(name)<\(parts.joined(separator: ", "))>"
  }

  /// What stands for a type that is not known.
  static let unknown = "???"
}
