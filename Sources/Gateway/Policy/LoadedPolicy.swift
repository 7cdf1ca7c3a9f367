public import Logging
import RegoLite
import StrictJSON

/// One revision of the policy, compiled. Immutable.
public final class LoadedPolicy: Sendable {
  /// A rule that had a part in a decision.
  public struct Rule: Sendable, Equatable {
    /// `data.agentgate.decision`
    public var path: String
    /// Relative to the policy folder.
    public var file: String
    public var row: Int
    public var column: Int
  }

  /// What every call is decided by.
  private static let decisionPath = ["agentgate", "decision"]

  /// SHA-256 in lower-case hex over the policy's files and data.
  public let revision: String
  public let data: PolicyData
  /// Reading the files not included.
  public let loadTime: Duration
  /// What the policy takes, compiled for decisions; absent when a decision is made by the evaluator.
  public var compiledBytes: Int? { document.compiledBytes }
  private let engine: PolicyEngine
  private let document: PolicyEngine.PreparedDocument
  /// What the policy has ready, read.
  private let ready: [Int: Decision]
  private let logger: Logger

  /// Fails unless all files can be read, the modules compile, `data.agentgate.decision` exists and data.json has the
  /// types that the gateway relies on.
  public convenience init(directory: String, logger: Logger) throws(PolicyLoadError) {
    try self.init(PolicyFolder(reading: directory), logger: logger)
  }

  init(_ folder: PolicyFolder, logger: Logger) throws(PolicyLoadError) {
    let began = ContinuousClock.now
    revision = folder.revision
    self.logger = logger
    do throws(PolicyLoadError) {
      let document = try Self.document(folder.data)
      data = try PolicyData(document)
      engine = try Self.compile(folder.modules, Value(json: document))
      self.document = engine.prepare(document: Self.decisionPath, compiling: true)
      var ready: [Int: Decision] = [:]
      for number in engine.constants(of: self.document) {
        if case .success(let decision) = Decision.read(engine.constant(number, of: self.document)) {
          ready[number] = decision
        }
      }
      self.ready = ready
      loadTime = began.duration(to: .now)
    } catch {
      throw PolicyLoadError(problems: error.problems, revision: folder.revision)
    }
  }

  private static func document(_ file: PolicyFolder.File) throws(PolicyLoadError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: file.bytes)
    } catch {
      throw PolicyLoadError(problems: [
        .init(
          file: file.path, row: error.line, column: error.column, code: "data_error",
          message: error.path == "$" ? error.message : "\(error.path) \(error.message)")
      ])
    }
  }

  private static func compile(_ files: [PolicyFolder.File], _ data: Value) throws(PolicyLoadError) -> PolicyEngine {
    var sources: [PolicyEngine.ModuleSource] = []
    var problems: [PolicyLoadError.Problem] = []
    for file in files {
      if let text = String(validating: file.bytes, as: UTF8.self) {
        sources.append(.init(file: file.path, text: text))
      } else {
        problems.append(.init(file: file.path, code: "rego_parse_error", message: "the file is not UTF-8"))
      }
    }
    guard problems.isEmpty else { throw PolicyLoadError(problems: problems) }
    let engine: PolicyEngine
    do throws(PolicyErrors) {
      engine = try PolicyEngine(modules: sources, data: data)
    } catch {
      throw PolicyLoadError(
        problems: error.errors.map { error in
          .init(
            file: error.location?.file ?? "", row: error.location?.row, column: error.location?.column,
            code: error.code, message: error.message)
        })
    }
    guard engine.hasDocument(at: decisionPath) else {
      throw PolicyLoadError(problems: [
        .init(file: "", code: "rego_compile_error", message: "no module defines data.agentgate.decision")
      ])
    }
    return engine
  }

  /// For the log.
  var metadata: Logger.Metadata {
    [
      "policy_revision": .string(revision), "load_ms": "\(loadTime.milliseconds)",
      "compiled_bytes": "\(compiledBytes ?? 0)",
    ]
  }

  /// Asks the policy. What is undefined, of the wrong shape, in conflict, out of budget or in error is a denial; its
  /// cause goes to the log.
  public func decide(_ input: PolicyInput) -> Decision {
    do throws(PolicyEngine.DecisionFault) {
      // The policy takes from the text what it asks for.
      let outcome = try input.bytes.withUnsafeBufferPointer { bytes throws(PolicyEngine.DecisionFault) in
        try engine.outcome(of: document, json: bytes)
      }
      switch outcome {
      case .undefined: return decision(nil)
      case .constant(let number): return ready[number] ?? decision(engine.constant(number, of: document))
      case .value(let value): return decision(value)
      }
    } catch {
      switch error {
      case .input(let error): return unavailable("the input can't be read: \(error.message)")
      case .evaluation(let error): return unavailable("evaluation failed: \(error)")
      }
    }
  }

  /// As `decide`, and names the rules that made the decision.
  public func explain(_ input: PolicyInput) -> (decision: Decision, rules: [Rule]) {
    var matches: [RuleMatch] = []
    do throws(EvaluationError) {
      let value = try engine.decide(document, input: Value(json: input.json), rules: &matches)
      let rules = matches.map { Rule(path: $0.path, file: $0.file, row: $0.row, column: $0.column) }
      return (decision(value), rules)
    } catch {
      return (unavailable("evaluation failed: \(error)"), [])
    }
  }

  private func decision(_ value: Value?) -> Decision {
    guard let value else { return unavailable("data.agentgate.decision is undefined") }
    switch Decision.read(value) {
    case .success(let decision): return decision
    case .failure(let problem): return unavailable("data.agentgate.decision \(problem.text)")
    }
  }

  private func unavailable(_ cause: String) -> Decision {
    logger.error(
      "the policy gave no decision", metadata: ["cause": .string(cause), "policy_revision": .string(revision)])
    return .policyUnavailable
  }
}

extension Duration {
  /// Whole ones.
  var milliseconds: Int { Int(components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000) }
}

extension Decision {
  /// The denial of a call that the policy didn't decide.
  static var policyUnavailable: Decision { .deny("Policy engine unavailable", rule: "opa_unavailable") }

  fileprivate struct WrongShape: Error {
    let text: String
  }

  /// Reads `{"action", "reason", "matched_rule"?, "is_write_action"?, "credential_ttl"?, "allowed_scope"?, "redact"?}`;
  /// other keys are the policy's own business.
  fileprivate static func read(_ value: Value) -> Result<Decision, WrongShape> {
    guard case .object(let object) = value else { return .failure(.init(text: "is no object")) }
    guard case .string(let name)? = object[Text("action")], let action = Action(rawValue: name.string) else {
      return .failure(.init(text: "has no valid action"))
    }
    guard case .string(let reason)? = object[Text("reason")] else {
      return .failure(.init(text: "has no reason that is a string"))
    }
    var rule: String?
    switch object[Text("matched_rule")] {
    case nil, .null?: break
    case .string(let text)?: rule = text.string
    default: return .failure(.init(text: "has a matched_rule that is no string"))
    }
    var isWrite = true
    switch object[Text("is_write_action")] {
    case nil: break
    case .boolean(let flag)?: isWrite = flag
    default: return .failure(.init(text: "has an is_write_action that is no boolean"))
    }
    var decision = Decision(action: action, reason: reason.string, matchedRule: rule, isWriteAction: isWrite)
    switch object[Text("credential_ttl")] {
    case nil, .null?: break
    case .number(let seconds)?:
      guard let whole = seconds.intValue, (1...86_400).contains(whole) else {
        return .failure(.init(text: "has a credential_ttl outside 1 to 86400"))
      }
      decision.credentialTimeToLive = whole
    default: return .failure(.init(text: "has a credential_ttl that is no number"))
    }
    switch object[Text("allowed_scope")] {
    case nil, .null?: break
    case .string(let text)?: decision.allowedScope = text.string.split(separator: " ").map(String.init)
    case let scopes?:
      guard let texts = scopes.jsonValue.arrayValue?.map(\.stringValue), !texts.contains(nil) else {
        return .failure(.init(text: "has an allowed_scope that is neither a string nor an array of strings"))
      }
      decision.allowedScope = texts.compactMap(\.self)
    }
    switch object[Text("redact")] {
    case nil, .null?: break
    case let rules?:
      do throws(RedactionError) {
        let redaction = try Redaction(rules.jsonValue)
        if !redaction.isEmpty { decision.redaction = redaction }
      } catch {
        return .failure(.init(text: "has a redact that can't be used: \(error)"))
      }
    }
    return .success(decision)
  }
}
