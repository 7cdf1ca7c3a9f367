import StrictJSON

@testable import RegoLite

/// A program that the bytes choose: it ends within its budget, twice with the same answer, and what holds is not denied.
enum EvaluatorTarget {
  private static let budget = EvaluationBudget(steps: 50_000, time: .seconds(2))

  static func test(_ bytes: [UInt8]) {
    var grammar = ProgramGrammar(bytes)
    let (text, input) = (grammar.program(), grammar.value(depth: 3))
    let engine: PolicyEngine
    do {
      engine = try PolicyEngine(
        modules: [.init(file: "fuzz.rego", text: text)], data: ["base": ["a": [1, 2, 3], "b": ["x": "y"]]])
    } catch {
      require(!error.errors.isEmpty, "refused without a reason")
      for error in error.errors {
        // The grammar writes Rego, though not always Rego that is safe or of the right types.
        require(error.code != "rego_parse_error" || error.message.contains("depth"), "\(error)\n\(text)")
      }
      return
    }
    let first = decide(engine, "p", input)
    let second = decide(engine, "p", input)
    // The clock may end one of them.
    guard first.message?.contains("time budget") != true, second.message?.contains("time budget") != true else {
      return
    }
    require(first == second, "\(first) and then \(second)\n\(text)")
    let (holds, fails) = (decide(engine, "holds", input), decide(engine, "fails", input))
    if holds.message == nil, fails.message == nil {
      require((holds.value == nil) != (fails.value == nil), "holds \(holds), and its negation \(fails)\n\(text)")
    }
    if let compiled = decideCompiled(engine, "p", input), first.message == nil || compiled.message == nil {
      // Budgets are counted in steps of each one's own.
      let isCut = [first, compiled].contains { $0.message?.contains("budget") == true }
      require(isCut || first == compiled, "\(first), and compiled \(compiled)\n\(text)")
    }
    // Parts that are shared are written wherever they stand, and each key that is a text in a text doubles its escapes.
    if let value = first.value, value.partsLeft(of: 10_000) > 0, keyDepth(of: value) < 4 {
      let json = value.json()
      require((try? Value.parse(json: json))?.json() == json, "not read back: \(json)\n\(text)")
    }
  }

  /// How deep keys that are no strings stand in one another.
  private static func keyDepth(of value: Value) -> Int {
    switch value {
    case .null, .boolean, .number, .string: 0
    case .array(let items): items.map { keyDepth(of: $0) }.max() ?? 0
    case .set(let set): set.elements.map { keyDepth(of: $0) }.max() ?? 0
    case .object(let object):
      max(
        object.keys.map { keyDepth(of: $0) + ($0.asString == nil ? 1 : 0) }.max() ?? 0,
        object.values.map { keyDepth(of: $0) }.max() ?? 0)
    }
  }

  private struct Answer: Equatable {
    var value: Value?
    var message: String?
  }

  /// Absent when the input is none that JSON can be of.
  private static func decideCompiled(_ engine: PolicyEngine, _ rule: String, _ input: Value) -> Answer? {
    let bytes = input.jsonBytes()
    guard (try? Value.parse(json: bytes)) == input else { return nil }
    return bytes.withUnsafeBufferPointer { bytes in
      do throws(PolicyEngine.DecisionFault) {
        let document = engine.prepare(document: ["fuzz", rule], compiling: true)
        return Answer(value: try engine.decide(document, json: bytes, budget: budget), message: nil)
      } catch {
        switch error {
        case .evaluation(let error): return Answer(value: nil, message: error.message)
        case .input(let error): return Answer(value: nil, message: "input: \(error.message)")
        }
      }
    }
  }

  private static func decide(_ engine: PolicyEngine, _ rule: String, _ input: Value) -> Answer {
    do {
      return Answer(value: try engine.decide(["fuzz", rule], input: input, budget: budget), message: nil)
    } catch {
      require(!error.message.isEmpty, "an error without a message")
      return Answer(value: nil, message: error.message)
    }
  }
}
