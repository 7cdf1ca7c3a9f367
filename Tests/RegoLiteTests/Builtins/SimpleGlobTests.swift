import Testing

@testable import RegoLite

@Suite struct SimpleGlobTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      regex.globs_match("", "") -> true
      regex.globs_match("a*", "b*") -> false
      regex.globs_match("a*", "a*") -> true
      regex.globs_match("a*", "") -> false
      regex.globs_match("", "a") -> false
      regex.globs_match("a", "") -> false
      regex.globs_match(".*", "") -> false
      regex.globs_match(".*", "a") -> true
      regex.globs_match("[a-z]+", "[0-9]*") -> false
      regex.globs_match("[a-z]+", "z") -> true
      regex.globs_match("[z-a]", "z") -> eval_builtin_error: input:[z-a], pos:4, range is out of order: 'a' comes befo\#
      re 'z' in Unicode: the input provided is invalid
      regex.globs_match("[]", "z") -> false
      regex.globs_match("[a", "z") -> eval_builtin_error: input:[a, pos:2, found [ without matching ]: the input provi\#
      ded is invalid
      regex.globs_match("]", "z") -> eval_builtin_error: input:], pos:1, set-close ']' with no preceding '[': the inpu\#
      t provided is invalid
      regex.globs_match("a]", "z") -> eval_builtin_error: input:a], pos:2, set-close ']' with no preceding '[': the in\#
      put provided is invalid
      regex.globs_match("+", "z") -> eval_builtin_error: input:+, pos:1, flag '+' must be preceded by a non-flag: the \#
      input provided is invalid
      regex.globs_match("*", "z") -> eval_builtin_error: input:*, pos:1, flag '*' must be preceded by a non-flag: the \#
      input provided is invalid
      regex.globs_match("a**", "a") -> eval_builtin_error: input:a**, pos:3, flag '*' must be preceded by a non-flag: \#
      the input provided is invalid
      regex.globs_match("a++", "a") -> eval_builtin_error: input:a++, pos:3, flag '+' must be preceded by a non-flag: \#
      the input provided is invalid
      regex.globs_match("a+*", "a") -> eval_builtin_error: input:a+*, pos:3, flag '*' must be preceded by a non-flag: \#
      the input provided is invalid
      regex.globs_match("\\", "a") -> eval_builtin_error: input:\, pos:0, input ends with a \ (escape) character: the \#
      input provided is invalid
      regex.globs_match("\\a", "a") -> true
      regex.globs_match("\\.", "a") -> false
      regex.globs_match("\\.", ".") -> true
      regex.globs_match("\\*", "*") -> eval_builtin_error: input:*, pos:1, flag '*' must be preceded by a non-flag: th\#
      e input provided is invalid
      regex.globs_match("[a-]", "-") -> eval_builtin_error: input:[a-], pos:3, range character '-' must be followed b\#
      y a Unicode character: the input provided is invalid
      regex.globs_match("[-a]", "-") -> eval_builtin_error: input:[-a], pos:2, range character '-' must be preceded b\#
      y a Unicode character: the input provided is invalid
      regex.globs_match("[a-b-c]", "b") -> eval_builtin_error: input:[a-b-c], pos:5, range character '-' must be prece\#
      ded by a Unicode character: the input provided is invalid
      regex.globs_match("[a\\]]", "]") -> eval_builtin_error: input:], pos:1, set-close ']' with no preceding '[': th\#
      e input provided is invalid
      regex.globs_match("[a.]", "b") -> false
      regex.globs_match("[a*]", "*") -> eval_builtin_error: input:*, pos:1, flag '*' must be preceded by a non-flag: t\#
      he input provided is invalid
      regex.globs_match("[[]", "[") -> eval_builtin_error: input:[, pos:1, found [ without matching ]: the input provi\#
      ded is invalid
      regex.globs_match("[^a]", "b") -> false
      regex.globs_match("[^a]", "^") -> true
      regex.globs_match("é", "é") -> true
      regex.globs_match("[à-ü]", "é") -> true
      regex.globs_match("a-b", "a-b") -> true
      regex.globs_match("-", "-") -> true
      regex.globs_match("a{2}", "aa") -> false
      regex.globs_match("a?", "a?") -> true
      regex.globs_match("(a)", "a") -> false
      regex.globs_match("a|b", "a|b") -> true
      regex.globs_match("^a$", "a") -> false
      regex.globs_match(".+a", "b") -> false
      regex.globs_match(".+a", "a") -> false
      regex.globs_match("a.*b.*c", ".*x.*") -> true
      regex.globs_match(1, "a") -> eval_type_error: operand 1 must be string but got number
      regex.globs_match("a", 1) -> eval_type_error: operand 2 must be string but got number
      regex.globs_match("[a-\\]]", "b") -> eval_builtin_error: input:[a-\]], pos:5, range is out of order: ']' comes b\#
      efore 'a' in Unicode: the input provided is invalid
      regex.globs_match("[\\-a]", "-") -> true
      regex.globs_match("a\\", "b") -> eval_builtin_error: input:a\, pos:1, input ends with a \ (escape) character: th\#
      e input provided is invalid
      regex.globs_match("[a\\", "b") -> eval_builtin_error: input:[a\, pos:2, input ends with a \ (escape) character: \#
      the input provided is invalid
      regex.globs_match("[-]", "-") -> eval_builtin_error: input:[-], pos:2, range character '-' must be preceded by \#
      a Unicode character: the input provided is invalid
      regex.globs_match("[--]", "-") -> eval_builtin_error: input:[--], pos:2, range character '-' must be preceded b\#
      y a Unicode character: the input provided is invalid
      regex.globs_match("[a--]", "-") -> eval_builtin_error: input:[a--], pos:4, range character '-' cannot be followe\#
      d by a special symbol: the input provided is invalid
      regex.globs_match("[+--]", ",") -> eval_builtin_error: input:[+--], pos:4, range character '-' cannot be followe\#
      d by a special symbol: the input provided is invalid
      regex.globs_match("z", "[]") -> false
      regex.globs_match("[[a]", "a") -> true
      regex.globs_match("[a[", "a") -> eval_builtin_error: input:[a[, pos:3, found [ without matching ]: the input pro\#
      vided is invalid
      regex.globs_match("x[aa]", "xa") -> true
      regex.globs_match("[a-", "-") -> eval_builtin_error: input:[a-, pos:3, range character '-' must be followed by \#
      a Unicode character: the input provided is invalid
      regex.globs_match("[é]+é]", "-") -> eval_builtin_error: input:[é]+é], pos:6, set-close ']' with no preceding '['\#
      : the input provided is invalid
      regex.globs_match("é]", "-") -> eval_builtin_error: input:é], pos:2, set-close ']' with no preceding '[': the in\#
      put provided is invalid
      regex.globs_match("é\\", "-") -> eval_builtin_error: input:é\, pos:1, input ends with a \ (escape) character: th\#
      e input provided is invalid
      regex.globs_match("[a+]", "\\+") -> true
      regex.globs_match("[a*]", "\\*") -> true
      regex.globs_match("[a.]", "\\.") -> true
      regex.globs_match("[.]", "\\.") -> true
      regex.globs_match("[a-z.]", "\\.") -> true
      regex.globs_match("[a-.]", "\\.") -> eval_builtin_error: input:[a-.], pos:4, range is out of order: '.' comes be\#
      fore 'a' in Unicode: the input provided is invalid
      regex.globs_match("[!-.]", "\\.") -> true
      regex.globs_match("[.-z]", "a") -> true
      regex.globs_match("[\\!-\\.]", "\\.") -> true
      regex.globs_match(".", "[]") -> true
      regex.globs_match("[]", "[]") -> false
      regex.globs_match("[]*", "a*") -> false
      regex.globs_match("[]*a", "a") -> true
      regex.globs_match("[a\\]]", "\\]") -> true
      regex.globs_match("[[]", "\\[") -> true
      regex.globs_match("[a[]", "\\[") -> true
      regex.globs_match("\\[", "[[]") -> true
      regex.globs_match("[a-[]", "a") -> eval_builtin_error: input:[a-[], pos:4, range is out of order: '[' comes befo\#
      re 'a' in Unicode: the input provided is invalid
      regex.globs_match("[Z-[]", "[[]") -> true
      regex.globs_match("[Z-\\[]", "[[]") -> true
      regex.globs_match("[a-b-]", "a") -> eval_builtin_error: input:[a-b-], pos:5, range character '-' must be precede\#
      d by a Unicode character: the input provided is invalid
      regex.globs_match("[a--b]", "a") -> eval_builtin_error: input:[a--b], pos:4, range character '-' cannot be follo\#
      wed by a special symbol: the input provided is invalid
      regex.globs_match("[*-z]", "a") -> true
      regex.globs_match("[a-*]", "a") -> eval_builtin_error: input:[a-*], pos:4, range is out of order: '*' comes befo\#
      re 'a' in Unicode: the input provided is invalid
      regex.globs_match("a\n", ".\n") -> true
      regex.globs_match("\\-", "-") -> true
      regex.globs_match("[a\\", "-") -> eval_builtin_error: input:[a\, pos:2, input ends with a \ (escape) character: \#
      the input provided is invalid
      regex.globs_match("[\\a-b]", "a") -> true
      regex.globs_match("]", "[") -> eval_builtin_error: input:], pos:1, set-close ']' with no preceding '[': the inpu\#
      t provided is invalid
      regex.globs_match("[[]", "[[]") -> true
      regex.globs_match("[a-\\b]", "b") -> true
      regex.globs_match("[a-aa]", "a") -> true
      regex.globs_match("[[-a]", "a") -> true
      regex.globs_match("[+-a]", "a") -> true
      regex.globs_match("[a-c-e]", "a") -> eval_builtin_error: input:[a-c-e], pos:5, range character '-' must be prece\#
      ded by a Unicode character: the input provided is invalid
      regex.globs_match("[a-a]", "a") -> true
      regex.globs_match("c+", "a*c") -> false
      regex.globs_match("a+a+", "[a-c]") -> true
      regex.globs_match("[bc]b", "[a-c][a-c]+[a-c]+") -> true
      regex.globs_match("a*c+c", "a[bc]+b*") -> false
      regex.globs_match("[ab]*[bc]", "[ab]a*c+c+") -> true
      regex.globs_match("ac*", "a") -> false
      regex.globs_match(".", "b*a[bc]*") -> false
      regex.globs_match("[bc]*[bc]*.[a-c]", "a[a-c]") -> true
      regex.globs_match("a+[ab]*.[bc]", "[ab]+.") -> true
      regex.globs_match("xa*", "xb*") -> false
      regex.globs_match("b*c*", "c*b*") -> false
      """#))
  func answersAsOPA(_ call: BuiltinCase) { call.check() }

  /// The answer takes time for each pair of characters, which the budget counts.
  @Test func longPatternsCostSteps() {
    let pattern = Value.string(Text(String(repeating: "a*b*", count: 5_000)))
    var context = BuiltinContext.forTests(steps: 1_000_000)
    let error = #expect(throws: BuiltinError.self) {
      try BuiltinCase.call("regex.globs_match", [pattern, pattern], &context)
    }
    #expect(error?.code == .halt)
  }
}
