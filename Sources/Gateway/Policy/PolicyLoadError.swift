public import StrictJSON

/// Why a policy folder isn't taken: everything found wrong, not just the first.
public struct PolicyLoadError: Error, Sendable, Equatable {
  public struct Problem: Sendable, Equatable {
    /// Relative to the policy folder; empty when the problem is the folder's own.
    public var file: String
    /// From 1; absent when the problem has no place in the text.
    public var row: Int?
    public var column: Int?
    /// `rego_parse_error`, `data_error`, `file_error`, …
    public var code: String
    public var message: String

    public init(file: String, row: Int? = nil, column: Int? = nil, code: String, message: String) {
      self.file = file
      self.row = row
      self.column = column
      self.code = code
      self.message = message
    }
  }

  public var problems: [Problem]
  /// Of what was refused, as far as the files could be read.
  public var revision: String?

  public init(problems: [Problem], revision: String? = nil) {
    self.problems = problems
    self.revision = revision
  }
}

extension PolicyLoadError.Problem: CustomStringConvertible {
  /// `default.rego:3:5: rego_parse_error: unexpected token`
  public var description: String {
    var place = file
    if let row { place += ":\(row)" }
    if let column { place += ":\(column)" }
    return (place.isEmpty ? "" : place + ": ") + "\(code): \(message)"
  }

  /// `{"file","row","col","code","message"}`
  public var json: JSONValue {
    [
      "file": .string(file), "row": row.map { .init($0) } ?? .null, "col": column.map { .init($0) } ?? .null,
      "code": .string(code), "message": .string(message),
    ]
  }
}

extension PolicyLoadError: CustomStringConvertible {
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
