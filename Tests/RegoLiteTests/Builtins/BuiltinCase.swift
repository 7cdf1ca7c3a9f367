import Testing

@testable import RegoLite

/// One call of a builtin and OPA's answer, written `count([1, 2]) -> 2`.
///
/// The answer is a term, `undefined`, or an error: `eval_type_error: operand 1 must be set but got string`, line ends in
/// it written `\n`. Terms are compared by how they print, so that `1` is not `1.0`.
struct BuiltinCase: Sendable, CustomTestStringConvertible {
  let text: String
  var testDescription: String { text }

  static func table(_ text: String) -> [BuiltinCase] {
    text.split(separator: "\n").map { BuiltinCase(text: String($0)) }
  }

  func check() {
    var reader = TermReader(text)
    guard let (name, arguments) = reader.call(), reader.take(" -> ") else {
      Issue.record("no call with an answer: \(text)")
      return
    }
    let expected = String(reader.rest)
    var context = BuiltinContext.forTests()
    do {
      let value = try Self.call(name, arguments, &context)
      var answer = TermReader(expected)
      #expect((value?.regoDescription ?? "undefined") == (answer.term()?.regoDescription ?? expected))
    } catch {
      #expect(
        "\(error.code.name): \(error.message)"
          .split(separator: "\n", omittingEmptySubsequences: false).joined(separator: #"\n"#) == expected)
    }
  }

  static func call(
    _ name: String, _ arguments: [Value], _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Value? {
    switch Builtins.all[Text(name)]?.body {
    case .function(let function)?: return try function(arguments, &context)
    case .relation(let relation)?: return .array(try relation(arguments, &context))
    case .compiled?, nil: throw BuiltinError(code: .builtin, message: "no function to call: \(name)")
    }
  }
}

extension BuiltinContext {
  static func forTests(steps: Int = 100_000_000) -> BuiltinContext {
    BuiltinContext(nowNanoseconds: 1_700_000_000_123_456_789, random: CountingGenerator(), stepsLeft: steps)
  }
}

/// 0, 1, 2, …
private struct CountingGenerator: RandomNumberGenerator, Sendable {
  var count: UInt64 = 0
  mutating func next() -> UInt64 {
    defer { count += 1 }
    return count
  }
}

extension BuiltinError.Code {
  fileprivate var name: String {
    switch self {
    case .type: "eval_type_error"
    case .builtin, .unsupported: "eval_builtin_error"
    case .halt: "eval_cancel_error"
    }
  }
}

/// Reads ground Rego terms: JSON, and sets.
struct TermReader {
  private(set) var rest: Substring

  init(_ text: String) { rest = text[...] }

  mutating func take(_ text: String) -> Bool {
    guard rest.hasPrefix(text) else { return false }
    rest.removeFirst(text.count)
    return true
  }

  mutating func call() -> (name: String, arguments: [Value])? {
    let name = String(rest.prefix { $0 != "(" })
    rest.removeFirst(name.count)
    guard take("("), let arguments = terms(until: ")") else { return nil }
    return (name, arguments)
  }

  mutating func term() -> Value? {
    if take("set()") { return .emptySet }
    if take("[") { return terms(until: "]").map { .array($0) } }
    if take("{") { return braces() }
    return scalar()
  }

  private mutating func terms(until close: String) -> [Value]? {
    var result: [Value] = []
    while true {
      skipSpace()
      if take(close) { return result }
      guard let term = term() else { return nil }
      result.append(term)
      skipSpace()
      if !take(",") { return take(close) ? result : nil }
    }
  }

  private mutating func braces() -> Value? {
    var (elements, pairs): ([Value], [(Value, Value)]) = ([], [])
    while true {
      skipSpace()
      if take("}") { break }
      guard let first = term() else { return nil }
      skipSpace()
      if take(":") {
        skipSpace()
        guard let value = term() else { return nil }
        pairs.append((first, value))
      } else {
        elements.append(first)
      }
      skipSpace()
      if !take(",") {
        guard take("}") else { return nil }
        break
      }
    }
    return elements.isEmpty ? .object(ObjectValue(pairs)) : .set(SetValue(elements))
  }

  private mutating func scalar() -> Value? {
    var text = ""
    if rest.first == "\"" {
      var isEscaped = false
      for scalar in rest.unicodeScalars {
        text.unicodeScalars.append(scalar)
        if scalar == "\"", !isEscaped, text.unicodeScalars.count > 1 { break }
        isEscaped = scalar == "\\" && !isEscaped
      }
    } else {
      text = String(rest.prefix { !",]}): ".contains($0) })
    }
    rest = Substring(rest.unicodeScalars.dropFirst(text.unicodeScalars.count))
    return try? Value.parse(json: text)
  }

  private mutating func skipSpace() { while rest.first == " " { rest.removeFirst() } }
}
