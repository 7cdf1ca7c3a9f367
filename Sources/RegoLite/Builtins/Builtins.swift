/// The builtin functions that RegoLite has, by name. One that is missing here is an undefined function to the compiler.
enum Builtins {
  static let all: [Text: Builtin] = Dictionary(
    families.joined().map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

  static let families: [[Builtin]] = [
    Comparison.rows, Arithmetic.rows, Aggregates.rows, Arrays.rows, Sets.rows, Objects.rows, Strings.rows,
    StringSearch.rows, Types.rows, Casts.rows, Numbers.rows, Bits.rows, Printing.rows, Regex.rows, Globs.rows,
    Time.rows,
    JSON.rows, JSONPaths.rows, JSONPatch.rows, Encoding.rows, Graph.rows, Units.rows, Semver.rows, CIDR.rows,
    UUIDs.rows, URIs.rows, Hashes.rows, Tokens.rows, YAML.rows, Schemas.rows, Templates.rows, Environment.rows,
    Metadata.rows, Unsupported.rows,
  ]
}

extension RegoType {
  static var anyArray: RegoType { .array(of: .anything) }
  static var anySet: RegoType { .set(.anything) }
  static var arrayOrSet: RegoType { .any([.anyArray, .anySet]) }
  static var strings: RegoType { .any([.array(of: .string), .set(.string)]) }
  /// The keys that `json.filter` and `json.remove` take: paths as `a/b`, or as arrays of keys.
  static var paths: RegoType {
    .any([.array(of: .any([.string, .anyArray])), .set(.any([.string, .anyArray]))])
  }
  static var stringOrStrings: RegoType { .any([.string, .array(of: .string), .set(.string)]) }
}
