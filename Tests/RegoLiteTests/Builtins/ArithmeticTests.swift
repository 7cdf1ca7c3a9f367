import Testing

@testable import RegoLite

@Suite struct ArithmeticTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      plus("a",1) -> eval_type_error: operand 1 must be number but got string
      plus(1,"b") -> eval_type_error: operand 2 must be number but got string
      plus({1},{2}) -> eval_type_error: operand 1 must be number but got set
      plus(9007199254740993,1) -> 9007199254740994
      plus(0.1,0.2) -> 0.3
      plus(1.5,1.5) -> 3
      plus(123456789012345678901234567890,1) -> 123456789012345678901234567891
      plus(1.50,0) -> 1.5
      plus(1e-5,0) -> 1e-05
      plus(0.000001,0.0000001) -> 1.1000000000000000001e-06
      plus(123456789012345678901234567890,0.5) -> 123456789012345678900000000000
      plus(123456789012345678901234567890,1.0) -> 123456789012345678901234567891
      minus({1,2},{2}) -> {1}
      minus(1,{2}) -> eval_type_error: operand 2 must be number but got set
      minus({1},2) -> eval_type_error: operand 2 must be set but got number
      minus("a",2) -> eval_type_error: operand 1 must be one of {number, set} but got string
      minus([1],2) -> eval_type_error: operand 1 must be one of {number, set} but got array
      minus(2,"a") -> eval_type_error: operand 2 must be number but got string
      minus({1},"x") -> eval_type_error: operand 2 must be number but got string
      minus(1.0,0.5) -> 0.5
      minus(5,5.0) -> 0
      mul(1e100,1e100) -> 1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\#
      000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\#
      00000
      mul(0.1,3) -> 0.3
      mul(99999999999,99999999999) -> 9999999999800000000001
      mul(1.10,1) -> 1.1
      mul(1e10,1e10) -> 100000000000000000000
      mul(1.5,1e30) -> 1500000000000000000000000000000
      div(1,3) -> 0.33333333333333333334
      div(10,2) -> 5
      div(10,4) -> 2.5
      div(1,0.0) -> eval_builtin_error: divide by zero
      div(123456789012345678901234567890,3) -> 41152263004115226300000000000
      div("a",0) -> eval_type_error: operand 1 must be number but got string
      div(1.0,1) -> 1
      div(1e30,7) -> 142857142857142857140000000000
      div(2,3) -> 0.6666666666666666667
      div(1e-30,3) -> 3.3333333333333333335e-31
      div(123456789012345678901234567890,10) -> 12345678901234567890000000000
      div(36893488147419103232,2) -> 18446744073709551616
      div(123456789012345678901234567890,1) -> 123456789012345678900000000000
      rem(7,0) -> eval_builtin_error: modulo by zero
      rem(7,-3) -> 1
      rem(-7,3) -> -1
      rem(7.0,3) -> 1
      rem(7.5,3) -> eval_builtin_error: modulo on floating-point number
      rem(7,3.1) -> eval_builtin_error: modulo on floating-point number
      rem("a",3.1) -> eval_type_error: operand 1 must be number but got string
      rem(7,"b") -> eval_type_error: operand 2 must be number but got string
      rem(123456789012345678901234567890,7) -> 0
      rem(5.0,2.0) -> 1
      rem(1e1,3) -> 1
      abs(-5) -> 5
      abs(-5.5) -> 5.5
      abs("x") -> eval_type_error: operand 1 must be number but got string
      abs(-0) -> 0
      abs(-0.0) -> 0
      abs(1.0) -> 1
      abs(-1.0) -> 1
      abs(5e2) -> 500
      abs(1.50) -> 1.5
      abs(-1.50) -> 1.5
      abs(1e30) -> 1000000000000000000000000000000
      ceil(1.2) -> 2
      ceil(-1.2) -> -1
      ceil(1.0) -> 1
      ceil(1e30) -> 1000000000000000000024696061952
      ceil(123456789012345678901234567890.5) -> 123456789012345678899921813504
      ceil(-0.5) -> 1
      ceil(1e3) -> 1000
      floor(1.999999999999999999999999) -> 2
      floor(-0.5) -> 0
      floor(1e3) -> 1000
      round(2.5) -> 3
      round(-2.5) -> -3
      round(0.5) -> 1
      round(1e21) -> 1000000000000000000000
      round("x") -> eval_type_error: operand 1 must be number but got string
      round(-0.4) -> 0
      round(1.0) -> 1
      round(10.4) -> 10
      round(1e30) -> 1000000000000000000024696061952
      round(1.5e0) -> 2
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
