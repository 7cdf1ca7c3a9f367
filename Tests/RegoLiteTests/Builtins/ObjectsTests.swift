import Testing

@testable import RegoLite

@Suite struct ObjectsTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      object.get({"a":1},"a",2) -> 1
      object.get({"a":1},"b",2) -> 2
      object.get({"a":{"b":[1,2]}},["a","b",1],2) -> 2
      object.get({"a":{"b":[1,2]}},["a","b","1"],2) -> 2
      object.get({"a":{"b":[1,2]}},["a","b",5],2) -> 2
      object.get({"a":{"b":{1,2}}},["a","b",1],7) -> 1
      object.get({"a":1},[],2) -> {"a": 1}
      object.get({["a"]:1},["a"],2) -> 2
      object.get({"a":1},["a","b"],2) -> 2
      object.get(1,"a",2) -> eval_type_error: operand 1 must be object but got number
      object.get([1,2],1,2) -> eval_type_error: operand 1 must be object but got array
      object.get({"a":[1,2]},["a",1.0],7) -> 2
      object.get({"a":[1,2]},["a",1e0],7) -> 7
      object.get({"a":[1,2]},["a",-1],7) -> 7
      object.get({"a":{"x"}},["a","x"],7) -> "x"
      object.get({"a":"xyz"},["a",0],7) -> 7
      object.get({1.0:"x"},1,7) -> "x"
      object.keys({"a":1,2:3}) -> {2, "a"}
      object.keys([1]) -> eval_type_error: operand 1 must be object but got array
      object.keys({}) -> set()
      object.remove({"a":1,"b":2},["a"]) -> {"b": 2}
      object.remove({"a":1,"b":2},{"a"}) -> {"b": 2}
      object.remove({"a":1,"b":2},{"a":7}) -> {"b": 2}
      object.remove({"a":1,"b":2},"a") -> eval_type_error: operand 2 must be one of {object, set, array} but got string
      object.remove({"a":{"c":1},"b":2},["a/c"]) -> {"a": {"c": 1}, "b": 2}
      object.remove(1,["a"]) -> eval_type_error: operand 1 must be object but got number
      object.remove({"a":{"c":1},"b":2},[["a","c"]]) -> {"a": {"c": 1}, "b": 2}
      object.filter({"a":1,"b":2},["a","z"]) -> {"a": 1}
      object.filter({"a":1,"b":2},{"a"}) -> {"a": 1}
      object.filter({"a":1,"b":2},{"a":7}) -> {"a": 1}
      object.filter({"a":1,"b":2},"a") -> eval_type_error: operand 2 must be one of {object, set, array} but got string
      object.filter(1,"a") -> eval_type_error: operand 1 must be object but got number
      object.filter({"a":{"x":1,"y":2},"b":2},{"a":{"x":1}}) -> {"a": {"x": 1, "y": 2}}
      object.union({"a":1},{"b":2}) -> {"a": 1, "b": 2}
      object.union({"a":{"x":1}},{"a":{"y":2}}) -> {"a": {"x": 1, "y": 2}}
      object.union({"a":{"x":1}},{"a":2}) -> {"a": 2}
      object.union({"a":1},3) -> eval_type_error: operand 2 must be object but got number
      object.union(3,{"a":1}) -> eval_type_error: operand 1 must be object but got number
      object.union_n([{"a":1},{"a":{"b":1}},{"a":{"c":1}}]) -> {"a": {"b": 1, "c": 1}}
      object.union_n([]) -> {}
      object.union_n([1]) -> eval_type_error: operand 1 must be array of objects but got array containing number
      object.union_n([{"a":1},1]) -> eval_type_error: operand 1 must be array of objects but got array containing number
      object.union_n("x") -> eval_type_error: operand 1 must be array but got string
      object.union_n({{"a":1}}) -> eval_type_error: operand 1 must be array but got set
      object.union_n([{"a":{"x":1}},{"a":5},{"a":{"y":2}}]) -> {"a": {"y": 2}}
      object.union_n([{"a":{"x":1}},{"a":5,"b":1}]) -> {"a": 5, "b": 1}
      object.union_n([{"a":5},{"a":{"y":1}}]) -> {"a": {"y": 1}}
      object.union_n([{"a":{"x":{"p":1}}},{"a":{"x":{"q":1}}},{"a":{"x":1}}]) -> {"a": {"x": 1}}
      object.subset({"a":1,"b":2},{"a":1}) -> true
      object.subset({"a":{"x":1,"y":2}},{"a":{"x":1}}) -> true
      object.subset({"a":[1,2,3]},{"a":[2,3]}) -> true
      object.subset({"a":{1,2,3}},{"a":{2,3}}) -> true
      object.subset([1,2,3],[2,3]) -> true
      object.subset([1,2,3],[1,3]) -> false
      object.subset([1,2,3],{1,3}) -> true
      object.subset({1,2,3},{1,3}) -> true
      object.subset({1,2,3},[1,3]) -> eval_type_error: both arguments object.subset must be of the same type or ar\#
      ray and set
      object.subset([1,2,3],[]) -> true
      object.subset([],[]) -> true
      object.subset([{"a":1,"b":2}],[{"a":1}]) -> false
      object.subset({{"a":1,"b":2}},{{"a":1}}) -> false
      object.subset({"a":1},[1]) -> eval_type_error: both arguments object.subset must be of the same type or arra\#
      y and set
      object.subset({"a":1},"x") -> eval_type_error: both arguments object.subset must be of the same type or arra\#
      y and set
      object.subset("x",{"a":1}) -> eval_type_error: both arguments object.subset must be of the same type or arra\#
      y and set
      object.subset([[1,2,3]],[[1,2]]) -> false
      object.subset([[1,2,3],4],[[1,2],4]) -> false
      object.subset([[1,2,3]],{[1,2]}) -> false
      object.subset([{"a":1,"b":2}],{{"a":1}}) -> false
      object.subset([1],{"a":1}) -> eval_type_error: both arguments object.subset must be of the same type or arra\#
      y and set
      object.subset({"a":[1,2]},{"a":{1}}) -> false
      object.subset({"a":{1,2}},{"a":[1]}) -> false
      object.subset({"a":1},{"a":{}}) -> false
      object.subset({"a":[{"x":1,"y":2}]},{"a":[{"x":1}]}) -> false
      object.subset({},{}) -> true
      object.subset({"a":1},{"b":1}) -> false
      object.subset([1,2,1,2,3],[1,2,3]) -> true
      object.subset([1],[1,2]) -> false
      object.subset([1,2],{1,2,3}) -> false
      object.subset([1,1],{1}) -> true
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
