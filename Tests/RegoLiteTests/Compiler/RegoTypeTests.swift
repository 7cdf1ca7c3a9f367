import Testing

@testable import RegoLite

@Suite struct RegoTypeTests {
  /// A value's type, as OPA prints it.
  @Test(arguments: [
    ("null", "null"), ("true", "boolean"), ("1.5", "number"), ("\"a\"", "string"),
    ("[]", "array[any]"), ("[1, \"a\", [null]]", "array<number, string, array<null>>"),
    ("{}", "object[any: any]"), ("{\"b\": 1, \"a\": {2: \"x\"}}", "object<a: object<2: string>, b: number>"),
    ("set()", "set[any]"), ("{1, 2}", "set[number]"),
    (
      "{1, \"a\", null, true, [1], [\"a\"], {\"k\": 1}, {2}}",
      "set[any<null, boolean, number, string, array<number>, array<string>, object<k: number>, set[number]>]"
    ),
  ])
  func ofValues(_ text: String, _ wanted: String) throws {
    #expect(try type(of: text).description == wanted)
  }

  private func type(of text: String) throws -> RegoType {
    let engine = try PolicyEngine(modules: [], data: .object(ObjectValue()))
    let results = try engine.evaluate(engine.prepare(query: "x := \(text)"), input: nil)
    return RegoType(of: try #require(results.first?.bindings.first?.value))
  }

  @Test func unions() {
    #expect(RegoType.number.union(.string).union(.number).description == "any<number, string>")
    #expect(RegoType.string.union(.any([.null, .number])).description == "any<null, number, string>")
    #expect(RegoType.any([.null]).union(.anything).isAnything)
    #expect(
      RegoType.set(.number).union(.anyArray).union(.anyObject).description
        == "any<array[any], object[any: any], set[number]>")
  }

  @Test func members() {
    let object = RegoType.object(properties: ["a": .number, 2: .null], restKey: .string, restValue: .boolean)
    #expect(object.member("a") == .number)
    #expect(object.member("b") == .boolean)
    #expect(object.member(3) == nil)
    #expect(object.keys?.description == "any<number, string>")
    #expect(object.values?.description == "any<null, boolean, number>")
    let array = RegoType.array(leading: [.number], rest: .string)
    #expect(array.member(0) == .number)
    #expect(array.member(7) == .string)
    #expect(array.member(-1) == nil)
    #expect(array.member("a") == nil)
    #expect(RegoType.any([.null, array]).values?.description == "any<number, string>")
    #expect(RegoType.string.keys == nil)
  }

  @Test(arguments: [
    (RegoType.anything, RegoType.null, true), (.number, .string, false), (.any([.number, .null]), .null, true),
    (.any([.number, .null]), .any([.string, .boolean]), false),
    (.array(leading: [.number], rest: nil), .array(of: .number), true),
    (.array(leading: [.number], rest: nil), .array(leading: [.number, .number], rest: nil), false),
    (.array(of: .string), .array(of: .number), false), (.set(.number), .set(.anything), true),
    (
      .object(properties: ["a": .number], restKey: nil, restValue: nil),
      .object(properties: ["b": .number], restKey: nil, restValue: nil), false
    ),
    (
      .object(properties: ["a": .number], restKey: nil, restValue: nil),
      .object(properties: ["b": .number], restKey: .string, restValue: .number), true
    ),
    (
      .object(properties: ["a": .number], restKey: nil, restValue: nil),
      .object(properties: [:], restKey: .string, restValue: .string), false
    ),
    (.anyObject, .anyArray, false),
  ])
  func unification(_ a: RegoType, _ b: RegoType, _ wanted: Bool) {
    #expect(RegoType.unifies(a, b) == wanted)
    #expect(RegoType.unifies(b, a) == wanted)
  }

  @Test func bounds() {
    var type = RegoType.number
    for _ in 0..<100 { type = RegoType.array(leading: [type, type], rest: nil).bounded }
    #expect(type.description.count < 20_000)
  }
}
