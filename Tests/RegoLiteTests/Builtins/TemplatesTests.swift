import Testing

@testable import RegoLite

@Suite struct TemplatesTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      strings.render_template("{{.x}}", {}) -> "<undefined>"
      strings.render_template("{{.x.y}}", {"x":{}}) -> "<undefined>"
      strings.render_template("{{if .x}}a{{else}}b{{end}}", {"x":0}) -> "a"
      strings.render_template("{{if .x}}a{{else if .y}}c{{else}}b{{end}}", {"x":[],"y":""}) -> "b"
      strings.render_template("{{range .x}}{{.}},{{else}}none{{end}}", {"x":[1,2]}) -> "1,2,"
      strings.render_template("{{range .x}}{{.}},{{else}}none{{end}}", {"x":[]}) -> "none"
      strings.render_template("{{range $k, $v := .x}}{{$k}}={{$v}};{{end}}", {"x":{"b":1,"a":2}}) -> "a=2;b=1;"
      strings.render_template("{{range $v := .x}}{{$v}};{{end}}", {"x":{"b":1,"a":2}}) -> "2;1;"
      strings.render_template("{{range 3}}{{.}}{{end}}", {}) -> "012"
      strings.render_template("{{with .x}}{{.y}}{{else}}n{{end}}", {"x":{"y":1}}) -> "1"
      strings.render_template("{{with $z := .x}}{{$z}}{{end}}", {"x":5}) -> "5"
      strings.render_template("a {{- .x -}} b", {"x":5}) -> "a5b"
      strings.render_template("{{/* c */}}x{{- /* d */ -}} y", {}) -> "xy"
      strings.render_template("{{len .x}} {{index .x 1}} {{slice .x 0 1}}", {"x":[1,2]}) -> "2 2 [1]"
      strings.render_template("{{index .x \"a\"}} {{index .x \"zz\"}}", {"x":{"a":1}}) -> "1 <undefined>"
      strings.render_template("{{len .x}}", {"x":5}) -> "1"
      strings.render_template("{{len .x}}", {"x":"héllo"}) -> "6"
      strings.render_template("{{printf \"%v %s %d %q\" .x .y 3 \"z\"}}", {"x":1,"y":"b"}) -> "1 b 3 \"z\""
      strings.render_template("{{printf \"%d\" .x}}", {"x":1}) -> "%!d(json.Number=1)"
      strings.render_template("{{print 1 2 \"a\" \"b\" 3}} {{println \"x\" 1}}", {}) -> "1 2ab3 x 1\n"
      strings.render_template("{{eq .x \"1\"}}", {"x":1}) -> "true"
      strings.render_template("{{lt .x .y}}", {"x":10,"y":9}) -> "true"
      strings.render_template("{{and .x .y}} {{or .x .y}} {{not .x}}", {"x":"","y":"b"}) -> " b true"
      strings.render_template("{{.x | printf \"%s-%s\" \"a\"}}", {"x":"b"}) -> "a-b"
      strings.render_template("{{$x := .a}}{{$x}}{{$x = 2}}{{$x}}", {"a":1}) -> "12"
      strings.render_template("{{block \"T\" .x}}[{{.}}]{{end}}", {"x":1}) -> "[1]"
      strings.render_template("{{", {}) -> eval_builtin_error: template: template:1: unclosed action
      strings.render_template("{{.x", {}) -> eval_builtin_error: template: template:1: unclosed action
      strings.render_template("{{.x}", {}) -> eval_builtin_error: template: template:1: bad character U+007D '}'
      strings.render_template("{{end}}", {}) -> eval_builtin_error: template: template:1: unexpected {{end}}
      strings.render_template("{{if .x}}", {}) -> eval_builtin_error: template: template:1: unexpected EOF
      strings.render_template("{{$y}}", {}) -> eval_builtin_error: template: template:1: undefined variable "$y"
      strings.render_template("{{}}", {}) -> eval_builtin_error: template: template:1: missing value for command
      strings.render_template("{{if}}{{end}}", {}) -> eval_builtin_error: template: template:1: missing value for if
      strings.render_template("{{(.x).y}} {{(index .z 0).y}}", {"x":{"y":1},"z":[{"y":2}]}) -> "1 2"
      strings.render_template("{{$.x}} {{range .z}}{{$.x}}{{end}}", {"x":1,"z":[1,2]}) -> "1 11"
      strings.render_template("{{.}}", {"b":1,"a":[1.50,"x",{"z":null}]}) -> "map[a:[1.50 x map[z:<nil>]] b:1]"
      strings.render_template("{{range .}}{{.}}{{end}}", {"b":1,"a":2}) -> "21"
      strings.render_template("{{.x.y.z}}", {"x":{"y":{"z":"q"}}}) -> "q"
      strings.render_template("{{len \"abc\"}}{{index \"abc\" 1}}{{slice \"abc\" 1 2}}", {}) -> "398b"
      strings.render_template("{{with .x}}a{{else with .y}}b{{else}}c{{end}}", {"x":"","y":1}) -> "b"
      strings.render_template("{{if and .a (eq .b \"x\")}}Y{{end}}", {"a":true,"b":"x"}) -> "Y"
      strings.render_template("{{if not .a}}Y{{else}}N{{end}}", {"a":false}) -> "Y"
      strings.render_template("{{eq .x .y}}", {"x":"a","y":1}) -> "false"
      strings.render_template("{{eq .x .y}}", {"x":true,"y":true}) -> "true"
      strings.render_template("{{eq .x nil}}", {"x":null}) -> "true"
      strings.render_template("a\n{{.x}}\n{{.nope}}", {"x":1}) -> "a\n1\n<undefined>"
      strings.render_template("{{print .x .y}}", {"x":null,"y":[null]}) -> "<nil> [<nil>]"
      strings.render_template("{{printf \"%v\" .x}}", {"x":null}) -> "<nil>"
      strings.render_template("{{range $i, $e := .x}}{{$i}}{{end}}", {"x":[5,6]}) -> "01"
      strings.render_template("{{.x | len | printf \"%03d\"}}", {"x":"ab"}) -> "002"
      strings.render_template("{{index . \"x-y\"}}", {"x-y":1}) -> "1"
      """#))
  func answers(_ example: BuiltinCase) { example.check() }

  @Test func aTemplateThatCallsItselfEndsInAnError() {
    var context = BuiltinContext.forTests()
    let text: Value = #"{{define "T"}}{{template "T"}}{{end}}{{template "T"}}"#
    #expect(throws: BuiltinError.self) {
      try BuiltinCase.call("strings.render_template", [text, [:]], &context)
    }
  }

  @Test func longRangesCostSteps() {
    var context = BuiltinContext.forTests(steps: 100_000)
    #expect(throws: BuiltinError(code: .halt, message: "step budget exhausted")) {
      try BuiltinCase.call("strings.render_template", ["{{range 1000000000}}x{{end}}", [:]], &context)
    }
  }
}
