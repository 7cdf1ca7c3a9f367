import FoundationEssentials
import StrictJSON
import Testing

@testable import Gateway

@Suite struct OutcomeLogTests {
  private let folder: ScratchFolder
  private var database: String { folder.path("traces.db") }

  init() throws { folder = try ScratchFolder() }

  @Test func wholeLinesCount() throws {
    var event = TraceEvent.call("a", at: 1)
    event.durationMilliseconds = 12
    event.error = "two\nlines, \"quoted\" \u{1F512}"
    event.details = try CanonicalJSON(["redactions": [1, 0]])
    var log = try OutcomeLog(database: database)
    let areKept = [log.append(event), log.append(.call("b", at: 2))]
    #expect(areKept == [true, true])
    let path = try #require(OutcomeLog.left(database: database).first)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let expected = [
      OutcomeLog.Outcome(eventID: "a", durationMilliseconds: 12, error: event.error, details: event.details),
      OutcomeLog.Outcome(eventID: "b"),
    ]
    #expect(try OutcomeLog.outcomes(in: path) == expected)

    // As a power cut may leave it.
    let name = String(path.split(separator: "/").last ?? "")
    var bytes = try folder.bytes(name)
    bytes += [0, 0, 0, 0x0A]
    bytes += #"{"event_id":"c","duration_"#.utf8
    try Data(bytes).write(to: URL(filePath: path))
    #expect(try OutcomeLog.outcomes(in: path) == expected)
  }

  /// Databases beside it have logs of their own.
  @Test func onlyItsOwnLogsAreFound() throws {
    let mine = try OutcomeLog(database: database)
    let others = try OutcomeLog(database: folder.path("traces.db2"))
    #expect(OutcomeLog.left(database: database).count == 1)
    mine.remove()
    #expect(OutcomeLog.left(database: database).isEmpty)
    others.remove()
  }

  @Test func itIsEmptiedOnceItIsLongAndSettled() throws {
    var log = try OutcomeLog(database: database)
    let path = try #require(OutcomeLog.left(database: database).first)
    func size() throws -> Int? { try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int }
    var event = TraceEvent.call("a", at: 1)
    event.error = String(repeating: "x", count: 10_000)
    for _ in 0..<100 { _ = log.append(event) }
    log.settle()
    #expect(try size() ?? 0 > 1_000_000)
    for _ in 0..<10 { _ = log.append(event) }
    log.settle()
    #expect(try size() == 0)
    let isKept = log.append(.call("b", at: 2))
    #expect(isKept)
    #expect(try OutcomeLog.outcomes(in: path).map(\.eventID) == ["b"])
  }
}
