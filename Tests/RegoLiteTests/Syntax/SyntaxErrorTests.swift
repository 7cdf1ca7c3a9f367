import Testing

@testable import RegoLite

/// What is refused, where and why; rows and messages are those of OPA 1.20.2.
struct SyntaxErrorTests {
  private func errors(in text: String, version: RegoVersion = .v1) -> [String] {
    do throws(SyntaxErrors) {
      _ = try Parser.parseModule(Source(file: "", text: text), version: version)
      return []
    } catch {
      return error.errors.map { "\($0.location) \($0.message)" }
    }
  }

  @Test(arguments: [
    ("", "1:1 empty module"), ("# c", "1:1 empty module"), ("p := 1", "1:1 package expected"),
    ("package", "1:7 unexpected eof token"), ("package 1", "1:9 unexpected number token"),
    ("package a[b]", "1:11 unexpected var token: expecting string"),
    ("package a b", "1:11 var cannot be used for rule name"),
    ("package a\npackage b", "2:1 unexpected package"),
    ("package a .b", "1:12 unexpected identifier token: expected number"),
    ("package a\nimport data.a[1]", "2:15 unexpected number token: expecting string"),
    ("package a\nimport \"a\"", "2:8 unexpected string token"),
    ("package a\nimport data.a as if", "2:18 unexpected if keyword: expected var"),
    ("package a\nimport rego.v2", "2:8 invalid import `rego.v2`, must be `rego.v1`"),
    ("package a\nimport future.x", "2:8 invalid import, must be `future.keywords`"),
    ("package a\nimport future.keywords.in as k", "2:8 `future` imports cannot be aliased"),
    (
      "package a\nimport future.keywords.foo",
      "2:8 unexpected keyword, must be one of [and contains every if in not or]"
    ),
    (
      "package a\nimport data.if",
      "2:8 unexpected import path, must not end with a keyword, got: if (hint: import a different path or use an alias)"
    ),
    ("package a\nimport f(x)", "2:9 expected path"),
    (
      "package a\nimport x.y", "2:8 unexpected import path, must begin with one of: {data, future, input, rego}, got: x"
    ),
  ])
  func `packages and imports`(text: String, expected: String) {
    #expect(errors(in: text) == [expected])
  }

  @Test(arguments: [
    ("p", "2:1 var cannot be used for rule name"), ("p == 1", "2:1 rule name conflicts with built-in function"),
    ("1", "2:1 number cannot be used for rule name"), ("1 := 1", "2:1 number cannot be used for rule name"),
    ("{x: 1}", "2:1 object cannot be used for rule name"),
    ("not p", "2:1 negated expressions cannot be used for rule head"),
    ("some x", "2:1 'some' declarations cannot be used for rule head"),
    ("every x in [1] {x}", "2:1 expression cannot be used for rule head"),
    ("p := 1 with input as 2", "2:1 expressions using with keyword cannot be used for rule head"),
    ("p := 1; q := 2", "2:1 multiple expressions cannot be used for rule head"),
    ("contains := 1", "2:1 contains keyword cannot be used for rule name"),
    ("if := 1", "2:1 unexpected if keyword"), ("p { true }", "2:1 `if` keyword is required before rule body"),
    ("p = 1 { true }", "2:1 `if` keyword is required before rule body"),
    ("f(x) { x }", "2:1 `if` keyword is required before function body"),
    ("p contains 1 { true }", "2:1 `if` keyword is required before rule body"),
    ("p.x", "2:1 `contains` keyword is required for partial set rules"),
    ("p.x.y", "2:1 rule must have value assignment and/or body declaration"),
    ("p if", "2:4 unexpected eof token"), ("p := 1 if { x", "2:13 unexpected eof token: expected \\n or ; or }"),
    ("p if x; y", "2:7 unexpected ; token"), ("p if {x;}", "2:9 unexpected } token"),
    ("p if {1, 2}", "2:8 unexpected , token: expected \\n or ; or }"), ("p := x = 1", "2:8 unexpected eq token"),
    ("p := not x", "2:6 unexpected not keyword"), ("p(x).y := 1", "2:1 invalid rule head: p(x).y"),
    ("p[] := 1", "2:3 unexpected ] token"),
    ("p. q := 1", "2:4 unexpected whitespace token: expected identifier"),
    ("p := 1 else := 2", "2:8 unexpected else keyword"),
    ("p if x else", "2:11 unexpected eof token: expected else value term or rule body"),
    ("p if x else if", "2:14 unexpected eof token: rule body expected"),
    ("p if x else {y}", "2:8 `if` keyword is required before rule body"),
    ("p contains 1 if x else := 2", "2:19 else keyword cannot be used on multi-value rules"),
    ("p[x] if x else := 2", "2:11 else keyword cannot be used on rules with variables in head"),
    ("p if {x} else := 2 if {y} {z}", "2:27 expected else keyword"),
    (
      "f(x) contains y",
      "2:6 unexpected contains keyword: the contains keyword can only be used with multi-value rule definitions"
        + " (e.g., f contains <VALUE> { ... })"
    ),
    ("default", "2:1 unexpected default keyword"),
    ("default p := x", "2:1 illegal default rule (value cannot contain var)"),
    ("default p := [data.x]", "2:1 illegal default rule (value cannot contain ref)"),
    ("default p := input", "2:1 illegal default rule (value cannot contain ref)"),
    ("default p := 1 + 1", "2:1 illegal default rule (value cannot contain call)"),
    ("default p contains 1", "2:1 illegal default rule (must have a value)"),
    ("default p.x", "2:1 illegal default rule (must have a value)"),
    ("default f(1) := 1", "2:1 illegal default rule (arguments cannot contain number)"),
    ("default f(x, x) := 1", "2:1 illegal default rule (arguments cannot be repeated x)"),
    ("default p := 1 if x", "2:16 unexpected if keyword"),
    ("input := 1", "2:1 rules must not shadow input (use a different rule name)"),
    ("data.x := 1", "2:1 rules must not shadow data (use a different rule name)"),
  ])
  func `rules`(text: String, expected: String) {
    #expect(errors(in: "package a\n" + text) == [expected])
  }

  @Test(arguments: [
    ("1 +", "4:1 unexpected } token"), ("x := 1 y := 2", "3:8 unexpected identifier token: expected \\n or ; or }"),
    ("x := 1;; y", "3:8 unexpected ; token"), ("x = y = z", "3:7 unexpected eq token: expected \\n or ; or }"),
    ("a .b", "3:3 unexpected . token: expected \\n or ; or }"),
    ("f (x)", "3:3 unexpected ( token: expected \\n or ; or }"),
    ("a [0]", "3:3 unexpected [ token: expected \\n or ; or }"), ("a[]", "3:3 unexpected ] token"),
    ("a[1,2]", "3:4 unexpected , token: expected ]"), ("a.1", "3:3 unexpected number token: expected identifier"),
    ("(1,2)", "3:3 non-terminated expression"), ("()", "3:2 unexpected ) token"),
    ("\"a\"[0]", "3:1 illegal ref (head cannot be string)"), ("(a.b)[0]", "3:2 illegal ref (head cannot be ref)"),
    ("(input)[0]", "3:2 illegal ref (head cannot be ref)"),
    ("$\"a\".x", "3:1 illegal ref (head cannot be templatestring)"),
    ("f(x).y(z)", "3:1 undefined function f(x).y"), ("[1](2)", "3:1 undefined function [1]"),
    ("[1,,2]", "3:4 unexpected , token"), ("f(,1)", "3:3 unexpected , token"), ("[,]", "3:3 unexpected ] token"),
    ("[1 2]", "3:4 unexpected number token: expected \",\" or \"]\""),
    ("{1: 2, 3}", "3:9 unexpected } token: expected \":\""),
    ("x := {1; 2}", "3:8 unexpected ; token: non-terminated set"),
    ("1 + + 1", "3:5 unexpected plus token"), ("--1", "3:2 unexpected minus token: expected number"),
    ("-(x)", "3:2 unexpected ( token: expected number"),
    ("1 in[1]", "3:3 unexpected identifier token: expected \\n or ; or }"),
    ("x := every", "3:6 unexpected every keyword"), ("not not x", "3:5 unexpected not keyword"),
    ("not some x", "3:5 unexpected some keyword: illegal negation of 'some'"),
    ("not every x in y {x}", "3:5 unexpected every keyword: illegal negation of 'every'"),
    ("some 1", "3:6 unexpected number token: expected var"),
    ("some x y", "3:8 unexpected identifier token: expected \\n or ; or }"),
    ("some x, y, z in xs", "3:14 unexpected in keyword: expected \\n or ; or }"),
    ("some x == y", "4:1 unexpected } token: expected `x in xs` or `x, y in xs` expression"),
    ("every x in xs {}", "3:16 found empty body"), ("every x in xs", "4:1 unexpected } token: missing body"),
    ("every [x] in xs {x}", "3:17 unexpected { token: expected value to be a variable"),
    ("every x {x}", "3:9 unexpected { token: expected `x[, y] in xs { ... }` expression"),
    ("x with 1 as 2", "3:8 unexpected number token: expected ident"),
    ("x with f(x) as 2", "3:13 unexpected as keyword: expected with target path"),
    ("x with input", "4:1 unexpected } token: expected as keyword"),
  ])
  func `bodies`(text: String, expected: String) {
    #expect(errors(in: "package a\np if {\n\(text)\n}") == [expected])
  }

  @Test(arguments: [
    ("\"abc", "2:6 non-terminated string"), ("`abc", "2:6 non-terminated string"),
    ("$\"abc", "2:8 non-terminated string"),
    ("\"\\x\"", "2:6 illegal escape sequence"), ("\"\\u12\"", "2:6 illegal escape sequence"),
    ("01", "2:6 unexpected number token: expected number without leading zero"), ("1.", "2:6 expected fraction"),
    ("-01", "2:7 unexpected number token: expected number without leading zero"), ("1e+", "2:6 expected exponent"),
    ("0x10", "2:6 illegal number format"), ("1_000", "2:6 illegal number format"), ("1e100000", "2:6 number too big"),
    ("1e-1000000", "2:6 number too big"), ("1e99999999999999999999", "2:6 number too big"),
    ("!x", "2:6 illegal ! character"),
    ("$x", "2:6 illegal $ character"), ("@", "2:6 illegal token"), ("é", "2:6 illegal token"),
    ("x'", "2:7 illegal token"),
    ("\"\u{0}\"", "2:6 illegal null character"), ("1 # \u{0}", "2:8 illegal null character"),
    ("\"\u{FEFF}\"", "2:6 illegal byte-order mark"), ("1\u{B}", "2:7 illegal token"),
    ("$\"{}\"", "2:9 unexpected } token"), ("$\"{1;2}\"", "2:10 expected } to end template string expression"),
    ("$\"{x := 1}\"", "2:9 unexpected assignment (':=') in template-string expression"),
    ("$\"{x = 1}\"", "2:9 unexpected unification ('=') in template-string expression"),
    ("$\"{not x}\"", "2:9 unexpected negation ('not') in template-string expression"),
    ("$\"{some x in y}\"", "2:9 unexpected 'some' in template-string expression"),
  ])
  func `tokens`(text: String, expected: String) {
    #expect(errors(in: "package a\np := " + text) == [expected])
  }

  @Test(arguments: [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]])
  func `text that is no UTF-8 is refused`(bytes: [UInt8]) {
    for (before, after) in [("p := \"", "\""), ("p := `", "`"), ("p := 1 # ", "\n"), ("p := ", ""), ("p := $\"", "\"")]
    {
      let source = Source(file: "", bytes: Array("package a\n\(before)".utf8) + bytes + Array(after.utf8))
      let errors = #expect(throws: SyntaxErrors.self) { try Parser.parseModule(source, version: .v1) }
      #expect(errors?.errors.first?.message == "illegal utf-8 character")
      #expect(errors?.errors.first?.location.row == 2)
    }
  }

  @Test func `each broken rule has its error`() {
    let text = """
      package a
      p { true }
      q[x] { x := 1 }
      r := "abc
      s if {
        x := [1, 2
        y := 3
      }
      default t := x
      u := 1
      v if x ==
      default w := 1
      """
    #expect(
      errors(in: text) == [
        "2:1 `if` keyword is required before rule body",
        "3:1 `if` keyword is required before rule body",
        "3:1 `contains` keyword is required for partial set rules",
        "4:6 non-terminated string",
        "7:3 unexpected identifier token: expected \",\" or \"]\"",
        "9:1 illegal default rule (value cannot contain var)",
        "12:1 unexpected default keyword",
      ])
  }

  @Test func `v0 needs no keywords, and has them only once imported`() {
    #expect(errors(in: "package a\np { true }\nq[x] { x := 1 }", version: .v0) == [])
    #expect(
      errors(in: "package a\nimport rego.v1\np { true }", version: .v0) == [
        "3:1 `if` keyword is required before rule body"
      ])
    #expect(errors(in: "package a\nimport rego.v1 as v", version: .v0) == ["2:8 `rego` imports cannot be aliased"])
    #expect(
      errors(in: "package a\np { x in y }", version: .v0) == [
        "2:7 unexpected identifier token: expected \\n or ; or }"
      ])
  }

  @Test func `errors have OPA's codes`() throws {
    for (text, code) in [
      ("p := ", "rego_parse_error"), ("input := 1", "rego_compile_error"), ("p := [1](2)", "rego_type_error"),
    ] {
      let errors = #expect(throws: SyntaxErrors.self) {
        try Parser.parseModule(Source(file: "f.rego", text: "package a\n" + text), version: .v1)
      }
      #expect(errors?.errors.map(\.code.rawValue) == [code])
      #expect(errors?.description.hasPrefix("f.rego:2:") == true)
    }
  }

  @Test(arguments: [
    ("1 +", "1:3 unexpected eof token"), ("[1", "1:2 unexpected eof token: expected \",\" or \"]\""),
    ("p if x", "1:3 unexpected if keyword"), ("x;", "1:2 unexpected eof token"), ("1 }", "1:3 unexpected } token"),
  ])
  func `queries`(text: String, expected: String) {
    let errors = #expect(throws: SyntaxErrors.self) {
      try Parser.parseQuery(Source(file: "", text: text), version: .v1)
    }
    #expect(errors?.errors.map { "\($0.location) \($0.message)" } == [expected])
  }
}
