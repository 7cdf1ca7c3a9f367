/// A call of one of text/template's functions.
struct TemplateCall {
  typealias Datum = TemplateRun.Datum

  let name: String
  private(set) var arguments: [Datum]
  /// The first operand as it is written, for messages.
  let firstSource: String

  func result(_ context: inout BuiltinContext) throws(BuiltinError) -> Datum {
    let wanted = [
      "len": 1...1, "not": 1...1, "index": 1...Int.max, "slice": 1...Int.max, "printf": 1...Int.max,
      "call": 1...Int.max, "eq": 1...Int.max, "ne": 2...2, "lt": 2...2, "le": 2...2, "gt": 2...2, "ge": 2...2,
    ][name]
    if let wanted, !wanted.contains(arguments.count) {
      let least = wanted.upperBound == Int.max ? "at least \(wanted.lowerBound)" : "\(wanted.lowerBound)"
      throw .failure("wrong number of args for \(name): want \(least) got \(arguments.count)")
    }
    if name == "printf", arguments.first?.typeName != "string" {
      throw .failure("wrong type for value; expected string; got \(arguments.first?.typeName ?? "nil")")
    }
    do throws(BuiltinError) {
      return try called(&context)
    } catch {
      if error.code == .halt { throw error }
      throw .failure("error calling \(name): \(error.message)")
    }
  }

  private func called(_ context: inout BuiltinContext) throws(BuiltinError) -> Datum {
    switch name {
    case "len": return .int(try length())
    case "not": return .value(.boolean(!arguments[0].isTrue))
    case "index": return try indexed()
    case "slice": return try sliced()
    case "print": return .value(.string(Text(joined())))
    case "println": return .value(.string(Text(arguments.map(\.text).joined(separator: " ") + "\n")))
    case "printf": return try formatted(&context)
    case "html": return escaped(Self.html)
    case "js": return escaped(Self.script)
    case "urlquery": return escaped(Self.query)
    case "eq":
      guard arguments.count > 1 else { throw .failure("missing argument for comparison") }
      for other in arguments.dropFirst() where try isEqual(arguments[0], other) { return .value(true) }
      return .value(false)
    case "ne": return .value(.boolean(try !isEqual(arguments[0], arguments[1])))
    case "lt": return .value(.boolean(try compare() == .ascending))
    case "le": return .value(.boolean(try compare() != .descending))
    case "gt": return .value(.boolean(try compare() == .descending))
    case "ge": return .value(.boolean(try compare() != .ascending))
    case "call":
      guard !isNothing(arguments[0]) else { throw .failure("call of nil") }
      throw .failure("non-function \(firstSource) of type \(arguments[0].typeName)")
    default: throw .failure("function \(GoQuote.string(name)) not defined")
    }
  }

  private func isNothing(_ datum: Datum) -> Bool { if case .nothing = datum { true } else { false } }

  private func length() throws(BuiltinError) -> Int {
    switch arguments[0] {
    case .value(.array(let array)): return array.count
    case .value(.set(let set)): return set.count
    case .value(.object(let object)): return object.count
    case .nothing: throw .failure("len of nil pointer")
    case let datum:
      guard let text = datum.string else { throw .failure("len of type \(datum.typeName)") }
      return text.utf8.count
    }
  }

  private func indexed() throws(BuiltinError) -> Datum {
    var datum = arguments[0]
    if isNothing(datum) { throw .failure("index of untyped nil") }
    for key in arguments.dropFirst() {
      switch datum {
      case .value(.object(let object)):
        guard case .value(.string(let name)) = key else {
          throw .failure("value has type \(key.typeName); should be string")
        }
        datum = Datum(object[name])
      case .value(.array(let array)):
        datum = Datum(array[try position(key, in: array.count, "index")])
      case .value(.set(let set)):
        datum = Datum(set.elements[try position(key, in: set.count, "index")])
      case .nothing, .null: throw .failure("index of nil pointer")
      default:
        guard let text = datum.string else { throw .failure("can't index item of type \(datum.typeName)") }
        let bytes = Array(text.utf8)
        datum = .int(Int(bytes[try position(key, in: bytes.count, "index")]))
      }
    }
    return datum
  }

  private func position(_ key: Datum, in count: Int, _ verb: String) throws(BuiltinError) -> Int {
    guard case .int(let index) = key else {
      if case .nothing = key { throw .failure("cannot index slice/array with nil") }
      throw .failure("cannot index slice/array with type \(key.typeName)")
    }
    guard index >= 0, verb == "slice" ? index <= count : index < count else {
      throw .failure("index out of range: \(index)")
    }
    return index
  }

  private func sliced() throws(BuiltinError) -> Datum {
    if arguments.count > 4 { throw .failure("too many slice indexes: \(arguments.count - 1)") }
    func bounds(_ count: Int) throws(BuiltinError) -> Range<Int> {
      let start = arguments.count > 1 ? try position(arguments[1], in: count, "slice") : 0
      let end = arguments.count > 2 ? try position(arguments[2], in: count, "slice") : count
      guard start <= end else { throw .failure("invalid slice index: \(start) > \(end)") }
      return start..<end
    }
    switch arguments[0] {
    case .nothing: throw .failure("slice of untyped nil")
    case .value(.array(let array)): return .value(.array(Array(array[try bounds(array.count)])))
    case .value(.set(let set)): return .value(.array(Array(set.elements[try bounds(set.count)])))
    case let datum:
      guard let text = datum.string else { throw .failure("can't slice item of type \(datum.typeName)") }
      if arguments.count == 4 { throw .failure("cannot 3-index slice a string") }
      let bytes = Array(text.utf8)
      return .value(.string(Text(repairing: Array(bytes[try bounds(bytes.count)]))))
    }
  }

  /// As Go's `Sprint`: a space between two operands of which neither is a string.
  private func joined() -> String {
    var result = ""
    for (index, datum) in arguments.enumerated() {
      if index > 0, !isText(datum), !isText(arguments[index - 1]) { result += " " }
      result += datum.text
    }
    return result
  }

  /// The same with what isn't there as an action shows it, which is a string.
  private func shown() -> String {
    var call = self
    call.arguments = arguments.map { isNothing($0) ? .value(.string(Text(Datum.missing))) : $0 }
    return call.joined()
  }

  private func isText(_ datum: Datum) -> Bool { datum.string != nil }

  private func formatted(_ context: inout BuiltinContext) throws(BuiltinError) -> Datum {
    var formatter = GoFormatter(
      arguments.dropFirst().map { datum in
        switch datum {
        case .int(let value): .int(value, typeName: "int")
        case .float(let value): .float(value)
        case .value(let value): GoFormatter.Argument(json: value)
        case .nothing, .null: .null
        }
      })
    try formatter.format(Array((arguments[0].string ?? "").utf8), &context)
    return .value(.string(formatter.text))
  }

  // MARK: Comparison

  private enum Kind { case bool, int, float, string }

  private func kind(_ datum: Datum) throws(BuiltinError) -> Kind {
    switch datum {
    case .int: return .int
    case .float: return .float
    case .value(.boolean): return .bool
    case .value(.string), .value(.number): return .string
    default: throw .failure("invalid type for comparison")
    }
  }

  private func isEqual(_ a: Datum, _ b: Datum) throws(BuiltinError) -> Bool {
    if isNothing(a) || isNothing(b) { return isNothing(a) && isNothing(b) }
    for datum in [a, b] {
      switch datum {
      case .value(.array), .value(.object), .value(.set):
        throw .failure("non-comparable type \(datum.text): \(datum.typeName)")
      default: break
      }
    }
    try checkKinds(a, b)
    return a.text.utf8.elementsEqual(b.text.utf8)
  }

  private func checkKinds(_ a: Datum, _ b: Datum) throws(BuiltinError) {
    if try kind(a) != kind(b) {
      throw .failure("incompatible types for comparison: \(a.typeName) and \(b.typeName)")
    }
  }

  private func compare() throws(BuiltinError) -> Order {
    let (a, b) = (arguments[0], arguments[1])
    try checkKinds(a, b)
    switch (a, b) {
    case (.int(let x), .int(let y)): return x == y ? .same : x < y ? .ascending : .descending
    case (.float(let x), .float(let y)): return x == y ? .same : x < y ? .ascending : .descending
    default:
      guard let x = a.string, let y = b.string else { throw .failure("invalid type for comparison") }
      return Text(x) == Text(y) ? .same : Text(x) < Text(y) ? .ascending : .descending
    }
  }

  // MARK: Escaping

  private func escaped(_ escape: (Unicode.Scalar) -> String?) -> Datum {
    var result = String.UnicodeScalarView()
    for scalar in shown().unicodeScalars {
      if let text = escape(scalar) { result.append(contentsOf: text.unicodeScalars) } else { result.append(scalar) }
    }
    return .value(.string(Text(String(result))))
  }

  private static func html(_ scalar: Unicode.Scalar) -> String? {
    switch scalar {
    case "<": "&lt;"
    case ">": "&gt;"
    case "&": "&amp;"
    case "'": "&#39;"
    case "\"": "&#34;"
    case "\0": "\u{FFFD}"
    default: nil
    }
  }

  private static func script(_ scalar: Unicode.Scalar) -> String? {
    switch scalar {
    case "\\": return #"\\"#
    case "'": return #"\'"#
    case "\"": return #"\""#
    case "<", ">", "&", "=", "\0"..<" ": break
    default: if GoQuote.isPrintable(scalar) { return nil }
    }
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return #"\u"# + String(repeating: "0", count: max(4 - digits.utf8.count, 0)) + digits
  }

  private static func query(_ scalar: Unicode.Scalar) -> String? {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", "~": return nil
    case " ": return "+"
    default:
      return String(scalar).utf8.map { "%" + Builtins.Hashes.hexadecimal([$0]).uppercased() }.joined()
    }
  }
}
