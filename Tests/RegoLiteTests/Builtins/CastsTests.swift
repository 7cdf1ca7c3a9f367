import Testing

@testable import RegoLite

@Suite struct CastsTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      to_number(null) -> 0
      to_number(true) -> 1
      to_number(false) -> 0
      to_number(1.50) -> 1.50
      to_number("1.50") -> 1.50
      to_number("1e3") -> 1e3
      to_number("0x10") -> eval_builtin_error: strconv.ParseFloat: parsing "0x10": invalid syntax
      to_number("") -> eval_builtin_error: strconv.ParseFloat: parsing "": invalid syntax
      to_number(" 1") -> eval_builtin_error: strconv.ParseFloat: parsing " 1": invalid syntax
      to_number("1 ") -> eval_builtin_error: strconv.ParseFloat: parsing "1 ": invalid syntax
      to_number("-1") -> -1
      to_number("-") -> eval_builtin_error: strconv.ParseFloat: parsing "-": invalid syntax
      to_number("inf") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("Inf") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("NaN") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("nan") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("infinity") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("-Infinity") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("1e400") -> eval_builtin_error: strconv.ParseFloat: parsing "1e400": value out of range
      to_number("1e-400") -> 1e-400
      to_number("0b1") -> eval_builtin_error: strconv.ParseFloat: parsing "0b1": invalid syntax
      to_number("1e") -> eval_builtin_error: strconv.ParseFloat: parsing "1e": invalid syntax
      to_number("123456789012345678901234567890") -> 123456789012345678901234567890
      to_number([1]) -> eval_type_error: operand 1 must be one of {null, boolean, number, string} but got array
      to_number("abc") -> eval_builtin_error: strconv.ParseFloat: parsing "abc": invalid syntax
      to_number("1E5") -> 1E5
      to_number("1e+5") -> 1e+5
      to_number("1.0") -> 1.0
      to_number("-0") -> -0
      to_number("0.0") -> 0.0
      to_number("Infinity") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("0x") -> eval_builtin_error: strconv.ParseFloat: parsing "0x": invalid syntax
      to_number("0x1") -> eval_builtin_error: strconv.ParseFloat: parsing "0x1": invalid syntax
      to_number("_1") -> eval_builtin_error: strconv.ParseFloat: parsing "_1": invalid syntax
      to_number("1__0") -> eval_builtin_error: strconv.ParseFloat: parsing "1__0": invalid syntax
      to_number("é") -> eval_builtin_error: strconv.ParseFloat: parsing "é": invalid syntax
      to_number("a\"b\n") -> eval_builtin_error: strconv.ParseFloat: parsing "a\"b\n": invalid syntax
      to_number("+inf") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("+Inf") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("infin") -> eval_builtin_error: strconv.ParseFloat: parsing "infin": invalid syntax
      to_number("1e309") -> eval_builtin_error: strconv.ParseFloat: parsing "1e309": value out of range
      to_number("-1e309") -> eval_builtin_error: strconv.ParseFloat: parsing "-1e309": value out of range
      to_number("0x1p99999") -> eval_builtin_error: strconv.ParseFloat: parsing "0x1p99999": value out of range
      to_number("1e99999999999") -> eval_builtin_error: strconv.ParseFloat: parsing "1e99999999999": value out of range
      to_number(".") -> eval_builtin_error: strconv.ParseFloat: parsing ".": invalid syntax
      to_number("1e1.5") -> eval_builtin_error: strconv.ParseFloat: parsing "1e1.5": invalid syntax
      to_number("+nan") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("-nan") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("+-nan") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("-INFINITY") -> eval_type_error: operand 1 must be valid number string but got string
      to_number("infi") -> eval_builtin_error: strconv.ParseFloat: parsing "infi": invalid syntax
      cast_array({1, 2}) -> [1, 2]
      cast_array([1]) -> [1]
      cast_array("x") -> eval_type_error: operand 1 must be one of {array, set} but got string
      cast_set([1, 1]) -> {1}
      cast_set({1}) -> {1}
      cast_set("x") -> eval_type_error: operand 1 must be one of {set, array} but got string
      cast_string("x") -> "x"
      cast_string(1) -> eval_type_error: operand 1 must be string but got number
      cast_boolean(true) -> true
      cast_boolean(1) -> eval_type_error: operand 1 must be boolean but got number
      cast_null(null) -> null
      cast_null(1) -> eval_type_error: operand 1 must be null but got number
      cast_object({"a": 1}) -> {"a": 1}
      cast_object([1]) -> eval_type_error: operand 1 must be object but got array
      """#))
  func rows(_ row: BuiltinCase) { row.check() }

  /// OPA answers with the text as it is, which is no JSON.
  @Test(
    arguments: BuiltinCase.table(
      #"""
      to_number("+1") -> 1
      to_number("01") -> 1
      to_number("-01") -> -1
      to_number("00") -> 0
      to_number("1.") -> 1
      to_number(".5") -> 0.5
      to_number("+.5e1") -> 0.5e1
      to_number("1_000") -> 1000
      to_number("1e5_0") -> 1e50
      to_number("0x1p4") -> 16
      to_number("-0x1p-2") -> -0.25
      """#))
  func literalsThatAreNoJSON(_ row: BuiltinCase) { row.check() }
}
