public import StrictJSON

/// One case of OPA's compliance suite, or of ours in the same format: modules, data, input and a query, and what the
/// query has to give.
public struct ConformanceCase: Sendable {
  public var note: String
  public var modules: [String]
  public var query: String
  public var data: Value
  /// Absent when the case has no input.
  public var input: Value?
  /// The input as Rego text, which may hold sets; absent when the case has none.
  public var inputTerm: String?
  /// The bindings of each result; absent when the case expects an error, or nothing in particular.
  public var wantedResult: [Value]?
  /// Whether the query has to hold in some way, or in none; absent when the case doesn't say.
  public var wantsDefined: Bool?
  public var wantedErrorCode: String?
  public var wantedError: String?
  public var strictErrors: Bool
  public var sortsBindings: Bool

  /// Whether RegoLite gave what the case wants, and what it gave.
  public struct Outcome: Sendable {
    public var note: String
    public var passed: Bool
    public var wanted: String
    public var got: String
  }

  private static let keys: Set<String> = [
    "note", "modules", "query", "data", "input", "input_term", "want_result", "want_defined", "want_error_code",
    "want_error", "strict_error", "sort_bindings", "ignore_generated_vars",
  ]

  /// Reads the `cases` of a case file. Throws when the JSON is not in the suite's format: also when a case has a member
  /// that the suite doesn't know, for a `want_…` that is misspelt would check nothing.
  public static func read(_ json: JSONValue) throws(InvalidConformanceFile) -> [ConformanceCase] {
    guard let cases = json["cases"]?.arrayValue else {
      throw InvalidConformanceFile(message: "$.cases is not an array")
    }
    var result: [ConformanceCase] = []
    for (index, item) in cases.enumerated() {
      guard let note = item["note"]?.stringValue, let query = item["query"]?.stringValue else {
        throw InvalidConformanceFile(message: "$.cases[\(index)] has no note or no query")
      }
      if let key = item.objectValue?.keys.first(where: { !keys.contains($0) }) {
        throw InvalidConformanceFile(message: "$.cases[\(index)].\(key) is not known")
      }
      if let modules = item["modules"], !modules.isNull,
        modules.arrayValue?.allSatisfy({ $0.stringValue != nil }) != true
      {
        throw InvalidConformanceFile(message: "$.cases[\(index)].modules is not an array of strings")
      }
      if let wanted = item["want_result"], wanted.arrayValue == nil {
        throw InvalidConformanceFile(message: "$.cases[\(index)].want_result is not an array")
      }
      for key in ["want_defined", "strict_error", "sort_bindings"] {
        if let flag = item[key], flag.boolValue == nil {
          throw InvalidConformanceFile(message: "$.cases[\(index)].\(key) is not a boolean")
        }
      }
      for key in ["input_term", "want_error_code", "want_error"] {
        if let text = item[key], text.stringValue == nil {
          throw InvalidConformanceFile(message: "$.cases[\(index)].\(key) is not a string")
        }
      }
      result.append(
        ConformanceCase(
          note: note, modules: (item["modules"]?.arrayValue ?? []).compactMap(\.stringValue), query: query,
          data: item["data"].map { Value(json: $0) } ?? .object(ObjectValue()),
          input: item["input"].map { Value(json: $0) }, inputTerm: item["input_term"]?.stringValue,
          wantedResult: item["want_result"]?.arrayValue.map { $0.map { Value(json: $0) } },
          wantsDefined: item["want_defined"]?.boolValue, wantedErrorCode: item["want_error_code"]?.stringValue,
          wantedError: item["want_error"]?.stringValue,
          strictErrors: item["strict_error"]?.boolValue ?? false,
          sortsBindings: item["sort_bindings"]?.boolValue ?? false))
    }
    return result
  }

  /// - Parameter isObserved: Runs an observed plan and has everything told; the outcome should be no other.
  public func run(isObserved: Bool = false) -> Outcome {
    let wanted =
      wantedErrorCode ?? wantedError ?? wantedResult.map { Value.array($0).json() }
      ?? (wantsDefined == true ? "defined" : "undefined")
    func outcome(_ passed: Bool, _ got: String) -> Outcome {
      Outcome(note: note, passed: passed, wanted: wanted, got: got)
    }
    do {
      var options = PolicyEngine.Options(
        strictBuiltinErrors: strictErrors, allowsDataConflicts: true, allowsUnsupportedBuiltins: true)
      options.isObserved = isObserved
      // The cases are to hold for what runs decisions.
      options.optimizesQueries = options.optimizes
      options.keepsPrint = isObserved
      let engine = try PolicyEngine(
        modules: modules.enumerated().map { .init(file: "test-\($0).rego", text: $1) }, data: data, options: options)
      let observation = isObserved ? Observation(explaining: .full, coverage: true, profile: true) : nil
      var input = input
      if let inputTerm {
        input = try engine.evaluate(engine.prepare(query: "x := \(inputTerm)"), input: nil).first?.bindings.first?.value
      }
      let results = try engine.evaluate(engine.prepare(query: query), input: input, observation: observation)
      var rows = results.map { result in
        Value.object(ObjectValue(result.bindings.map { (.string(Text($0.name)), $0.value.withoutSets) }))
      }
      guard wantedErrorCode == nil, wantedError == nil else { return outcome(false, Value.array(rows).json()) }
      if let wantsDefined, wantsDefined == rows.isEmpty { return outcome(false, Value.array(rows).json()) }
      guard var wantedResult else { return outcome(rows.isEmpty != (wantsDefined ?? false), Value.array(rows).json()) }
      if sortsBindings {
        rows = rows.map(\.withSortedArrays)
        wantedResult = wantedResult.map(\.withSortedArrays)
      }
      return outcome(rows.sorted() == wantedResult.sorted(), Value.array(rows).json())
    } catch let errors as PolicyErrors {
      return outcome(matches(errors.errors.map { ($0.code, $0.message) }), errors.description)
    } catch let error as EvaluationError {
      return outcome(matches([(error.code.rawValue, error.description)]), error.description)
    } catch {
      return outcome(false, "\(error)")
    }
  }

  private func matches(_ errors: [(code: String, message: String)]) -> Bool {
    guard wantedErrorCode != nil || wantedError != nil else { return false }
    return errors.contains { error in
      (wantedErrorCode.map { $0 == error.code } ?? true)
        && (wantedError.map { "\(error.code): \(error.message)".contains($0) } ?? true)
    }
  }
}

/// Why a file holds no conformance cases.
public struct InvalidConformanceFile: Error, Sendable, CustomStringConvertible {
  public let message: String
  public var description: String { message }
}

extension Value {
  /// The value as JSON shows it: sets as arrays in order, keys as text.
  fileprivate var withoutSets: Value {
    switch self {
    case .set(let set): .array(set.elements.map(\.withoutSets))
    case .array(let items): .array(items.map(\.withoutSets))
    case .object(let object):
      .object(
        ObjectValue(
          object.entries.map { entry in
            if case .string = entry.key { return (entry.key, entry.value.withoutSets) }
            return (.string(Text(entry.key.withoutSets.json())), entry.value.withoutSets)
          }))
    default: self
    }
  }

  fileprivate var withSortedArrays: Value {
    switch self {
    case .array(let items): .array(items.map(\.withSortedArrays).sorted())
    case .object(let object): .object(ObjectValue(object.entries.map { ($0.key, $0.value.withSortedArrays) }))
    default: self
    }
  }
}
