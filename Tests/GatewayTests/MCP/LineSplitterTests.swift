import JSONRPC
import Testing

@Suite struct LineSplitterTests {
  private func lines(_ chunks: [String], _ splitter: inout LineSplitter) throws -> [String] {
    try chunks.flatMap { try splitter.lines(in: Array($0.utf8)) }.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func splitsAtLineFeedsOnly() throws {
    var splitter = LineSplitter(maximumLength: 100)
    #expect(try lines(["a\u{2028}b\rc\u{85}", "d\n\ne", "", "\nf"], &splitter) == ["a\u{2028}b\rc\u{85}d", "", "e"])
    #expect(splitter.remainder() == Array("f".utf8))
    #expect(splitter.remainder() == nil)
  }

  @Test func aLineMayBeAsLongAsTheLimit() throws {
    var splitter = LineSplitter(maximumLength: 4)
    #expect(try lines(["12", "34\n1234\n"], &splitter) == ["1234", "1234"])
    #expect(throws: LineTooLong.self) { try lines(["12", "345"], &splitter) }
  }

  @Test func longLinesCanBeCut() throws {
    var splitter = LineSplitter(maximumLength: 4, overflow: .truncate)
    #expect(try lines(["123456", "789\nab\n", "wxyz!\n"], &splitter) == ["1234", "ab", "wxyz"])
  }
}
