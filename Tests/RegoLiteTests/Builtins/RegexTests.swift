import TestSupport
import Testing

@testable import RegoLite

@Suite struct RegexTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      regex.match("(", "a") -> eval_builtin_error: error parsing regexp: missing closing ): `(`
      regex.match("a)", "a") -> eval_builtin_error: error parsing regexp: unexpected ): `a)`
      regex.match("a**", "a") -> eval_builtin_error: error parsing regexp: invalid nested repetition operator: `**`
      regex.match("**", "a") -> eval_builtin_error: error parsing regexp: missing argument to repetition operator: `*`
      regex.match("a{2,1}", "a") -> eval_builtin_error: error parsing regexp: invalid repeat count: `{2,1}`
      regex.match("a{1001}", "a") -> eval_builtin_error: error parsing regexp: invalid repeat count: `{1001}`
      regex.match("(a{100}){100}", "a") -> eval_builtin_error: error parsing regexp: invalid repeat count: `{100}`
      regex.match("[b-a]", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: `b-a`
      regex.match("[a", "a") -> eval_builtin_error: error parsing regexp: missing closing ]: `[a`
      regex.match("a\\", "a") -> eval_builtin_error: error parsing regexp: trailing backslash at end of expression: ``
      regex.match("\\C", "a") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\C`
      regex.match("[\\C]", "a") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\C`
      regex.match("\\8", "a") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\8`
      regex.match("\\1", "a") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\1`
      regex.match("(?=a)", "a") -> eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?=`
      regex.match("(?<n>a)", "a") -> true
      regex.match("(?P<n>a)(?<n>b)", "a") -> false
      regex.match("(?P<n a)", "a") -> eval_builtin_error: error parsing regexp: invalid named capture: `(?P<n a)`
      regex.match("(?P<n-x>a)", "a") -> eval_builtin_error: error parsing regexp: invalid named capture: `(?P<n-x>`
      regex.match("(?P=n)", "a") -> eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?P`
      regex.match("(?i", "a") -> eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?i`
      regex.match("(?", "a") -> eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?`
      regex.match("(?z)", "a") -> eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?z`
      regex.match("\\pX", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: `\pX`
      regex.match("\\p{Greek", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: `\#
      \p{Greek`
      regex.match("\\p{Letter}", "a") -> true
      regex.match("\\p{greek}", "α") -> true
      regex.match("[[:foo:]]", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: `[:foo\#
      :]`
      regex.match("\\x{110000}", "a") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\x{110000`
      regex.match("\\xg", "a") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\xg`
      regex.match("\\z\\Z", "a") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\Z`
      regex.match("\\_", "a") -> false
      regex.match("\\é", "a") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\é`
      regex.match("x{2}{3}", "a") -> eval_builtin_error: error parsing regexp: invalid nested repetition operator: `{2\#
      }{3}`
      regex.match("a+?+", "a") -> eval_builtin_error: error parsing regexp: invalid nested repetition operator: `+?+`
      regex.match("(?i)(?s)a|*", "a") -> eval_builtin_error: error parsing regexp: missing argument to repetition oper\#
      ator: `*`
      regex.match("\\Qa(b\\E+", "xa(b") -> true
      regex.match("\\Qab", "ab") -> true
      regex.match("\\pN\\", "ab") -> eval_builtin_error: error parsing regexp: trailing backslash at end of expression\#
      : ``
      regex.match("[a-\\d]", "ab") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\d`
      regex.match("[\\d-z]", "-") -> true
      regex.match("[]a]", "]") -> true
      regex.match("[^]a]", "]") -> false
      regex.match("a{,2}", "a{,2}") -> true
      regex.match("a{0}", "") -> true
      regex.match("(?i)K", "\u212a") -> true
      regex.match("\\bé", "é") -> false
      regex.match("a\u0000b", "a\u0000b") -> true
      regex.match(".", "\n") -> false
      regex.match("a$", "a\n") -> false
      regex.match("(?m)a$", "a\n") -> true
      regex.match("(?-s).", "\n") -> false
      regex.match("(?P<é>a)", "a") -> eval_builtin_error: error parsing regexp: invalid named capture: `(?P<é>`
      regex.match("[a-b-c]", "b") -> true
      regex.match("[[a]", "[") -> true
      regex.match("[a-", "b") -> eval_builtin_error: error parsing regexp: missing closing ]: `[a-`
      regex.match("[[:alpha:", "b") -> eval_builtin_error: error parsing regexp: missing closing ]: `[[:alpha:`
      regex.match("[[:^alpha:]]", "1") -> true
      regex.match("()|(())*", "") -> true
      regex.match("(|a)*", "aa") -> true
      regex.match("(?U)a+", "aa") -> true
      regex.match("\\A\\B\\z", "") -> true
      regex.match("^*", "") -> true
      regex.match("(^)*$", "") -> true
      regex.match(1, "") -> eval_type_error: operand 1 must be string but got number
      regex.match("", 1) -> eval_type_error: operand 2 must be string but got number
      regex.match("(", 1) -> eval_type_error: operand 2 must be string but got number
      re_match("[a-c]+x", "zabx") -> true
      re_match("^a$", "b") -> false
      re_match("(", "b") -> eval_builtin_error: error parsing regexp: missing closing ): `(`
      regex.is_valid(1) -> false
      regex.is_valid("(") -> false
      regex.is_valid("(?<x>.)") -> true
      regex.match("(?<=a)", "a") -> eval_builtin_error: error parsing regexp: invalid named capture: `(?<=a)`
      regex.match("(?<!a)", "a") -> eval_builtin_error: error parsing regexp: invalid named capture: `(?<!a)`
      regex.match("(?<", "a") -> eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?<`
      regex.match("(?<a", "a") -> eval_builtin_error: error parsing regexp: invalid named capture: `(?<a`
      regex.match("(?<>a)", "a") -> eval_builtin_error: error parsing regexp: invalid named capture: `(?<>`
      regex.match("(?<a>", "a") -> eval_builtin_error: error parsing regexp: missing closing ): `(?<a>`
      regex.match("(?P<a>b)(?P<a>c)", "a") -> false
      regex.match("(?<a>b)(?<a>c)", "a") -> false
      regex.match("\\p{^Greek}", "a") -> true
      regex.match("\\P{lu}", "a") -> true
      regex.match("\\p{Old Italic}", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: \#
      `\p{Old Italic}`
      regex.match("\\p{ASCII}", "a") -> true
      regex.match("\\p{Any}", "a") -> true
      regex.match("\\p{any}", "a") -> true
      regex.match("\\p{}", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: `\p{}`
      regex.match("((((((((((x{2}){2}){2}){2}){2}){2}){2}){2}){2}){2})", "a") -> eval_builtin_error: error parsing reg\#
      exp: invalid repeat count: `{2}`
      regex.match("\\x{FFFFFF}", "a") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\x{FFFFFF`
      regex.match("\\Q\\E*", "a") -> eval_builtin_error: error parsing regexp: missing argument to repetition operator\#
      : `*`
      regex.match("a\\Q\\E*", "a") -> true
      regex.match("\\Qab\\E{2}", "abb") -> true
      regex.match("[\\Qab\\E]", "Q") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\Q`
      regex.match("[a\\", "a") -> eval_builtin_error: error parsing regexp: trailing backslash at end of expression: ``
      regex.match("x{2,}{3}", "a") -> eval_builtin_error: error parsing regexp: invalid nested repetition operator: `{\#
      2,}{3}`
      regex.match("(?i)[k]", "K") -> true
      regex.match("(?i)ſ", "s") -> true
      regex.match("[[:word:]]\\w", "a_") -> true
      regex.match("\\07", "\u0007") -> true
      regex.match("\\011", "\t") -> true
      regex.match("\\a\\f\\t\\n\\r\\v", "x") -> false
      regex.match("\\e", "x") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\e`
      regex.match("\\cA", "x") -> eval_builtin_error: error parsing regexp: invalid escape sequence: `\c`
      regex.match("a++", "x") -> eval_builtin_error: error parsing regexp: invalid nested repetition operator: `++`
      regex.match("a{1", "a{1") -> true
      regex.match("(?ii-)a", "x") -> eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?\#
      ii-)`
      regex.match("(?--i)a", "x") -> eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?\#
      --`
      regex.match("(?i-)a", "x") -> eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?i\#
      -)`
      regex.match("(?P>x)", "x") -> eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?P`
      regex.match("(?#x)", "x") -> eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?#`
      regex.match("(a", "x") -> eval_builtin_error: error parsing regexp: missing closing ): `(a`
      regex.match("é(", "x") -> eval_builtin_error: error parsing regexp: missing closing ): `é(`
      regex.match("[^\\x00-\\x{10FFFF}]", "x") -> false
      regex.match("[^\\x00-\\x{10FFFF}]*", "x") -> true
      regex.match("(?:(?:a*)*)*", "aaa") -> true
      regex.match("(a*)**", "aaa") -> eval_builtin_error: error parsing regexp: invalid nested repetition operator: `**`
      regex.match("$*a", "aaa") -> true
      regex.match("\\b+a", "aaa") -> true
      regex.match("\\p{OldItalic}", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: `\#
      \p{OldItalic}`
      regex.match("\\p{old-italic}", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: \#
      `\p{old-italic}`
      regex.match("\\p{old_italic}", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: \#
      `\p{old_italic}`
      regex.match("\\p{LowercaseLetter}", "a") -> true
      regex.match("\\p{lowercase_letter}", "a") -> true
      regex.match("\\p{lowercase-letter}", "a") -> true
      regex.match("\\p{OLD_ITALIC}", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: \#
      `\p{OLD_ITALIC}`
      regex.match("\\p{punct}", "a") -> false
      regex.match("\\p{digit}", "a") -> false
      regex.match("\\p{cntrl}", "a") -> false
      regex.match("\\p{combining_mark}", "a") -> false
      regex.match("\\pl", "a") -> true
      regex.match("\\p{ascii}", "a") -> true
      regex.match("\\p{^ASCII}", "a") -> false
      regex.match("[\\p{^ASCII}a]", "a") -> true
      regex.match("\\p{Grek}", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: `\#
      \p{Grek}`
      regex.match("\\p{Zzzz}", "a") -> eval_builtin_error: error parsing regexp: invalid character class range: `\#
      \p{Zzzz}`
      regex.match("\\p{C}", "a") -> false
      regex.match("\\p{Other}", "a") -> false
      """#))
  func readsPatternsAsGo(_ call: BuiltinCase) { call.check() }

  @Test(
    arguments: BuiltinCase.table(
      #"""
      regex.find_n("", "héé", -1) -> ["", "", "", ""]
      regex.find_n("", "", -1) -> [""]
      regex.find_n("a*", "baac", -1) -> ["", "aa", ""]
      regex.find_n("a|", "baac", -1) -> ["", "a", "a", ""]
      regex.find_n("a*", "baac", 2) -> ["", "aa"]
      regex.find_n("b*", "aé", -1) -> ["", "", ""]
      regex.find_n("^", "ab", -1) -> [""]
      regex.find_n("(?m)^", "a\nb", -1) -> ["", ""]
      regex.find_n("\\b", "a b", -1) -> ["", "", "", ""]
      regex.find_n("a", "aaa", -5) -> ["a", "a", "a"]
      regex.find_n("a", "aaa", 1.5) -> eval_type_error: operand 3 must be integer number but got floating-point number
      regex.find_n("a", "aaa", 1.0) -> ["a"]
      regex.find_n("a", "aaa", 123456789012345678901234567890) -> eval_type_error: operand 3 must be integer number bu\#
      t got floating-point number
      regex.find_n("(", "aaa", "x") -> eval_type_error: operand 3 must be number but got string
      regex.find_n(1, "aaa", 1) -> eval_type_error: operand 1 must be string but got number
      regex.find_n("a", 1, 1) -> eval_type_error: operand 2 must be string but got number
      regex.find_n("", "a\u0000b", -1) -> ["", "", "", ""]
      regex.find_all_string_submatch_n("(a)|(b)", "ab", -1) -> [["a", "a", ""], ["b", "", "b"]]
      regex.find_all_string_submatch_n("(a)|(b)", "ab", 0) -> []
      regex.find_all_string_submatch_n("(a)|(b)", "ab", 1) -> [["a", "a", ""]]
      regex.find_all_string_submatch_n("(a*)*", "aab", -1) -> [["aa", "aa"], ["", ""]]
      regex.find_all_string_submatch_n("(a*)+", "aab", -1) -> [["aa", "aa"], ["", ""]]
      regex.find_all_string_submatch_n("(a|b)*", "abx", -1) -> [["ab", "b"], ["", ""]]
      regex.find_all_string_submatch_n("(|a)*", "aab", -1) -> [["", ""], ["", ""], ["", ""], ["", ""]]
      regex.find_all_string_submatch_n("(|a)+", "aab", -1) -> [["", ""], ["", ""], ["", ""], ["", ""]]
      regex.find_all_string_submatch_n("(a|ab)(c|bcd)(d*)", "abcd", -1) -> [["abcd", "a", "bcd", ""]]
      regex.find_all_string_submatch_n("", "é", -1) -> [[""], [""]]
      regex.split("a", "banana") -> ["b", "n", "n", ""]
      regex.split("", "héé") -> ["h", "é", "é"]
      regex.split("", "") -> []
      regex.split("a*", "baac") -> ["b", "c"]
      regex.split("x*", "axbxc") -> ["a", "b", "c"]
      regex.split("^", "ab") -> ["ab"]
      regex.split("$", "ab") -> ["ab"]
      regex.split("a", "") -> [""]
      regex.split("b", "b") -> ["", ""]
      regex.split("[", "a") -> eval_builtin_error: error parsing regexp: missing closing ]: `[`
      regex.split("0", "0a0b0") -> ["", "a", "b", ""]
      """#))
  func findsAsGo(_ call: BuiltinCase) { call.check() }

  @Test(
    arguments: BuiltinCase.table(
      #"""
      regex.replace("foo", "o", "$0$0") -> "foooo"
      regex.replace("foo bar", "(\\w+) (\\w+)", "$2 $1") -> "bar foo"
      regex.replace("foo", "(o)", "$1x") -> "f"
      regex.replace("foo", "(o)", "${1}x") -> "foxox"
      regex.replace("foo", "(?P<v>o)", "$v-${v}-$v_") -> "fo-o-o-o-"
      regex.replace("foo", "(?<v>o)", "[$v]") -> "f[o][o]"
      regex.replace("foo", "o", "$$") -> "f$$"
      regex.replace("foo", "o", "$") -> "f$$"
      regex.replace("foo", "o", "${") -> "f${${"
      regex.replace("foo", "o", "${}") -> "f${}${}"
      regex.replace("foo", "o", "$-x") -> "f$-x$-x"
      regex.replace("foo", "o", "${1") -> "f${1${1"
      regex.replace("foo", "o", "$é") -> "f"
      regex.replace("foo", "(o)", "$01") -> "f"
      regex.replace("foo", "(o)", "${01}x") -> "fxx"
      regex.replace("foo", "(o)", "$99999999999x") -> "f"
      regex.replace("foo", "(?P<a>o)|(?P<b>f)", "[$a$b]") -> "[f][o][o]"
      regex.replace("foo", "", "-") -> "-f-o-o-"
      regex.replace("héé", "", "-") -> "-h-é-é-"
      regex.replace("baac", "a*", "x") -> "xbxcx"
      regex.replace("", "", "x") -> "x"
      regex.replace("abc", "b|", "x") -> "xaxcx"
      regex.replace("abc", "^", "x") -> "xabc"
      regex.replace("abc", "(?P<x>b)(c)?", "$x$2$3$4") -> "abc"
      regex.replace("a", "[", "x") -> eval_builtin_error: error parsing regexp: missing closing ]: `[`
      regex.replace(1, "[", "x") -> eval_type_error: operand 1 must be string but got number
      regex.replace("a", 1, "x") -> eval_type_error: operand 2 must be string but got number
      regex.replace("a", "a", 1) -> eval_type_error: operand 3 must be string but got number
      """#))
  func replacesAsGo(_ call: BuiltinCase) { call.check() }

  @Test(
    arguments: BuiltinCase.table(
      #"""
      regex.template_match("urn:foo:{.*}", "urn:foo:bar:baz", "{", "}") -> true
      regex.template_match("urn:foo:<.*>", "urn:foo:bar:baz", "<", ">") -> true
      regex.template_match("urn:{", "urn:{", "{", "}") -> eval_builtin_error: unbalanced braces in "urn:{"
      regex.template_match("urn:}", "urn:{", "{", "}") -> eval_builtin_error: unbalanced braces in "urn:}"
      regex.template_match("a\"b}", "urn:{", "{", "}") -> eval_builtin_error: unbalanced braces in "a\"b}"
      regex.template_match("a", "a", "{{", "}") -> eval_builtin_error: start delimiter has to be exactly one characte\#
      r long but is 2 long
      regex.template_match("a", "a", "{", "") -> eval_builtin_error: end delimiter has to be exactly one character lon\#
      g but is 1 long
      regex.template_match("a", "a", "é", "}") -> eval_builtin_error: start delimiter has to be exactly one character \#
      long but is 2 long
      regex.template_match("{(}", "a", "{", "}") -> eval_builtin_error: error parsing regexp: missing closing ): `^($`
      regex.template_match("{a{2}}", "aa", "{", "}") -> true
      regex.template_match("a.b", "axb", "{", "}") -> false
      regex.template_match("a|b", "a", "|", "|") -> eval_builtin_error: unbalanced braces in "a|b"
      regex.template_match("a", "a", "|", "|") -> true
      regex.template_match("{a|b}{c|d}", "bc", "{", "}") -> true
      regex.template_match("{)(}", "bc", "{", "}") -> eval_builtin_error: error parsing regexp: unexpected ): `^)($`
      regex.template_match("{a}|x", "a|x", "{", "}") -> true
      regex.template_match(1, "a", "{", "}") -> eval_type_error: operand 1 must be string but got number
      regex.template_match("a", 1, "{", "}") -> eval_type_error: operand 2 must be string but got number
      regex.template_match("a", "a", 1, "}") -> eval_type_error: operand 3 must be string but got number
      regex.template_match("a", "a", "{", 1) -> eval_type_error: operand 4 must be string but got number
      """#))
  func matchesTemplates(_ call: BuiltinCase) { call.check() }

  /// RE2 finds no word boundary between the bytes of a character either.
  @Test(
    arguments: BuiltinCase.table(
      #"""
      regex.find_all_string_submatch_n("\\B", "cé1é", -1) -> [[""]]
      regex.replace("béA", "(x)|(\\B)", "${1}y") -> "béA"
      regex.split("\\B", ".abé") -> [".a", "bé"]
      regex.match("\\B", "aéa") -> false
      regex.match("a\\Bé", "aé") -> false
      """#))
  func neverCutsCharacters(_ call: BuiltinCase) { call.check() }

  /// What takes a backtracking engine centuries.
  @Test(arguments: [
    ("(a+)+$", "a", "b"), ("(a|aa)+$", "a", "b"), ("(?:a?){50}a{50}$", "a", "b"), ("(.*)(.*)(.*)(.*)x", "a", ""),
    ("(a*)*b", "a", ""), ("^(([a-z])+.)+[A-Z]([a-z])+$", "a", ""),
  ])
  func searchesInLinearTime(_ pattern: String, _ part: String, _ end: String) throws {
    let text = Value.string(Text(String(repeating: part, count: 50_000) + end))
    var context = BuiltinContext.forTests(steps: 2_000_000)
    #expect(try BuiltinCase.call("regex.match", [.string(Text(pattern)), text], &context) == false)
  }

  /// Each search may have to read all of the rest, however soon it finds something.
  @Test func manyMatchesCostWhatTheyRead() {
    let text = Value.string(Text(String(repeating: "a", count: 2_000_000)))
    var context = BuiltinContext.forTests(steps: 2_000_000)
    let error = #expect(throws: BuiltinError.self) {
      try BuiltinCase.call("regex.find_n", ["a.*b|a", text, -1], &context)
    }
    #expect(error?.code == .halt)
  }

  @Test func resultsThatGrowCostSteps() {
    let template = Value.string(Text(String(repeating: "$0", count: 10_000)))
    let text = Value.string(Text(String(repeating: "ab", count: 100_000)))
    var context = BuiltinContext.forTests(steps: 2_000_000)
    let error = #expect(throws: BuiltinError.self) {
      try BuiltinCase.call("regex.replace", [text, "a", template], &context)
    }
    #expect(error?.code == .halt)
  }

  /// What nests deeply or unfolds to much is an answer or an error, never a crash.
  @Test(arguments: [
    String(repeating: "(", count: 100_000) + "a" + String(repeating: ")", count: 100_000),
    String(repeating: "(?:", count: 100_000), String(repeating: "[[:", count: 100_000),
    String(repeating: #"\p{"#, count: 100_000), String(repeating: "a|", count: 100_000), #"(\pL{1000})"#,
    "((((a{100}){100}){100}){100})", String(repeating: "x*", count: 50_000), "((a{30}){30})(?:\\pL{30}){30}",
  ])
  func excessivePatternsDoNoHarm(_ pattern: String) {
    onSmallStack {
      var context = BuiltinContext.forTests(steps: 2_000_000)
      _ = try? BuiltinCase.call("regex.find_n", [.string(Text(pattern)), "aaa", -1], &context)
      #expect(context.stepsLeft < 2_000_000)
    }
  }

  @Test func cacheKeepsNotationsApart() throws {
    var context = BuiltinContext.forTests()
    #expect(try BuiltinCase.call("regex.match", ["a*b", "aab"], &context) == true)
    #expect(try BuiltinCase.call("glob.match", ["a*b", .null, "axb"], &context) == true)
    #expect(try BuiltinCase.call("regex.match", ["^a*b$", "axb"], &context) == false)
    #expect(try BuiltinCase.call("glob.match", ["a*b", ["x"], "axb"], &context) == false)
    #expect(try BuiltinCase.call("glob.match", ["a*b", ["y"], "axb"], &context) == true)
  }

  /// More patterns than are kept, from several threads at once.
  @Test func cacheIsSharedByThreads() async {
    await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          (0..<300).count { number in
            var context = BuiltinContext.forTests()
            let call: [Value] = [.string(Text("^\(number)$")), .string(Text(String(number)))]
            return (try? BuiltinCase.call("regex.match", call, &context)) == true
          }
        }
      }
      for await matches in group { #expect(matches == 300) }
    }
  }
}
