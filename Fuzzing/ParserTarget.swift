@testable import RegoLite

/// Any text is a module or has errors with a place in it; a module compiles or has such errors too; what compiles runs.
enum ParserTarget {
  static func test(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let version: RegoVersion = first & 1 == 0 ? .v1 : .v0
    let text = Array(bytes.dropFirst())
    let rules = parse(text, version)
    require(rules == parse(text, version), "the same text parses in two ways")
    let longer = parse(text + Array("\n# end\n".utf8), version)
    // A comment without an end may go on, and a text without any statement is none either way.
    require(rules == longer, "a comment at the end makes \(String(describing: rules)) \(String(describing: longer))")
    guard rules != nil, let source = String(validating: text, as: UTF8.self) else { return }
    compile(source, version)
  }

  /// The number of rules; absent for a text that is no module.
  private static func parse(_ text: [UInt8], _ version: RegoVersion) -> Int? {
    do {
      let module = try Parser.parseModule(Source(file: "fuzz.rego", bytes: text), version: version)
      for rule in module.rules { checkPlace(rule.location, in: text) }
      return module.rules.count
    } catch {
      require(!error.errors.isEmpty, "refused without a reason")
      for error in error.errors {
        require(!error.message.isEmpty, "an error without a message")
        checkPlace(error.location, in: text)
      }
      return nil
    }
  }

  private static func checkPlace(_ place: Location, in text: [UInt8]) {
    require(
      place.offset >= 0 && place.length >= 0 && place.offset + place.length <= text.count && place.row >= 1
        && place.column >= 1, "a place outside the text")
  }

  private static func compile(_ text: String, _ version: RegoVersion) {
    do {
      let engine = try PolicyEngine(
        modules: [.init(file: "fuzz.rego", text: text)], data: ["base": [1, 2, 3]], options: .init(version: version))
      let budget = EvaluationBudget(steps: 20_000, time: .seconds(1))
      _ = try? engine.decide([], input: ["user": ["name": "ann", "roles": ["admin"]]], budget: budget)
    } catch {
      require(!error.errors.isEmpty, "refused without a reason")
      for error in error.errors { require(!error.message.isEmpty, "an error without a message") }
    }
  }
}
