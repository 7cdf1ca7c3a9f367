import FoundationEssentials
import Synchronization
import Testing

@testable import Gateway

@Suite struct WatchedFileTests {
  private let folder: ScratchFolder
  private let clock = ManualClock()
  private let reads = Counter()

  private final class Counter: Sendable {
    private let state = Mutex(0)
    var count: Int { state.withLock { $0 } }
    func add() { state.withLock { $0 += 1 } }
  }

  init() throws {
    folder = try ScratchFolder()
    try write("a")
  }

  private func write(_ text: String) throws {
    try folder.write(text, to: "file")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.path("file"))
  }

  private func open(at time: Int64) throws -> WatchedFile<String> {
    try WatchedFile(
      folder.path("file"), limit: 100, clock: clock.monotonic, wallClock: WallClock { time },
      logger: LogRecorder().logger
    ) { [reads] bytes in
      reads.add()
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  @Test func aFileThatStaysIsReadOnce() throws {
    let file = try open(at: .max / 2)
    for _ in 0..<100 {
      clock.advance(seconds: 0.5)
      #expect(file.content == "a")
    }
    #expect(reads.count == 1)
    try write("b")
    #expect(file.content == "a")
    clock.advance(seconds: 1)
    #expect(file.content == "b")
    #expect(reads.count == 2)
    // Larger than it may be.
    try write(String(repeating: "c", count: 101))
    clock.advance(seconds: 1)
    #expect(file.content == "b")
    #expect(file.problem?.contains("File too large") == true)
    #expect(reads.count == 2)
  }

  /// What is written twice within the file system's tick may look unchanged.
  @Test func aFileJustWrittenIsReadAgain() throws {
    let file = try open(at: 0)
    clock.advance(seconds: 1)
    #expect(file.content == "a")
    #expect(file.content == "a")
    #expect(reads.count == 2)
  }
}
