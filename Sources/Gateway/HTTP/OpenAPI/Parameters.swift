import HTTPTypes
import StrictJSON

/// A parameter of a URL's query: what the handler reads and what the documents say of it.
struct QueryParameter: Sendable {
  let name: String
  let description: String
  let shape: SchemaShape
}

/// A parameter of a URL's query that is a whole number.
struct NumberParameter: Sendable {
  let name: String
  let range: ClosedRange<Int>
  /// What it is when it is missing or empty.
  let usual: Int
  let description: String

  var parameter: QueryParameter {
    QueryParameter(
      name: name, description: description,
      shape: .optional(.integer(from: range.lowerBound, through: range.upperBound).usually(.init(usual))))
  }
}

/// What a pattern's `{…}` stands for.
struct PathParameter: Sendable {
  let description: String
  let shape: SchemaShape
}

/// A header field that a request may have. `Accept`, `Content-Type` and `Authorization` are none: OpenAPI has other
/// places for them.
struct HeaderParameter: Sendable {
  let name: HTTPField.Name
  let description: String
  let shape: SchemaShape
  var isRequired = false

  var required: HeaderParameter {
    var copy = self
    copy.isRequired = true
    return copy
  }
}

/// A text in the body of an operator's request: what the handler reads and what the documents say of it. It may be
/// absent, null or empty, which is all the same.
struct BodyText: Sendable {
  let name: String
  /// In Unicode scalars.
  let limit: Int
  let description: String

  var member: SchemaShape.Member { .optional(name, .text(length: 0...limit).orNull, description) }
}

extension GatewayRequest {
  func query(_ parameter: QueryParameter) -> String? { query(parameter.name) }

  func number(_ parameter: NumberParameter) throws(ErrorResponse) -> Int {
    guard let text = query(parameter.name), !text.isEmpty else { return parameter.usual }
    guard let number = Int(text), parameter.range.contains(number) else {
      throw .unprocessable([.notInRange(["query", .string(parameter.name)], parameter.range, input: text)])
    }
    return number
  }
}

extension BodyFields {
  /// Absent when the member is missing, null or empty.
  func text(_ field: BodyText) throws(ErrorResponse) -> String? { try text(field.name, limit: field.limit) }
}
