import Testing

@testable import Gateway

@Suite struct ISOTimestampTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00+00:00"),
      (1, "1970-01-01T00:00:00.000001+00:00"),
      (-1, "1969-12-31T23:59:59.999999+00:00"),
      (1_767_225_600_123_456, "2026-01-01T00:00:00.123456+00:00"),
      (951_782_400_000_000, "2000-02-29T00:00:00+00:00"),
      (4_107_542_400_000_000, "2100-03-01T00:00:00+00:00"),
      (ISOTimestamp.range.lowerBound, "0000-01-01T00:00:00+00:00"),
      (ISOTimestamp.range.upperBound, "9999-12-31T23:59:59.999999+00:00"),
    ] as [(Int64, String)])
  func writesAndReads(microseconds: Int64, text: String) {
    #expect(ISOTimestamp.text(microseconds) == text)
    #expect(ISOTimestamp.microseconds(text.utf8) == microseconds)
  }

  @Test(arguments: [Int64.min, .max]) func clampsWhatHasNoText(microseconds: Int64) {
    let text = ISOTimestamp.text(microseconds)
    #expect(ISOTimestamp.microseconds(text.utf8).map(ISOTimestamp.range.contains) == true)
  }

  @Test(arguments: [
    "", "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01 00:00:00+00:00", "2026-02-30T00:00:00+00:00",
    "2026-13-01T00:00:00+00:00", "2026-01-01T24:00:00+00:00", "2026-01-01T00:00:00.000000+00:00",
    "2026-01-01T00:00:00+01:00", "2026-01-01T00:00:0x+00:00",
  ])
  func readsNothingElse(text: String) {
    #expect(ISOTimestamp.microseconds(text.utf8) == nil)
  }

  @Test func textsAscendWithTime() {
    let times: [Int64] = [-62_167_219_200_000_000, -1, 0, 1, 999_999, 1_000_000, 1_767_225_600_000_000]
    let texts = times.map { Array(ISOTimestamp.text($0).utf8) }
    #expect(zip(texts, texts.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
  }
}
