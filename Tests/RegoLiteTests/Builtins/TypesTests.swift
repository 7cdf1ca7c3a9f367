import Testing

@testable import RegoLite

@Suite struct TypesTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      is_array([1]) -> true
      is_array(true) -> false
      is_array({"a": 1}) -> false
      is_array("s") -> false
      is_array(null) -> false
      is_array(1) -> false
      is_boolean([1]) -> false
      is_boolean(true) -> true
      is_boolean({"a": 1}) -> false
      is_boolean("s") -> false
      is_boolean(null) -> false
      is_boolean(1) -> false
      is_object([1]) -> false
      is_object(true) -> false
      is_object({"a": 1}) -> true
      is_object("s") -> false
      is_object(null) -> false
      is_object(1) -> false
      is_string([1]) -> false
      is_string(true) -> false
      is_string({"a": 1}) -> false
      is_string("s") -> true
      is_string(null) -> false
      is_string(1) -> false
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
