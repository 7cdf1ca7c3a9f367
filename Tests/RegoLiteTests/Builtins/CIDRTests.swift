import Testing

@testable import RegoLite

@Suite struct CIDRTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      net.cidr_contains("10.0.0.0/8","10.1.2.3") -> true
      net.cidr_contains("10.0.0.0/8","10.1.0.0/16") -> true
      net.cidr_contains("10.1.0.0/16","10.0.0.0/8") -> false
      net.cidr_contains("10.0.0.0/8","11.1.2.3") -> false
      net.cidr_contains("10.0.0.0","10.1.2.3") -> eval_builtin_error: invalid CIDR address: 10.0.0.0
      net.cidr_contains("x","10.1.2.3") -> eval_builtin_error: invalid CIDR address: x
      net.cidr_contains("10.0.0.0/8","x") -> eval_builtin_error: not a valid textual representation of an IP addre\#
      ss or CIDR: x
      net.cidr_contains("10.0.0.0/33","10.1.2.3") -> eval_builtin_error: invalid CIDR address: 10.0.0.0/33
      net.cidr_contains("10.0.0.0/8","10.1.2.3/40") -> eval_builtin_error: not a valid textual representation of a\#
      n IP address or CIDR: 10.1.2.3/40
      net.cidr_contains("2001:db8::/32","2001:db8::1") -> true
      net.cidr_contains("2001:db8::/32","10.0.0.1") -> false
      net.cidr_contains("10.0.0.0/8","::ffff:10.1.2.3") -> true
      net.cidr_contains("::ffff:10.0.0.0/104","10.1.2.3") -> true
      net.cidr_contains("::/0","10.1.2.3") -> false
      net.cidr_contains("0.0.0.0/0","::1") -> false
      net.cidr_contains("10.0.0.5/8","10.1.2.3") -> true
      net.cidr_contains("10.0.0.0/08","10.1.2.3") -> true
      net.cidr_contains("010.0.0.0/8","10.1.2.3") -> eval_builtin_error: invalid CIDR address: 010.0.0.0/8
      net.cidr_contains("10.0.0.0/8","10.1.2.03") -> eval_builtin_error: not a valid textual representation of an\#
       IP address or CIDR: 10.1.2.03
      net.cidr_contains("fe80::1%eth0/64","fe80::1") -> eval_builtin_error: invalid CIDR address: fe80::1%eth0/64
      net.cidr_contains("fe80::/64","fe80::1%eth0") -> eval_builtin_error: not a valid textual representation of a\#
      n IP address or CIDR: fe80::1%eth0
      net.cidr_contains("10.0.0.0/","10.1.2.3") -> eval_builtin_error: invalid CIDR address: 10.0.0.0/
      net.cidr_contains("10.0.0.0/+8","10.1.2.3") -> eval_builtin_error: invalid CIDR address: 10.0.0.0/+8
      net.cidr_contains("10.0.0.0/-1","10.1.2.3") -> eval_builtin_error: invalid CIDR address: 10.0.0.0/-1
      net.cidr_contains("1.2.3/8","10.1.2.3") -> eval_builtin_error: invalid CIDR address: 1.2.3/8
      net.cidr_contains(1,"x") -> eval_type_error: operand 1 must be string but got number
      net.cidr_contains("10.0.0.0/8",1) -> eval_type_error: operand 1 must be string but got number
      net.cidr_contains("1::/16","1:0:0:0:0:0:1.2.3.4") -> true
      net.cidr_contains("::ffff:0:0/96","1.2.3.4") -> true
      net.cidr_contains("::ffff:0:0/95","1.2.3.4") -> false
      net.cidr_contains("::/90","::ffff:1.2.3.4") -> false
      net.cidr_overlap("10.0.0.0/8", "10.1.2.3") -> true
      net.cidr_overlap("10.0.0.0/8", "11.1.2.3") -> false
      net.cidr_intersects("10.0.0.0/8","10.1.0.0/16") -> true
      net.cidr_intersects("10.0.0.0/8","11.0.0.0/8") -> false
      net.cidr_intersects("10.1.0.0/16","10.0.0.0/8") -> true
      net.cidr_intersects("10.0.0.0/8","10.1.2.3") -> eval_builtin_error: invalid CIDR address: 10.1.2.3
      net.cidr_intersects("10.0.0.0","10.1.2.3") -> eval_builtin_error: invalid CIDR address: 10.0.0.0
      net.cidr_intersects("x","10.1.2.3") -> eval_builtin_error: invalid CIDR address: x
      net.cidr_intersects("2001:db8::/32","2001:db8:1::/48") -> true
      net.cidr_intersects("2001:db8::/32","10.0.0.0/8") -> false
      net.cidr_intersects("0.0.0.0/0","::/0") -> false
      net.cidr_intersects(1,"10.0.0.0/8") -> eval_type_error: operand 1 must be string but got number
      net.cidr_is_valid("10.0.0.0/8") -> true
      net.cidr_is_valid("10.0.0.5/8") -> true
      net.cidr_is_valid("10.0.0.0") -> false
      net.cidr_is_valid("2001:db8::/32") -> true
      net.cidr_is_valid("2001:db8::/129") -> false
      net.cidr_is_valid("::ffff:1.2.3.4/120") -> true
      net.cidr_is_valid("1.2.3.256/8") -> false
      net.cidr_is_valid("x") -> false
      net.cidr_is_valid(1) -> false
      net.cidr_is_valid("1:2:3:4:5:6:7:8/64") -> true
      net.cidr_is_valid("1:2:3:4:5:6:7::/64") -> true
      net.cidr_is_valid("1:2:3:4:5:6:7:8::/64") -> false
      net.cidr_is_valid("::1::/64") -> false
      net.cidr_is_valid("12345::/64") -> false
      net.cidr_is_valid(":::/64") -> false
      net.cidr_is_valid("1:/64") -> false
      net.cidr_is_valid(":1/64") -> false
      net.cidr_is_valid("::1.2.3.4/64") -> true
      net.cidr_is_valid("1.2.3.4::/64") -> false
      net.cidr_is_valid("::01.2.3.4/64") -> false
      net.cidr_is_valid("fe80::1%eth0/64") -> false
      net.cidr_is_valid("::/0128") -> true
      net.cidr_is_valid("1.2.3.4/032") -> true
      net.cidr_is_valid("1.2.3.4/ 32") -> false
      net.cidr_is_valid("1.2.3.4/8/8") -> false
      net.cidr_is_valid("ABCD:EF01::/64") -> true
      net.cidr_is_valid("1.2.3.4::5/64") -> false
      net.cidr_is_valid("::1.2.3.4:5/64") -> false
      net.cidr_is_valid("1:2:3:4:5:6:1.2.3.4/64") -> true
      net.cidr_is_valid("1:2:3:4:5:6:7:1.2.3.4/64") -> false
      net.cidr_is_valid("::+1/64") -> false
      net.cidr_is_valid("::-1/64") -> false
      net.cidr_is_valid("::g/64") -> false
      net.cidr_is_valid("1:2:3:4:5:6:7::/999999999999999999999") -> false
      net.cidr_is_valid("/64") -> false
      net.cidr_is_valid("::/") -> false
      net.cidr_is_valid("") -> false
      net.cidr_expand("192.168.1.0/30") -> {"192.168.1.0", "192.168.1.1", "192.168.1.2", "192.168.1.3"}
      net.cidr_expand("192.168.1.5/30") -> {"192.168.1.4", "192.168.1.5", "192.168.1.6", "192.168.1.7"}
      net.cidr_expand("2001:db8::/126") -> {"2001:db8::", "2001:db8::1", "2001:db8::2", "2001:db8::3"}
      net.cidr_expand("::ffff:1.2.3.4/127") -> {"1.2.3.4", "1.2.3.5"}
      net.cidr_expand("10.0.0.1/32") -> {"10.0.0.1"}
      net.cidr_expand("x") -> eval_builtin_error: invalid CIDR address: x
      net.cidr_expand("10.0.0.1") -> eval_builtin_error: invalid CIDR address: 10.0.0.1
      net.cidr_expand(1) -> eval_type_error: operand 1 must be string but got number
      net.cidr_expand("255.255.255.254/31") -> {"255.255.255.254", "255.255.255.255"}
      net.cidr_expand("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127") -> {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"\#
      , "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}
      net.cidr_expand("::/126") -> {"::", "::1", "::2", "::3"}
      net.cidr_expand("1::2:0:0:0/127") -> {"1::2:0:0:0", "1::2:0:0:1"}
      net.cidr_expand("0:0:1:0:0:0:0:0/127") -> {"0:0:1::", "0:0:1::1"}
      net.cidr_expand("1:0:0:2:0:0:3:4/127") -> {"1::2:0:0:3:4", "1::2:0:0:3:5"}
      net.cidr_expand("1:0:2:0:3:0:4:5/128") -> {"1:0:2:0:3:0:4:5"}
      net.cidr_merge(["10.0.0.0/9","10.128.0.0/9"]) -> {"10.0.0.0/8"}
      net.cidr_merge(["10.0.0.0/8","10.1.0.0/16"]) -> {"10.0.0.0/8"}
      net.cidr_merge({"192.168.0.0/24","192.168.1.0/24","10.0.0.1"}) -> {"10.0.0.1/8", "192.168.0.0/23"}
      net.cidr_merge(["10.0.0.1","10.0.0.2"]) -> {"10.0.0.0/8"}
      net.cidr_merge(["10.0.0.0","10.0.0.1"]) -> {"10.0.0.0/8"}
      net.cidr_merge([]) -> set()
      net.cidr_merge(["x"]) -> eval_builtin_error: invalid CIDR address: x
      net.cidr_merge([1]) -> eval_builtin_error: element must be string
      net.cidr_merge("x") -> eval_builtin_error: operand must be an array
      net.cidr_merge({1}) -> eval_builtin_error: element must be string
      net.cidr_merge(["2001:db8::/33","2001:db8:8000::/33","10.0.0.0/8"]) -> {"10.0.0.0/8", "2001:db8::/32"}
      net.cidr_merge(["10.0.0.5/8"]) -> {"10.0.0.0/8"}
      net.cidr_merge(["10.0.0.0/24","10.0.1.0/24","10.0.2.0/24"]) -> {"10.0.0.0/23", "10.0.2.0/24"}
      net.cidr_merge(["0.0.0.0/1","128.0.0.0/1"]) -> {"0.0.0.0/0"}
      net.cidr_merge(["::ffff:10.0.0.0/104","10.0.0.0/8"]) -> {"10.0.0.0/8"}
      net.cidr_merge(["10.0.0.0/33"]) -> eval_builtin_error: invalid CIDR address: 10.0.0.0/33
      net.cidr_merge(["fe80::1%eth0"]) -> eval_builtin_error: invalid CIDR address: fe80::1%eth0
      net.cidr_merge(["::1"]) -> eval_builtin_error: IPv6 invalid: needs prefix length
      net.cidr_merge(["192.0.128.0/24","192.0.129.0/24"]) -> {"192.0.128.0/23"}
      net.cidr_merge(["10.0.1.0/24","10.0.2.0/24"]) -> {"10.0.1.0/24", "10.0.2.0/24"}
      net.cidr_merge(["255.255.255.255/32","255.255.255.254/32"]) -> {"255.255.255.254/31"}
      net.cidr_merge(["::ffff:10.0.0.0/95"]) -> {"::fffe:0:0/95"}
      net.cidr_merge(["10.0.0.1","10.0.0.2","200.1.1.1","130.1.1.1","224.0.0.1"]) -> {"10.0.0.0/8", "130.1.1.1/16"\#
      , "200.1.1.1/24", "224.0.0.1/24"}
      net.cidr_merge(["1:0:0:2::/64"]) -> {"1:0:0:2::/64"}
      net.cidr_merge(["0:0:1::/48","::/48"]) -> {"::/47"}
      net.cidr_merge(["10.0.0.0/24","10.0.0.0/24"]) -> {"10.0.0.0/24"}
      net.cidr_merge(["::/1","8000::/1"]) -> {"::/0"}
      net.cidr_merge(["10.0.0.0/25","10.0.0.64/26","10.0.0.128/25"]) -> {"10.0.0.0/24"}
      net.cidr_merge(["10.0.0.0/30","10.0.0.4/31","10.0.0.6/32"]) -> {"10.0.0.0/30", "10.0.0.4/31", "10.0.0.6/32"}
      net.cidr_merge(["10.0.0.1/32","10.0.0.2/32","10.0.0.3/32","10.0.0.4/32"]) -> {"10.0.0.1/32", "10.0.0.2/31",\#
       "10.0.0.4/32"}
      net.cidr_merge(["10.0.0.0/8","9.0.0.0/8"]) -> {"10.0.0.0/8", "9.0.0.0/8"}
      net.cidr_merge(["0.0.0.0/32","::fffe:0:0/96"]) -> {"0.0.0.0/32", "::fffe:0:0/96"}
      net.cidr_merge(["0.0.0.0/8"]) -> {"0.0.0.0/8"}
      net.cidr_merge(["2001:db8::1/128","2001:db8::/128"]) -> {"2001:db8::/127"}
      net.cidr_contains_matches("10.0.0.0/8","10.1.2.3") -> {["10.0.0.0/8", "10.1.2.3"]}
      net.cidr_contains_matches(["10.0.0.0/8","11.0.0.0/8"],["10.1.2.3","11.1.1.1"]) -> {[0, 0], [1, 1]}
      net.cidr_contains_matches({"10.0.0.0/8"},{"10.1.2.3"}) -> {["10.0.0.0/8", "10.1.2.3"]}
      net.cidr_contains_matches({"a":"10.0.0.0/8"},{"b":"10.1.2.3","c":["10.1.1.1","x"]}) -> {["a", "b"], ["a", "c"]}
      net.cidr_contains_matches([["10.0.0.0/8","tag"]],"10.1.2.3") -> {[0, "10.1.2.3"]}
      net.cidr_contains_matches(["x"],["10.1.2.3"]) -> eval_builtin_error: invalid CIDR address: x
      net.cidr_contains_matches(["10.0.0.0/8"],["x"]) -> eval_builtin_error: not a valid textual representation of\#
       an IP address or CIDR: x
      net.cidr_contains_matches([1],["10.0.0.1"]) -> eval_builtin_error: operand 1: element must be string or non-\#
      empty array
      net.cidr_contains_matches(["10.0.0.0/8"],[1]) -> eval_builtin_error: operand 2: element must be string or no\#
      n-empty array
      net.cidr_contains_matches([[]],["10.0.0.1"]) -> eval_builtin_error: operand 1: element must be string or non\#
      -empty array
      net.cidr_contains_matches([[1]],["10.0.0.1"]) -> eval_type_error: operand 1 must be string but got number
      net.cidr_contains_matches(1,["10.0.0.1"]) -> set()
      net.cidr_contains_matches(["10.0.0.0/8"],1) -> set()
      net.cidr_contains_matches({["10.0.0.0/8",1]},["10.0.0.1"]) -> {[["10.0.0.0/8", 1], 0]}
      net.cidr_contains_matches({"x":1},["10.0.0.1"]) -> eval_builtin_error: operand 1: element must be string or\#
       non-empty array
      net.cidr_contains_matches({1},["10.0.0.1"]) -> eval_builtin_error: operand 1: element must be string or non-\#
      empty array
      net.cidr_contains_matches([],["10.0.0.1"]) -> set()
      net.cidr_contains_matches([],1) -> set()
      net.cidr_contains_matches(["10.0.0.0/8"],[[1]]) -> eval_type_error: operand 1 must be string but got number
      net.cidr_contains_matches(["10.0.0.0/8"],[["10.0.0.1",{}]]) -> {[0, 0]}
      net.cidr_contains_matches("x",5) -> set()
      net.cidr_contains_matches(["10.0.0.0/8"],["10.1.0.0/16"]) -> {[0, 0]}
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
