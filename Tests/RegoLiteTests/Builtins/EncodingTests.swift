import Testing

@testable import RegoLite

@Suite struct EncodingTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      base64.encode("héllo?>") -> "aMOpbGxvPz4="
      base64.encode(1) -> eval_type_error: operand 1 must be string but got number
      base64.decode("aGVsbG8=") -> "hello"
      base64.decode("aGVsbG8") -> eval_builtin_error: illegal base64 data at input byte 4
      base64.decode("aGVs\nbG8=") -> "hello"
      base64.decode("@@") -> eval_builtin_error: illegal base64 data at input byte 0
      base64.decode("") -> ""
      base64.decode("a") -> eval_builtin_error: illegal base64 data at input byte 0
      base64.decode("YQ==YQ==") -> eval_builtin_error: illegal base64 data at input byte 4
      base64.decode("YR==") -> "a"
      base64.decode("2E84ZuPUd7zfvCZSNEchVpDEIj6PL7JfLpIqyxVG16k=") -> "\ufffdO8f\ufffd\ufffdw\ufffd\u07fc&R4G!V\#
      \ufffd\ufffd\">\ufffd/\ufffd_.\ufffd*\ufffd\u0015Fש"
      base64.decode("aGVsbG8\r\n=") -> "hello"
      base64.decode("YQ=") -> eval_builtin_error: illegal base64 data at input byte 3
      base64.decode("YQ=a") -> eval_builtin_error: illegal base64 data at input byte 2
      base64.decode("YQ=\n=") -> "a"
      base64.decode("=") -> eval_builtin_error: illegal base64 data at input byte 0
      base64.decode("Y=") -> eval_builtin_error: illegal base64 data at input byte 1
      base64.decode("YWE=") -> "aa"
      base64.decode("YWE=\n") -> "aa"
      base64.decode("YWE=x") -> eval_builtin_error: illegal base64 data at input byte 4
      base64.decode("é") -> eval_builtin_error: illegal base64 data at input byte 0
      base64.decode("ab!c") -> eval_builtin_error: illegal base64 data at input byte 2
      base64.decode("YQ==\n\n") -> "a"
      base64.is_valid("aGVsbG8=") -> true
      base64.is_valid("aGVsbG8") -> false
      base64.is_valid(1) -> false
      base64.is_valid("@") -> false
      base64url.encode("??>>é") -> "Pz8-PsOp"
      base64url.encode_no_pad("??>>é") -> "Pz8-PsOp"
      base64url.decode("Pz8-PsOp") -> "??>>é"
      base64url.decode("Pz8") -> "??"
      base64url.decode("Pz8=") -> "??"
      base64url.decode("Pz8+") -> eval_builtin_error: illegal base64 data at input byte 3
      base64url.decode("P") -> eval_builtin_error: illegal base64url string: P
      base64url.decode("") -> ""
      base64url.decode("YQ\n==") -> "a"
      base64url.decode("YQ=") -> eval_builtin_error: illegal base64 data at input byte 3
      base64url.decode("é") -> eval_builtin_error: illegal base64 data at input byte 0
      hex.encode("hé") -> "68c3a9"
      hex.decode("68c3a9") -> "hé"
      hex.decode("68C3A9") -> "hé"
      hex.decode("6") -> eval_builtin_error: encoding/hex: odd length hex string
      hex.decode("zz") -> eval_builtin_error: encoding/hex: invalid byte: U+007A 'z'
      hex.decode("6z") -> eval_builtin_error: encoding/hex: invalid byte: U+007A 'z'
      hex.decode("ff") -> "\ufffd"
      hex.decode("") -> ""
      hex.decode("é") -> eval_builtin_error: encoding/hex: invalid byte: U+00C3 'Ã'
      hex.decode("6162é") -> eval_builtin_error: encoding/hex: invalid byte: U+00C3 'Ã'
      hex.decode("616") -> eval_builtin_error: encoding/hex: odd length hex string
      hex.decode("61x") -> eval_builtin_error: encoding/hex: invalid byte: U+0078 'x'
      urlquery.encode("a b&c=d/é?~-_.*'()!") -> "a+b%26c%3Dd%2F%C3%A9%3F~-_.%2A%27%28%29%21"
      urlquery.encode("") -> ""
      urlquery.encode(1) -> eval_type_error: operand 1 must be string but got number
      urlquery.decode("a+b%26c%3Dd%2F%C3%A9") -> "a b&c=d/é"
      urlquery.decode("%") -> eval_builtin_error: invalid URL escape "%"
      urlquery.decode("%2") -> eval_builtin_error: invalid URL escape "%2"
      urlquery.decode("%zz") -> eval_builtin_error: invalid URL escape "%zz"
      urlquery.decode("a%ff") -> "a\ufffd"
      urlquery.decode("x%éé") -> eval_builtin_error: invalid URL escape "%é"
      urlquery.decode(1) -> eval_type_error: operand 1 must be string but got number
      urlquery.decode("%\u00e9") -> eval_builtin_error: invalid URL escape "%é"
      urlquery.decode("%a") -> eval_builtin_error: invalid URL escape "%a"
      urlquery.encode_object({"a":"b","c":["d","e f"],"g":{"h","i"}}) -> "a=b&c=d&c=e+f&g=h&g=i"
      urlquery.encode_object({}) -> ""
      urlquery.encode_object({"a":1}) -> eval_type_error: operand 1 values must be string, array[string], or set[string]
      urlquery.encode_object({"a":[1]}) -> eval_type_error: operand 1 values must be string, array[string], or set\#
      [string]
      urlquery.encode_object({"a":{1}}) -> eval_type_error: operand 1 values must be string, array[string], or set\#
      [string]
      urlquery.encode_object({1:"a"}) -> "1=a"
      urlquery.encode_object({"a b":"c&"}) -> "a+b=c%26"
      urlquery.encode_object({"a":[]}) -> ""
      urlquery.encode_object("x") -> eval_type_error: operand 1 must be object but got string
      urlquery.encode_object({null:"x",[1]:"y","z":"w"}) -> "%5B1%5D=y&null=x&z=w"
      urlquery.decode_object("a=b&c=d&c=e") -> {"a": ["b"], "c": ["d", "e"]}
      urlquery.decode_object("") -> {}
      urlquery.decode_object("a&b=&=c") -> {"": ["c"], "a": [""], "b": [""]}
      urlquery.decode_object("a;b=c") -> eval_builtin_error: invalid semicolon separator in query
      urlquery.decode_object("a=%zz") -> eval_builtin_error: invalid URL escape "%zz"
      urlquery.decode_object("a=b&&c=d") -> {"a": ["b"], "c": ["d"]}
      urlquery.decode_object("a=b=c") -> {"a": ["b=c"]}
      urlquery.decode_object("a+b=c+d") -> {"a b": ["c d"]}
      urlquery.decode_object(1) -> eval_type_error: operand 1 must be string but got number
      urlquery.decode_object("%zz=1&a;b") -> eval_builtin_error: invalid semicolon separator in query
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
