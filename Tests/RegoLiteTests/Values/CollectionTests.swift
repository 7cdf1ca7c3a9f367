import Testing

@testable import RegoLite

@Suite struct ObjectValueTests {
  @Test func keepsTheFirstKeyAndTheLastValue() {
    let object = ObjectValue([("b", 1), (1, "a"), (1.0, "b"), ("b", 2)])
    #expect(object.keys == [1, "b"])
    #expect(object.values == ["b", 2])
    #expect(Value.object(object).json() == #"{"1":"b","b":2}"#)
  }

  /// Against a dictionary, over the sizes where the way to look up changes.
  @Test(arguments: [0, 1, 15, 16, 17, 18, 500])
  func findsWhatIsThere(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    let keys = (0..<count).map { $0 % 3 == 0 ? Value.int($0) : .string(Text("key-number-\($0)-of-many")) }
    let object = ObjectValue(keys.shuffled(using: &random).map { ($0, [$0]) })
    #expect(object.count == count)
    #expect(object.keys == keys.sorted())
    for key in keys {
      #expect(object[key] == [key])
      if case .string(let text) = key { #expect(object[text] == [key]) }
    }
    #expect(object["absent"] == nil)
    #expect(object[-1] == nil)
    #expect(object[.string("")] == nil)
    #expect(object.entries.map(\.key) == object.keys)
    #expect(object == ObjectValue(object.entries.map { ($0.key, $0.value) }.reversed()))
  }

  @Test func changesACopy() {
    let object: ObjectValue = ["a": 1, "c": 3]
    #expect(object.setting("b", 2) == ["a": 1, "b": 2, "c": 3])
    #expect(object.setting("c", 4) == ["a": 1, "c": 4])
    #expect(object.removing("a") == ["c": 3])
    #expect(object.removing(["a", "x", "c"] as SetValue) == [:])
    #expect(object.merging(["c": 4, "d": 5]) == ["a": 1, "c": 4, "d": 5])
    #expect(object.merging([:]) == object)
    #expect(ObjectValue().merging(object) == object)
    #expect(object.merging(["a": 2]) { mine, theirs in [mine, theirs] } == ["a": [1, 2], "c": 3])
    #expect(object.filter { _, value in value == 3 } == ["c": 3])
    #expect(object == ["c": 3, "a": 1])
  }
}

@Suite struct SetValueTests {
  @Test func keepsTheFirstOfEqualElements() throws {
    let one = Value.number(try #require(Number(literal: "1.0")))
    #expect(SetValue([3, one, 1, 2, 3]).elements.map(\.description) == ["1.0", "2", "3"])
    #expect(SetValue([1, one]).elements.map(\.description) == ["1"])
    #expect(SetValue([1]).union(SetValue([one])).elements.map(\.description) == ["1"])
    #expect(SetValue([one]).intersection(SetValue([1])).elements.map(\.description) == ["1.0"])
    #expect(SetValue([1, 2]).subtracting(SetValue([one])).elements == [2])
  }

  @Test func agreesWithSwiftsSets() {
    var random = SeededGenerator(seed: 9)
    for size in [0, 1, 5, 16, 17, 40, 200] {
      let make: (inout SeededGenerator) -> Set<Int> = { random in
        Set((0..<size).map { _ in Int.random(in: 0..<max(size * 2, 1), using: &random) })
      }
      let (a, b) = (make(&random), make(&random))
      func values(_ set: Set<Int>) -> SetValue { SetValue(set.shuffled(using: &random).map { .int($0) }) }
      let (x, y) = (values(a), values(b))
      #expect(x.elements == a.sorted().map { .int($0) })
      #expect(x.union(y) == values(a.union(b)))
      #expect(x.intersection(y) == values(a.intersection(b)))
      #expect(x.subtracting(y) == values(a.subtracting(b)))
      #expect(x.isSubset(of: x.union(y)))
      #expect(x.isSubset(of: y) == a.isSubset(of: b))
      #expect(x.inserting(-1) == values(a.union([-1])))
      #expect(x.removing(.int(a.min() ?? -1)) == values(a.subtracting([a.min() ?? -1])))
      for element in 0..<size * 2 { #expect(x.contains(.int(element)) == a.contains(element)) }
    }
  }
}
