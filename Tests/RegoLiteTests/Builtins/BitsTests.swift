import Testing

@testable import RegoLite

@Suite struct BitsTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      bits.and(5,3) -> 1
      bits.and(5.5,3) -> eval_type_error: operand 1 must be integer number but got floating-point number
      bits.and(5,3.5) -> eval_type_error: operand 2 must be integer number but got floating-point number
      bits.and("x",3) -> eval_type_error: operand 1 must be integer but got string
      bits.and(-5,3) -> 3
      bits.and(5.0,3) -> 1
      bits.and(123456789012345678901234567890,987654321098765432109876543210) -> 1943960184490269435062782658
      bits.and(1e2,255) -> 100
      bits.or(-5,3) -> -5
      bits.or(123456789012345678901234567890,1) -> 123456789012345678901234567891
      bits.xor(-5,3) -> -8
      bits.xor("a",1) -> eval_type_error: operand 1 must be integer but got string
      bits.xor(1,"a") -> eval_type_error: operand 2 must be integer but got string
      bits.negate(5) -> -6
      bits.negate(-1) -> 0
      bits.negate(1.5) -> eval_type_error: operand 1 must be integer number but got floating-point number
      bits.negate(123456789012345678901234567890) -> -123456789012345678901234567891
      bits.negate("a") -> eval_type_error: operand 1 must be integer but got string
      bits.lsh(1,3) -> 8
      bits.lsh(1,-3) -> eval_type_error: operand 2 must be an unsigned integer number but got a negative integer
      bits.lsh(-1,3) -> -8
      bits.lsh(1,100) -> 1267650600228229401496703205376
      bits.lsh(1,1.5) -> eval_type_error: operand 2 must be integer number but got floating-point number
      bits.lsh(1.5,1) -> eval_type_error: operand 1 must be integer number but got floating-point number
      bits.lsh(1.0,1) -> 2
      bits.lsh(0,99999999999) -> 0
      bits.lsh(1e1,1) -> 20
      bits.lsh("a",1) -> eval_type_error: operand 1 must be integer but got string
      bits.rsh(-8,1) -> -4
      bits.rsh(-1,10) -> -1
      bits.rsh(8,-1) -> eval_type_error: operand 2 must be an unsigned integer number but got a negative integer
      bits.rsh(8,"x") -> eval_type_error: operand 2 must be integer but got string
      bits.rsh(8,99999999999999999999) -> 0
      bits.rsh(5,1e0) -> 2
      """#))
  func rows(_ row: BuiltinCase) { row.check() }

  /// OPA shifts by the lower 64 bits of the distance.
  @Test(
    arguments: BuiltinCase.table(
      #"""
      bits.rsh(1, 18446744073709551616) -> 1
      bits.rsh(-1, 18446744073709551616) -> -1
      """#))
  func distancesBeyondAMachineWord(_ row: BuiltinCase) { row.check() }
}
