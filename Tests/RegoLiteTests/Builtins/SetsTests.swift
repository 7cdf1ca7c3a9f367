import Testing

@testable import RegoLite

@Suite struct SetsTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      and({1,2},{2}) -> {2}
      and([1],{2}) -> eval_type_error: operand 1 must be set but got array
      and({1},[2]) -> eval_type_error: operand 2 must be set but got array
      and(set(),{1}) -> set()
      or({1,2},{3}) -> {1, 2, 3}
      or({1},"x") -> eval_type_error: operand 2 must be set but got string
      intersection({{1,2},{2}}) -> {2}
      intersection({}) -> eval_type_error: operand 1 must be set but got object
      intersection(set()) -> set()
      intersection({1}) -> eval_type_error: operand 1 must be set but got number
      intersection([{1}]) -> eval_type_error: operand 1 must be set but got array
      intersection({{1},{2},{3}}) -> set()
      union(set()) -> set()
      union({{1},{2}}) -> {1, 2}
      union({1}) -> eval_type_error: operand 1 must be set but got number
      union([{1}]) -> eval_type_error: operand 1 must be set but got array
      set_diff({1, 2}, {1}) -> {2}
      set_diff({1}, [1]) -> eval_type_error: operand 2 must be set but got array
      set_diff([1], {1}) -> eval_type_error: operand 1 must be set but got array
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
