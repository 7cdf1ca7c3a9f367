import StrictJSON
import TestSupport
import Testing

@testable import RegoLite

@Suite struct ValueTests {
  /// As OPA 1.20.2 sorts them.
  static let ascending: [Value] = [
    .null, false, true, -1, 0.5, 1, "B", "a", "e\u{301}", "z", "\u{e9}", "\u{FFFF}", "\u{10000}",
    [], [0, 5], [1], [1, 2], [2],
    [:], ["a": 1], ["a": 1, "b": 1], ["a": 1, "b": 2], ["a": 1, "c": 0], ["a": 2], ["b": 0],
    .set([]), .set([0, 5]), .set([1]), .set([1, 2]), .set([1, 2, 3]), .set([2]), .set([3]),
  ]

  @Test func ordersAsOPA() {
    for (i, a) in Self.ascending.enumerated() {
      for (j, b) in Self.ascending.enumerated() {
        #expect((a < b) == (i < j), "\(a) and \(b)")
        #expect((a == b) == (i == j), "\(a) and \(b)")
      }
    }
  }

  /// Order, equality and hash agree on any two values, and the order is total.
  @Test func agreesWithItself() {
    var random = SeededGenerator(seed: 2)
    let values = (0..<120).map { _ in Value.random(depth: 2, using: &random) }
    for a in values {
      for b in values {
        let order = a.compare(to: b)
        #expect(order.rawValue == -b.compare(to: a).rawValue)
        #expect((order == .same) == (a == b), "\(a) and \(b)")
        if order == .same { #expect(a.hashValue == b.hashValue, "\(a) and \(b)") }
      }
    }
    let sorted = values.sorted()
    for i in sorted.indices { for j in i..<sorted.count { #expect(sorted[i].compare(to: sorted[j]) != .descending) } }
  }

  @Test func comparesTextByBytes() {
    #expect("\u{e9}" as Value != "e\u{301}")
    #expect(Set(["\u{e9}" as Text, "e\u{301}"]).count == 2)
    #expect(Text("a") < Text("ab"))
    #expect(Text("") < Text("a"))
    #expect(!(Text("ab") < Text("a")))
    #expect(Text("\u{FFFF}") < Text("\u{10000}"))
  }

  @Test func measuresNesting() {
    #expect(!Value.null.isNested(deeperThan: 0))
    #expect(([] as Value).isNested(deeperThan: 0))
    #expect(!([[], 1] as Value).isNested(deeperThan: 2))
    #expect(([["a": .set([[1]])]] as Value).isNested(deeperThan: 3))
    #expect(!([["a": .set([[1]])]] as Value).isNested(deeperThan: 4))
  }

  @Test func deepestValueFitsSmallStack() {
    onSmallStack {
      let wraps: [@Sendable (Value) -> Value] = [{ [$0] }, { ["k": $0] }, { .set([$0]) }, { .object([$0: 1]) }]
      for wrap in wraps {
        let values = (0..<2).map { _ in (0..<JSONReadingOptions.deepest).reduce(1 as Value) { value, _ in wrap(value) }
        }
        #expect(values[0] == values[1])
        #expect(values[0].compare(to: values[1]) == .same)
        #expect(values[0].hashValue == values[1].hashValue)
        #expect(values[0].regoDescription == values[1].regoDescription)
        #expect(!values[0].isNested())
        #expect(wrap(values[0]).isNested())
      }
      for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
        let depth = JSONReadingOptions.deepest
        let text = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        let value = try? Value.parse(json: text)
        #expect(value?.json() == text)
        #expect(value.map { Value(json: $0.jsonValue) } == value)
      }
    }
  }
}

extension Value {
  static func random(depth: Int, using random: inout SeededGenerator) -> Value {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 4), using: &random) {
    case 0: return Bool.random(using: &random) ? .null : .boolean(Bool.random(using: &random))
    case 1: return .int(Int.random(in: -2...2, using: &random))
    case 2:
      let literals = ["1.0", "1e0", "-0", "0.5", "5e-1", "18446744073709551616", "1.8446744073709551616e19", "1e400"]
      return literals.randomElement(using: &random).flatMap { Number(literal: $0) }.map { .number($0) } ?? .null
    case 3: return .string(Text(["", "a", "b", "é", "e\u{301}", "\u{10000}"].randomElement(using: &random) ?? ""))
    case 4, 5: return .array(randoms(depth: depth - 1, using: &random))
    case 6: return .set(SetValue(randoms(depth: depth - 1, using: &random)))
    default:
      let keys = randoms(depth: depth - 1, using: &random)
      return .object(ObjectValue(keys.map { ($0, Value.random(depth: depth - 1, using: &random)) }))
    }
  }

  static func randoms(depth: Int, using random: inout SeededGenerator) -> [Value] {
    (0..<Int.random(in: 0...3, using: &random)).map { _ in Value.random(depth: depth, using: &random) }
  }
}
