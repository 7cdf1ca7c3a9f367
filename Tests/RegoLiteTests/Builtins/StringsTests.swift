import Testing

@testable import RegoLite

@Suite struct StringsTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      concat(",",["a","b"]) -> "a,b"
      concat(",",{"b","a"}) -> "a,b"
      concat(",",[1]) -> eval_type_error: operand 2 must be array of strings but got array containing number
      concat(",",{1}) -> eval_type_error: operand 2 must be set of strings but got set containing number
      concat(1,["a"]) -> eval_type_error: operand 1 must be string but got number
      concat(",","x") -> eval_type_error: operand 2 must be one of {set, array} but got string
      concat(",",[]) -> ""
      concat("", ["a","b"]) -> "ab"
      format_int(15,16) -> "f"
      format_int(15,2) -> "1111"
      format_int(15,8) -> "17"
      format_int(15,10) -> "15"
      format_int(15,3) -> eval_type_error: operand 2 must be one of {2, 8, 10, 16}
      format_int(15,"a") -> eval_type_error: operand 2 must be number but got string
      format_int("a",10) -> eval_type_error: operand 1 must be number but got string
      format_int(15.9,10) -> "15"
      format_int(-15.9,16) -> "-f"
      format_int(-15.1,10) -> "-15"
      format_int(123456789012345678901234567890,16) -> "18ee90ff6c373e0ee4e3f0ad2"
      format_int(15,16.0) -> eval_type_error: operand 2 must be one of {2, 8, 10, 16}
      format_int(15,10.5) -> eval_type_error: operand 2 must be one of {2, 8, 10, 16}
      format_int(1e3,10) -> "1000"
      format_int(15,-10) -> eval_type_error: operand 2 must be one of {2, 8, 10, 16}
      format_int(0.5,10) -> "0"
      format_int(1e30,10) -> "1000000000000000000024696061952"
      format_int(123456789012345678901234567890.5,10) -> "123456789012345678899921813504"
      format_int(-0.5,10) -> "0"
      format_int(123456789012345678901234567890.0,10) -> "123456789012345678899921813504"
      format_int(1e2,10) -> "100"
      format_int(-123456789012345678901234567890,2) -> "-110001110111010010000111111110110110000110111001111100000\#
      1110111001001110001111110000101011010010"
      lower("ÀßİK") -> "àßik"
      lower("ΑΣ") -> "ασ"
      lower("ΣİÅ") -> "σiå"
      lower("ᾼⒶǅ") -> "ᾳⓐǆ"
      lower(1) -> eval_type_error: operand 1 must be string but got number
      lower("ABC") -> "abc"
      upper("àßıŉǆﬁ") -> "ÀßIŉǄﬁ"
      upper("ǅᾳⓐ") -> "ǄᾼⒶ"
      upper("ΐ") -> "ΐ"
      upper("abc") -> "ABC"
      upper(1) -> eval_type_error: operand 1 must be string but got number
      replace("abc","b","X") -> "aXc"
      replace("abc","","X") -> "XaXbXcX"
      replace("héé","","-") -> "-h-\ufffd-\ufffd-\ufffd-\ufffd-"
      replace("aaa","aa","b") -> "ba"
      replace(1,"b","X") -> eval_type_error: operand 1 must be string but got number
      replace("a",1,"X") -> eval_type_error: operand 2 must be string but got number
      replace("a","b",1) -> eval_type_error: operand 3 must be string but got number
      split("a,b,c",",") -> ["a", "b", "c"]
      split("abc","") -> ["a", "b", "c"]
      split("héé","") -> ["h", "é", "é"]
      split("",",") -> [""]
      split("","") -> []
      split("abc","z") -> ["abc"]
      split(1,",") -> eval_type_error: operand 1 must be string but got number
      split("a",1) -> eval_type_error: operand 2 must be string but got number
      split("aXXbXX","XX") -> ["a", "b", ""]
      substring("abcdef",1,2) -> "bc"
      substring("abcdef",1,-1) -> "bcdef"
      substring("abcdef",-1,2) -> eval_builtin_error: negative offset
      substring("abcdef",10,2) -> ""
      substring("abcdef",6,2) -> ""
      substring("abcdef",2,100) -> "cdef"
      substring("héllo",1,2) -> "él"
      substring("héllo",1,-1) -> "éllo"
      substring("héllo",10,-1) -> ""
      substring("héllo",-1,-1) -> eval_builtin_error: negative offset
      substring("abc",1.5,1) -> eval_type_error: operand 2 must be integer number but got floating-point number
      substring("abc",1,1.5) -> eval_type_error: operand 3 must be integer number but got floating-point number
      substring("abc",1,"x") -> eval_type_error: operand 3 must be number but got string
      substring("abc","x",1) -> eval_type_error: operand 2 must be number but got string
      substring(1,1,1) -> eval_type_error: operand 1 must be string but got number
      substring("abc",1,0) -> ""
      substring("abc",1,-5) -> "bc"
      substring("",0,1) -> ""
      substring("",0,0) -> ""
      substring("abc",0,99999999999999999999) -> eval_type_error: operand 3 must be integer number but got floatin\#
      g-point number
      substring("abc",99999999999999999999,1) -> eval_type_error: operand 2 must be integer number but got floatin\#
      g-point number
      substring("abc",9223372036854775807,1) -> ""
      substring("hé",5,9223372036854775807) -> ""
      substring("abc",-1,9223372036854775807) -> eval_builtin_error: negative offset
      substring("abc", 1, 9223372036854775807) -> "bc"
      substring("hé", 1, 9223372036854775807) -> "é"
      strings.replace_n({"a":"b","b":"c"},"ab") -> "bc"
      strings.replace_n({"a":1},"ab") -> eval_type_error: operand 1 non-string value found in pattern object
      strings.replace_n({1:"a"},"ab") -> eval_type_error: operand 1 non-string key found in pattern object
      strings.replace_n({"a":"1","aa":"2","aaa":"3"},"aaaa") -> "1111"
      strings.replace_n({"":"x"},"ab") -> "xaxbx"
      strings.replace_n({"":"x","a":"y"},"ab") -> "xyxbx"
      strings.replace_n({"aaa":"3","":"x"},"éaaaab") -> "x\ufffdx\ufffdx3xaxbx"
      strings.replace_n({},"ab") -> "ab"
      strings.replace_n("x","ab") -> eval_type_error: operand 1 must be object but got string
      strings.replace_n({"<":"&lt;",">":"&gt;"},"This is <b>HTML</b>!") -> "This is &lt;b&gt;HTML&lt;/b&gt;!"
      strings.replace_n({"a":"b"},1) -> eval_type_error: operand 2 must be string but got number
      strings.replace_n({"a":"b","c":1},"ab") -> eval_type_error: operand 1 non-string value found in pattern object
      strings.reverse("héllo") -> "olléh"
      strings.reverse("e\u0301x") -> "x́e"
      strings.reverse(1) -> eval_type_error: operand 1 must be string but got number
      strings.split_n("a,b,c",",",2) -> ["a", "b"]
      strings.split_n("a,b,c",",",0) -> []
      strings.split_n("a,b,c",",",-1) -> ["c"]
      strings.split_n("a,b,c",",",1) -> ["a"]
      strings.split_n("abc","",2) -> ["a", "b"]
      strings.split_n("a,b,c",",",1.5) -> eval_type_error: operand 3 must be integer number but got floating-point\#
       number
      strings.split_n("a,b,c",",","x") -> eval_type_error: operand 3 must be number but got string
      strings.split_n("a,b,c",",",99999999999999999999) -> eval_type_error: operand 3 must be integer number but g\#
      ot floating-point number
      strings.split_n("a,b,c",",",-2) -> ["b", "c"]
      strings.split_n("a,b,c",",",-10) -> ["a", "b", "c"]
      strings.split_n("a,b,c",",",10) -> ["a", "b", "c"]
      strings.split_n("a,b,c",",",-9223372036854775808) -> ["a", "b", "c"]
      strings.split_n("a,b,c",",",9223372036854775807) -> ["a", "b", "c"]
      strings.split_n("","",5) -> []
      strings.split_n("",",",5) -> [""]
      strings.split_n(1,",",5) -> eval_type_error: operand 1 must be string but got number
      strings.split_n("a",1,5) -> eval_type_error: operand 2 must be string but got number
      trim("  abc ", " ") -> "abc"
      trim("xxabcxy","xy") -> "abc"
      trim("abc","") -> "abc"
      trim("éaé","é") -> "a"
      trim(1,"x") -> eval_type_error: operand 1 must be string but got number
      trim("x",1) -> eval_type_error: operand 2 must be string but got number
      trim("\u0000a","\u0000") -> "a"
      trim_left("xxabcx","x") -> "abcx"
      trim_left("éa","é") -> "a"
      trim_left(1,"") -> eval_type_error: operand 1 must be string but got number
      trim_left("a",1) -> eval_type_error: operand 2 must be string but got number
      trim_right("xxabcx","x") -> "xxabc"
      trim_right("aé","é") -> "a"
      trim_right(1,"") -> eval_type_error: operand 1 must be string but got number
      trim_right("a",1) -> eval_type_error: operand 2 must be string but got number
      trim_prefix("abc","a") -> "bc"
      trim_prefix("abc","") -> "abc"
      trim_prefix("abc","z") -> "abc"
      trim_prefix(1,"") -> eval_type_error: operand 1 must be string but got number
      trim_prefix("a",1) -> eval_type_error: operand 2 must be string but got number
      trim_suffix("abc","c") -> "ab"
      trim_suffix("abc","") -> "abc"
      trim_suffix(1,"") -> eval_type_error: operand 1 must be string but got number
      trim_suffix("a",1) -> eval_type_error: operand 2 must be string but got number
      trim_space("\u0085\u00a0\u2003abc\u3000\n\ufeff") -> "abc\u3000\n\ufeff"
      trim_space(1) -> eval_type_error: operand 1 must be string but got number
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
