import Testing

@testable import RegoLite

@Suite struct ArraysTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      array.concat([1],[2]) -> [1, 2]
      array.concat([1],2) -> eval_type_error: operand 2 must be array but got number
      array.concat({1},[2]) -> eval_type_error: operand 1 must be array but got set
      array.concat([],[]) -> []
      array.flatten([1,[2,[3]],{4}]) -> [1, 2, [3], {4}]
      array.flatten("x") -> eval_type_error: operand 1 must be array but got string
      array.reverse([1,2]) -> [2, 1]
      array.reverse("x") -> eval_type_error: operand 1 must be array but got string
      array.slice([1,2,3],0,2) -> [1, 2]
      array.slice([1,2,3],-1,2) -> [1, 2]
      array.slice([1,2,3],2,1) -> []
      array.slice([1,2,3],0,100) -> [1, 2, 3]
      array.slice([1,2,3],5,100) -> []
      array.slice([1,2,3],-10,-5) -> []
      array.slice([1,2,3],0.5,2) -> eval_type_error: operand 2 must be integer number but got floating-point number
      array.slice([1,2,3],1.0,2) -> [2]
      array.slice([1,2,3],"a",2) -> eval_type_error: operand 2 must be number but got string
      array.slice([1,2,3],0,"a") -> eval_type_error: operand 3 must be number but got string
      array.slice("x",0,"a") -> eval_type_error: operand 1 must be array but got string
      array.slice([1,2,3],0,99999999999999999999) -> eval_type_error: operand 3 must be integer number but got flo\#
      ating-point number
      array.slice([1,2,3],-99999999999999999999,2) -> eval_type_error: operand 2 must be integer number but got fl\#
      oating-point number
      array.slice([1,2,3],1e0,2) -> eval_type_error: operand 2 must be integer number but got floating-point number
      array.slice([1,2,3],0,-1) -> []
      array.slice([1,2,3],2,2) -> []
      array.slice([1,2,3],0,9007199254740993.0) -> [1, 2, 3]
      array.slice([1,2,3],0,2.00) -> [1, 2]
      array.slice([1,2,3],0,0.2e1) -> eval_type_error: operand 3 must be integer number but got floating-point number
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
