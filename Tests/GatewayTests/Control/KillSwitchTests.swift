import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import Gateway

@Suite struct KillSwitchTests {
  private let folder: ScratchFolder
  private var path: String { folder.path("kill-switch.json") }
  private let session: SessionID
  private let tool: ToolName

  init() throws {
    folder = try ScratchFolder()
    session = try SessionID("s1")
    tool = try ToolName("db_query")
  }

  private func open(createIfMissing: Bool = true) -> KillSwitch {
    KillSwitch(
      file: path, createIfMissing: createIfMissing, clock: WallClock { 1_767_225_600_000_000 },
      logger: Logger(label: "test"))
  }

  @Test func globalComesBeforeToolBeforeSession() async throws {
    let kills = open()
    #expect(kills.verdict(session: session, tool: tool) == nil)
    try await kills.kill(session: session)
    #expect(
      kills.verdict(session: session, tool: tool) == KillVerdict(level: .session, reason: "Session terminated"))
    try await kills.kill(tool: tool, reason: "")
    #expect(kills.verdict(session: session, tool: tool) == KillVerdict(level: .tool, reason: "Tool terminated"))
    try await kills.pause()
    #expect(kills.verdict(session: session, tool: tool) == KillVerdict(level: .global, reason: "System paused"))
    try await kills.pause(reason: "again")
    #expect(try kills.verdict(session: SessionID("x"), tool: ToolName("y"))?.reason == "again")

    #expect(try await kills.resume())
    #expect(try await !kills.resume())
    #expect(kills.verdict(session: session, tool: tool)?.level == .tool)
    #expect(try await kills.unkill(tool: tool))
    #expect(kills.verdict(session: session, tool: tool)?.level == .session)
    #expect(try await kills.unkill(session: session))
    #expect(kills.verdict(session: session, tool: tool) == nil)
  }

  @Test func idsAreComparedByBytes() async throws {
    let kills = open()
    try await kills.kill(session: SessionID("\u{E9}"))
    #expect(try kills.verdict(session: SessionID("\u{E9}"), tool: tool) != nil)
    for other in ["e\u{301}", "\u{E9} ", "\u{E9}\u{0}", "\u{C9}"] {
      #expect(try kills.verdict(session: SessionID(other), tool: tool) == nil)
    }
  }

  @Test func aKillIsInTheFileWhenItIsAnswered() async throws {
    let kills = open()
    try await kills.kill(session: session, reason: "runaway")
    try await kills.kill(tool: tool)
    #expect(
      try folder.bytes("kill-switch.json")
        == Array(
          """
          {
            "version": 1,
            "global": null,
            "sessions": {
              "s1": {
                "reason": "runaway",
                "since": "2026-01-01T00:00:00+00:00"
              }
            },
            "tools": {
              "db_query": {
                "reason": "Tool terminated",
                "since": "2026-01-01T00:00:00+00:00"
              }
            }
          }

          """.utf8))
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    #expect(open(createIfMissing: false).state == kills.state)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
        "kill-switch.json", "kill-switch.lock",
      ])
  }

  @Test func aFileThatIsTakenAwayDeniesEverything() async throws {
    // Never there in a folder that was: somebody took it away.
    let kills = open(createIfMissing: false)
    #expect(kills.verdict(session: session, tool: tool) == .unavailable)
    #expect(kills.state.problem?.contains("is missing: restore it") == true)
    let error = await #expect(throws: KillSwitchError.self) { try await kills.kill(session: session) }
    #expect(error?.message == kills.state.problem)
    #expect(!FileManager.default.fileExists(atPath: path))

    // Where the folder is new, so is the file.
    let new = KillSwitch(file: folder.path("new/kill-switch.json"), logger: Logger(label: "test"))
    #expect(new.state == KillSwitchState(problem: nil, global: nil, tools: [:], agents: [:], sessions: [:]))
    #expect(FileManager.default.fileExists(atPath: folder.path("new/kill-switch.json")))
    // A folder that can't be made denies.
    let nowhere = KillSwitch(
      file: folder.path("a/b/kill-switch.json"), createIfMissing: true, logger: Logger(label: "test"))
    #expect(nowhere.verdict(session: session, tool: tool) == .unavailable)
  }

  @Test func aMalformedFileDeniesEverythingAndStaysAsItIs() async throws {
    try folder.write("{\"version\": 1,\n \"session\": {}}", to: "kill-switch.json")
    let kills = open()
    #expect(kills.verdict(session: session, tool: tool) == .unavailable)
    #expect(kills.state.problem == "\(path):$: has the unknown key \"session\"")
    await #expect(throws: KillSwitchError.self) { try await kills.resume() }
    await #expect(throws: KillSwitchError.self) { try await kills.kill(session: session, reason: "held") }
    #expect(try folder.bytes("kill-switch.json") == Array("{\"version\": 1,\n \"session\": {}}".utf8))

    // Once it is mended, what could not be saved is in force, and is saved with the next change.
    try folder.write("{\"version\": 1}", to: "kill-switch.json")
    try await kills.kill(tool: tool)
    #expect(kills.state.problem == nil)
    #expect(kills.verdict(session: session, tool: try ToolName("other"))?.reason == "held")
    #expect(open().state == kills.state)
  }

  @Test func aFailedWriteLeavesAKillInForceAndALiftUndone() async throws {
    let kills = open()
    try await kills.kill(tool: tool)
    // A folder where the temporary file should go fails the write, for root too.
    try FileManager.default.createDirectory(atPath: path + ".tmp/x", withIntermediateDirectories: true)
    await #expect(throws: KillSwitchError.self) { try await kills.kill(session: session) }
    #expect(kills.verdict(session: session, tool: try ToolName("other"))?.level == .session)
    await #expect(throws: KillSwitchError.self) { try await kills.unkill(tool: tool) }
    #expect(kills.verdict(session: try SessionID("other"), tool: tool)?.level == .tool)

    try FileManager.default.removeItem(atPath: path + ".tmp")
    #expect(try await kills.unkill(tool: tool))
    #expect(kills.verdict(session: try SessionID("other"), tool: tool) == nil)
    #expect(open().verdict(session: session, tool: tool)?.level == .session)
  }

  @Test func manyWritersLoseNothing() async throws {
    let writers = [open(), open(), open()]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<60 {
        group.addTask { try await writers[number % 3].kill(session: SessionID("s\(number)")) }
      }
      try await group.waitForAll()
    }
    #expect(open().state.sessions.count == 60)
  }

  @Test func theFileIsWatched() async throws {
    let kills = open()
    let changes = Mutex<[KillSwitchChange]>([])
    let watching = Task { await kills.watch { change in changes.withLock { $0.append(change) } } }
    defer { watching.cancel() }
    // A kill of its own is no news.
    try await kills.kill(tool: tool)

    // Another process.
    let other = open()
    try await other.kill(session: session, reason: "by the command line")
    let killed = await eventually { kills.verdict(session: session, tool: try? ToolName("x"))?.reason }
    #expect(killed == "by the command line")

    // By hand, in place, and wrong at first.
    try folder.write("{\"version\":1", to: "kill-switch.json")
    #expect(await eventually { kills.state.problem }?.contains("kill-switch.json:1:") == true)
    #expect(kills.verdict(session: session, tool: tool) == .unavailable)
    try folder.write("{\"version\":1,\"tools\":{\"db_query\":\"by hand\"}}", to: "kill-switch.json")
    #expect(await eventually { kills.state.problem == nil ? true : nil } == true)
    #expect(kills.verdict(session: session, tool: tool)?.reason == "by hand")

    // Taken away.
    try FileManager.default.removeItem(atPath: path)
    #expect(await eventually { kills.state.problem }?.contains("is missing") == true)

    let seen = changes.withLock { $0 }
    #expect(seen.contains(KillSwitchChange(target: .session(session), kill: other.state.sessions[session])))
    #expect(seen.contains(KillSwitchChange(target: .session(session), kill: nil)))
    #expect(
      seen.contains(KillSwitchChange(target: .tool(tool), kill: Kill(.tool(tool), reason: "by hand", since: nil))))
    #expect(seen.count == 3)
  }

  @Test func whatCouldNotBeSavedIsSavedWhileWatching() async throws {
    let kills = open()
    try FileManager.default.createDirectory(atPath: path + ".tmp/x", withIntermediateDirectories: true)
    await #expect(throws: KillSwitchError.self) { try await kills.kill(session: session) }
    let watching = Task { await kills.watch() }
    defer { watching.cancel() }
    try FileManager.default.removeItem(atPath: path + ".tmp")
    #expect(await eventually { open().state.sessions[session]?.reason } == "Session terminated")
  }

  /// What `probe` finds once it finds something; nil after 30 s, which only a failure takes.
  private func eventually<Found>(_ probe: () throws -> Found?) async rethrows -> Found? {
    for _ in 0..<3_000 {
      if let found = try probe() { return found }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return nil
  }
}
