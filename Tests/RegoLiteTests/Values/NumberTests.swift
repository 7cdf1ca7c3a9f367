import BigInt
import StrictJSON
import Testing

@testable import RegoLite

@Suite struct NumberTests {
  // What OPA 1.20.2 answers.
  @Test(arguments: [
    ("plus", "1", "1", "2"),
    ("plus", "9223372036854775807", "1", "9223372036854775808"),
    ("plus", "-9223372036854775808", "-1", "-9223372036854775809"),
    ("plus", "123456789012345678901234567890", "1", "123456789012345678901234567891"),
    ("plus", "18446744073709551617", "1.0", "18446744073709551618"),
    ("plus", "1e30", "1", "1000000000000000000000000000001"),
    ("plus", "0.1", "0.2", "0.3"),
    ("plus", "1.1", "2.2", "3.3000000000000000002"),
    ("plus", "0.7", "0.1", "0.8"),
    ("plus", "1e15", "0.3", "1.0000000000000003e+15"),
    ("plus", "9007199254740993", "0.5", "9.0071992547409935e+15"),
    ("plus", "123456789.125", "0", "1.23456789125e+08"),
    ("plus", "123456.5", "0.25", "123456.75"),
    ("plus", "0.0000001", "0.0", "1e-07"),
    ("plus", "1e-5", "0.0", "1e-05"),
    ("plus", "18446744073709551617.5", "0", "18446744073709551618"),
    ("plus", "18446744073709551617", "0.00000000000000000001", "18446744073709551616"),
    ("plus", "0.5", "-0.5", "0"),
    ("plus", "-0", "0", "0"),
    ("plus", "-0.0", "-0.0", "0"),
    ("plus", "1.00000000000000000001", "0", "1"),
    ("plus", "1e40", "-1e40", "0"),
    ("minus", "5", "1.0", "4"),
    ("minus", "1", "0.9", "0.10000000000000000002"),
    ("minus", "0.3", "0.1", "0.20000000000000000002"),
    ("minus", "-9223372036854775808", "1", "-9223372036854775809"),
    ("minus", "1e30", "1", "999999999999999999999999999999"),
    ("minus", "1.5", "1.5", "0"),
    ("minus", "0", "0.0", "0"),
    ("mul", "2", "0.5", "1"),
    ("mul", "1.1", "1.1", "1.21"),
    ("mul", "100", "1.1", "110"),
    ("mul", "4.35", "100", "435"),
    ("mul", "0.1", "0.1", "0.010000000000000000001"),
    ("mul", "4611686018427387904", "4", "18446744073709551616"),
    ("mul", "9223372036854775807", "9223372036854775807", "85070591730234615847396907784232501249"),
    ("mul", "0", "-1.5", "-0"),
    ("mul", "-0.5", "0", "-0"),
    ("mul", "0.0", "-1", "0"),
    ("mul", "-0.0", "-1.5", "0"),
    ("mul", "1.5e-300", "1.1", "1.6500000000000000001e-300"),
    ("mul", "65536.0001", "65536.0001", "4.29496730910720001e+09"),
    ("mul", "4294967296.5", "4294967296.5", "18446744078004518912"),
    ("mul", "1.00000000000000000001", "18446744073709551617", "18446744073709551616"),
    ("mul", "8.41e21", "1.1", "9251000000000000000000"),
    ("div", "10", "4", "2.5"),
    ("div", "6", "3", "2"),
    ("div", "1", "3", "0.33333333333333333334"),
    ("div", "2", "3", "0.6666666666666666667"),
    ("div", "22", "7", "3.1428571428571428572"),
    ("div", "100", "3", "33.333333333333333332"),
    ("div", "1e10", "3", "3.3333333333333333333e+09"),
    ("div", "1e19", "3", "3.3333333333333333332e+18"),
    ("div", "1e20", "3", "33333333333333333334"),
    ("div", "1e21", "3", "333333333333333333340"),
    ("div", "0", "-1", "-0"),
    ("div", "0.0", "-1.5", "-0"),
    ("div", "-9223372036854775808", "-1", "9223372036854775808"),
    ("div", "9223372036854775807", "2", "4.6116860184273879035e+18"),
    ("div", "18446744073709551617", "1", "18446744073709551616"),
    ("div", "18446744073709551619", "1", "18446744073709551620"),
    ("div", "123456789012345678901234567890", "1", "123456789012345678900000000000"),
    ("div", "1", "1e23", "1e-23"),
    ("div", "1", "1e100", "1.00000000000000000004e-100"),
    ("div", "1e67", "3", "3333333333333333333300000000000000000000000000000000000000000000000"),
    ("div", "5e-324", "1", "5e-324"),
    ("div", "1", "8", "0.125"),
    ("rem", "5", "2", "1"),
    ("rem", "-5", "2", "-1"),
    ("rem", "5", "-2", "1"),
    ("rem", "5.0", "2", "1"),
    ("rem", "1e3", "7", "6"),
    ("rem", "-9223372036854775808", "-1", "0"),
    ("rem", "18446744073709551617", "10", "7"),
    ("rem", "123456789012345678901234567890", "7", "0"),
    ("rem", "-123456789012345678901234567890", "1000", "-890"),
    ("rem", "1e40", "7", "4"),
    ("rem", "1", "18446744073709551617", "1"),
  ])
  func calculates(operation: String, a: String, b: String, result: String) throws {
    let (x, y) = (try #require(Number(literal: a)), try #require(Number(literal: b)))
    let number: Number? =
      switch operation {
      case "plus": x + y
      case "minus": x - y
      case "mul": x * y
      case "div": x.divided(by: y)
      default: x.remainder(by: y)
      }
    #expect(number?.description == result)
  }

  // What OPA 1.20.2 answers.
  @Test(arguments: [
    ("abs", "-2", "2"),
    ("abs", "-1.5", "1.5"),
    ("abs", "1.50", "1.5"),
    ("abs", "5.00", "5"),
    ("abs", "-0", "0"),
    ("abs", "-0.0", "0"),
    ("abs", "1e2", "100"),
    ("abs", "18446744073709551617", "18446744073709551616"),
    ("abs", "-9223372036854775808", "9223372036854775808"),
    ("abs", "-123456789012345678901234567890", "123456789012345678900000000000"),
    ("abs", "1234567.5", "1.2345675e+06"),
    ("abs", "0.00001", "1e-05"),
    ("abs", "-1e-10", "1e-10"),
    ("ceil", "1.2", "2"),
    ("ceil", "-1.2", "-1"),
    ("ceil", "-0.2", "1"),
    ("ceil", "0.1", "1"),
    ("ceil", "5.0", "5"),
    ("ceil", "1e2", "100"),
    ("ceil", "-0.0", "0"),
    ("ceil", "1e30", "1000000000000000000024696061952"),
    ("ceil", "9223372036854775808", "9223372036854775808"),
    ("ceil", "123456789012345678901234567890", "123456789012345678899921813504"),
    ("ceil", "-1.5", "-1"),
    ("floor", "1.2", "1"),
    ("floor", "-1.2", "-2"),
    ("floor", "-0.2", "0"),
    ("floor", "0.5", "0"),
    ("floor", "5.00", "5"),
    ("floor", "1e30", "1000000000000000000024696061952"),
    ("floor", "18446744073709551617", "18446744073709551616"),
    ("floor", "-0.0", "0"),
    ("floor", "-1.5", "-2"),
    ("round", "1.5", "2"),
    ("round", "2.5", "3"),
    ("round", "-2.5", "-3"),
    ("round", "-0.2", "0"),
    ("round", "0.5", "1"),
    ("round", "-0.5", "-1"),
    ("round", "0.49999999999999999999", "1"),
    ("round", "1e30", "1000000000000000000024696061952"),
    ("round", "18446744073709551615", "18446744073709551616"),
    ("round", "3.0", "3"),
    ("round", "1e2", "100"),
  ])
  func rounds(operation: String, a: String, result: String) throws {
    let x = try #require(Number(literal: a))
    let number =
      switch operation {
      case "abs": x.abs
      case "ceil": x.ceil
      case "floor": x.floor
      default: x.round
      }
    #expect(number.description == result)
  }

  @Test(arguments: ["0", "0.0", "-0", "0e5"])
  func hasNoQuotientByZero(zero: String) throws {
    let divisor = try #require(Number(literal: zero))
    #expect(Number(1).divided(by: divisor) == nil)
    #expect(Number(1).remainder(by: divisor) == nil)
  }

  @Test func hasNoRemainderOfDecimals() throws {
    let decimal = try #require(Number(literal: "1.5"))
    #expect(decimal.remainder(by: 2) == nil)
    #expect(Number(2).remainder(by: decimal) == nil)
    #expect(!decimal.isInteger)
  }

  @Test(arguments: [
    "1.0", "1e3", "1.50", "-0", "-0.0", "1E400", "1e+3", "123456789012345678901234567890", "1e-1000000000",
  ])
  func printsAsWritten(literal: String) throws {
    let number = try #require(Number(literal: literal))
    #expect(number.description == literal)
    #expect(number.jsonNumber.literal == literal)
    #expect(Value.number(number).json() == literal)
  }

  /// Each is equal to all in its row and below all in the next.
  static let ascending = [
    ["-1e99999999999999999999"], ["-1e400", "-10e399"], ["-9223372036854775809"],
    ["-9223372036854775808", "-9223372036854775808.0"],
    ["-1.5", "-15e-1"], ["-1", "-1.0"], ["-1e-1000000000"], ["0", "-0", "0.0", "0e9"], ["1e-400"],
    ["0.1", "1e-1", "0.10"],
    ["0.10000000000000000000001"], ["0.3"], ["0.30000000000000000000000001"], ["1", "1.0", "1e0", "10e-1", "0.1e1"],
    ["9007199254740992"], ["9007199254740993"], ["9223372036854775807", "9223372036854775807.0"],
    ["9223372036854775808"],
    ["18446744073709551616"], ["18446744073709551617", "18446744073709551617.000"], ["1e400", "10e399"],
    ["1e1000000000"],
  ]

  @Test func ordersAndHashesByValue() throws {
    let rows = try Self.ascending.map { row in try row.map { try #require(Number(literal: $0)) } }
    for (i, row) in rows.enumerated() {
      for (j, other) in rows.enumerated() {
        for (a, b) in row.flatMap({ a in other.map { (a, $0) } }) {
          #expect((a == b) == (i == j), "\(a) and \(b)")
          #expect((a < b) == (i < j), "\(a) and \(b)")
          if i == j { #expect(a.hashValue == b.hashValue, "\(a) and \(b)") }
        }
      }
    }
  }

  @Test func convertsIntegers() throws {
    let large: BigInt = "123456789012345678901234567890"
    #expect(Number(large).description == "123456789012345678901234567890")
    #expect(Number(large).bigInt == large)
    #expect(Number(literal: "12345678901234567890123456789e1")?.bigInt == large)
    #expect(Number(BigInt(7)).intValue == 7)
    #expect(Number(literal: "7.0")?.intValue == 7)
    #expect(Number(literal: "7.5")?.bigInt == nil)
    #expect(Number(literal: "1e400")?.doubleValue == .infinity)
    #expect(Number(Double.nan) == nil)
    #expect(Number(0.1)?.description == "0.1")
    #expect(Number(Int64.min).description == "-9223372036854775808")
  }

  /// Long integers stay exact, whichever way the arithmetic is done.
  @Test func longIntegersAreExact() throws {
    func number(_ text: String) throws -> Number { try #require(Number(literal: text)) }
    let nines = String(repeating: "9", count: 40_000)
    let power = "1" + String(repeating: "0", count: 40_000)
    #expect((try number(nines) + 1).description == power)
    #expect((try number(power) - 1).description == nines)
    #expect((try number("-" + nines) - 1).description == "-" + power)
    #expect((try number(nines) - number(nines)).description == "0")
    // (10^n - 1)^2 = 10^2n - 2 * 10^n + 1
    let square = String(repeating: "9", count: 39_999) + "8" + String(repeating: "0", count: 39_999) + "1"
    #expect((try number(nines) * number("-" + nines)).description == "-" + square)
    #expect((try number(power) * 0).description == "0")
    var random = SeededGenerator(seed: 3)
    for digits in [1_001, 1_500, 3_000] {
      let texts = (0..<2).map { _ in
        "7" + String((1..<digits).map { _ in Character("\(Int.random(in: 0...9, using: &random))") })
      }
      let (a, b) = (try number(texts[0]), try number("-" + texts[1]))
      let (x, y) = (try #require(BigInt(texts[0])), -(try #require(BigInt(texts[1]))))
      #expect((a + b).description == String(x + y))
      #expect((a - b).description == String(x - y))
      #expect((b - a).description == String(y - x))
      #expect((a * b).description == String(x * y))
    }
  }

  /// Exponents that no machine could write out cost no more than others, and nothing traps.
  @Test(arguments: ["1e1000000000", "-1e-1000000000", "1e99999999999999999999", "1e-99999999999999999999"])
  func boundsWork(literal: String) throws {
    let number = try #require(Number(literal: literal))
    let operands: [Number] = [number, 3, try #require(Number(literal: literal.hasPrefix("-") ? "2.5" : "-2.5"))]
    for other in operands {
      let results: [Number?] = [
        number + other, number - other, other - number, number * other, number.divided(by: other),
        other.divided(by: number), number.remainder(by: other),
      ]
      for result in results.compactMap({ $0 }) {
        #expect(result.description.utf8.count < Number.largestConversion + 100)
      }
    }
    for result in [number.ceil, number.floor, number.round, number.abs, number.negated] {
      #expect(result.description.utf8.count < 100)
    }
  }

  @Test func boundsGrowth() throws {
    var number = try #require(Number(literal: "7e500"))
    for _ in 0..<8 { number = number * number }
    #expect(number.description.utf8.count == 500 * 256 + 217)
    number = try #require(Number(literal: "7e2100000"))
    #expect((number * number).description.utf8.count < 100)
    #expect(number * number > number)
  }

  /// The shortest text of a float reads back as the same float.
  @Test func readsBackFloats() throws {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<200 {
      let exponent = Int.random(in: -5_000...5_000, using: &random)
      let float = ExtendedFloat(
        isNegative: Bool.random(using: &random), magnitude: UInt128(random.next() | 1 << 63), exponent: exponent,
        isInexact: false)
      let back = ExtendedFloat(Number(float))
      #expect(back.mantissa == float.mantissa)
      #expect(back.exponent == float.exponent)
      #expect(back.isNegative == float.isNegative)
    }
  }
}
