import Testing

@testable import RegoLite

@Suite struct GlobsTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      glob.match("a", 1, "a") -> eval_type_error: operand 2 must be one of {array, null} but got number
      glob.match("a", "x", "a") -> eval_type_error: operand 2 must be one of {array, null} but got string
      glob.match("a", ["ab"], "a") -> eval_type_error: operand 2 must be array of runes but got array containing string
      glob.match("a", [""], "a") -> eval_type_error: operand 2 must be array of runes but got array containing string
      glob.match("a", [1], "a") -> eval_type_error: operand 2 must be array of strings but got array containing number
      glob.match(1, [1], "a") -> eval_type_error: operand 1 must be string but got number
      glob.match("a", [], 1) -> eval_type_error: operand 3 must be string but got number
      glob.match("[", [], "a") -> eval_builtin_error: unexpected end of input
      glob.match("[a", [], "a") -> eval_builtin_error: unexpected end of input
      glob.match("[]", [], "a") -> eval_builtin_error: could not parse range
      glob.match("[!]", [], "a") -> eval_builtin_error: could not parse range
      glob.match("[a-", [], "a") -> eval_builtin_error: unexpected end of input
      glob.match("[a-b", [], "a") -> eval_builtin_error: unexpected end of input
      glob.match("[a-bc]", [], "a") -> eval_builtin_error: expected close range character
      glob.match("[b-a]", [], "a") -> eval_builtin_error: hi character 'a' should be greater than lo 'b'
      glob.match("[a-a]", [], "a") -> true
      glob.match("{a,b", [], "a") -> true
      glob.match("{a,b", [], "b") -> true
      glob.match("a}", [], "a}") -> true
      glob.match("a,b", [], "a,b") -> true
      glob.match("]", [], "]") -> true
      glob.match("{}", [], "") -> true
      glob.match("{,a}", [], "") -> true
      glob.match("{,a}b", [], "b") -> true
      glob.match("{a,{b,c}d}e", [], "cde") -> true
      glob.match("\\*", [], "*") -> true
      glob.match("\\", [], "") -> true
      glob.match("\\", [], "\\") -> false
      glob.match("\\a", [], "a") -> true
      glob.match("[\\]]", [], "]") -> true
      glob.match("[\\a]", [], "\\") -> false
      glob.match("[!a]", [], ".") -> true
      glob.match("[!a-b]", [], ".") -> true
      glob.match("[ab]", ["a"], "a") -> true
      glob.match("?", [], ".") -> false
      glob.match("?", null, ".") -> true
      glob.match("?", [], "é") -> true
      glob.match("*", [], "") -> true
      glob.match("**", [], "") -> true
      glob.match("", [], "") -> true
      glob.match("", [], "a") -> false
      glob.match("", null, "") -> true
      glob.match("*", ["/"], "a.b") -> true
      glob.match("*", ["/", ":"], "a:b") -> false
      glob.match("*", ["é"], "aéb") -> false
      glob.match("**", ["/"], "a/b") -> true
      glob.match("a*b", [], "a\nb") -> true
      glob.match("a**b", [], "a\nb") -> true
      glob.match("***", [], "a.b") -> true
      glob.match("*.*", [], "a.b") -> true
      glob.match("*a*", null, "bab") -> true
      glob.match("a?c*", null, "abcd") -> true
      glob.match("{*,a}", [], "x.y") -> false
      glob.match("[!!]", [], "a") -> true
      glob.match("[!!]", [], "!") -> false
      glob.match("[-a]", [], "-") -> true
      glob.match("[a-]", [], "a") -> eval_builtin_error: unexpected end of input
      glob.match("[a-]]", [], "b") -> eval_builtin_error: hi character ']' should be greater than lo 'a'
      glob.match("[---]", [], "-") -> true
      glob.match("[ab-c]", [], "b") -> true
      glob.match("[ab-c]", [], "-") -> true
      glob.match("{a\\,b,c}", [], "a,b") -> true
      glob.match("{a\\}b,c}", [], "a}b") -> true
      glob.match("a{b", [], "ab") -> true
      glob.match("a{b,c}{d,e}f", [], "acdf") -> true
      glob.match("{[a-b],?c}*", [], "xcz") -> true
      glob.quote_meta("*?[]{},\\!a-é") -> "\\*\\?\\[\\]\\{\\},\\\\!a-é"
      glob.quote_meta("") -> ""
      glob.quote_meta(1) -> eval_type_error: operand 1 must be string but got number
      glob.match("*", [], "a\u0000b") -> true
      glob.quote_meta("*.a?[b]{c}\\d!-é") -> "\\*.a\\?\\[b\\]\\{c\\}\\\\d!-é"
      glob.quote_meta(",!-^$.()|\\") -> ",!-^$.()|\\\\"
      """#))
  func matchesAsOPA(_ call: BuiltinCase) { call.check() }

  @Test func starsTakeLinearTime() throws {
    let pattern = Value.string(Text(String(repeating: "*a", count: 100) + "b"))
    let text = Value.string(Text(String(repeating: "a", count: 50_000)))
    var context = BuiltinContext.forTests(steps: 2_000_000)
    #expect(try BuiltinCase.call("glob.match", [pattern, .null, text], &context) == false)
  }

  /// Neither the stack nor the memory grows with what a pattern asks for.
  @Test(arguments: [
    (String(repeating: "{", count: 100_000), "glob nests too deeply"),
    (String(repeating: "?", count: 400_000), "pattern: expression too large"),
  ])
  func refusesExcessivePatterns(_ pattern: String, _ message: String) {
    var context = BuiltinContext.forTests()
    let error = #expect(throws: BuiltinError.self) {
      try BuiltinCase.call("glob.match", [.string(Text(pattern)), .null, "a"], &context)
    }
    #expect(error?.message == message)
  }
}
