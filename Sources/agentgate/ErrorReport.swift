import ArgumentParser
import RegoLite
import StrictJSON

/// Why a verb on policies has no result.
struct ErrorReport: Error {
  /// What OPA's compiler goes on to.
  static let standardLimit = 10

  /// The members of OPA's `errors`: `{"message", "code", "location": {"file", "row", "col"}, "details"}`. What is wrong
  /// with a file has no code, and a location only where one is known.
  let errors: [JSONValue]
  /// For people: every error of a policy with its source line and a caret.
  let text: String

  /// OPA's form: `{"errors": […]}`.
  var json: JSONValue { ["errors": .array(errors)] }

  /// - Parameter limit: How many of the errors to show; 0 for all.
  init(_ errors: PolicyErrors, limit: Int = standardLimit) {
    let shown = limit > 0 ? errors.limited(to: limit) : errors
    self.errors = shown.errors.map { Self.error($0.code, $0.message, $0.location) }
    text = shown.description
  }

  init(_ error: EvaluationError) { self.init([error]) }

  init(_ errors: [EvaluationError]) {
    self.errors = errors.map(Self.error)
    let lines = errors.map(\.description)
    text =
      lines.count == 1
      ? "1 error occurred: " + lines[0] : "\(lines.count) errors occurred:\n" + lines.joined(separator: "\n")
  }

  init(_ problems: [FileProblem]) {
    errors = problems.map(Self.error)
    let lines = problems.map(Self.line)
    text =
      lines.count == 1 ? lines[0] : "\(lines.count) errors occurred during loading:\n" + lines.joined(separator: "\n")
  }

  init(file: String, _ message: String) { self.init([FileProblem(file: file, message: message)]) }

  /// One member of `errors`.
  static func error(of error: EvaluationError) -> JSONValue {
    Self.error(error.code.rawValue, error.message, error.location)
  }

  static func location(_ location: Location) -> JSONValue {
    ["file": .string(location.file), "row": JSONValue(location.row), "col": JSONValue(location.column)]
  }

  private static func error(_ code: String, _ message: String, _ location: Location?) -> JSONValue {
    var members: [JSONObject.Member] = [("message", .string(message)), ("code", .string(code))]
    if let location {
      members.append(("location", Self.location(location)))
      if code == "rego_parse_error" {
        let details: JSONValue = [
          "line": .string(location.source.line(location.row)), "idx": JSONValue(location.byteColumn - 1),
        ]
        members.append(("details", details))
      }
    }
    return .object(JSONObject(members))
  }

  private static func error(_ problem: FileProblem) -> JSONValue {
    var members: [JSONObject.Member] = [("message", .string(line(problem)))]
    if let row = problem.line, let column = problem.column {
      members.append(
        ("location", ["file": .string(problem.file), "row": JSONValue(row), "col": JSONValue(column)]))
    }
    return .object(JSONObject(members))
  }

  private static func line(_ problem: FileProblem) -> String {
    var place = problem.file
    if let line = problem.line, let column = problem.column { place += ":\(line):\(column)" }
    return "\(place): \(problem.message)"
  }
}

extension ErrorReport {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  /// What a verb does. When it fails, prints why to standard error, and ends with exit code 2.
  static func exiting<Result>(as format: Format, _ work: () throws(ErrorReport) -> Result) throws -> Result {
    do throws(ErrorReport) {
      return try work()
    } catch {
      switch format {
      case .pretty: StandardError.print(error.text)
      case .json: StandardError.print(error.json.goText(pretty: true))
      }
      throw ExitCode(2)
    }
  }

  /// What reads files, with its problems as a report.
  static func reading<Result>(_ work: () throws(FileProblems) -> Result) throws(ErrorReport) -> Result {
    do throws(FileProblems) {
      return try work()
    } catch {
      throw ErrorReport(error.problems)
    }
  }
}

extension JSONValue {
  /// As Go's encoding/json writes it, members in their order: what OPA prints.
  func goText(pretty: Bool = false) -> String {
    let text = pretty ? self.pretty() : serializedString()
    var result = ""
    // All of these can only stand in strings.
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": result += #"\u003c"#
      case ">": result += #"\u003e"#
      case "&": result += #"\u0026"#
      case "\u{2028}": result += #"\u2028"#
      case "\u{2029}": result += #"\u2029"#
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension Location {
  /// From 1, in bytes.
  fileprivate var byteColumn: Int {
    let before = source.bytes[..<min(offset, source.bytes.count)]
    return before.count - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0) + 1
  }
}
