import BigInt

extension Builtins {
  /// Two's complement on integers of any size.
  enum Bits {
    static let rows: [Builtin] = [
      binary("bits.and", and),
      binary("bits.or") { ~and(~$0, ~$1) },
      binary("bits.xor") { a, b in
        let bits = (a < 0 ? ~a : a) ^ (b < 0 ? ~b : b)
        return (a < 0) == (b < 0) ? bits : ~bits
      },
      Builtin("bits.negate", [.number], .number) { arguments, context throws(BuiltinError) in
        .number(Number(~(try arguments.bigInt(1, in: &context))))
      },
      Builtin("bits.lsh", [.number, .number], .number, shiftLeft),
      Builtin("bits.rsh", [.number, .number], .number, shiftRight),
    ]

    // BigInt's own operators lose the sign where the result needs a word more than the operands, and its shift to the
    // right rounds toward zero. So they only get numbers that aren't negative.

    private static func and(_ a: BigInt, _ b: BigInt) -> BigInt {
      switch (a < 0, b < 0) {
      case (false, false): a & b
      case (true, true): ~(~a | ~b)
      case (false, true): a - (a & ~b)
      case (true, false): b - (b & ~a)
      }
    }

    private static func binary(_ name: Text, _ operation: @escaping @Sendable (BigInt, BigInt) -> BigInt) -> Builtin {
      Builtin(name, [.number, .number], .number) { arguments, context throws(BuiltinError) in
        let a = try arguments.bigInt(1, in: &context)
        let b = try arguments.bigInt(2, in: &context)
        return .number(Number(operation(a, b)))
      }
    }

    private static func shiftLeft(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let value = try arguments.bigInt(1, in: &context)
      let shift = try distance(arguments, &context)
      if value.isZero { return 0 }
      guard let distance = Int(exactly: shift), distance < Int.max / 2 else {
        throw BuiltinError(code: .halt, message: "step budget exhausted")
      }
      let digits = (value.bitWidth + distance) / 3
      if digits <= Number.largestConversion {
        try context.charge(bits: value.bitWidth + distance)
        return .number(Number(value << distance))
      }
      try context.charge(digits)
      guard digits <= Number.largestExpansion else {
        throw BuiltinError(code: .halt, message: "number is too large")
      }
      return .number(Number(value).shiftedLeft(by: distance))
    }

    private static func shiftRight(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let value = try arguments.bigInt(1, in: &context)
      let shift = try distance(arguments, &context)
      guard let distance = Int(exactly: shift), distance < value.bitWidth else { return value < 0 ? -1 : 0 }
      return .number(Number(value < 0 ? ~(~value >> distance) : value >> distance))
    }

    private static func distance(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> BigInt {
      let distance = try arguments.bigInt(2, in: &context)
      if distance < 0 { throw .operand(2, "must be an unsigned integer number but got a negative integer") }
      // OPA takes a machine word's bits of it.
      return BigInt(UInt64(truncatingIfNeeded: distance))
    }
  }
}
