import Testing

@testable import Gateway

@Suite struct LiteralSearchTests {
  private func matches(_ literals: [String], in text: String) -> [Range<Int>] {
    var text = text
    return text.withUTF8 { LiteralSearch(literals).matches(in: $0) }
  }

  @Test func findsThemAll() {
    #expect(matches(["he", "she", "hers"], in: "ushers he") == [1..<6, 7..<9])
    #expect(matches(["a"], in: "aaa") == [0..<1, 1..<2, 2..<3])
    #expect(matches(["aa"], in: "aaa") == [0..<3])
    #expect(matches(["", "x", "x"], in: "axb") == [1..<2])
    #expect(matches([], in: "abc") == [])
    #expect(matches(["abc"], in: "") == [])
    #expect(matches(["é"], in: "e\u{301}é") == [3..<5])
  }

  /// Compared with looking at every place for every text.
  @Test func randomTexts() {
    var numbers = SystemRandomNumberGenerator()
    func text(_ lengths: ClosedRange<Int>) -> String {
      String((0..<Int.random(in: lengths, using: &numbers)).map { _ in "abcé".randomElement(using: &numbers) ?? "a" })
    }
    for _ in 0..<2_000 {
      let literals = (0..<Int.random(in: 0...6, using: &numbers)).map { _ in text(1...5) }
      let text = text(0...30)
      let bytes = Array(text.utf8)
      var expected: [Range<Int>] = []
      for end in 0...bytes.count {
        let ending = literals.map { Array($0.utf8) }.filter { bytes[..<end].suffix($0.count).elementsEqual($0) }
        guard let longest = ending.map(\.count).max() else { continue }
        var start = end - longest
        while let last = expected.last, last.upperBound > start { start = min(start, expected.removeLast().lowerBound) }
        expected.append(start..<end)
      }
      #expect(matches(literals, in: text) == expected, "\(literals) in \(text)")
    }
  }
}
