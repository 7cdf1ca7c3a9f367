import Testing

@testable import RegoLite

@Suite struct ComparisonTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      equal(1,1.0) -> true
      neq(1,2) -> true
      lt(1,"a") -> true
      lte({},[]) -> false
      gt(null,false) -> false
      gte(set(),{}) -> true
      internal.member_2(1,[1,2]) -> true
      internal.member_2(1,"x") -> false
      internal.member_2(1,{"a":1}) -> true
      internal.member_2(1,null) -> false
      internal.member_3(0,1,[1]) -> true
      internal.member_3(0,1,{1}) -> false
      internal.member_3(1,1,{1}) -> true
      internal.member_3(0,1,"x") -> false
      internal.member_3(0.5,1,[1]) -> false
      internal.member_3("x",1,[1]) -> false
      internal.member_3(1,1,{1:1}) -> true
      internal.member_3(0.0,1,[1]) -> true
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
