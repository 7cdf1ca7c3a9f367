public import StrictJSON

/// What a policy takes out of a tool's result before it leaves.
///
/// A rule names values by a path, by a pattern, or parts of some values by both. Rules apply in order, each to what the
/// ones before left. Three things go further than a rule says, so that what it takes out of one place doesn't leave by
/// another:
/// - A text (`content[*].text`, `content[*].resource.text`) that is itself a JSON object or array counts as that value,
///   and one that is changed is written anew. There a path under `$.structuredContent` applies as it does to
///   `structuredContent`, whole or without the `{"result": …}` that some servers put around it.
/// - A path that leads to an object or array and comes with a pattern means all values in it.
/// - Strings of at least 4 characters that were taken out of `structuredContent` are taken out of all texts.
public struct Redaction: Sendable, Equatable {
  struct Rule: Sendable, Equatable {
    /// Absent: all of the result, except base64 in `content[*].data` and `content[*].resource.blob`.
    var path: RedactionPath?
    /// Absent: the whole value.
    var pattern: RedactionPattern?
    var replacement: String

    static func == (a: Rule, b: Rule) -> Bool {
      a.path == b.path && a.pattern == b.pattern && a.replacement.hasSameBytes(as: b.replacement)
    }
  }

  public static let defaultReplacement = "[REDACTED]"

  let rules: [Rule]

  /// Reads `decision.redact`: an array whose elements are paths as strings, or
  /// `{"path": …, "pattern": …, "replacement": …}` with at least one of the first two. Paths are those of RFC 9535
  /// without filters, patterns are RE2's and never match the empty text; a replacement is text as it is.
  ///
  /// Fails with the first problem. A key that isn't known is one: a typo must not let a secret pass.
  public init(_ value: JSONValue) throws(RedactionError) {
    guard let elements = value.arrayValue else { throw RedactionError(problem: "redact: must be an array") }
    var rules: [Rule] = []
    rules.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      rules.append(try Self.rule(element, at: "redact[\(index)]"))
    }
    self.rules = rules
  }

  public var isEmpty: Bool { rules.isEmpty }

  /// The redacted result and, for each rule, how many places it hit: values replaced as a whole, matches of a pattern,
  /// and what was taken out of texts on their account. A value that is the replacement already is no hit.
  ///
  /// - Parameter result: a `CallToolResult` of MCP, no deeper than `JSONReadingOptions.deepest`
  public func apply(to result: JSONValue) -> (result: JSONValue, hits: [Int]) {
    if rules.isEmpty { return (result, []) }
    var run = RedactionRun(of: rules, on: result)
    return run.finish()
  }

  private static func rule(_ element: JSONValue, at place: String) throws(RedactionError) -> Rule {
    if case .string(let text) = element {
      return Rule(path: try path(text, at: place, hasPattern: false), pattern: nil, replacement: defaultReplacement)
    }
    guard case .object(let object) = element else {
      throw RedactionError(problem: "\(place): must be a path or an object with a path, a pattern or both")
    }
    var texts: (path: String?, pattern: String?, replacement: String?)
    for (key, value) in object.members {
      let keyPath: WritableKeyPath<(path: String?, pattern: String?, replacement: String?), String?>
      if key.hasSameBytes(as: "path") {
        keyPath = \.path
      } else if key.hasSameBytes(as: "pattern") {
        keyPath = \.pattern
      } else if key.hasSameBytes(as: "replacement") {
        keyPath = \.replacement
      } else {
        throw RedactionError(problem: "\(place): unknown key \(JSONValue.string(key))")
      }
      guard let text = value.stringValue else { throw RedactionError(problem: "\(place).\(key): must be a string") }
      texts[keyPath: keyPath] = text
    }
    guard texts.path != nil || texts.pattern != nil else {
      throw RedactionError(problem: "\(place): needs a path or a pattern")
    }
    var rule = Rule(path: nil, pattern: nil, replacement: texts.replacement ?? defaultReplacement)
    if let text = texts.pattern {
      do throws(RedactionPattern.Problem) {
        rule.pattern = try .compiled(text)
      } catch {
        throw RedactionError(problem: "\(place).pattern: \(error.message)")
      }
    }
    if let text = texts.path { rule.path = try path(text, at: "\(place).path", hasPattern: rule.pattern != nil) }
    return rule
  }

  private static func path(_ text: String, at place: String, hasPattern: Bool) throws(RedactionError) -> RedactionPath {
    let path: RedactionPath
    do throws(JSONPathError) {
      path = try RedactionPath(text)
    } catch {
      throw RedactionError(problem: "\(place): \(error.message)")
    }
    guard !path.isRoot || hasPattern else {
      throw RedactionError(problem: "\(place): $ would take out the whole result; deny the call instead")
    }
    return path
  }
}

/// Why `decision.redact` can't be used.
public struct RedactionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Lower case, after its place: "redact[2].pattern: missing closing ]: `[a`".
  public let problem: String

  public var description: String { problem }
}
