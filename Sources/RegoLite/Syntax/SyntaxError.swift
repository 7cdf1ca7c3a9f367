/// Why a module or query could not be read.
public struct SyntaxError: Error, Sendable {
  /// OPA's name for the kind of error.
  public enum Code: String, Sendable {
    case parse = "rego_parse_error"
    case compile = "rego_compile_error"
    case type = "rego_type_error"
  }

  public var code: Code
  public var message: String
  public var location: Location

  init(_ message: String, at location: Location, code: Code = .parse) {
    self.code = code
    self.message = message
    self.location = location
  }
}

extension SyntaxError: CustomStringConvertible {
  /// ``policy.rego:3:5: rego_parse_error: unexpected eof token``
  public var description: String { "\(location): \(code.rawValue): \(message)" }
}

/// What is wrong with one source: at least one error, in source order, at most `limit`.
public struct SyntaxErrors: Error, Sendable {
  public static let limit = 100

  public var errors: [SyntaxError]
}

extension SyntaxErrors: CustomStringConvertible {
  public var description: String { errors.map(\.description).joined(separator: "\n") }
}
