import Testing

@testable import RegoLite

@Suite struct JSONPatchTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      json.patch({"a":1},[{"op":"add","path":"/b","value":2}]) -> {"a": 1, "b": 2}
      json.patch({"a":[1,2]},[{"op":"add","path":"/a/1","value":9}]) -> {"a": [1, 9, 2]}
      json.patch({"a":[1,2]},[{"op":"add","path":"/a/-","value":9}]) -> {"a": [1, 2, 9]}
      json.patch({"a":[1,2]},[{"op":"add","path":"/a/2","value":9}]) -> {"a": [1, 2, 9]}
      json.patch({"a":[1,2]},[{"op":"add","path":"/a/3","value":9}]) -> eval_builtin_error: index for array insert\#
      ion out of bounds
      json.patch({"a":[1,2]},[{"op":"add","path":"/a/-1","value":9}]) -> eval_builtin_error: index for array inser\#
      tion out of bounds
      json.patch({"a":[1,2]},[{"op":"add","path":"/a/01","value":9}]) -> eval_builtin_error: leading zeros are not\#
       allowed in JSON paths
      json.patch({"a":[1,2]},[{"op":"add","path":"/a/x","value":9}]) -> eval_builtin_error: invalid string for indexing
      json.patch({"a":[1,2]},[{"op":"add","path":"a/0","value":9}]) -> {"a": [9, 1, 2]}
      json.patch({"a":[1,2]},[{"op":"add","path":["a",0],"value":9}]) -> {"a": [9, 1, 2]}
      json.patch({"a":[1,2]},[{"op":"add","path":["a","0"],"value":9}]) -> {"a": [9, 1, 2]}
      json.patch({"a":1},[{"op":"add","path":"","value":9}]) -> 9
      json.patch({"a":1},[{"op":"add","path":"/","value":9}]) -> {"": 9, "a": 1}
      json.patch({"a":1},[{"op":"add","path":[],"value":9}]) -> 9
      json.patch({"a":1},[{"op":"add","path":"/b/c","value":9}]) -> eval_builtin_error: path "b" does not exist in\#
       object term {"a": 1}
      json.patch({"a":1},[{"op":"add","path":"/a/c","value":9}]) -> eval_builtin_error: expected composite type, f\#
      ound value: 1 (type: ast.Number)
      json.patch({"a":1},[{"op":"remove","path":"/a"}]) -> {}
      json.patch({"a":1},[{"op":"remove","path":"/b"}]) -> eval_builtin_error: cannot delete child key "b" that do\#
      es not exist
      json.patch({"a":[1,2]},[{"op":"remove","path":"/a/0"}]) -> {"a": [2]}
      json.patch({"a":[1,2]},[{"op":"remove","path":"/a/-"}]) -> eval_builtin_error: index for array delete out of\#
       bounds
      json.patch({"a":[1,2]},[{"op":"remove","path":"/a/5"}]) -> eval_builtin_error: index for array delete out of\#
       bounds
      json.patch({"a":[1,2]},[{"op":"replace","path":"/a/0","value":7}]) -> {"a": [7, 2]}
      json.patch({"a":[1,2]},[{"op":"replace","path":"/a/9","value":7}]) -> eval_builtin_error: index for array de\#
      lete out of bounds
      json.patch({"a":[1,2]},[{"op":"replace","path":"/b","value":7}]) -> eval_builtin_error: cannot delete child\#
       key "b" that does not exist
      json.patch({"a":[1,2]},[{"op":"replace","path":"","value":7}]) -> 7
      json.patch({"a":[1,2]},[{"op":"replace","path":"/a/-","value":7}]) -> eval_builtin_error: index for array de\#
      lete out of bounds
      json.patch({"a":1},[{"op":"move","from":"/a","path":"/b"}]) -> {"b": 1}
      json.patch({"a":1},[{"op":"move","from":"/z","path":"/b"}]) -> eval_builtin_error: path "z" does not exist i\#
      n object term {"a": 1}
      json.patch({"a":1},[{"op":"copy","from":"/a","path":"/b"}]) -> {"a": 1, "b": 1}
      json.patch({"a":1},[{"op":"copy","from":"/z","path":"/b"}]) -> eval_builtin_error: path "z" does not exist i\#
      n object term {"a": 1}
      json.patch({"a":1},[{"op":"copy","from":"","path":"/b"}]) -> {"a": 1, "b": {"a": 1}}
      json.patch({"a":1},[{"op":"copy","path":"/b"}]) -> eval_builtin_error: missing required attribute 'from'
      json.patch({"a":1},[{"op":"test","path":"/a","value":1}]) -> {"a": 1}
      json.patch({"a":1},[{"op":"test","path":"/a","value":2}]) -> eval_builtin_error: value from EditTree != patc\#
      h value.\n\nExpected: 2\n\nFound: 1
      json.patch({"a":1},[{"op":"test","path":"/z","value":2}]) -> eval_builtin_error: path "z" does not exist in\#
       object term {"a": 1}
      json.patch({"a":1},[{"op":"test","path":"/a"}]) -> eval_builtin_error: missing required attribute 'value'
      json.patch({"a":1},[{"op":"add","path":"/b"}]) -> eval_builtin_error: missing required attribute 'value'
      json.patch({"a":1},[{"op":"replace","path":"/a"}]) -> eval_builtin_error: missing required attribute 'value'
      json.patch({"a":1},[{"op":"foo","path":"/b"}]) -> eval_builtin_error: unrecognized op: 'foo'
      json.patch({"a":1},[{"path":"/b"}]) -> eval_builtin_error: missing required attribute 'op'
      json.patch({"a":1},[{"op":"add","value":1}]) -> eval_builtin_error: missing required attribute 'path'
      json.patch({"a":1},[{"op":1,"path":"/b"}]) -> eval_builtin_error: attribute 'op' must be a string but found:\#
       number
      json.patch({"a":1},[{"op":"add","path":1,"value":1}]) -> eval_type_error: operand 2 must be one of {set, arr\#
      ay} containing string paths or array of path segments but got number
      json.patch({"a":1},["x"]) -> eval_builtin_error: must be an array of JSON-Patch objects, but at least one el\#
      ement is not an object
      json.patch({"a":1},"x") -> eval_type_error: operand 2 must be array but got string
      json.patch({"a":1},{{"op":"add","path":"/b","value":2}}) -> eval_type_error: operand 2 must be array but got set
      json.patch({"a":1},[]) -> {"a": 1}
      json.patch("x",[{"op":"replace","path":"","value":7}]) -> 7
      json.patch("x",[{"op":"replace","path":"/a","value":7}]) -> eval_builtin_error: expected composite type, fou\#
      nd value: "x" (type: ast.String)
      json.patch([1,2],[{"op":"add","path":"/0","value":7}]) -> [7, 1, 2]
      json.patch({1,2},[{"op":"add","path":["3"],"value":"3"}]) -> {1, 2, "3"}
      json.patch({1,2},[{"op":"add","path":[3],"value":3}]) -> {1, 2, 3}
      json.patch({1,2},[{"op":"add","path":[3],"value":4}]) -> eval_builtin_error: set key 3 does not equal value\#
       to be inserted 4
      json.patch({1,2},[{"op":"remove","path":[1]}]) -> {2}
      json.patch({1,2},[{"op":"remove","path":[9]}]) -> eval_builtin_error: cannot delete child key 9 that does no\#
      t exist
      json.patch({1,2},[{"op":"replace","path":[1],"value":5}]) -> eval_builtin_error: set key 1 does not equal va\#
      lue to be inserted 5
      json.patch({1,2},[{"op":"test","path":[1],"value":1}]) -> {1, 2}
      json.patch({"a":{"x"}},[{"op":"add","path":"/a/y","value":"y"}]) -> {"a": {"x", "y"}}
      json.patch({"a":{"x"}},[{"op":"add","path":"/a/y","value":"z"}]) -> eval_builtin_error: set key "y" does not\#
       equal value to be inserted "z"
      json.patch({"a":{"x"}},[{"op":"add","path":"a/-","value":"z"}]) -> eval_builtin_error: set key "-" does not\#
       equal value to be inserted "z"
      json.patch({{"k":1}},[{"op":"add","path":[{"k":1},"z"],"value":"z"}]) -> {{"k": 1, "z": "z"}}
      json.patch({"a~b":1,"c/d":2},[{"op":"remove","path":"/a~0b"},{"op":"remove","path":"/c~1d"}]) -> {}
      json.patch({1:2},[{"op":"replace","path":[1],"value":3}]) -> {1: 3}
      json.patch({1:2},[{"op":"replace","path":"/1","value":3}]) -> eval_builtin_error: cannot delete child key "1\#
      " that does not exist
      json.patch({"a":[1]},[{"op":"add","path":["a",1.0],"value":3}]) -> {"a": [1, 3]}
      json.patch({"a":[1]},[{"op":"add","path":["a",1.5],"value":3}]) -> eval_builtin_error: invalid number type f\#
      or indexing
      json.patch({"a":[1]},[{"op":"add","path":["a","-"],"value":3}]) -> {"a": [1, 3]}
      json.patch({"a":[1]},[{"op":"add","path":["a",-1],"value":3}]) -> eval_builtin_error: index for array insert\#
      ion out of bounds
      json.patch({"a":[1]},[{"op":"add","path":"//a","value":3}]) -> {"a": 3}
      json.patch({"a":[1]},[{"op":"add","path":"/a/","value":3}]) -> eval_builtin_error: invalid string for indexing
      json.patch({"a":{}},[{"op":"add","path":"/a/","value":3}]) -> {"a": {"": 3}}
      json.patch({"a":1},[{"op":"add","path":"/b","value":1},{"op":"remove","path":"/zz"}]) -> eval_builtin_error:\#
       cannot delete child key "zz" that does not exist
      json.patch({"a":1,"b":{}},[{"op":"move","from":"a","path":"b/c"}]) -> {"b": {"c": 1}}
      json.patch({"a":1},[{"op":"move","from":"/a","path":"/a"}]) -> {"a": 1}
      json.patch({"a":1},[{"op":"move","from":"","path":"/a"}]) -> eval_builtin_error: deleted node encountered du\#
      ring insert operation
      json.patch({"a":[1,2,3]},[{"op":"move","from":"/a/0","path":"/a/2"}]) -> {"a": [2, 3, 1]}
      json.patch({"a":[1,2,3]},[{"op":"move","from":"/a/0","path":"/a/3"}]) -> eval_builtin_error: index for array\#
       insertion out of bounds
      json.patch({"a":[1,2,3]},[{"op":"copy","from":"/a/-","path":"/a/-"}]) -> eval_builtin_error: path 3 does not\#
       exist in array term [1, 2, 3]
      json.patch({"a":1},[{"op":"add","path":"/b","value":2,"extra":1}]) -> {"a": 1, "b": 2}
      json.patch({"a":1},[{"op":"add","path":{"x"},"value":2}]) -> eval_type_error: operand 2 must be one of {set,\#
       array} containing string paths or array of path segments but got set
      json.patch({"a":1},[{"op":"ADD","path":"/b","value":2}]) -> eval_builtin_error: unrecognized op: 'ADD'
      json.patch({"a":1},[{"op":"foo"}]) -> eval_builtin_error: missing required attribute 'path'
      json.patch({"a":1},[{"op":"add"}]) -> eval_builtin_error: missing required attribute 'path'
      json.patch({"a":1},[{"op":"foo","path":1}]) -> eval_type_error: operand 2 must be one of {set, array} contai\#
      ning string paths or array of path segments but got number
      json.patch({"a":1},[{"op":"add","path":1}]) -> eval_type_error: operand 2 must be one of {set, array} contai\#
      ning string paths or array of path segments but got number
      json.patch({"a":1},[{"op":"move","path":"/b","from":1}]) -> eval_type_error: operand 2 must be one of {set,\#
       array} containing string paths or array of path segments but got number
      json.patch({"a":1},[{"op":"add","path":"/b","value":1},1]) -> eval_builtin_error: must be an array of JSON-P\#
      atch objects, but at least one element is not an object
      json.patch({"a":[1]},[{"op":"test","path":"/a/x","value":1}]) -> eval_builtin_error: invalid string for indexing
      json.patch({"a":[1]},[{"op":"add","path":["a",true],"value":1}]) -> eval_builtin_error: invalid type for indexing
      json.patch({"a":[1]},[{"op":"add","path":["a",5,"x"],"value":1}]) -> eval_builtin_error: path 5 does not exi\#
      st in array term [1]
      json.patch({"a":{1}},[{"op":"test","path":["a",2],"value":1}]) -> eval_builtin_error: path 2 does not exist\#
       in set term {1}
      json.patch({"a":{1}},[{"op":"add","path":["a",2,"x"],"value":1}]) -> eval_builtin_error: path 2 does not exi\#
      st in set term {1}
      json.patch({"a":1},[{"op":"remove","path":"/a/b"}]) -> eval_builtin_error: expected composite type, found va\#
      lue: 1 (type: ast.Number)
      json.patch({"a":1},[{"op":"remove","path":"/x/b"}]) -> eval_builtin_error: path "x" does not exist in object\#
       term {"a": 1}
      json.patch({"a":1},[{"op":"remove","path":"/a/b/c"}]) -> eval_builtin_error: expected composite type for pat\#
      h "b", found value: 1 (type: ast.Number)
      json.patch({"a":{"b":{"x":1}}},[{"op":"copy","from":"/a/b","path":"/a/c"},{"op":"add","path":"/a/c/y","value\#
      ":2}]) -> {"a": {"b": {"x": 1}, "c": {"x": 1, "y": 2}}}
      json.patch({"a":{"x"}},[{"op":"replace","path":"/a/x","value":"x"}]) -> {"a": {"x"}}
      json.patch({"a":[]},[{"op":"add","path":"/a/0","value":1},{"op":"add","path":"/a/0","value":2},{"op":"remove\#
      ","path":"/a/1"}]) -> {"a": [2]}
      json.patch({"a":1},[{"op":"add","path":"///a/","value":3}]) -> eval_builtin_error: expected composite type,\#
       found value: 1 (type: ast.Number)
      json.patch({"a": {"b": 1}}, [{"op": "move", "from": "/a", "path": "/a/b"}]) -> eval_builtin_error: path "a"\#
       does not exist in object term {}
      json.patch({"a": 1}, [{"op": "remove", "path": ""}]) -> eval_builtin_error: the whole document was removed
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
