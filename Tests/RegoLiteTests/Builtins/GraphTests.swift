import Testing

@testable import RegoLite

@Suite struct GraphTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      graph.reachable({"a":["b"],"b":["c"],"c":[]},["a"]) -> {"a", "b", "c"}
      graph.reachable({"a":{"b"},"b":{"c","a"},"c":[]},{"a"}) -> {"a", "b", "c"}
      graph.reachable({"a":["b"]},["a"]) -> {"a"}
      graph.reachable({"a":["b"]},["z"]) -> set()
      graph.reachable({"a":[]},[]) -> set()
      graph.reachable({"a":"b"},["a"]) -> {"a"}
      graph.reachable({"a":null,"b":[]},["a","b"]) -> {"a", "b"}
      graph.reachable({"a":["b"],"b":5},["a"]) -> {"a", "b"}
      graph.reachable([],["a"]) -> eval_type_error: operand 1 must be object but got array
      graph.reachable({"a":[]},"a") -> eval_type_error: operand 2 must be {array, set} but got string
      graph.reachable_paths({"a":["b"],"b":["c"],"c":[]},["a"]) -> {["a", "b", "c"]}
      graph.reachable_paths({"a":["b","c"],"b":["d"],"c":["d"],"d":[]},["a"]) -> {["a", "b", "d"], ["a", "c", "d"]}
      graph.reachable_paths({"a":["b"],"b":["a"]},["a"]) -> {["a", "b"]}
      graph.reachable_paths({"a":["b","c"],"b":["a"],"c":[]},["a"]) -> {["a", "b"], ["a", "c"]}
      graph.reachable_paths({"a":["b"]},["a"]) -> {["a"]}
      graph.reachable_paths({"a":["b"]},["z"]) -> set()
      graph.reachable_paths({"a":[]},["a"]) -> {["a"]}
      graph.reachable_paths({"a":[]},[]) -> set()
      graph.reachable_paths({"a":["z","b"],"b":[]},["a"]) -> {["a"], ["a", "b"]}
      graph.reachable_paths({"a":{"b"},"b":{"c"},"c":{"b"}},["a","b"]) -> {["a", "b", "c"], ["b", "c"]}
      graph.reachable_paths({"a":"b"},["a"]) -> {["a"]}
      graph.reachable_paths({"a":null},["a"]) -> {["a"]}
      graph.reachable_paths([],["a"]) -> eval_type_error: operand 1 must be object but got array
      graph.reachable_paths({},"a") -> eval_type_error: operand 2 must be {array, set} but got string
      graph.reachable_paths({"a":["b"],"b":null},["a"]) -> {["a", "b"]}
      graph.reachable_paths({"a":["a"]},["a"]) -> {["a", "a"]}
      graph.reachable_paths({"a":["b","b"],"b":["c","d"],"c":[],"d":["a"]},["a"]) -> {["a", "b", "c"], ["a", "b", "d"]}
      graph.reachable_paths({"a":["b"],"b":["b"]},["a"]) -> {["a", "b"]}
      graph.reachable_paths({"a":["b"],"b":["c","d"],"c":["d"],"d":["e"],"e":[]},["a"]) -> {["a", "b", "c", "d", "\#
      e"], ["a", "b", "d", "e"]}
      graph.reachable_paths({"a":["b"],"b":["c"],"c":["z","a","d"],"d":[]},["a"]) -> {["a", "b", "c"], ["a", "b",\#
       "c", "d"]}
      graph.reachable_paths({"a":["b","a"],"b":[]},["a"]) -> {["a", "a"], ["a", "a", "b"], ["a", "b"]}
      graph.reachable_paths({"a":["a","b"],"b":["a"]},["a"]) -> {["a", "a"], ["a", "a", "b"], ["a", "b"]}
      graph.reachable_paths({"a":{"b","c"},"b":{"c"},"c":{"b"}},{"a"}) -> {["a", "b", "c"], ["a", "c", "b"]}
      graph.reachable_paths({1:[2],2:[1]},[1]) -> {[1, 2]}
      graph.reachable_paths({"a":["b"],"b":"c","c":[]},["a"]) -> {["a", "b"]}
      walk({"a": [1, {2}], "b": {}}) -> [[[], {"a": [1, {2}], "b": {}}], [["a"], [1, {2}]], [["a", 0], 1], [["a",\#
       1], {2}], [["a", 1, 2], 2], [["b"], {}]]
      walk(1) -> [[[], 1]]
      walk(set()) -> [[[], set()]]
      walk({1: {"x": [[]]}}) -> [[[], {1: {"x": [[]]}}], [[1], {"x": [[]]}], [[1, "x"], [[]]], [[1, "x", 0], []]]
      """#))
  func rows(_ row: BuiltinCase) { row.check() }
}
