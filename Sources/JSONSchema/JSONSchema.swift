public import StrictJSON

/// A JSON Schema, compiled once and ready to check many values, as a tool's `inputSchema` checks its arguments.
///
/// It is read as draft 2020-12 (the default of MCP) unless its `$schema` names draft 2019-09, 7, 6 or 4; all of their
/// validation and applicator keywords count. `format` and what describes content are annotations, keywords that nobody
/// knows are ignored. References lead to places in the schema or to a metaschema as a whole, never outside. Numbers are
/// compared exactly, texts by their bytes; lengths are in Unicode scalars, and 1.0 is an integer in every draft.
///
/// Safe with schemas and values from anybody, as deep as `JSONReadingOptions.deepest`: patterns are searched for in
/// linear time, and what takes more than `maximumSteps` or goes deeper than `maximumDepth` is refused.
public struct JSONSchema: Sendable {
  /// What is wrong at a place.
  public struct Problem: Sendable, Equatable {
    /// A JSON path: `$.items[2].name`. What is missing has the path that it would have.
    public var path: String
    /// Lower case: `must be a string`, `is missing`. It tells what the schema wants, never what the value is.
    public var message: String

    public init(path: String, message: String) {
      self.path = path
      self.message = message
    }
  }

  /// How often one check may look at a part of the value or at some bytes of a text; each costs some 30 nanoseconds.
  public static let maximumSteps = 2_000_000
  /// How deep schemas may be inside each other while a value is checked; that fits 512 kB of stack in unoptimised
  /// builds. A schema that only refers to another doesn't count, unless there are dynamic references.
  public static let maximumDepth = 192

  /// The patterns in the schema that can't be matched in linear time (lookaround, references back), or have syntax that
  /// isn't known: what they ask for isn't checked.
  public let unsupported: [Problem]
  private let program: SchemaProgram

  /// Compiles. Fails with the first problem: a keyword with the wrong type, a malformed pattern, a `$ref` that leads
  /// nowhere or outside of the schema, or to itself without a step into the value, a dialect that isn't known.
  public init(_ schema: JSONValue) throws(JSONSchemaError) {
    (program, unsupported) = try SchemaCompiler.compile(schema)
  }

  /// What is wrong with the value; empty when it is valid. Stops after `limit`, which is at least 1. A value that is too
  /// costly or too deep to check has that one problem.
  public func problems(in value: JSONValue, limit: Int = 10) -> [Problem] {
    problems(in: value, limit: limit, steps: Self.maximumSteps)
  }

  /// As `problems(in:limit:)`, with a bound of its own.
  func problems(in value: JSONValue, limit: Int = 10, steps: Int) -> [Problem] {
    var trial = SchemaCheck(program, steps: steps)
    if trial.passes(value) { return [] }
    if let problem = trial.exhaustion { return [problem] }
    return SchemaCheck.problems(in: value, program, limit: max(limit, 1), steps: steps)
  }
}

/// Why a schema can't be used.
public struct JSONSchemaError: Error, Equatable, Sendable {
  /// Lower case, without the place: `must be an object`.
  public var message: String
  /// Where in the schema: `$.properties.a.type`.
  public var path: String

  public init(message: String, path: String) {
    self.message = message
    self.path = path
  }
}

extension JSONSchemaError: CustomStringConvertible {
  public var description: String { "\(path): \(message)" }
}
