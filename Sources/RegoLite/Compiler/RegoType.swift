/// The type of a Rego value, as OPA's builtin declarations give it.
public indirect enum RegoType: Sendable, Hashable {
  /// Any of the members; with no member, anything at all.
  case any([RegoType])
  case null
  case boolean
  case number
  case string
  /// The leading elements' types, then the type of any further element (absent when there are none).
  case array(leading: [RegoType], rest: RegoType?)
  /// The known properties, then the types of any further key and value (absent when there are none).
  case object(properties: [Value: RegoType], restKey: RegoType?, restValue: RegoType?)
  case set(RegoType)
  /// Nothing is known of it: a comprehension's members that come from a function's argument. As in OPA, no type fits. Also
  /// a function among a package's rules.
  case untyped

  public static var anything: RegoType { .any([]) }
  public static func array(of type: RegoType) -> RegoType { .array(leading: [], rest: type) }
  public static func object(of value: RegoType, keys: RegoType = .string) -> RegoType {
    .object(properties: [:], restKey: keys, restValue: value)
  }
  public static var anyObject: RegoType { .object(of: .anything, keys: .anything) }
}
