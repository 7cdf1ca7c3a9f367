/// One mistake in a policy: what OPA would report when it loads the text.
public struct PolicyError: Error, Sendable {
  /// OPA's code: `rego_parse_error`, `rego_compile_error`, `rego_unsafe_var_error`, `rego_type_error`,
  /// `rego_recursion_error`.
  public var code: String
  /// Lower case, without the code and the place.
  public var message: String
  /// Absent for what concerns no place in a text.
  public var location: Location?
  /// Of a definition, later stages' errors might only follow from earlier ones': see `Mistakes`.
  var stage = Stage.names

  enum Stage: Int, Comparable {
    case imports
    case shadowing
    case duplicateImports
    case names
    case voidCalls
    case prints
    case annotations
    case modifiers
    case conflicts
    case calls
    case heads
    case safety
    case recursion
    case types
    case deprecated
    case nesting
    static func < (a: Stage, b: Stage) -> Bool { a.rawValue < b.rawValue }
  }

  public init(code: String, message: String, location: Location?) {
    self.code = code
    self.message = message
    self.location = location
  }

  private init(_ code: String, _ message: String, at location: Location, _ stage: Stage) {
    self.init(code: code, message: message, location: location)
    self.stage = stage
  }

  static func compile(_ message: String, at location: Location, _ stage: Stage = .names) -> PolicyError {
    PolicyError("rego_compile_error", message, at: location, stage)
  }

  static func type(_ message: String, at location: Location, _ stage: Stage) -> PolicyError {
    PolicyError("rego_type_error", message, at: location, stage)
  }

  static func unsafe(_ what: String, at location: Location, _ stage: Stage = .safety) -> PolicyError {
    PolicyError("rego_unsafe_var_error", "\(what) is unsafe", at: location, stage)
  }

  static func recursion(_ message: String, at location: Location) -> PolicyError {
    PolicyError("rego_recursion_error", message, at: location, .recursion)
  }

  /// The description, the source line, and a caret below the column.
  public func rendered() -> String {
    guard let location else { return description }
    let line = location.source.line(location.row)
    let tabless = String(line.map { $0 == "\t" ? " " : $0 })
    return "\(description)\n\t\(tabless)\n\t\(String(repeating: " ", count: max(0, location.column - 1)))^"
  }
}

extension PolicyError: CustomStringConvertible {
  /// `policy.rego:3:5: rego_unsafe_var_error: var x is unsafe`.
  public var description: String {
    guard let location else { return "\(code): \(message)" }
    return "\(location): \(code): \(message)"
  }
}

/// Everything that is wrong, as far as one run finds it: never empty.
public struct PolicyErrors: Error, Sendable {
  public var errors: [PolicyError]

  /// In the order of file and place.
  public init(_ errors: [PolicyError]) {
    self.errors = errors.sorted { a, b in
      switch (a.location, b.location) {
      case let (x?, y?): (x.file, x.offset, a.message) < (y.file, y.offset, b.message)
      case (nil, _?): true
      default: false
      }
    }
  }

  init(_ errors: SyntaxErrors) {
    self.init(errors.errors.map { PolicyError(code: $0.code.rawValue, message: $0.message, location: $0.location) })
  }

  /// The first `limit` errors and, when there are more, OPA's `error limit reached`.
  public func limited(to limit: Int) -> PolicyErrors {
    guard limit >= 0, errors.count > limit else { return self }
    var shown = self
    shown.errors.removeLast(errors.count - limit)
    shown.errors.append(PolicyError(code: "rego_compile_error", message: "error limit reached", location: nil))
    return shown
  }
}

extension PolicyErrors: CustomStringConvertible {
  public var description: String {
    let count = errors.count == 1 ? "1 error occurred" : "\(errors.count) errors occurred"
    return "\(count):\n" + errors.map { $0.rendered() }.joined(separator: "\n")
  }
}
