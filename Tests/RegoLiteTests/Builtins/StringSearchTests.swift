import Testing

@testable import RegoLite

@Suite struct StringSearchTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      contains("abc","b") -> true
      contains(1,"b") -> eval_type_error: operand 1 must be string but got number
      contains("b",1) -> eval_type_error: operand 2 must be string but got number
      contains("b","") -> true
      startswith("abc","ab") -> true
      startswith(1,"b") -> eval_type_error: operand 1 must be string but got number
      startswith("a",1) -> eval_type_error: operand 2 must be string but got number
      endswith("abc","bc") -> true
      endswith(1,"b") -> eval_type_error: operand 1 must be string but got number
      endswith("b",1) -> eval_type_error: operand 2 must be string but got number
      indexof("abc","c") -> 2
      indexof("héllo","l") -> 2
      indexof("abc","z") -> -1
      indexof("abc","") -> eval_builtin_error: empty search character
      indexof("","") -> eval_builtin_error: empty search character
      indexof("","a") -> -1
      indexof(1,"a") -> eval_type_error: operand 1 must be string but got number
      indexof("a",1) -> eval_type_error: operand 2 must be string but got number
      indexof("abc","bc") -> 1
      indexof("aébc","bc") -> 2
      indexof_n("abcabc","c") -> [2, 5]
      indexof_n("aaaa","aa") -> [0, 1, 2]
      indexof_n("abc","") -> eval_builtin_error: empty search character
      indexof_n("","") -> eval_builtin_error: empty search character
      indexof_n("abc","z") -> []
      indexof_n("héllo","l") -> [2, 3]
      indexof_n(1,"l") -> eval_type_error: operand 1 must be string but got number
      indexof_n("aé","") -> eval_builtin_error: empty search character
      indexof_n("a",1) -> eval_type_error: operand 2 must be string but got number
      strings.count("cheese","e") -> 3
      strings.count("cheese","") -> 7
      strings.count("aaaa","aa") -> 2
      strings.count("héé","") -> 4
      strings.count(1,"") -> eval_type_error: operand 1 must be string but got number
      strings.count("",1) -> eval_type_error: operand 2 must be string but got number
      strings.any_prefix_match("abc",{"a"}) -> true
      strings.any_prefix_match({"abc",1},{"a"}) -> eval_type_error: operand 1 must be set of strings but got set c\#
      ontaining number
      strings.any_prefix_match("abc",[1]) -> eval_type_error: operand 2 must be array of strings but got array con\#
      taining number
      strings.any_prefix_match("abc",{1}) -> eval_type_error: operand 2 must be set of strings but got set contain\#
      ing number
      strings.any_prefix_match(["abc",1],{"a"}) -> eval_type_error: operand 1 must be array of strings but got arr\#
      ay containing number
      strings.any_prefix_match("abc",5) -> eval_type_error: operand 2 must be one of {string, set, array} but got number
      strings.any_prefix_match(5,5) -> eval_type_error: operand 1 must be one of {string, set, array} but got number
      strings.any_prefix_match("abc","a") -> true
      strings.any_prefix_match([],"a") -> false
      strings.any_prefix_match(["abc"],"") -> true
      strings.any_prefix_match([1],5) -> eval_type_error: operand 1 must be array of strings but got array contain\#
      ing number
      strings.any_suffix_match(["abc"],"bc") -> true
      strings.any_suffix_match(["abc"],["x","c"]) -> true
      strings.any_suffix_match(["abc",{}],["x","c"]) -> eval_type_error: operand 1 must be array of strings but go\#
      t array containing object
      strings.any_suffix_match(3,["x","c"]) -> eval_type_error: operand 1 must be one of {string, set, array} but\#
       got number
      strings.any_suffix_match("x",3) -> eval_type_error: operand 2 must be one of {string, set, array} but got number
      strings.any_suffix_match("x",[1]) -> eval_type_error: operand 2 must be array of strings but got array conta\#
      ining number
      strings.any_suffix_match("x",{null}) -> eval_type_error: operand 2 must be set of strings but got set contai\#
      ning null
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
