import Testing

@testable import RegoLite

/// What texts mean; OPA 1.20.2 reads each of them to the same tree.
struct ParserTests {
  private func dump(body text: String, imports: String = "") -> String {
    do throws(SyntaxErrors) {
      let source = Source(file: "t.rego", text: "package t\n\(imports)\np if {\n\(text)\n}")
      return Dump().body(try Parser.parseModule(source, version: .v1).rules[0].body)
    } catch { return "\(error)" }
  }

  private func dump(rules text: String, version: RegoVersion = .v1) -> String {
    do throws(SyntaxErrors) {
      let module = try Parser.parseModule(Source(file: "t.rego", text: "package t\n" + text), version: version)
      return module.rules.map(Dump().rule).joined(separator: "\n")
    } catch { return "\(error)" }
  }

  @Test(arguments: [
    // Operators.
    ("x := 1 + 2 * 3 - 4", "(assign x (minus (plus 1 (mul 2 3)) 4))"),
    ("y := a | b & c == d", "(assign y (equal (or a (and b c)) d))"),
    ("1 == 2 == false", "(equal (equal 1 2) false)"),
    ("x = y in z", "(eq x (internal.member_2 y z))"),
    ("a in b in c", "(internal.member_2 (internal.member_2 a b) c)"),
    ("k, v in xs", "(internal.member_3 k v xs)"),
    ("x := k, v in xs", "(assign x (internal.member_3 k v xs))"),
    ("f(k, v in xs)", "(f k (internal.member_2 v xs))"),
    ("[k, v in xs]", "[k (internal.member_2 v xs)]"),
    ("f((k, v in xs))", "(f (internal.member_3 k v xs))"),
    ("x in xs == true", "(internal.member_2 x (equal xs true))"),
    ("1-1", "(minus 1 1)"), ("1 - -1", "(minus 1 -1)"), ("- 1", "-1"), ("-x.y", "(minus 0 (ref x \"y\"))"),
    ("2 * -f(x)", "(mul 2 (minus 0 (f x)))"), ("(1 + 2) * 3", "(mul (plus 1 2) 3)"),
    ("1 +\n2", "(plus 1 2)"), ("1\n+ 2", "(plus 1 2)"),
    // References and calls.
    ("a.b[c].if", "(ref a \"b\" c \"if\")"), ("a[ \"b\" ]", "(ref a \"b\")"), ("input", "input"),
    ("f(x).y[z]", "(ref (f x) \"y\" z)"), ("io.jwt.decode(x)", "(io.jwt.decode x)"), ("f(x,)", "(f x)"),
    ("[1, 2][i]", "(ref [1 2] i)"), ("{\"a\": 1}.a", "(ref {\"a\": 1} \"a\")"), ("[x | y][0]", "(ref [| x : y] 0)"),
    ("(a)[0]", "(ref a 0)"), ("(a + b).c", "(ref (plus a b) \"c\")"), ("a\n[0]", "a [0]"), ("f\n(x)", "f x"),
    ("null.x\nin.y\nnot[1]", "(ref null \"x\") (ref in \"y\") (ref not 1)"), ("x\nwith.y", "x (ref with \"y\")"),
    ("a[k, v in xs]", "(ref a (internal.member_3 k v xs))"), ("set()", "#{}"), ("contains(x, y)", "(contains x y)"),
    // Composites.
    ("{}", "{}"), ("[]", "[]"), ("[,1]", "[1]"), ("[1,]", "[1]"), ("{1,}", "#{1}"), ("{1: 2,}", "{1: 2}"),
    ("{a | b}", "{| a : b}"), ("{a | b | c}", "{| a : (or b c)}"), ("{(a | b)}", "#{(or a b)}"),
    ("{a | b, c}", "#{(or a b) c}"), ("[a | b, c]", "[(or a b) c]"), ("[a | b]", "[| a : b]"),
    ("{a: b | c}", "{| a b : c}"), ("{a: b | c, d: e}", "{a: (or b c), d: e}"),
    ("{a + 1: b | c}", "{| (plus a 1) b : c}"),
    ("[a + 1 | b]", "[(or (plus a 1) b)]"), ("{1 in a}", "#{(internal.member_2 1 a)}"),
    ("{x: 1 in a}", "{x: (internal.member_2 1 a)}"), ("[x | x := 1; y\nz]", "[| x : (assign x 1) y z]"),
    // Scalars.
    (#""\u00e9\ud83d\ude00\ud800\/\t""#, "\"é😀\u{FFFD}/\t\""), ("`a\\n\"b`", #""a\\n\"b""#), ("1.50e+3", "1.50e+3"),
    (".5", "0.5"),
    ("0", "0"), ("123456789012345678901234567890", "123456789012345678901234567890"),
    // Templates.
    (##"$"a {x.y} \{\n{f(1) + 2}""##, #"($ "a " (ref x "y") " {\n" (plus (f 1) 2))"#), ("$\"\"", "($)"),
    ("$`\\n{ {x | x} }\\{`", #"($ "\\n" {| x : x} "{")"#), (#"$"{$"{1}"}{"}"}""#, #"($ ($ 1) "}")"#),
    (#"$"{x with input as 1}""#, "($ (with x (input 1)))"),
    // Expressions.
    ("not x.y with input as 1 with data.z as {2}", "(with (not (ref x \"y\")) (input 1) ((ref data \"z\") #{2}))"),
    ("x\nwith input as 1\nwith count as f", "(with x (input 1) (count f))"),
    ("not x = 1", "(not (eq x 1))"), ("not\nx", "(not x)"), ("some x", "(some x)"), ("some x\n,y", "(some x y)"),
    ("some x in xs", "(some-in x xs)"), ("some k, [x, _] in xs", "(some-in k [x $0] xs)"),
    ("some x in xs with input as 1", "(with (some-in x xs) (input 1))"),
    ("every x in xs { x; y\n z }", "(every x xs : x y z)"), ("every k, x in {1}\n{ x }", "(every k x #{1} : x)"),
    ("_ == _", "(equal $0 $1)"), ("x # c\n# d\ny", "x y"), ("x;y", "x y"), ("x;\n\ny", "x y"),
  ])
  func `a body's text means`(text: String, expected: String) {
    #expect(dump(body: text) == expected)
  }

  @Test(arguments: [
    ("x or y and not z", "(or x : (and y : (not : z)))"), ("{x; y} or {z}", "(or x y : z)"),
    ("(x or y) and z", "(and (or x : y) : z)"), ("not {x\ny}", "(not : x y)"),
    ("x or y with input as 1", "(with (or x : y) (input 1))"), ("x.or", "(ref x \"or\")"),
  ])
  func `imported logical operators mean`(text: String, expected: String) {
    #expect(dump(body: text, imports: "import future.keywords") == expected)
  }

  @Test(arguments: [
    ("p := 1", "(rule p := 1 :)"), ("p = 1", "(rule p := 1 :)"), ("p := 1 if x", "(rule p := 1 : x)"),
    ("p if x", "(rule p := true : x)"), ("p if { x }", "(rule p := true : x)"), ("p if {}", "(rule p := true : {})"),
    ("p if {x: 1}", "(rule p := true : {x: 1})"), ("p if {x | y}", "(rule p := true : {| x : y})"),
    ("p if {x} == {y}", "(rule p := true : (equal #{x} #{y}))"), ("p if[1]", "(rule p := true : [1])"),
    ("p if not x", "(rule p := true : (not x))"), ("p if { x } { y }", "(rule p := true : x)\n(rule p := true : y)"),
    ("p contains x if y", "(rule p contains x : y)"), ("p contains x", "(rule p contains x :)"),
    ("a.b contains x", "(rule (ref a \"b\") contains x :)"), ("p[x] contains y", "(rule (ref p x) contains y :)"),
    ("a.b[x].c := v if y", "(rule (ref a \"b\" x \"c\") := v : y)"), ("p[x] if y", "(rule (ref p x) := true : y)"),
    ("p [x] if y", "(rule (ref p x) := true : y)"), ("p.x if y", "(rule (ref p \"x\") := true : y)"),
    ("if.p := 1", "(rule (ref if \"p\") := 1 :)"),
    ("p := 1\nin.p := 2", "(rule p := 1 :)\n(rule (ref in \"p\") := 2 :)"),
    ("p if x\nelse.q := 1", "(rule p := true : x)\n(rule (ref else \"q\") := 1 :)"),
    ("f(x)", "(rule f (args x) := true :)"), ("f([x], {\"a\": _}, 1) := x", "(rule f (args [x] {\"a\": $0} 1) := x :)"),
    ("a.f(x) = y if y := x", "(rule (ref a \"f\") (args x) := y : (assign y x))"), ("p() := 1", "(rule p := 1 :)"),
    ("default p := {1}", "(default p := #{1} :)"), ("default p", "(default p := true :)"),
    ("default f(_, x) := 1", "(default f (args $0 x) := 1 :)"), ("default p.q := 1", "(default (ref p \"q\") := 1 :)"),
    ("default.p := 1", "(rule (ref default \"p\") := 1 :)"),
    (
      "p := 1 if x else := 2 if { y } else if z\nelse := 3",
      "(rule p := 1 : x (else 2 : y) (else true : z) (else 3 :))"
    ),
    ("p := 1 q := 2", "(rule p := 1 :)\n(rule q := 2 :)"),
    ("p := 1, 2 in x", "(rule p := (internal.member_3 1 2 x) :)"),
    ("p if x in y with input as 1", "(rule p := true : (with (internal.member_2 x y) (input 1)))"),
    ("p := {1} if {2}", "(rule p := #{1} : 2)"), ("p:=1\r\n\tq:=2\r\n", "(rule p := 1 :)\n(rule q := 2 :)"),
  ])
  func `a v1 rule's text means`(text: String, expected: String) {
    #expect(dump(rules: text) == expected)
  }

  @Test(arguments: [
    ("p { x }", "(rule p := true : x)"), ("p[x] { y }", "(rule p contains x : y)"), ("p[x]", "(rule p contains x :)"),
    ("p.q { y }", "(rule p contains \"q\" : y)"), ("p.q[x] { y }", "(rule (ref p \"q\" x) := true : y)"),
    ("p[x] = y { z }", "(rule (ref p x) := y : z)"), ("p[x] := y { z }", "(rule (ref p x) := y : z)"),
    ("p = 1 { x } else = 2 { y } else { z }", "(rule p := 1 : x (else 2 : y) (else true : z))"),
    ("f(x) = y { a } { b }", "(rule f (args x) := y : a)\n(rule f (args x) := y : b)"),
    ("p { x } { y }", "(rule p := true : x)\n(rule p := true : y)"),
    (
      "p { some x; contains(x, in) }",
      "(rule p := true : (some x) (contains x in))"
    ),
    ("if := 1 { every }", "(rule if := 1 : every)"),
    (
      "import future.keywords.in\np { x in y }",
      "(rule p := true : (internal.member_2 x y))"
    ),
    ("import future.keywords.every\np { every x in y { z } }", "(rule p := true : (every x y : z))"),
    ("import future.keywords.if\np[x] if y", "(rule (ref p x) := true : y)"),
    ("import future.keywords.contains\np contains x { y }", "(rule p contains x : y)"),
    ("import rego.v1\np contains x if y", "(rule p contains x : y)"),
  ])
  func `a v0 rule's text means`(text: String, expected: String) {
    #expect(dump(rules: text, version: .v0) == expected)
  }

  @Test func `a module keeps its package, imports and version`() throws {
    let text = "\u{FEFF}package a.b[\"c d\"].if\nimport data.x\nimport input.y as z\nimport rego.v1\np := 1"
    let module = try Parser.parseModule(Source(file: "m.rego", text: text), version: .v0)
    #expect(module.package.path == ["a", "b", "c d", "if"])
    #expect(module.imports.map(\.path) == [["data", "x"], ["input", "y"], ["rego", "v1"]])
    #expect(module.imports.map(\.name) == ["x", "z", "v1"])
    #expect(module.version == .v1)
  }

  @Test func `locations are the text of what was read`() throws {
    let text = """
      package t
      p["x"].q := (a + b) * c if {
        not f(x).y # why
          with input as {1}
      } else := 2
      default r := 1
      """
    let module = try Parser.parseModule(Source(file: "t.rego", text: text), version: .v1)
    let rule = module.rules[0]
    #expect(rule.location.text.hasPrefix("p[\"x\"].q") && rule.location.text.hasSuffix("else := 2"))
    #expect(rule.head.location.text == "p[\"x\"].q := (a + b) * c")
    #expect(rule.body[0].location.text == "not f(x).y # why\n    with input as {1}")
    #expect(rule.body[0].modifiers[0].location.text == "with input as {1}")
    #expect(rule.elseBranches[0].location.text == "else := 2")
    #expect(module.rules[1].location.text == "default r := 1")
    guard case .value(let value?) = rule.head.kind, case .call(let operation, let arguments) = value.kind else {
      return #expect(Bool(false))
    }
    #expect(value.location.text == "(a + b) * c")
    #expect(operation.location.text == "*")
    #expect(arguments[1].location.description == "t.rego:2:23")
  }

  @Test(arguments: [
    ("x := 1; y := x", ["x := 1", "y := x"]), ("x := 1 y := 2", ["x := 1", "y := 2"]), ("x\ny", ["x", "y"]),
    ("x with input as 1 # c", ["x with input as 1"]), ("", []), (" # c", []), ("(1)", ["(1)"]),
  ])
  func `a query's expressions are`(text: String, expected: [String]) throws {
    let body = try Parser.parseQuery(Source(file: "", text: text), version: .v1)
    #expect(body.map(\.location.text) == expected)
  }

  @Test func `metadata blocks belong to what follows them`() throws {
    let text = """
      # METADATA
      # title: the package
      package t

      #METADATA
      # title: p
      #
      # custom:
      #  a: 1
        # indented
      p := 1 # METADATA

      # METADATA
      # title: first
      # METADATA
      # title: second
      q if {
        # METADATA
        # title: not in the first column
        true
      }
      r := 2
      """
    let module = try Parser.parseModule(Source(file: "t.rego", text: text), version: .v1)
    #expect(
      module.annotations.map(\.yaml) == [
        "title: the package", "title: p\n\ncustom:\n a: 1", "title: first", "title: second",
      ])
    #expect(module.annotations.map(\.rule) == [nil, 0, 1, 1])
    #expect(module.annotations.map(\.scope) == [.package, .rule, .rule, .rule])
    #expect(module.annotations.map(\.location.row) == [1, 5, 13, 15])
  }
}
