import Testing

@testable import RegoLite

@Suite struct SemverTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      semver.is_valid("1.2.3") -> true
      semver.is_valid("1.2") -> false
      semver.is_valid("v1.2.3") -> true
      semver.is_valid("1.2.3-alpha.1+build") -> true
      semver.is_valid("01.2.3") -> true
      semver.is_valid("1.2.3-") -> true
      semver.is_valid("1.2.3-01") -> true
      semver.is_valid("1.2.3-a..b") -> false
      semver.is_valid("1.2.3+") -> true
      semver.is_valid("1.2.3+a_b") -> false
      semver.is_valid("1.2.99999999999999999999") -> false
      semver.is_valid(1) -> false
      semver.is_valid("") -> false
      semver.is_valid("1.2.3.4") -> false
      semver.is_valid("-1.2.3") -> false
      semver.is_valid("1.2.3 ") -> false
      semver.is_valid("1.2.3-é") -> false
      semver.is_valid("1.+2.3") -> false
      semver.is_valid("1.2.3-a-b") -> true
      semver.is_valid("1.2.3+01") -> true
      semver.is_valid("1.2.3-0a") -> true
      semver.is_valid("v") -> false
      semver.is_valid("V1.2.3") -> false
      semver.is_valid("vv1.2.3") -> false
      semver.is_valid("1.2.") -> false
      semver.is_valid("1..3") -> false
      semver.is_valid("1.2.3-+") -> true
      semver.is_valid("1.2.3-+a") -> true
      semver.is_valid("1.2.3-a.") -> false
      semver.is_valid("1.2.3+a.") -> false
      semver.is_valid("1.2.3+a+b") -> false
      semver.is_valid("1.2.9223372036854775807") -> true
      semver.is_valid("1.2.9223372036854775808") -> false
      semver.is_valid("1.2.3+.a") -> false
      semver.is_valid("1.2+x.3") -> false
      semver.is_valid("1.2.3-.a") -> false
      semver.compare("1.2.3","1.2.4") -> -1
      semver.compare("1.2.3","1.2.3") -> 0
      semver.compare("1.10.0","1.9.0") -> 1
      semver.compare("2.0.0","1.9.0") -> 1
      semver.compare("1.0.0-alpha","1.0.0") -> -1
      semver.compare("1.0.0-alpha","1.0.0-alpha.1") -> -1
      semver.compare("1.0.0-alpha.1","1.0.0-alpha.beta") -> -1
      semver.compare("1.0.0-2","1.0.0-11") -> -1
      semver.compare("1.0.0-rc.1","1.0.0-beta.11") -> 1
      semver.compare("1.0.0+a","1.0.0+b") -> 0
      semver.compare("1.0","1.0.0") -> eval_builtin_error: operand 1: string "1.0" is not a valid SemVer
      semver.compare("1.0.0","x") -> eval_builtin_error: operand 2: string "x" is not a valid SemVer
      semver.compare("1.0.0-","1.0.0") -> 0
      semver.compare("01.0.0","1.0.0") -> 0
      semver.compare(1,"1.0.0") -> eval_type_error: operand 1 must be string but got number
      semver.compare("1.0.0",1) -> eval_type_error: operand 2 must be string but got number
      semver.compare("v1.0.0","1.0.0") -> 0
      semver.compare("1.0.0-a","1.0.0-A") -> 1
      semver.compare("1.0.0-1.a","1.0.0-1.b") -> -1
      semver.compare("1.0.0-alpha.beta","1.0.0-alpha.1") -> 1
      semver.compare("1.0.0-1","1.0.0-a") -> -1
      semver.compare("1.0.0--","1.0.0-a") -> -1
      semver.compare("1.0.0-99999999999999999999", "1.0.0-99999999999999999998") -> 1
      semver.compare("1.0.0-01", "1.0.0-1") -> 0
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
