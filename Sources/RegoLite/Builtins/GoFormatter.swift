import BigInt

/// Go's `fmt.Sprintf` over the values that OPA hands it, for `sprintf`: the verbs and flags of
/// https://pkg.go.dev/fmt, argument indexes and the notes on faulty formats (`%!d(string=x)`, `%!v(MISSING)`).
struct GoFormatter {
  /// What OPA makes of a value: numbers by how they are written, strings as they are, anything else its Rego term.
  ///
  /// Null, booleans and collections only come from templates, as Go's values of JSON.
  enum Argument {
    case int(Int, typeName: String = "int64")
    case bigInt(BigInt)
    case float(Double)
    case string(String)
    /// A number of the data in a template, which is text to it.
    case jsonNumber(String)
    case null
    case boolean(Bool)
    case array([Argument])
    case object([(key: String, value: Argument)])

    init(_ value: Value) {
      guard case .number(let number) = value else {
        self = .string(Builtins.Printing.display(value))
        return
      }
      let literal = number.description
      if let int = number.plainInt {
        self = .int(int)
      } else if number.isPlainInteger, let value = number.bigInt {
        self = .bigInt(value)
      } else if literal.utf8.contains(UInt8(ascii: ".")), number.doubleValue.isFinite {
        self = .float(number.doubleValue)
      } else {
        self = .string(literal)
      }
    }

    /// As Go reads JSON.
    init(json value: Value) {
      switch value {
      case .null: self = .null
      case .boolean(let value): self = .boolean(value)
      case .number(let number): self = .jsonNumber(number.description)
      case .string(let text): self = .string(text.string)
      case .array(let elements): self = .array(elements.map(Self.init(json:)))
      case .set(let set): self = .array(set.elements.map(Self.init(json:)))
      case .object(let object):
        self = .object(object.entries.map { ($0.key.asString ?? $0.key.json(), Self.init(json: $0.value)) })
      }
    }

    var typeName: String {
      switch self {
      case .int(_, let name): name
      case .bigInt: "*big.Int"
      case .float: "float64"
      case .string: "string"
      case .jsonNumber: "json.Number"
      case .null: "<nil>"
      case .boolean: "bool"
      case .array: "[]interface {}"
      case .object: "map[string]interface {}"
      }
    }
  }

  struct Flags {
    var plus = false
    var minus = false
    var sharp = false
    var space = false
    var zero = false
    /// `%+v` and `%#v`, whose flags mean something else to the types.
    var plusV = false
    var sharpV = false
    var width: Int?
    var precision: Int?

    /// Zeros pad on the left only.
    var padsWithZeros: Bool { zero && !minus }
  }

  private let arguments: [Argument]
  private var output: [UInt8] = []
  private var flags = Flags()
  /// The next argument.
  private var next = 0
  private var usedIndexes = false
  private var hasGoodIndex = true

  init(_ arguments: [Argument]) { self.arguments = arguments }

  var text: Text { Text(String(decoding: output, as: UTF8.self)) }

  mutating func format(_ format: [UInt8], _ context: inout BuiltinContext) throws(BuiltinError) {
    try context.charge(bytes: format.count)
    var scanner = Scanner(bytes: format)
    while !scanner.isAtEnd {
      output += scanner.takeLiteral()
      guard scanner.take(UInt8(ascii: "%")) else { break }
      let before = output.count
      try directive(&scanner, &context)
      try context.charge(1)
      try context.charge(bytes: output.count - before)
    }
    if usedIndexes || next >= arguments.count { return }
    flags = Flags()
    write("%!(EXTRA ")
    for (index, argument) in arguments[next...].enumerated() {
      if index > 0 { write(", ") }
      describe(argument)
    }
    write(")")
  }

  /// What follows a `%`: flags, width, precision, argument index, verb.
  private mutating func directive(_ scanner: inout Scanner, _ context: inout BuiltinContext) throws(BuiltinError) {
    flags = Flags()
    hasGoodIndex = true
    scanFlags(&scanner)
    var isAfterIndex = index(&scanner)

    if scanner.take(UInt8(ascii: "*")) {
      flags.width = intArgument()
      if let width = flags.width {
        if width < 0 {
          flags.width = -width
          flags.minus = true
          flags.zero = false
        }
      } else {
        write("%!(BADWIDTH)")
      }
      isAfterIndex = false
    } else {
      flags.width = scanner.takeNumber()
      if isAfterIndex && flags.width != nil { hasGoodIndex = false }
    }

    // A point at the very end is taken for a verb.
    if scanner.remaining > 1, scanner.take(UInt8(ascii: ".")) {
      if isAfterIndex { hasGoodIndex = false }
      isAfterIndex = index(&scanner)
      if scanner.take(UInt8(ascii: "*")) {
        flags.precision = intArgument().flatMap { $0 < 0 ? nil : $0 }
        if flags.precision == nil { write("%!(BADPREC)") }
        isAfterIndex = false
      } else {
        flags.precision = scanner.takeNumber() ?? 0
      }
    }

    if !isAfterIndex { isAfterIndex = index(&scanner) }
    guard let verb = scanner.takeScalar() else {
      write("%!(NOVERB)")
      return
    }
    try context.charge(bytes: (flags.width ?? 0) + (flags.precision ?? 0))
    if verb == "%" {
      write("%")
    } else if !hasGoodIndex {
      write("%!\(verb)(BADINDEX)")
    } else if next >= arguments.count {
      write("%!\(verb)(MISSING)")
    } else {
      if verb == "v" || verb == "w" {
        (flags.sharpV, flags.sharp) = (flags.sharp, false)
        (flags.plusV, flags.plus) = (flags.plus, false)
      }
      let argument = arguments[next]
      next += 1
      write(argument, verb)
    }
  }

  private mutating func scanFlags(_ scanner: inout Scanner) {
    while let byte = scanner.peek {
      switch byte {
      case UInt8(ascii: "#"): flags.sharp = true
      case UInt8(ascii: "0"): flags.zero = true
      case UInt8(ascii: "+"): flags.plus = true
      case UInt8(ascii: "-"): flags.minus = true
      case UInt8(ascii: " "): flags.space = true
      default: return
      }
      scanner.skip(1)
    }
  }

  /// Reads `[3]`; whether it was there and well formed.
  private mutating func index(_ scanner: inout Scanner) -> Bool {
    guard scanner.peek == UInt8(ascii: "[") else { return false }
    usedIndexes = true
    guard let index = scanner.takeIndex() else {
      hasGoodIndex = false
      return false
    }
    if index >= 1, index <= arguments.count {
      next = index - 1
    } else {
      hasGoodIndex = false
    }
    return true
  }

  /// Consumes the argument that gives a width or a precision; absent when it is no integer or beyond a million.
  private mutating func intArgument() -> Int? {
    guard next < arguments.count else { return nil }
    defer { next += 1 }
    guard case .int(let value, _) = arguments[next], (-Scanner.largest...Scanner.largest).contains(value) else {
      return nil
    }
    return value
  }

  // MARK: Arguments

  private mutating func write(_ argument: Argument, _ verb: Unicode.Scalar) {
    if verb == "T" {
      pad(truncated(argument.typeName))
      return
    }
    let isWritten =
      switch argument {
      case .int(let value, _): write(value, verb)
      case .bigInt(let value): write(value, verb)
      case .float(let value): write(value, verb)
      case .string(let value), .jsonNumber(let value): write(value, verb)
      case .null: writeNull(verb)
      case .boolean(let value): write(value, verb)
      case .array(let elements): write(elements, verb)
      case .object(let members): write(members, verb)
      }
    if isWritten { return }
    if verb == "w", case .bigInt(let value) = argument {
      write("%!w(*big.Int=&{")
      pad(value < 0 ? "true" : "false")
      write(" [")
      for (index, word) in value.magnitude.words.enumerated() {
        if index > 0 { write(" ") }
        pad(String(word))
      }
      write("]})")
    } else if case .bigInt(let value) = argument {
      // big.Int formats itself, and names itself without the pointer.
      write("%!\(verb)(big.Int=\(value))")
    } else {
      write("%!\(verb)(")
      describe(argument)
      write(")")
    }
  }

  private mutating func describe(_ argument: Argument) {
    write(argument.typeName)
    if case .null = argument { return }
    write("=")
    write(argument, "v")
  }

  private mutating func writeNull(_ verb: Unicode.Scalar) -> Bool {
    if verb == "v" { pad("<nil>") }
    return verb == "v"
  }

  private mutating func write(_ value: Bool, _ verb: Unicode.Scalar) -> Bool {
    guard verb == "v" || verb == "t" else { return false }
    pad(value ? "true" : "false")
    return true
  }

  // Each member of a collection gets the verb for itself.

  private mutating func write(_ elements: [Argument], _ verb: Unicode.Scalar) -> Bool {
    write(flags.sharpV ? "[]interface {}{" : "[")
    for (index, element) in elements.enumerated() {
      if index > 0 { write(flags.sharpV ? ", " : " ") }
      write(member: element, verb)
    }
    write(flags.sharpV ? "}" : "]")
    return true
  }

  private mutating func write(_ members: [(key: String, value: Argument)], _ verb: Unicode.Scalar) -> Bool {
    write(flags.sharpV ? "map[string]interface {}{" : "map[")
    for (index, member) in members.enumerated() {
      if index > 0 { write(flags.sharpV ? ", " : " ") }
      write(.string(member.key), verb)
      write(":")
      write(member: member.value, verb)
    }
    write(flags.sharpV ? "}" : "]")
    return true
  }

  private mutating func write(member: Argument, _ verb: Unicode.Scalar) {
    guard case .null = member else { return write(member, verb) }
    write(flags.sharpV ? "interface {}(nil)" : "<nil>")
  }

  private mutating func write(_ value: String, _ verb: Unicode.Scalar) -> Bool {
    switch verb {
    case "v" where flags.sharpV: pad(GoQuote.string(truncated(value)))
    case "v", "s": pad(truncated(value))
    case "x": hexadecimal(value, uppercase: false)
    case "X": hexadecimal(value, uppercase: true)
    case "q":
      let text = truncated(value)
      pad(flags.sharp && GoQuote.canBackquote(text) ? "`\(text)`" : GoQuote.string(text, ascii: flags.plus))
    default: return false
    }
    return true
  }

  private mutating func write(_ value: Int, _ verb: Unicode.Scalar) -> Bool {
    let scalar = UInt32(exactly: value).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}"
    switch verb {
    case "v", "d": integer(value, radix: 10)
    case "b": integer(value, radix: 2, prefix: "0b")
    case "o": integer(value, radix: 8, prefix: "0")
    case "O": integer(value, radix: 8, prefix: "0", alwaysPrefixed: "0o")
    case "x": integer(value, radix: 16, prefix: "0x")
    case "X": integer(value, radix: 16, prefix: "0X", uppercase: true)
    case "c": pad(String(scalar))
    case "q": pad(GoQuote.character(scalar, ascii: flags.plus))
    case "U":
      let digits = String(UInt(bitPattern: value), radix: 16, uppercase: true)
      var text = "U+" + zeros(max(flags.precision ?? 4, 4) - digits.count) + digits
      if flags.sharp, let scalar = UInt32(exactly: value).flatMap(Unicode.Scalar.init), GoQuote.isPrintable(scalar) {
        text += " '\(scalar)'"
      }
      padWithSpaces(text)
    default: return false
    }
    return true
  }

  private mutating func integer(
    _ value: Int, radix: Int, prefix: String = "", alwaysPrefixed: String = "", uppercase: Bool = false
  ) {
    let sign = value < 0 ? "-" : flags.plus ? "+" : flags.space ? " " : ""
    var digits = String(value.magnitude, radix: radix, uppercase: uppercase)
    if let precision = flags.precision {
      if precision == 0 && value == 0 {
        padWithSpaces("")
        return
      }
      digits = zeros(precision - digits.utf8.count) + digits
    } else if flags.padsWithZeros, let width = flags.width {
      digits = zeros(width - sign.utf8.count - digits.utf8.count) + digits
    }
    // A leading zero is all that marks an octal number.
    let isMarked = radix == 8 && digits.utf8.first == UInt8(ascii: "0")
    padWithSpaces(sign + alwaysPrefixed + (flags.sharp && !isMarked ? prefix : "") + digits)
  }

  /// As `big.Int` formats itself, which differs from machine integers in what zeros pad.
  private mutating func write(_ value: BigInt, _ verb: Unicode.Scalar) -> Bool {
    let (radix, prefix): (Int, String)
    switch verb {
    case "b": (radix, prefix) = (2, "0b")
    case "o": (radix, prefix) = (8, "0")
    case "O": (radix, prefix) = (8, "0o")
    case "d", "s", "v": (radix, prefix) = (10, "")
    case "x": (radix, prefix) = (16, "0x")
    case "X": (radix, prefix) = (16, "0X")
    default: return false
    }
    let sign = value < 0 ? "-" : flags.plus || flags.plusV ? "+" : flags.space ? " " : ""
    let mark = sign + (flags.sharp || flags.sharpV || verb == "O" ? prefix : "")
    var digits = String(value.magnitude, radix: radix, uppercase: verb == "X")
    if let precision = flags.precision {
      digits = zeros(precision - digits.utf8.count) + digits
    } else if flags.padsWithZeros, let width = flags.width {
      digits = zeros(width - mark.utf8.count - digits.utf8.count) + digits
    }
    padWithSpaces(mark + digits)
    return true
  }

  private mutating func write(_ value: Double, _ verb: Unicode.Scalar) -> Bool {
    guard let number = GoFloat(value).text(verb, precision: flags.precision, sharp: flags.sharp) else { return false }
    let sign = value.sign == .minus ? "-" : flags.plus ? "+" : flags.space ? " " : ""
    if flags.padsWithZeros, let width = flags.width, !sign.isEmpty {
      write(sign + zeros(width - sign.utf8.count - number.utf8.count) + number)
    } else {
      pad(sign + number)
    }
    return true
  }

  private mutating func hexadecimal(_ value: String, uppercase: Bool) {
    let bytes = value.utf8.prefix(flags.precision ?? Int.max)
    let mark = flags.sharp ? uppercase ? "0X" : "0x" : ""
    var text = ""
    for (index, byte) in bytes.enumerated() {
      if index == 0 { text += mark } else if flags.space { text += " " + mark }
      text += (byte < 0x10 ? "0" : "") + String(byte, radix: 16, uppercase: uppercase)
    }
    pad(text)
  }

  // MARK: Output

  private func truncated(_ value: String) -> String {
    guard let precision = flags.precision, precision < value.utf8.count else { return value }
    return String(value.unicodeScalars.prefix(precision))
  }

  private func zeros(_ count: Int) -> String { String(repeating: "0", count: max(count, 0)) }

  private mutating func write(_ text: String) { output += text.utf8 }

  private mutating func padWithSpaces(_ text: String) {
    let zero = flags.zero
    flags.zero = false
    pad(text)
    flags.zero = zero
  }

  /// Brings the text to the width, which counts Unicode scalars.
  private mutating func pad(_ text: String) {
    let missing = max((flags.width ?? 0) - text.unicodeScalars.count, 0)
    let padding = repeatElement(UInt8(ascii: flags.padsWithZeros ? "0" : " "), count: missing)
    if flags.minus {
      write(text)
      output += padding
    } else {
      output += padding
      write(text)
    }
  }

  // MARK: Format

  private struct Scanner {
    /// Go takes no width, precision or index beyond this for granted.
    static let largest = 1_000_000

    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position >= bytes.count }
    var remaining: Int { bytes.count - position }
    var peek: UInt8? { isAtEnd ? nil : bytes[position] }

    mutating func skip(_ count: Int) { position += count }

    mutating func take(_ byte: UInt8) -> Bool {
      guard peek == byte else { return false }
      position += 1
      return true
    }

    mutating func takeLiteral() -> ArraySlice<UInt8> {
      let start = position
      while let byte = peek, byte != UInt8(ascii: "%") { position += 1 }
      return bytes[start..<position]
    }

    /// Absent when there is none; one that is too large swallows the rest of the format.
    mutating func takeNumber() -> Int? {
      var result: Int?
      while let byte = peek, (0x30...0x39).contains(byte) {
        if let value = result, value > Self.largest {
          position = bytes.count
          return nil
        }
        result = (result ?? 0) * 10 + Int(byte - 0x30)
        position += 1
      }
      return result
    }

    /// The number in the brackets that start here, up to the closing one; absent when it is none.
    mutating func takeIndex() -> Int? {
      guard remaining >= 3, let close = bytes[position...].firstIndex(of: UInt8(ascii: "]")) else {
        position += 1
        return nil
      }
      var inner = Scanner(bytes: Array(bytes[(position + 1)..<close]))
      position = close + 1
      guard let number = inner.takeNumber(), inner.isAtEnd else { return nil }
      return number
    }

    mutating func takeScalar() -> Unicode.Scalar? {
      var decoder = UTF8()
      var iterator = bytes[position...].makeIterator()
      guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
      position += String(scalar).utf8.count
      return scalar
    }
  }
}
