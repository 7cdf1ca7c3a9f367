import StrictJSON

extension Builtins {
  enum Aggregates {
    static let rows: [Builtin] = [
      Builtin("count", [.any([.string, .anyArray, .anyObject, .anySet])], .number, count),
      Builtin("sum", [.any([.array(of: .number), .set(.number)])], .number, sum),
      Builtin("product", [.any([.array(of: .number), .set(.number)])], .number, product),
      Builtin("max", [.arrayOrSet], .anything, max),
      Builtin("min", [.arrayOrSet], .anything, min),
      Builtin("sort", [.arrayOrSet], .anyArray, sort),
      Builtin("all", [.arrayOrSet], .boolean, deprecated: true, all),
      Builtin("any", [.arrayOrSet], .boolean, deprecated: true, any),
    ]

    /// Elements, keys, or characters (Unicode scalars).
    private static func count(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      switch arguments.operand(1) {
      case .array(let array): return .int(array.count)
      case .object(let object): return .int(object.count)
      case .set(let set): return .int(set.count)
      case .string(let text):
        try context.charge(bytes: text.utf8.count)
        return .int(text.string.unicodeScalars.count)
      case let other: throw .operand(1, mustBe: "array", "object", "set", "string", got: other)
      }
    }

    private static func sum(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let numbers = try numbers(arguments, &context)
      guard numbers.allSatisfy(\.isInteger) else {
        var result = ExtendedFloat.zero(isNegative: false)
        for number in numbers {
          try context.charge(bits: number.bitEstimate)
          result = result + ExtendedFloat(number)
        }
        return .number(Number(result))
      }
      // Adding nothing brings a single element into the form that arithmetic gives its results: 1 for 1.0.
      var result: Number = 0
      for number in numbers {
        try context.charge(combining: result, number)
        result = result + number
      }
      return .number(result)
    }

    private static func product(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let numbers = try numbers(arguments, &context)
      // Each step multiplies by all digits so far.
      var digits = 0
      for number in numbers {
        digits += Swift.max(1, number.parts.exponent)
        guard digits <= Number.largestExpansion else {
          throw BuiltinError(code: .halt, message: "number is too large")
        }
        try context.charge(digits / 4)
      }
      return .number(.product(of: numbers))
    }

    private static func numbers(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> [Number] {
      let elements = try arguments.elements(1)
      try context.charge(elements.count)
      var numbers: [Number] = []
      for element in elements {
        guard case .number(let number) = element else {
          throw .operand(1, mustHold: "number", in: arguments.operand(1), got: element)
        }
        numbers.append(number)
      }
      return numbers
    }

    /// The last of the largest; undefined for none.
    private static func max(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let elements = try arguments.elements(1)
      if case .set = arguments.operand(1) { return elements.last }
      try context.charge(elements.count)
      guard var result = elements.first else { return nil }
      for element in elements.dropFirst() where element >= result { result = element }
      return result
    }

    /// The last of the smallest; undefined for none.
    private static func min(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let elements = try arguments.elements(1)
      if case .set = arguments.operand(1) { return elements.first }
      try context.charge(elements.count)
      guard var result = elements.first else { return nil }
      for element in elements.dropFirst() where element <= result { result = element }
      return result
    }

    private static func sort(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let elements = try arguments.elements(1)
      if case .set = arguments.operand(1) { return .array(elements) }
      let rounds = Int.bitWidth - elements.count.leadingZeroBitCount
      try context.charge(elements.count * rounds)
      return .array(elements.sorted())
    }

    private static func all(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let elements = try collection(arguments, &context)
      return .boolean(elements.allSatisfy { $0 == true })
    }

    private static func any(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let elements = try collection(arguments, &context)
      return .boolean(elements.contains(true))
    }

    private static func collection(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> [Value] {
      switch arguments.operand(1) {
      case .array(let elements):
        try context.charge(elements.count)
        return elements
      case .set(let set):
        try context.charge(set.count)
        return set.elements
      case let other: throw .operand(1, mustBe: "array", "set", got: other)
      }
    }
  }
}
