import Testing

@testable import RegoLite

@Suite struct YAMLTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      yaml.marshal([[1,2],[{"a":1}]]) -> "- - 1\n  - 2\n- - a: 1\n"
      yaml.marshal("x") -> "x\n"
      yaml.marshal(1) -> "1\n"
      yaml.marshal([]) -> "[]\n"
      yaml.marshal({}) -> "{}\n"
      yaml.marshal(12345678901234567890123) -> "1.2345678901234568e+22\n"
      yaml.unmarshal("a: 1\nb: [x, y]\nc: {d: null}") -> {"a": 1, "b": ["x", true], "c": {"d": null}}
      yaml.unmarshal(".inf") -> eval_builtin_error: json: unsupported value: +Inf
      yaml.unmarshal("") -> null
      yaml.unmarshal("# x") -> null
      yaml.unmarshal("---\na: 1\n---\nb: 2") -> {"a": 1}
      yaml.unmarshal("a: 1\na: 2") -> {"a": 2}
      yaml.unmarshal("null: c") -> eval_builtin_error: unsupported map key of type: %!s(<nil>), key: <nil>, value: "c"
      yaml.unmarshal("{1.5: d, 2: x, yes: y}") -> {"1.5": "d", "2": "x", "true": true}
      yaml.unmarshal("? [a]\n: b") -> eval_builtin_error: yaml: invalid map key: []interface {}{"a"}
      yaml.unmarshal("a: &x [1,2]\nb: *x") -> {"a": [1, 2], "b": [1, 2]}
      yaml.unmarshal("b: *x") -> eval_builtin_error: yaml: unknown anchor 'x' referenced
      yaml.unmarshal("a: &x {c: 1, d: 2}\nb:\n  <<: *x\n  d: 3") -> {"a": {"c": 1, "d": 2}, "b": {"c": 1, "d": 3}}
      yaml.unmarshal("a: |\n  x\n  y\nb: >-\n  x\n  y\n") -> {"a": "x\ny\n", "b": "x y"}
      yaml.unmarshal("a: b: c") -> eval_builtin_error: yaml: mapping values are not allowed in this context
      yaml.unmarshal("\ta: b") -> eval_builtin_error: yaml: found character that cannot start any token
      yaml.unmarshal("a: 'x") -> eval_builtin_error: yaml: found unexpected end of stream
      yaml.unmarshal("{a: b") -> eval_builtin_error: yaml: line 1: did not find expected ',' or '}'
      yaml.unmarshal("a: @x") -> eval_builtin_error: yaml: found character that cannot start any token
      yaml.unmarshal("%YAML 1.2\n---\na") -> eval_builtin_error: yaml: found incompatible YAML document
      yaml.unmarshal("%YAML 2.0\n---\na") -> eval_builtin_error: yaml: found incompatible YAML document
      yaml.unmarshal("!!set {a, b}") -> {"a": null, "b": null}
      yaml.unmarshal("a: \"\\x41\\u00e9\"") -> {"a": "Aé"}
      yaml.unmarshal("a: \"\\z\"") -> eval_builtin_error: yaml: found unknown escape character
      yaml.unmarshal("a:\n- b\n c") -> {"a": ["b c"]}
      yaml.unmarshal("a: !!int x") -> eval_builtin_error: yaml: cannot decode !!str `x` as a !!int
      yaml.unmarshal("a: !!binary '$'") -> eval_builtin_error: yaml: !!binary value contains invalid base64 data
      yaml.unmarshal("<<: 1") -> eval_builtin_error: yaml: map merge requires map or sequence of maps as the value
      yaml.unmarshal("a: 2020-01-01T00:00:00Z") -> {"a": "2020-01-01T00:00:00Z"}
      yaml.unmarshal("\u0000") -> eval_builtin_error: yaml: control characters are not allowed
      yaml.unmarshal("{\"a\": [1, 2.0, 1e400]}") -> {"a": [1, 2, "1e400"]}
      yaml.unmarshal("1e400") -> "1e400"
      yaml.unmarshal("- a\n-b") -> eval_builtin_error: yaml: line 3: could not find expected ':'
      yaml.unmarshal("a\nb: c") -> eval_builtin_error: yaml: line 2: mapping values are not allowed in this context
      yaml.unmarshal("&a [*a]") -> eval_builtin_error: yaml: anchor 'a' value contains itself
      yaml.unmarshal("\"a\": 1, b") -> {"a": "1, b"}
      yaml.unmarshal("]") -> eval_builtin_error: yaml: did not find expected node content
      yaml.unmarshal("a: [\n") -> eval_builtin_error: yaml: line 1: did not find expected node content
      yaml.is_valid("a: b: c") -> false
      yaml.is_valid("a: 1") -> true
      yaml.is_valid("") -> true
      yaml.is_valid("---\na\n---\nb") -> true
      yaml.is_valid("&a [*a]") -> false
      yaml.is_valid("? [a]\n: b") -> false
      yaml.unmarshal("a: 9223372036854775807") -> {"a": 9223372036854775807}
      yaml.unmarshal("a: 18446744073709551615") -> {"a": 18446744073709551615}
      yaml.unmarshal("a: 18446744073709551616") -> {"a": 18446744073709552000}
      yaml.unmarshal("a: 1.10") -> {"a": 1.1}
      yaml.unmarshal("a: 100000000000000000000000.5") -> {"a": 1.0000000000000001e+23}
      yaml.unmarshal("a: 1e20") -> {"a": 100000000000000000000}
      yaml.unmarshal("a: 1e21") -> {"a": 1e+21}
      yaml.unmarshal("'a': x\n\"a\": y") -> {"a": true}
      """#))
  func answers(_ example: BuiltinCase) { example.check() }

  @Test func aliasesOfAliasesCostWhatTheyWouldWrittenOut() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let parts = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(parts)]\n"
    }
    var context = BuiltinContext.forTests(steps: 1_000_000)
    #expect(throws: BuiltinError(code: .halt, message: "step budget exhausted")) {
      try BuiltinCase.call("yaml.unmarshal", [.string(Text(text))], &context)
    }
  }

  @Test(arguments: ["[", "{a: ", "- "])
  func deepNestingEndsInAnError(opening: String) throws {
    var context = BuiltinContext.forTests()
    let text = Value.string(Text(String(repeating: opening, count: 10_000)))
    #expect(throws: BuiltinError.self) { try BuiltinCase.call("yaml.unmarshal", [text], &context) }
    #expect(try BuiltinCase.call("yaml.is_valid", [text], &context) == false)
  }
}
