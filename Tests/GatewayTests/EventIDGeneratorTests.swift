import FoundationEssentials
import Synchronization
import Testing

@testable import Gateway

@Suite struct EventIDGeneratorTests {
  @Test func isUUIDv7OfTheClock() {
    // 2026-01-01T00:00:00.123456Z: 1767225600123 ms = 0x019B76DAA87B, and 456 µs are 1867/4096 ms.
    let generator = EventIDGenerator(clock: WallClock { 1_767_225_600_123_456 }, random: { .max })
    #expect(generator.next() == "019b76da-a87b-774b-bfff-ffffffffffff")
  }

  @Test func ascendsWhenTheClockDoesNot() {
    let times = Mutex<[Int64]>([5_000_000, 5_000_000, 4_000_000, -7, 5_000_001, .max, 0])
    let generator = EventIDGenerator(clock: WallClock { times.withLock { $0.removeFirst() } }, random: { 0 })
    let ids = (0..<5).map { _ in generator.next() }
    #expect(zip(ids, ids.dropFirst()).allSatisfy { Array($0.utf8).lexicographicallyPrecedes($1.utf8) })
    // A clock beyond what the format holds still makes an id.
    #expect(generator.next().utf8.count == 36)
  }

  @Test func neverRepeats() async {
    let generator = EventIDGenerator()
    let ids = await withTaskGroup(of: [String].self) { group in
      for _ in 0..<8 { group.addTask { (0..<500).map { _ in generator.next() } } }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(ids).count == 4_000)
  }

  @Test func randomOnesAreOfVersion4() throws {
    let ids = (0..<100).map { _ in UUIDText.random() }
    #expect(Set(ids).count == 100)
    for id in ids {
      let parsed = try #require(UUID(uuidString: id))
      #expect(parsed.uuidString.lowercased() == id)
      #expect(parsed.uuid.6 >> 4 == 4)
      #expect(parsed.uuid.8 >> 6 == 2)
    }
  }
}
