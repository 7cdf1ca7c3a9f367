import StrictJSON

/// A builtin function: OPA's declaration of it, and what it does.
final class Builtin: Sendable {
  /// OPA's name, such as `count` or `json.unmarshal`.
  let name: Text
  let arguments: [RegoType]
  let result: RegoType
  /// The symbol that the text has for it (`+`, `==`), absent for the others.
  let infix: String?
  /// OPA wants `rego_type_error` or a strict-mode error for uses of it.
  let isDeprecated: Bool
  /// The same arguments give the same result in any evaluation: false for the clock, randomness and the world outside.
  let isDeterministic: Bool
  /// A call stands for a statement only; it is no value (`print`).
  let isVoid: Bool
  /// Takes any number of arguments of any type (`print`).
  let isVariadic: Bool
  let body: Body

  typealias Function = @Sendable (_ arguments: [Value], inout BuiltinContext) throws(BuiltinError) -> Value?

  enum Body: Sendable {
    /// Undefined when the result is absent.
    case function(Function)
    /// The call has each of the results in turn (`walk`).
    case relation(@Sendable (_ arguments: [Value], inout BuiltinContext) throws(BuiltinError) -> [Value])
    /// The compiler turns the call into statements of its own (`eq`, `assign`, `rego.metadata.rule`, …).
    case compiled
  }

  convenience init(
    _ name: Text, _ arguments: [RegoType], _ result: RegoType, infix: String? = nil, deprecated: Bool = false,
    deterministic: Bool = true, void: Bool = false, variadic: Bool = false, _ function: @escaping Function
  ) {
    self.init(
      name, arguments, result, infix: infix, deprecated: deprecated, deterministic: deterministic, void: void,
      variadic: variadic, body: .function(function))
  }

  init(
    _ name: Text, _ arguments: [RegoType], _ result: RegoType, infix: String? = nil, deprecated: Bool = false,
    deterministic: Bool = true, void: Bool = false, variadic: Bool = false, body: Body
  ) {
    self.name = name
    self.arguments = arguments
    self.result = result
    self.infix = infix
    self.isDeprecated = deprecated
    self.isDeterministic = deterministic
    self.isVoid = void
    self.isVariadic = variadic
    self.body = body
  }
}

/// Why a builtin has no result. The expression is then undefined, or the evaluation fails when strict errors are on.
struct BuiltinError: Error, Equatable {
  enum Code: Sendable {
    /// An operand has the wrong type: OPA's `eval_type_error`.
    case type
    /// Anything else: OPA's `eval_builtin_error`.
    case builtin
    /// Ends the evaluation whether errors are strict or not: budgets and cancellation, OPA's `eval_cancel_error`.
    case halt
    /// Ends the evaluation, too: what the builtin should do is not there yet.
    case unsupported
  }
  let code: Code
  /// OPA's text without the builtin's name: `operand 1 must be set but got string`, `divide by zero`.
  let message: String
}

/// What one evaluation lends its builtins. One per evaluation, so that the clock stands still and memo tables hold.
struct BuiltinContext {
  /// Nanoseconds since 1970-01-01T00:00:00Z, the same for the whole evaluation.
  var nowNanoseconds: Int64
  /// Random bytes for `rand.intn` and `uuid.rfc4122`.
  var random: any RandomNumberGenerator & Sendable
  /// What `rand.intn` and `uuid.rfc4122` have answered for a key; cleared with the evaluation.
  var memo: [Value: Value] = [:]
  /// Work left, in steps; a builtin whose cost grows with its operands takes some with `charge`.
  var stepsLeft: Int
  /// What the call at hand may still read and write: no budget of steps is to end in all of the memory being used.
  var bytesLeft = BuiltinContext.bytesPerCall
  static let bytesPerCall = 256 << 20
  /// The lines that `print` wrote, in order.
  var printed: [String] = []

  /// Takes `steps` from the budget.
  mutating func charge(_ steps: Int) throws(BuiltinError) {
    guard steps <= stepsLeft else {
      stepsLeft = -1
      throw BuiltinError(code: .halt, message: "step budget exhausted")
    }
    stepsLeft -= steps
  }

  /// Takes a step for every 32 bytes read or written.
  mutating func charge(bytes: Int) throws(BuiltinError) {
    bytesLeft -= min(bytes, bytesLeft + 1)
    if bytesLeft < 0 { throw BuiltinError(code: .halt, message: "memory budget exhausted") }
    try charge(bytes >> 5)
  }

  /// Takes what it costs to write the value out. A value that shares its parts may be exponentially longer as text than
  /// in memory.
  mutating func charge(text value: Value) throws(BuiltinError) {
    switch value {
    case .null, .boolean: try charge(1)
    case .number(let number): try charge(1 + number.bitEstimate >> 8)
    case .string(let text): try charge(1 + text.utf8.count >> 5)
    case .array(let elements): for element in elements { try charge(text: element) }
    case .set(let set): for element in set.elements { try charge(text: element) }
    case .object(let object):
      for (key, value) in object.entries {
        try charge(text: key)
        try charge(text: value)
      }
    }
  }

  /// Takes steps for arithmetic on integers of so many bits: nothing up to 64, beyond that the square of the words, for
  /// a product and for the conversion to decimal.
  mutating func charge(bits: Int) throws(BuiltinError) {
    let words = bits >> 6
    if words == 0 { return }
    let (square, overflow) = words.multipliedReportingOverflow(by: words)
    try charge(overflow ? Int.max : words + square >> 6)
  }

  /// Takes steps for a sum or a product. An integer that would have too many digits ends the evaluation: rounded, it
  /// would be another number.
  mutating func charge(combining a: Number, _ b: Number) throws(BuiltinError) {
    if a.intValue != nil, b.intValue != nil { return }
    let digits = max(0, a.parts.exponent) + max(0, b.parts.exponent)
    guard a.isInteger, b.isInteger, digits > 1_000 else { return try charge(bits: a.bitEstimate + b.bitEstimate) }
    guard digits <= Number.largestExpansion else {
      throw BuiltinError(code: .halt, message: "number is too large")
    }
    try charge(digits / 4)
  }

  /// Takes steps for an operation that needs the number's bits.
  mutating func charge(converting number: Number) throws(BuiltinError) {
    if number.isInteger, number.parts.exponent > Number.largestConversion {
      throw BuiltinError(code: .halt, message: "number is too large")
    }
    try charge(bits: number.bitEstimate)
  }
}
