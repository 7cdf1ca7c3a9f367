import Testing

@testable import RegoLite

@Suite struct PrintingTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      internal.template_string(["a", 1]) -> "a1"
      internal.template_string("a") -> eval_type_error: operand 1 must be array but got string
      internal.template_string(["a", {1}]) -> "a1"
      internal.template_string(["a", {"x"}, 1.50, true, null, "q"]) -> "ax1.50truenullq"
      internal.template_string([set()]) -> "<undefined>"
      internal.template_string([{{1,2}}, {[1,"a"]}, {{"a":"b"}}]) -> "{1, 2}[1, \"a\"]{\"a\": \"b\"}"
      internal.template_string([]) -> ""
      internal.template_string([{1, 2}]) -> eval_builtin_error: template-strings must not produce multiple outputs
      internal.template_string([{"a": 1}]) -> eval_builtin_error: illegal argument type: object
      internal.template_string([["x"]]) -> eval_builtin_error: illegal argument type: array
      trace("x") -> true
      trace(1) -> eval_type_error: operand 1 must be string but got number
      """#))
  func rows(_ row: BuiltinCase) { row.check() }

  @Test func printWritesALineForEachCombination() throws {
    var context = BuiltinContext.forTests()
    let operands: Value = [.set([1, "a"]), .emptySet, .set([["x"]])]
    _ = try BuiltinCase.call("internal.print", [operands], &context)
    #expect(context.printed == [#"1 <undefined> ["x"]"#, #"a <undefined> ["x"]"#])
  }
}
