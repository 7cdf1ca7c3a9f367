import Testing

@testable import RegoLite

@Suite struct JSONTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      json.marshal(1.50) -> "1.50"
      json.marshal({"a":[1,"x<>&\u2028",null,true,{1,2}],"b":1.50}) -> "{\#
      \"a\":[1,\"x\\u003c\\u003e\\u0026\\u2028\",null,true,[1,2]],\"b\":1.50}"
      json.marshal({[1]:2,3:4,null:5,{1}:6,"x":7}) -> "{\"3\":4,\"[1]\":6,\"null\":5,\"x\":7}"
      json.marshal(set()) -> "[]"
      json.marshal("é\u0001\"\\/\u007f") -> "\"é\\u0001\\\"\\\\/\u007f\""
      json.marshal(1e3) -> "1e3"
      json.marshal_with_options({"a":[1,{}],"b":[]},{}) -> "{\"a\":[1,{}],\"b\":[]}"
      json.marshal_with_options({"a":[1,{}],"b":[],"c":{"d":1}},{"pretty":true}) -> "{\#
      \n\t\"a\": [\n\t\t1,\n\t\t{}\n\t],\n\t\"b\": [],\n\t\"c\": {\n\t\t\"d\": 1\n\t}\n}"
      json.marshal_with_options({"a":[1,{}],"b":[]},{"pretty":false}) -> "{\"a\":[1,{}],\"b\":[]}"
      json.marshal_with_options({"a":[1,2]},{"indent":"  "}) -> "{\n  \"a\": [\n    1,\n    2\n  ]\n}"
      json.marshal_with_options({"a":[1,2]},{"prefix":"> "}) -> "> {\n> \t\"a\": [\n> \t\t1,\n> \t\t2\n> \t]\n> }"
      json.marshal_with_options({"a":[1,2]},{"prefix":"> ","indent":"x"}) -> "> {\n> x\"a\": [\n> xx1,\n> xx2\#
      \n> x]\n> }"
      json.marshal_with_options({"a":[1,2]},{"prefix":"> ","pretty":false}) -> "{\"a\":[1,2]}"
      json.marshal_with_options({"a":[1,2]},{"pretty":1}) -> eval_type_error: operand 2 key "pretty" failed cast to bool
      json.marshal_with_options({"a":[1,2]},{"indent":1}) -> eval_type_error: operand 2 key "indent" failed cast t\#
      o string: operand 0 must be string but got number
      json.marshal_with_options({"a":[1,2]},{"prefix":1}) -> eval_type_error: operand 2 key "prefix" failed cast t\#
      o string: operand 0 must be string but got number
      json.marshal_with_options({"a":[1,2]},{"foo":1}) -> eval_type_error: operand 2 object contained unknown key "foo"
      json.marshal_with_options({"a":[1,2]},{1:1}) -> eval_type_error: operand 2 failed to stringify key 1 at inde\#
      x 0: operand 0 must be string but got number
      json.marshal_with_options({"a":[1,2]},[]) -> eval_type_error: operand 2 must be object but got array
      json.marshal_with_options([],{"pretty":true}) -> "[]"
      json.marshal_with_options({},{"pretty":true}) -> "{}"
      json.marshal_with_options(set(),{"pretty":true}) -> "[]"
      json.marshal_with_options({1,2},{"pretty":true}) -> "[\n\t1,\n\t2\n]"
      json.marshal_with_options("x",{"pretty":true,"prefix":"> "}) -> "> \"x\""
      json.unmarshal("{\"a\":[1,2.50,1e3]}") -> {"a": [1, 2.50, 1e3]}
      json.unmarshal("{\"a\":1,\"a\":2}") -> {"a": 2}
      json.unmarshal("{") -> eval_builtin_error: unexpected EOF
      json.unmarshal("") -> eval_builtin_error: EOF
      json.unmarshal("1 2") -> eval_builtin_error: error: invalid character '2' after top-level value
      json.unmarshal(" 1 ") -> 1
      json.unmarshal("nul") -> eval_builtin_error: unexpected EOF
      json.unmarshal("[1,]") -> eval_builtin_error: invalid character ']' looking for beginning of value
      json.unmarshal("{\"a\"}") -> eval_builtin_error: invalid character '}' after object key
      json.unmarshal("[1 2]") -> eval_builtin_error: invalid character '2' after array element
      json.unmarshal("\"abc") -> eval_builtin_error: unexpected EOF
      json.unmarshal("01") -> eval_builtin_error: error: invalid character '1' after top-level value
      json.unmarshal("-") -> eval_builtin_error: unexpected EOF
      json.unmarshal("1.") -> eval_builtin_error: unexpected EOF
      json.unmarshal("\"\\ud800\"") -> "�"
      json.unmarshal("\"\\x\"") -> eval_builtin_error: invalid character 'x' in string escape code
      json.unmarshal("\"\u0001\"") -> eval_builtin_error: invalid character '\x01' in string literal
      json.unmarshal("tru") -> eval_builtin_error: unexpected EOF
      json.unmarshal("trux") -> eval_builtin_error: invalid character 'x' in literal true (expecting 'e')
      json.unmarshal("[") -> eval_builtin_error: unexpected EOF
      json.unmarshal("{\"a\":") -> eval_builtin_error: unexpected EOF
      json.unmarshal("x") -> eval_builtin_error: invalid character 'x' looking for beginning of value
      json.unmarshal("]") -> eval_builtin_error: invalid character ']' looking for beginning of value
      json.unmarshal("{,}") -> eval_builtin_error: invalid character ',' looking for beginning of object key string
      json.unmarshal("{1:2}") -> eval_builtin_error: invalid character '1' looking for beginning of object key string
      json.unmarshal("1e") -> eval_builtin_error: unexpected EOF
      json.unmarshal("é") -> eval_builtin_error: invalid character 'Ã' looking for beginning of value
      json.unmarshal(1) -> eval_type_error: operand 1 must be string but got number
      json.unmarshal("1 x") -> eval_builtin_error: invalid character 'x' looking for beginning of value
      json.unmarshal("{\"a\":1}}") -> eval_builtin_error: invalid character '}' looking for beginning of value
      json.unmarshal("\"\\u12g4\"") -> eval_builtin_error: invalid character 'g' in \u hexadecimal character escape
      json.unmarshal("-x") -> eval_builtin_error: invalid character 'x' in numeric literal
      json.unmarshal("1.x") -> eval_builtin_error: invalid character 'x' after decimal point in numeric literal
      json.unmarshal("1ex") -> eval_builtin_error: invalid character 'x' in exponent of numeric literal
      json.unmarshal("1e+x") -> eval_builtin_error: invalid character 'x' in exponent of numeric literal
      json.unmarshal("[1") -> eval_builtin_error: unexpected EOF
      json.unmarshal("[1}") -> eval_builtin_error: invalid character '}' after array element
      json.unmarshal("{\"a\":1]") -> eval_builtin_error: invalid character ']' after object key:value pair
      json.unmarshal("{\"a\":1,}") -> eval_builtin_error: invalid character '}' looking for beginning of object ke\#
      y string
      json.unmarshal("{\"a\":1,b") -> eval_builtin_error: invalid character 'b' looking for beginning of object ke\#
      y string
      json.unmarshal("fals ") -> eval_builtin_error: invalid character ' ' in literal false (expecting 'e')
      json.unmarshal("nulL") -> eval_builtin_error: invalid character 'L' in literal null (expecting 'l')
      json.unmarshal("'") -> eval_builtin_error: invalid character '\'' looking for beginning of value
      json.unmarshal("[\"]") -> eval_builtin_error: unexpected EOF
      json.unmarshal("   ") -> eval_builtin_error: EOF
      json.unmarshal("1 \"abc\"") -> eval_builtin_error: error: invalid character 'abc' after top-level value
      json.unmarshal("1 {}") -> eval_builtin_error: error: invalid character '{' after top-level value
      json.unmarshal("1 true") -> eval_builtin_error: error: invalid character '%!s(bool=true)' after top-level value
      json.unmarshal("1 ]") -> eval_builtin_error: invalid character ']' looking for beginning of value
      json.unmarshal("1 [") -> eval_builtin_error: error: invalid character '[' after top-level value
      json.unmarshal("1 ,") -> eval_builtin_error: invalid character ',' looking for beginning of value
      json.unmarshal("1 :") -> eval_builtin_error: invalid character ':' looking for beginning of value
      json.unmarshal("1 \"abc") -> eval_builtin_error: unexpected EOF
      json.unmarshal("1 2x") -> eval_builtin_error: error: invalid character '2' after top-level value
      json.unmarshal("1x") -> eval_builtin_error: invalid character 'x' looking for beginning of value
      json.unmarshal("{\"a\" 1}") -> eval_builtin_error: invalid character '1' after object key
      json.unmarshal("{\"a\":}") -> eval_builtin_error: invalid character '}' looking for beginning of value
      json.unmarshal("[,1]") -> eval_builtin_error: invalid character ',' looking for beginning of value
      json.unmarshal("\"\n\"") -> eval_builtin_error: invalid character '\n' in string literal
      json.unmarshal("1e400") -> 1e400
      json.unmarshal("-0") -> -0
      json.unmarshal("1 tru") -> eval_builtin_error: unexpected EOF
      json.is_valid("{}") -> true
      json.is_valid("{") -> false
      json.is_valid(1) -> false
      json.is_valid("1 2") -> false
      json.is_valid("") -> false
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
