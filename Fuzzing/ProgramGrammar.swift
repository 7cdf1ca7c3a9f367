@testable import RegoLite

/// Writes a small policy and an input, every choice made by the next byte. Bytes that are used up count as 0, so that
/// every program ends.
struct ProgramGrammar {
  private var bytes: ArraySlice<UInt8>
  /// The variables that have a value where the text has come to.
  private var variables: [String] = []
  private var made = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  private mutating func choose(_ count: Int) -> Int {
    guard let byte = bytes.popFirst() else { return 0 }
    return Int(byte) % max(count, 1)
  }

  private mutating func pick<T>(_ choices: [T]) -> T { choices[choose(choices.count)] }

  // MARK: Programs

  mutating func program() -> String {
    var text = "package fuzz\n\n"
    for index in 0..<choose(4) {
      variables = ["a"]
      text += "f\(index)(a) := \(term(3)) if {\n\(body(1))}\n"
      variables = []
      text += "s\(index) contains \(term(2)) if {\n\(body(1))}\n"
    }
    variables = []
    let condition = body(3)
    let known = variables
    text += "holds if {\n\(condition)}\nfails if not holds\n"
    variables = known
    text += "p := [\(known.joined(separator: ", "))] if {\n\(condition)}\n"
    return text
  }

  private mutating func body(_ most: Int) -> String {
    var text = ""
    for _ in 0...choose(most + 1) { text += "\t" + expression() + "\n" }
    return text
  }

  private mutating func newVariable() -> String {
    made += 1
    return "v\(made)"
  }

  private mutating func expression() -> String {
    switch choose(12) {
    case 0: return "\(operand()) \(pick(["==", "!=", "<", "<=", ">", ">="])) \(operand())"
    case 1:
      let (name, source) = (newVariable(), term(2))
      variables.append(name)
      return "some \(name) in \(source)"
    case 2:
      let (key, name, source) = (newVariable(), newVariable(), term(2))
      variables += [key, name]
      return "some \(key), \(name) in \(source)"
    case 3:
      let outer = variables
      let (name, source) = (newVariable(), term(2))
      variables.append(name)
      defer { variables = outer }
      return "every \(name) in \(source) { \(name) == \(term(2)); \(call(1)) }"
    case 4: return "not \(term(2))"
    case 5: return "\(term(2)) in \(term(2))"
    case 6:
      let outer = variables
      let name = newVariable()
      defer { variables = outer + [name] }
      return "\(name) := \(term(3)) with input as \(Self.text(value(depth: 2)))"
    case 7:
      let (a, b, source) = (newVariable(), newVariable(), term(2))
      variables += [a, b]
      return "[\(a), \(b)] = \(source)"
    default:
      let source = term(3)
      let name = newVariable()
      variables.append(name)
      return "\(name) := \(source)"
    }
  }

  // MARK: Terms

  private mutating func operand() -> String { variables.isEmpty || choose(2) == 0 ? term(1) : pick(variables) }

  private mutating func term(_ depth: Int) -> String {
    guard depth > 0 else { return leaf() }
    switch choose(14) {
    case 0: return "[\(term(depth - 1)), \(term(depth - 1))]"
    case 1: return "{\(term(depth - 1)), \(term(depth - 1))}"
    case 2: return "{\(operand()): \(term(depth - 1))}"
    case 3: return "(\(term(depth - 1)) \(pick(["+", "-", "*", "/", "%", "|", "&"])) \(term(depth - 1)))"
    case 4: return comprehension(depth, "[", "]", isObject: false)
    case 5: return comprehension(depth, "{", "}", isObject: false)
    case 6: return comprehension(depth, "{", "}", isObject: true)
    case 7: return "input[\(operand())]"
    case 8: return pick(["input.a", "input.a[_]", "input", "data.base.a[_]", "data.base", "data.fuzz.s0"])
    case 9: return #"$"x{\#(term(depth - 1))}y""#
    default: return call(depth)
    }
  }

  private mutating func comprehension(_ depth: Int, _ open: String, _ close: String, isObject: Bool) -> String {
    let outer = variables
    defer { variables = outer }
    let body = body(1).split(separator: "\n").map { $0.dropFirst() }.joined(separator: "; ")
    let head = isObject ? "\(leaf()): \(leaf())" : leaf()
    return "\(open)\(head) | \(body)\(close)"
  }

  private static let builtins = Builtins.all.values.filter { builtin in
    guard builtin.isDeterministic, !builtin.isVoid, builtin.infix == nil, !builtin.isDeprecated else { return false }
    if case .compiled = builtin.body { return false }
    // Their cost is their purpose.
    return !builtin.name.string.hasPrefix("io.jwt.encode") && !builtin.name.string.hasPrefix("internal.")
  }.sorted { $0.name < $1.name }

  private mutating func call(_ depth: Int) -> String {
    let builtin = pick2(Self.builtins)
    let arguments = builtin.arguments.map { type in argument(type, depth: depth - 1) }
    return "\(builtin.name)(\(arguments.joined(separator: ", ")))"
  }

  /// There are more than 256 of them with their families to come.
  private mutating func pick2<T>(_ choices: [T]) -> T { choices[(choose(256) << 8 | choose(256)) % choices.count] }

  private mutating func argument(_ type: RegoType, depth: Int) -> String {
    if depth > 0, choose(3) == 0 { return term(depth) }
    if !variables.isEmpty, choose(4) == 0 { return pick(variables) }
    return Self.text(value(of: type, depth: 2))
  }

  private mutating func leaf() -> String {
    if !variables.isEmpty, choose(2) == 0 { return pick(variables) }
    return Self.text(value(depth: 1))
  }

  // MARK: Values

  /// As Rego's grammar has it; what the engine prints quotes control characters as Go does.
  private static func text(_ value: Value) -> String {
    switch value {
    case .null, .boolean, .number: value.json()
    // A byte order mark may stand nowhere in a source.
    case .string: value.json().unicodeScalars.map { $0 == "\u{FEFF}" ? #"\ufeff"# : String($0) }.joined()
    case .array(let elements): "[\(elements.map(text).joined(separator: ", "))]"
    case .set(let set): set.isEmpty ? "set()" : "{\(set.elements.map(text).joined(separator: ", "))}"
    case .object(let object):
      "{\(object.entries.map { "\(text($0.key)): \(text($0.value))" }.joined(separator: ", "))}"
    }
  }

  private mutating func value(of type: RegoType, depth: Int) -> Value {
    switch type {
    case .untyped: return value(depth: depth)
    case .any(let types):
      return types.isEmpty || depth <= 0 ? value(depth: depth) : value(of: pick(types), depth: depth - 1)
    case .null: return .null
    case .boolean: return .boolean(choose(2) == 0)
    case .number: return number()
    case .string: return string()
    case .array(let leading, let rest):
      var elements = leading.map { value(of: $0, depth: depth - 1) }
      if let rest, depth > 0 { for _ in 0..<choose(4) { elements.append(value(of: rest, depth: depth - 1)) } }
      return .array(elements)
    case .set(let type):
      return .set(SetValue((0..<(depth > 0 ? choose(4) : 0)).map { _ in value(of: type, depth: depth - 1) }))
    case .object(let properties, let restKey, let restValue):
      var pairs = properties.keys.sorted().compactMap { key in
        properties[key].map { (key, value(of: $0, depth: depth - 1)) }
      }
      if let restKey, let restValue, depth > 0 {
        for _ in 0..<choose(3) {
          pairs.append((value(of: restKey, depth: depth - 1), value(of: restValue, depth: depth - 1)))
        }
      }
      return .object(ObjectValue(pairs))
    }
  }

  mutating func value(depth: Int) -> Value {
    switch choose(depth > 0 ? 9 : 6) {
    case 0: return .null
    case 1: return .boolean(choose(2) == 0)
    case 2, 3: return number()
    case 4, 5: return string()
    case 6: return .array((0..<choose(4)).map { _ in value(depth: depth - 1) })
    case 7: return .set(SetValue((0..<choose(4)).map { _ in value(depth: depth - 1) }))
    default:
      return .object(ObjectValue((0..<choose(4)).map { _ in (.string(word()), value(depth: depth - 1)) }))
    }
  }

  private mutating func number() -> Value {
    let literals = [
      "0", "1", "-1", "2", "3", "10", "64", "255", "1.5", "-0.5", "1e3", "1e-3", "9007199254740993",
      "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e400", "123456789012345678901234567890",
      "0.1", "1000000000", "1700000000000000000", "-0", "99999999999999999999.5", "4611686018427387904",
    ]
    return Number(literal: pick(literals)).map { .number($0) } ?? .null
  }

  private mutating func word() -> Text {
    Text(pick(["a", "b", "x", "y", "role", "op", "path", "value", "alg", "keys"]))
  }

  private mutating func string() -> Value {
    let texts = [
      "", "a", "b", "x,y", "é", "e\u{301}", "😀", "%d", "%-5.3v|%[2]*d", "[a-c]+", "(?i)x{2,3}", "a.*b", "**/{a,b}",
      "2006-01-02T15:04:05Z07:00", "2024-02-29T23:59:59.5+05:30", "Europe/Berlin", "1h30m", "-1.5s", "10.0.0.0/8",
      "fe80::1/64", "1.2.3-rc.1+5", "10KiB", "1.5e3", "0x1F", "{\"a\":[1,2]}", "a: [1, {b: c}]", "YQ==", "_-8", "ff0a",
      "/a/0", "/a~1b", "a/b", "%2e%zz", "HS256", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA", "{{.a}}", "{{range .x}}{{.}}{{end}}",
      "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}}}", "\u{0}", "\n", "$1${2}",
      "http://u:p@h:1/p?q=1#f",
    ]
    if choose(4) > 0 { return .string(Text(pick(texts))) }
    let length = choose(12)
    let raw = bytes.prefix(length)
    bytes = bytes.dropFirst(length)
    return .string(Text(String(decoding: raw, as: UTF8.self)))
  }
}
