import StrictJSON

/// One thing wrong with a request, in the form that the original's clients know (pydantic's).
struct FieldProblem: Sendable {
  var type: String
  /// `["body", "session_id"]`
  var location: [JSONValue]
  var message: String
  var input: JSONValue
  var context: JSONValue?

  var json: JSONValue {
    var object: JSONObject = [
      "type": .string(type), "loc": .array(location), "msg": .string(message), "input": input,
    ]
    object["ctx"] = context
    return .object(object)
  }

  static func missing(_ location: [JSONValue], input: JSONValue) -> FieldProblem {
    FieldProblem(type: "missing", location: location, message: "Field required", input: input)
  }

  static func notAString(_ location: [JSONValue], input: JSONValue) -> FieldProblem {
    FieldProblem(type: "string_type", location: location, message: "Input should be a valid string", input: input)
  }

  static func notABoolean(_ location: [JSONValue], input: JSONValue) -> FieldProblem {
    FieldProblem(type: "bool_type", location: location, message: "Input should be a valid boolean", input: input)
  }

  /// A whole number that is none, or out of bounds.
  static func notInRange(_ location: [JSONValue], _ range: ClosedRange<Int>, input: String) -> FieldProblem {
    FieldProblem(
      type: "value_error", location: location,
      message: "Value error, \(location.last?.stringValue ?? "it") must be a whole number from \(range.lowerBound) to "
        + "\(range.upperBound)",
      input: .string(input), context: ["error": [:]])
  }

  static func notADictionary(_ location: [JSONValue], input: JSONValue) -> FieldProblem {
    FieldProblem(type: "dict_type", location: location, message: "Input should be a valid dictionary", input: input)
  }

  /// The body is no object, or isn't said to be JSON.
  static func notAnObject(_ input: JSONValue) -> FieldProblem {
    FieldProblem(
      type: "model_attributes_type", location: ["body"],
      message: "Input should be a valid dictionary or object to extract fields from", input: input)
  }

  static func invalid(_ identifier: InvalidIdentifier, _ location: [JSONValue], input: String) -> FieldProblem {
    FieldProblem(
      type: "value_error", location: location, message: "Value error, \(identifier.message)", input: .string(input),
      context: ["error": [:]])
  }

  static func tooLong(_ location: [JSONValue], limit: Int, input: String) -> FieldProblem {
    FieldProblem(
      type: "string_too_long", location: location, message: "String should have at most \(limit) characters",
      input: .string(input), context: ["max_length": .init(limit)])
  }

  /// Text that is no JSON is located by its offset, JSON that two readers could understand differently by its path.
  static func invalidJSON(_ error: JSONError, in bytes: [UInt8]) -> FieldProblem {
    var lenient: JSONError?
    do throws(JSONError) {
      _ = try JSONValue(parsing: bytes, options: .lenientWithMark)
    } catch {
      lenient = error
    }
    let isSyntax = lenient?.offset == error.offset && lenient?.message == error.message
    return FieldProblem(
      type: "json_invalid",
      location: ["body"] + (isSyntax ? [.init(error.offset)] : JSONPath.steps(error.path)),
      message: "JSON decode error", input: [:], context: ["error": .string("\(error)")])
  }

  /// Arguments that have no canonical form: a number in them can't be carried exactly.
  static func notCanonical(_ error: JSONError, in field: String) -> FieldProblem {
    let path = "$.\(field)" + error.path.dropFirst()
    return FieldProblem(
      type: "json_invalid", location: ["body", .string(field)] + JSONPath.steps(error.path),
      message: "JSON decode error", input: [:], context: ["error": .string("\(error.message) at \(path)")])
  }
}

extension JSONReadingOptions {
  /// Lenient in what the strict reader is strict about, and nowhere else.
  fileprivate static var lenientWithMark: JSONReadingOptions {
    var options = JSONReadingOptions.lenient
    options.acceptsByteOrderMark = true
    return options
  }
}

/// Reads the paths that `JSONError` writes: `$.a[3]["b c"]`.
enum JSONPath {
  static func steps(_ path: String) -> [JSONValue] {
    var steps: [JSONValue] = []
    var rest = Array(path.utf8.dropFirst())[...]
    while let first = rest.first {
      rest = rest.dropFirst()
      if first == UInt8(ascii: ".") {
        let key = rest.prefix { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "[") }
        steps.append(.string(String(decoding: key, as: UTF8.self)))
        rest = rest.dropFirst(key.count)
      } else if rest.first == UInt8(ascii: "\"") {
        var end = rest.startIndex + 1
        while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") {
          end += rest[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < rest.endIndex, let key = try? JSONValue(parsing: rest[...end]) else { return steps }
        steps.append(key)
        rest = rest[(end + 1)...].dropFirst()
      } else {
        let digits = rest.prefix { $0 != UInt8(ascii: "]") }
        guard let index = Int(String(decoding: digits, as: UTF8.self)) else { return steps }
        steps.append(.init(index))
        rest = rest.dropFirst(digits.count + 1)
      }
    }
    return steps
  }
}
