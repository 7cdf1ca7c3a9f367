import RegoLite

/// Why a verb on policies has no result.
struct ErrorReport: Error {
  /// OPA's form: `{"errors": [{"message", "code", "location": {"file", "row", "col"}}]}`. What is wrong with a file as a
  /// whole has a message only.
  let json: Value
  /// For people: every error with its source line and a caret.
  let text: String

  init(_ errors: PolicyErrors) {
    json = Self.json(errors.errors.map { Self.error($0.code, $0.message, $0.location) })
    text = errors.description
  }

  init(_ error: EvaluationError) {
    json = Self.json([Self.error(of: error)])
    text = error.description
  }

  init(file: String, _ problem: String) {
    json = Self.json([.object(["message": .string(Text("\(file): \(problem)"))])])
    text = "\(file): \(problem)"
  }

  /// One member of `errors`.
  static func error(of error: EvaluationError) -> Value {
    Self.error(error.code.rawValue, error.message, error.location)
  }

  private static func error(_ code: String, _ message: String, _ location: Location?) -> Value {
    var members: [(Value, Value)] = [("message", .string(Text(message))), ("code", .string(Text(code)))]
    if let location { members.append(("location", Self.location(location))) }
    return .object(ObjectValue(members))
  }

  static func location(_ location: Location) -> Value {
    .object(["file": .string(Text(location.file)), "row": .int(location.row), "col": .int(location.column)])
  }

  private static func json(_ errors: [Value]) -> Value { .object(["errors": .array(errors)]) }
}
