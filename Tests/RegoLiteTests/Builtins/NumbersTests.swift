import Testing

@testable import RegoLite

@Suite struct NumbersTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      numbers.range(1,3) -> [1, 2, 3]
      numbers.range(3,1) -> [3, 2, 1]
      numbers.range(1,1) -> [1]
      numbers.range(1.5,3) -> eval_type_error: operand 1 must be integer number but got floating-point number
      numbers.range(1,3.5) -> eval_type_error: operand 2 must be integer number but got floating-point number
      numbers.range("a",3) -> eval_type_error: operand 1 must be integer but got string
      numbers.range(1.0,3) -> [1, 2, 3]
      numbers.range(1e1,12) -> [10, 11, 12]
      numbers.range(12.0,10.0) -> [12, 11, 10]
      numbers.range(9223372036854775806,9223372036854775808) -> [9223372036854775806, 9223372036854775807, 9223372\#
      036854775808]
      numbers.range(-2,2) -> [-2, -1, 0, 1, 2]
      numbers.range_step(1,10,3) -> [1, 4, 7, 10]
      numbers.range_step(10,1,3) -> [10, 7, 4, 1]
      numbers.range_step(1,10,0) -> eval_builtin_error: numbers.range_step: step must be a positive integer
      numbers.range_step(1,10,-1) -> eval_builtin_error: numbers.range_step: step must be a positive integer
      numbers.range_step(1,10,1.5) -> eval_type_error: operand 3 must be integer number but got floating-point number
      numbers.range_step(1,10,"x") -> eval_type_error: operand 3 must be integer but got string
      numbers.range_step(1.5,10,1) -> eval_type_error: operand 1 must be integer number but got floating-point number
      numbers.range_step(1,1,2) -> [1]
      numbers.range_step(1e0,5,2.0) -> [1, 3, 5]
      numbers.range_step(5,1,2) -> [5, 3, 1]
      numbers.range_step(1,3,99999999999999999999) -> [1]
      rand.intn("x",0) -> 0
      rand.intn("x",1) -> 0
      rand.intn("x","y") -> eval_type_error: operand 2 must be number but got string
      rand.intn(1,2) -> eval_type_error: operand 1 must be string but got number
      rand.intn("x",1.5) -> eval_type_error: operand 2 must be integer number but got floating-point number
      rand.intn("x",1.0) -> 0
      rand.intn("x",-1) -> 0
      rand.intn("x",99999999999999999999) -> eval_type_error: operand 2 must be integer number but got floating-po\#
      int number
      """#))
  func rows(_ row: BuiltinCase) { row.check() }

  @Test func randomNumbersStandForOneEvaluation() throws {
    var context = BuiltinContext.forTests()
    let calls: [[Value]] = [["a", 1000], ["b", 1000], ["a", 1000], ["a", 999], ["a", -1000], ["a", 1000]]
    let answers = try calls.map { try BuiltinCase.call("rand.intn", $0, &context)?.asInt }
    #expect(answers[0] == answers[2] && answers[0] == answers[5])
    #expect(context.memo.count == 4)
    #expect(answers.allSatisfy { (0..<1000).contains($0 ?? -1) })
  }
}
