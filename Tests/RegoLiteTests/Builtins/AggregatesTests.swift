import Testing

@testable import RegoLite

@Suite struct AggregatesTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      count("héllo") -> 5
      count(null) -> eval_type_error: operand 1 must be one of {array, object, set, string} but got null
      count({}) -> 0
      count("👨‍👩‍👧") -> 5
      count([]) -> 0
      sum([1,2,3.5]) -> 6.5
      sum({1,2}) -> 3
      sum([1,"a"]) -> eval_type_error: operand 1 must be array of numbers but got array containing string
      sum("x") -> eval_type_error: operand 1 must be one of {set, array} but got string
      sum({1,"a"}) -> eval_type_error: operand 1 must be set of numbers but got set containing string
      sum([]) -> 0
      sum([0.1,0.2]) -> 0.3
      sum([1.0]) -> 1
      sum([1e3]) -> 1000
      sum({}) -> eval_type_error: operand 1 must be one of {set, array} but got object
      sum([1.50]) -> 1.5
      sum([123456789012345678901234567890,1]) -> 123456789012345678901234567891
      sum([123456789012345678901234567890]) -> 123456789012345678901234567890
      sum({123456789012345678901234567890,1}) -> 123456789012345678901234567891
      sum([9223372036854775807,1]) -> 9223372036854775808
      sum({9223372036854775807,1}) -> 9223372036854775808
      product([]) -> 1
      product([2,3]) -> 6
      product([2,0.5]) -> 1
      product({2,3}) -> 6
      product([1.0]) -> 1
      product([1,"a"]) -> eval_type_error: operand 1 must be array of numbers but got array containing string
      product("x") -> eval_type_error: operand 1 must be one of {set, array} but got string
      product([1.50]) -> 1.5
      product([123456789012345678901234567890,3]) -> 370370367037037036703703703670
      product([9223372036854775807,9223372036854775807]) -> 85070591730234615847396907784232501249
      product([9223372036854775807,2]) -> 18446744073709551614
      max([]) -> undefined
      max([1,"a"]) -> "a"
      max({1,[2]}) -> [2]
      max("x") -> eval_type_error: operand 1 must be one of {set, array} but got string
      max([1,1.0]) -> 1.0
      max([1.0,1]) -> 1
      min([]) -> undefined
      min([3,1]) -> 1
      min({}) -> eval_type_error: operand 1 must be one of {set, array} but got object
      min([1,1.0]) -> 1.0
      min([1.0,1]) -> 1
      sort([3,1,"a",{},null]) -> [null, 1, 3, "a", {}]
      sort({3,1}) -> [1, 3]
      sort("x") -> eval_type_error: operand 1 must be one of {set, array} but got string
      sort([1.0,1,0]) -> [0, 1.0, 1]
      sort(["b","B","a"]) -> ["B", "a", "b"]
      all([]) -> true
      all([true, false]) -> false
      all([true, 1]) -> false
      all({true}) -> true
      all({true, false}) -> false
      all("x") -> eval_type_error: operand 1 must be one of {array, set} but got string
      any([]) -> false
      any([true, false]) -> true
      any([1]) -> false
      any({true}) -> true
      any({1}) -> false
      any("x") -> eval_type_error: operand 1 must be one of {array, set} but got string
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
