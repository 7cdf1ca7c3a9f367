extension Builtins {
  enum Arithmetic {
    static let rows: [Builtin] = [
      binary("plus", "+") { $0 + $1 },
      Builtin(
        "minus", [.any([.number, .anySet]), .any([.number, .anySet])], .any([.number, .anySet]), infix: "-", minus),
      binary("mul", "*") { $0 * $1 },
      Builtin("div", [.number, .number], .number, infix: "/", divide),
      Builtin("rem", [.number, .number], .number, infix: "%", remainder),
      unary("abs") { $0.abs },
      unary("ceil") { $0.ceil },
      unary("floor") { $0.floor },
      unary("round") { $0.round },
    ]

    private static func binary(
      _ name: Text, _ infix: String, _ operation: @escaping @Sendable (Number, Number) -> Number
    ) -> Builtin {
      Builtin(name, [.number, .number], .number, infix: infix) { arguments, context throws(BuiltinError) in
        let (a, b) = (try arguments.number(1), try arguments.number(2))
        try context.charge(combining: a, b)
        return .number(operation(a, b))
      }
    }

    private static func unary(_ name: Text, _ operation: @escaping @Sendable (Number) -> Number) -> Builtin {
      Builtin(name, [.number], .number) { arguments, context throws(BuiltinError) in
        let number = try arguments.number(1)
        try context.charge(bits: number.bitEstimate)
        return .number(operation(number))
      }
    }

    /// The difference of two numbers or of two sets.
    private static func minus(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      switch (arguments.operand(1), arguments.operand(2)) {
      case (.number(let a), .number(let b)):
        try context.charge(combining: a, b)
        return .number(a - b)
      case (.set(let a), .set(let b)):
        try context.charge(a.count)
        return .set(a.subtracting(b))
      case (.set, .number(let b)):
        throw .operand(2, mustBe: "set", got: .number(b))
      case (.number, let b), (.set, let b):
        throw .operand(2, mustBe: "number", got: b)
      case (let a, _):
        throw .operand(1, mustBe: "number", "set", got: a)
      }
    }

    private static func divide(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let (dividend, divisor) = (try arguments.number(1), try arguments.number(2))
      try context.charge(bits: dividend.bitEstimate + divisor.bitEstimate)
      guard let quotient = dividend.divided(by: divisor) else { throw .failure("divide by zero") }
      return .number(quotient)
    }

    private static func remainder(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let (dividend, divisor) = (try arguments.number(1), try arguments.number(2))
      guard dividend.isInteger, divisor.isInteger else { throw .failure("modulo on floating-point number") }
      try context.charge(converting: dividend)
      try context.charge(converting: divisor)
      guard let remainder = dividend.remainder(by: divisor) else { throw .failure("modulo by zero") }
      return .number(remainder)
    }
  }
}
