import JSONSchema
import StrictJSON
import Testing

/// A schema with values that it takes and values that it refuses, all as JSON. Texts in texts are written with `'`.
struct Case: Sendable, CustomTestStringConvertible {
  let schema: String
  let valid: [String]
  let invalid: [String]

  init(_ schema: String, valid: [String] = [], invalid: [String] = []) {
    self.schema = schema
    self.valid = valid
    self.invalid = invalid
  }

  var testDescription: String { schema }

  func check(in dialect: String? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws {
    var document = try Self.json(schema)
    if let dialect, var object = document.objectValue {
      object["$schema"] = .string(dialect)
      document = .object(object)
    }
    let schema = try JSONSchema(document)
    #expect(schema.unsupported.isEmpty, sourceLocation: sourceLocation)
    for text in valid {
      let problems = schema.problems(in: try Self.json(text))
      #expect(problems.isEmpty, "\(self.schema) takes \(text)", sourceLocation: sourceLocation)
    }
    for text in invalid {
      let problems = schema.problems(in: try Self.json(text))
      #expect(!problems.isEmpty, "\(self.schema) refuses \(text)", sourceLocation: sourceLocation)
      // The search finds what the trial ended at.
      #expect(!problems.contains { $0.message == "does not match the schema" }, sourceLocation: sourceLocation)
    }
  }

  static func json(_ text: String) throws -> JSONValue {
    try JSONValue(parsing: text.replacing("'", with: "\""), options: .lenient)
  }
}

let draft4 = "http://json-schema.org/draft-04/schema#"
let draft6 = "http://json-schema.org/draft-06/schema#"
let draft7 = "http://json-schema.org/draft-07/schema#"
let draft2019 = "https://json-schema.org/draft/2019-09/schema"
let draft2020 = "https://json-schema.org/draft/2020-12/schema"

/// `path: message` of each problem.
func problems(_ schema: String, _ value: String, limit: Int = 10) throws -> [String] {
  try JSONSchema(Case.json(schema)).problems(in: Case.json(value), limit: limit).map { "\($0.path): \($0.message)" }
}
