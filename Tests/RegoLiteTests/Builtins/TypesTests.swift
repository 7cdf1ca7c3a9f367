import Testing

@testable import RegoLite

@Suite struct TypesTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      is_null(null) -> true
      is_null(1) -> false
      is_number("a") -> false
      is_number(1) -> true
      is_set({1}) -> true
      type_name(1) -> "number"
      type_name(set()) -> "set"
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
