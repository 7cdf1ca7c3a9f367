import BigInt

extension Builtins {
  enum Numbers {
    static let rows: [Builtin] = [
      Builtin("numbers.range", [.number, .number], .array(of: .number)) { arguments, context throws(BuiltinError) in
        let first = try arguments.bigInt(1, in: &context)
        let last = try arguments.bigInt(2, in: &context)
        return try range(from: first, through: last, step: 1, &context)
      },
      Builtin("numbers.range_step", [.number, .number, .number], .array(of: .number)) {
        arguments, context throws(BuiltinError) in
        let first = try arguments.bigInt(1, in: &context)
        let last = try arguments.bigInt(2, in: &context)
        let step = try arguments.bigInt(3, in: &context)
        guard step > 0 else { throw .failure("numbers.range_step: step must be a positive integer") }
        return try range(from: first, through: last, step: step, &context)
      },
      Builtin("rand.intn", [.string, .number], .number, deterministic: false, randomInteger),
    ]

    /// At least 0 and below the operand's magnitude; the same for the same operands throughout an evaluation.
    private static func randomInteger(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let (seed, limit) = (try arguments.text(1), try arguments.int(2).magnitude)
      if limit == 0 { return 0 }
      let key: Value = ["rand.intn", .string(seed), arguments.operand(2)]
      if let known = context.memo[key] { return known }
      let value = Value.number(Number(BigInt(context.random.next(upperBound: limit))))
      context.memo[key] = value
      return value
    }

    /// Both ends included; down when the first is the greater.
    private static func range(
      from first: BigInt, through last: BigInt, step: BigInt, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value {
      let descends = first > last
      let distance = descends ? first - last : last - first
      guard let steps = Int(exactly: distance / step), steps < Int.max else {
        throw BuiltinError(code: .halt, message: "step budget exhausted")
      }
      try context.charge(steps + 1)
      if let first = Int(exactly: first), Int(exactly: last) != nil {
        guard let step = Int(exactly: step) else { return .array([.int(first)]) }
        // INVARIANT: every element lies between the two, so that what overflows on the way there comes back.
        return .array((0...steps).map { .int(descends ? first &- $0 &* step : first &+ $0 &* step) })
      }
      let stride = descends ? -step : step
      var elements: [Value] = []
      elements.reserveCapacity(steps + 1)
      for index in 0...steps {
        let element = first + BigInt(index) * stride
        try context.charge(bits: element.bitWidth)
        elements.append(.number(Number(element)))
      }
      return .array(elements)
    }
  }
}
