import StrictJSON

@testable import RegoLite

/// What is read and written is read back the same, by the strict reader, the lenient one and in canonical form.
enum JSONTarget {
  static func test(_ bytes: [UInt8]) {
    if let value = try? JSONValue(parsing: bytes) { strict(value, bytes) }
    let value = try? Value.parse(json: bytes)
    if let value { lenient(value) }
    decided(bytes, value)
  }

  // MARK: Inputs of decisions

  private static let rules = ["whole", "a", "ab", "members", "third"]
  /// The same policy, compiled and not, with its documents.
  private static let deciders: [(engine: PolicyEngine, documents: [PolicyEngine.PreparedDocument])] = [true, false].map
  {
    let text = """
      package fuzz
      whole := input
      a := input.a
      ab := input.a.b
      members := [x | some x in input]
      third := input[2]
      """
    guard let engine = try? PolicyEngine(modules: [.init(file: "fuzz.rego", text: text)], data: [:]) else {
      fatalError("the policy is refused")
    }
    let isCompiled = $0
    return (engine, rules.map { engine.prepare(document: ["fuzz", $0], compiling: isCompiled) })
  }

  /// A decision sees in the text what the reader of values does, and refuses what that refuses.
  private static func decided(_ bytes: [UInt8], _ value: Value?) {
    for (index, rule) in rules.enumerated() {
      let answers = deciders.map { engine, documents in
        bytes.withUnsafeBufferPointer { bytes -> Result<Value?, PolicyEngine.DecisionFault> in
          do throws(PolicyEngine.DecisionFault) {
            return .success(try engine.decide(documents[index], json: bytes))
          } catch {
            return .failure(error)
          }
        }
      }
      switch (answers[0], answers[1]) {
      case (.success(let compiled), .success(let plain)):
        require(value != nil, "\(rule) is decided on what is no JSON")
        require(
          compiled.map { $0.json() } == plain.map { $0.json() }, "\(rule): \(String(describing: compiled)) compiled")
      case (.failure(.input), .failure(.input)): require(value == nil, "\(rule) is refused on JSON")
      default: require(false, "\(rule) is decided once: \(answers)")
      }
    }
  }

  private static func strict(_ value: JSONValue, _ bytes: [UInt8]) {
    let compact = try? JSONValue(parsing: value.serialized())
    require(compact == value, "compact text reads back as \(String(describing: compact))")
    require((try? JSONValue(parsing: value.pretty())) == value, "indented text reads back otherwise")
    // OPA takes no byte order mark.
    var options = JSONReadingOptions.lenient
    options.acceptsByteOrderMark = true
    guard let rego = try? Value.parse(json: bytes, options: options) else {
      return require(false, "strict JSON is not lenient JSON")
    }
    require(rego == Value(json: value), "the readers disagree")
    guard let canonical = try? CanonicalJSON(value) else { return }
    guard let again = try? CanonicalJSON(JSONValue(parsing: canonical.bytes)) else {
      return require(false, "canonical JSON has no canonical form: \(canonical.text)")
    }
    require(again.bytes == canonical.bytes, "\(canonical.text) becomes \(again.text)")
  }

  private static func lenient(_ value: Value) {
    let text = value.json()
    guard let again = try? Value.parse(json: text) else { return require(false, "not read back: \(text)") }
    require(again == value && again.json() == text, "\(text) becomes \(again.json())")
    require(again.compare(to: value) == .same && again.hashValue == value.hashValue, "equal values differ")
    require((try? Value.parse(json: value.json(pretty: true))) == value, "indented text reads back otherwise")
    require(Value(json: value.jsonValue) == value, "the tree reads back otherwise")
    require([value, again].sortedDistinct().count == 1, "a set has a value twice")
  }
}
