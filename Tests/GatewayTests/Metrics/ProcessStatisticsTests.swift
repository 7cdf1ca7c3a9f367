import Testing

@testable import Gateway

@Suite struct ProcessStatisticsTests {
  private let stat =
    "4711 (a) b (c) S 1 4711 4711 0 -1 4194560 1000 0 0 0 250 51 0 0 20 0 5 0 123456 300000000 2500 18446744073709551615\n"

  @Test func theSystemsFilesAreRead() {
    var statistics = ProcessStatistics()
    statistics.take(stat: stat, systemStat: "cpu 1 2 3\nbtime 1700000000\nprocesses 9\n", ticks: 100, page: 4_096)
    #expect(statistics.cpuNanoseconds == 3_010_000_000)
    #expect(statistics.residentBytes == 2_500 * 4_096)
    #expect(statistics.startNanoseconds == 1_700_001_234_560_000_000)
  }

  @Test(arguments: [nil, "", "4711", "4711 (a", "4711 (a) S", "4711 (a) S x x x x x x x x x x x x x x x x x x x x x"])
  func whatCannotBeReadIsAbsent(stat: String?) {
    var statistics = ProcessStatistics()
    statistics.take(stat: stat, systemStat: "btime 1", ticks: 100, page: 4_096)
    #expect(statistics == ProcessStatistics())
  }

  @Test(arguments: [nil, "", "cpu 1\n", "btime \n", "btime x\n"])
  func withoutTheSystemsStartThereIsNoStart(systemStat: String?) {
    var statistics = ProcessStatistics()
    statistics.take(stat: stat, systemStat: systemStat, ticks: 100, page: 4_096)
    #expect(statistics.startNanoseconds == nil)
    #expect(statistics.cpuNanoseconds != nil)
  }

  @Test func aMissingFolderIsNoError() {
    let statistics = ProcessStatistics.read("/nonexistent")
    #expect(statistics.cpuNanoseconds == nil)
    #expect(statistics.openFiles == nil)
  }

  #if os(Linux)
    @Test func thisProcessIsThere() throws {
      let statistics = ProcessStatistics.read()
      #expect(try #require(statistics.residentBytes) > 1_000_000)
      #expect(try #require(statistics.openFiles) >= 3)
      let start = try #require(statistics.startNanoseconds)
      let now = UInt64(WallClock.system.now()) * 1_000
      #expect(start < now + 2_000_000_000)
      #expect(start > now - 86_400_000_000_000)
    }
  #endif
}
