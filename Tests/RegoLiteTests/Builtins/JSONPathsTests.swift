import Testing

@testable import RegoLite

@Suite struct JSONPathsTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      json.filter({"a":{"b":1,"c":2},"d":3},["a/b"]) -> {"a": {"b": 1}}
      json.filter({"a":{"b":1,"c":2},"d":3},{"a/b","d"}) -> {"a": {"b": 1}, "d": 3}
      json.filter({"a":{"b":1,"c":2},"d":3},[["a","c"]]) -> {"a": {"c": 2}}
      json.filter({"a":[1,2,3]},["a/1"]) -> {"a": [2]}
      json.filter({"a":[{"x":1,"y":2},2,3]},["a/0/x","a/2"]) -> {"a": [{"x": 1}, 3]}
      json.filter({"a":[1,2,3]},["a/x"]) -> {"a": []}
      json.filter({"a":1},["b"]) -> {}
      json.filter({"a":1},[]) -> {}
      json.filter({"a":1},[""]) -> {}
      json.filter({"a":1},["/"]) -> {}
      json.filter({"a":1},["/a"]) -> {"a": 1}
      json.filter({"a":1},"a") -> eval_type_error: operand 2 must be one of {set, array} but got string
      json.filter(1,["a"]) -> eval_type_error: operand 1 must be object but got number
      json.filter({"a":1},[1]) -> eval_type_error: operand 2 must be one of {set, array} containing string paths o\#
      r array of path segments but got number
      json.filter({"a":1},{1}) -> eval_type_error: operand 2 must be one of {set, array} containing string paths o\#
      r array of path segments but got number
      json.filter({"a~b":1,"c/d":2},["a~0b","c~1d"]) -> {"a~b": 1, "c/d": 2}
      json.filter({"a":{"b":{"c":1}}},["a/b","a"]) -> {"a": {"b": {"c": 1}}}
      json.filter({"a":{"b":{"c":1}}},["a","a/b/z"]) -> {"a": {"b": {"c": 1}}}
      json.filter({"a":{"b":{"c":1}}},["a/b/c/d"]) -> {"a": {"b": {"c": 1}}}
      json.filter({"a":{1,2}},["a/1"]) -> {"a": set()}
      json.filter({"a":{"x","y"}},["a/x"]) -> {"a": {"x"}}
      json.filter({1:2},[[1]]) -> {1: 2}
      json.filter({"1":2},[[1]]) -> {}
      json.filter({"a":[1,2,3]},[["a",1]]) -> {"a": []}
      json.filter({"a":{1:2}},["a/1"]) -> {"a": {}}
      json.filter({"a":{"b":1}},[[]]) -> {}
      json.filter({"a":{"b":1}},{"a","a/b"}) -> {"a": {"b": 1}}
      json.filter({"a":{"b":1}},[["a",null]]) -> {"a": {}}
      json.filter({"a":{null:1}},[["a",null]]) -> {"a": {null: 1}}
      json.filter({"a":1,"":2},["//"]) -> {"": 2}
      json.filter({"a":{"":2}},["a/"]) -> {"a": {"": 2}}
      json.filter({"a":[[1,2]]},{"a/0/1"}) -> {"a": [[2]]}
      json.filter({"a":{{"k":1,"l":2}}},[["a",{"k":1,"l":2},"k"]]) -> {"a": {{"k": 1}}}
      json.filter({"":{"":1},"a":2},["a/"]) -> {"a": 2}
      json.filter({"a":{"~1":1,"~":2}},["a/~01"]) -> {"a": {"~1": 1}}
      json.filter({"a":{"~1":1,"~":2}},["a/~"]) -> {"a": {"~": 2}}
      json.filter({"a":{"~2":1,"~":2}},["a/~2"]) -> {"a": {"~2": 1}}
      json.remove({"a":{"b":1,"c":2},"d":3},["a/b"]) -> {"a": {"c": 2}, "d": 3}
      json.remove({"a":{"b":1,"c":2},"d":3},{"a/b","d"}) -> {"a": {"c": 2}}
      json.remove({"a":{"b":1,"c":2},"d":3},["a","a/b"]) -> {"d": 3}
      json.remove({"a":[1,2,3]},["a/1"]) -> {"a": [1, 3]}
      json.remove({"a":[1,2,3]},["a/1","a/0"]) -> {"a": [3]}
      json.remove({"a":[1,2,3]},["a/x"]) -> {"a": [1, 2, 3]}
      json.remove({"a":[1,2,3]},["a/01"]) -> {"a": [1, 2, 3]}
      json.remove({"a":[1,2,3]},[["a",1]]) -> {"a": [1, 2, 3]}
      json.remove({"a":1},["b/c"]) -> {"a": 1}
      json.remove({"a":1},["a/c"]) -> {"a": 1}
      json.remove({"a":1},[]) -> {"a": 1}
      json.remove({"a":1},[""]) -> {"a": 1}
      json.remove({"a":1},["/a"]) -> {}
      json.remove({"a":{"b":1}},[[]]) -> {"a": {"b": 1}}
      json.remove({"a":{1,2}},["a/1"]) -> {"a": {1, 2}}
      json.remove({"a":{"x","y"}},["a/x"]) -> {"a": {"y"}}
      json.remove({"a":{"x","y"}},[["a","x"]]) -> {"a": {"y"}}
      json.remove({"a":{1,2}},[["a",1]]) -> {"a": {2}}
      json.remove({1:2},[[1]]) -> {}
      json.remove({"a":1},"a") -> eval_type_error: operand 2 must be one of {set, array} but got string
      json.remove(1,["a"]) -> eval_type_error: operand 1 must be object but got number
      json.remove({"a":1},[1]) -> eval_type_error: operand 2 must be one of {set, array} containing string paths o\#
      r array of path segments but got number
      json.remove({"a":[[1,2],[3]]},["a/0/1"]) -> {"a": [[1], [3]]}
      json.remove({"a":[[1,2],[3]]},["a/0/1/5"]) -> {"a": [[1, 2], [3]]}
      json.remove({"a":{{"k":1,"l":2}}},[["a",{"k":1,"l":2},"k"]]) -> {"a": {{"l": 2}}}
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
